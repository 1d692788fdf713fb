"""The field lists of one org's morning: one record, and three short lists below it.

A count of `queries.status.COUNTS` is shown by one line here.
"""

from collections.abc import Mapping
from typing import Any

from petmsg.render.coverage import GAPS
from petmsg.render.fields import Field, View, local


def _count(name: str, title: str | None = None, cell: Any = None) -> Field:
    return Field(name, title, get=lambda row: row.counts[name], cell=cell)


def _listed(counts: Mapping[str, int]) -> str:
    """Counts in words, those of nothing left out."""
    named = [f"{count} {name.replace('_', ' ')}" for name, count in counts.items() if count]
    return ", ".join(named) or "none"


def _numbers(row: Any, _: View) -> str:
    return "; ".join(
        f"{name.replace('_', ' ')}: {_listed(counts)}" for name, counts in row.numbers.items()
    )


def _today(row: Any, _: View) -> str:
    today = row.today
    words = f"{today.visits} visit(s) of {len(today.sitters)} sitter(s), {today.running} running"
    return words + (f", {today.without_sitter} WITHOUT A SITTER" if today.without_sitter else "")


def _queue(row: Any, _: View) -> str:
    waits = {name: count for name, count in row.queue.items() if name != "failed_24h"}
    failed = row.queue["failed_24h"]
    return _listed(waits) + (f"; {failed} failed in 24 h" if failed else "")


def _inbox(row: Any, _: View) -> str:
    """What waits for a person, by whom it is for; `total` and `claimed` count across it."""
    inbox = row.inbox
    if not inbox["total"]:
        return "none unread"
    listed = _listed({name: n for name, n in inbox.items() if name not in ("total", "claimed")})
    taken = f"; {inbox['claimed']} claimed" if inbox["claimed"] else ""
    return f"{inbox['total']} unread ({listed}){taken}"


def _frozen(row: Any, view: View) -> str:
    if not row.frozen:
        return "no"
    until = row.org.frozen_until
    return f"YES, {'until ' + local(until, view) if until else 'until thawed'}"


def _clients(row: Any, _: View) -> str:
    return "{clients}, and {threads} thread(s)".format(**row.counts)


VISITS = (
    Field("sitter", "Sitter"),
    Field("name", "Name"),
    Field("visits", "Visits"),
    Field("running", "Running"),
    Field("starts_at", "First from"),
    Field("ends_at", "Last until"),
    Field("number", "Number"),
    Field("number_status", "Number is"),
)
RELEASES = (
    Field("number", "Quarantined"),
    Field("class", "Class"),
    Field("sitter", "Sitter"),
    Field("quarantined_until", "Until"),
)
FIRST_GAPS = tuple(
    field
    for field in GAPS
    if field.name in ("message", "starts_at", "ends_at", "meanwhile", "command")
)


def _nested(fields: tuple[Field, ...], rows: Any) -> list[dict[str, Any]]:
    return [{field.name: field.value(row) for field in fields} for row in rows]


STATUS = (
    Field("org", "Org", get=lambda row: row.org.slug),
    Field("name", "Name", get=lambda row: row.org.name),
    Field("at", "Now"),
    Field("timezone", None, get=lambda row: row.org.timezone),
    Field("provider", "Provider"),
    Field("frozen", "Frozen", cell=_frozen),
    Field(
        "alerts",
        "Open alerts",
        cell=lambda row, _: _listed(row.alerts),
    ),
    Field(
        "gaps",
        "Gaps",
        get=lambda row: {
            "days": row.days,
            "count": len(row.gaps),
            "rows": _nested(GAPS, row.gaps),
        },
        cell=lambda row, _: f"{len(row.gaps) or 'none'} in the next {row.days} day(s)",
    ),
    Field(
        "today",
        "Today",
        get=lambda row: {
            "visits": row.today.visits,
            "running": row.today.running,
            "without_sitter": row.today.without_sitter,
            "sitters": _nested(VISITS, row.today.sitters),
        },
        cell=_today,
    ),
    Field("queue", "Queue", cell=_queue),
    Field("inbox", "Inbox", cell=_inbox),
    Field("last_try_at", "Last text tried"),
    Field("last_sync_at", "Last sync"),
    Field("numbers", "Numbers", cell=_numbers),
    Field("sitters", "Sitters", cell=lambda row, _: _listed(row.sitters)),
    _count("clients", "Clients", cell=_clients),
    _count("threads"),
    _count("bookings_pending", "Bookings pending"),
    Field("releases", None, get=lambda row: _nested(RELEASES, row.releases)),
)
