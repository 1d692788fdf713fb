"""Counts rejected requests without a valid signature, in memory.

A single one is normal on the internet. An alert is raised for many, and for a few that carry a
wrong signature: then the token or the public URL may have changed, and messages and payments are
lost. It says what most of the last ones look like. The database is written at most once in
`REPORT_EVERY` seconds.
"""

import time
from collections import Counter, deque
from collections.abc import Callable
from typing import NamedTuple

from petmsg.enums.webhooks import LooksLike
from petmsg.services.inbound.refused_webhooks import ManyRefused

MANY = 20
MANY_WITHIN = 600.0
"""This many rejections within this many seconds raise an alert."""
FEW = 5
FEW_WITHIN = 3600.0
"""This many wrong signatures within this many seconds raise an alert."""
REPORT_EVERY = 3600.0


class Refused(NamedTuple):
    """What is known of one rejected request; see `ManyRefused`."""

    has_signature: bool
    looks_like: LooksLike | None = None
    account: str = ""
    names: frozenset[str | None] = frozenset()
    address: str | None = None


class RejectionCounter:
    """The latest rejections at one endpoint.

    `report` is called at most once in `REPORT_EVERY` seconds; if it returns False, it is called
    again with the next rejection.
    """

    def __init__(
        self,
        endpoint: str,
        report: Callable[[ManyRefused], bool],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._endpoint = endpoint
        self._report = report
        self._clock = clock
        self._all: deque[float] = deque(maxlen=MANY)
        self._with_signature: deque[float] = deque(maxlen=FEW)
        self._last: deque[Refused] = deque(maxlen=MANY)
        self._count = 0
        self._silent_until = float("-inf")

    def add(self, refused: Refused) -> None:
        """Count one rejection."""
        now = self._clock()
        self._count += 1
        self._all.append(now)
        self._last.append(refused)
        if refused.has_signature:
            self._with_signature.append(now)
        many = len(self._all) == MANY and now - self._all[0] <= MANY_WITHIN
        few = len(self._with_signature) == FEW and now - self._with_signature[0] <= FEW_WITHIN
        if now < self._silent_until or not (many or few):
            return
        if self._report(self._seen()):
            self._silent_until = now + REPORT_EVERY
            self._count = 0

    def _seen(self) -> ManyRefused:
        """The rejections, with what most of them look like. Strangers do not hide the provider."""
        known = Counter(
            each[1:] for each in self._last if each.looks_like not in (None, LooksLike.STRANGER)
        )
        if known:
            return ManyRefused(self._endpoint, self._count, *known.most_common(1)[0][0])
        return ManyRefused(self._endpoint, self._count, self._last[-1].looks_like)
