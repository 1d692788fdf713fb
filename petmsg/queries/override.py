"""Route overrides: a person sent a client's thread to the front desk for a time.

An override holds in `[starts_at, until_at)`, or until it was ended.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from petmsg.db.cursor import Cursor
from petmsg.errors import OutOfRange, quoted
from petmsg.queries.org import OrgRow
from petmsg.queries.page import Page, newest_of

_LISTED = """
SELECT o.id AS override, c.ref AS client, c.name AS client_name, o.starts_at, o.until_at,
       o.reason, o.actor, o.ended_at, o.ended_by,
       CASE WHEN o.starts_at <= :now AND coalesce(o.ended_at, o.until_at) > :now THEN 1 ELSE 0 END
         AS holds
FROM route_override o
JOIN client c ON c.id = o.client_id
WHERE o.org_id = :org_id
"""

_HOLDING = " AND o.starts_at <= :now AND coalesce(o.ended_at, o.until_at) > :now"

HOLDING_AT = """
SELECT client_id, starts_at, coalesce(ended_at, until_at) AS ends_at, reason FROM route_override
WHERE client_id IN (:client_ids) AND until_at > :at AND starts_at <= :at
  AND (ended_at IS NULL OR ended_at > :at)
ORDER BY starts_at DESC, id DESC
"""

# The one of a client's thread that nobody ended; its time may be over.
_NOT_ENDED = """
SELECT id, starts_at, until_at, reason FROM route_override
WHERE client_id = :client_id AND ended_at IS NULL
"""

_PLANNED = """
SELECT starts_at, until_at FROM route_override WHERE client_id = :client_id ORDER BY starts_at
"""

_LAST_END = """
SELECT max(coalesce(ended_at, until_at)) AS ends_at FROM route_override
WHERE client_id = :client_id
"""

_INSERT = """
INSERT INTO route_override (org_id, thread_id, client_id, starts_at, until_at, reason, actor)
VALUES (:org_id, :thread_id, :client_id, :starts_at, :until_at, :reason, :actor)
RETURNING id
"""

_END = """
UPDATE route_override SET ended_at = :ended_at, ended_by = :actor
WHERE id = :id AND ended_at IS NULL
"""

_ERASE_REASONS = """
UPDATE route_override SET reason = :erased WHERE org_id = :org_id AND client_id = :client_id
"""

_LONGEST_ID = 18

ERASED = "(erased)"
"""The reason of an override of an erased client."""


class OverrideRow(NamedTuple):
    """An override. Times are aware UTC; `holds` says whether it holds now."""

    override: int
    client: str
    client_name: str | None
    starts_at: datetime
    until_at: datetime
    reason: str
    actor: str
    ended_at: datetime | None
    ended_by: str | None
    holds: bool


class NotEnded(NamedTuple):
    """The override of a client's thread that nobody ended yet. Times are aware UTC."""

    id: int
    starts_at: datetime
    until_at: datetime
    reason: str


class Planned(NamedTuple):
    """The time that an override was meant for, `[starts_at, until_at)` (aware UTC)."""

    starts_at: datetime
    until_at: datetime


class HoldingOverride(NamedTuple):
    """An override that holds in `[starts_at, ends_at)` (aware UTC), and why."""

    starts_at: datetime
    ends_at: datetime
    reason: str


class _Holding(NamedTuple):
    client_id: int
    starts_at: datetime
    ends_at: datetime
    reason: str


def list_overrides(
    cursor: Cursor, org: OrgRow, page: Page, *, now: datetime, ended: bool = False
) -> list[OverrideRow]:
    """The overrides that hold at `now` (aware UTC), newest first; with `ended` all there ever were.

    Raises `OutOfRange` for a page that begins at no ID.
    """
    rows = newest_of(
        cursor,
        OverrideRow,
        _LISTED if ended else _LISTED + _HOLDING,
        key="o.id",
        page=page,
        before_id=None if page.before is None else _id(page.before),
        org_id=org.id,
        now=now,
    )
    return [row._replace(holds=bool(row.holds)) for row in rows]


def override_of_id(cursor: Cursor, org: OrgRow, override_id: int, *, now: datetime) -> OverrideRow:
    """An override of the org, as it is at `now` (aware UTC)."""
    sql = _LISTED + " AND o.id = :id"
    row = cursor.all(OverrideRow, sql, org_id=org.id, now=now, id=override_id)[0]
    return row._replace(holds=bool(row.holds))


def holding_override(cursor: Cursor, client_id: int, at: datetime) -> HoldingOverride | None:
    """The override that holds for the client's thread at `at` (aware UTC), past or present."""
    return holding_overrides(cursor, [client_id], at).get(client_id)


def holding_overrides(
    cursor: Cursor, client_ids: Sequence[int], at: datetime
) -> dict[int, HoldingOverride]:
    """`holding_override` of each of these clients who has one."""
    found: dict[int, HoldingOverride] = {}
    for each in cursor.all_in_list(_Holding, HOLDING_AT, "client_ids", client_ids, at=at):
        found.setdefault(each.client_id, HoldingOverride(*each[1:]))
    return found


def not_ended(cursor: Cursor, client_id: int) -> NotEnded | None:
    """The override of the client's thread that nobody ended; its time may be over."""
    return cursor.first(NotEnded, _NOT_ENDED, client_id=client_id)


def planned(cursor: Cursor, client_id: int) -> list[Planned]:
    """The times of all overrides of the client's thread, also of those that were ended early."""
    return cursor.all(Planned, _PLANNED, client_id=client_id)


def last_end(cursor: Cursor, client_id: int) -> datetime | None:
    """When the last override of the client's thread ends or ended (aware UTC)."""
    return cursor.instant(_LAST_END, client_id=client_id)


def insert_override(
    cursor: Cursor,
    org_id: int,
    *,
    thread_id: int,
    client_id: int,
    starts_at: datetime,
    until_at: datetime,
    reason: str,
    actor: str,
) -> int:
    """Store an override; its ID."""
    ((override_id,),) = cursor.tuples(
        _INSERT,
        org_id=org_id,
        thread_id=thread_id,
        client_id=client_id,
        starts_at=starts_at,
        until_at=until_at,
        reason=reason,
        actor=actor,
    )
    return int(override_id)


def end_override(cursor: Cursor, override_id: int, *, ended_at: datetime, actor: str) -> None:
    """End an override at `ended_at` (aware UTC)."""
    cursor.run(_END, id=override_id, ended_at=ended_at, actor=actor)


def erase_reasons(cursor: Cursor, org_id: int, client_id: int) -> None:
    """Erase the reasons of a client's overrides: they may name a person."""
    cursor.run(_ERASE_REASONS, org_id=org_id, client_id=client_id, erased=ERASED)


def _id(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= _LONGEST_ID):
        raise OutOfRange(
            f"Invalid override id {quoted(text)}.",
            hint="List the overrides: petmsg route override list --all",
        )
    return int(text)
