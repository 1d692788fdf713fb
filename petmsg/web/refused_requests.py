"""Requests that were refused because nobody signed them, counted in memory.

One is no news: the internet knocks at every door. Many in a minute are, and so are some that carry
a signature that is not right: the token or the public address is perhaps not the provider's any
more, and then messages and payments are lost. The database is written to once in `TOLD_FOR`.
"""

import time
from collections import deque
from collections.abc import Callable

from petmsg.workflows.webhook_outcome import ManyRefused

MANY = 20
MANY_WITHIN = 60.0
FEW = 5
FEW_WITHIN = 3600.0
"""So many that carry a signature within so many seconds are enough."""
TOLD_FOR = 3600.0


class Refusals:
    """The last refusals at one door. `tell` is called at most once in `TOLD_FOR` seconds; what it
    could not take (False) is tried again with the next refusal."""

    def __init__(
        self,
        door: str,
        tell: Callable[[ManyRefused], bool],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._door = door
        self._tell = tell
        self._clock = clock
        self._all: deque[float] = deque(maxlen=MANY)
        self._with_signature: deque[float] = deque(maxlen=FEW)
        self._count = 0
        self._silent_until = float("-inf")

    def add(self, *, has_signature: bool) -> None:
        """One more was refused."""
        now = self._clock()
        self._count += 1
        self._all.append(now)
        if has_signature:
            self._with_signature.append(now)
        many = len(self._all) == MANY and now - self._all[0] <= MANY_WITHIN
        few = len(self._with_signature) == FEW and now - self._with_signature[0] <= FEW_WITHIN
        if now < self._silent_until or not (many or few):
            return
        if self._tell(ManyRefused(self._door, self._count)):
            self._silent_until = now + TOLD_FOR
            self._count = 0
