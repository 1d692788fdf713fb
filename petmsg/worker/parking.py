"""Where texts wait until their number may start them. Pure: no database, no clock.

Which number a text will leave from is decided again when it is claimed; here is only an estimate of
when that is worth trying, so that ten thousand texts on a hundred numbers are not all tried again
every second.
"""

import heapq
from collections.abc import Iterable
from datetime import datetime

from petmsg import pace
from petmsg.queries.queue import DueText, NumberPace


class Parking:
    """Due texts by the moment at which their turn is expected, and when each number is free."""

    def __init__(self) -> None:
        self._waiting: list[tuple[datetime, int, DueText]] = []
        self._here: set[int] = set()
        self._paces: dict[int, float] = {}
        self._free_at: dict[int, datetime] = {}

    def __len__(self) -> int:
        return len(self._here)

    def __contains__(self, message: int) -> bool:
        return message in self._here

    def learn(self, numbers: Iterable[NumberPace]) -> None:
        """What the database says of the numbers' pace. An estimate that is later stays."""
        for number in numbers:
            self._paces[number.id] = number.segments_per_second or pace.usual_pace(number.e164)
            if number.free_at is not None:
                known = self._free_at.get(number.id, number.free_at)
                self._free_at[number.id] = max(known, number.free_at)

    def park(self, text: DueText, number_id: int | None, now: datetime) -> None:
        """Let a text wait behind those of its number that wait here; without a number, not."""
        at = now
        if number_id is not None:
            at = pace.next_start(self._free_at.get(number_id), now)
            busy = pace.busy_for(text.segments, self._paces.get(number_id, pace.LONG_CODE))
            self._free_at[number_id] = at + busy
        self.park_until(text, at)

    def park_until(self, text: DueText, at: datetime) -> None:
        """Let a text wait until that moment (aware UTC)."""
        heapq.heappush(self._waiting, (at, text.message, text))
        self._here.add(text.message)

    def ready(self, before: datetime, limit: int) -> list[DueText]:
        """Take out the texts whose turn comes at or before that moment, at most `limit`."""
        found: list[DueText] = []
        while self._waiting and self._waiting[0][0] <= before and len(found) < limit:
            text = heapq.heappop(self._waiting)[2]
            self._here.discard(text.message)
            found.append(text)
        return found

    def next_at(self) -> datetime | None:
        """When the next text's turn is expected; None if none waits."""
        return self._waiting[0][0] if self._waiting else None
