"""Bookings that come from calendars (`booking.feed`)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from petmsg.db.cursor import Cursor
from petmsg.queries.org import OrgRow

# `ends_at` follows from `starts_at`, and is what the index has.
_COMING = """
SELECT id, ref, status, feed, starts_at, ends_at FROM booking
WHERE org_id = :org_id AND feed = :feed AND status <> 'cancelled'
  AND ends_at > :now AND starts_at > :now
ORDER BY starts_at, id
"""
_OF_REFS = """
SELECT id, ref, status, feed, starts_at, ends_at FROM booking
WHERE org_id = :org_id AND ref IN (:refs)
"""
_SET_FEED = "UPDATE booking SET feed = :feed WHERE org_id = :org_id AND ref = :ref"
_ERASE = "UPDATE booking SET feed = NULL WHERE org_id = :org_id AND client_id = :client_id"
_CLIENTS = "SELECT ref, name FROM client WHERE org_id = :org_id"
_SITTERS = "SELECT ref, name FROM sitter WHERE org_id = :org_id"


class FeedBooking(NamedTuple):
    """A booking, and the calendar from which it was imported (None if from none)."""

    id: int
    ref: str
    status: str
    feed: str | None
    starts_at: datetime
    ends_at: datetime


def coming_of_feed(cursor: Cursor, org: OrgRow, feed: str, *, now: datetime) -> list[FeedBooking]:
    """The bookings from that calendar that start after `now` and are not cancelled."""
    return cursor.all(FeedBooking, _COMING, org_id=org.id, feed=feed, now=now)


def bookings_of_refs(cursor: Cursor, org: OrgRow, refs: Iterable[str]) -> list[FeedBooking]:
    """The bookings of those refs."""
    return cursor.all_in_list(FeedBooking, _OF_REFS, "refs", sorted(set(refs)), org_id=org.id)


def set_feed(cursor: Cursor, org: OrgRow, refs: Sequence[str], feed: str) -> None:
    """Note that these bookings were imported from that calendar."""
    rows: Iterator[Mapping[str, Any]] = (
        {"feed": feed, "org_id": org.id, "ref": ref} for ref in refs
    )
    cursor.run_many(_SET_FEED, rows)


def erase_feeds(cursor: Cursor, org_id: int, client_id: int) -> None:
    """Erase from which calendars a client's bookings came: their names may be a person's."""
    cursor.run(_ERASE, org_id=org_id, client_id=client_id)


def client_names(cursor: Cursor, org: OrgRow) -> list[tuple[str, str | None]]:
    """The ref and the name of each client of the org."""
    return [(row[0], row[1]) for row in cursor.tuples(_CLIENTS, org_id=org.id)]


def sitter_names(cursor: Cursor, org: OrgRow) -> list[tuple[str, str | None]]:
    """The ref and the name of each sitter of the org."""
    return [(row[0], row[1]) for row in cursor.tuples(_SITTERS, org_id=org.id)]
