"""Match rows without a ref to existing bookings: by client, sitter, start and end.

So an import without refs can be repeated, and `booking add` typed twice adds one booking.
"""

from collections.abc import Iterable
from datetime import datetime

from petmsg.enums.bookings import BookingStatus
from petmsg.queries.booking import BookingSpan, bookings_that_start
from petmsg.queries.confirm import BookingState
from petmsg.services.unit_of_work import UnitOfWork

_Span = tuple[int, datetime, datetime]


class SameBookings:
    """The bookings that the rows of a chunk may match, including those added by the same chunk.

    `even_cancelled`: a cancelled booking matches as well, if no other booking does.
    """

    def __init__(self, uow: UnitOfWork, *, even_cancelled: bool) -> None:
        self._uow = uow
        self._even_cancelled = even_cancelled
        self._by_span: dict[_Span, dict[str, BookingSpan | BookingState]] = {}
        self._span_of: dict[str, _Span] = {}

    def look_up(self, starts: Iterable[tuple[int, datetime]]) -> None:
        """Read the bookings of these clients (ids) with these starts (aware UTC)."""
        known = sorted(set(starts))
        if known:
            for row in bookings_that_start(self._uow.cursor, self._uow.org, known):
                self.remember(row)

    def remember(self, row: BookingSpan | BookingState) -> None:
        """Store the current state of a booking; it replaces an earlier one."""
        if row.status == BookingStatus.CANCELLED and not self._even_cancelled:
            return
        ref, span = row.ref, (row.client_id, row.starts_at, row.ends_at)
        before = self._span_of.get(ref)
        if before is not None:
            del self._by_span[before][ref]
        self._span_of[ref] = span
        self._by_span.setdefault(span, {})[ref] = row

    def find(self, wanted: BookingState, *, any_sitter: bool) -> str | None:
        """The ref of the matching booking, the oldest of several; None if there is none.

        `any_sitter`: the row names no sitter, so the sitter is not compared.
        """
        span = (wanted.client_id, wanted.starts_at, wanted.ends_at)
        same = [
            row
            for row in self._by_span.get(span, {}).values()
            if any_sitter or row.sitter_id == wanted.sitter_id
        ]
        same.sort(key=lambda row: row.status == BookingStatus.CANCELLED)
        return same[0].ref if same else None
