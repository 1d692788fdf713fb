"""A person's answer to somebody who is no client: from the number they wrote to, and no other.

It belongs to no thread until the sender is assigned to a client. Opt-outs and quiet hours hold, as
for a client's message. The same queue sends it.
"""

from collections.abc import Sequence
from datetime import datetime

from petmsg.enums.inbound import RelayKind
from petmsg.enums.messages import MessageStatus, Voice
from petmsg.enums.routing import SystemMessageRule
from petmsg.errors import MalformedPhone, Refused
from petmsg.models import Message, Relay
from petmsg.phone import parse_phone
from petmsg.queries.auto_reply import is_masked_number
from petmsg.queries.inbox import InboxItem
from petmsg.queries.opted_out_phones import opted_out
from petmsg.queries.routing import voice_of_reply
from petmsg.queries.senders import find_sender
from petmsg.rules.contact_details import describe
from petmsg.rules.routing import Decision
from petmsg.rules.routing.direct import DirectFacts, decide_direct
from petmsg.services.outbox.contact_details import find_all
from petmsg.services.outbox.outgoing_media import NewMedia
from petmsg.services.outbox.preview import SendOptions, body_with, earliest_send_time
from petmsg.services.outbox.queue import (
    KeyReused,
    OptedOut,
    Queued,
    message_with_key,
    require_key,
    require_same_media,
)
from petmsg.services.outbox.store_queued import add_source, store_queued
from petmsg.services.outbox.system_messages import add_relay
from petmsg.services.unit_of_work import UnitOfWork


class CannotBeAnswered(Refused):
    code = "cannot_be_answered"


class NoNumberForAnswer(Refused):
    """The number that received the message cannot be used, and a stranger learns no other."""

    code = "no_number"


def queue_answer(
    uow: UnitOfWork,
    item: InboxItem,
    *,
    body: str,
    options: SendOptions,
    media: Sequence[NewMedia] = (),
) -> Queued:
    """Queue a person's answer to a message from an unknown sender. With `media` its body may be
    empty.

    The same key with the same body and files returns the existing answer; with others it raises
    `KeyReused`. Contact details are only a warning. Raises `CannotBeAnswered` for a sender that is
    not a phone, is one of our numbers or belongs to a client by now, `OptedOut`, and
    `NoNumberForAnswer`.
    """
    clean = body_with(body, media)
    if options.key is not None:
        existing = _with_key(uow, options.key, item, clean, media)
        if existing is not None:
            return Queued(existing.id or 0, existing.status, reused=True)
    send_at = earliest_send_time(options, uow.now, timezone=uow.org.timezone)
    phone = _phone_of(uow, item)
    decision = _decide(uow, item, send_at, with_media=bool(media))
    if decision.number is None:
        raise NoNumberForAnswer(
            f"{decision.reason}.",
            hint=f"Make the sender a client first: petmsg inbox assign {item.message} CLIENT",
        )
    leaks = find_all(uow.cursor, uow.org, clean)
    message_id = store_queued(
        uow,
        body=clean,
        to_e164=phone,
        send_at=send_at,
        expires_at=options.expires_at,
        urgent=options.urgent,
        media=media,
        key=options.key,
        voice=Voice.REPLY,
    )
    add_relay(
        uow,
        message_id,
        kind=RelayKind.ANSWER,
        about_id=item.message,
        number_id=decision.number.id,
    )
    add_source(uow, message_id, item.message)
    uow.audit(
        "message.queued",
        "message",
        str(message_id),
        {
            "client": None,
            "kind": RelayKind.ANSWER.value,
            "about": item.message,
            "urgent": options.urgent,
            "leak": bool(leaks),
            "media": len(media),
        },
        reason=options.metadata_reason,
    )
    warnings = (f"The body contains {describe(leaks)}.",) if leaks else ()
    return Queued(message_id, MessageStatus.QUEUED, reused=False, warnings=warnings)


def _phone_of(uow: UnitOfWork, item: InboxItem) -> str:
    """Return the sender's phone, if it may be answered."""
    sender = item.from_e164 or ""
    try:
        is_phone = parse_phone(sender) == sender
    except MalformedPhone:
        is_phone = False
    if not is_phone or is_masked_number(uow.cursor, sender):
        raise CannotBeAnswered(
            f"The sender of message {item.message} cannot be answered: it is not a person's phone.",
            hint=f"Mark it as handled: petmsg inbox done {item.message}",
        )
    client = find_sender(uow.cursor, uow.org.id, sender).client
    if client is not None:
        raise CannotBeAnswered(
            f"The sender of message {item.message} is client {client.ref} by now.",
            hint=f"Move the message into their thread, then reply: petmsg inbox assign "
            f"{item.message} {client.ref}",
        )
    if opted_out(uow.cursor, uow.org, [sender]):
        raise OptedOut(
            f"The sender of message {item.message} has opted out of messages.",
            hint="See when and how: petmsg optout list",
        )
    return sender


def _decide(uow: UnitOfWork, item: InboxItem, at: datetime, *, with_media: bool) -> Decision:
    number = voice_of_reply(uow.cursor, uow.org, item.message).reply_to
    facts = DirectFacts(uow.org.slug, SystemMessageRule.SAME_NUMBER, number, with_media=with_media)
    return decide_direct(facts, at)


def _with_key(
    uow: UnitOfWork, key: str, item: InboxItem, body: str, media: Sequence[NewMedia]
) -> Message | None:
    require_key(key)
    existing = message_with_key(uow, key)
    if existing is None:
        return None
    relay = uow.session.get(Relay, existing.id)
    is_answer = relay is not None and relay.kind is RelayKind.ANSWER
    if not is_answer or relay is None or (relay.about_id, existing.body) != (item.message, body):
        raise KeyReused(
            f"The key was already used for message {existing.id}, with another recipient or "
            "another body."
        )
    require_same_media(uow, existing, media)
    return existing
