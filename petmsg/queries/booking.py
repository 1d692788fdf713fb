"""Bookings: list and show them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from petmsg.days import Span
from petmsg.db.cursor import Cursor
from petmsg.queries.lookup import find_booking, find_client, find_sitter
from petmsg.queries.org import OrgRow
from petmsg.queries.page import Page, in_order_of, newest_of

_BOOKINGS = """
SELECT b.id, b.ref AS booking, b.status, c.ref AS client, c.name AS client_name,
       s.ref AS sitter, s.name AS sitter_name, b.starts_at, b.ends_at, b.created_at,
       w.id AS window_id, w.thread_id, w.starts_at AS window_starts_at,
       w.booked_until, w.ends_at AS window_ends_at, b.lead_minutes
FROM booking b
JOIN client c ON c.id = b.client_id
LEFT JOIN sitter s ON s.id = b.sitter_id
LEFT JOIN assignment_window w ON w.booking_id = b.id
WHERE b.org_id = :org_id
"""

_ENDS_AFTER = " AND b.ends_at > :span_start"
_STARTS_BEFORE = " AND b.starts_at < :span_end"
_START_OF = "SELECT starts_at FROM booking WHERE id = :id"

THAT_START = """
SELECT id, ref, client_id, sitter_id, status, starts_at, ends_at, lead_minutes FROM booking
WHERE org_id = :org_id AND client_id IN (:client_ids)
  AND starts_at >= :first AND starts_at <= :last
"""

_MARK_CANCELLED = "UPDATE booking SET status = 'cancelled' WHERE id = :id"

_IS_BOOKING = "SELECT 1 FROM booking WHERE org_id = :org_id AND ref = :ref"

_INSERT_BOOKING = """
INSERT INTO booking (org_id, ref, client_id, sitter_id, status, starts_at, ends_at, created_at,
  lead_minutes)
VALUES (:org_id, :ref, :client_id, :sitter_id, 'pending', :starts_at, :ends_at, :created_at,
  :lead_minutes)
"""
_UPDATE_BOOKING = """
UPDATE booking SET sitter_id = :sitter_id, starts_at = :starts_at, ends_at = :ends_at,
    lead_minutes = :lead_minutes
WHERE id = :id
"""


class BookingRow(NamedTuple):
    """A booking, with its window if it has one."""

    id: int
    booking: str
    status: str
    client: str
    client_name: str | None
    sitter: str | None
    sitter_name: str | None
    starts_at: datetime
    ends_at: datetime
    created_at: datetime
    window_id: int | None
    thread_id: int | None
    window_starts_at: datetime | None
    booked_until: datetime | None
    window_ends_at: datetime | None
    lead_minutes: int | None


class BookingSpan(NamedTuple):
    """A booking, with its time."""

    id: int
    ref: str
    client_id: int
    sitter_id: int | None
    status: str
    starts_at: datetime
    ends_at: datetime
    lead_minutes: int | None


def list_bookings(
    cursor: Cursor,
    org: OrgRow,
    page: Page,
    *,
    status: str | None = None,
    client: str | None = None,
    sitter: str | None = None,
    span: Span | None = None,
) -> list[BookingRow]:
    """The org's bookings, the newest first. With a span, those that overlap it in the order of
    their start; a page then follows the row named `page.before`."""
    before = find_booking(cursor, org.id, page.before).id if page.before else None
    where = {
        "b.status": status,
        "b.client_id": find_client(cursor, org.id, client).id if client else None,
        "b.sitter_id": find_sitter(cursor, org.id, sitter).id if sitter else None,
    }
    if span is None:
        return newest_of(
            cursor,
            BookingRow,
            _BOOKINGS,
            key="b.id",
            page=page,
            before_id=before,
            where=where,
            org_id=org.id,
        )
    select, bounds = _BOOKINGS, dict[str, datetime]()
    if span.start is not None:
        select, bounds["span_start"] = select + _ENDS_AFTER, span.start
    if span.end is not None:
        select, bounds["span_end"] = select + _STARTS_BEFORE, span.end
    return in_order_of(
        cursor,
        BookingRow,
        select,
        key="b.starts_at, b.id",
        page=page,
        after=None if before is None else (cursor.instant(_START_OF, id=before), before),
        where=where,
        org_id=org.id,
        **bounds,
    )


def show_booking(cursor: Cursor, org: OrgRow, ref: str) -> BookingRow:
    """One booking with its window. Raises `NotFound`."""
    key = find_booking(cursor, org.id, ref)
    return cursor.all(BookingRow, _BOOKINGS + " AND b.id = :id", org_id=org.id, id=key.id)[0]


def bookings_that_start(
    cursor: Cursor, org: OrgRow, starts: Sequence[tuple[int, datetime]]
) -> list[BookingSpan]:
    """The bookings of these clients (by id) from the first of these starts to the last (aware
    UTC), the oldest first."""
    rows = cursor.all_in_list(
        BookingSpan,
        THAT_START,
        "client_ids",
        sorted({client_id for client_id, _ in starts}),
        org_id=org.id,
        first=min(start for _, start in starts),
        last=max(start for _, start in starts),
    )
    return sorted(rows, key=lambda row: int(row.id))


def pending_refs(cursor: Cursor, org: OrgRow) -> list[str]:
    """The refs of all pending bookings of the org, the oldest first."""
    rows = cursor.tuples(
        "SELECT ref FROM booking WHERE org_id = :org_id AND status = 'pending' ORDER BY id",
        org_id=org.id,
    )
    return [row[0] for row in rows]


def mark_cancelled(cursor: Cursor, booking_id: int) -> None:
    """Cancel a booking."""
    cursor.run(_MARK_CANCELLED, id=booking_id)


def is_booking(cursor: Cursor, org_id: int, ref: str) -> bool:
    """Whether a booking of the org has that ref."""
    return cursor.value(_IS_BOOKING, org_id=org_id, ref=ref) is not None


def insert_bookings(cursor: Cursor, bookings: Iterable[Mapping[str, Any]]) -> None:
    """Add pending bookings, each with the values of `_INSERT_BOOKING`."""
    cursor.run_many(_INSERT_BOOKING, bookings)


def update_bookings(cursor: Cursor, bookings: Iterable[Mapping[str, Any]]) -> None:
    """Change sitter, time and lead time of bookings, each with its id."""
    cursor.run_many(_UPDATE_BOOKING, bookings)
