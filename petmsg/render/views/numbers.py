"""The field lists of masked numbers: JSON keys and table columns."""

from collections.abc import Callable
from datetime import date
from typing import Any

from petmsg.enums.numbers import NumberClass, NumberStatus
from petmsg.plurals import counted, named
from petmsg.render.field_types import (
    AMOUNT,
    ATTENTION_FLAG,
    COUNT,
    DAY,
    E164,
    FLAG,
    INSTANT,
    NAME,
    REF,
    RELATIVE_INSTANT,
    TEXT,
    WORD,
    keyed,
    list_of,
    one_of,
    or_null,
    rows_of,
)
from petmsg.render.fields import NO_NUMBER, UNCHANGED, Field, View, local, nested, objects
from petmsg.render.views.people import ANY_SITTER


def _held(row: Any) -> dict[str, Any] | None:
    """Since when nothing is sent from the number, when the next message is tried, and why."""
    if row.refused_code is None:
        return None
    from petmsg.providers.rejection_help import why_held

    return {
        "since": row.refused_at,
        "until": row.refused_until,
        "code": row.refused_code,
        "reason": why_held(row.number, row.refused_code),
    }


def _held_in_words(row: Any, view: View) -> str:
    held = _held(row)
    if held is None:
        return "no"
    return (
        f"since {local(held['since'], view)}: {held['reason']}; one message is tried at "
        f"{local(held['until'], view)}"
    )


def _status(row: Any, _: View) -> str:
    return f"{row.status}, held" if row.refused_code is not None else str(row.status)


def _reason(row: Any, view: View) -> str:
    if row.quarantine_reason is not None or row.refused_code is None:
        return row.quarantine_reason or "-"
    return f"held {_held_in_words(row, view)}"


HELD = Field(
    "held",
    get=_held,
    cell=_held_in_words,
    kind=or_null(keyed(since=INSTANT, until=INSTANT, code=WORD, reason=TEXT)),
)
NUMBERS = (
    Field("number", "Number", kind=E164),
    Field("class", "Class", get=lambda row: row.number_class, kind=one_of(NumberClass)),
    Field("status", "Status", cell=_status, kind=one_of(NumberStatus)),
    *ANY_SITTER,
    Field("quarantined_until", "Until", kind=or_null(RELATIVE_INSTANT)),
    Field("quarantine_reason", "Reason", cell=_reason, kind=or_null(TEXT)),
    HELD,
    Field("last_used_at", "Last used", kind=or_null(RELATIVE_INSTANT)),
)
HISTORY = (
    Field("from", "From", get=lambda row: row.starts_at, kind=INSTANT),
    Field(
        "to",
        "To",
        get=lambda row: row.ends_at,
        cell=lambda row, view: local(row.ends_at, view) if row.ends_at else "today",
        kind=or_null(INSTANT),
    ),
    Field("class", "Class", get=lambda row: row.number_class, kind=one_of(NumberClass)),
    Field("status", "Status", kind=one_of(NumberStatus)),
    *ANY_SITTER,
    Field("quarantined_until", "Until", kind=or_null(INSTANT)),
    Field("reason", "Reason", kind=or_null(TEXT)),
    Field("actor", "Actor", kind=NAME),
)
NUMBER = (
    *(
        field._replace(title="Held") if field is HELD else field._replace(cell=None)
        for field in NUMBERS
    ),
    Field("segments_per_second", "Segments per second", kind=AMOUNT),
    Field(
        "mms",
        "Sends pictures",
        get=lambda row: None if row.mms is None else bool(row.mms),
        kind=or_null(FLAG),
    ),
    Field(
        "threads",
        "Clients",
        cell=lambda row, _: ", ".join(map(named, row.threads, row.client_names)) or "-",
        kind=list_of(REF),
    ),
    Field("client_names", None, kind=list_of(or_null(NAME))),
    Field(
        "history",
        None,
        get=nested(HISTORY, "history"),
        kind=rows_of(HISTORY),
    ),
)
NUMBER_CHANGED = (
    Field("number", "Number", kind=E164),
    Field("class", "Class", get=lambda row: row.number_class, kind=one_of(NumberClass)),
    Field("status", "Status", kind=one_of(NumberStatus)),
    *ANY_SITTER,
    Field("replaced", "Replaced number", kind=or_null(E164)),
    UNCHANGED,
)
NUMBER_ADDED = (
    Field("number", "Number", kind=E164),
    Field("class", "Class", get=lambda row: row.number_class, kind=one_of(NumberClass)),
    Field("status", "Status", kind=one_of(NumberStatus)),
    UNCHANGED,
)


def _meanwhile(row: Any, _: View) -> str:
    return (
        ", ".join(
            f"{counted(count, 'window')} from {number} ({kind})"
            if number
            else f"{count} from {NO_NUMBER}"
            for number, kind, count in row.meanwhile
        )
        or "-"
    )


def _affected(row: Any, _: View) -> str:
    sitter = "-" if row.sitter is None else named(row.sitter, row.sitter_name)
    return (
        f"sitter {sitter}, {counted(row.threads, 'thread')}, "
        f"{counted(row.future_windows, 'future window')}"
    )


def _routes(row: Any) -> list[dict[str, Any]]:
    return [
        {"number": number, "class": kind, "windows": count} for number, kind, count in row.meanwhile
    ]


MEANWHILE = (
    Field("number", kind=or_null(E164)),
    Field("class", kind=or_null(one_of(NumberClass))),
    Field("windows", kind=COUNT),
)
QUARANTINED = (
    Field("number", "Number", kind=E164),
    Field("status", "Status", get=lambda _: "quarantined", kind=one_of(NumberStatus)),
    Field("quarantined_until", "Until", kind=RELATIVE_INSTANT),
    Field("previous_until", None, kind=or_null(INSTANT)),
    Field("days", "Days", kind=COUNT),
    Field("reason", "Reason", kind=TEXT),
    Field(
        "affected",
        "Affected",
        get=lambda row: {
            "sitter": row.sitter,
            "sitter_name": row.sitter_name,
            "threads": row.threads,
            "future_windows": row.future_windows,
        },
        cell=_affected,
        kind=keyed(
            sitter=or_null(REF),
            sitter_name=or_null(NAME),
            threads=COUNT,
            future_windows=COUNT,
        ),
    ),
    Field(
        "meanwhile",
        "Fallback numbers",
        get=_routes,
        cell=_meanwhile,
        kind=rows_of(MEANWHILE),
    ),
    Field("replacement", "New front desk", kind=or_null(E164)),
)


def _instead(row: Any, _: View) -> str:
    return ", ".join(
        f"{number} ({kind}, {count})" if number else f"{NO_NUMBER} ({count})"
        for number, kind, count in row.meanwhile
    )


def _weekday(row: Any, _: View) -> str:
    return f"{date.fromisoformat(row.day):%a} {row.day}"


_DAY = Field("day", "Starts", cell=_weekday, kind=DAY)
_CLIENTS = (
    Field(
        "clients",
        "Clients",
        get=lambda row: list(row.clients),
        cell=lambda row, _: ", ".join(map(named, row.clients, row.client_names)),
        kind=list_of(REF),
    ),
    Field(
        "client_names", None, get=lambda row: list(row.client_names), kind=list_of(or_null(NAME))
    ),
)
PLANNED_WINDOWS = (
    _DAY,
    Field("windows", "Windows", get=lambda row: len(row.bookings), kind=COUNT),
    Field("bookings", "Bookings", get=lambda row: list(row.bookings), kind=list_of(REF)),
    *_CLIENTS,
    Field("meanwhile", "Fallback number", get=_routes, cell=_instead, kind=rows_of(MEANWHILE)),
)
PLANNED_TEXTED = (
    _DAY._replace(title="Last message"),
    Field("texts", "Messages", kind=COUNT),
    *_CLIENTS,
    Field(
        "meanwhile",
        "Fallback number",
        get=lambda row: [
            {"number": number, "class": kind, "clients": count}
            for number, kind, count in row.meanwhile
        ],
        cell=_instead,
        kind=rows_of((*MEANWHILE[:2], Field("clients", kind=COUNT))),
    ),
)


def _days(fields: tuple[Field, ...], name: str) -> Callable[[Any], list[dict[str, Any]]]:
    return lambda row: objects(fields, getattr(row.plan, name))


PLANNED = (
    *QUARANTINED,
    Field(
        "windows_by_day",
        None,
        get=_days(PLANNED_WINDOWS, "windows"),
        kind=rows_of(PLANNED_WINDOWS),
    ),
    Field("texted_by_day", None, get=_days(PLANNED_TEXTED, "texted"), kind=rows_of(PLANNED_TEXTED)),
)
RESTORED = (
    Field("number", "Number", kind=E164),
    Field("status", "Status", get=lambda _: "active", kind=one_of(NumberStatus)),
    *ANY_SITTER,
    Field("forced", "Early", kind=ATTENTION_FLAG),
    Field("reason", "Reason", kind=or_null(TEXT)),
)
