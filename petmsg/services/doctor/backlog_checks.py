"""What runs, or should have run by now: senders, quarantines, the queue, texts in doubt.

Standard library only. Each check says what is not as it should be, nothing where all is well.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from petmsg.db.cursor import Cursor
from petmsg.db.liveness import is_dead
from petmsg.enums import CheckResult
from petmsg.queries.invariants import backlog as queries
from petmsg.queries.waiting import UNANSWERED_AFTER
from petmsg.services.doctor.check import Check, CheckContext, Finding, group_findings
from petmsg.services.inbound.waiting import waiters

RELEASE_LATE = timedelta(hours=1)
QUEUE_LATE = timedelta(minutes=30)
DOUBT_LATE = timedelta(hours=1)
"""From then on it looks as if nobody runs the command of cron that would have ended it."""


def _senders(cursor: Cursor, patient: CheckContext) -> Iterator[Finding]:
    """Texts that are being sent by a worker who is dead."""

    def finding(row: dict[str, Any], org: str | None) -> Finding:
        return Finding(
            f"Text {row['message']} is being sent, and its sender is dead",
            patient.command("petmsg reconcile{org}", org),
            org,
        )

    dead = [
        row
        for row in queries.being_sent(cursor)
        if is_dead(cursor, patient.location, row["worker"])
    ]
    return group_findings(patient, dead, finding)


def _quarantines(cursor: Cursor, patient: CheckContext) -> Iterator[Finding]:
    """Quarantines that are over and were not ended. The numbers are usable all the same."""

    def finding(row: dict[str, Any], org: str | None) -> Finding:
        late = patient.now - row["quarantined_until"]
        return Finding(
            f"The quarantine of {row['number']} has been over for {_length(late)}",
            patient.command("petmsg number release-due{org}", org),
            org,
            CheckResult.PROBLEM if late > RELEASE_LATE else CheckResult.WARNING,
        )

    return group_findings(patient, queries.over_quarantines(cursor, now=patient.now), finding)


def _queue(cursor: Cursor, patient: CheckContext) -> Iterator[Finding]:
    """Texts that are due, and that nobody looked at for a while."""

    def finding(row: dict[str, Any], org: str | None) -> Finding:
        return Finding(
            f"{row['texts']} text(s) are due, the first for {_length(patient.now - row['due_at'])}",
            patient.command("petmsg message dispatch{org}", org),
            org,
            CheckResult.WARNING,
        )

    return group_findings(
        patient, queries.overdue(cursor, before=patient.now - QUEUE_LATE), finding
    )


def _doubts(cursor: Cursor, patient: CheckContext) -> Iterator[Finding]:
    """Texts whose fate is not known for longer than asking the provider takes."""

    def finding(row: dict[str, Any], org: str | None) -> Finding:
        length = _length(patient.now - row["in_doubt_at"])
        return Finding(
            f"{row['texts']} text(s) are in doubt, the first for {length}",
            patient.command("petmsg reconcile{org}", org),
            org,
            CheckResult.WARNING,
        )

    return group_findings(
        patient, queries.old_doubts(cursor, before=patient.now - DOUBT_LATE), finding
    )


def _webhooks(cursor: Cursor, patient: CheckContext) -> Iterator[Finding]:
    """Requests of a provider that were refused, until somebody is done with the alert."""

    def finding(row: dict[str, Any], org: str | None) -> Finding:
        return Finding(row["message"], patient.command("petmsg alert list{org}", org), org)

    return group_findings(patient, queries.refused_webhooks(cursor), finding)


def _clients(cursor: Cursor, patient: CheckContext) -> Iterator[Finding]:
    """Clients whom nobody has answered for too long."""
    for org in patient.orgs:
        late = [
            each for each in waiters(cursor, org) if each.since <= patient.now - UNANSWERED_AFTER
        ]
        if late:
            yield Finding(
                f"{len(late)} client(s) wait for an answer, the first for "
                f"{_length(patient.now - late[0].since)}",
                patient.command("petmsg inbox list{org}", org.slug),
                org.slug,
                CheckResult.WARNING,
            )


def _length(span: timedelta) -> str:
    """A span in words, to its largest unit."""
    seconds = int(span.total_seconds())
    for size, unit in ((86400, "day(s)"), (3600, "hour(s)"), (60, "minute(s)")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} second(s)"


UPKEEP = (
    Check("senders_alive", "Whoever sends a text is alive", _senders),
    Check("quarantines_ended", "Quarantines that are over were ended", _quarantines),
    Check("queue_moves", "What is due is looked at", _queue),
    Check("doubts_settled", "Texts in doubt are looked up", _doubts),
    Check("webhooks_signed", "What the providers send to petmsg serve is signed", _webhooks),
    Check("clients_answered", "Clients who wrote were answered, or somebody saw to it", _clients),
)
