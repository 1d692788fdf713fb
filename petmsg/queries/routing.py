"""The facts of a routing decision, read by one statement.

Sending runs it on its transaction's cursor, explaining on a snapshot's.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from petmsg.db.cursor import Cursor
from petmsg.db.statements import instant_from_text
from petmsg.enums.messages import Voice
from petmsg.enums.numbers import NumberClass, NumberStatus
from petmsg.phone import calling_code
from petmsg.queries.lookup import ClientKey
from petmsg.queries.org import OrgRow
from petmsg.queries.routing_now import LENT_POOL, NOW, NUMBERS_NOW
from petmsg.queries.routing_past import NUMBERS_PAST, PAST
from petmsg.rules.routing.decide import needs_more_of_pool, needs_shared_numbers, usable
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

# A sitter's reply that the relay passes on may also be sent from the pool's number, or the desk's.
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

POOL_STATES = f"SELECT id, status, quarantined_until FROM message_number WHERE {LENT_POOL}"

_NORTH_AMERICA = {"+1"}
_PRIMARY_PHONE = """
SELECT e164 FROM client_phone WHERE client_id = :client_id AND is_primary
"""

# A look-up takes a tenth of the time of calling the enum, and a decision needs a dozen.
_CLASS = {each.value: each for each in NumberClass}
_STATUS = {each.value: each for each in NumberStatus}


class _LentNumber(NamedTuple):
    id: int
    status: NumberStatus
    quarantined_until: datetime | None


AT_FIRST = 2
"""So many pool numbers are read, in the order of rule 2. Mostly the first one is lent."""
TIMES_MORE = 20
"""If none of them can be lent, so many times as many are read."""


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
    rows = cursor.tuples(PAST if past else NOW, most=AT_FIRST, **named)
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
    statement = NUMBERS_PAST if past else NUMBERS_NOW
    if windows:
        if not needs_shared_numbers(facts, at):
            return facts
        numbers = cursor.tuples(statement, most=AT_FIRST, **named)
    facts = _with_shared_numbers(cursor, facts, numbers, client, phone)
    most = AT_FIRST
    while len(facts.pool) >= most and needs_more_of_pool(facts, at, most):
        most *= TIMES_MORE
        numbers = cursor.tuples(statement, most=most, **named)
        facts = _with_shared_numbers(cursor, facts, numbers, client, phone)
    return facts


def shared_numbers(
    cursor: Cursor, org: OrgRow, *, most: int
) -> tuple[tuple[PoolNumberFact, ...], tuple[NumberFact, ...]]:
    """The org's front desk numbers as they are now, and of its pool numbers those that rule 2 looks
    at first: at least `most`, if it has so many."""
    limit = org.pool_threads_per_number or 0
    rows = cursor.tuples(NUMBERS_NOW, org_id=org.id, client_id=0, pool_limit=limit, most=most)
    pool, desks, _ = _divided(rows, cursor.instants_are_text)
    return pool, desks


def usable_pool_numbers(cursor: Cursor, org: OrgRow, at: datetime) -> tuple[int, ...]:
    """The IDs of all pool numbers that may be used at `at` (aware UTC, not before the command's
    now)."""
    rows = cursor.tuples(POOL_STATES, org_id=org.id)
    numbers = [_LentNumber(row[0], _STATUS[row[1]], cursor.as_instant(row[2])) for row in rows]
    return tuple(each.id for each in numbers if usable(each, at))


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
