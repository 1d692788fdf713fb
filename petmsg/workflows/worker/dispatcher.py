"""The dispatcher's loop: find due messages, claim those whose number is free, record outcomes.

Only this thread uses the database; the sender pool only talks to providers. A run ends when no due
message can be sent now: it waits for rate limits, but not for schedules, back-offs or quiet hours.
"""

import itertools
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta

from petmsg import clock
from petmsg.db.cursor import Cursor
from petmsg.db.liveness import Worker
from petmsg.errors import BUSY
from petmsg.providers.base import Provider
from petmsg.queries.org import Account, OrgRow
from petmsg.queries.queue import DueMessage, blocked_messages
from petmsg.queries.unknown_outcomes import ClaimedMessage
from petmsg.services.outbox.claim import ProviderChanged
from petmsg.services.outbox.claim_batch import ClaimedBatch, Recorded, claim_batch
from petmsg.services.outbox.claimed import Claim, Ended, Waiting
from petmsg.services.outbox.stored_message import MessageNotWaiting
from petmsg.services.outbox.unknown_outcomes import Reconciled, mark_outcome_unknown
from petmsg.services.unit_of_work import Failure
from petmsg.workflows.provider_factory import public_url_of
from petmsg.workflows.store import Store
from petmsg.workflows.worker.org_queue import OrgQueue
from petmsg.workflows.worker.rescuer import (
    DEFAULT_RESCUE_TIMINGS,
    RescueTimings,
    rescue,
    rescue_alone,
)
from petmsg.workflows.worker.sender_pool import SenderPool

AT_ONCE = 32
"""Maximum number of messages claimed in one transaction; sending starts after its commit."""

LET_GO_AFTER = 0.5
"""A dispatcher that sleeps longer than this many seconds does not keep an SQLite file open."""


@dataclass(frozen=True, slots=True)
class Timings:
    """The dispatcher's times, in seconds. `ahead`: how long before its start a message is claimed.

    The first attempt to claim is half as long before, because its number may be slightly late.
    """

    ahead: float = 0.4
    result_wait: float = 0.02
    poll: float = 1.0
    reconcile_every: float = 30.0
    defer_for: float = 60.0
    longest_pause: float = 30.0
    max_scheduled: int = 5000
    rescue_timings: RescueTimings = DEFAULT_RESCUE_TIMINGS


Reconnect = Callable[[Mapping[str, Account]], Sequence[tuple[OrgRow, Provider]]]


@dataclass(frozen=True, slots=True)
class DispatchEvent:
    """Something that happened to a message, for the report of the dispatcher."""

    org: OrgRow
    text: DueMessage | None
    result: Recorded | Waiting | Ended | Reconciled | Failure


class Dispatcher:
    """Sends the due messages of some orgs. `on_event` is called with everything that happens, and
    `on_turn` at least once a second, but for the time of one lookup at the provider."""

    def __init__(
        self,
        store: Store,
        orgs: Sequence[tuple[OrgRow, Provider]],
        *,
        worker: Worker,
        pool: SenderPool,
        on_event: Callable[[DispatchEvent], None],
        timings: Timings,
        on_turn: Callable[[], None] = lambda: None,
        reconnect: Reconnect = lambda _: (),
    ) -> None:
        """`reconnect` is asked now and then, with the orgs that are served, for those that are not:
        new ones, those with another account, and those whose account was refused."""
        self._on_turn = on_turn
        self._store = store
        self._queues = [OrgQueue(org, provider) for org, provider in orgs]
        self._worker = worker
        self._pool = pool
        self._on_event = on_event
        self._timings = timings
        self._reconnect = reconnect
        self._public_url = public_url_of(store, *(org for org, _ in orgs))
        self._stop = threading.Event()
        self._serving = itertools.count(1)

    def stop(self) -> None:
        """Claim nothing more; messages in flight are waited for and recorded."""
        self._stop.set()
        self._pool.stop()

    @property
    def stopped(self) -> bool:
        """Whether `stop` was called."""
        return self._stop.is_set()

    def run_once(self) -> None:
        """Send all due messages, then return."""
        self._run(for_ever=False)

    def run_forever(self) -> None:
        """Send messages when they become due, until `stop`."""
        self._run(for_ever=True)

    def _run(self, *, for_ever: bool) -> None:
        self._rescue()
        rescued_at = checked_at = looked_at = self._store.clock()
        broken_off = False
        try:
            while not self.stopped and not all(queue.closed for queue in self._queues):
                self._on_turn()
                now = self._store.tick()
                if now < looked_at:
                    self._start_over()
                    rescued_at = checked_at = now
                looked_at = now
                if now >= checked_at + timedelta(seconds=5):
                    self._worker.require_alive()
                    checked_at = now
                if for_ever and now >= rescued_at + timedelta(
                    seconds=self._timings.reconcile_every
                ):
                    self._reopen_queues()
                    self._rescue()
                    rescued_at = now
                moved = [self._step(queue, now, for_ever=for_ever) for queue in self._queues]
                # In turns, so that one org does not use the whole pool.
                self._queues.sort(key=lambda queue: queue.served_at)
                if any(moved):
                    self._collect_results(self._timings.result_wait)
                elif not self._wait(now, for_ever=for_ever):
                    break
        except KeyboardInterrupt:
            broken_off = True  # a second Ctrl-C: messages in flight are not waited for
            raise
        finally:
            if not broken_off:
                self._finish()
        if not self.stopped:
            self._rescue()

    # --- one step ----------------------------------------------------------------------------

    def _step(self, queue: OrgQueue, now: datetime, *, for_ever: bool) -> bool:
        """Fetch, claim and record once for an org; returns whether anything was done."""
        # Read before anything more is claimed; a failed turn reads them again.
        queue.on_outcomes(queue.done, now, longest_pause=self._timings.defer_for)
        room = min(self._pool.free, AT_ONCE)
        if queue.closed or queue.is_paused(now):
            room = 0
        elif not queue.is_shared:
            self._fetch(queue, now, for_ever=for_ever)
        wanted = self._due(queue, now, room)
        # Where others serve this org too, messages are looked for in the turn that claims them.
        looks = bool(queue.is_shared and room and not wanted) and queue.may_find_more(
            now, for_ever=for_ever, max_scheduled=self._timings.max_scheduled
        )
        done, queue.done = queue.done, []
        if not (wanted or done or looks):
            return False

        def find(cursor: Cursor) -> list[int]:
            if looks and not wanted:  # not again where the transaction is tried again
                self._look(queue, cursor, now, room)
                wanted.extend(self._due(queue, now, room))
            return [text.message for text in wanted]

        self._store.tick()
        claimed_at = clock.uptime()  # before the write: the claim may be found from then on
        try:
            batch: ClaimedBatch = self._store.write_in(
                queue.org.slug,
                claim_batch,
                done=done,
                find=find,
                provider=queue.org.account,
                worker=self._worker.token,
                ahead=timedelta(seconds=self._timings.ahead),
                public_url=self._public_url,
            )
        except BaseException:
            queue.done = [*done, *queue.done]
            raise
        if looks:
            queue.is_shared = bool(wanted) or not queue.scanned
        for handed, recorded in zip(done, batch.recorded, strict=True):
            self._on_recorded(queue, handed.claim, recorded)
        for text, result in zip(wanted, batch.claim_results, strict=True):
            self._on_claim_result(queue, text, result, now, claimed_at)
        return True

    def _on_recorded(self, queue: OrgQueue, claim: Claim, recorded: Recorded | Failure) -> None:
        text = queue.in_flight.pop(claim.message, None)
        queue.changed.add(claim.thread)
        if isinstance(recorded, Failure):
            # The outcome cannot be stored, so the message is reconciled as after a crash.
            lost = ClaimedMessage(claim.message, claim.worker)
            rescue_alone(self._store, queue.org, claim.message, mark_outcome_unknown, lost)
        if isinstance(recorded, Failure) or recorded.done.started_at is not None:
            self._on_event(DispatchEvent(queue.org, text, recorded))

    def _on_claim_result(
        self,
        queue: OrgQueue,
        text: DueMessage,
        result: Claim | Waiting | Ended | Failure,
        now: datetime,
        claimed_at: float,
    ) -> None:
        if isinstance(result, Claim):
            queue.in_flight[text.message] = text
            queue.served_at = next(self._serving)
            self._pool.submit(queue.org.slug, result, queue.provider, claimed_at=claimed_at)
            return
        if isinstance(result, Waiting) and result.for_rate_limit and result.until is not None:
            queue.scheduler.schedule_at(text, result.until)
            return
        if isinstance(result, Failure) and isinstance(result.error, MessageNotWaiting):
            queue.share()
        if isinstance(result, Failure) and isinstance(result.error, ProviderChanged):
            if not queue.closed:
                self._on_event(DispatchEvent(queue.org, text, result))
            queue.closed = True
            return
        if isinstance(result, Failure) and result.error.exit_code == BUSY:
            queue.scheduler.schedule_at(text, now + timedelta(seconds=self._timings.poll))
            return
        queue.changed.add(text.thread)
        until = now + timedelta(seconds=self._timings.defer_for)
        if isinstance(result, Waiting) and result.until is not None:
            until = min(until, result.until)
        queue.deferred[text.message] = until
        self._on_event(DispatchEvent(queue.org, text, result))

    # --- looking for work ----------------------------------------------------------------------

    def _fetch(self, queue: OrgQueue, now: datetime, *, for_ever: bool) -> None:
        """Schedule due messages, as far as there is room."""
        room = self._timings.max_scheduled
        if queue.may_find_more(now, for_ever=for_ever, max_scheduled=room):
            with self._store.snapshot() as cursor:
                queue.fetch(cursor, now, max_scheduled=room, poll=self._timings.poll)

    def _look(self, queue: OrgQueue, cursor: Cursor, now: datetime, room: int) -> None:
        """Schedule due messages in the transaction that claims them, no more than it may claim."""
        most = self._timings.max_scheduled
        queue.fetch(cursor, now, max_scheduled=most, poll=self._timings.poll, at_once=room)

    def _due(self, queue: OrgQueue, now: datetime, room: int) -> list[DueMessage]:
        """What is to be claimed now. All workers claim in the order of the recipients, which
        prevents deadlocks."""
        soon = now + timedelta(seconds=self._timings.ahead / 2)
        return sorted(queue.scheduler.pop_due(soon, room), key=lambda text: text.to_e164 or "")

    def _start_over(self) -> None:
        """Start over, because the clock was set back and all expected times are wrong."""
        for queue in self._queues:
            queue.start_over()

    # --- waiting -------------------------------------------------------------------------------

    def _collect_results(self, seconds: float) -> None:
        by_slug = {queue.org.slug: queue for queue in self._queues}
        for slug, done in self._pool.results(seconds if self._pool.busy else 0.0):
            by_slug[slug].done.append(done)

    def _wait(self, now: datetime, *, for_ever: bool) -> bool:
        """Wait until there may be work; False if there will be none."""
        poll = timedelta(seconds=self._timings.poll)
        at = [each for queue in self._queues if (each := self._next_at(queue, now)) is not None]
        max_scheduled = self._timings.max_scheduled
        if self._pool.free and any(
            queue.has_more(now, max_scheduled=max_scheduled) for queue in self._queues
        ):
            return True
        if self._pool.busy:
            until = min([*at, now + poll]) if self._pool.free else now + poll
            self._collect_results(max((until - self._store.clock()).total_seconds(), 0.001))
            return True
        if not at and not for_ever:
            return self._finds_late_messages()
        until = min([*at, now + poll]) if for_ever else min(at)
        self._sleep((until - self._store.clock()).total_seconds())
        return True

    def _finds_late_messages(self) -> bool:
        """Whether a last search finds messages that became due while others were sent."""
        now = self._store.tick()
        for queue in self._queues:
            if queue.closed or queue.is_paused(now):
                continue
            queue.read_from_start()
            while not (queue.scanned or len(queue.scheduler)):
                self._fetch(queue, now, for_ever=False)
            if len(queue.scheduler):
                return True
        return False

    def _next_at(self, queue: OrgQueue, now: datetime) -> datetime | None:
        """When the org's next message may be claimed; None if that is not foreseeable."""
        at = queue.scheduler.next_at()
        if queue.closed or at is None:
            return None
        at -= timedelta(seconds=self._timings.ahead / 2)
        if queue.paused_until is not None and queue.paused_until > at:
            too_long = (queue.paused_until - now).total_seconds() > self._timings.longest_pause
            return None if too_long else queue.paused_until
        return at

    def _sleep(self, seconds: float) -> None:
        if seconds > LET_GO_AFTER and self._store.location.is_file:
            self._store.let_go()
        while seconds > 0 and not self.stopped:
            self._store.sleep(min(seconds, 0.2))
            seconds -= 0.2

    def _has_stopped(self) -> bool:
        """`stopped`, asked between two lookups at the provider."""
        self._on_turn()
        return self.stopped

    # --- the ends ------------------------------------------------------------------------------

    def _rescue(self) -> None:
        for queue in self._queues:
            if queue.closed:
                continue
            results = rescue(
                self._store,
                queue.org,
                queue.provider,
                rescue_timings=self._timings.rescue_timings,
                stopped=self._has_stopped,
            )
            for result in results:
                self._on_event(DispatchEvent(queue.org, None, result))
            queue.scanned = queue.scanned and not results

    def _reopen_queues(self) -> None:
        """Serve orgs that were left out, once their account can be used."""
        served = {queue.org.slug: queue.org.account for queue in self._queues if not queue.closed}
        queues = {queue.org.slug: queue for queue in self._queues}
        for org, provider in self._reconnect(served):
            queue = queues.get(org.slug)
            if queue is not None and (queue.in_flight or queue.done or not queue.closed):
                queue.closed = True  # its messages in flight are recorded first
                continue
            queues[org.slug] = OrgQueue(org, provider)
        self._queues = [*queues.values()]
        self._public_url = public_url_of(self._store, *(queue.org for queue in self._queues))

    def _finish(self) -> None:
        """Wait for messages in flight, record them, and end the pool's threads."""
        self._pool.stop()
        with ExitStack() as last:  # a failure of one org must not prevent recording the others
            last.callback(self._pool.close)
            while self._pool.busy:
                self._collect_results(1.0)
            for queue in self._queues:
                queue.closed = True
                last.callback(self._step, queue, self._store.tick(), for_ever=False)


def waiting_behind(store: Store, org: OrgRow, limit: int) -> list[Waiting]:
    """Due messages that wait behind others, for the report at the end."""
    with store.snapshot() as cursor:
        behind = blocked_messages(cursor, org, now=store.clock(), limit=limit)
    return [Waiting(each.message, each.why) for each in behind]
