"""From which numbers messages may be sent now: an estimate, because each claim decides anew.

Threads without a pool number of their own get the least recently used one when they are claimed, so
any pool number is possible.
"""

from collections.abc import Sequence
from datetime import datetime

from petmsg.db.cursor import Cursor
from petmsg.enums.routing import Code
from petmsg.queries.lookup import ClientKey, clients_by_id
from petmsg.queries.org import OrgRow
from petmsg.queries.queue import DueMessage
from petmsg.queries.routing import read_facts, usable_pool_numbers, voice_of
from petmsg.queries.routing_of_many import add_shared_numbers, read_windows_of_many
from petmsg.queries.send_blocks import Recipient, read_block_facts_of_many
from petmsg.queries.sitter_number import number_of_direct
from petmsg.rules.routing import Decision, decide
from petmsg.rules.routing.decide import needs_shared_numbers
from petmsg.rules.routing.facts import Facts
from petmsg.rules.send_blocks import find_blocks

_ROW_ERRORS = (AssertionError, LookupError, TypeError, ValueError, AttributeError)
"""Errors of a single row; a database driver's errors concern all rows."""

Numbers = tuple[int, ...]


def likely_numbers(
    cursor: Cursor, org: OrgRow, messages: Sequence[DueMessage], now: datetime
) -> list[Numbers]:
    """The numbers from which each message may be sent now, in the order of `messages`; empty if
    something else decides, or a row is damaged: its claim fails in the same way, and reports it."""
    try:
        return _read(cursor, org, messages, now)
    except _ROW_ERRORS:
        return [_alone(cursor, org, due, now) for due in messages]


def _alone(cursor: Cursor, org: OrgRow, due: DueMessage, now: datetime) -> Numbers:
    try:
        return _read(cursor, org, [due], now)[0]
    except _ROW_ERRORS:
        return ()


def _read(
    cursor: Cursor, org: OrgRow, messages: Sequence[DueMessage], now: datetime
) -> list[Numbers]:
    recipients = [Recipient(due.client_id, due.to_e164) for due in messages]
    held = read_block_facts_of_many(cursor, org, recipients)
    free = [due for due, facts in zip(messages, held, strict=True) if not find_blocks(facts, now)]
    ids = {due.client_id for due in free if due.client_id is not None}
    clients = clients_by_id(cursor, org.id, ids)
    to_clients = [(due, clients[due.client_id]) for due in free if due.client_id is not None]
    found: dict[int, Numbers] = {}
    for due in free:
        if due.client_id is None:
            number = number_of_direct(cursor, org, due.message)
            found[due.message] = () if number is None else (number,)
    decisions = [decide(facts, now) for facts in _facts(cursor, org, to_clients, now)]
    is_any = any(_is_any_of_pool(each) for each in decisions)
    pool = usable_pool_numbers(cursor, org, now) if is_any else ()
    for (due, _), decision in zip(to_clients, decisions, strict=True):
        chosen = decision.number
        one = () if chosen is None else (chosen.id,)
        found[due.message] = pool if _is_any_of_pool(decision) else one
    return [found.get(due.message, ()) for due in messages]


def _facts(
    cursor: Cursor, org: OrgRow, wanted: Sequence[tuple[DueMessage, ClientKey]], now: datetime
) -> list[Facts]:
    """The facts of each message. A message in which a sitter may speak is read alone."""
    facts = read_windows_of_many(cursor, org, [(client, now) for _, client in wanted])
    shared: list[int] = []
    for place, (due, client) in enumerate(wanted):
        if due.voice is not None or len(facts[place].windows) > 1:
            voice = voice_of(cursor, due.message)
            facts[place] = read_facts(cursor, org, client, at=now, past=False, voice=voice)
        elif needs_shared_numbers(facts[place], now):
            shared.append(place)
    complete = add_shared_numbers(
        cursor,
        org,
        [(wanted[place][1], now) for place in shared],
        [facts[place] for place in shared],
    )
    for place, each in zip(shared, complete, strict=True):
        facts[place] = each
    return facts


def _is_any_of_pool(decision: Decision) -> bool:
    """Whether the number depends on which one was used last when the message is claimed."""
    return decision.trace[-1].code is Code.POOL_LEAST_RECENTLY_USED
