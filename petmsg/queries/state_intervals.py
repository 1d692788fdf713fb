"""The states of an org's numbers and sitters over a period, read by a few statements.

Before the command's `now` the states are those of the number ledger, the periods of activity and
the attempts to send; after it they are the current ones. The statements read for a whole period
what `petmsg.queries.routing` reads for one instant.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any, Generic, NamedTuple, TypeVar

from petmsg.db.cursor import Cursor
from petmsg.enums.messages import StoredRule
from petmsg.enums.numbers import NumberClass, NumberStatus
from petmsg.enums.people import SitterStatus
from petmsg.phone import calling_code
from petmsg.queries import states_in_span as statements
from petmsg.queries.lookup import ClientKey
from petmsg.queries.org import OrgRow
from petmsg.rules.routing.facts import NumberFact, PoolNumberFact
from petmsg.rules.routing.state_intervals import (
    OrgIntervals,
    SitterIntervals,
    SitterState,
    StateIntervals,
)

State = TypeVar("State")

LARGEST_ID = 2**31 - 1


class _Sitter(NamedTuple):
    """Where `id` is None the sitter holds no number, and its other columns are None too."""

    sitter_id: int
    ref: str
    name: str
    sitter_status: str
    id: int | None
    e164: str
    number_class: str
    status: str
    quarantined_until: datetime | None


class _Lent(NamedTuple):
    id: int
    e164: str
    number_class: str
    status: str
    quarantined_until: datetime | None
    last_used_at: datetime | None
    own_threads: int


class _Own(NamedTuple):
    thread_id: int
    number_id: int | None


class _UsedBefore(NamedTuple):
    id: int
    last_used_at: datetime | None


class _Activity(NamedTuple):
    sitter_id: int
    activated_at: datetime
    offboarded_at: datetime | None


class _LedgerEntry(NamedTuple):
    id: int
    e164: str
    from_at: datetime
    number_class: str
    status: str
    sitter_id: int | None
    quarantined_until: datetime | None


class _Use(NamedTuple):
    claimed_at: datetime
    number_id: int
    thread_id: int
    rule: str | None


class _LastNumbers(NamedTuple):
    """Up to where the pool's never used numbers are read, by their IDs, and the used ones."""

    last_never_used: int
    last_used: datetime


class Span(NamedTuple):
    """`[start, end)` as it is looked at from `now`. All aware UTC."""

    start: datetime
    end: datetime
    now: datetime

    @property
    def past_until(self) -> datetime | None:
        """The end of the past part of the period; None if all of it is in the future."""
        return min(self.end, self.now) if self.start < self.now else None

    @property
    def future_from(self) -> datetime | None:
        """The start of the future part of the period; None if all of it is past."""
        return max(self.start, self.now) if self.now < self.end else None


class IntervalBuilder(Generic[State]):
    """A timeline of states, built in order. Writing the same instant again replaces its state;
    writing an equal state is ignored."""

    def __init__(self) -> None:
        self.since: list[datetime] = []
        self.states: list[State] = []

    def put(self, at: datetime, state: State) -> None:
        """From `at` on it is `state`."""
        if self.since and self.since[-1] == at:
            self.since.pop()
            self.states.pop()
        if not self.states or self.states[-1] != state:
            self.since.append(at)
            self.states.append(state)

    def intervals(self) -> StateIntervals[State]:
        """Return the intervals that were added."""
        return StateIntervals(self.since, self.states)


class PoolUse(NamedTuple):
    """A claim by the pool's rule: from `at` on the number is the thread's own pool number."""

    at: datetime
    number_id: int


class OrgHistory(NamedTuple):
    """The intervals that all clients of an org share, the past pool numbers by thread, and whether
    its pool and front desk numbers are of several countries."""

    intervals: OrgIntervals
    pool_uses: Mapping[int, Sequence[PoolUse]]
    of_countries: bool


class _Reading(NamedTuple):
    """What is read: an org over a span, for all clients or one, and so much of its pool."""

    cursor: Cursor
    org: OrgRow
    span: Span
    only: ClientKey | None
    most: int

    @property
    def clients(self) -> dict[str, int]:
        """The parameters of a statement for these clients."""
        first, last = (0, LARGEST_ID) if self.only is None else (self.only.id, self.only.id)
        return {"org_id": self.org.id, "first_client_id": first, "last_client_id": last}


def read_org_history(
    cursor: Cursor, org: OrgRow, span: Span, *, only: ClientKey | None = None, most: int
) -> OrgHistory:
    """Return the intervals of the org's sitters, pool and desks over the span, for all clients or
    for one.

    The pool has the clients' own numbers at each instant, the first `most` never used and the first
    `most` used in the order of rule 2, and perhaps others.
    """
    reading = _Reading(cursor, org, span, only, most)
    today = cursor.all(_Sitter, statements.SITTERS, org_id=org.id)
    timelines = _OrgTimelines(span.start, [row.sitter_id for row in today])
    pool_uses: dict[int, list[PoolUse]] = {}
    if span.past_until is not None:
        _Past(reading, timelines, span.past_until, pool_uses).replay()
    if span.future_from is not None:
        _put_today(reading, timelines, today, span.future_from)
    sitters = {
        row.sitter_id: SitterIntervals(
            row.ref, row.name, timelines.sitters[row.sitter_id].intervals()
        )
        for row in today
    }
    intervals = OrgIntervals(
        org=org.slug,
        timezone=org.timezone,
        pool_for=org.pool_for,
        pool_threads_per_number=org.pool_threads_per_number,
        sitters=sitters,
        pool=timelines.pool.intervals(),
        desks=timelines.desks.intervals(),
        pool_read=most,
    )
    outermost = cursor.tuples(statements.LOWEST_AND_HIGHEST, org_id=org.id)
    codes = {calling_code(e164) for (e164,) in outermost} | timelines.codes()
    return OrgHistory(intervals, pool_uses, len(codes) > 1)


class _OrgTimelines:
    """The timelines of an org while they are built."""

    def __init__(self, start: datetime, sitters: Iterable[int]) -> None:
        self.sitters = {each: IntervalBuilder[SitterState]() for each in sitters}
        self.pool = IntervalBuilder[tuple[PoolNumberFact, ...]]()
        self.desks = IntervalBuilder[tuple[NumberFact, ...]]()
        for sitter in self.sitters.values():
            sitter.put(start, SitterState(False, None))
        self.pool.put(start, ())
        self.desks.put(start, ())

    def codes(self) -> set[str | None]:
        """The country codes of the numbers that were read."""
        numbers = {each.number.e164 for pool in self.pool.states for each in pool}
        numbers |= {each.e164 for desks in self.desks.states for each in desks}
        return set(map(calling_code, numbers))


def _put_today(
    reading: _Reading, timelines: _OrgTimelines, sitters: list[_Sitter], at: datetime
) -> None:
    """From `at` on everything is as it is today."""
    for sitter in sitters:
        held = None if sitter.id is None else _number(sitter)
        is_active = sitter.sitter_status == SitterStatus.ACTIVE
        timelines.sitters[sitter.sitter_id].put(at, SitterState(is_active, held))
    pool: list[PoolNumberFact] = []
    desks: list[NumberFact] = []
    limit = reading.org.pool_threads_per_number or 0
    rows = reading.cursor.all(
        _Lent, statements.LENT, most=reading.most, pool_limit=limit, **reading.clients
    )
    for row in rows:
        number = _number(row)
        if number.number_class is NumberClass.FRONT_DESK:
            desks.append(number)
        else:
            pool.append(PoolNumberFact(number, row.last_used_at, row.own_threads))
    timelines.pool.put(at, tuple(pool))
    timelines.desks.put(at, tuple(desks))


class _Past:
    """The past of an org, replayed change by change into its intervals."""

    def __init__(
        self,
        reading: _Reading,
        timelines: _OrgTimelines,
        until: datetime,
        pool_uses: dict[int, list[PoolUse]],
    ) -> None:
        cursor, org, since = reading.cursor, reading.org, reading.span.start
        named = {"org_id": org.id, "since": since, "until": until}
        last = _last_numbers(cursor, named, reading.most)
        numbers = {**named, **reading.clients, **last._asdict()}
        self._timelines = timelines
        self._since = since
        self._pool_uses = pool_uses
        self._changes: list[tuple[datetime, Callable[[Any], None], Any]] = [
            *((row.from_at, self._ledger_entry, row)
              for row in cursor.all(_LedgerEntry, statements.LEDGER, **numbers)),
            *self._activities(cursor.all(_Activity, statements.ACTIVITY, **named)),
            *((row.claimed_at, self._use, row)
              for row in cursor.all(_Use, statements.USES, **numbers)),
        ]  # fmt: skip
        self._held: dict[int, dict[int, NumberFact]] = {each: {} for each in timelines.sitters}
        self._holder: dict[int, int | None] = {}
        self._active: Counter[int] = Counter()
        self._pool: dict[int, NumberFact] = {}
        self._desks: dict[int, NumberFact] = {}
        self._used: dict[int, datetime | None] = {
            row.id: row.last_used_at
            for row in cursor.all(_UsedBefore, statements.USED_BEFORE, **numbers)
        }
        self._counts_threads = org.pool_threads_per_number is not None
        self._own: dict[int, int] = own_before(cursor, org, since) if self._counts_threads else {}
        self._own_threads = Counter(self._own.values())
        self._touched: set[int] = set()

    def replay(self) -> None:
        """Write what changed, in order; what changed at one instant together."""
        by_instant = itemgetter(0)
        for at, changes in groupby(sorted(self._changes, key=by_instant), key=by_instant):
            for _, apply, row in changes:
                apply(row)
            self._write(max(at, self._since))

    def _write(self, at: datetime) -> None:
        for sitter in self._touched & self._held.keys():
            number = next(reversed(self._held[sitter].values()), None)
            self._timelines.sitters[sitter].put(at, SitterState(self._active[sitter] > 0, number))
        self._touched.clear()
        self._timelines.pool.put(
            at,
            tuple(
                PoolNumberFact(fact, self._used.get(each), self._own_threads[each])
                for each, fact in self._pool.items()
            ),
        )
        self._timelines.desks.put(at, tuple(self._desks.values()))

    def _ledger_entry(self, row: _LedgerEntry) -> None:
        """The number is of another class, status or holder from now on."""
        fact = _number(row)
        before = self._holder.get(fact.id)
        for holder in (before, row.sitter_id):
            if holder is not None:
                self._held[holder].pop(fact.id, None)
                self._touched.add(holder)
        self._holder[fact.id] = row.sitter_id
        if row.sitter_id is not None:
            self._held[row.sitter_id][fact.id] = fact
        is_lent = fact.status is not NumberStatus.RETIRED
        for kind, lent in ((NumberClass.POOL, self._pool), (NumberClass.FRONT_DESK, self._desks)):
            lent.pop(fact.id, None)
            if is_lent and fact.number_class is kind:
                lent[fact.id] = fact

    def _activities(
        self, rows: list[_Activity]
    ) -> Iterator[tuple[datetime, Callable[[Any], None], Any]]:
        for row in rows:
            yield row.activated_at, self._activated, row
            if row.offboarded_at is not None:
                yield row.offboarded_at, self._offboarded, row

    def _activated(self, row: _Activity) -> None:
        self._active[row.sitter_id] += 1
        self._touched.add(row.sitter_id)

    def _offboarded(self, row: _Activity) -> None:
        self._active[row.sitter_id] -= 1
        self._touched.add(row.sitter_id)

    def _use(self, row: _Use) -> None:
        """A message was claimed: its number was used; one of the pool is the thread's own."""
        number, thread = row.number_id, row.thread_id
        self._used[number] = row.claimed_at
        if row.rule != StoredRule.POOL:
            return
        self._pool_uses.setdefault(thread, []).append(PoolUse(row.claimed_at, number))
        if self._counts_threads:
            self._own_threads[self._own.get(thread, 0)] -= 1
            self._own[thread] = number
            self._own_threads[number] += 1


def _last_numbers(cursor: Cursor, named: dict[str, Any], most: int) -> _LastNumbers:
    """Up to where the pool's numbers are read that have not been used since the span began."""
    never_used = cursor.value(statements.LAST_NEVER_USED, before=most - 1, **named)
    used = cursor.instant(statements.LAST_USED, before=most - 1, **named)
    return _LastNumbers(
        LARGEST_ID if never_used is None else never_used, named["since"] if used is None else used
    )


def own_before(
    cursor: Cursor, org: OrgRow, at: datetime, *, first_id: int = 0, last_id: int = LARGEST_ID
) -> dict[int, int]:
    """By thread: its own pool number as it was at `at`, of clients from `first_id` to `last_id`."""
    rows = cursor.all(
        _Own,
        statements.OWN_BEFORE,
        org_id=org.id,
        since=at,
        first_client_id=first_id,
        last_client_id=last_id,
    )
    return {row.thread_id: row.number_id for row in rows if row.number_id is not None}


def _number(row: _Sitter | _Lent | _LedgerEntry) -> NumberFact:
    assert row.id is not None
    return NumberFact(
        row.id,
        row.e164,
        NumberClass(row.number_class),
        NumberStatus(row.status),
        row.quarantined_until,
    )
