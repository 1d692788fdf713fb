"""Alerts: list and show them, across orgs, because their ids are global."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from petmsg.db.cursor import Cursor
from petmsg.enums.alerts import AlertSeverity
from petmsg.errors import NoOrg, NotFound, OutOfRange, quoted
from petmsg.queries.org import OrgRow
from petmsg.queries.page import Page, newest_of

_ALERTS = """
SELECT a.id AS alert, o.slug AS org, o.timezone, a.severity, a.kind, a.entity, a.ref,
       coalesce(c.name, s.name) AS ref_name, a.message,
       a.command, a.count AS times, a.opened_at, a.last_at, a.done_at, a.done_by, a.done_reason
FROM alert a
JOIN org o ON o.id = a.org_id
LEFT JOIN client c ON a.entity = 'client' AND c.org_id = a.org_id AND c.ref = a.ref
LEFT JOIN sitter s ON a.entity = 'sitter' AND s.org_id = a.org_id AND s.ref = a.ref
"""
_OPEN = _ALERTS + "WHERE a.done_at IS NULL"
_DONE = _ALERTS + "WHERE a.done_at IS NOT NULL"
_BY_ID = _ALERTS + "WHERE a.id = :id"

REPORT_AGAIN_AFTER = timedelta(hours=24)
"""An alert that is still open after this time is reported again."""
_UNTOLD = """
SELECT id FROM alert WHERE org_id = :org_id AND done_at IS NULL
  AND (told_at IS NULL OR told_at <= :before) LIMIT 1
"""
_GRAVITY = "CASE a.severity WHEN 'critical' THEN 2 WHEN 'warning' THEN 1 ELSE 0 END"
_ONE_RANK = 2**32
"""Greater than any id. Severity and id together are the sort key of the list."""

_OPEN_ALERT = """
SELECT id FROM alert
WHERE org_id = :org_id AND kind = :kind AND entity = :entity AND ref = :ref
  AND done_at IS NULL
"""

_OPEN_ALERT_REFS = """
SELECT ref FROM alert
WHERE org_id = :org_id AND kind = :kind AND entity = :entity AND ref IN (:refs)
  AND done_at IS NULL
"""

_ORGS_WITH_OPEN_ALERT = """
SELECT o.slug FROM org o JOIN alert a ON a.org_id = o.id
WHERE a.kind = :kind AND a.entity = :entity AND a.ref = :ref AND a.done_at IS NULL
ORDER BY o.slug
"""

_MARK_TOLD = """
UPDATE alert
SET told_at = :now
WHERE org_id = :org_id AND done_at IS NULL AND (told_at IS NULL OR told_at <= :before)
RETURNING id
"""

_MARK_DONE = """
UPDATE alert
SET done_at = :now, done_by = :actor, done_reason = :reason
WHERE org_id = :org_id AND id = :id AND done_at IS NULL
"""

_OF_KIND = """
SELECT id, ref FROM alert WHERE org_id = :org_id AND kind = :kind AND done_at IS NULL ORDER BY id
"""

_UNPAID = """
SELECT id FROM alert WHERE org_id = :org_id AND kind IN ('payment_not_matched', 'payment_failed')
  AND entity = 'booking' AND ref = :ref AND done_at IS NULL
"""

_WAITING = """
SELECT id, entity, ref FROM alert
WHERE org_id = :org_id AND kind = 'client_waiting' AND done_at IS NULL
"""

WAITS_NO_LONGER = "answered, claimed or closed"
"""Why petmsg itself ends the alert of somebody who waits."""

# What came in before then was seen.
_WAITING_LAST_CLOSED = """
SELECT max(done_at) AS done_at FROM alert
WHERE org_id = :org_id AND kind = 'client_waiting' AND entity = :entity AND ref = :ref
  AND coalesce(done_reason, '') <> :no_longer
"""

# One statement, because two processes may raise the same alert at the same moment.
_INSERT_ALERT = """
INSERT INTO alert (org_id, severity, kind, entity, ref, message, command, count, opened_at, last_at)
VALUES (:org_id, :severity, :kind, :entity, :ref, :message, :command, 1, :now, :now)
ON CONFLICT (org_id, kind, entity, ref) WHERE done_at IS NULL DO UPDATE SET
    count = alert.count + 1,
    severity = CASE WHEN alert.severity = 'critical' OR excluded.severity = 'info'
                    THEN alert.severity ELSE excluded.severity END,
    message = excluded.message,
    command = excluded.command,
    last_at = CASE WHEN excluded.last_at > alert.last_at
                   THEN excluded.last_at ELSE alert.last_at END
RETURNING id, count
"""


class AlertRow(NamedTuple):
    """An alert, with the slug and the time zone of its org. `times` is how often it was raised."""

    alert: int
    org: str
    timezone: str
    severity: str
    kind: str
    entity: str
    ref: str
    ref_name: str | None
    message: str
    command: str | None
    times: int
    opened_at: datetime
    last_at: datetime
    done_at: datetime | None
    done_by: str | None
    done_reason: str | None


class WaitingAlert(NamedTuple):
    id: int
    entity: str
    ref: str


def list_alerts(
    cursor: Cursor,
    orgs: Sequence[OrgRow],
    page: Page,
    *,
    done: bool = False,
    severity: AlertSeverity | None = None,
) -> list[AlertRow]:
    """The open alerts, the most severe first, then the newest; or the done ones, the newest first.

    `severity` is the lowest one to list, `page.before` an alert's id.
    """
    key, before = "a.id" if done else f"({_GRAVITY} * {_ONE_RANK} + a.id)", None
    if page.before is not None:
        row = find_alert(cursor, orgs, page.before)
        before = row.alert + (0 if done else AlertSeverity(row.severity).rank * _ONE_RANK)
    select = _DONE if done else _OPEN
    if severity is not None:
        select += f" AND {_GRAVITY} >= {severity.rank}"
    return newest_of(
        cursor,
        AlertRow,
        select,
        key=key,
        page=page,
        before_id=before,
        where={"a.org_id": orgs[0].id if len(orgs) == 1 else None},
    )


def find_alert(cursor: Cursor, orgs: Sequence[OrgRow], text: str) -> AlertRow:
    """One alert of these orgs. Raises `NotFound`, `OutOfRange`."""
    row = cursor.first(AlertRow, _BY_ID, id=alert_id(text))
    if row is None or row.org not in {org.slug for org in orgs}:
        raise NotFound("alert", text)
    return row


def has_unreported_alerts(cursor: Cursor, org: OrgRow, *, now: datetime) -> bool:
    """Whether an open alert was not reported for `REPORT_AGAIN_AFTER` at `now` (aware UTC)."""
    before = now - REPORT_AGAIN_AFTER
    return cursor.value(_UNTOLD, org_id=org.id, before=before) is not None


def alerts_of(cursor: Cursor, ids: Sequence[int]) -> list[AlertRow]:
    """The alerts with these ids, the most severe first, then the newest."""
    rows = cursor.all_in_list(AlertRow, _ALERTS + "WHERE a.id IN (:ids)", "ids", ids)
    return sorted(rows, key=lambda row: (-AlertSeverity(row.severity).rank, -row.alert))


def by_org(
    cursor: Cursor, orgs: Sequence[OrgRow], ids: Sequence[str]
) -> list[tuple[str, list[str]]]:
    """The ids by the slug of their org. Unknown ids are listed for the first org.

    Raises `NoOrg`.
    """
    if not orgs:
        raise NoOrg
    found: dict[str, list[str]] = {}
    for text in ids:
        try:
            slug = find_alert(cursor, orgs, text).org
        except (NotFound, OutOfRange):
            slug = orgs[0].slug
        found.setdefault(slug, []).append(text)
    return list(found.items())


def alert_id(text: str) -> int:
    """The numeric id that a person typed. Raises `OutOfRange`, and `NotFound` for an id that is too
    large for the database."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 18):
        raise OutOfRange(
            f"Invalid alert id {quoted(text)}.", hint="List the alerts: petmsg alert list"
        )
    if not 0 < int(text) < 2**31:
        raise NotFound("alert", text)
    return int(text)


class _OpenRef(NamedTuple):
    ref: str


def open_alert(cursor: Cursor, org_id: int, *, kind: str, entity: str, ref: str) -> int | None:
    """The id of the open alert of a matter (kind, entity, ref), None if there is none."""
    found: int | None = cursor.value(_OPEN_ALERT, org_id=org_id, kind=kind, entity=entity, ref=ref)
    return found


def open_alert_refs(
    cursor: Cursor, org_id: int, *, kind: str, entity: str, refs: Collection[str]
) -> set[str]:
    """Those of the refs about which an alert of this kind is open."""
    rows = cursor.all_in_list(
        _OpenRef, _OPEN_ALERT_REFS, "refs", sorted(refs), org_id=org_id, kind=kind, entity=entity
    )
    return {row.ref for row in rows}


def orgs_with_open_alert(cursor: Cursor, *, kind: str, entity: str, ref: str) -> list[str]:
    """The slugs of the orgs in which an alert of this matter is open."""
    rows = cursor.tuples(_ORGS_WITH_OPEN_ALERT, kind=kind, entity=entity, ref=ref)
    return [row[0] for row in rows]


def mark_reported(cursor: Cursor, org_id: int, *, now: datetime, before: datetime) -> list[int]:
    """Mark the open alerts last reported at `before` or never as reported at `now`; return them."""
    return [row[0] for row in cursor.tuples(_MARK_TOLD, org_id=org_id, now=now, before=before)]


def mark_done(
    cursor: Cursor, org_id: int, *, now: datetime, actor: str, reason: str | None, alert_id: int
) -> bool:
    """Mark an alert as done; whether it was open."""
    return bool(
        cursor.run(_MARK_DONE, org_id=org_id, now=now, actor=actor, reason=reason, id=alert_id)
    )


def open_alerts_of_kind(cursor: Cursor, org_id: int, *, kind: str) -> list[tuple[int, str]]:
    """The IDs and refs of the org's open alerts of a kind, the oldest first."""
    return [(row[0], row[1]) for row in cursor.tuples(_OF_KIND, org_id=org_id, kind=kind)]


def unpaid_alerts(cursor: Cursor, org_id: int, ref: str) -> list[int]:
    """The open alerts that a booking was not paid for."""
    return [row[0] for row in cursor.tuples(_UNPAID, org_id=org_id, ref=ref)]


def open_waiting_alerts(cursor: Cursor, org_id: int) -> list[WaitingAlert]:
    """The open alerts that somebody waits for an answer."""
    return cursor.all(WaitingAlert, _WAITING, org_id=org_id)


def waiting_last_closed_at(
    cursor: Cursor, org_id: int, *, entity: str, ref: str
) -> datetime | None:
    """When (aware UTC) somebody last closed an alert that this person waits.

    One that petmsg ended does not count: a message may have come just before and been stored just
    after.
    """
    named = {"entity": entity, "ref": ref, "no_longer": WAITS_NO_LONGER}
    return cursor.instant(_WAITING_LAST_CLOSED, org_id=org_id, **named)


def insert_alert(
    cursor: Cursor,
    org_id: int,
    *,
    severity: str,
    kind: str,
    entity: str,
    ref: str,
    message: str,
    command: str | None,
    now: datetime,
) -> tuple[int, int]:
    """Raise an alert, or count one more of the open alert of the matter; its id and its count."""
    ((id_, count),) = cursor.tuples(
        _INSERT_ALERT,
        org_id=org_id,
        severity=severity,
        kind=kind,
        entity=entity,
        ref=ref,
        message=message,
        command=command,
        now=now,
    )
    return id_, count
