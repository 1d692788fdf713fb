"""Checks of the backlog: senders, quarantines, the queue, unknown outcomes, unanswered clients.

Standard library only.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from petmsg.db.cursor import Cursor
from petmsg.db.liveness import is_dead
from petmsg.enums.alerts import CheckResult
from petmsg.enums.purchases import PurchaseKind
from petmsg.plurals import counted
from petmsg.queries.invariants import backlog as queries
from petmsg.services.doctor.check import Check, CheckContext, Finding, group_findings
from petmsg.services.inbound.waiting import waiters

RELEASE_LATE = timedelta(hours=1)
PURCHASE_LATE = timedelta(minutes=10)
QUEUE_LATE = timedelta(minutes=30)
UNKNOWN_LATE = timedelta(hours=1)
CALL_LATE = timedelta(hours=25)
"""After these delays it is likely that the cron job for it does not run."""


def _dead_senders(cursor: Cursor, context: CheckContext) -> Iterator[Finding]:
    """Messages that are `sending`, and whose sending process has died."""

    def finding(row: dict[str, Any], org: str | None) -> Finding:
        return Finding(
            f"Message {row['message']} is being sent by a process that has died",
            context.command("petmsg reconcile{org}", org),
            org,
        )

    dead = [
        row for row in queries.sending(cursor) if is_dead(cursor, context.location, row["worker"])
    ]
    return group_findings(context, dead, finding)


def _quarantines(cursor: Cursor, context: CheckContext) -> Iterator[Finding]:
    """Quarantines that are over and were not ended. Their numbers are usable nevertheless."""

    def finding(row: dict[str, Any], org: str | None) -> Finding:
        late = context.now - row["quarantined_until"]
        return Finding(
            f"The quarantine of {row['number']} ended {_length(late)} ago and is still in place",
            context.command("petmsg number release-due{org}", org),
            org,
            CheckResult.PROBLEM if late > RELEASE_LATE else CheckResult.WARNING,
        )

    return group_findings(context, queries.ended_quarantines(cursor, now=context.now), finding)


def _purchases(cursor: Cursor, context: CheckContext) -> Iterator[Finding]:
    """Numbers of which it is not known whether they were bought or given back."""

    def finding(row: dict[str, Any], org: str | None) -> Finding:
        what = "bought" if row["kind"] == PurchaseKind.BUY else "given back"
        return Finding(
            f"It is not known whether {row['number']} was {what}",
            context.command("petmsg number settle{org}", org),
            org,
        )

    return group_findings(
        context, queries.open_purchases(cursor, before=context.now - PURCHASE_LATE), finding
    )


def _queue(cursor: Cursor, context: CheckContext) -> Iterator[Finding]:
    """Queued messages that have been due for a while."""

    def finding(row: dict[str, Any], org: str | None) -> Finding:
        return Finding(
            f"The queue has {counted(row['texts'], 'overdue message')}; the first has been due for "
            f"{_length(context.now - row['due_at'])}",
            context.command("petmsg message dispatch{org}", org),
            org,
            CheckResult.WARNING,
        )

    return group_findings(
        context, queries.overdue(cursor, before=context.now - QUEUE_LATE), finding
    )


def _unknown_outcomes(cursor: Cursor, context: CheckContext) -> Iterator[Finding]:
    """Messages whose outcome has been unknown for longer than it takes to ask the provider."""

    def finding(row: dict[str, Any], org: str | None) -> Finding:
        length = _length(context.now - row["in_doubt_at"])
        return Finding(
            f"{counted(row['texts'], 'unknown outcome')}; the first has been unknown for {length}",
            context.command("petmsg reconcile{org}", org),
            org,
            CheckResult.WARNING,
        )

    return group_findings(
        context, queries.old_unknown_outcomes(cursor, before=context.now - UNKNOWN_LATE), finding
    )


def _calls(cursor: Cursor, context: CheckContext) -> Iterator[Finding]:
    """Calls without an end that are longer than any call can be."""

    def finding(row: dict[str, Any], org: str | None) -> Finding:
        length = _length(context.now - row["started_at"])
        return Finding(
            f"{counted(row['calls'], 'call')} without an end; the first began {length} ago",
            context.command("petmsg reconcile{org}", org),
            org,
            CheckResult.WARNING,
        )

    return group_findings(
        context, queries.open_calls(cursor, before=context.now - CALL_LATE), finding
    )


def _webhooks(cursor: Cursor, context: CheckContext) -> Iterator[Finding]:
    """Refused webhook requests, until their alert is marked as done."""

    def finding(row: dict[str, Any], org: str | None) -> Finding:
        return Finding(row["message"], context.command("petmsg alert list{org}", org), org)

    return group_findings(context, queries.refused_webhooks(cursor), finding)


def _clients(cursor: Cursor, context: CheckContext) -> Iterator[Finding]:
    """Clients who have waited too long for an answer."""
    for org in context.orgs:
        late = [each for each in waiters(cursor, org) if each.late_at <= context.now]
        if late:
            yield Finding(
                f"{counted(len(late), 'client')} without an answer; the first has waited for "
                f"{_length(context.now - late[0].since)}",
                context.command("petmsg inbox list{org}", org.slug),
                org.slug,
                CheckResult.WARNING,
            )


def _length(span: timedelta) -> str:
    """A duration in its largest unit, as in `3 hours`."""
    seconds = int(span.total_seconds())
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            return counted(seconds // size, unit)
    return counted(seconds, "second")


BACKLOG = (
    Check("senders_alive", "The process of every message being sent is alive", _dead_senders),
    Check("quarantines_ended", "Quarantines that are over were ended", _quarantines),
    Check("purchases_settled", "Purchases of numbers have a known outcome", _purchases),
    Check("queue_moves", "Due messages are sent", _queue),
    Check("doubts_settled", "Unknown outcomes are reconciled", _unknown_outcomes),
    Check("calls_ended", "Calls have ended, as far as they are over", _calls),
    Check("webhooks_signed", "Webhook requests have valid signatures", _webhooks),
    Check("clients_answered", "Clients who wrote are answered or marked as handled", _clients),
)
