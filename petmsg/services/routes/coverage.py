"""Find upcoming visits and sitters without a usable number, clients without a fallback, and visits
that cannot take place as booked.

`decide` says whether a window is covered and what the fallback is; this module contains no routing
rule. Standard library only.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from petmsg.db.cursor import Cursor
from petmsg.enums.bookings import GapKind
from petmsg.enums.numbers import NumberClass
from petmsg.enums.people import ClientKind, SitterStatus
from petmsg.enums.routing import Code
from petmsg.errors import OutOfRange
from petmsg.plurals import counted, named
from petmsg.queries import coverage as queries
from petmsg.queries.coverage import Unplaced, WindowToCome
from petmsg.queries.lookup import ClientKey
from petmsg.queries.org import OrgRow
from petmsg.queries.routing import read_facts
from petmsg.queries.routing_of_many import read_facts_of_many
from petmsg.queries.sitter_number import front_desks
from petmsg.rules.double_bookings import Visit
from petmsg.rules.routing import Decision, Facts, WindowFact, decide
from petmsg.services.fix_commands import FixCommands, fix_commands
from petmsg.services.routes.visit_conflicts import REASSIGN, VisitsAhead

USUAL_DAYS = 14
MOST_DAYS = 366

_ACTIVATE = "petmsg sitter activate {sitter}{org}"
_ADD_AND_ACTIVATE = f"petmsg number add E164 --class sitter{{org}} && {_ACTIVATE}"
_RESTORE = "petmsg number restore {number}{org} --reason '…'"
_CONFIRM = "petmsg booking confirm {booking}{org}"
_ADD_DESK = "petmsg number add E164 --class front_desk{org}"
_ADD_POOL = "petmsg number add E164 --class pool{org}"

_HAVE_FALLBACK = (GapKind.WINDOW, GapKind.BOOKING_WITHOUT_WINDOW)
_LACKS = {
    Code.WINDOW_WITHOUT_SITTER: "no sitter is assigned",
    Code.SITTER_NOT_ACTIVE: "sitter {name} is {status}",
    Code.SITTER_WITHOUT_NUMBER: "sitter {name} has no number",
    Code.SITTER_NUMBER_QUARANTINED: "sitter {name}'s number {number} is quarantined",
    Code.SITTER_NUMBER_RETIRED: "sitter {name}'s number {number} is retired",
}
"""Why a window has no number, by the code of the rule that failed."""


@dataclass(frozen=True, slots=True)
class Fallback:
    """The number from which messages are sent while the gap lasts; None if there is none."""

    number: str | None
    number_class: NumberClass | None
    reason: str


@dataclass(frozen=True, slots=True)
class Gap:
    """A visit, sitter or client without a number. `gap` is False for mere information.

    `number` is the one the sitter holds but cannot use. `starts_at` and `ends_at` are the time that
    is not covered (aware UTC), `code` is the routing rule's. `details` are the counts of the pool.
    """

    org: str
    timezone: str
    kind: GapKind
    message: str
    command: str | None
    gap: bool = True
    booking: str | None = None
    client: str | None = None
    client_name: str | None = None
    sitter: str | None = None
    sitter_name: str | None = None
    number: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    code: Code | None = None
    meanwhile: Fallback | None = None
    details: dict[str, Any] | None = None


def coverage(
    cursor: Cursor,
    orgs: Sequence[OrgRow],
    *,
    now: datetime,
    days: int = USUAL_DAYS,
    with_fallback: bool = True,
) -> list[Gap]:
    """The gaps of the orgs within `days` days from `now` (aware UTC), org by org.

    Each org's windows and bookings come first, by their start, then its sitters, clients without a
    fallback, and the pool's spare capacity. Without `with_fallback` no row says which number is
    used meanwhile. The number of SQL statements does not grow with the rows. Raises `OutOfRange`.
    """
    if not 1 <= days <= MOST_DAYS:
        raise OutOfRange(f"{days} days is out of range.", hint=f"Use 1 to {MOST_DAYS} days.")
    words = fix_commands(cursor)
    until = now + timedelta(days=days)
    return [
        row
        for org in orgs
        for row in _OrgCoverage(cursor, org, now, until, words, with_fallback).rows()
    ]


@dataclass(frozen=True, slots=True)
class _OrgCoverage:
    """The gaps of one org from `now` until `until`."""

    cursor: Cursor
    org: OrgRow
    now: datetime
    until: datetime
    fix_commands: FixCommands
    with_fallback: bool
    clients: dict[str, ClientKey] = field(default_factory=dict)
    """The clients of the gaps that were found, by ref."""

    def rows(self) -> list[Gap]:
        """The gaps. What is used meanwhile is read for all of them together."""
        found = list(self._found())
        if not self.with_fallback:
            return found
        wanted = [
            (self.clients[gap.client], gap.starts_at)
            for gap in found
            if gap.client in self.clients and gap.starts_at is not None
        ]
        facts = read_facts_of_many(self.cursor, self.org, wanted)
        meanwhile = {
            (client.ref, at): _meanwhile(decide(each, at))
            for each, (client, at) in zip(facts, wanted, strict=True)
        }
        return [
            replace(gap, meanwhile=meanwhile[gap.client, gap.starts_at])
            if gap.kind in _HAVE_FALLBACK and gap.client is not None and gap.starts_at is not None
            else gap
            for gap in found
        ]

    def _found(self) -> Iterator[Gap]:
        spare = queries.spare_numbers(self.cursor, self.org, now=self.now)
        ahead = VisitsAhead.read(self.cursor, self.org, now=self.now, until=self.until)
        timed = [
            *self._windows(spare, ahead),
            *self._bookings_without_window(ahead),
            *self._conflicts(ahead),
        ]
        yield from sorted(timed, key=lambda gap: (gap.starts_at, gap.booking))
        yield from self._sitters(spare)
        yield from self._fallback()
        yield self._headroom(spare)

    def _windows(self, spare: int, ahead: VisitsAhead) -> Iterator[Gap]:
        """Windows whose sitter has no usable number, from the start until there is one."""
        span = {"now": self.now, "until": self.until}
        for each in queries.windows_to_come(self.cursor, self.org, **span):
            window = each.window
            at = max(self.now, window.starts_at)
            found = self._decide_alone(each, at)
            if found.rule is not None:
                continue
            code = found.trace[0].code
            number = None if window.number is None else window.number.e164
            lacks = _LACKS[code].format(
                name=window.sitter_name, status=each.sitter_status, number=number
            )
            command, to = self._fix_command(each, code, spare), None
            if command is REASSIGN:
                to = ahead.sitter_for(self._visit(each.client, window, window.booked_until))
            yield self._gap(
                GapKind.WINDOW,
                message=f"Booking {window.booking} of {_client(each)}: {lacks}",
                command=command,
                to=to,
                booking=window.booking,
                client=each.client,
                sitter=window.sitter,
                sitter_name=window.sitter_name,
                number=number,
                starts_at=at,
                ends_at=self._covered_from(each, at),
                code=code,
            )

    def _decide_alone(self, each: WindowToCome, at: datetime) -> Decision:
        """The decision for this window alone, without any other window or number."""
        return decide(self._facts(each.client, (each.window,)), at)

    def _covered_from(self, each: WindowToCome, at: datetime) -> datetime:
        """When the window's number becomes usable; the window's end if it does not."""
        window = each.window
        again = window.number.quarantined_until if window.number is not None else None
        if again is None or not at < again < window.ends_at:
            return window.ends_at
        return again if self._decide_alone(each, again).rule is not None else window.ends_at

    def _bookings_without_window(self, ahead: VisitsAhead) -> Iterator[Gap]:
        """Confirmed bookings without a window, or whose window ended before them: messages are
        routed as if nothing was booked."""
        span = {"now": self.now, "until": self.until}
        for each in queries.bookings_without_window(self.cursor, self.org, **span):
            command, to = _CONFIRM, None
            lacks = (
                "its window ended early" if each.window_ended_at else "confirmed without a window"
            )
            if each.sitter_status == SitterStatus.OFFBOARDED:
                lacks = _LACKS[Code.SITTER_NOT_ACTIVE].format(
                    name=each.sitter_name, status=each.sitter_status
                )
                command, to = (
                    REASSIGN,
                    ahead.sitter_for(self._visit(each.client, each, each.ends_at)),
                )
            yield self._gap(
                GapKind.BOOKING_WITHOUT_WINDOW,
                message=f"Booking {each.booking} of {_client(each)}: {lacks}",
                command=command,
                to=to,
                booking=each.booking,
                client=each.client,
                sitter=each.sitter,
                sitter_name=each.sitter_name,
                starts_at=max(self.now, each.starts_at),
                ends_at=each.ends_at,
            )

    def _conflicts(self, ahead: VisitsAhead) -> Iterator[Gap]:
        """Visits that cannot take place as booked. Their windows have a number: no fallback."""
        for each in ahead.conflicts():
            filled = {"booking": each.reassigned, "to": each.to}
            yield Gap(
                org=self.org.slug,
                timezone=self.org.timezone,
                kind=each.kind,
                message=each.message,
                command=self.fix_commands.command(REASSIGN, self.org.slug, filled),
                gap=each.is_gap,
                booking=each.booking,
                client=each.client,
                client_name=each.client_name,
                sitter=each.sitter,
                sitter_name=each.sitter_name,
                starts_at=each.starts_at,
                ends_at=each.ends_at,
                details=each.details,
            )

    def _sitters(self, spare: int) -> Iterator[Gap]:
        """Active sitters without a number."""
        for row in queries.sitters_without_number(self.cursor, self.org):
            yield self._gap(
                GapKind.SITTER_WITHOUT_NUMBER,
                message=f"Sitter {row.sitter_name} is active but has no number",
                command=_ACTIVATE if spare else _ADD_AND_ACTIVATE,
                sitter=row.sitter,
                sitter_name=row.sitter_name,
            )

    def _fallback(self) -> Iterator[Gap]:
        """Kinds of clients to whom no number can send outside of their windows."""
        desks = front_desks(self.cursor, self.org)
        for kind in ClientKind:
            nobody = ClientKey(0, "", None, kind)
            # The front desk is the last resort: with one, the pool need not be read.
            if decide(self._facts(nobody, ())._replace(desks=desks), self.now).number is not None:
                continue
            facts = read_facts(self.cursor, self.org, nobody, at=self.now, past=False)
            found = decide(facts, self.now)
            if found.number is None:
                yield self._gap(
                    GapKind.NO_FALLBACK,
                    message=f"No number can send to a {kind.value} client outside of their windows",
                    command=_ADD_DESK,
                    code=found.trace[-1].code,
                )

    def _headroom(self, spare: int) -> Gap:
        """The spare capacity of the pool; never a gap."""
        pool = queries.pool_counts(self.cursor, self.org, now=self.now)
        room = None if self.org.pool_threads_per_number is None else pool.room
        assigned = f"{counted(pool.threads, 'thread')} with a pool number"
        left = "no limit" if room is None else f"room for {room} more"
        return self._gap(
            GapKind.POOL_HEADROOM,
            message=f"{pool.usable} of {counted(pool.numbers, 'pool number')} usable; {assigned}, "
            f"{left}; {counted(spare, 'spare sitter number')}",
            command=None if pool.usable and room != 0 else _ADD_POOL,
            gap=False,
            details={
                "numbers": pool.numbers,
                "usable": pool.usable,
                "threads": pool.threads,
                "room": room,
                "spare_sitter_numbers": spare,
            },
        )

    def _fix_command(self, each: WindowToCome, code: Code, spare: int) -> str:
        """The command that gives the window a number."""
        if code is Code.SITTER_NUMBER_QUARANTINED:
            return _RESTORE
        inactive = code is Code.SITTER_NOT_ACTIVE and each.sitter_status == SitterStatus.INACTIVE
        if inactive or code is Code.SITTER_WITHOUT_NUMBER:
            return _ACTIVATE if spare or each.window.number is not None else _ADD_AND_ACTIVATE
        return REASSIGN

    def _visit(self, client: ClientKey, of: WindowFact | Unplaced, ends_at: datetime) -> Visit:
        """The visit as the search for another sitter reads it."""
        return Visit(of.booking, True, of.starts_at, ends_at, client.ref, of.sitter or "")

    def _facts(self, client: ClientKey, windows: tuple[WindowFact, ...]) -> Facts:
        return Facts(
            org=self.org.slug,
            timezone=self.org.timezone,
            pool_for=self.org.pool_for,
            pool_threads_per_number=self.org.pool_threads_per_number,
            client=client.ref,
            client_kind=client.kind,
            windows=windows,
        )

    def _gap(
        self,
        kind: GapKind,
        *,
        message: str,
        command: str | None,
        to: str | None = None,
        client: ClientKey | None = None,
        starts_at: datetime | None = None,
        **fields: Any,
    ) -> Gap:
        """A row with its complete command."""
        if client is not None:
            self.clients[client.ref] = client
        filled = {name: fields.get(name) for name in ("booking", "sitter", "number")}
        filled["to"] = to
        return Gap(
            org=self.org.slug,
            timezone=self.org.timezone,
            kind=kind,
            message=message,
            command=command and self.fix_commands.command(command, self.org.slug, filled),
            client=None if client is None else client.ref,
            client_name=None if client is None else client.name,
            starts_at=starts_at,
            **fields,
        )


def _meanwhile(found: Decision) -> Fallback:
    chosen = found.number
    return Fallback(
        None if chosen is None else chosen.e164,
        None if chosen is None else chosen.number_class,
        found.reason,
    )


def _client(each: WindowToCome | Unplaced) -> str:
    return named(each.client.ref, each.client.name)
