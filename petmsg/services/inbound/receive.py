"""Receive an inbound message, whether a webhook, a poll or a person brings it.

It is stored once per provider ID in the client's thread, with who receives it and why. Its effects
(an opt-out, a forward, a reply) happen in the same transaction. The rules are those of
`petmsg.rules.routing.inbound` and `petmsg.rules.routing.relay`.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from petmsg.enums.inbound import AddressedTo
from petmsg.enums.media import MediaStatus
from petmsg.enums.opt_outs import Keyword
from petmsg.enums.orgs import ProviderName
from petmsg.enums.routing import InboundCode
from petmsg.errors import Refused
from petmsg.providers.base import MOST_MEDIA, ReceivedMedia, ReceivedMessage
from petmsg.queries.inbound import read_inbound_facts, set_keyword, stored_message
from petmsg.queries.inbound_writes import insert_received
from petmsg.queries.lookup import ClientKey
from petmsg.queries.media_fetch import add_received
from petmsg.queries.media_of_messages import MessageMedia, of_messages
from petmsg.queries.opted_out_phones import opted_out
from petmsg.queries.row_locks import share_client_of_phone
from petmsg.queries.senders import Sender, find_sender
from petmsg.queries.sitter import phone_of_sitter, sitter_id_of
from petmsg.rules.routing.inbound import InboundDecision, InboundFacts, route_inbound
from petmsg.rules.segments import measure
from petmsg.rules.stop_requests import asks_to_stop
from petmsg.services import inbox
from petmsg.services.bookings.assignment_window import ensure_threads
from petmsg.services.inbound import auto_reply, forward, relay
from petmsg.services.inbound.address import NotOurNumber, sitter_addressed
from petmsg.services.inbound.keyword_actions import (
    alert_not_forwarded,
    alert_request,
    apply_keyword,
)
from petmsg.services.inbound.read_together import NOTHING, ReadTogether, read_together
from petmsg.services.unit_of_work import Failure, UnitOfWork, run_batch

STALE_AFTER = timedelta(hours=1)
"""A message received longer ago is stored, but neither relayed nor answered automatically."""
LONGEST_BODY = 20_000
"""Longer than any carrier delivers; the rest is cut off, with a note in the body."""
_NOT_TEXT = {0: "\N{REPLACEMENT CHARACTER}"}
_CUT = " … [cut off]"


@dataclass(frozen=True, slots=True)
class Received:
    """A received message; `duplicate` is true if it was already stored, and then nothing was done.

    `decision` is the object that `route inbound -o json` prints; beside it stand the names of its
    client and of the sitter it is addressed to. `media` are its pictures.
    """

    message: int
    duplicate: bool
    decision: dict[str, Any]
    did: tuple[str, ...] = ()
    media: tuple[MessageMedia, ...] = ()
    client_name: str | None = None
    addressed_to_name: str | None = None


class SentByUs(Refused):
    """The provider lists a message as received that was sent from here."""

    code = "message_sent_by_us"

    def __init__(self, message: int) -> None:
        super().__init__(
            f"The provider lists message {message} as received, but it was sent.",
            hint=f"See the message: petmsg message show {message}",
        )


def receive(
    uow: UnitOfWork,
    text: ReceivedMessage,
    *,
    provider: ProviderName | None = None,
    media_providers: Collection[ProviderName] = frozenset(ProviderName),
    known: ReadTogether = NOTHING,
) -> Received:
    """Receive a message to a number of the org. The same provider ID again changes nothing.

    `media_providers` are those through which pictures can be passed on from this process. `known`
    is what was read for the whole batch.
    Raises `NotOurNumber` for a number of another org or of none (see `services.inbound.unmatched`),
    and `SentByUs` for a message that was sent.
    """
    stored = _stored(uow, text, known)
    if stored is not None:
        return stored
    text = storable(text)
    at = uow.now if text.received_at is None else min(text.received_at, uow.now)
    sender = known.senders.get(text.from_phone) or _locked_sender(uow, text.from_phone)
    facts = _facts(uow, text, at, sender, known)
    if facts is None:
        raise NotOurNumber(text.to_e164, org=uow.org.slug)
    decision = route_inbound(facts, at)
    client = sender.client
    if decision.kind is AddressedTo.RELAY:
        client = None  # it is the sitter's message, even if the sitter is also a client
    sitter_id = _sitter_id(uow, facts, decision)
    is_reaction = facts.keyword is None and forward.is_reaction(uow, text, client)
    message_id = _store(
        uow,
        text,
        facts,
        decision,
        at=at,
        client=client,
        sitter_id=sitter_id,
        provider=provider,
        is_reaction=is_reaction,
        known=known,
    )
    uow.audit(
        "message.received",
        "message",
        str(message_id),
        {
            "client": decision.client,
            "number": facts.number.e164,
            "addressed_to": decision.addressed_to,
            "code": decision.code.value,
        },
    )
    did: tuple[str, ...] = ("stored: it is only a reaction to a message of the company",)
    if not is_reaction:
        did = _apply_effects(
            uow,
            text,
            facts,
            decision,
            at=at,
            message_id=message_id,
            sender=sender._replace(client=client),
            passes_pictures=uow.org.provider in media_providers,
        )
    if did:
        known.drop_new_ids()
    return Received(
        message_id,
        duplicate=False,
        decision=decision.to_json(),
        did=did,
        media=_media_of(uow, text, message_id),
        client_name=None if sender.client is None else sender.client.name,
        addressed_to_name=sitter_addressed(facts, decision),
    )


def receive_each(
    uow: UnitOfWork,
    texts: Sequence[ReceivedMessage],
    *,
    provider: ProviderName | None = None,
    media_providers: Collection[ProviderName] = frozenset(ProviderName),
) -> list[Received | Failure]:
    """Receive several messages of one org, each in its own savepoint; return results in their
    order.

    They are received in the order of their senders, so that two batches lock the same clients in
    the same order.
    """
    places = sorted(range(len(texts)), key=lambda place: texts[place].from_phone)
    known = read_together(uow, [texts[place] for place in places])
    results = run_batch(
        uow,
        [texts[place] for place in places],
        lambda text: receive(
            uow, text, provider=provider, media_providers=media_providers, known=known
        ),
        ref=lambda text: text.provider_message_id,
    )
    by_place = dict(zip(places, results, strict=True))
    return [by_place[place] for place in range(len(texts))]


def _apply_effects(
    uow: UnitOfWork,
    text: ReceivedMessage,
    facts: InboundFacts,
    decision: InboundDecision,
    *,
    at: datetime,
    message_id: int,
    sender: Sender,
    passes_pictures: bool,
) -> tuple[str, ...]:
    """Apply the side effects of an inbound message; return short descriptions of them."""
    if facts.keyword is not None:
        return apply_keyword(uow, text, facts.keyword, message_id=message_id, sender=sender, at=at)
    if asks_to_stop(text.body):
        return alert_request(uow, message_id, sender=sender, phone=text.from_phone)
    if at < uow.now - STALE_AFTER:
        return forward.too_old(uow, message_id, decision.kind)
    if decision.code is InboundCode.SITTER_REPLY:
        return relay.from_sitter(
            uow, text, message_id=message_id, at=at, passes_pictures=passes_pictures
        )
    if decision.kind is AddressedTo.RELAY:
        return ()  # a sitter wrote to the company: in the inbox, without an automatic reply
    if decision.kind is AddressedTo.SITTER and uow.org.relay:
        if _has_opted_out(uow, decision.addressed_to):
            return alert_not_forwarded(uow, decision.addressed_to, message_id)
        return forward.to_sitter(
            uow,
            text,
            message_id=message_id,
            client=sender.client,
            facts=facts,
            at=at,
            passes_pictures=passes_pictures,
        )
    return auto_reply.answer(uow, text, decision, message_id=message_id, number=facts.number)


def _has_opted_out(uow: UnitOfWork, sitter: str) -> bool:
    phone = phone_of_sitter(uow.cursor, uow.org.id, sitter)
    return bool(opted_out(uow.cursor, uow.org, [phone]))


def _stored(uow: UnitOfWork, text: ReceivedMessage, known: ReadTogether) -> Received | None:
    id_ = text.provider_message_id
    row = known.take_stored(id_) if known.has_stored(id_) else stored_message(uow.cursor, id_)
    if row is None:
        return None
    if row.direction != "inbound":
        raise SentByUs(row.id)
    if row.org_id != uow.org.id:
        raise NotOurNumber(row.to_e164 or "that number", org=uow.org.slug)
    did: tuple[str, ...] = ()
    if text.opt_out_type is not None and row.keyword is None:
        assert row.received_at is not None  # it is inbound
        did = _apply_late_keyword(uow, text, text.opt_out_type, row.id, at=row.received_at)
    decision = json.loads(row.decision or "{}")
    media = _media_of(uow, text, row.id)
    return Received(
        row.id,
        duplicate=True,
        decision=decision,
        did=did,
        media=media,
        client_name=row.client_name if row.client == decision.get("client") else None,
        addressed_to_name=row.sitter_name if row.sitter == decision.get("addressed_to") else None,
    )


def _media_of(uow: UnitOfWork, text: ReceivedMessage, message_id: int) -> tuple[MessageMedia, ...]:
    """The stored pictures of a message that has some."""
    if not (text.media_count or text.media):
        return ()
    return of_messages(uow.cursor, [message_id]).get(message_id, ())


def _apply_late_keyword(
    uow: UnitOfWork, text: ReceivedMessage, keyword: Keyword, message_id: int, *, at: datetime
) -> tuple[str, ...]:
    """Apply a keyword that only the webhook reports, after a poll had already stored the
    message."""
    set_keyword(uow.cursor, keyword=keyword.value, message_id=message_id)
    sender = _locked_sender(uow, text.from_phone)
    inbox.add(uow, message_id)
    return apply_keyword(uow, text, keyword, message_id=message_id, sender=sender, at=at)


def storable(text: ReceivedMessage) -> ReceivedMessage:
    """Return the message as it can be stored: without NULs and lone surrogates, and not too
    long."""
    body = text.body.translate(_NOT_TEXT).encode("utf-8", "replace").decode("utf-8")
    if len(body) > LONGEST_BODY:
        body = body[: LONGEST_BODY - len(_CUT)] + _CUT
    sender = text.from_phone.translate(_NOT_TEXT).encode("utf-8", "replace").decode("utf-8")
    return replace(text, body=body, from_phone=sender[:64])


def _facts(
    uow: UnitOfWork, text: ReceivedMessage, at: datetime, sender: Sender, known: ReadTogether
) -> InboundFacts | None:
    return read_inbound_facts(
        uow.cursor,
        uow.org,
        to_e164=text.to_e164,
        from_phone=text.from_phone,
        at=at,
        past=at < uow.now,
        body=text.body,
        said=text.opt_out_type,
        sender=sender,
        number=known.numbers.get(text.to_e164),
        client=None if sender.client is None else known.clients.get(sender.client.id),
        last=known.last_seen(sender, text.to_e164),
    )


def _locked_sender(uow: UnitOfWork, phone: str) -> Sender:
    """The owner of a phone. The client's row is locked, so that a concurrent `client forget` or
    phone removal sees this message."""
    share_client_of_phone(uow.cursor, uow.org.id, phone)
    return find_sender(uow.cursor, uow.org.id, phone)


def _sitter_id(uow: UnitOfWork, facts: InboundFacts, decision: InboundDecision) -> int | None:
    ref: str | None = None
    if decision.kind is AddressedTo.SITTER:
        ref = decision.addressed_to
    elif decision.kind is AddressedTo.RELAY and facts.sender is not None:
        ref = facts.sender.sitter
    if ref is None:
        return None
    return sitter_id_of(uow.cursor, uow.org.id, ref)


def _store(
    uow: UnitOfWork,
    text: ReceivedMessage,
    facts: InboundFacts,
    decision: InboundDecision,
    *,
    at: datetime,
    client: ClientKey | None,
    sitter_id: int | None,
    provider: ProviderName | None,
    is_reaction: bool,
    known: ReadTogether,
) -> int:
    thread_id = None
    if client is not None:
        thread_id = known.threads.get(client.id)
        if thread_id is None:
            thread_id = ensure_threads(uow, {client.id: (client.ref, None)})[client.id].id
    kind = decision.kind
    waits = (
        kind in (AddressedTo.FRONT_DESK, AddressedTo.UNROUTED)
        or (kind is AddressedTo.SITTER and not uow.org.relay)
        or (kind is AddressedTo.RELAY and decision.code is not InboundCode.SITTER_REPLY)
    )
    message_id = insert_received(
        uow.cursor,
        known.take_new_id(),
        org_id=uow.org.id,
        thread_id=thread_id,
        client_id=client.id if client is not None else None,
        body=text.body,
        from_e164=text.from_phone,
        to_e164=facts.number.e164,
        number_id=facts.number.id,
        decision=json.dumps(decision.to_json(), ensure_ascii=False),
        provider=provider.value if provider is not None else None,
        provider_message_id=text.provider_message_id,
        segments=measure(text.body).segments if text.body else 1,
        actor=uow.actor,
        now=uow.now,
        received_at=at,
        addressed_to=kind.value,
        sitter_id=sitter_id,
        code=decision.code.value,
        keyword=facts.keyword.value if facts.keyword is not None else None,
        media_count=text.media_count,
        inbox_at=uow.now if waits and not is_reaction else None,
    )
    _store_media(uow, message_id, text)
    return message_id


def _store_media(uow: UnitOfWork, message_id: int, text: ReceivedMessage) -> None:
    """A row for each file of the message. Those whose bytes are not stored yet are due now.

    A file that the provider did not name gets a row too: its list of the message's files tells
    later which one it is.
    """
    count = min(max(text.media_count, len(text.media)), MOST_MEDIA)
    unnamed = [ReceivedMedia(None)] * count
    for position, media in enumerate([*text.media, *unnamed][:count]):
        is_stored = media.sha256 is not None
        add_received(
            uow.cursor,
            org_id=uow.org.id,
            message_id=message_id,
            position=position,
            status=(MediaStatus.STORED if is_stored else MediaStatus.MISSING).value,
            name=media.name,
            content_type=media.content_type,
            size=media.size,
            sha256=media.sha256,
            provider_media_id=media.provider_media_id,
            due_at=None if is_stored else uow.now,
            stored_at=uow.now if is_stored else None,
            now=uow.now,
        )
