"""Leases a channel for one note about alerts, and records what became of it.

The note is sent with no transaction open. What was told is recorded after it, so a process that is
killed in between lets the channel be told again: at least once, never lost.
"""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from petmsg.db.cursor import Cursor
from petmsg.enums.alerts import AlertKind, AlertSeverity
from petmsg.notify.outcome import Outcome
from petmsg.notify.sending import Note
from petmsg.queries import notify as queries
from petmsg.queries.alert import REPORT_AGAIN_AFTER
from petmsg.queries.notify import ChannelRow, UntoldAlert
from petmsg.queries.org import OrgRow
from petmsg.services.alert import close_alert, raise_alert
from petmsg.services.notify.channel import ENTITY
from petmsg.services.notify.note import note_of
from petmsg.services.unit_of_work import UnitOfWork

LEASE = timedelta(minutes=2)
"""Longer than a note can take (`petmsg.notify.sending.SECONDS`)."""
MOST_IN_A_NOTE = 10
_FIRST_WAIT = timedelta(minutes=1)
_LONGEST_WAIT = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class LeasedChannel:
    """A leased channel, and the alerts of one kind to tell it of."""

    channel: ChannelRow
    alerts: tuple[UntoldAlert, ...]
    note: Note
    until: datetime


def due_channels(cursor: Cursor, orgs: Sequence[OrgRow], *, now: datetime) -> list[ChannelRow]:
    """The channels that may be told now and have an alert to be told of."""
    return [
        channel
        for channel in queries.list_channels(cursor, orgs)
        if channel.is_due(now) and _untold(cursor, channel, now)
    ]


def count_untold(cursor: Cursor, channel: ChannelRow, *, now: datetime) -> int:
    """How many alerts a channel is to be told of at `now`."""
    return len(_untold(cursor, channel, now))


def rehearse_notes(
    cursor: Cursor, channel: ChannelRow, *, now: datetime
) -> list[list[UntoldAlert]]:
    """The alerts that a channel would be told of now, note by note."""
    rows, notes = _untold(cursor, channel, now), []
    while rows:
        part = _of_one_note(rows)
        notes.append(list(part))
        rows = [row for row in rows if row not in part]
    return notes


def begin(uow: UnitOfWork, name: str) -> LeasedChannel | None:
    """Lease a channel for one note; None if it is not due, or another process was faster."""
    channel = queries.channel_named(uow.cursor, uow.org.id, name)
    until = uow.now + LEASE
    if channel is None or not queries.lease(uow.cursor, channel.id, now=uow.now, until=until):
        return None
    alerts = _of_one_note(_untold(uow.cursor, channel, uow.now))
    if not alerts:
        queries.give_back(uow.cursor, channel.id, until=until)
        return None
    note = note_of(uow.org.slug, alerts, queries.own_numbers(uow.cursor, uow.org.id))
    return LeasedChannel(channel, alerts, note, until)


def end(uow: UnitOfWork, leased: LeasedChannel, outcome: Outcome) -> None:
    """Record what became of the note."""
    if outcome.trouble is None:
        if queries.mark_works(uow.cursor, leased.channel.id, until=leased.until):
            told = [each.id for each in leased.alerts]
            queries.mark_told(uow.cursor, leased.channel, told, now=uow.now)
            _close_failed(uow, leased.channel)
        return  # or it was removed meanwhile
    failures = leased.channel.failures + 1
    again = uow.now + min(_FIRST_WAIT * 2 ** min(failures - 1, 10), _LONGEST_WAIT)
    is_ours = queries.mark_failed(
        uow.cursor, leased.channel.id, now=uow.now, until=leased.until, due_at=again
    )
    if is_ours:
        _alert_failed(uow, leased.channel.name, outcome)


def give_back(uow: UnitOfWork, leased: LeasedChannel) -> None:
    """End a lease in which the channel may not have been told: it is due again at once."""
    queries.give_back(uow.cursor, leased.channel.id, until=leased.until)


def works(uow: UnitOfWork, channel: ChannelRow) -> None:
    """Record that a test reached a channel: after a failure it is due again at once. The lease of a
    process that tells it now stays."""
    if queries.mark_test_works(uow.cursor, channel.id):
        _close_failed(uow, channel)


def _close_failed(uow: UnitOfWork, channel: ChannelRow) -> None:
    close_alert(
        uow, AlertKind.NOTIFY_FAILED, entity=ENTITY, ref=channel.name, reason="it works again"
    )


def _alert_failed(uow: UnitOfWork, channel: str, outcome: Outcome) -> None:
    raise_alert(
        uow,
        AlertKind.NOTIFY_FAILED,
        severity=AlertSeverity.WARNING,
        entity=ENTITY,
        ref=channel,
        message=f"Channel {channel} cannot be told of alerts: {outcome.why}.",
        command=f"petmsg notify test {shlex.quote(channel)}",
    )


def _untold(cursor: Cursor, channel: ChannelRow, now: datetime) -> list[UntoldAlert]:
    return queries.untold(cursor, channel, now=now, again_after=REPORT_AGAIN_AFTER)


def _of_one_note(rows: Sequence[UntoldAlert]) -> tuple[UntoldAlert, ...]:
    """The first alerts of the kind of the first."""
    return tuple(row for row in rows if row.kind == rows[0].kind)[:MOST_IN_A_NOTE]
