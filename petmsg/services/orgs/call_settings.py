"""The settings of an org about calls, as a person writes them."""

from petmsg.country import country_of_zone
from petmsg.errors import MalformedText
from petmsg.models import Org
from petmsg.phone import is_e164, parse_phone, read_phone
from petmsg.providers.spoken_words import holds_phone
from petmsg.queries.lookup import refuse_our_number
from petmsg.services.unit_of_work import UnitOfWork
from petmsg.text_inputs import parse_body

OFF = "off"
LONGEST_GREETING = 500
"""Characters: about 40 seconds when they are spoken. Twilio speaks at most 4096 at once (its
description of Say)."""
_NOT_IN_XML = "\ufffe\uffff"


def is_off(text: str) -> bool:
    """Whether the setting is to be taken away."""
    return text.strip().lower() == OFF


def checked_greeting(text: str) -> str | None:
    """Return the words before a voicemail as they are stored; None for the usual ones. Raises
    `MalformedText`."""
    if is_off(text):
        return None
    greeting = parse_body(text)
    if len(greeting) > LONGEST_GREETING:
        raise MalformedText(
            f"The greeting has {len(greeting)} characters; it may have {LONGEST_GREETING}.",
            hint="Shorten it: a caller waits until it has been spoken.",
        )
    if holds_phone(greeting):
        raise MalformedText(
            "The greeting holds a phone number, and petmsg speaks none.",
            hint="Leave the number out; a caller can send a message to the number they called.",
        )
    if any(each in greeting for each in _NOT_IN_XML):
        raise MalformedText("The greeting contains characters that cannot be spoken.")
    return greeting


def checked_desk_phone(uow: UnitOfWork, org: Org, text: str) -> str | None:
    """Return the front desk's phone (E.164), read in the country that the org has now, or None.

    Raises `MalformedPhone`, and `OurNumber` for a masked number of any org: a call to it would ring
    itself.
    """
    if is_off(text):
        return None
    if is_e164(text):
        phone = parse_phone(text)
    else:
        read = read_phone(text, org.country or country_of_zone(org.timezone))
        uow.warnings += [
            each.replace("a message", "a call")
            for each in read.warnings
            if each not in uow.warnings
        ]
        phone = read.e164
    refuse_our_number(uow.cursor, phone)
    return phone
