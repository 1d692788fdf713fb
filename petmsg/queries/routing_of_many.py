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
from petmsg.queries.routing import shared_numbers
from petmsg.rules.routing.facts import Facts, NumberFact, OverrideFact, WindowFact

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
SELECT c.id AS client_id, t.pool_number_id, p.e164
FROM client c
LEFT JOIN thread t ON t.org_id = c.org_id AND t.client_id = c.id
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
    client_id: int
    pool_number_id: int | None
    e164: str | None


def read_facts_of_many(
    cursor: Cursor, org: OrgRow, wanted: Sequence[tuple[ClientKey, datetime]]
) -> list[Facts]:
    """The facts for a message of the company to each client at its instant (aware UTC, not before
    the command's now), in the given order."""
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
    owns = cursor.all_in_list(_Own, OWN_OF_CLIENTS, "client_ids", clients, org_id=org.id)
    own = {each.client_id: each for each in owns}
    pool, desks = shared_numbers(cursor, org)
    several = len({calling_code(each.e164) for each in (*desks, *(p.number for p in pool))}) > 1
    found = []
    for client, at in wanted:
        _, pool_number_id, phone = own.get(client.id, _Own(client.id, None, None))
        found.append(
            Facts(
                org=org.slug,
                timezone=org.timezone,
                pool_for=org.pool_for,
                pool_threads_per_number=org.pool_threads_per_number,
                client=client.ref,
                client_kind=client.kind,
                windows=tuple(w for w in windows[client.id] if w.starts_at <= at < w.ends_at),
                own_pool_number_id=pool_number_id,
                pool=pool,
                desks=desks,
                override=next(
                    (o for o in overrides[client.id] if o.starts_at <= at < o.until), None
                ),
                calling_code=calling_code(phone) if several and phone is not None else None,
            )
        )
    return found


def _fact(row: _Window) -> WindowFact:
    number = None
    if row.number_id is not None:
        number = NumberFact(
            row.number_id,
            row.e164,
            NumberClass(row.number_class),
            NumberStatus(row.status),
            row.quarantined_until,
            row.mms,
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
