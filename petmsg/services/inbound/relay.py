"""The relay: forward a client's messages to their sitter, and the sitter's replies to the client.

Both sides see business numbers only. The sitter receives a client's message from their own masked
number, with the client's name in front and with phones and email addresses hidden. A sitter's reply
goes to the client from the number that routing chooses; one with contact details is not sent, and
the sitter gets a notice. `petmsg.rules.routing.relay` decides which client it is for. A message
that cannot be relayed goes to the inbox.
"""

import shlex
from collections.abc import Sequence
from datetime import datetime, timedelta

from petmsg.enums import (
    AddressedTo,
    AlertKind,
    AlertSeverity,
    RelayKind,
    RelayOutcome,
)
from petmsg.errors import PetmsgError
from petmsg.models import Message
from petmsg.providers.base import ReceivedText
from petmsg.queries.inbound import media_count, sitter_id_of_message
from petmsg.queries.lookup import ClientKey
from petmsg.queries.message import provider_id_of
from petmsg.queries.relay import (
    read_asked,
    read_clients_around,
    read_relay_facts,
    shown_to_client,
)
from petmsg.queries.relay_traffic import passed_on
from petmsg.queries.sitter_number import sitter_line
from petmsg.rules.contact_details import ContactDetail
from petmsg.rules.routing.inbound import InboundFacts, route_inbound
from petmsg.rules.routing.quotes import Reaction, may_quote, read_quotes
from petmsg.rules.routing.relay import (
    OpenClient,
    RelayAction,
    RelayDecision,
    RelayFacts,
    decide_relay,
    may_have,
)
from petmsg.services import inbox
from petmsg.services.alert import raise_alert
from petmsg.services.inbound import relay_question
from petmsg.services.inbound.address import facts_now
from petmsg.services.outbox.contact_details import find_all, hide
from petmsg.services.outbox.preview import SendOptions
from petmsg.services.outbox.queue import queue
from petmsg.services.outbox.system_messages import (
    add_relay,
    hide_contact_details,
    notify_sitter,
    queue_system_message,
)
from petmsg.services.unit_of_work import UnitOfWork
from petmsg.text_inputs import LONGEST_BODY

MOST_PASSED_ON = (
    (10, timedelta(seconds=30)),
    (30, timedelta(minutes=5)),
    (50, timedelta(hours=1)),
    (200, timedelta(hours=24)),
)
"""How many messages may be relayed between the same two people in both directions, and within which
time. More than this means that two machines answer each other. Twilio stops at 15 in 30 s (error
14107), but nobody else stops two slow machines."""
_LOOK_BACK = 1000
"""How many of a sitter's last messages are counted: more than fit into one day."""

# One row per relayed message, however many parts it had.


# ------------------------------------------------------------------------------ client to sitter


def to_sitter(
    uow: UnitOfWork,
    text: ReceivedText,
    *,
    message_id: int,
    client: ClientKey | None,
    facts: InboundFacts,
    at: datetime,
) -> tuple[str, ...]:
    """Forward a client's message to its sitter, from the sitter's own number."""
    assert client is not None
    if at < uow.now and _addressed_now(uow, text) != route_inbound(facts, at).addressed_to:
        inbox.add(uow, message_id)
        return ("the sitter's window is over: left in the inbox",)
    sitter_id = _sitter_of(uow, message_id)
    if _is_a_loop(uow, sitter_id, client.id):
        _stop_loop(uow, sitter_id, client.ref, message_id)
        return ("too many messages at once: left in the inbox",)
    line = sitter_line(uow.cursor, uow.org, sitter_id)
    leaks = find_all(uow.cursor, uow.org, text.body, client_id=client.id, sitter_id=sitter_id)
    words = hide(text.body, leaks).strip()
    if text.media_count:
        inbox.add(uow, message_id)  # pictures are not forwarded yet, so the front desk has them
        count = "1 picture" if text.media_count == 1 else f"{text.media_count} pictures"
        words = f"{words} [{count}, with the front desk]".strip()
    name = hide_contact_details(uow, _name_for(uow, sitter_id, client, at))
    for part in _parts(f"{name}: ", words):
        queue_system_message(
            uow,
            to_e164=line.phone,
            body=part,
            kind=RelayKind.FORWARD,
            about_id=message_id,
            sitter_id=sitter_id,
        )
    inbox.leave_with_sitter(uow, message_id)
    return (f"forwarded to {line.sitter}",)


def too_old(uow: UnitOfWork, message_id: int, kind: AddressedTo) -> tuple[str, ...]:
    """Leave an old message to a person, because nobody could act on it in time."""
    inbox.add(uow, message_id)
    if kind in (AddressedTo.SITTER, AddressedTo.RELAY):
        return ("the message is old: left in the inbox",)
    return ()


def _addressed_now(uow: UnitOfWork, text: ReceivedText) -> str | None:
    found = facts_now(
        uow.cursor,
        uow.org,
        to_e164=text.to_e164,
        from_phone=text.from_phone,
        body=text.body,
        now=uow.now,
    )
    return None if found is None else route_inbound(found, uow.now).addressed_to


def _name_for(uow: UnitOfWork, sitter_id: int, client: ClientKey, at: datetime) -> str:
    """Return the client's name as the sitter knows it, with more detail if another has the same
    name."""
    around = read_clients_around(uow.cursor, uow.org, sitter_id, at=at, now=uow.now)
    names = (each.client.name for each in around if each.client.id == client.id)
    return next(names, client.name or client.ref)


def is_reaction(uow: UnitOfWork, text: ReceivedText, client: ClientKey | None) -> bool:
    """Whether a client's message is only a reaction to a message of the company."""
    if client is None or text.media_count or not may_quote(text.body):
        return False
    shown = shown_to_client(uow.cursor, uow.org, client.id)
    return read_quotes(text.body, shown).reaction is Reaction.YES


def _parts(name: str, words: str) -> list[str]:
    """Split the text into as many messages as it needs, each with the name in front."""
    room = LONGEST_BODY - len(name)
    pieces = [words[start : start + room] for start in range(0, len(words), room)] or ["[no words]"]
    return [name + piece for piece in pieces]


# ------------------------------------------------------------------------------ sitter to client


def from_sitter(
    uow: UnitOfWork, text: ReceivedText, *, message_id: int, at: datetime
) -> tuple[str, ...]:
    """Forward a sitter's message to its client, ask which client, or tell the sitter why not.

    `at` is when it was written (aware UTC).
    """
    sitter_id = _sitter_of(uow, message_id)
    body = text.body.strip()
    if text.media_count and not body:
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
                media_count=text.media_count,
            )
            return (sent,)
        case RelayAction.SEND_WAITING:
            assert decision.client is not None
            return _send_waiting(uow, sitter_id, decision.client, facts)
        case RelayAction.ASK:
            return relay_question.ask(uow, sitter_id, message_id, decision)
        case RelayAction.ASK_AGAIN:
            return relay_question.ask_again(uow, sitter_id, message_id, decision)
        case RelayAction.REACTION if not text.media_count:
            return (f"not forwarded: {decision.why}",)
        case RelayAction.EMPTY if text.media_count:
            return _pictures_alone(uow, sitter_id, message_id)
    inbox.add(uow, message_id)
    if decision.action in _WHY_NOT:
        notify_sitter(uow, sitter_id, message_id, _why_not(decision))
    return (f"not forwarded: {decision.why}; left in the inbox",)


_WHY_NOT = {
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
_PICTURES = "Pictures are not forwarded. The front desk has them."


def _why_not(decision: RelayDecision) -> str:
    words = _WHY_NOT[decision.action]
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
    media_count: int,
) -> str:
    """Queue the sitter's message to the client; return a short description of the result."""
    if _is_a_loop(uow, sitter_id, client.id):
        inbox.add(uow, message_id)
        _stop_loop(uow, sitter_id, client.ref, message_id)
        return "too many messages at once: left in the inbox"
    problem = None
    leaks = find_all(uow.cursor, uow.org, words, client_id=client.id, sitter_id=sitter_id)
    if leaks:
        problem = _why_held(leaks)
    else:
        try:
            with uow.all_or_nothing():
                sitter = sitter_line(uow.cursor, uow.org, sitter_id).sitter
                options = SendOptions(key=_key(uow, message_id), as_sitter=sitter, relayed=True)
                queued = queue(uow, client.ref, body=words, options=options)
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
        notify_sitter(uow, sitter_id, message_id, words)
        return f"not forwarded to {client.ref}: {problem}"
    if media_count:
        inbox.add(uow, message_id)
        notify_sitter(
            uow, sitter_id, message_id, f"Your text is being sent to {client.name}. {_PICTURES}"
        )
    return f"forwarded to {client.ref}"


def _why_held(leaks: Sequence[ContactDetail]) -> str:
    if any(leak.kind in ("phone", "email") for leak in leaks):
        return "it contains a phone number or an email address"
    return "it contains a handle, a link or a payment app"


def _words_for_sitter(refused: PetmsgError) -> str:
    return {
        "opted_out": "the client has opted out of messages",
        "not_textable": "the client's phone cannot receive SMS",
        "malformed_text": "it is empty or too long",
        "not_her_window": "you have no open visit with this client",
    }.get(refused.code, "it cannot be sent")


def _send_waiting(
    uow: UnitOfWork, sitter_id: int, client: OpenClient, facts: RelayFacts
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
                media_count=_pictures_of(uow, question.message),
            )
        else:
            inbox.add(uow, question.message)
            notify_sitter(uow, sitter_id, question.message, _WHY_NOT[RelayAction.QUOTES_ANOTHER])
            sent = f"not forwarded to {client.ref}: it repeats another person's message"
        did.append(sent)
    relay_question.expire(uow, sitter_id)
    return tuple(did)


# ------------------------------------------------------------------------------------- both ways


def _is_a_loop(uow: UnitOfWork, sitter_id: int, client_id: int) -> bool:
    """Whether more messages were relayed between these two than people write."""
    longest = max(span for _, span in MOST_PASSED_ON)
    messages = passed_on(
        uow.cursor,
        uow.org.id,
        sitter_id=sitter_id,
        client_id=client_id,
        since=uow.now - longest,
        look_back=_LOOK_BACK,
    )
    ages = [uow.now - each.passed_on_at for each in messages]
    return any(sum(age < span for age in ages) >= most for most, span in MOST_PASSED_ON)


def _stop_loop(uow: UnitOfWork, sitter_id: int, client_ref: str, message_id: int) -> None:
    inbox.add(uow, message_id)
    sitter = sitter_line(uow.cursor, uow.org, sitter_id).sitter
    raise_alert(
        uow,
        AlertKind.RELAY_LOOP,
        severity=AlertSeverity.WARNING,
        entity="sitter",
        ref=sitter,
        message=f"Too many messages at once between sitter {sitter} and client {client_ref}. A "
        "phone may be answering automatically. The messages are in the inbox.",
        command=f"petmsg thread show {shlex.quote(client_ref)}",
    )


def _sitter_of(uow: UnitOfWork, message_id: int) -> int:
    return sitter_id_of_message(uow.cursor, message_id)


def _pictures_of(uow: UnitOfWork, message_id: int) -> int:
    return media_count(uow.cursor, message_id)


def _key(uow: UnitOfWork, message_id: int) -> str:
    """Return the idempotency key that keeps a sitter's message from being sent twice. It contains
    no ID of this database, because another database may use that ID for another message."""
    sid = provider_id_of(uow.cursor, message_id)
    return f"relay:{sid}"
