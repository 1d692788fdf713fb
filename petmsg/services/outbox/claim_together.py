"""Claim many messages by a constant number of statements: the usual case of `claim`.

Only messages that would be claimed, or wait for their number's rate limit, whatever happens to the
others of the batch: a message of the company to a client, whose pictures are there, that nothing
blocks, from a number that does not depend on who used it last. `claim` decides about all others,
one by one, and what it says of a message here is the same.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

from petmsg.enums.messages import Direction, MessageStatus
from petmsg.enums.routing import Code
from petmsg.queries.attempts_together import (
    ClaimableMessage,
    NewAttempt,
    begin_attempts,
    locked_messages,
    locked_numbers,
    next_messages,
)
from petmsg.queries.lookup import ClientKey, clients_by_id
from petmsg.queries.media import MediaRow
from petmsg.queries.queue import NumberRateLimit
from petmsg.queries.routing_of_many import add_shared_numbers, read_windows_of_many
from petmsg.queries.send_blocks import Recipient, blocked_pairs, read_block_facts_of_many
from petmsg.rules import rate_limit
from petmsg.rules.routing import Decision, decide
from petmsg.rules.routing.decide import needs_shared_numbers
from petmsg.rules.send_blocks import find_blocks
from petmsg.services.outbox import outgoing_media
from petmsg.services.outbox.claimed import (
    Claim,
    Waiting,
    at_rate_limit,
    new_claim,
    not_queued,
)
from petmsg.services.outbox.stored_message import MessageNotWaiting
from petmsg.services.unit_of_work import Failure, UnitOfWork


class _Candidate(NamedTuple):
    """A message that may be claimed, its client and its files."""

    message: ClaimableMessage
    client: ClientKey
    media: Sequence[MediaRow]


def claim_together(
    uow: UnitOfWork,
    messages: Sequence[int],
    *,
    worker: str,
    ahead: timedelta,
    public_url: str | None = None,
) -> dict[int, Claim | Waiting | Failure]:
    """Claim those of the messages that are the usual case; the others are not in the result.

    `public_url` is where the provider may fetch their pictures. One that is not queued any more is
    a `Failure` (`MessageNotWaiting`).
    """
    locked = locked_messages(uow.cursor, uow.org, messages)
    found: dict[int, Claim | Waiting | Failure] = {}
    usual: list[ClaimableMessage] = []
    for message in (locked[each] for each in messages if each in locked):
        if message.direction == Direction.OUTBOUND and message.status != MessageStatus.QUEUED:
            problem = MessageNotWaiting(not_queued(message.id, message.status))
            found[message.id] = Failure(str(message.id), problem)
        elif _is_usual(uow, message):
            usual.append(message)
    candidates = _free(uow, usual, public_url)
    decided = _decided(uow, candidates)
    found |= _claimed(uow, decided, worker=worker, ahead=ahead, public_url=public_url)
    return found


def _is_usual(uow: UnitOfWork, message: ClaimableMessage) -> bool:
    """Whether the company speaks in the message, to a client, and it is due."""
    complete = None not in (
        message.body,
        message.to_e164,
        message.send_at,
        message.thread_id,
        message.client_id,
    )
    speaks = message.voice is None and message.as_sitter_id is None
    is_reply = (message.idempotency_key or "").startswith("relay:")
    is_due = message.due_at is None or message.due_at <= uow.now
    is_ours = message.direction == Direction.OUTBOUND
    return complete and speaks and not is_reply and is_due and is_ours


def _free(
    uow: UnitOfWork, claimable: Sequence[ClaimableMessage], public_url: str | None
) -> list[_Candidate]:
    """Those of the messages that nothing blocks and nothing is in the way of; one to a phone."""
    first = {message.to_e164: message for message in reversed(claimable)}
    claimable = [message for message in claimable if first[message.to_e164] is message]
    if not claimable:
        return []
    recipients = [
        Recipient(
            message.client_id,
            message.to_e164 or "",
            message.send_at,
            message.expires_at,
            message.urgent,
        )
        for message in claimable
    ]
    held = read_block_facts_of_many(uow.cursor, uow.org, recipients)
    ids = {message.client_id for message in claimable if message.client_id is not None}
    clients = clients_by_id(uow.cursor, uow.org.id, ids)
    nexts = next_messages(uow.cursor, uow.org, [message.id for message in claimable], now=uow.now)
    files = outgoing_media.read_media_of_many(uow, claimable)
    free: list[_Candidate] = []
    for message, facts in zip(claimable, held, strict=True):
        media = files.get(message.id, [])
        all_facts = outgoing_media.with_media_facts(facts, uow.org, message, media, public_url)
        blocks = find_blocks(all_facts, uow.now)
        if message.client_id is not None and message.id in nexts and not blocks:
            free.append(_Candidate(message, clients[message.client_id], media))
    return free


_Decided = tuple[_Candidate, Decision, NumberRateLimit]


def _decided(uow: UnitOfWork, candidates: Sequence[_Candidate]) -> list[_Decided]:
    """The candidates with their Decisions and the numbers that these name, which are locked.

    Where others may write, a number may change before it is locked: the facts are then read again,
    and a message whose Decision names another number is left out.
    """
    decisions = _decide(uow, candidates)
    wanted = {each.number.id for each in decisions if each is not None and each.number}
    numbers = locked_numbers(uow.cursor, uow.org, wanted)
    if uow.cursor.has_other_writers and numbers:
        decisions = _decide(uow, candidates)
    found = []
    for candidate, decision in zip(candidates, decisions, strict=True):
        number = decision and decision.number and numbers.get(decision.number.id)
        if decision is not None and number:
            found.append((candidate, decision, number))
    return found


def _decide(uow: UnitOfWork, candidates: Sequence[_Candidate]) -> list[Decision | None]:
    """A Decision for each; None where it depends on what the others of the batch use."""
    cursor, org, now = uow.cursor, uow.org, uow.now
    clients = [each.client for each in candidates]
    windows = read_windows_of_many(cursor, org, [(client, now) for client in clients])
    facts = [
        each._replace(with_media=bool(candidate.media))
        for candidate, each in zip(candidates, windows, strict=True)
    ]
    shared = [place for place, each in enumerate(facts) if needs_shared_numbers(each, now)]
    complete = add_shared_numbers(
        cursor,
        org,
        [(clients[place], now) for place in shared],
        [facts[place] for place in shared],
        phones=[candidates[place].message.to_e164 for place in shared],
    )
    for place, each in zip(shared, complete, strict=True):
        facts[place] = each
    decisions = (decide(each, now) for each in facts)
    return [
        None if each.trace[-1].code is Code.POOL_LEAST_RECENTLY_USED else each for each in decisions
    ]


def _claimed(
    uow: UnitOfWork,
    decided: Sequence[_Decided],
    *,
    worker: str,
    ahead: timedelta,
    public_url: str | None,
) -> dict[int, Claim | Waiting | Failure]:
    """Claim them, each number at its rate limit."""
    phones = {candidate.message.to_e164 or "" for candidate, _, _ in decided}
    blocked = blocked_pairs(uow.cursor, uow.org, phones)
    free_at = {number.id: number.free_at for _, _, number in decided}
    found: dict[int, Claim | Waiting | Failure] = {}
    begun: list[NewAttempt] = []
    tokens: dict[int, str] = {}
    for (message, _, files), decision, number in decided:
        if number.refused_until is not None or (number.id, message.to_e164) in blocked:
            continue
        start_at = rate_limit.next_start(free_at[number.id], uow.now)
        if start_at > uow.now + ahead:
            found[message.id] = at_rate_limit(message.id, number, decision, start_at)
            continue
        token = outgoing_media.token_for(uow.org, files)
        if token is not None:
            tokens[message.id] = token
        media = outgoing_media.outgoing(files, public_url, token)
        new = new_claim(
            uow, message, number, decision, worker=worker, start_at=start_at, media=media
        )
        free_at[number.id] = new.free_at
        found[message.id] = new
        begun.append(_attempt(uow, new))
    begin_attempts(uow.cursor, begun)
    outgoing_media.give_access(uow, tokens)
    return found


def _attempt(uow: UnitOfWork, new: Claim) -> NewAttempt:
    rule = new.decision.stored_rule
    return NewAttempt(
        org_id=uow.org.id,
        message_id=new.message,
        attempt=new.attempt,
        thread_id=new.thread,
        number_id=new.number,
        from_e164=new.text.from_e164,
        rule=None if rule is None else rule.value,
        decision=new.decision_json,
        provider=uow.org.provider.value,
        worker=new.worker,
        now=new.claimed_at,
        free_at=new.free_at,
    )
