"""A person's message to a sitter: kept apart from all clients, and never relayed to one.

It is sent from the number that the sitter holds or, if it cannot be used, from the front desk's.
Opt-outs and quiet hours hold, as for a client's message. The same queue sends it.
"""

from collections.abc import Sequence

from petmsg.enums.inbound import RelayKind
from petmsg.enums.messages import MessageStatus, Voice
from petmsg.enums.people import SitterStatus
from petmsg.errors import Refused
from petmsg.models import Message, Relay
from petmsg.queries.lookup import SitterKey, find_sitter
from petmsg.queries.opted_out_phones import opted_out
from petmsg.queries.sitter_number import sitter_line, staff_facts
from petmsg.rules.routing.direct import decide_direct
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
from petmsg.services.outbox.staff_preview import describe_details
from petmsg.services.outbox.store_queued import store_queued
from petmsg.services.outbox.system_messages import add_relay
from petmsg.services.unit_of_work import UnitOfWork

_NO_OPTIONS = SendOptions()


class SitterLeft(Refused):
    code = "sitter_offboarded"

    def __init__(self, sitter: str) -> None:
        super().__init__(
            f"Sitter {sitter} was deactivated, and gets no messages from this company.",
            hint=f"If they are back: petmsg sitter activate {sitter}",
        )


class NoNumberForSitter(Refused):
    """Neither the sitter's number nor the front desk's can be used."""

    code = "no_number"

    def __init__(self, sitter: str, reason: str) -> None:
        super().__init__(
            f"No number can message sitter {sitter}: {reason}.",
            hint=f"See the numbers: petmsg sitter show {sitter}; petmsg number list",
        )


def queue_to_sitter(
    uow: UnitOfWork,
    sitter_text: str,
    *,
    body: str,
    options: SendOptions = _NO_OPTIONS,
    media: Sequence[NewMedia] = (),
    about_id: int | None = None,
    voice: Voice | None = None,
) -> Queued:
    """Queue a person's message to a sitter's own phone. With `media` its body may be empty.

    `about_id` is the sitter's message that it answers, `voice` is stored with it. A key counts for
    each sitter: the same key with the same body and files returns the existing message, with others
    it raises `KeyReused`. Contact details are only a warning. Raises `SitterLeft`, `OptedOut`, and
    `NoNumberForSitter` if at the time of sending neither the sitter's number nor the front desk's
    can be used.
    """
    clean = body_with(body, media)
    sitter = find_sitter(uow.cursor, uow.org.id, sitter_text)
    key = None if options.key is None else _key_for(options.key, sitter)
    existing = None if key is None else message_with_key(uow, key)
    if existing is not None:
        _require_same(uow, existing, sitter, clean, media)
        return Queued(existing.id or 0, existing.status, reused=True)
    send_at = earliest_send_time(options, uow.now, timezone=uow.org.timezone)
    _require_reachable(uow, sitter)
    facts = staff_facts(uow.cursor, uow.org, sitter.id)._replace(with_media=bool(media))
    decision = decide_direct(facts, send_at)
    if decision.number is None:
        raise NoNumberForSitter(sitter.ref, decision.reason)
    leak = describe_details(uow.cursor, uow.org, clean, sitter_id=sitter.id)
    message_id = store_queued(
        uow,
        body=clean,
        to_e164=sitter_line(uow.cursor, uow.org, sitter.id).phone,
        send_at=send_at,
        expires_at=options.expires_at,
        urgent=options.urgent,
        media=media,
        key=key,
        voice=voice,
    )
    add_relay(uow, message_id, kind=RelayKind.STAFF, about_id=about_id, sitter_id=sitter.id)
    uow.audit(
        "message.queued",
        "message",
        str(message_id),
        {
            "client": None,
            "kind": RelayKind.STAFF.value,
            "sitter": sitter.ref,
            "about": about_id,
            "send_at": options.send_at,
            "expires_at": options.expires_at,
            "urgent": options.urgent,
            "leak": leak is not None,
            "media": len(media),
        },
        reason=options.force_reason or options.metadata_reason,
    )
    warnings = () if leak is None else (f"The body contains {leak}.",)
    return Queued(message_id, MessageStatus.QUEUED, reused=False, warnings=warnings)


def _require_reachable(uow: UnitOfWork, sitter: SitterKey) -> None:
    if sitter.status is SitterStatus.OFFBOARDED:
        raise SitterLeft(sitter.ref)
    phone = sitter_line(uow.cursor, uow.org, sitter.id).phone
    if opted_out(uow.cursor, uow.org, [phone]):
        raise OptedOut(
            f"Sitter {sitter.ref} has opted out of messages.",
            hint=f"See when and how: petmsg optout show {sitter.ref}",
        )


def _key_for(key: str, sitter: SitterKey) -> str:
    """The key as it is stored: a message to all sitters is one to each of them."""
    require_key(key)
    return f"to-sitter:{sitter.ref}:{key}"


def _require_same(
    uow: UnitOfWork, existing: Message, sitter: SitterKey, body: str, media: Sequence[NewMedia]
) -> None:
    relay = uow.session.get(Relay, existing.id)
    if relay is None or relay.sitter_id != sitter.id or existing.body != body:
        raise KeyReused(
            f"The key was already used for message {existing.id}, with another recipient or "
            "another body."
        )
    require_same_media(uow, existing, media)
