"""The rows for `coverage`: upcoming windows with their sitters, sitters without a number, and
confirmed bookings without a window, or whose window ended before them."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from petmsg.db.cursor import Cursor
from petmsg.enums.numbers import NumberClass, NumberStatus
from petmsg.queries.lookup import ClientKey, client_key
from petmsg.queries.org import LONGEST_GRACE, OrgRow
from petmsg.rules.routing.facts import NumberFact, WindowFact

# By the bookings of a week ago and later: no grace is longer. Not `status = …`, which SQLite would
# look up in another index, with every visit there ever was.
WINDOWS = """
SELECT b.id AS booking_id, b.ref AS booking, w.starts_at, w.booked_until, w.ends_at,
       c.id AS client_id, c.ref AS client, c.name AS client_name, c.kind,
       s.ref AS sitter, s.name AS sitter_name, s.status AS sitter_status,
       n.id AS number_id, n.e164, n.class AS number_class, n.status, n.quarantined_until
FROM booking b
JOIN assignment_window w ON w.booking_id = b.id
JOIN client c ON c.id = w.client_id
LEFT JOIN sitter s ON s.id = w.sitter_id
LEFT JOIN message_number n ON n.sitter_id = w.sitter_id
WHERE b.org_id = :org_id AND b.ends_at > :ended AND b.status NOT IN ('pending', 'cancelled')
  AND w.ends_at > :now AND w.starts_at < :until
ORDER BY w.starts_at, b.id
"""

_WITHOUT_WINDOW = """
SELECT b.ref AS booking, b.starts_at, b.ends_at, c.id AS client_id, c.ref AS client,
       c.name AS client_name, c.kind, s.ref AS sitter, s.name AS sitter_name,
       s.status AS sitter_status, w.ends_at AS window_ended_at
FROM booking b
JOIN client c ON c.id = b.client_id
LEFT JOIN sitter s ON s.id = b.sitter_id
LEFT JOIN assignment_window w ON w.booking_id = b.id
WHERE b.org_id = :org_id AND b.status = 'confirmed' AND (w.id IS NULL OR w.ends_at <= :now)
  AND b.ends_at > :now AND b.starts_at < :until
ORDER BY b.starts_at, b.id
"""

_WITHOUT_NUMBER = """
SELECT s.ref AS sitter, s.name AS sitter_name
FROM sitter s
LEFT JOIN message_number n ON n.sitter_id = s.id
WHERE s.org_id = :org_id AND s.status = 'active' AND n.id IS NULL
ORDER BY s.id
"""

# Not `sitter_id IS NULL`, for which SQLite would read every pool number.
_SPARE = """
SELECT count(*) FROM message_number
WHERE org_id = :org_id AND class = 'sitter'
  AND coalesce(sitter_id, first_sitter_id) IS NULL
  AND (status = 'active' OR (status = 'quarantined' AND quarantined_until <= :now))
"""

# Counted here and not from facts, because there may be thousands of pool numbers. `usable` is that
# of the routing rules. Threads are counted only of numbers that have any.
_POOL = """
SELECT active.numbers + waiting.numbers AS numbers, active.numbers + waiting.due AS usable,
       owned.threads,
       CASE WHEN :pool_limit > 0
            THEN :pool_limit * (active.numbers + waiting.due) - owned.taken ELSE 0 END AS room
FROM (
    SELECT count(*) AS numbers FROM message_number
    WHERE org_id = :org_id AND class = 'pool' AND status = 'active'
) active
CROSS JOIN (
    SELECT count(*) AS numbers,
           coalesce(sum(CASE WHEN quarantined_until <= :now THEN 1 ELSE 0 END), 0) AS due
    FROM message_number WHERE org_id = :org_id AND class = 'pool' AND status = 'quarantined'
) waiting
CROSS JOIN (
    SELECT coalesce(sum(t.threads), 0) AS threads,
           coalesce(sum(CASE WHEN n.status = 'active'
                      OR (n.status = 'quarantined' AND n.quarantined_until <= :now)
                    THEN CASE WHEN t.threads < :pool_limit THEN t.threads ELSE :pool_limit END
                    ELSE 0 END), 0) AS taken
    FROM (
        SELECT pool_number_id, count(*) AS threads FROM thread
        WHERE org_id = :org_id AND pool_number_id IS NOT NULL GROUP BY pool_number_id
    ) t
    JOIN message_number n ON n.id = t.pool_number_id AND n.class = 'pool'
) owned
"""


class _Window(NamedTuple):
    """Where `number_id` is None the sitter holds no number: its other columns are None too."""

    booking_id: int
    booking: str
    starts_at: datetime
    booked_until: datetime
    ends_at: datetime
    client_id: int
    client: str
    client_name: str | None
    kind: str
    sitter: str | None
    sitter_name: str | None
    sitter_status: str | None
    number_id: int | None
    e164: str
    number_class: str
    status: str
    quarantined_until: datetime | None


class _Booking(NamedTuple):
    booking: str
    starts_at: datetime
    ends_at: datetime
    client_id: int
    client: str
    client_name: str | None
    kind: str
    sitter: str | None
    sitter_name: str | None
    sitter_status: str | None
    window_ended_at: datetime | None


class PoolCounts(NamedTuple):
    """The org's pool: its numbers that are not retired, those that are usable, the threads with a
    pool number of their own, and for how many more threads the usable ones have room (0 if the org
    sets no limit)."""

    numbers: int
    usable: int
    threads: int
    room: int


class SitterWithoutNumber(NamedTuple):
    """An active sitter who holds no number."""

    sitter: str
    sitter_name: str


class WindowToCome(NamedTuple):
    """A window of a confirmed booking that runs or is to come, and whom it is for."""

    client: ClientKey
    window: WindowFact
    sitter_status: str | None


class Unplaced(NamedTuple):
    """A confirmed booking that has no window, or none any more: the windows of a sitter who is
    deactivated end at once (`window_ended_at`). Instants are aware UTC."""

    client: ClientKey
    booking: str
    sitter: str | None
    sitter_name: str | None
    sitter_status: str | None
    starts_at: datetime
    ends_at: datetime
    window_ended_at: datetime | None


def windows_to_come(
    cursor: Cursor, org: OrgRow, *, now: datetime, until: datetime
) -> Iterator[WindowToCome]:
    """The org's windows of confirmed bookings that overlap `[now, until)` (aware UTC), by start."""
    ended = now - LONGEST_GRACE
    for row in cursor.all(_Window, WINDOWS, org_id=org.id, now=now, until=until, ended=ended):
        number = None
        if row.number_id is not None:
            number = NumberFact(
                row.number_id,
                row.e164,
                NumberClass(row.number_class),
                NumberStatus(row.status),
                row.quarantined_until,
            )
        window = WindowFact(
            booking_id=row.booking_id,
            booking=row.booking,
            starts_at=row.starts_at,
            booked_until=row.booked_until,
            ends_at=row.ends_at,
            sitter=row.sitter,
            sitter_name=row.sitter_name,
            sitter_active=row.sitter_status == "active",
            number=number,
        )
        yield WindowToCome(client_key(row), window, row.sitter_status)


def bookings_without_window(
    cursor: Cursor, org: OrgRow, *, now: datetime, until: datetime
) -> list[Unplaced]:
    """The org's confirmed bookings of that span that have no window at `now`, though they are not
    over; by start."""
    return [
        Unplaced(
            client_key(row),
            row.booking,
            row.sitter,
            row.sitter_name,
            row.sitter_status,
            row.starts_at,
            row.ends_at,
            row.window_ended_at,
        )
        for row in cursor.all(_Booking, _WITHOUT_WINDOW, org_id=org.id, now=now, until=until)
    ]


def sitters_without_number(cursor: Cursor, org: OrgRow) -> list[SitterWithoutNumber]:
    """The org's active sitters who hold no number: `sitter` and `sitter_name`."""
    return cursor.all(SitterWithoutNumber, _WITHOUT_NUMBER, org_id=org.id)


def spare_numbers(cursor: Cursor, org: OrgRow, *, now: datetime) -> int:
    """How many sitter numbers the next sitters could be given at `now` (aware UTC)."""
    return int(cursor.value(_SPARE, org_id=org.id, now=now))


def pool_counts(cursor: Cursor, org: OrgRow, *, now: datetime) -> PoolCounts:
    """The size of the org's pool at `now` (aware UTC)."""
    limit = org.pool_threads_per_number or 0
    rows = cursor.all(PoolCounts, _POOL, org_id=org.id, now=now, pool_limit=limit)
    return PoolCounts(*map(int, rows[0]))
