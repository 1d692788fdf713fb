"""Which booking does a row without a ref mean? That with its client, sitter, start and end.

So an import without refs can be repeated, and `booking add` typed twice makes one booking.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from petmsg.enums import BookingStatus
from petmsg.queries.booking import bookings_that_start
from petmsg.services.unit_of_work import UnitOfWork

_Span = tuple[int, datetime, datetime]


class SameBookings:
    """The bookings that the rows of a chunk may mean, those of the chunk itself among them.

    `even_cancelled`: a cancelled booking is meant too, if no other is.
    """

    def __init__(self, uow: UnitOfWork, *, even_cancelled: bool) -> None:
        self._uow = uow
        self._even_cancelled = even_cancelled
        self._by_span: dict[_Span, dict[str, Mapping[str, Any]]] = {}
        self._span_of: dict[str, _Span] = {}

    def look_up(self, starts: Iterable[tuple[int, datetime]]) -> None:
        """Read what may be meant by rows with these clients (by id) and starts (aware UTC)."""
        known = sorted(set(starts))
        if known:
            for row in bookings_that_start(self._uow.cursor, self._uow.org, known):
                self.remember(row)

    def remember(self, row: Mapping[str, Any]) -> None:
        """A booking as it is now; what was known of it before is forgotten."""
        if row.get("status") == BookingStatus.CANCELLED and not self._even_cancelled:
            return
        ref, span = row["ref"], (row["client_id"], row["starts_at"], row["ends_at"])
        before = self._span_of.get(ref)
        if before is not None:
            del self._by_span[before][ref]
        self._span_of[ref] = span
        self._by_span.setdefault(span, {})[ref] = row

    def find(self, wanted: Mapping[str, Any], *, any_sitter: bool) -> str | None:
        """The ref of the booking that is meant, the oldest of several; None if there is none.

        `any_sitter`: the row does not say whose it is.
        """
        span = (wanted["client_id"], wanted["starts_at"], wanted["ends_at"])
        same = [
            row
            for row in self._by_span.get(span, {}).values()
            if any_sitter or row["sitter_id"] == wanted["sitter_id"]
        ]
        same.sort(key=lambda row: row.get("status") == BookingStatus.CANCELLED)
        return str(same[0]["ref"]) if same else None
