"""The field lists of bookings: JSON keys and table columns."""

from petmsg.enums.bookings import BookingStatus
from petmsg.render.field_types import (
    COUNT,
    E164,
    FLAG,
    ID,
    INSTANT,
    REF,
    RELATIVE_INSTANT,
    TEXT,
    keyed,
    list_of,
    one_of,
    or_null,
)
from petmsg.render.fields import UNCHANGED, Field, local
from petmsg.render.views.people import ANY_SITTER, CLIENT

_BOOKED = (
    Field("booking", "Booking", kind=REF),
    Field("status", "Status", kind=one_of(BookingStatus)),
    *CLIENT,
    *ANY_SITTER,
    Field("starts_at", "Starts", kind=RELATIVE_INSTANT),
    Field("ends_at", "Ends", kind=INSTANT),
)
BOOKINGS = (
    *_BOOKED,
    Field("window", None, get=lambda row: row.window_id, kind=or_null(ID)),
    Field("lead_minutes", None, kind=or_null(COUNT)),
)
BOOKING = (
    *_BOOKED,
    Field("thread", "Thread", get=lambda row: row.thread_id, kind=or_null(ID)),
    Field(
        "window",
        "Window",
        get=lambda row: (
            None
            if row.window_id is None
            else {
                "id": row.window_id,
                "starts_at": row.window_starts_at,
                "booked_until": row.booked_until,
                "ends_at": row.window_ends_at,
            }
        ),
        cell=lambda row, view: (
            "-"
            if row.window_id is None
            else f"{local(row.window_starts_at, view)} to {local(row.window_ends_at, view)}"
        ),
        kind=or_null(keyed(id=ID, starts_at=INSTANT, booked_until=INSTANT, ends_at=INSTANT)),
    ),
    Field("created_at", "Added", kind=INSTANT),
    Field(
        "lead_minutes",
        "Lead (min)",
        cell=lambda row, _: "as the org" if row.lead_minutes is None else str(row.lead_minutes),
        kind=or_null(COUNT),
    ),
)
BOOKING_CHANGED = (
    *_BOOKED,
    Field("window", "Window", kind=or_null(ID)),
    Field("overlaps", "Overlaps", kind=list_of(REF)),
    UNCHANGED,
    Field("lead_minutes", None, kind=or_null(COUNT)),
    Field("warnings", None, kind=list_of(TEXT)),
)
CONFIRMED = (
    Field("booking", "Booking", kind=REF),
    Field("status", "Status", kind=one_of(BookingStatus)),
    *CLIENT,
    Field("thread", "Thread", kind=ID),
    Field("window", "Window", kind=ID),
    *ANY_SITTER,
    Field("default_number", "Default number", kind=or_null(E164)),
    Field(
        "reused",
        "Created",
        get=lambda row: {"thread": row.thread_reused, "window": row.window_reused},
        cell=lambda row, _: (
            ", ".join(
                name
                for name, was in (("thread", row.thread_reused), ("window", row.window_reused))
                if not was
            )
            or "nothing"
        ),
        kind=keyed(thread=FLAG, window=FLAG),
    ),
    Field("overlaps", "Overlaps", kind=list_of(REF)),
    Field("warnings", None, kind=list_of(TEXT)),
)
