"""Answers that nobody writes: to a stranger, and outside office hours. Source: issue 4.

At most one per person and 24 hours, never to one of our own numbers, never to what is no phone (a
short code, a name), and never to a text that came long ago: so two machines cannot talk to each
other for long.

Strangers are answered in the countries of the org's own numbers and of its clients alone, and not
more than `MOST_TO_STRANGERS` of them in `TO_STRANGERS_WITHIN`: whoever earns money with messages to
dear numbers cannot order as many as they like. Beyond that an alert is raised.
"""

from datetime import timedelta

from petmsg.db.cursor import Cursor
from petmsg.enums import AddressedTo, AlertKind, AlertSeverity, BlockCode, RelayKind
from petmsg.errors import MalformedPhone, PetmsgError
from petmsg.phone import country_prefix, parse_phone, phone_key
from petmsg.providers.base import ReceivedText
from petmsg.queries.auto_reply import (
    has_client_between,
    is_masked_number,
    last_answers,
    own_numbers,
    take_turn,
)
from petmsg.queries.send_blocks import read_hold_facts
from petmsg.rules.routing import usable
from petmsg.rules.routing.facts import NumberFact
from petmsg.rules.routing.inbound import InboundDecision
from petmsg.rules.send_blocks import find_blocks, quiet_hours, quiet_until
from petmsg.services.alert import raise_alert
from petmsg.services.outbox.preview import SendOptions
from petmsg.services.outbox.queue import queue
from petmsg.services.outbox.system_messages import EXPIRES, note, queue_direct
from petmsg.services.unit_of_work import UnitOfWork

AGAIN_AFTER = timedelta(hours=24)

MOST_TO_STRANGERS = 20
TO_STRANGERS_WITHIN = timedelta(hours=1)


def answer(
    uow: UnitOfWork,
    text: ReceivedText,
    addressee: InboundDecision,
    *,
    message_id: int,
    number: NumberFact,
) -> tuple[str, ...]:
    """Answer a text that no sitter reads, where the org has words for it; in words, whether."""
    words = _words(uow, addressee)
    if words is None or not _may_be_answered(uow, text, number):
        return ()
    if addressee.client is None and _is_beyond(uow, text.from_phone):
        return ()
    taken = take_turn(
        uow.cursor,
        uow.org.id,
        phone_key=phone_key(uow.org.slug, text.from_phone),
        now=uow.now,
        before=uow.now - AGAIN_AFTER,
    )
    if not taken:
        return ()
    if addressee.client is None:
        queue_direct(
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
                    addressee.client,
                    body=words,
                    options=SendOptions(
                        urgent=True, expires_at=uow.now + EXPIRES[RelayKind.AUTO_REPLY]
                    ),
                )
                note(uow, queued.message, kind=RelayKind.AUTO_REPLY, about_id=message_id)
        except PetmsgError:
            return ()  # she wants no texts, or has no phone for them
    return ("answered by itself",)


def _words(uow: UnitOfWork, addressee: InboundDecision) -> str | None:
    """What the org answers: outside office hours that, else to a stranger what is set for him."""
    org = uow.org
    if addressee.kind is AddressedTo.SITTER:
        return None
    office = quiet_hours(org.open_from_minute, org.open_until_minute)
    is_open = office is None or quiet_until(office, uow.now, org.timezone) is not None
    if not is_open and org.closed_reply is not None:
        return org.closed_reply
    return org.unknown_reply if addressee.kind is AddressedTo.UNROUTED else None


def _may_be_answered(uow: UnitOfWork, text: ReceivedText, number: NumberFact) -> bool:
    try:
        is_phone = parse_phone(text.from_phone) == text.from_phone
    except MalformedPhone:
        return False
    if not is_phone or _is_ours(uow.cursor, text.from_phone) or not usable(number, uow.now):
        return False
    facts = read_hold_facts(
        uow.cursor, uow.org, client_id=None, to_e164=text.from_phone, number_id=number.id
    )
    return not any(each.code is BlockCode.OPTED_OUT for each in find_blocks(facts, uow.now))


def _is_beyond(uow: UnitOfWork, phone: str) -> bool:
    """Whether a stranger is not answered because of what it may cost; then an alert says so."""
    country = country_prefix(phone)
    if country is None or not _is_known_country(uow, country):
        _tell(
            uow,
            "country",
            country or "unknown",
            f"A phone of another country ({country or 'unknown'}) wrote. It is not answered "
            "automatically: none of your numbers and none of your clients are in that country.",
        )
        return True
    answers = last_answers(uow.cursor, uow.org.id, MOST_TO_STRANGERS)
    since = uow.now - TO_STRANGERS_WITHIN
    if sum(each.created_at > since for each in answers) < MOST_TO_STRANGERS:
        return False
    _tell(
        uow,
        "org",
        uow.org.slug,
        f"{MOST_TO_STRANGERS} strangers were answered automatically within an hour. Further ones "
        "are not answered until that hour is over; their messages are in the inbox.",
    )
    return True


def _is_known_country(uow: UnitOfWork, country: str) -> bool:
    """Whether a number of the org or a phone of a client is in that country."""
    own = own_numbers(uow.cursor, uow.org.id)
    if any(country_prefix(e164) == country for e164 in own):
        return True
    last = country[:-1] + chr(ord(country[-1]) + 1)
    return has_client_between(uow.cursor, uow.org.id, first=country, last=last)


def _tell(uow: UnitOfWork, entity: str, ref: str, words: str) -> None:
    raise_alert(
        uow,
        AlertKind.AUTO_REPLY_LIMIT,
        severity=AlertSeverity.WARNING,
        entity=entity,
        ref=ref,
        message=words,
        command="petmsg inbox list --for unrouted; to answer no stranger: "
        "petmsg org set --unknown-reply off",
    )


def _is_ours(cursor: Cursor, phone: str) -> bool:
    """Whether it is a number of any org here."""
    return is_masked_number(cursor, phone)
