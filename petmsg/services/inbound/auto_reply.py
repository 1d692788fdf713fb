"""Automatic replies: to a stranger, and outside office hours.

There is at most one per person in 24 hours, and none to the company's own numbers, to senders that
are not phones (short codes, names) or to old messages. So two machines cannot answer each other for
long.

Strangers get a reply only in the countries of the org's numbers and clients, and at most
`MOST_TO_STRANGERS` of them within `TO_STRANGERS_WITHIN`. This limits SMS pumping, where somebody
earns money with messages to expensive numbers. Beyond the limit an alert is raised. See
`docs/replies.md`.
"""

from datetime import timedelta

from petmsg.db.cursor import Cursor
from petmsg.enums.alerts import AlertKind, AlertSeverity
from petmsg.enums.inbound import AddressedTo, RelayKind
from petmsg.enums.messages import BlockCode
from petmsg.errors import MalformedPhone, PetmsgError
from petmsg.phone import country_prefix, parse_phone, phone_key
from petmsg.providers.base import ReceivedMessage
from petmsg.queries.auto_reply import (
    claim_answer,
    has_client_between,
    is_masked_number,
    last_answers,
    own_numbers,
)
from petmsg.queries.send_blocks import read_block_facts
from petmsg.rules.routing import usable
from petmsg.rules.routing.facts import NumberFact
from petmsg.rules.routing.inbound import InboundDecision
from petmsg.rules.send_blocks import find_blocks, quiet_hours, quiet_until
from petmsg.services.alert import raise_alert
from petmsg.services.outbox.preview import SendOptions
from petmsg.services.outbox.queue import queue
from petmsg.services.outbox.system_messages import EXPIRES, add_relay, queue_system_message
from petmsg.services.unit_of_work import UnitOfWork

AGAIN_AFTER = timedelta(hours=24)

MOST_TO_STRANGERS = 20
TO_STRANGERS_WITHIN = timedelta(hours=1)


def answer(
    uow: UnitOfWork,
    text: ReceivedMessage,
    decision: InboundDecision,
    *,
    message_id: int,
    number: NumberFact,
) -> tuple[str, ...]:
    """Reply to a message that no sitter receives, if the org has a reply text; return
    descriptions."""
    words = _words(uow, decision)
    if words is None or not _may_be_answered(uow, text, number):
        return ()
    if decision.client is None and _is_beyond(uow, text.from_phone):
        return ()
    may_reply = claim_answer(
        uow.cursor,
        uow.org.id,
        phone_key=phone_key(uow.org.slug, text.from_phone),
        now=uow.now,
        before=uow.now - AGAIN_AFTER,
    )
    if not may_reply:
        return ()
    if decision.client is None:
        queue_system_message(
            uow,
            to_e164=text.from_phone,
            body=words,
            kind=RelayKind.AUTO_REPLY,
            about_id=message_id,
            number_id=number.id,
        )
    else:
        try:
            with uow.all_or_nothing():
                queued = queue(
                    uow,
                    decision.client,
                    body=words,
                    options=SendOptions(
                        urgent=True, expires_at=uow.now + EXPIRES[RelayKind.AUTO_REPLY]
                    ),
                )
                add_relay(uow, queued.message, kind=RelayKind.AUTO_REPLY, about_id=message_id)
        except PetmsgError:
            return ()  # the client opted out, or has no phone that can receive SMS
    return ("answered automatically",)


def _words(uow: UnitOfWork, decision: InboundDecision) -> str | None:
    """Return the org's reply: the one for closed hours, or else the one for strangers."""
    org = uow.org
    if decision.kind is AddressedTo.SITTER:
        return None
    office = quiet_hours(org.open_from_minute, org.open_until_minute)
    is_open = office is None or quiet_until(office, uow.now, org.timezone) is not None
    if not is_open and org.closed_reply is not None:
        return org.closed_reply
    return org.unknown_reply if decision.kind is AddressedTo.UNROUTED else None


def _may_be_answered(uow: UnitOfWork, text: ReceivedMessage, number: NumberFact) -> bool:
    try:
        is_phone = parse_phone(text.from_phone) == text.from_phone
    except MalformedPhone:
        return False
    if not is_phone or _is_ours(uow.cursor, text.from_phone) or not usable(number, uow.now):
        return False
    facts = read_block_facts(
        uow.cursor, uow.org, client_id=None, to_e164=text.from_phone, number_id=number.id
    )
    return not any(each.code is BlockCode.OPTED_OUT for each in find_blocks(facts, uow.now))


def _is_beyond(uow: UnitOfWork, phone: str) -> bool:
    """Whether replying to a stranger could cost too much; if so, raise an alert."""
    country = country_prefix(phone)
    if country is None or not _is_known_country(uow, country):
        _alert_limit(
            uow,
            "country",
            country or "unknown",
            f"A phone from another country ({country or 'unknown'}) sent a message. It gets no "
            "automatic reply, because none of your numbers or clients are in that country.",
        )
        return True
    answers = last_answers(uow.cursor, uow.org.id, MOST_TO_STRANGERS)
    since = uow.now - TO_STRANGERS_WITHIN
    if sum(each.created_at > since for each in answers) < MOST_TO_STRANGERS:
        return False
    _alert_limit(
        uow,
        "org",
        uow.org.slug,
        f"{MOST_TO_STRANGERS} strangers got automatic replies within an hour. Others get none "
        "until the hour is over; their messages are in the inbox.",
    )
    return True


def _is_known_country(uow: UnitOfWork, country: str) -> bool:
    """Whether a number of the org or a phone of a client is in that country."""
    own = own_numbers(uow.cursor, uow.org.id)
    if any(country_prefix(e164) == country for e164 in own):
        return True
    last = country[:-1] + chr(ord(country[-1]) + 1)
    return has_client_between(uow.cursor, uow.org.id, first=country, last=last)


def _alert_limit(uow: UnitOfWork, entity: str, ref: str, words: str) -> None:
    raise_alert(
        uow,
        AlertKind.AUTO_REPLY_LIMIT,
        severity=AlertSeverity.WARNING,
        entity=entity,
        ref=ref,
        message=words,
        command="petmsg inbox list --for unrouted; to stop replies to strangers: petmsg org set "
        "--unknown-reply off",
    )


def _is_ours(cursor: Cursor, phone: str) -> bool:
    """Whether it is a masked number of any org in this database."""
    return is_masked_number(cursor, phone)
