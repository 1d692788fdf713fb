"""Alerts for clients who wait for an answer: each is raised once, and ends when somebody acts.

The commands that cron runs (`message pull`, `dispatch` and `sync`) call `update_waiting_alerts`.
There is one alert per client, one per sitter whose own messages wait, and one for all strangers
together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from petmsg.clock import format_local
from petmsg.db.cursor import Cursor
from petmsg.enums.alerts import AlertKind, AlertSeverity
from petmsg.enums.inbound import AddressedTo
from petmsg.plurals import counted, who_waits
from petmsg.queries.alert import (
    WAITS_NO_LONGER,
    open_alert,
    open_waiting_alerts,
    waiting_last_closed_at,
)
from petmsg.queries.inbox import InboxItem, find_item
from petmsg.queries.inbox_writes import take_from_sitter
from petmsg.queries.opted_out_phones import opted_out
from petmsg.queries.org import OrgRow
from petmsg.queries.waiting import WaitingMessage, answered_by_sitters, late_at, waiting
from petmsg.services.alert import done, raise_alert
from petmsg.services.unit_of_work import UnitOfWork

STRANGERS = "unrouted"


@dataclass(frozen=True, slots=True)
class Waiter:
    """Somebody who waits for an answer, with the open messages.

    The first waits since `since`; from `late_at` on they have waited too long. Aware UTC.
    """

    entity: str
    ref: str
    messages: tuple[int, ...]
    since: datetime
    last_at: datetime
    late_at: datetime
    calls: tuple[int, ...] = ()
    """The calls that nobody took among the messages."""


def waiters(cursor: Cursor, org: OrgRow, *, client: str | None = None) -> list[Waiter]:
    """Return everybody who waits for a person, the longest wait first; or only that client."""
    found: dict[tuple[str, str], list[WaitingMessage]] = {}
    for row in waiting(cursor, org, client=client):
        found.setdefault(_who(row), []).append(row)
    return [
        Waiter(
            entity,
            ref,
            tuple(row.message for row in rows),
            rows[0].waits_at,
            rows[-1].waits_at,
            min(late_at(org, row) for row in rows),
            tuple(row.call for row in rows if row.call is not None),
        )
        for (entity, ref), rows in found.items()
    ]


def longest_wait(cursor: Cursor, orgs: Sequence[OrgRow], *, now: datetime) -> str | None:
    """Who waits in the orgs at `now` (aware UTC), and the longest wait, in words; None if nobody
    waits."""
    waits = [each for org in orgs for each in waiters(cursor, org)]
    if not waits:
        return None
    return who_waits([each.entity for each in waits], max(now - each.since for each in waits))


def is_due(cursor: Cursor, org: OrgRow, *, now: datetime) -> bool:
    """Whether `update_waiting_alerts` would change anything at `now` (aware UTC)."""
    return bool(answered_by_sitters(cursor, org)) or any(_changes(cursor, org, now))


def update_waiting_alerts(uow: UnitOfWork) -> int:
    """Raise an alert for everybody who waits too long, and end the alerts of those who no longer
    wait.

    Returns the number of alerts raised.
    """
    for message_id in answered_by_sitters(uow.cursor, uow.org):
        take_from_sitter(uow.cursor, uow.org.id, message_id)
    over, late = _changes(uow.cursor, uow.org, uow.now)
    for alert in over:
        _end(uow, alert)
    for each in late:
        _raise(uow, each)
    return len(late)


def _changes(cursor: Cursor, org: OrgRow, now: datetime) -> tuple[list[int], list[Waiter]]:
    """The open alerts of those who no longer wait, and those who wait too long without one. An
    alert that a person closed is not raised again for the same messages."""
    waits = {(each.entity, each.ref): each for each in waiters(cursor, org)}
    alerts = {(each.entity, each.ref): each.id for each in open_waiting_alerts(cursor, org.id)}
    over = [id_ for about, id_ in alerts.items() if about not in waits]
    late = [
        each
        for about, each in waits.items()
        if about not in alerts and each.late_at <= now and not _was_seen(cursor, org, each)
    ]
    return over, late


def end_alert_of(uow: UnitOfWork, item: InboxItem) -> None:
    """End the alert about an inbox message that was claimed or closed, if nothing else waits."""
    entity, ref = _who(item)
    waits = waiters(uow.cursor, uow.org, client=item.client)
    if not any((each.entity, each.ref) == (entity, ref) for each in waits):
        _end_about(uow, entity, ref)


def end_alert_if_answered(uow: UnitOfWork, client_ref: str | None) -> None:
    """End the client's alert after a message to them, if it was a person's answer."""
    if client_ref is None or _open_about(uow, "client", client_ref) is None:
        return
    if not waiters(uow.cursor, uow.org, client=client_ref):
        _end_about(uow, "client", client_ref)


def _who(row: InboxItem | WaitingMessage) -> tuple[str, str]:
    if row.client is not None:
        return "client", row.client
    if row.addressed_to == AddressedTo.RELAY and row.sitter is not None:
        return "sitter", row.sitter
    return "message", STRANGERS


def _raise(uow: UnitOfWork, each: Waiter) -> None:
    whom = {
        "client": f"Client {each.ref} waits",
        "sitter": f"Sitter {each.ref} waits",
    }.get(each.entity, "An unknown sender waits")
    first = each.messages[0]
    messages = counted(len(each.messages), "message")
    since = format_local(each.since, uow.org.timezone)
    ids = " ".join(map(str, each.messages))
    answer = f"petmsg inbox reply {each.messages[-1]} --body '…'; petmsg inbox show {first}; "
    words = f"{whom} for an answer: {messages}, the first since {since}."
    if _has_opted_out(uow, each):
        words += " They have opted out of messages: call them."
        answer = f"petmsg inbox show {first}; petmsg optout show {each.ref}; "
    raise_alert(
        uow,
        AlertKind.CLIENT_WAITING,
        severity=AlertSeverity.WARNING,
        entity=each.entity,
        ref=each.ref,
        message=words,
        command=f"{answer}petmsg inbox claim {ids}",
    )


def _has_opted_out(uow: UnitOfWork, each: Waiter) -> bool:
    """Whether who waits gets no messages, so that a reply would be refused."""
    if each.ref == STRANGERS:
        return False
    phone = find_item(uow.cursor, uow.org, each.messages[-1], now=uow.now).from_e164
    return phone is not None and bool(opted_out(uow.cursor, uow.org, [phone]))


def minutes(each: Waiter, now: datetime) -> int:
    """How many minutes somebody has waited at `now` (aware UTC)."""
    return max(0, (now - each.since) // timedelta(minutes=1))


def _was_seen(cursor: Cursor, org: OrgRow, each: Waiter) -> bool:
    done_at = waiting_last_closed_at(cursor, org.id, entity=each.entity, ref=each.ref)
    return done_at is not None and done_at >= each.last_at


def _open_about(uow: UnitOfWork, entity: str, ref: str) -> int | None:
    kind = AlertKind.CLIENT_WAITING.value
    return open_alert(uow.cursor, uow.org.id, kind=kind, entity=entity, ref=ref)


def _end_about(uow: UnitOfWork, entity: str, ref: str) -> None:
    alert = _open_about(uow, entity, ref)
    if alert is not None:
        _end(uow, alert)


def _end(uow: UnitOfWork, alert: int) -> None:
    done(uow, str(alert), reason=WAITS_NO_LONGER)
