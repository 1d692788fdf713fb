"""Which sitter could take over a visit. Pure: sitters, visits and absences in, a ref out.

A sitter is free for a visit if their number is usable when it begins, they are not away, and they
visit no other client meanwhile. Visits and absences are half-open.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from petmsg.rules.double_bookings import Visit
from petmsg.rules.routing import usable
from petmsg.rules.routing.facts import NumberFact

_NEVER = datetime.min.replace(tzinfo=UTC)
_ANYWHERE = ""
"""Stands for the client of an absence: no client has an empty ref."""


class Candidate(NamedTuple):
    """An active sitter, and the number that they hold."""

    sitter: str
    number: NumberFact


class Away(NamedTuple):
    """A sitter is away in `[starts_at, ends_at)` (aware UTC)."""

    sitter: str
    starts_at: datetime
    ends_at: datetime


class _Busy:
    """The times of one sitter, so that a look-up takes O(log n)."""

    def __init__(self) -> None:
        self.spans: list[tuple[datetime, datetime, str]] = []
        self._starts: list[datetime] = []
        self._last: list[tuple[datetime, str, datetime]] = []

    def index(self) -> None:
        """Note for each span, in the order of their start, which of those up to it ends last, and
        when the last one of another client ends."""
        ends_at, client, other_ends_at = _NEVER, _ANYWHERE, _NEVER
        for starts_at, until, whose in sorted(self.spans):
            if whose == client:
                ends_at = max(ends_at, until)
            elif until > ends_at:
                ends_at, client, other_ends_at = until, whose, ends_at
            else:
                other_ends_at = max(other_ends_at, until)
            self._starts.append(starts_at)
            self._last.append((ends_at, client, other_ends_at))

    def is_free(self, visit: Visit) -> bool:
        """Whether no span of another client overlaps the visit."""
        count = bisect_left(self._starts, visit.ends_at)
        if not count:
            return True
        ends_at, client, other_ends_at = self._last[count - 1]
        if client == visit.client:
            ends_at = other_ends_at
        return ends_at <= visit.starts_at


class FreeSitters:
    """Suggests sitters for visits; no sitter is suggested for two homes at once."""

    def __init__(
        self, candidates: Sequence[Candidate], visits: Iterable[Visit], absences: Iterable[Away]
    ) -> None:
        self._candidates = {each.sitter: each for each in candidates}
        self._busy = {each: _Busy() for each in self._candidates}
        self._known: dict[str, dict[str, None]] = {}
        self._suggested: dict[str, str | None] = {}
        self._promised: dict[str, list[Visit]] = {}
        for visit in visits:
            if visit.sitter in self._busy:
                span = (visit.starts_at, visit.ends_at, visit.client)
                self._busy[visit.sitter].spans.append(span)
                self._known.setdefault(visit.client, {})[visit.sitter] = None
        for away in absences:
            if away.sitter in self._busy:
                span = (away.starts_at, away.ends_at, _ANYWHERE)
                self._busy[away.sitter].spans.append(span)
        for busy in self._busy.values():
            busy.index()

    def is_free(self, sitter: str, visit: Visit, *, at: datetime) -> bool:
        """Whether the sitter could take the visit over at `at` (aware UTC)."""
        candidate = self._candidates.get(sitter)
        return (
            candidate is not None
            and usable(candidate.number, max(at, visit.starts_at))
            and self._busy[sitter].is_free(visit)
            and not any(
                each.client != visit.client
                and each.starts_at < visit.ends_at
                and visit.starts_at < each.ends_at
                for each in self._promised.get(sitter, ())
            )
        )

    def suggest(self, visit: Visit, *, at: datetime) -> str | None:
        """Another sitter who is free for the visit; None if there is none.

        First those who visit the same client anyway, then the others in their order. The same visit
        always gets the same answer.
        """
        if visit.booking not in self._suggested:
            found = next(
                (
                    sitter
                    for sitter in dict.fromkeys((*self._known.get(visit.client, ()), *self._busy))
                    if sitter != visit.sitter and self.is_free(sitter, visit, at=at)
                ),
                None,
            )
            self._suggested[visit.booking] = found
            if found is not None:
                self._promised.setdefault(found, []).append(visit)
        return self._suggested[visit.booking]
