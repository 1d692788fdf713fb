"""The worker's loop: look for due texts, claim those whose number is free, record what came back.

Only this thread touches the database; the hands only talk to carriers. A run ends when nothing is
due that could leave now: it waits out the pace of numbers, not schedules, back-offs or quiet hours.
"""

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import FrameType

from petmsg.db.cursor import Cursor
from petmsg.db.liveness import Worker
from petmsg.errors import BUSY
from petmsg.hold import holds
from petmsg.providers.base import Provider, Rejected, RejectionClass, RetryLater
from petmsg.queries.hold import read_hold_facts
from petmsg.queries.lookup import client_by_id
from petmsg.queries.org import OrgRow
from petmsg.queries.queue import DueText, behind_texts, due_texts, next_of_threads, paces
from petmsg.queries.routing import read_facts
from petmsg.routing import decide
from petmsg.services.claim import Claim, Ended, Waiting
from petmsg.services.doubt import Settled
from petmsg.services.record import HandedOver
from petmsg.services.turn import Recorded, Turn, take_turn
from petmsg.services.work import Failure
from petmsg.worker.hands import Hands
from petmsg.worker.parking import Parking
from petmsg.worker.settle import USUAL_PATIENCE, Patience, Store, settle

LONG_AGO = (datetime(1970, 1, 1, tzinfo=UTC), 0)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """The worker's times, in seconds. `ahead` is how long before its start a text is claimed."""

    ahead: float = 0.2
    breath: float = 0.02
    poll: float = 1.0
    settle_every: float = 30.0
    look_again: float = 60.0
    longest_pause: float = 30.0
    most_parked: int = 5000
    patience: Patience = USUAL_PATIENCE


@dataclass(frozen=True, slots=True)
class Seen:
    """Something that happened to a text, for whoever watches: exactly one of its four kinds."""

    org: OrgRow
    text: DueText | None
    what: Recorded | Waiting | Ended | Settled | Failure


@dataclass
class _Line:
    """An org's queue as this worker sees it."""

    org: OrgRow
    carrier: Provider
    parking: Parking = field(default_factory=Parking)
    aside: dict[int, datetime] = field(default_factory=dict)
    out: dict[int, DueText] = field(default_factory=dict)
    done: list[HandedOver] = field(default_factory=list)
    after: tuple[datetime, int] = LONG_AGO
    scanned: bool = False
    scan_again_at: datetime = LONG_AGO[0]
    changed: set[int] = field(default_factory=set)
    paused_until: datetime | None = None
    pause: float = 1.0
    closed: bool = False


class Pump:
    """Sends the due texts of some orgs. `watch` is told whatever happens to a text."""

    def __init__(
        self,
        store: Store,
        lines: Sequence[tuple[OrgRow, Provider]],
        *,
        worker: Worker,
        hands: Hands,
        watch: Callable[[Seen], None],
        rhythm: Rhythm,
    ) -> None:
        self._store = store
        self._lines = [_Line(org, carrier) for org, carrier in lines]
        self._worker = worker
        self._hands = hands
        self._watch = watch
        self._rhythm = rhythm
        self._stop = threading.Event()

    def stop(self) -> None:
        """Claim nothing more; what is out is waited for and recorded."""
        self._stop.set()
        self._hands.stop()

    @property
    def stopped(self) -> bool:
        """Whether somebody asked to stop."""
        return self._stop.is_set()

    def drain(self) -> None:
        """Send what is due, once."""
        self._run(for_ever=False)

    def keep_going(self) -> None:
        """Send what becomes due, until `stop`."""
        self._run(for_ever=True)

    def _run(self, *, for_ever: bool) -> None:
        self._settle()
        settled_at = self._store.clock()
        checked_at = settled_at
        try:
            while not self.stopped:
                now = self._store.tick()
                if now >= checked_at + timedelta(seconds=5):
                    self._worker.require_alive()
                    checked_at = now
                if for_ever and now >= settled_at + timedelta(seconds=self._rhythm.settle_every):
                    self._settle()
                    settled_at = now
                moved = [self._step(line, now, for_ever=for_ever) for line in self._lines]
                if any(moved):
                    self._collect(self._rhythm.breath)
                elif not self._rest(now, for_ever=for_ever):
                    break
        finally:
            self._finish()
        if not self.stopped:
            self._settle()

    # --- one step ----------------------------------------------------------------------------

    def _step(self, line: _Line, now: datetime, *, for_ever: bool) -> bool:
        """Look, claim and record once for an org; whether anything was done."""
        wanted: list[DueText] = []
        if not line.closed and not self._is_paused(line, now):
            self._scout(line, now, for_ever=for_ever)
            soon = now + timedelta(seconds=self._rhythm.ahead)
            wanted = line.parking.ready(soon, self._hands.free)
        done, line.done = line.done, []
        if not wanted and not done:
            return False
        # Everybody claims in the order of the recipients, so that nobody waits in a circle.
        wanted.sort(key=lambda text: text.to_e164)
        self._store.tick()
        try:
            turn: Turn = self._store.write_in(
                line.org.slug,
                take_turn,
                done=done,
                wanted=[text.message for text in wanted],
                provider=line.org.provider,
                worker=self._worker.token,
                ahead=timedelta(seconds=self._rhythm.ahead),
            )
        except BaseException:
            line.done = [*done, *line.done]
            raise
        for recorded in turn.recorded:
            self._recorded(line, recorded, now)
        for text, taken in zip(wanted, turn.taken, strict=True):
            self._taken(line, text, taken, now)
        return True

    def _recorded(self, line: _Line, recorded: Recorded | Failure, now: datetime) -> None:
        if isinstance(recorded, Failure):
            self._watch(Seen(line.org, line.out.pop(int(recorded.ref), None), recorded))
            return
        claim, outcome = recorded.done.claim, recorded.done.outcome
        text = line.out.pop(claim.message, None)
        line.changed.add(claim.thread)
        if isinstance(outcome, Rejected) and outcome.rejection_class is RejectionClass.ACCOUNT:
            line.closed = True
        elif isinstance(outcome, RetryLater) and _is_of_the_provider(recorded.done, outcome):
            seconds = max(outcome.after_seconds or 0.0, line.pause)
            line.paused_until = now + timedelta(seconds=seconds)
            line.pause = min(line.pause * 2, self._rhythm.look_again)
        else:
            line.pause = 1.0
        if recorded.done.started_at is not None:
            self._watch(Seen(line.org, text, recorded))

    def _taken(
        self,
        line: _Line,
        text: DueText,
        taken: Claim | Waiting | Ended | Failure,
        now: datetime,
    ) -> None:
        if isinstance(taken, Claim):
            line.out[text.message] = text
            self._hands.give(line.org.slug, taken, line.carrier)
            return
        if isinstance(taken, Waiting) and taken.for_pace and taken.until is not None:
            line.parking.park_until(text, taken.until)
            return
        if isinstance(taken, Failure) and taken.error.exit_code == BUSY:
            line.parking.park_until(text, now + timedelta(seconds=self._rhythm.poll))
            return
        line.changed.add(text.thread)
        until = now + timedelta(seconds=self._rhythm.look_again)
        line.aside[text.message] = until
        self._watch(Seen(line.org, text, taken))

    # --- looking for work ----------------------------------------------------------------------

    def _scout(self, line: _Line, now: datetime, *, for_ever: bool) -> None:
        """Park due texts that are next, as far as there is room."""
        if for_ever:
            line.aside = {each: at for each, at in line.aside.items() if at > now}
            if line.scanned and now >= line.scan_again_at:
                line.scanned = False
        room = self._rhythm.most_parked - len(line.parking)
        if room <= 0 or (line.scanned and not line.changed):
            return
        with self._store.snapshot() as cursor:
            line.parking.learn(paces(cursor, line.org))
            found: list[DueText] = []
            if line.changed:
                found = next_of_threads(cursor, line.org, sorted(line.changed), now=now)
                line.changed.clear()
            if not line.scanned:
                limit = min(room, 500)
                due = due_texts(cursor, line.org, now=now, after=line.after, limit=limit)
                found += due
                if len(due) == limit:
                    line.after = (due[-1].due_at, due[-1].message)
                else:
                    line.after, line.scanned = LONG_AGO, True
                    # A long queue is looked through less often: most of it is parked already.
                    pause = max(self._rhythm.poll, len(line.parking) / 1000)
                    line.scan_again_at = now + timedelta(seconds=pause)
            for text in found:
                if not self._is_known(line, text):
                    line.parking.park(text, _likely_number(cursor, line.org, text, now), now)

    def _is_known(self, line: _Line, text: DueText) -> bool:
        return (
            text.message in line.parking or text.message in line.aside or (text.message in line.out)
        )

    # --- waiting -------------------------------------------------------------------------------

    def _collect(self, seconds: float) -> None:
        by_slug = {line.org.slug: line for line in self._lines}
        for slug, done in self._hands.collect(seconds if self._hands.busy else 0.0):
            by_slug[slug].done.append(done)

    def _rest(self, now: datetime, *, for_ever: bool) -> bool:
        """Wait until something may be done; False if nothing will be."""
        poll = timedelta(seconds=self._rhythm.poll)
        at = [each for line in self._lines if (each := self._next_at(line, now)) is not None]
        if any(self._has_more(line, now) for line in self._lines):
            return True
        if self._hands.busy:
            until = min([*at, now + poll])
            self._collect(max((until - self._store.clock()).total_seconds(), 0.001))
            return True
        if not at and not for_ever:
            return self._look_once_more()
        until = min([*at, now + poll]) if for_ever else min(at)
        self._nap((until - self._store.clock()).total_seconds())
        return True

    def _look_once_more(self) -> bool:
        """Whether a last look finds texts that became due or next while others were sent."""
        now = self._store.tick()
        for line in self._lines:
            if line.closed or self._is_paused(line, now):
                continue
            line.scanned, line.after = False, LONG_AGO
            while not line.scanned:
                self._scout(line, now, for_ever=False)
            if len(line.parking):
                return True
        return False

    def _next_at(self, line: _Line, now: datetime) -> datetime | None:
        """When the org's next text may be claimed, None if that is not in sight."""
        at = line.parking.next_at()
        if line.closed or at is None:
            return None
        at -= timedelta(seconds=self._rhythm.ahead)
        if line.paused_until is not None and line.paused_until > at:
            too_long = (line.paused_until - now).total_seconds() > self._rhythm.longest_pause
            return None if too_long else line.paused_until
        return at

    def _has_more(self, line: _Line, now: datetime) -> bool:
        """Whether the queue was not looked through yet, and there is room to."""
        room = len(line.parking) < self._rhythm.most_parked
        return room and not (line.scanned or line.closed or self._is_paused(line, now))

    def _is_paused(self, line: _Line, now: datetime) -> bool:
        return line.paused_until is not None and line.paused_until > now

    def _nap(self, seconds: float) -> None:
        while seconds > 0 and not self.stopped:
            self._store.sleep(min(seconds, 0.2))
            seconds -= 0.2

    # --- the ends ------------------------------------------------------------------------------

    def _settle(self) -> None:
        for line in self._lines:
            if line.closed:
                continue
            results = settle(self._store, line.org, line.carrier, patience=self._rhythm.patience)
            for result in results:
                self._watch(Seen(line.org, None, result))
            line.scanned = line.scanned and not results

    def _finish(self) -> None:
        """Wait for what is out, record it, and let the hands go."""
        self._hands.stop()
        while self._hands.busy:
            self._collect(1.0)
        for line in self._lines:
            line.closed = True
            self._step(line, self._store.tick(), for_ever=False)
        self._hands.close()


def _likely_number(cursor: Cursor, org: OrgRow, text: DueText, now: datetime) -> int | None:
    """The number the text would leave from now; None if something else decides about it."""
    facts = read_hold_facts(
        cursor, org, client_id=text.client_id, to_e164=text.to_e164, number_id=None
    )
    if holds(facts, now):
        return None
    client = client_by_id(cursor, org.id, text.client_id)
    chosen = decide(read_facts(cursor, org, client, at=now, past=False), now).number
    return None if chosen is None else chosen.id


def _is_of_the_provider(done: HandedOver, outcome: RetryLater) -> bool:
    """Whether every other text would have been put back as well."""
    return done.started_at is not None and not outcome.number_only


def waiting_behind(store: Store, org: OrgRow, limit: int) -> list[Waiting]:
    """Due texts that wait behind others, for a report at the end."""
    with store.snapshot() as cursor:
        behind = behind_texts(cursor, org, now=store.clock(), limit=limit)
    return [Waiting(each.message, each.why) for each in behind]


@contextmanager
def stopping_on_signals(pump: Pump) -> Iterator[list[int]]:
    """SIGTERM and Ctrl-C stop the pump in order; a second Ctrl-C breaks off.

    Gives the list of the signals that came.
    """
    came: list[int] = []
    before = {}

    def on_signal(number: int, _frame: FrameType | None) -> None:
        came.append(number)
        if came.count(signal.SIGINT) > 1:
            raise KeyboardInterrupt
        pump.stop()

    if threading.current_thread() is threading.main_thread():
        before = {each: signal.signal(each, on_signal) for each in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield came
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
