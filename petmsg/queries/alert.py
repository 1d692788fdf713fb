"""Alerts as a person lists and looks at them, over several orgs: their ids are global."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from petmsg.db.cursor import Cursor
from petmsg.enums import AlertSeverity
from petmsg.errors import NoOrg, NotFound, OutOfRange, quoted
from petmsg.queries.org import OrgRow
from petmsg.queries.page import Page, newest

_ALERTS = """
SELECT a.id AS alert, o.slug AS org, o.timezone, a.severity, a.kind, a.entity, a.ref, a.message,
       a.command, a.count, a.opened_at, a.last_at, a.done_at, a.done_by, a.done_reason
FROM alert a
JOIN org o ON o.id = a.org_id
"""
_OPEN = _ALERTS + "WHERE a.done_at IS NULL"
_DONE = _ALERTS + "WHERE a.done_at IS NOT NULL"
_BY_ID = _ALERTS + "WHERE a.id = :id"

TELL_AGAIN_AFTER = timedelta(hours=24)
"""An alert that is still open then is told once more."""
_UNTOLD = """
SELECT id FROM alert WHERE org_id = :org_id AND done_at IS NULL
  AND (told_at IS NULL OR told_at <= :before) LIMIT 1
"""
_GRAVITY = "CASE a.severity WHEN 'critical' THEN 2 WHEN 'warning' THEN 1 ELSE 0 END"
_RANKS = {AlertSeverity.INFO: 0, AlertSeverity.WARNING: 1, AlertSeverity.CRITICAL: 2}
_ONE_RANK = 2**32
"""More than any id: gravity and id as one number, by which a list is ordered and continued."""


def list_alerts(
    cursor: Cursor,
    orgs: Sequence[OrgRow],
    page: Page,
    *,
    done: bool = False,
    severity: AlertSeverity | None = None,
) -> list[dict[str, Any]]:
    """The open alerts, the gravest first and the newest of them; or those that are done, the
    newest first. `severity` is the least grave one wanted, `page.before` an alert's id."""
    key, before = "a.id" if done else f"({_GRAVITY} * {_ONE_RANK} + a.id)", None
    if page.before is not None:
        row = find_alert(cursor, orgs, page.before)
        before = row["alert"] + (0 if done else _RANKS[row["severity"]] * _ONE_RANK)
    select = _DONE if done else _OPEN
    if severity is not None:
        select += f" AND {_GRAVITY} >= {_RANKS[severity]}"
    return newest(
        cursor,
        select,
        key=key,
        page=page,
        before_id=before,
        where={"a.org_id": orgs[0].id if len(orgs) == 1 else None},
    )


def find_alert(cursor: Cursor, orgs: Sequence[OrgRow], text: str) -> dict[str, Any]:
    """One alert of these orgs. Raises `NotFound`, `OutOfRange`."""
    row = cursor.one(_BY_ID, id=alert_id(text))
    if row is None or row["org"] not in {org.slug for org in orgs}:
        raise NotFound("alert", text)
    return row


def is_untold(cursor: Cursor, org: OrgRow, *, now: datetime) -> bool:
    """Whether an open alert of the org was not told for `TELL_AGAIN_AFTER` at `now` (aware UTC)."""
    before = now - TELL_AGAIN_AFTER
    return cursor.value(_UNTOLD, org_id=org.id, before=before) is not None


def alerts_of(cursor: Cursor, ids: Sequence[int]) -> list[dict[str, Any]]:
    """The alerts of these ids, the gravest first and the newest of them."""
    rows = cursor.in_list(_ALERTS + "WHERE a.id IN (:ids)", "ids", ids)
    return sorted(rows, key=lambda row: (-_RANKS[row["severity"]], -row["alert"]))


def by_org(
    cursor: Cursor, orgs: Sequence[OrgRow], ids: Sequence[str]
) -> list[tuple[str, list[str]]]:
    """The ids by the slug of their org. One that none has goes to the first, which will say so.

    Raises `NoOrg`.
    """
    if not orgs:
        raise NoOrg
    found: dict[str, list[str]] = {}
    for text in ids:
        try:
            slug = find_alert(cursor, orgs, text)["org"]
        except (NotFound, OutOfRange):
            slug = orgs[0].slug
        found.setdefault(slug, []).append(text)
    return list(found.items())


def alert_id(text: str) -> int:
    """The numeric id a person typed. Raises `OutOfRange`, and `NotFound` for one that no alert
    can have, which a database would choke on."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 18):
        raise OutOfRange(f"{quoted(text)} is not the id of an alert.", hint="petmsg alert list")
    if not 0 < int(text) < 2**31:
        raise NotFound("alert", text)
    return int(text)
