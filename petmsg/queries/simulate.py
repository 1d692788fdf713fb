"""The clients of an org over a period: their windows and their threads' own pool numbers.

Clients are read some hundreds at a time, so that memory use does not depend on their number.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from operator import itemgetter

from petmsg.db.cursor import Cursor
from petmsg.db.statements import instant_from_text
from petmsg.enums.people import ClientKind
from petmsg.phone import calling_code
from petmsg.queries.lookup import ClientKey
from petmsg.queries.org import OrgRow
from petmsg.queries.state_intervals import IntervalBuilder, OrgHistory, PoolUse, Span, own_before
from petmsg.rules.routing.facts import OverrideFact
from petmsg.rules.routing.state_intervals import ClientIntervals, StateIntervals, WindowRow

CLIENTS = """
SELECT c.id, c.ref, c.kind, c.forgotten_at, t.id AS thread_id, t.pool_number_id, c.name, p.e164
FROM client c
LEFT JOIN thread t ON t.org_id = c.org_id AND t.client_id = c.id
LEFT JOIN client_phone p ON p.client_id = c.id AND p.is_primary
WHERE c.org_id = :org_id AND c.id >= :first_client_id
ORDER BY c.id
LIMIT :most
"""

# Columns: client, then those of a `WindowRow`.
WINDOWS = """
SELECT t.client_id, w.starts_at, b.starts_at, w.booked_until, w.ends_at, b.id, b.ref, w.sitter_id
FROM thread t
JOIN assignment_window w ON w.thread_id = t.id AND w.ends_at > :since AND w.starts_at < :until
JOIN booking b ON b.id = w.booking_id AND b.status = 'confirmed'
WHERE t.org_id = :org_id AND t.client_id >= :first_client_id AND t.client_id <= :last_client_id
ORDER BY t.client_id, w.ends_at
"""

OVERRIDES = """
SELECT o.client_id, o.starts_at, coalesce(o.ended_at, o.until_at)
FROM route_override o
WHERE o.org_id = :org_id AND o.client_id >= :first_client_id AND o.client_id <= :last_client_id
  AND o.starts_at < :until AND o.until_at > :since AND (o.ended_at IS NULL OR o.ended_at > :since)
"""
_CLIENT = itemgetter(0)
AT_ONCE = 250
_REMEMBERED = 50_000
"""So many instants are kept from one page of clients to the next."""


def read_client_intervals(
    cursor: Cursor, org: OrgRow, span: Span, history: OrgHistory, *, only: ClientKey | None = None
) -> Iterator[ClientIntervals]:
    """Yield the intervals of all clients who were not erased, oldest first; or of one client."""
    known = _Instants()
    next_id, most = (0, AT_ONCE) if only is None else (only.id, 1)
    while True:
        clients = cursor.tuples(CLIENTS, org_id=org.id, first_client_id=next_id, most=most)
        if not clients:
            return
        ids = (clients[0][0], clients[-1][0])
        windows = _windows(cursor, org, span, ids, known)
        overrides = _overrides(cursor, org, span, ids)
        before = (
            {}
            if span.past_until is None
            else own_before(cursor, org, span.start, first_id=ids[0], last_id=ids[1])
        )
        for client_id, ref, kind, forgotten_at, thread_id, today, name, phone in clients:
            if only is None and forgotten_at is not None:
                continue
            yield ClientIntervals(
                client=ref,
                kind=ClientKind(kind),
                windows=windows.get(client_id, ()),
                own_pool_number=_own(
                    span, before.get(thread_id), history.pool_uses.get(thread_id, ()), today
                ),
                overrides=overrides.get(client_id, ()),
                calling_code=calling_code(phone) if phone and history.of_countries else None,
                client_name=name,
            )
        if only is not None:
            return
        next_id = ids[1] + 1


def _own(
    span: Span, before: int | None, uses: Sequence[PoolUse], today: int | None
) -> StateIntervals[int | None]:
    """A thread's own pool number: what the claims until now made it, then what it is today."""
    if span.past_until is None:
        return StateIntervals((span.start,), (today,))
    own = IntervalBuilder[int | None]()
    own.put(span.start, before)
    for at, number_id in uses:
        own.put(at, number_id)
    if span.future_from is not None:
        own.put(span.future_from, today)
    return own.intervals()


class _Instants(dict[str, datetime]):
    """Instants by SQLite's text for them: most visits begin and end when others do."""

    def __missing__(self, text: str) -> datetime:
        instant = self[text] = instant_from_text(text)
        return instant


def _windows(
    cursor: Cursor, org: OrgRow, span: Span, ids: tuple[int, int], known: _Instants
) -> dict[int, list[WindowRow]]:
    """The windows of these clients (from the first id to the last) that lie in the span."""
    rows = cursor.tuples(
        WINDOWS,
        org_id=org.id,
        since=span.start,
        until=span.end,
        first_client_id=ids[0],
        last_client_id=ids[1],
    )
    if not rows:
        return {}
    spans: list[WindowRow]
    if cursor.instants_are_text:
        if len(known) > _REMEMBERED:
            known.clear()
        spans = [
            (
                known[starts_at],
                known[begins],
                known[ends],
                known[ends_at],
                booking_id,
                ref,
                sitter_id,
            )
            for _, starts_at, begins, ends, ends_at, booking_id, ref, sitter_id in rows
        ]
    else:
        spans = [row[1:] for row in rows]
    found: dict[int, list[WindowRow]] = {}
    place = 0
    for client_id, count in Counter(map(_CLIENT, rows)).items():
        found[client_id] = spans[place : place + count]
        place += count
    return found


def _overrides(
    cursor: Cursor, org: OrgRow, span: Span, ids: tuple[int, int]
) -> dict[int, list[OverrideFact]]:
    """The overrides of these clients (from the first id to the last) that lie in the span."""
    found: dict[int, list[OverrideFact]] = {}
    for client_id, starts_at, until in cursor.tuples(
        OVERRIDES,
        org_id=org.id,
        since=span.start,
        until=span.end,
        first_client_id=ids[0],
        last_client_id=ids[1],
    ):
        override = OverrideFact(cursor.as_instant(starts_at), cursor.as_instant(until))
        found.setdefault(client_id, []).append(override)
    return found
