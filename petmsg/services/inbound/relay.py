"""Send a sitter's message to the client that it is for, from the number that routing chooses.

One with contact details is not sent, and the sitter gets a notice. `petmsg.rules.routing.relay`
decides which client it is for. A message that cannot be relayed goes to the inbox. The other
direction is `petmsg.services.inbound.forward`.
"""

from collections.abc import Sequence
from datetime import datetime

from petmsg.enums.inbound import RelayKind, RelayOutcome
from petmsg.errors import PetmsgError
from petmsg.models import Message
from petmsg.providers.base import ReceivedMessage
from petmsg.queries.inbound import media_count, sitter_id_of_message
from petmsg.queries.message import provider_id_of
from petmsg.queries.relay import (
    read_asked,
    read_relay_facts,
)
from petmsg.queries.sitter_number import sitter_line
from petmsg.rules.contact_details import ContactDetail
from petmsg.rules.routing.quotes import read_quotes
from petmsg.rules.routing.relay import (
    OpenClient,
    RelayAction,
    RelayDecision,
    RelayFacts,
    decide_relay,
    may_have,
)
from petmsg.services import inbox
from petmsg.services.inbound import relay_question
from petmsg.services.inbound.next_visit import next_visit
from petmsg.services.inbound.relay_loop import is_a_loop, stop_loop
from petmsg.services.media import relayed
from petmsg.services.outbox.contact_details import find_all
from petmsg.services.outbox.overridden import override_until, words_for_sitter
from petmsg.services.outbox.preview import SendOptions
from petmsg.services.outbox.queue import queue
from petmsg.services.outbox.system_messages import (
    add_relay,
    notify_sitter,
)
from petmsg.services.unit_of_work import UnitOfWork


def from_sitter(
    uow: UnitOfWork,
    text: ReceivedMessage,
    *,
    message_id: int,
    at: datetime,
    passes_pictures: bool = True,
) -> tuple[str, ...]:
    """Forward a sitter's message to its client, ask which client, or tell the sitter why not.

    `at` is when it was written (aware UTC). Without `passes_pictures` its pictures stay with the
    front desk, because the provider could not fetch them.
    """
    sitter_id = sitter_id_of_message(uow.cursor, message_id)
    body = text.body.strip()
    if text.media_count and not body and not passes_pictures:
        return _pictures_alone(uow, sitter_id, message_id)
    facts = read_relay_facts(
        uow.cursor,
        uow.org,
        sitter_id,
        message_id=message_id,
        body=body,
        at=at,
        now=uow.now,
    )
    decision = decide_relay(facts, body, at)
    match decision.action:
        case RelayAction.SEND:
            assert decision.client is not None
            sent = _send(
                uow,
                sitter_id,
                message_id,
                decision.client,
                words=decision.text,
                passes_pictures=passes_pictures,
            )
            return (sent,)
        case RelayAction.EMPTY if text.media_count and passes_pictures:
            assert decision.client is not None
            sent = _send(
                uow, sitter_id, message_id, decision.client, words="", passes_pictures=True
            )
            return (sent,)
        case RelayAction.SEND_WAITING:
            assert decision.client is not None
            return _send_waiting(
                uow, sitter_id, decision.client, facts, passes_pictures=passes_pictures
            )
        case RelayAction.ASK:
            return relay_question.ask(uow, sitter_id, message_id, decision)
        case RelayAction.ASK_AGAIN:
            return relay_question.ask_again(uow, sitter_id, message_id, decision)
        case RelayAction.REACTION if not text.media_count:
            return (f"not forwarded: {decision.why}",)
        case RelayAction.EMPTY if text.media_count:
            return _pictures_alone(uow, sitter_id, message_id)
    inbox.add(uow, message_id)
    if decision.action in _WHY_NOT and not _needs_no_notice(decision):
        notify_sitter(uow, sitter_id, message_id, _why_not(uow, sitter_id, decision))
    return (f"not forwarded: {decision.why}; left in the inbox",)


def _needs_no_notice(decision: RelayDecision) -> bool:
    """Whether the message is an answer to the front desk and could be nothing else."""
    return decision.action is RelayAction.FOR_DESK and not decision.options


_WHY_NOT = {
    RelayAction.FOR_DESK: (
        "The front desk, who wrote to you, has your message. For a client, send it again with @ "
        "and the client's ref before it."
    ),
    RelayAction.NO_WINDOW: (
        "Not sent: you have no open visit now. The front desk has your message."
    ),
    RelayAction.NOT_OPEN: (
        "Not sent: you have no open visit with that client. The front desk has your message."
    ),
    RelayAction.NOT_A_REF: (
        "Not sent: no client with an open visit has the ref after the @. The front desk has your "
        "message."
    ),
    RelayAction.NO_QUESTION: (
        "Not sent: you sent only a number, but there is no open question. To send it to a "
        "client, write @ and the client's ref before it."
    ),
    RelayAction.QUOTES_ANOTHER: (
        "Not sent: your message repeats a message that is not from this client. The front desk "
        "has your message."
    ),
    RelayAction.EMPTY: "Not sent: write your message after the client's ref.",
}
_OUTSIDE = frozenset((RelayAction.NO_WINDOW, RelayAction.NOT_OPEN, RelayAction.NOT_A_REF))
"""Outside their window the sitter is told when the next one opens."""
_PICTURES = "Pictures are not forwarded. The front desk has them."


def _why_not(uow: UnitOfWork, sitter_id: int, decision: RelayDecision) -> str:
    words = _WHY_NOT[decision.action]
    if decision.action in _OUTSIDE:
        words = f"{words} {next_visit(uow, sitter_id)}".rstrip()
    if decision.options:
        words += (
            " Refs: " + ", ".join(f"@{each.ref} {each.name}" for each in decision.options) + "."
        )
    return words


def _pictures_alone(uow: UnitOfWork, sitter_id: int, message_id: int) -> tuple[str, ...]:
    """Leave pictures without text in the inbox: there is nothing to forward and nothing to ask."""
    inbox.add(uow, message_id)
    notify_sitter(uow, sitter_id, message_id, _PICTURES)
    return ("pictures are not forwarded: left in the inbox",)


def _send(
    uow: UnitOfWork,
    sitter_id: int,
    message_id: int,
    client: OpenClient,
    *,
    words: str,
    passes_pictures: bool,
) -> str:
    """Queue the sitter's message to the client; return a short description of the result.

    While an override holds, it is the front desk's: nothing is sent.
    """
    until = override_until(uow, client.id)
    if until is not None:
        inbox.add(uow, message_id)
        notify_sitter(uow, sitter_id, message_id, words_for_sitter(uow, client.ref, until))
        return f"not forwarded to {client.ref}: an override holds; left in the inbox"
    if is_a_loop(uow, sitter_id, client.id):
        inbox.add(uow, message_id)
        stop_loop(uow, sitter_id, client.ref, message_id)
        return "too many messages at once: left in the inbox"
    count = media_count(uow.cursor, message_id)
    files = relayed.copies_of(uow, message_id) if passes_pictures else []
    if count and not (files or words.strip()):
        (said,) = _pictures_alone(uow, sitter_id, message_id)
        return said
    problem = None
    leaks = find_all(uow.cursor, uow.org, words, client_id=client.id, sitter_id=sitter_id)
    if leaks:
        problem = _why_held(leaks)
    else:
        try:
            with uow.all_or_nothing():
                sitter = sitter_line(uow.cursor, uow.org, sitter_id).sitter
                options = SendOptions(key=_key(uow, message_id), as_sitter=sitter, relayed=True)
                queued = queue(uow, client.ref, body=words, options=options, media=files)
                add_relay(
                    uow,
                    queued.message,
                    kind=RelayKind.REPLY,
                    about_id=message_id,
                    sitter_id=sitter_id,
                )
        except PetmsgError as refused:
            problem = _words_for_sitter(refused)
    if problem is not None:
        inbox.add(uow, message_id)
        words = f"Not sent to {client.name}: {problem}. The front desk has your message."
        if problem == _NO_OPEN_VISIT:
            words = f"{words} {next_visit(uow, sitter_id, client_id=client.id)}".rstrip()
        notify_sitter(uow, sitter_id, message_id, words)
        return f"not forwarded to {client.ref}: {problem}"
    if count > len(files):
        inbox.add(uow, message_id)
        notify_sitter(
            uow, sitter_id, message_id, f"Your text is being sent to {client.name}. {_PICTURES}"
        )
    return f"forwarded to {client.ref}"


def _why_held(leaks: Sequence[ContactDetail]) -> str:
    if any(leak.kind in ("phone", "email") for leak in leaks):
        return "it contains a phone number or an email address"
    return "it contains a handle, a link or a payment app"


_NO_OPEN_VISIT = "you have no open visit with this client"


def _words_for_sitter(refused: PetmsgError) -> str:
    return {
        "opted_out": "the client has opted out of messages",
        "not_textable": "the client's phone cannot receive SMS",
        "malformed_text": "it is empty or too long",
        "not_her_window": _NO_OPEN_VISIT,
    }.get(refused.code, "it cannot be sent")


def _send_waiting(
    uow: UnitOfWork,
    sitter_id: int,
    client: OpenClient,
    facts: RelayFacts,
    *,
    passes_pictures: bool,
) -> tuple[str, ...]:
    """Send the messages that waited for the sitter's answer to the chosen client, in their
    order."""
    did = []
    for question in read_asked(uow.cursor, uow.org, sitter_id, uow.now).waiting:
        message = uow.session.get(Message, question.message)
        assert message is not None
        words = message.body or ""
        inbox.close(uow, question.message, by=uow.actor, reason="the sitter chose the client")
        relay_question.close(uow, question, RelayOutcome.SENT, client_id=client.id)
        shown = [each for each in facts.shown if each.body != words]
        if may_have(read_quotes(words, shown), client.ref):
            sent = _send(
                uow,
                sitter_id,
                question.message,
                client,
                words=words,
                passes_pictures=passes_pictures,
            )
        else:
            inbox.add(uow, question.message)
            notify_sitter(uow, sitter_id, question.message, _WHY_NOT[RelayAction.QUOTES_ANOTHER])
            sent = f"not forwarded to {client.ref}: it repeats another person's message"
        did.append(sent)
    relay_question.expire(uow, sitter_id)
    return tuple(did)


def _key(uow: UnitOfWork, message_id: int) -> str:
    """Return the idempotency key that keeps a sitter's message from being sent twice. It contains
    no ID of this database, because another database may use that ID for another message."""
    sid = provider_id_of(uow.cursor, message_id)
    return f"relay:{sid}"
