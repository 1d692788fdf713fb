"""The field lists of `petmsg status`: one record per org, and three short lists below it.

Each count of `queries.status.COUNTS` is one line of the record.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from petmsg.enums.numbers import NumberClass, NumberStatus
from petmsg.enums.orgs import ProviderName
from petmsg.plurals import counted, who_waits
from petmsg.render.call_words import calls_in_words
from petmsg.render.field_types import (
    ATTENTION_FLAG,
    COUNT,
    E164,
    FREE,
    INSTANT,
    NAME,
    RELATIVE_INSTANT,
    TEXT,
    WORD,
    counts_by,
    keyed,
    one_of,
    or_null,
    rows_of,
)
from petmsg.render.fields import Field, View, local, nested, objects
from petmsg.render.views.call_fields import CALL_COUNTS, counted_calls
from petmsg.render.views.coverage import GAPS
from petmsg.render.views.people import ANY_SITTER, person


def _count(name: str, title: str | None = None, cell: Any = None) -> Field:
    return Field(name, title, get=lambda row: row.counts[name], cell=cell, kind=COUNT)


def _listed(counts: Mapping[str, int]) -> str:
    """Counts in words, without the zeros."""
    named = [f"{count} {_words(name)}" for name, count in counts.items() if count]
    return ", ".join(named) or "none"


def _words(name: str) -> str:
    """A count's name in JSON, as people read it."""
    return "unknown" if name == "in_doubt" else name.replace("_", " ")


def _numbers(row: Any, _: View) -> str:
    return "; ".join(
        f"{name.replace('_', ' ')}: {_listed(counts)}" for name, counts in row.numbers.items()
    )


def _today(row: Any, _: View) -> str:
    today = row.today
    words = (
        f"{counted(today.visits, 'visit')} of {counted(len(today.sitters), 'sitter')}, "
        f"{today.running} running"
    )
    return words + (f", {today.without_sitter} WITHOUT A SITTER" if today.without_sitter else "")


def _queue(row: Any, _: View) -> str:
    waits = {name: count for name, count in row.queue.items() if name != "failed_24h"}
    failed = row.queue["failed_24h"]
    return _listed(waits) + (f"; {failed} failed in 24 h" if failed else "")


def _inbox(row: Any, _: View) -> str:
    """Unread messages by addressee; `total` and `claimed` count all of them."""
    inbox = row.inbox
    if not inbox["total"]:
        return "none unread"
    listed = _listed({name: n for name, n in inbox.items() if name not in ("total", "claimed")})
    taken = f"; {inbox['claimed']} claimed" if inbox["claimed"] else ""
    return f"{inbox['total']} unread ({listed}){taken}"


def _waiting(row: Any, _: View) -> str:
    """Who waits for an answer, and the longest wait."""
    if not row.waiting:
        return "nobody"
    waits = [each.entity for each in row.waiting]
    return who_waits(waits, row.at - row.waiting[0].since)


def _longest(row: Any) -> int | None:
    """For how many minutes the first has waited."""
    if not row.waiting:
        return None
    return int(max(row.at - row.waiting[0].since, timedelta(0)) // timedelta(minutes=1))


def _frozen(row: Any, view: View) -> str:
    if not row.frozen:
        return "no"
    until = row.org.frozen_until
    return f"YES, {'until ' + local(until, view) if until else 'until thawed'}"


def _overrides(row: Any, _: View) -> str:
    count = row.counts["overrides"]
    return f"{count}: petmsg route override list" if count else "none"


def _clients(row: Any, _: View) -> str:
    return f"{row.counts['clients']}, and {counted(row.counts['threads'], 'thread')}"


def _why_held(row: Any) -> str:
    from petmsg.providers.rejection_help import why_held

    return why_held(row.number, row.code)


def _held(row: Any, view: View) -> str:
    """Per code: how many numbers send nothing, since when, and why."""
    return (
        "; ".join(
            f"{each.numbers} SEND NOTHING since {local(each.refused_at, view)}: {_why_held(each)}"
            for each in row.held
        )
        or "none"
    )


VISITS = (
    *person("sitter", "Sitter", name_key="name"),
    Field("visits", "Visits", kind=COUNT),
    Field("running", "Running", kind=COUNT),
    Field("starts_at", "First start", kind=INSTANT),
    Field("ends_at", "Last end", kind=INSTANT),
    Field("number", "Number", kind=or_null(E164)),
    Field("number_status", "Number status", kind=or_null(one_of(NumberStatus))),
)
RELEASES = (
    Field("number", "Quarantined number", kind=E164),
    Field("class", "Class", get=lambda row: row.number_class, kind=one_of(NumberClass)),
    *ANY_SITTER,
    Field("quarantined_until", "Until", kind=RELATIVE_INSTANT),
)
HELD = (
    Field("code", "Code", kind=WORD),
    Field("numbers", "Numbers", kind=COUNT),
    Field("since", "Since", get=lambda row: row.refused_at, kind=INSTANT),
    Field("until", "Next trial", get=lambda row: row.refused_until, kind=INSTANT),
    Field("reason", "Reason", get=_why_held, kind=TEXT),
)
FIRST_GAPS = tuple(
    field
    for field in GAPS
    if field.name in ("message", "starts_at", "ends_at", "meanwhile", "command")
)


STATUS = (
    Field("org", "Org", get=lambda row: row.org.slug, kind=WORD),
    Field("name", "Name", get=lambda row: row.org.name, kind=NAME),
    Field("at", "Now", cell=lambda row, view: local(row.at, view), kind=INSTANT),
    Field("timezone", None, get=lambda row: row.org.timezone, kind=WORD),
    Field("provider", "Provider", kind=one_of(ProviderName)),
    Field("frozen", "Frozen", cell=_frozen, kind=ATTENTION_FLAG),
    Field(
        "alerts",
        "Open alerts",
        cell=lambda row, _: _listed(row.alerts),
        kind=counts_by("severity"),
    ),
    Field(
        "gaps",
        "Gaps",
        get=lambda row: {
            "days": row.days,
            "count": len(row.gaps),
            "rows": objects(GAPS, row.gaps),
        },
        kind=keyed(days=COUNT, count=COUNT, rows=rows_of(GAPS)),
        cell=lambda row, _: f"{len(row.gaps) or 'none'} in the next {counted(row.days, 'day')}",
    ),
    Field(
        "today",
        "Today",
        get=lambda row: {
            "visits": row.today.visits,
            "running": row.today.running,
            "without_sitter": row.today.without_sitter,
            "sitters": objects(VISITS, row.today.sitters),
        },
        cell=_today,
        kind=keyed(visits=COUNT, running=COUNT, without_sitter=COUNT, sitters=rows_of(VISITS)),
    ),
    Field("queue", "Queue", cell=_queue, kind=counts_by("what a message waits for")),
    Field("inbox", "Inbox", cell=_inbox, kind=counts_by("who a message is for")),
    Field(
        "waiting",
        "Waiting clients",
        get=lambda row: {
            "clients": len(row.waiting),
            "since": row.waiting[0].since if row.waiting else None,
            "longest_minutes": _longest(row),
            "overdue": sum(each.late_at <= row.at for each in row.waiting),
        },
        cell=_waiting,
        kind=keyed(
            clients=COUNT, since=or_null(INSTANT), longest_minutes=or_null(COUNT), overdue=COUNT
        ),
    ),
    Field(
        "calls",
        "Calls today",
        get=lambda row: counted_calls(row.calls),
        cell=lambda row, _: calls_in_words(row.calls),
        kind=CALL_COUNTS,
    ),
    Field("last_try_at", "Last send attempt", kind=or_null(INSTANT)),
    Field("last_sync_at", "Last sync", kind=or_null(INSTANT)),
    Field("numbers", "Numbers", cell=_numbers, kind=FREE),
    Field(
        "held",
        "Held numbers",
        get=nested(HELD, "held"),
        cell=_held,
        kind=rows_of(HELD),
    ),
    Field("sitters", "Sitters", cell=lambda row, _: _listed(row.sitters), kind=counts_by("status")),
    _count("clients", "Clients", cell=_clients),
    _count("threads"),
    _count("overrides", "Overrides", cell=_overrides),
    _count("bookings_pending", "Bookings pending"),
    Field("releases", None, get=nested(RELEASES, "releases"), kind=rows_of(RELEASES)),
)
