"""Channels of notifications, and the alerts that they were not told of.

A process that moves the `due_at` of a channel on (`lease`) has a lease for telling it one message,
and it alone may say what became of it. After the lease the channel is due again.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from petmsg.db.cursor import Cursor
from petmsg.enums.alerts import AlertSeverity
from petmsg.queries.org import OrgRow

_CHANNELS = """
SELECT c.id, c.org_id, o.slug AS org, o.timezone, c.name, c.severity, c.kinds, c.created_at,
  c.failures, c.failed_at, c.due_at,
  (SELECT max(d.told_at) FROM notify_delivery d WHERE d.channel_id = c.id) AS told_at
FROM notify_channel c
JOIN org o ON o.id = c.org_id
"""
CHANNELS = f"{_CHANNELS} ORDER BY o.slug, c.name"
BY_NAME = f"{_CHANNELS} WHERE c.org_id = :org_id AND c.name = :name"

_ADD = """
INSERT INTO notify_channel (org_id, name, severity, kinds, created_at, failures)
VALUES (:org_id, :name, :severity, :kinds, :now, 0)
"""

_FORGET = "DELETE FROM notify_delivery WHERE channel_id = :id"

_REMOVE = "DELETE FROM notify_channel WHERE id = :id"

# A channel is not told that it failed itself.
UNTOLD = """
SELECT a.id, a.severity, a.kind, a.entity, a.ref, a.message, a.command, a.count AS times
FROM alert a
LEFT JOIN notify_delivery d ON d.alert_id = a.id AND d.channel_id = :channel_id
WHERE a.org_id = :org_id AND a.done_at IS NULL
  AND (d.told_at IS NULL OR d.told_at <= :before)
  AND CASE a.severity WHEN 'critical' THEN 2 WHEN 'warning' THEN 1 ELSE 0 END >= :rank
  AND NOT (a.kind = 'notify_failed' AND a.entity = 'channel' AND a.ref = :name)
ORDER BY CASE a.severity WHEN 'critical' THEN 2 WHEN 'warning' THEN 1 ELSE 0 END DESC, a.id
"""

_LEASE = """
UPDATE notify_channel SET due_at = :until
WHERE id = :id AND (due_at IS NULL OR due_at <= :now)
"""

_GIVE_BACK = "UPDATE notify_channel SET due_at = NULL WHERE id = :id AND due_at = :until"

# A later lease of another process stays.
_WORKS = """
UPDATE notify_channel
SET failures = 0, failed_at = NULL, due_at = CASE WHEN due_at > :until THEN due_at END
WHERE id = :id
"""

# Without a failure, `due_at` is the lease of a process that tells the channel now: it stays. With
# one it is when to try again; a process that tries at this moment may then tell the channel twice.
_TEST_WORKS = """
UPDATE notify_channel
SET failures = 0, failed_at = NULL, due_at = CASE WHEN failures = 0 THEN due_at END
WHERE id = :id
"""

_FAILED = """
UPDATE notify_channel
SET failures = failures + 1, failed_at = coalesce(failed_at, :now), due_at = :due_at
WHERE id = :id AND due_at = :until
"""

_TOLD = """
INSERT INTO notify_delivery (channel_id, alert_id, org_id, told_at)
VALUES (:channel_id, :alert_id, :org_id, :now)
ON CONFLICT (channel_id, alert_id) DO UPDATE SET told_at = excluded.told_at
"""

_OWN_NUMBERS = "SELECT e164 FROM message_number WHERE org_id = :org_id"


class ChannelRow(NamedTuple):
    """A channel. `kinds` is a JSON array, None for every kind; `told_at` is when it was last told
    of an alert."""

    id: int
    org_id: int
    org: str
    timezone: str
    name: str
    severity: AlertSeverity
    kinds: str | None
    created_at: datetime
    failures: int
    failed_at: datetime | None
    due_at: datetime | None
    told_at: datetime | None

    @property
    def kind_list(self) -> list[str]:
        """The kinds of alerts that it is told of; empty for every kind."""
        return [] if self.kinds is None else [str(each) for each in json.loads(self.kinds)]

    def is_due(self, now: datetime) -> bool:
        """Whether it may be told at `now`: it did not fail lately, and no process tells it."""
        return self.due_at is None or self.due_at <= now


class UntoldAlert(NamedTuple):
    """An open alert that a channel was not told of, or a day ago."""

    id: int
    severity: AlertSeverity
    kind: str
    entity: str
    ref: str
    message: str
    command: str | None
    times: int


def list_channels(cursor: Cursor, orgs: Sequence[OrgRow]) -> list[ChannelRow]:
    """The channels of these orgs, by org and name."""
    ids = {org.id for org in orgs}
    return [row for row in cursor.all(ChannelRow, CHANNELS) if row.org_id in ids]


def channel_named(cursor: Cursor, org_id: int, name: str) -> ChannelRow | None:
    """The channel of that name."""
    return cursor.first(ChannelRow, BY_NAME, org_id=org_id, name=name)


def add_channel(
    cursor: Cursor, org_id: int, *, name: str, severity: str, kinds: str | None, now: datetime
) -> None:
    """Add a channel."""
    cursor.run(_ADD, org_id=org_id, name=name, severity=severity, kinds=kinds, now=now)


def remove_channel(cursor: Cursor, channel_id: int) -> None:
    """Remove a channel, and what it was told of."""
    cursor.run(_FORGET, id=channel_id)
    cursor.run(_REMOVE, id=channel_id)


def untold(
    cursor: Cursor, channel: ChannelRow, *, now: datetime, again_after: timedelta
) -> list[UntoldAlert]:
    """The open alerts to tell a channel of at `now`, the most severe first, then the oldest."""
    rows = cursor.all(
        UntoldAlert,
        UNTOLD,
        channel_id=channel.id,
        org_id=channel.org_id,
        name=channel.name,
        rank=AlertSeverity(channel.severity).rank,
        before=now - again_after,
    )
    kinds = channel.kind_list
    return [row for row in rows if not kinds or row.kind in kinds]


def lease(cursor: Cursor, channel_id: int, *, now: datetime, until: datetime) -> bool:
    """Lease a channel that is due; whether it was."""
    return bool(cursor.run(_LEASE, id=channel_id, now=now, until=until))


def give_back(cursor: Cursor, channel_id: int, *, until: datetime) -> None:
    """End a lease that was not used."""
    cursor.run(_GIVE_BACK, id=channel_id, until=until)


def mark_works(cursor: Cursor, channel_id: int, *, until: datetime) -> bool:
    """Record that a channel was told, in a lease until then; whether the channel still exists."""
    return bool(cursor.run(_WORKS, id=channel_id, until=until))


def mark_test_works(cursor: Cursor, channel_id: int) -> bool:
    """Record that a test reached a channel, without a lease; whether the channel still exists."""
    return bool(cursor.run(_TEST_WORKS, id=channel_id))


def mark_failed(
    cursor: Cursor, channel_id: int, *, now: datetime, until: datetime, due_at: datetime
) -> bool:
    """Record that a leased channel could not be told and is due at `due_at`; false if the lease was
    lost meanwhile."""
    return bool(cursor.run(_FAILED, id=channel_id, now=now, until=until, due_at=due_at))


def mark_told(cursor: Cursor, channel: ChannelRow, ids: Iterable[int], *, now: datetime) -> None:
    """Record that a channel was told of these alerts."""
    for each in ids:
        cursor.run(_TOLD, channel_id=channel.id, alert_id=each, org_id=channel.org_id, now=now)


def own_numbers(cursor: Cursor, org_id: int) -> set[str]:
    """The company's own numbers, which an alert may name."""
    return {row[0] for row in cursor.tuples(_OWN_NUMBERS, org_id=org_id)}
