"""The field lists of absences: who is away, and the visits in that time."""

from typing import Any

from petmsg.enums.bookings import BookingStatus
from petmsg.render.field_types import (
    FLAG,
    ID,
    INSTANT,
    NAME,
    REF,
    RELATIVE_INSTANT,
    TEXT,
    keyed,
    list_of,
    one_of,
    or_null,
    rows_of,
)
from petmsg.render.fields import UNCHANGED, Field, View, local, nested
from petmsg.render.views.people import ANY_SITTER, CLIENT


def _window(row: Any) -> dict[str, Any] | None:
    if row.window is None:
        return None
    return {
        "id": row.window,
        "starts_at": row.window_starts_at,
        "ends_at": row.window_ends_at,
    }


def _window_cell(row: Any, view: View) -> str:
    if row.window is None:
        return "-"
    return f"{local(row.window_starts_at, view)} to {local(row.window_ends_at, view)}"


VISITS_AWAY = (
    Field("booking", "Booking", kind=REF),
    Field("status", "Status", kind=one_of(BookingStatus)),
    *CLIENT,
    Field("starts_at", "Starts", kind=RELATIVE_INSTANT),
    Field("ends_at", "Ends", kind=INSTANT),
    Field(
        "window",
        "Window",
        get=_window,
        cell=_window_cell,
        kind=or_null(keyed(id=ID, starts_at=INSTANT, ends_at=INSTANT)),
    ),
    *ANY_SITTER,
    Field("handed_over", "Handed over", kind=FLAG),
    Field("warnings", None, get=lambda row: list(row.warnings), kind=list_of(TEXT)),
)


ABSENCES = (
    Field("sitter", "Sitter", kind=REF),
    Field("name", "Name", get=lambda row: row.sitter_name, kind=NAME),
    Field("absence", None, get=lambda row: row.id, kind=ID),
    Field("starts_at", "Away from", kind=RELATIVE_INSTANT),
    Field("ends_at", "Until", kind=RELATIVE_INSTANT),
    Field("reason", "Reason", kind=TEXT),
)
AWAY = (
    Field("sitter", "Sitter", kind=REF),
    Field("name", "Name", kind=NAME),
    Field("absence", None, kind=ID),
    Field("starts_at", "Away from", kind=RELATIVE_INSTANT),
    Field("ends_at", "Until", kind=INSTANT),
    Field("reason", "Reason", kind=TEXT),
    UNCHANGED,
    Field("visits", None, get=nested(VISITS_AWAY, "visits"), kind=rows_of(VISITS_AWAY)),
)
BACK = (
    Field("sitter", "Sitter", kind=REF),
    Field("name", "Name", kind=NAME),
    Field("absence", None, kind=or_null(ID)),
    Field("starts_at", "Away from", kind=or_null(INSTANT)),
    Field("ends_at", "Back since", kind=or_null(INSTANT)),
    Field("cancelled", "Cancelled", get=lambda row: row.is_cancelled, kind=FLAG),
    UNCHANGED,
)
