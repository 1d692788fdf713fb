"""One org's queue in a dispatcher: scheduled messages, those in flight, and deferred ones."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from petmsg.db.cursor import Cursor
from petmsg.providers.base import Provider, Rejected, RejectionClass, RetryLater
from petmsg.providers.error_codes import Scope
from petmsg.providers.registry import look_up_code
from petmsg.queries.org import OrgRow
from petmsg.queries.queue import DueMessage, due_messages, next_of_threads, read_rate_limits
from petmsg.services.outbox.record_outcome import HandedOver
from petmsg.workflows.worker.likely_numbers import likely_numbers
from petmsg.workflows.worker.rate_limiter import RateLimiter

LONG_AGO = (datetime(1970, 1, 1, tzinfo=UTC), 0)
PAGE = 200
"""How many due messages are read at once."""
MAX_SCHEDULED_AT_ONCE = 32
"""How many messages are scheduled at once: each takes several statements, and nothing is claimed
meanwhile."""
HORIZON = timedelta(minutes=10)
"""Messages expected later than this are not scheduled yet, so that the long queue of one number
does not use all the room."""
ENOUGH = 100
"""When this many messages are scheduled, the queue is polled at most four times a second, or when
a whole page fits."""
FETCH_INTERVAL = timedelta(seconds=0.25)
FIRST_PAUSE = 1.0
"""Seconds until a provider that accepted nothing is tried again; doubled each time."""


@dataclass
class OrgQueue:
    """The queue of an org, and the provider of its messages."""

    org: OrgRow
    provider: Provider
    scheduler: RateLimiter = field(default_factory=RateLimiter)
    deferred: dict[int, datetime] = field(default_factory=dict)
    """Messages that are not tried again before that time."""
    in_flight: dict[int, DueMessage] = field(default_factory=dict)
    done: list[HandedOver] = field(default_factory=list)
    changed: set[int] = field(default_factory=set)
    """Threads whose next message may be due."""
    scanned: bool = False
    paused_until: datetime | None = None
    closed: bool = False
    is_shared: bool = False
    """Whether other workers claim messages of this org too."""
    _after: tuple[datetime, int] = LONG_AGO
    _scan_again_at: datetime = LONG_AGO[0]
    _next_fetch_at: datetime = LONG_AGO[0]
    served_at: int = 0
    """When it last used the sender pool, by the dispatcher's counter."""
    _pause: float = FIRST_PAUSE
    _paused_at: datetime | None = None

    def is_paused(self, now: datetime) -> bool:
        """Whether a pause that the provider asked for is not over."""
        return self.paused_until is not None and self.paused_until > now

    def has_more(self, now: datetime, *, max_scheduled: int) -> bool:
        """Whether the queue was not read to its end, and there is room for more."""
        if self.scanned or self.closed or self.is_paused(now):
            return False
        room = max_scheduled - len(self.scheduler)
        return room >= PAGE or (room > 0 and len(self.scheduler) < ENOUGH)

    def start_over(self) -> None:
        """Discard all expected times, because the clock was set back."""
        self.scheduler, self.deferred = RateLimiter(), {}
        self.paused_until = self._paused_at = None
        self.read_from_start()

    def share(self) -> None:
        """Discard what is scheduled, because other workers claim it too."""
        if not self.is_shared:
            self.is_shared, self.scheduler = True, RateLimiter()
            self.read_from_start()

    def read_from_start(self) -> None:
        """Read the queue from its start again."""
        self.scanned, self._after = False, LONG_AGO
        self._next_fetch_at = LONG_AGO[0]

    def on_outcomes(
        self, done: Sequence[HandedOver], now: datetime, *, longest_pause: float
    ) -> None:
        """Handle outcomes that concern the provider itself: it rejects the account, or accepts
        nothing for now. A response to a request that started before the pause does not extend it,
        unless it contains its own Retry-After."""
        for each in done:
            outcome = each.outcome
            if each.started_at is None:
                continue
            if isinstance(outcome, Rejected) and _refuses_everything(outcome):
                self.closed = True
            elif not isinstance(outcome, RetryLater):
                self._pause = FIRST_PAUSE
            elif not outcome.number_only:
                seconds = outcome.after_seconds or 0.0
                if self._paused_at is None or each.started_at > self._paused_at:
                    seconds = max(seconds, self._pause)
                    self._pause = min(self._pause * 2, longest_pause)
                    self._paused_at = now
                until = now + timedelta(seconds=seconds)
                self.paused_until = max(self.paused_until or until, until)

    def fetch(
        self,
        cursor: Cursor,
        now: datetime,
        *,
        max_scheduled: int,
        poll: float,
        at_once: int = MAX_SCHEDULED_AT_ONCE,
    ) -> None:
        """Schedule the next messages, as far as there is room and they are due soon."""
        self._next_fetch_at = now + FETCH_INTERVAL
        found: list[DueMessage] = []
        if self.changed:
            found = next_of_threads(cursor, self.org, sorted(self.changed), now=now)
            self.changed.clear()
        if not self.scanned:
            limit = min(max_scheduled - len(self.scheduler), PAGE)
            due = due_messages(cursor, self.org, now=now, after=self._after, limit=limit)
            unknown = [text for text in due if not self._is_known(text)]
            rest = unknown[at_once:]
            if rest:
                due = due[: due.index(rest[0])]
            found += unknown[:at_once]
            if rest or len(due) == limit:
                self._after = (due[-1].due_at, due[-1].message)
            else:
                self._after, self.scanned = LONG_AGO, True
                # A long queue is read less often, because most of it is scheduled already.
                pause = max(poll, len(self.scheduler) / 1000)
                self._scan_again_at = now + timedelta(seconds=pause)
        by_id = {text.message: text for text in found}
        new = [text for text in by_id.values() if not self._is_known(text)]
        if new or len(self.scheduler):
            self.scheduler.update_limits(read_rate_limits(cursor, self.org), now)
        likely = likely_numbers(cursor, self.org, new, now)
        for text, numbers in zip(new, likely, strict=True):
            if self.scheduler.next_turn(numbers, now) > now + HORIZON:
                self.deferred[text.message] = now + HORIZON / 2
            else:
                self.scheduler.schedule(text, numbers, now)

    def may_find_more(self, now: datetime, *, for_ever: bool, max_scheduled: int) -> bool:
        """Whether `fetch` may find something; also releases deferred messages."""
        if self.closed or self.is_paused(now):
            return False
        if for_ever and self.scanned and now >= self._scan_again_at:
            self.scanned = False
        if not self.scanned and self._after == LONG_AGO:
            self.deferred = {each: at for each, at in self.deferred.items() if at > now}
        if self.has_more(now, max_scheduled=max_scheduled):
            return True
        may_look = len(self.scheduler) < ENOUGH or now >= self._next_fetch_at
        return bool(self.changed) and may_look and len(self.scheduler) < max_scheduled

    def _is_known(self, text: DueMessage) -> bool:
        known = (self.scheduler, self.deferred, self.in_flight)
        return any(text.message in place for place in known)


def _refuses_everything(outcome: Rejected) -> bool:
    """Whether every other message would be rejected as well."""
    of_all = outcome.rejection_class in (RejectionClass.ACCOUNT, RejectionClass.CONFIGURATION)
    return of_all and look_up_code(outcome.code).scope is Scope.ACCOUNT
