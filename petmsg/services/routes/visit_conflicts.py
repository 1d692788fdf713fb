"""Visits that cannot take place as booked: their sitter is away or in two homes at once, or there
are two sitters for one client at once. Standard library only.

The number of SQL statements does not depend on the number of visits.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from petmsg.db.cursor import Cursor
from petmsg.enums.bookings import GapKind
from petmsg.plurals import named
from petmsg.queries import visit_conflicts as queries
from petmsg.queries.absence import absences_between
from petmsg.queries.org import OrgRow
from petmsg.rules.double_bookings import Clash, Visit, in_two_homes, two_sitters
from petmsg.rules.free_sitters import Away, FreeSitters

REASSIGN = "petmsg booking reassign {booking} {to}{org}"
"""The command of a visit that another sitter should make."""
_NOBODY_FREE = "SITTER"
"""Stands in the command for a sitter whom a person must choose."""


class Conflict(NamedTuple):
    """A visit that conflicts with another one, or with an absence, from `starts_at` to `ends_at`
    (aware UTC).

    `is_gap` says whether somebody must do something; a note says what may be meant. `reassigned`
    and `to` are the booking and the sitter of the command that helps.
    """

    kind: GapKind
    is_gap: bool
    message: str
    booking: str
    client: str
    client_name: str | None
    sitter: str
    sitter_name: str
    starts_at: datetime
    ends_at: datetime
    reassigned: str
    to: str
    details: dict[str, Any]


class VisitsAhead(NamedTuple):
    """The visits of an org that overlap `[now, until)` (aware UTC), and who is free for them."""

    now: datetime
    until: datetime
    names: dict[str, str]
    clients: dict[str, str | None]
    visits: list[Visit]
    absences: list[Away]
    free: FreeSitters

    @classmethod
    def read(cls, cursor: Cursor, org: OrgRow, *, now: datetime, until: datetime) -> "VisitsAhead":
        """Read them with three statements, however many there are."""
        rows = queries.visits_to_come(cursor, org, now=now, until=until)
        visits = [row.visit for row in rows]
        last = max((each.ends_at for each in visits), default=until)
        absences = [
            Away(each.sitter, each.starts_at, each.ends_at)
            for each in absences_between(cursor, org, since=now, until=max(last, until))
        ]
        names = {row.sitter: row.sitter_name for row in rows}
        clients = {row.client: row.client_name for row in rows}
        free = FreeSitters(queries.candidates(cursor, org), visits, absences)
        return cls(now, until, names, clients, visits, absences, free)

    def sitter_for(self, visit: Visit) -> str:
        """A sitter who is free for the visit, or a word that stands for one."""
        return self.free.suggest(visit, at=self.now) or _NOBODY_FREE

    def conflicts(self) -> list[Conflict]:
        """The conflicts that begin before `until` and have not ended at `now`."""
        return [
            each for each in self._all() if self.now < each.ends_at and each.starts_at < self.until
        ]

    def _all(self) -> Iterator[Conflict]:
        yield from self._absent()
        for clash in in_two_homes(self.visits):
            yield self._in_two_homes(clash)
        for clash in two_sitters(self.visits):
            yield self._two_sitters(clash)

    def _absent(self) -> Iterator[Conflict]:
        """Visits of a sitter who is away: a gap, once the visit is confirmed."""
        away: dict[str, list[Away]] = {}
        for each in self.absences:
            away.setdefault(each.sitter, []).append(each)
        for visit in self.visits:
            for absence in away.get(visit.sitter, ()):
                starts_at = max(self.now, visit.starts_at, absence.starts_at)
                ends_at = min(visit.ends_at, absence.ends_at)
                if starts_at < ends_at:
                    yield Conflict(
                        kind=GapKind.SITTER_AWAY,
                        is_gap=visit.is_confirmed,
                        message=f"Booking {_named(visit)} of {self._client(visit)}: "
                        f"sitter {self.names[visit.sitter]} is away",
                        booking=visit.booking,
                        client=visit.client,
                        client_name=self.clients[visit.client],
                        sitter=visit.sitter,
                        sitter_name=self.names[visit.sitter],
                        starts_at=starts_at,
                        ends_at=ends_at,
                        reassigned=visit.booking,
                        to=self.sitter_for(visit),
                        details={
                            "status": _status(visit),
                            "away_from": absence.starts_at,
                            "away_until": absence.ends_at,
                        },
                    )
                    break

    def _in_two_homes(self, clash: Clash) -> Conflict:
        """A sitter cannot be in two homes: a gap, once both visits are confirmed."""
        visit, other = clash
        return self._conflict(
            GapKind.SITTER_DOUBLE_BOOKED,
            clash,
            is_gap=clash.is_certain,
            message=f"Sitter {self.names[visit.sitter]} is in two homes at once: "
            f"{_named(other)} of {self._client(other)}, {_named(visit)} of {self._client(visit)}",
            reassigned=visit.booking,
            to=self.sitter_for(visit),
        )

    def _two_sitters(self, clash: Clash) -> Conflict:
        """Two sitters for one client may be meant: a note. One of them can take both visits."""
        visit, other = clash
        reassigned, to = visit, other.sitter
        if not self.free.is_free(other.sitter, visit, at=self.now) and self.free.is_free(
            visit.sitter, other, at=self.now
        ):
            reassigned, to = other, visit.sitter
        return self._conflict(
            GapKind.CLIENT_DOUBLE_BOOKED,
            clash,
            is_gap=False,
            message=f"Client {self._client(visit)} has two sitters at once: "
            f"{self.names[other.sitter]} ({_named(other)}), "
            f"{self.names[visit.sitter]} ({_named(visit)})",
            reassigned=reassigned.booking,
            to=to if self.free.is_free(to, reassigned, at=self.now) else _NOBODY_FREE,
        )

    def _client(self, visit: Visit) -> str:
        return named(visit.client, self.clients[visit.client])

    def _conflict(
        self,
        kind: GapKind,
        clash: Clash,
        *,
        is_gap: bool,
        message: str,
        reassigned: str,
        to: str,
    ) -> Conflict:
        visit, other = clash
        return Conflict(
            kind=kind,
            is_gap=is_gap,
            message=message,
            booking=visit.booking,
            client=visit.client,
            client_name=self.clients[visit.client],
            sitter=visit.sitter,
            sitter_name=self.names[visit.sitter],
            starts_at=max(self.now, clash.starts_at),
            ends_at=clash.ends_at,
            reassigned=reassigned,
            to=to,
            details={
                "status": _status(visit),
                "other_booking": other.booking,
                "other_client": other.client,
                "other_sitter": other.sitter,
                "other_status": _status(other),
            },
        )


def _named(visit: Visit) -> str:
    return visit.booking if visit.is_confirmed else f"{visit.booking} (pending)"


def _status(visit: Visit) -> str:
    return "confirmed" if visit.is_confirmed else "pending"
