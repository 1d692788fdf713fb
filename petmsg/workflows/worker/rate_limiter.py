"""Schedules messages by the rate limits of their numbers. Pure: no database, no clock.

The sending number is decided again when a message is claimed. This is only an estimate of when to
try that, so that ten thousand messages on a hundred numbers are not all tried every second.
"""

import heapq
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from petmsg.queries.queue import DueMessage, NumberRateLimit
from petmsg.rules import rate_limit


class RateLimiter:
    """Due messages by their expected start, and when each number is free."""

    def __init__(self) -> None:
        self._waiting: list[tuple[datetime, int, DueMessage]] = []
        self._here: dict[int, int | None] = {}
        self._scheduled: Counter[int] = Counter()
        self._rate_limits: dict[int, float] = {}
        self._free_at: dict[int, datetime] = {}
        """When a number is free after all messages scheduled for it."""
        self._start_at: dict[int, datetime] = {}
        """When a number may start its next message; later than expected if one was late."""

    def __len__(self) -> int:
        return len(self._here)

    def __contains__(self, message: int) -> bool:
        return message in self._here

    def update_limits(self, numbers: Iterable[NumberRateLimit], now: datetime) -> None:
        """Update rate limits and free times from the database. A later estimate stays while any
        message is scheduled for that number."""
        for number in numbers:
            self._rate_limits[number.id] = (
                number.segments_per_second or rate_limit.default_rate_limit(number.e164)
            )
            if not self._scheduled[number.id]:
                self._free_at.pop(number.id, None)
            free_at = rate_limit.next_start(number.free_at, now)
            self._free_at[number.id] = max(self._free_at.get(number.id, free_at), free_at)
            self._start_at[number.id] = free_at

    def next_turn(self, numbers: Sequence[int], now: datetime) -> datetime:
        """When a message scheduled now for one of these numbers would start (aware UTC)."""
        chosen = self._soonest(numbers, now)
        return now if chosen is None else self._next_start(chosen, now)

    def schedule(self, due: DueMessage, numbers: Sequence[int], now: datetime) -> None:
        """Schedule a message for the number of `numbers` that is free first, after the messages
        scheduled for it; without numbers, immediately."""
        chosen = self._soonest(numbers, now)
        at = now
        if chosen is not None:
            at = self._next_start(chosen, now)
            self._free_at[chosen] = at + self._occupancy(due, chosen)
        self._put(due, at, chosen)

    def schedule_at(self, due: DueMessage, at: datetime) -> None:
        """Schedule a message for that time (aware UTC)."""
        self._put(due, at, None)

    def pop_due(self, before: datetime, limit: int) -> list[DueMessage]:
        """Remove and return messages due at or before that time, at most `limit`."""
        found: list[DueMessage] = []
        while self._waiting and self._waiting[0][0] <= before and len(found) < limit:
            expected_at, _, due = heapq.heappop(self._waiting)
            number = self._here[due.message]
            if number is not None:
                at = max(expected_at, self._start_at.get(number, expected_at))
                if at > before:
                    heapq.heappush(self._waiting, (at, due.message, due))
                    continue
                self._start_at[number] = at + self._occupancy(due, number)
                self._scheduled[number] -= 1
            del self._here[due.message]
            found.append(due)
        return found

    def next_at(self) -> datetime | None:
        """When the next message is due; None if nothing is scheduled."""
        return self._waiting[0][0] if self._waiting else None

    def _put(self, due: DueMessage, at: datetime, number: int | None) -> None:
        heapq.heappush(self._waiting, (at, due.message, due))
        self._here[due.message] = number
        if number is not None:
            self._scheduled[number] += 1

    def _occupancy(self, due: DueMessage, number: int) -> timedelta:
        return rate_limit.occupancy(
            due.segments, self._rate_limits.get(number, rate_limit.LONG_CODE)
        )

    def _next_start(self, number: int, now: datetime) -> datetime:
        free_at = self._free_at.get(number)
        return now if free_at is None or free_at < now else free_at

    def _soonest(self, numbers: Sequence[int], now: datetime) -> int | None:
        return min(numbers, key=lambda each: self._next_start(each, now), default=None)
