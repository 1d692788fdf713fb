"""The facts of many routing decisions, read by a constant number of statements.

For the present and the future only. `petmsg.queries.routing` reads the same facts for one client.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from petmsg.db.cursor import Cursor
from petmsg.enums.numbers import NumberClass, NumberStatus
from petmsg.phone import calling_code
from petmsg.queries.lookup import ClientKey
from petmsg.queries.org import OrgRow
from petmsg.queries.routing import AT_FIRST, TIMES_MORE, shared_numbers
from petmsg.rules.routing.decide import needs_more_of_pool
from petmsg.rules.routing.facts import (
    Facts,
    NumberFact,
    OverrideFact,
    PoolNumberFact,
    WindowFact,
)

WINDOWS_OF_CLIENTS = """
SELECT t.client_id, b.id AS booking_id, b.ref AS booking, w.starts_at, w.booked_until, w.ends_at,
       s.ref AS sitter, s.name AS sitter_name, s.status AS sitter_status,
       n.id AS number_id, n.e164, n.class AS number_class, n.status, n.quarantined_until, n.mms,
       b.starts_at AS visit_starts_at
FROM thread t
JOIN assignment_window w ON w.thread_id = t.id
JOIN booking b ON b.id = w.booking_id AND b.status = 'confirmed'
LEFT JOIN sitter s ON s.id = w.sitter_id
LEFT JOIN message_number n ON n.sitter_id = w.sitter_id
WHERE t.org_id = :org_id AND t.client_id IN (:client_ids)
  AND w.ends_at > :first_at AND w.starts_at <= :last_at
"""

OVERRIDES_OF_CLIENTS = """
SELECT o.client_id, o.starts_at, coalesce(o.ended_at, o.until_at) AS until_at
FROM route_override o
WHERE o.client_id IN (:client_ids) AND o.until_at > :first_at AND o.starts_at <= :last_at
"""

OWN_OF_CLIENTS = """
SELECT c.id AS client_id, p.e164 AS phone, n.id, n.e164, n.status, n.quarantined_until,
       n.last_used_at, n.mms
FROM client c
LEFT JOIN thread t ON t.org_id = c.org_id AND t.client_id = c.id
LEFT JOIN message_number n ON n.id = t.pool_number_id AND n.class = 'pool'
  AND n.status IN ('active', 'quarantined')
LEFT JOIN client_phone p ON p.client_id = c.id AND p.is_primary
WHERE c.org_id = :org_id AND c.id IN (:client_ids)
"""


class _Window(NamedTuple):
    """Where `number_id` is None the sitter holds no number: its other columns are None too."""

    client_id: int
    booking_id: int
    booking: str
    starts_at: datetime
    booked_until: datetime
    ends_at: datetime
    sitter: str | None
    sitter_name: str | None
    sitter_status: str | None
    number_id: int | None
    e164: str
    number_class: str
    status: str
    quarantined_until: datetime | None
    mms: bool | None
    visit_starts_at: datetime


class _Override(NamedTuple):
    client_id: int
    starts_at: datetime
    until_at: datetime


class _Own(NamedTuple):
    """Where `id` is None the thread has no pool number of its own: its other columns are None
    too."""

    client_id: int
    phone: str | None
    id: int | None
    e164: str
    status: str
    quarantined_until: datetime | None
    last_used_at: datetime | None
    mms: bool | None


def read_facts_of_many(
    cursor: Cursor, org: OrgRow, wanted: Sequence[tuple[ClientKey, datetime]]
) -> list[Facts]:
    """The facts for a message of the company to each client at its instant (aware UTC, not before
    the command's now), in the given order."""
    return add_shared_numbers(cursor, org, wanted, read_windows_of_many(cursor, org, wanted))


def read_windows_of_many(
    cursor: Cursor, org: OrgRow, wanted: Sequence[tuple[ClientKey, datetime]]
) -> list[Facts]:
    """`read_facts_of_many` without the pool's and the front desk's numbers, which decide nothing
    for most clients (`rules.routing.decide.needs_shared_numbers`)."""
    if not wanted:
        return []
    clients = sorted({client.id for client, _ in wanted})
    named = {"first_at": min(at for _, at in wanted), "last_at": max(at for _, at in wanted)}
    windows: defaultdict[int, list[WindowFact]] = defaultdict(list)
    for window in cursor.all_in_list(
        _Window, WINDOWS_OF_CLIENTS, "client_ids", clients, org_id=org.id, **named
    ):
        windows[window.client_id].append(_fact(window))
    overrides: defaultdict[int, list[OverrideFact]] = defaultdict(list)
    for each in cursor.all_in_list(_Override, OVERRIDES_OF_CLIENTS, "client_ids", clients, **named):
        overrides[each.client_id].append(OverrideFact(each.starts_at, each.until_at))
    return [
        Facts(
            org=org.slug,
            timezone=org.timezone,
            pool_for=org.pool_for,
            pool_threads_per_number=org.pool_threads_per_number,
            client=client.ref,
            client_kind=client.kind,
            windows=tuple(w for w in windows[client.id] if w.starts_at <= at < w.ends_at),
            override=next((o for o in overrides[client.id] if o.starts_at <= at < o.until), None),
        )
        for client, at in wanted
    ]


def add_shared_numbers(
    cursor: Cursor,
    org: OrgRow,
    wanted: Sequence[tuple[ClientKey, datetime]],
    found: Sequence[Facts],
    *,
    phones: Sequence[str | None] | None = None,
) -> list[Facts]:
    """The facts of `read_windows_of_many` with the pool's and the front desk's numbers. Each
    message goes to its phone among `phones`, or else to its client's primary phone."""
    if not wanted:
        return []
    clients = sorted({client.id for client, _ in wanted})
    rows = cursor.all_in_list(_Own, OWN_OF_CLIENTS, "client_ids", clients, org_id=org.id)
    by_client = {each.client_id: each for each in rows}
    owns = [by_client.get(client.id) for client, _ in wanted]
    if phones is not None:
        owns = [
            own and own._replace(phone=phone or own.phone)
            for own, phone in zip(owns, phones, strict=True)
        ]
    most = AT_FIRST
    while True:
        pool, desks = shared_numbers(cursor, org, most=most)
        facts = [
            _with_shared_numbers(each, own, pool, desks)
            for each, own in zip(found, owns, strict=True)
        ]
        if len(pool) < most or not any(
            needs_more_of_pool(each, at, most) for each, (_, at) in zip(facts, wanted, strict=True)
        ):
            return facts
        most *= TIMES_MORE


def _with_shared_numbers(
    facts: Facts,
    own: _Own | None,
    pool: tuple[PoolNumberFact, ...],
    desks: tuple[NumberFact, ...],
) -> Facts:
    """The facts with the pool's and the front desk's numbers, and the thread's own one."""
    own_id = None if own is None else own.id
    if own is not None and own_id is not None and all(p.number.id != own_id for p in pool):
        pool = (*pool, _own_fact(own, own_id))
    numbers = (*desks, *(each.number for each in pool))
    phone, code = None if own is None else own.phone, None
    if phone is not None and len({calling_code(each.e164) for each in numbers}) > 1:
        code = calling_code(phone)
    return facts._replace(own_pool_number_id=own_id, pool=pool, desks=desks, calling_code=code)


def _own_fact(own: _Own, number_id: int) -> PoolNumberFact:
    """The thread's own pool number. How many threads it serves decides nothing about it."""
    status = NumberStatus(own.status)
    mms = None if own.mms is None else bool(own.mms)
    number = NumberFact(number_id, own.e164, NumberClass.POOL, status, own.quarantined_until, mms)
    return PoolNumberFact(number, own.last_used_at)


def _fact(row: _Window) -> WindowFact:
    number = None
    if row.number_id is not None:
        number = NumberFact(
            row.number_id,
            row.e164,
            NumberClass(row.number_class),
            NumberStatus(row.status),
            row.quarantined_until,
            None if row.mms is None else bool(row.mms),
        )
    return WindowFact(
        row.booking_id,
        row.booking,
        row.starts_at,
        row.booked_until,
        row.ends_at,
        row.sitter,
        row.sitter_name,
        row.sitter_status == "active",
        number,
        None if row.visit_starts_at == row.starts_at else row.visit_starts_at,
    )
