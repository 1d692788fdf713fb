"""How the facts of a decision were read for ruleset 1: a frozen statement, and what made facts of
its rows. The benchmark of routing measures today's decision against it."""

from datetime import datetime
from typing import Any

from petmsg.db.cursor import Cursor
from petmsg.db.statements import instant_from_text
from petmsg.enums.numbers import NumberClass, NumberStatus
from petmsg.queries.lookup import ClientKey
from petmsg.queries.org import OrgRow
from petmsg.rules.routing import Facts, NumberFact, PoolNumberFact, WindowFact

# Columns: kind, then for a window: booking id, booking, starts, booked until, ends, sitter, name,
# is active; for all: number id, e164, class, status, quarantined until; for a pool number: last
# used, own threads, whether it is the thread's own; last whether the number can send pictures.
NOW = """
SELECT 0, b.id, b.ref, w.starts_at, w.booked_until, w.ends_at, s.ref, s.name,
       CASE WHEN s.status = 'active' THEN 1 ELSE 0 END,
       n.id, n.e164, n.class, n.status, n.quarantined_until, n.last_used_at, 0, 0, n.mms
FROM thread t
JOIN assignment_window w ON w.thread_id = t.id
JOIN booking b ON b.id = w.booking_id AND b.status = 'confirmed'
LEFT JOIN sitter s ON s.id = w.sitter_id
LEFT JOIN message_number n ON n.sitter_id = w.sitter_id
WHERE t.org_id = :org_id AND t.client_id = :client_id
  AND w.ends_at > :at AND w.starts_at <= :at
UNION ALL
SELECT 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
       n.id, n.e164, n.class, n.status, n.quarantined_until, n.last_used_at,
       CASE WHEN :pool_limit > 0 THEN (
           SELECT count(*) FROM (
               SELECT 1 FROM thread o WHERE o.pool_number_id = n.id LIMIT :pool_limit
           ) counted
       ) ELSE 0 END,
       CASE WHEN n.class = 'pool' AND n.id = (
           SELECT t.pool_number_id FROM thread t
           WHERE t.org_id = :org_id AND t.client_id = :client_id
       ) THEN 1 ELSE 0 END, n.mms
FROM message_number n
WHERE n.org_id = :org_id AND n.class IN ('pool', 'front_desk')
  AND n.status IN ('active', 'quarantined')
"""

# A look-up takes a tenth of the time of calling the enum, and a decision needs a dozen.
_CLASS = {each.value: each for each in NumberClass}
_STATUS = {each.value: each for each in NumberStatus}


def read_facts(
    cursor: Cursor,
    org: OrgRow,
    client: ClientKey,
    *,
    at: datetime,
) -> Facts:
    """The facts for a message to the client at `at` (aware UTC), now or in the future."""
    rows = cursor.tuples(
        NOW,
        org_id=org.id,
        client_id=client.id,
        at=at,
        pool_limit=org.pool_threads_per_number or 0,
    )
    text = cursor.instants_are_text
    windows: list[WindowFact] = []
    pool: list[PoolNumberFact] = []
    desks: list[NumberFact] = []
    own: int | None = None
    for row in rows:
        if row[0] == 0:
            windows.append(_window(row, text))
            continue
        number = _number(row, text)
        if number.number_class is NumberClass.FRONT_DESK:
            desks.append(number)
            continue
        used = row[14]
        pool.append(
            PoolNumberFact(
                number, instant_from_text(used) if text and used is not None else used, row[15]
            )
        )
        if row[16]:
            own = number.id
    return Facts(
        org=org.slug,
        timezone=org.timezone,
        pool_for=org.pool_for,
        pool_threads_per_number=org.pool_threads_per_number,
        client=client.ref,
        client_kind=client.kind,
        windows=tuple(windows),
        own_pool_number_id=own,
        pool=tuple(pool),
        desks=tuple(desks),
    )


def _number(row: tuple[Any, ...], text: bool) -> NumberFact:
    until = row[13]
    return NumberFact(
        row[9],
        row[10],
        _CLASS[row[11]],
        _STATUS[row[12]],
        instant_from_text(until) if text and until is not None else until,
        None if row[17] is None else bool(row[17]),
    )


def _window(row: tuple[Any, ...], text: bool) -> WindowFact:
    starts_at, booked_until, ends_at = row[3:6]
    if text:
        starts_at = instant_from_text(starts_at)
        booked_until = instant_from_text(booked_until)
        ends_at = instant_from_text(ends_at)
    return WindowFact(
        booking_id=row[1],
        booking=row[2],
        starts_at=starts_at,
        booked_until=booked_until,
        ends_at=ends_at,
        sitter=row[6],
        sitter_name=row[7],
        sitter_active=bool(row[8]),
        number=None if row[9] is None else _number(row, text),
    )
