"""The facts of a routing decision, read by one statement.

`NOW` is for the present and the future: sending runs it on its transaction's cursor, explaining on
a snapshot's. `PAST` reads the number ledger, the periods of activity and the attempts to send as
they were; every attempt used its number, whatever its outcome was.
Constants are literals: with bound ones SQLite prepares the query of a partial index each time.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from petmsg.db.cursor import Cursor
from petmsg.db.statements import instant_from_text
from petmsg.enums.messages import Voice
from petmsg.enums.numbers import NumberClass, NumberStatus
from petmsg.phone import calling_code
from petmsg.queries.lookup import ClientKey
from petmsg.queries.org import OrgRow
from petmsg.rules.routing.decide import needs_shared_numbers
from petmsg.rules.routing.facts import (
    COMPANY,
    Facts,
    NumberFact,
    OverrideFact,
    PoolNumberFact,
    SpeakerFact,
    VoiceFact,
    WindowFact,
)

# At most one: an override ends the one before it. One that was ended holds until then.
_OVERRIDE = """
SELECT 2, NULL, NULL, o.starts_at, NULL, coalesce(o.ended_at, o.until_at), NULL, NULL, NULL,
       NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
FROM route_override o
WHERE o.client_id = :client_id AND o.until_at > :at AND o.starts_at <= :at
  AND (o.ended_at IS NULL OR o.ended_at > :at)
"""

_OPEN_WINDOW = """thread t
JOIN assignment_window w ON w.thread_id = t.id
JOIN booking b ON b.id = w.booking_id AND b.status = 'confirmed'"""
_IT_IS_OPEN = """t.org_id = :org_id AND t.client_id = :client_id
  AND w.ends_at > :at AND w.starts_at <= :at"""
# There may be thousands of pool numbers, and where a window is open it usually decides alone. With
# the row of the org first, SQLite looks for a window once, and not for each number.
_WITHOUT_WINDOW = f"""g.id = :org_id
  AND NOT EXISTS (SELECT 1 FROM {_OPEN_WINDOW} WHERE {_IT_IS_OPEN})"""

# Columns: kind, then for a window: booking id, booking, starts, booked until, ends, sitter, name,
# is active; for all: number id, e164, class, status, quarantined until; for a pool number: last
# used, own threads, whether it is the thread's own; whether the number can send pictures; last,
# for a window, from when it is booked. An override has its start and end where a window has them.
_NUMBER_NOW = """1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
       n.id, n.e164, n.class, n.status, n.quarantined_until, n.last_used_at,
       CASE WHEN :pool_limit > 0 THEN (
           SELECT count(*) FROM (
               SELECT 1 FROM thread o WHERE o.pool_number_id = n.id LIMIT :pool_limit
           ) counted
       ) ELSE 0 END,
       CASE WHEN n.class = 'pool' AND n.id = (
           SELECT t.pool_number_id FROM thread t
           WHERE t.org_id = :org_id AND t.client_id = :client_id
       ) THEN 1 ELSE 0 END, n.mms, NULL"""
_SHARED_NOW = """n.org_id = :org_id AND n.class IN ('pool', 'front_desk')
  AND n.status IN ('active', 'quarantined')"""

NUMBERS_NOW = f"SELECT {_NUMBER_NOW} FROM message_number n WHERE {_SHARED_NOW}"
NOW = f"""
SELECT 0, b.id, b.ref, w.starts_at, w.booked_until, w.ends_at, s.ref, s.name,
       CASE WHEN s.status = 'active' THEN 1 ELSE 0 END,
       n.id, n.e164, n.class, n.status, n.quarantined_until, n.last_used_at, 0, 0, n.mms,
       b.starts_at
FROM {_OPEN_WINDOW}
LEFT JOIN sitter s ON s.id = w.sitter_id
LEFT JOIN message_number n ON n.sitter_id = w.sitter_id
WHERE {_IT_IS_OPEN}
UNION ALL
SELECT {_NUMBER_NOW}
FROM org g CROSS JOIN message_number n
WHERE {_WITHOUT_WINDOW} AND {_SHARED_NOW}
UNION ALL
{_OVERRIDE}"""

_AT_THAT_TIME = """c.org_id = :org_id AND c.from_at = (
    SELECT max(l.from_at) FROM number_custody l
    WHERE l.number_id = c.number_id AND l.from_at <= :at
)"""
_NUMBER_PAST = """1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
       n.id, n.e164, c.class, c.status, c.quarantined_until,
       (SELECT max(a.claimed_at) FROM message_attempt a
        WHERE a.number_id = n.id AND a.claimed_at <= :at),
       CASE WHEN :pool_limit > 0 THEN (
           SELECT count(*) FROM thread o WHERE o.org_id = :org_id AND n.id = (
               SELECT a.number_id FROM message_attempt a
               WHERE a.thread_id = o.id AND a.claimed_at <= :at AND a.rule = 'pool'
               ORDER BY a.claimed_at DESC, a.id DESC LIMIT 1
           )
       ) ELSE 0 END,
       CASE WHEN n.id = (
           SELECT a.number_id FROM message_attempt a
           JOIN thread t ON t.id = a.thread_id
           WHERE t.org_id = :org_id AND t.client_id = :client_id
             AND a.claimed_at <= :at AND a.rule = 'pool'
           ORDER BY a.claimed_at DESC, a.id DESC LIMIT 1
       ) THEN 1 ELSE 0 END, n.mms, NULL"""
_SHARED_PAST = f"""n.id = c.number_id AND {_AT_THAT_TIME}
  AND c.class IN ('pool', 'front_desk') AND c.status IN ('active', 'quarantined')"""

NUMBERS_PAST = f"SELECT {_NUMBER_PAST} FROM number_custody c, message_number n WHERE {_SHARED_PAST}"
PAST = f"""
SELECT 0, b.id, b.ref, w.starts_at, w.booked_until, w.ends_at, s.ref, s.name,
       CASE WHEN EXISTS (
           SELECT 1 FROM sitter_activity a WHERE a.sitter_id = w.sitter_id
             AND a.activated_at <= :at AND (a.offboarded_at IS NULL OR a.offboarded_at > :at)
       ) THEN 1 ELSE 0 END,
       n.id, n.e164, c.class, c.status, c.quarantined_until, n.last_used_at, 0, 0, n.mms,
       b.starts_at
FROM {_OPEN_WINDOW}
LEFT JOIN sitter s ON s.id = w.sitter_id
LEFT JOIN number_custody c ON c.sitter_id = w.sitter_id AND {_AT_THAT_TIME}
LEFT JOIN message_number n ON n.id = c.number_id
WHERE {_IT_IS_OPEN}
UNION ALL
SELECT {_NUMBER_PAST}
FROM org g CROSS JOIN number_custody c CROSS JOIN message_number n
WHERE {_WITHOUT_WINDOW} AND {_SHARED_PAST}
UNION ALL
{_OVERRIDE}"""


# A sitter's reply that the relay passes on may also leave from the pool's number, or the desk's.
# Of a reply also the number, as it is now, that received the message it answers.
VOICE = """
SELECT m.voice, s.ref, s.name, CASE WHEN r.message_id IS NULL THEN 1 ELSE 0 END,
       n.id, n.e164, n.class, n.status, n.quarantined_until, n.mms
FROM message m
LEFT JOIN relay r ON r.message_id = m.id AND r.kind = 'reply'
LEFT JOIN sitter s ON s.id = coalesce(m.as_sitter_id, r.sitter_id)
LEFT JOIN message_source x ON x.message_id = m.id AND m.voice = 'reply'
LEFT JOIN message i ON i.id = x.reply_to_id
LEFT JOIN message_number n ON n.id = i.number_id
WHERE m.id = :message_id
"""

NUMBER_OF_REPLY = """
SELECT n.id, n.e164, n.class, n.status, n.quarantined_until, n.mms
FROM message i
JOIN message_number n ON n.id = i.number_id
WHERE i.id = :message_id AND i.org_id = :org_id
"""

_NORTH_AMERICA = {"+1"}
_PRIMARY_PHONE = """
SELECT e164 FROM client_phone WHERE client_id = :client_id AND is_primary
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
    past: bool,
    notes: tuple[str, ...] = (),
    voice: VoiceFact = COMPANY,
    with_media: bool = False,
    phone: str | None = None,
) -> Facts:
    """The facts for a message to the client at `at` (aware UTC), in which `voice` speaks and with
    pictures if `with_media`. It goes to `phone`, or else to the client's primary phone of today.

    `past` says whether `at` lies before the command's own now: then numbers, holders, sitters and
    uses are as they were at `at`; windows and settings are today's. The pool's and the front desk's
    numbers are read only if the decision at `at` can depend on them.
    """
    named = {
        "org_id": org.id,
        "client_id": client.id,
        "at": at,
        "pool_limit": org.pool_threads_per_number or 0,
    }
    rows = cursor.tuples(PAST if past else NOW, **named)
    text = cursor.instants_are_text
    windows: list[WindowFact] = []
    numbers: list[tuple[Any, ...]] = []
    override: OverrideFact | None = None
    for row in rows:
        kind = row[0]
        if kind == 0:
            windows.append(_window(row, text))
        elif kind == 1:
            numbers.append(row)
        else:
            override = OverrideFact(cursor.as_instant(row[3]), cursor.as_instant(row[5]))
    facts = Facts(
        org.slug,
        org.timezone,
        org.pool_for,
        org.pool_threads_per_number,
        client.ref,
        client.kind,
        tuple(windows),
        None,
        (),
        (),
        notes,
        voice.speaker,
        with_media,
        voice.desk_speaks,
        override,
        voice.reply_to,
        None,
    )
    if windows:
        if not needs_shared_numbers(facts, at):
            return facts
        numbers = cursor.tuples(NUMBERS_PAST if past else NUMBERS_NOW, **named)
    return _with_shared_numbers(cursor, facts, numbers, client, phone)


def shared_numbers(
    cursor: Cursor, org: OrgRow
) -> tuple[tuple[PoolNumberFact, ...], tuple[NumberFact, ...]]:
    """The org's pool and front desk numbers as they are now."""
    limit = org.pool_threads_per_number or 0
    rows = cursor.tuples(NUMBERS_NOW, org_id=org.id, client_id=0, pool_limit=limit)
    pool, desks, _ = _divided(rows, cursor.instants_are_text)
    return pool, desks


def _with_shared_numbers(
    cursor: Cursor,
    facts: Facts,
    rows: Sequence[tuple[Any, ...]],
    client: ClientKey,
    phone: str | None,
) -> Facts:
    """The facts with the pool's and the front desk's numbers."""
    pool, desks, own = _divided(rows, cursor.instants_are_text)
    code = None
    if {row[10][:2] for row in rows} != _NORTH_AMERICA:
        code = _calling_code(cursor, client, phone, [*desks, *(each.number for each in pool)])
    return facts._replace(own_pool_number_id=own, pool=pool, desks=desks, calling_code=code)


def _divided(
    rows: Sequence[tuple[Any, ...]], text: bool
) -> tuple[tuple[PoolNumberFact, ...], tuple[NumberFact, ...], int | None]:
    """The pool, the front desk's numbers, and the id of the thread's own pool number."""
    pool: list[PoolNumberFact] = []
    desks: list[NumberFact] = []
    own: int | None = None
    for row in rows:
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
    return tuple(pool), tuple(desks), own


def _calling_code(
    cursor: Cursor, client: ClientKey, phone: str | None, numbers: Sequence[NumberFact]
) -> str | None:
    """The country code of the client's phone, if the numbers have different ones.

    In most orgs they have not, and the phone is not read.
    """
    if len({calling_code(each.e164) for each in numbers}) < 2:
        return None
    to_e164 = phone or cursor.value(_PRIMARY_PHONE, client_id=client.id)
    return None if to_e164 is None else calling_code(to_e164)


def voice_of(cursor: Cursor, message_id: int) -> VoiceFact:
    """Who speaks in an outbound message. The number of a reply is as it is now."""
    rows = cursor.tuples(VOICE, message_id=message_id)
    if not rows:
        return COMPANY
    voice, sitter, name, own_number_only, *number = rows[0]
    speaker = None if sitter is None else SpeakerFact(sitter, name, bool(own_number_only))
    return VoiceFact(speaker, voice == Voice.DESK, _number_of_reply(cursor, number))


def voice_of_reply(cursor: Cursor, org: OrgRow, message_id: int) -> VoiceFact:
    """Who speaks in an answer to that inbound message: its number, as it is now."""
    rows = cursor.tuples(NUMBER_OF_REPLY, message_id=message_id, org_id=org.id)
    return VoiceFact(reply_to=_number_of_reply(cursor, rows[0])) if rows else COMPANY


def _number_of_reply(cursor: Cursor, row: Sequence[Any]) -> NumberFact | None:
    if row[0] is None:
        return None
    return NumberFact(
        row[0],
        row[1],
        _CLASS[row[2]],
        _STATUS[row[3]],
        None if row[4] is None else cursor.as_instant(row[4]),
        None if row[5] is None else bool(row[5]),
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
    booked_from = None if row[18] == starts_at else row[18]
    if text:
        starts_at = instant_from_text(starts_at)
        booked_until = instant_from_text(booked_until)
        ends_at = instant_from_text(ends_at)
        if booked_from is not None:
            booked_from = instant_from_text(booked_from)
    return WindowFact(
        row[1],
        row[2],
        starts_at,
        booked_until,
        ends_at,
        row[6],
        row[7],
        bool(row[8]),
        None if row[9] is None else _number(row, text),
        booked_from,
    )
