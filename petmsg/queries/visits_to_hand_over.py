"""The visits of a sitter in a span, with the client and the window: what an absence is about."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from petmsg.db.cursor import Cursor

_VISITS = """
SELECT b.ref AS booking, b.status, c.ref AS client, c.name AS client_name, b.starts_at, b.ends_at,
       s.id AS sitter_id, s.ref AS sitter, s.name AS sitter_name, w.id AS window_id,
       w.starts_at AS window_starts_at, w.ends_at AS window_ends_at
FROM booking b
JOIN client c ON c.id = b.client_id
LEFT JOIN sitter s ON s.id = b.sitter_id
LEFT JOIN assignment_window w ON w.booking_id = b.id AND b.status = 'confirmed'
WHERE b.org_id = :org_id AND b.status IN ('pending', 'confirmed')
"""

_WITHIN = " AND b.ends_at > :since AND b.starts_at < :until AND b.sitter_id IN (:ids)"

_NAMED = " AND b.ref IN (:refs)"


class VisitToHandOver(NamedTuple):
    """A pending or confirmed booking with its client, its sitter and its window, if it has them.

    Times are aware UTC.
    """

    booking: str
    status: str
    client: str
    client_name: str | None
    starts_at: datetime
    ends_at: datetime
    sitter_id: int | None
    sitter: str | None
    sitter_name: str | None
    window_id: int | None
    window_starts_at: datetime | None
    window_ends_at: datetime | None


def visits_of_sitters(
    cursor: Cursor, org_id: int, sitter_ids: Sequence[int], *, since: datetime, until: datetime
) -> list[VisitToHandOver]:
    """The visits of those sitters that overlap `[since, until)` (aware UTC), by start."""
    found = cursor.all_in_list(
        VisitToHandOver,
        _VISITS + _WITHIN,
        "ids",
        sitter_ids,
        org_id=org_id,
        since=since,
        until=until,
    )
    return _by_start(found)


def visits_of_refs(cursor: Cursor, org_id: int, refs: Sequence[str]) -> list[VisitToHandOver]:
    """The pending and confirmed bookings of those refs, by start."""
    return _by_start(
        cursor.all_in_list(VisitToHandOver, _VISITS + _NAMED, "refs", refs, org_id=org_id)
    )


def _by_start(visits: list[VisitToHandOver]) -> list[VisitToHandOver]:
    return sorted(visits, key=lambda each: (each.starts_at, each.booking))
