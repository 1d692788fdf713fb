"""Import overrides that are running or to come: the client's thread goes to the front desk.

The old system could also send a thread to a sitter or to the client; petmsg cannot, so such an
override is reported. If it were dropped silently, the next message would go to the sitter whom
somebody had removed from the conversation.
"""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from sqlite3 import Row

from petmsg.clock import format_local
from petmsg.errors import PetmsgError, Refused, quoted
from petmsg.importers.snoutos.legacy_schema import time_of, word_of
from petmsg.importers.snoutos.people import WHY, client_of_thread
from petmsg.importers.snoutos.report import Imported
from petmsg.queries.client_rows import KnownClient
from petmsg.queries.imported import clients_by_ref
from petmsg.services.bookings.booking_changes import require_span
from petmsg.services.routes import override
from petmsg.services.unit_of_work import UnitOfWork

OVERRIDES = """
SELECT o.id, o.orgId, o.startsAt, o.endsAt, o.targetType, o.threadId, o.reason, t.clientId,
       t.orgId AS threadOrg
FROM "RoutingOverride" o LEFT JOIN "Thread" t ON t.id = o.threadId
WHERE o.orgId = :org AND o.removedAt IS NULL ORDER BY t.clientId, o.startsAt, o.id
"""
OPEN_END_DAYS = 30
"""How many days from the import an override holds that has no end there."""
_DESK = frozenset(("owner_inbox", "owner", "inbox", "front_desk", "desk"))
_ELSEWHERE = frozenset(("sitter", "client"))
_LONGEST_REASON = 500


class OverrideNotImported(Refused):
    code = "override_not_taken"


@dataclass(slots=True)
class _Span:
    """An override to the front desk, of one old row or of several that overlap.

    Times are aware UTC; `notes` are what was changed: (row, code, reason).
    """

    client: KnownClient
    row: str
    starts_at: datetime
    until_at: datetime
    reason: str
    notes: list[tuple[str, str, str]]


def import_overrides(uow: UnitOfWork, rows: Sequence[Row]) -> Imported:
    """Import each running or future override to the front desk; a past one needs nothing.

    Overlapping ones of a client, perhaps of several of their threads there, become one.
    """
    result = Imported("RoutingOverride", read=len(rows))
    clients = clients_by_ref(uow.cursor, uow.org.id, [row["clientId"] for row in rows])
    spans: list[_Span] = []
    for row in rows:
        try:
            span = _span(uow, row, clients)
        except PetmsgError as problem:
            result.refuse(row["id"], problem)
            continue
        if span is None:
            continue
        last = spans[-1] if spans else None
        if last and last.client.id == span.client.id and span.starts_at <= last.until_at:
            last.until_at = max(last.until_at, span.until_at)
            last.notes += span.notes
            result.merged += 1
        else:
            spans.append(span)
    for span in spans:
        try:
            _store(uow, span, result)
        except PetmsgError as problem:
            result.refuse(span.row, problem)
    return result


def _store(uow: UnitOfWork, span: _Span, result: Imported) -> None:
    is_new = override.import_one(
        uow,
        (span.client.id, span.client.ref),
        starts_at=span.starts_at,
        until_at=span.until_at,
        reason=span.reason,
        why=WHY,
    )
    if not is_new:
        result.known += 1
        return
    result.new += 1
    for row, code, reason in span.notes:
        result.note(row, code, reason)


def _span(uow: UnitOfWork, row: Row, clients: Mapping[str, KnownClient]) -> _Span | None:
    """Return the override; None if it is over. Raises `PetmsgError`."""
    starts_at = time_of(row["startsAt"], "Its start")
    until_at = None if row["endsAt"] is None else time_of(row["endsAt"], "Its end")
    if until_at is not None and until_at <= uow.now:
        return None
    client = client_of_thread(row, clients)
    target = word_of(row["targetType"])
    if target in _ELSEWHERE:
        until = "it is removed" if until_at is None else format_local(until_at, uow.org.timezone)
        raise OverrideNotImported(
            f"The messages of client {client.ref} go to the {target} until {until}. "
            "An override can send them to the front desk only.",
            hint="Assignment windows decide who sends: petmsg booking list --client "
            f"{shlex.quote(client.ref)}, then petmsg booking reassign REF SITTER",
        )
    notes = []
    if until_at is None:
        until_at = max(starts_at, uow.now) + timedelta(days=OPEN_END_DAYS)
        when = format_local(until_at, uow.org.timezone)
        what = f"It has no end there, and ends on {when} here."
        notes.append((row["id"], "override_without_end", what))
    require_span(starts_at, until_at, timezone=uow.org.timezone)
    if target not in _DESK:
        what = f"Its target {quoted(row['targetType'] or '')} is not known; it is the front desk."
        notes.append((row["id"], "override_to_desk", what))
    return _Span(client, row["id"], starts_at, until_at, _reason(row["reason"]), notes)


def _reason(written: str | None) -> str:
    """Return the reason as an override can have it."""
    words = " ".join((written or "").split())
    clean = "".join(c for c in words if c.isprintable())[:_LONGEST_REASON].strip()
    return clean or WHY
