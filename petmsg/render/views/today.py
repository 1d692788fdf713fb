"""The field lists of `petmsg today`: one record of the day, and the same as rows of one table."""

from collections.abc import Iterator
from typing import Any

from petmsg.enums.bookings import BookingStatus
from petmsg.plurals import counted
from petmsg.render.field_types import (
    BAD_FLAG,
    COUNT,
    DAY,
    ID,
    INSTANT,
    NAME,
    REF,
    TEXT,
    WORD,
    keyed,
    list_of,
    one_of,
    one_word_of,
    or_null,
    rows_of,
)
from petmsg.render.fields import Field, nested
from petmsg.render.views.call_fields import CALL_COUNTS, counted_calls
from petmsg.render.views.coverage import GAPS

_STATES = ("over", "running", "to_come")


def _booking(name: str, **how: Any) -> Field:
    return Field(name, get=lambda each: getattr(each.row, name), **how)


_VISITS = (
    _booking("booking", kind=REF),
    _booking("status", kind=one_of(BookingStatus)),
    Field("state", kind=one_word_of(*_STATES)),
    _booking("starts_at", kind=INSTANT),
    _booking("ends_at", kind=INSTANT),
    _booking("client", kind=REF),
    _booking("client_name", kind=or_null(NAME)),
    _booking("sitter", kind=or_null(REF)),
    _booking("sitter_name", kind=or_null(NAME)),
    _booking("window_starts_at", kind=or_null(INSTANT)),
    _booking("window_ends_at", kind=or_null(INSTANT)),
    Field("command", kind=or_null(TEXT)),
)
_ABSENCES = (
    Field("sitter", kind=REF),
    Field("sitter_name", kind=NAME),
    Field("starts_at", kind=INSTANT),
    Field("ends_at", kind=INSTANT),
    Field("reason", kind=TEXT),
)
_SITTERS = (Field("sitter", kind=REF), Field("sitter_name", kind=NAME))
_HANDOFFS = (
    Field("at", kind=INSTANT),
    Field("booking", kind=REF),
    Field("client", kind=REF),
    Field("client_name", kind=or_null(NAME)),
    Field("from_sitter", kind=REF),
    Field("from_name", kind=NAME),
    Field("to_sitter", kind=REF),
    Field("to_name", kind=NAME),
)
_GAPS = tuple(field for field in GAPS if field.name not in ("org", "gap", "meanwhile", "details"))
_WAITING = (
    Field("entity", kind=one_word_of("client", "sitter", "message")),
    Field("ref", kind=REF),
    Field("name", kind=or_null(NAME)),
    Field("since", kind=INSTANT),
    Field("minutes", kind=COUNT),
    Field("late", get=lambda each: each.is_late, kind=BAD_FLAG),
    Field("messages", kind=list_of(ID)),
    Field("calls", kind=list_of(ID)),
    Field("command", kind=TEXT),
)


def _nested(name: str, fields: tuple[Field, ...]) -> Field:
    return Field(name, get=nested(fields, name), kind=rows_of(fields))


def counts(day: Any) -> dict[str, int]:
    """How many visits there are, and how many of them are what."""
    states = [each.state for each in day.visits]
    return {
        "visits": len(states),
        **{name: sum(state == name for state in states) for name in _STATES},
        "pending": sum(each.is_pending for each in day.visits),
        "without_sitter": sum(each.row.sitter is None for each in day.visits),
        "sitters": len({each.row.sitter for each in day.visits} - {None}),
    }


TODAY = (
    Field("org", get=lambda day: day.org.slug, kind=WORD),
    Field("name", get=lambda day: day.org.name, kind=NAME),
    Field("day", get=lambda day: day.day.isoformat(), kind=DAY),
    Field("timezone", kind=WORD),
    Field("at", get=lambda day: day.now, kind=INSTANT),
    Field("starts_at", get=lambda day: day.start, kind=INSTANT),
    Field("ends_at", get=lambda day: day.end, kind=INSTANT),
    Field(
        "counts",
        get=counts,
        kind=keyed(
            visits=COUNT, over=COUNT, running=COUNT, to_come=COUNT, pending=COUNT,
            without_sitter=COUNT, sitters=COUNT,
        ),
    ),
    _nested("visits", _VISITS),
    _nested("absences", _ABSENCES),
    _nested("free", _SITTERS),
    _nested("handoffs", _HANDOFFS),
    _nested("gaps", _GAPS),
    _nested("waiting", _WAITING),
    Field("calls", get=lambda day: counted_calls(day.calls), kind=CALL_COUNTS),
)  # fmt: skip


ROWS = (
    Field("kind", kind=one_word_of("visit", "absence", "gap", "waiting")),
    Field("starts_at", kind=or_null(INSTANT)),
    Field("ends_at", kind=or_null(INSTANT)),
    Field("booking", kind=or_null(REF)),
    Field("client", kind=or_null(REF)),
    Field("client_name", kind=or_null(NAME)),
    Field("sitter", kind=or_null(REF)),
    Field("sitter_name", kind=or_null(NAME)),
    Field("message", kind=or_null(TEXT)),
    Field("command", kind=or_null(TEXT)),
)
"""The columns of TSV and CSV. `starts_at` of who waits is since when they do."""


def rows_of_day(day: Any) -> Iterator[dict[str, Any]]:
    """Everything on the screen as rows of one table: visits, absences, gaps, and who waits."""
    for visit in day.visits:
        said = f"{visit.row.status}, {visit.state.replace('_', ' ')}"
        yield _row("visit", visit.row, message=said, command=visit.command)
    for absence in day.absences:
        yield _row("absence", absence, message=absence.reason)
    for gap in day.gaps:
        yield _row("gap", gap)
    for each in day.waiting:
        known = {} if each.entity == "message" else {each.entity: each.ref}
        known |= {f"{name}_name": each.name for name in known}
        known["message"] = f"waits {counted(each.minutes, 'minute')} for an answer"
        yield _row("waiting", each, starts_at=each.since, **known)


def _row(kind: str, row: Any, **values: Any) -> dict[str, Any]:
    found = {field.name: getattr(row, field.name, None) for field in ROWS}
    return {**found, "kind": kind, **values}
