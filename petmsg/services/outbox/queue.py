"""The message queue: add, retry and cancel messages. `claim` sends them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlmodel import select

from petmsg.enums.messages import BlockCode, MessageStatus
from petmsg.errors import MalformedText, Refused
from petmsg.models import Message, MessageSource
from petmsg.queries.lookup import ClientKey, find_client
from petmsg.queries.message import primary_phone, source_of
from petmsg.queries.routing import read_facts
from petmsg.queries.row_locks import share_client
from petmsg.queries.send_blocks import read_block_facts
from petmsg.rules.routing import decide
from petmsg.rules.send_blocks import find_blocks
from petmsg.services.alert import close_message_alert
from petmsg.services.bookings.assignment_window import ensure_threads
from petmsg.services.outbox import system_messages
from petmsg.services.outbox.filled_template import fill_template
from petmsg.services.outbox.outgoing_media import NewMedia, has_same_media
from petmsg.services.outbox.own_window import require_window
from petmsg.services.outbox.preview import (
    SendOptions,
    body_with,
    describe_contact_details,
    earliest_send_time,
)
from petmsg.services.outbox.store_queued import add_source, store_queued
from petmsg.services.outbox.stored_message import MessageNotWaiting, client_of, locked_message
from petmsg.services.outbox.voice import Speaking, find_voice
from petmsg.services.unit_of_work import UnitOfWork
from petmsg.text_inputs import parse_body

_LONGEST_KEY = 128
STUCK_AFTER = timedelta(minutes=10)
"""A message that is `sending` for longer than this has lost its sender: no request takes as
long."""


class KeyReused(Refused):
    code = "key_reused"
    hint = "Use another --key for another message."


class OptedOut(Refused):
    code = "opted_out"


class NotSmsCapable(Refused):
    code = "not_textable"


class MaskingLeak(Refused):
    code = "masking_leak"
    hint = "Remove it, or give a reason to send it: --force --reason '…'"


@dataclass(frozen=True, slots=True)
class Queued:
    """A queued message; `reused` is true if its key had already been used for it."""

    message: int
    status: MessageStatus
    reused: bool
    warnings: tuple[str, ...] = ()


_NO_OPTIONS = SendOptions()


def queue(
    uow: UnitOfWork,
    client_text: str,
    *,
    body: str,
    options: SendOptions = _NO_OPTIONS,
    media: Sequence[NewMedia] = (),
) -> Queued:
    """Queue a message to the client's primary phone. With `media` its body may be empty.

    `options.template` writes the body, if one is given. The same key with the same client, sender,
    body and files returns the existing message; with anything else it raises `KeyReused`. A sitter
    must have a window with the client at the time of sending (`OutsideOwnWindow`) and must not
    write contact details (`MaskingLeak`); for the company and the front desk these are only a
    warning. Raises `OptedOut` or `NotSmsCapable` if the message could never be sent.
    """
    clean = None if options.template is not None else body_with(body, media)
    client = find_client(uow.cursor, uow.org.id, client_text)
    speaking = find_voice(
        uow.cursor, uow.org, options.as_sitter, relayed=options.relayed, reply_to=options.reply_to
    )
    if options.key is not None:
        existing = _message_with_key(uow, options, client, clean, media)
        if existing is not None:
            _require_same_sender(uow, existing, speaking, options)
            return Queued(existing.id or 0, existing.status, reused=True)
    send_at = earliest_send_time(options, uow.now, timezone=uow.org.timezone)
    phone = _primary_phone(uow, client)
    _reject_if_blocked(uow, client, phone)
    speaker = speaking.sitter
    if speaker is not None:
        facts = read_facts(
            uow.cursor,
            uow.org,
            client,
            at=send_at,
            past=False,
            voice=speaking.fact,
            with_media=bool(media),
        )
        require_window(uow, decide(facts, send_at), speaker, client)
    version = None
    if options.template is not None:
        clean, version = fill_template(
            uow.cursor,
            uow.org,
            client,
            options.template,
            at=send_at,
            speaker=speaking.fact.speaker,
        )
        clean = parse_body(clean)
    assert clean is not None
    leak = describe_contact_details(uow.cursor, uow.org, clean, client_id=client.id, sitter=speaker)
    if leak is not None and speaker is not None and options.force_reason is None:
        raise MaskingLeak(f"The body contains {leak}.")
    thread = ensure_threads(uow, {client.id: (client.ref, None)})[client.id]
    message_id = store_queued(
        uow,
        body=clean,
        to_e164=phone,
        send_at=send_at,
        expires_at=options.expires_at,
        urgent=options.urgent,
        media=media,
        key=options.key,
        voice=speaking.voice,
        as_sitter_id=speaker.id if speaker is not None else None,
        thread_id=thread.id,
        client_id=client.id,
    )
    if options.reply_to is not None or version is not None:
        add_source(uow, message_id, options.reply_to, version=version)
    uow.audit(
        "message.queued",
        "message",
        str(message_id),
        {
            "client": client.ref,
            "as": speaking.name,
            "send_at": options.send_at,
            "expires_at": options.expires_at,
            "urgent": options.urgent,
            "leak": leak is not None,
        }
        | _media_words(options, media)
        | ({} if options.template is None else {"template": options.template.name})
        | ({} if speaking.voice is None else {"voice": speaking.voice.value}),
        reason=options.force_reason or options.metadata_reason,
    )
    warnings = () if leak is None else (f"The body contains {leak}.",)
    return Queued(message_id, MessageStatus.QUEUED, reused=False, warnings=warnings)


def _primary_phone(uow: UnitOfWork, client: ClientKey) -> str:
    """Return the client's primary phone. Locks the client row, so that a concurrent `client forget`
    sees this message."""
    share_client(uow.cursor, client.id)
    return primary_phone(uow.cursor, uow.org, client)


def _reject_if_blocked(uow: UnitOfWork, client: ClientKey, phone: str) -> None:
    facts = read_block_facts(
        uow.cursor, uow.org, client_id=client.id, to_e164=phone, number_id=None
    )
    for held in find_blocks(facts, uow.now):
        if held.code is BlockCode.OPTED_OUT:
            raise OptedOut(
                f"Client {client.ref} has opted out of messages.",
                hint=f"See when and how: petmsg optout show {client.ref}",
            )
        if held.code is BlockCode.NOT_SMS_CAPABLE:
            raise NotSmsCapable(
                f"{held.explanation}.",
                hint=f"Add another phone: petmsg client phone add {client.ref} E164, then petmsg "
                f"client phone primary {client.ref} E164",
            )


def retry(uow: UnitOfWork, message_id: int, *, reason: str) -> Queued:
    """Put a failed message, or one with an unknown outcome, back in the queue.

    Raises `MessageNotWaiting` while the message is being sent, unless it has been for
    `STUCK_AFTER`.
    """
    message = locked_message(uow, message_id)
    retriable = (
        MessageStatus.FAILED,
        MessageStatus.UNDELIVERED,
        MessageStatus.UNKNOWN,
        MessageStatus.HELD,
    )
    if message.status is MessageStatus.QUEUED:
        return Queued(message_id, message.status, reused=True)
    _reject_while_sending(uow, message)
    if message.status not in (*retriable, MessageStatus.SENDING) or message.body is None:
        raise MessageNotWaiting(
            f"Message {message_id} is {message.status} and cannot be sent again."
        )
    if message.thread_id is not None:
        client = client_of(uow, message)
        phone = _primary_phone(uow, client)
        _reject_if_blocked(uow, client, phone)
        message.to_e164 = phone
    before = message.status
    message.status = MessageStatus.QUEUED
    message.due_at = message.send_at = uow.now
    if message.expires_at is not None and message.expires_at <= uow.now:
        message.expires_at = None
    message.in_doubt_at = message.absent_at = None
    uow.audit(
        "message.retried", "message", str(message_id), {"before": before.value}, reason=reason
    )
    close_message_alert(uow, message_id, reason="the message was queued again")
    return Queued(message_id, message.status, reused=False)


def cancel(uow: UnitOfWork, message_id: int, *, reason: str | None = None) -> Queued:
    """Cancel a queued or held message, or close one with an unknown outcome or stuck in sending.

    What a queued message would have passed on or answered waits in the inbox.
    """
    message = locked_message(uow, message_id)
    if message.status is MessageStatus.CANCELLED:
        return Queued(message_id, message.status, reused=True)
    _reject_while_sending(uow, message)
    if message.status not in (
        MessageStatus.QUEUED,
        MessageStatus.HELD,
        MessageStatus.UNKNOWN,
        MessageStatus.SENDING,
    ):
        raise MessageNotWaiting(
            f"Message {message_id} is {message.status} and cannot be cancelled."
        )
    before = message.status
    message.status = MessageStatus.CANCELLED
    message.due_at = message.in_doubt_at = message.absent_at = None
    if before is MessageStatus.QUEUED:
        system_messages.add_to_inbox(uow, message)
    uow.audit(
        "message.cancelled", "message", str(message_id), {"before": before.value}, reason=reason
    )
    close_message_alert(uow, message_id, reason="the message was cancelled")
    return Queued(message_id, message.status, reused=False)


def _reject_while_sending(uow: UnitOfWork, message: Message) -> None:
    if message.status is not MessageStatus.SENDING or message.claimed_at is None:
        return
    if uow.now < message.claimed_at + STUCK_AFTER:
        raise MessageNotWaiting(
            f"Message {message.id} is being sent right now.",
            hint="Check first whether the provider has it. If the sending process died, try "
            f"again {STUCK_AFTER.seconds // 60} minutes after it started.",
        )


def _media_words(options: SendOptions, media: Sequence[NewMedia]) -> dict[str, object]:
    """What the audit says of a message's files; nothing of a message without."""
    if not media:
        return {}
    return {"media": len(media), "keep_metadata": options.metadata_reason is not None}


def require_key(key: str) -> None:
    """Raise `MalformedText` for a key that cannot be one."""
    if not 0 < len(key) <= _LONGEST_KEY or not key.isprintable():
        raise MalformedText(
            "The --key is empty, too long or not printable.",
            hint=f"Use 1 to {_LONGEST_KEY} printable characters.",
        )


def message_with_key(uow: UnitOfWork, key: str) -> Message | None:
    """Return the org's message with this idempotency key."""
    return uow.session.exec(
        select(Message).where(Message.org_id == uow.org.id, Message.idempotency_key == key)
    ).first()


def _message_with_key(
    uow: UnitOfWork,
    options: SendOptions,
    client: ClientKey,
    body: str | None,
    media: Sequence[NewMedia],
) -> Message | None:
    """Return the message that has the key. `body` is None for a template's words, which may differ
    by the time the command is repeated: then the template must be the same."""
    key = options.key or ""
    require_key(key)
    existing = message_with_key(uow, key)
    if existing is None:
        return None
    is_same = existing.body == body
    if options.template is not None:
        is_same = source_of(uow.cursor, existing.id or 0).template == options.template.name
    if existing.client_id != client.id or not is_same:
        raise KeyReused(
            f"The key was already used for message {existing.id}, with another client or another "
            "body."
        )
    require_same_media(uow, existing, media)
    return existing


def require_same_media(uow: UnitOfWork, existing: Message, media: Sequence[NewMedia]) -> None:
    """Raise `KeyReused` if the message with the key has other files."""
    if not has_same_media(uow, existing, media):
        raise KeyReused(
            f"The key was already used for message {existing.id}, with other pictures or files."
        )


def _require_same_sender(
    uow: UnitOfWork, existing: Message, speaking: Speaking, options: SendOptions
) -> None:
    """Raise `KeyReused` if the message with the key is from somebody else, or answers another one.

    Older versions did not store the sitter of a relayed message, whose key names what it answers.
    """
    sitter_id = None if speaking.sitter is None else speaking.sitter.id
    if existing.voice is not speaking.voice or (
        not options.relayed and existing.as_sitter_id != sitter_id
    ):
        raise KeyReused(
            f"The key was already used for message {existing.id}, with another sender (--as)."
        )
    source = uow.session.get(MessageSource, existing.id)
    if (source and source.reply_to_id) != options.reply_to:
        raise KeyReused(
            f"The key was already used for message {existing.id}, which does not answer the same "
            "message."
        )
