"""Absences: the times in which a sitter is away, `[starts_at, ends_at)`, or until they are back.

An absence that was ended before it began was cancelled: it is in no list, and neither are those of
sitters who left.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from petmsg.db.cursor import Cursor
from petmsg.queries.org import OrgRow

_ABSENCES = """
SELECT a.id, s.id AS sitter_id, s.ref AS sitter, s.name AS sitter_name, a.starts_at,
       coalesce(a.ended_at, a.ends_at) AS ends_at, a.reason
FROM sitter_absence a
JOIN sitter s ON s.id = a.sitter_id
WHERE a.org_id = :org_id AND s.status <> 'offboarded'
  AND (a.ended_at IS NULL OR a.ended_at > a.starts_at)
"""

_WITHIN = """
  AND a.ends_at > :since AND a.starts_at < :until
  AND (a.ended_at IS NULL OR a.ended_at > :since)
"""

_OF_SITTERS = " AND s.id IN (:ids)"

_BY_START = " ORDER BY a.starts_at, a.id"

BETWEEN = _ABSENCES + _WITHIN + _BY_START

_OF_SITTER = """
SELECT starts_at, coalesce(ended_at, ends_at) AS ends_at, reason FROM sitter_absence
WHERE sitter_id = :sitter_id AND (ended_at IS NULL OR ended_at > starts_at)
ORDER BY starts_at DESC, id DESC LIMIT :limit
"""

# Nobody ended or cancelled them; their time may be over.
_NOT_ENDED = """
SELECT id, starts_at, ends_at, reason FROM sitter_absence
WHERE sitter_id = :sitter_id AND ended_at IS NULL ORDER BY starts_at, id
"""

_INSERT = """
INSERT INTO sitter_absence (org_id, sitter_id, starts_at, ends_at, reason, actor, created_at)
VALUES (:org_id, :sitter_id, :starts_at, :ends_at, :reason, :actor, :now)
RETURNING id
"""

_CHANGE = """
UPDATE sitter_absence SET starts_at = :starts_at, ends_at = :ends_at, reason = :reason
WHERE id = :id
"""

_END = """
UPDATE sitter_absence SET ended_at = :ended_at, ended_by = :actor
WHERE id = :id AND ended_at IS NULL
"""

_LOCK_SITTERS = """
SELECT id FROM sitter WHERE org_id = :org_id AND id IN (:ids) ORDER BY id FOR NO KEY UPDATE
"""

SHOWN = 20
"""How many absences of a sitter are shown, the newest."""


class Absence(NamedTuple):
    """A sitter is away in `[starts_at, ends_at)` (aware UTC)."""

    id: int
    sitter_id: int
    sitter: str
    sitter_name: str
    starts_at: datetime
    ends_at: datetime
    reason: str


class TimeAway(NamedTuple):
    """An absence of a known sitter, `[starts_at, ends_at)` (aware UTC)."""

    starts_at: datetime
    ends_at: datetime
    reason: str


class NotEnded(NamedTuple):
    """An absence that nobody ended or cancelled. Times are aware UTC."""

    id: int
    starts_at: datetime
    ends_at: datetime
    reason: str


def absences_between(
    cursor: Cursor, org: OrgRow, *, since: datetime, until: datetime
) -> list[Absence]:
    """The org's absences that overlap `[since, until)` (aware UTC), by start."""
    return cursor.all(Absence, BETWEEN, org_id=org.id, since=since, until=until)


def absences_to_come(cursor: Cursor, org: OrgRow, *, now: datetime, days: int) -> list[Absence]:
    """The org's absences that run at `now` (aware UTC) or begin within `days` days, by start."""
    return absences_between(cursor, org, since=now, until=now + timedelta(days=days))


def absences_of(
    cursor: Cursor, org_id: int, sitter_ids: Sequence[int], *, since: datetime, until: datetime
) -> list[Absence]:
    """The absences of those sitters that overlap `[since, until)` (aware UTC), by start."""
    sql = _ABSENCES + _WITHIN + _OF_SITTERS + _BY_START
    return cursor.all_in_list(
        Absence, sql, "ids", sitter_ids, org_id=org_id, since=since, until=until
    )


def absences_of_sitter(cursor: Cursor, sitter_id: int) -> list[TimeAway]:
    """The sitter's newest absences, past, running and to come; by start."""
    found = cursor.all(TimeAway, _OF_SITTER, sitter_id=sitter_id, limit=SHOWN)
    return found[::-1]


def not_ended(cursor: Cursor, sitter_id: int) -> list[NotEnded]:
    """The sitter's absences that nobody ended or cancelled, by start. Their time may be over."""
    return cursor.all(NotEnded, _NOT_ENDED, sitter_id=sitter_id)


def insert_absence(
    cursor: Cursor,
    org_id: int,
    *,
    sitter_id: int,
    starts_at: datetime,
    ends_at: datetime,
    reason: str,
    actor: str,
    now: datetime,
) -> int:
    """Store an absence; its ID."""
    ((absence_id,),) = cursor.tuples(
        _INSERT,
        org_id=org_id,
        sitter_id=sitter_id,
        starts_at=starts_at,
        ends_at=ends_at,
        reason=reason,
        actor=actor,
        now=now,
    )
    return int(absence_id)


def change_absence(
    cursor: Cursor, absence_id: int, *, starts_at: datetime, ends_at: datetime, reason: str
) -> None:
    """Change the time (aware UTC) and the reason of an absence."""
    cursor.run(_CHANGE, id=absence_id, starts_at=starts_at, ends_at=ends_at, reason=reason)


def end_absence(cursor: Cursor, absence_id: int, *, ended_at: datetime, actor: str) -> None:
    """End an absence at `ended_at` (aware UTC); before its start this cancels it."""
    cursor.run(_END, id=absence_id, ended_at=ended_at, actor=actor)


def lock_sitters(cursor: Cursor, org_id: int, ids: Sequence[int]) -> None:
    """Lock sitters until the commit, in the order of their IDs, so that nobody books, confirms or
    reassigns a visit of theirs meanwhile. On SQLite nobody else writes anyway."""
    if cursor.has_other_writers:
        cursor.in_list(_LOCK_SITTERS, "ids", sorted(ids), org_id=org_id)
