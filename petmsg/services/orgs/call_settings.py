"""The settings of an org about calls, as a person writes them."""

from petmsg.country import country_of_zone
from petmsg.errors import MalformedPhone, MalformedText
from petmsg.models import Org
from petmsg.phone import is_e164, parse_phone, read_phone
from petmsg.providers.spoken_words import holds_phone
from petmsg.queries.lookup import refuse_our_number
from petmsg.services.unit_of_work import UnitOfWork
from petmsg.text_inputs import LONGEST_BODY, parse_body

OFF = ("off", "none")
"""What takes a setting away. Both are written: `--twilio-account` takes `none`, and no caller
should hear that word."""
LONGEST_GREETING = 500
"""Characters: about 40 seconds when they are spoken. Twilio speaks at most 4096 at once (its
description of Say)."""
_NOT_IN_XML = "\ufffe\uffff"


def is_off(text: str) -> bool:
    """Whether the setting is to be taken away."""
    return text.strip().lower() in OFF


def checked_words(text: str, name: str, *, longest: int = LONGEST_BODY) -> str:
    """Return the words of a setting, which `name` is in words. Raises `MalformedText`."""
    if not text.strip():
        raise MalformedText(f"The {name} is empty.", hint="Write it in quotes; off takes it away.")
    if len(text) > longest:
        raise MalformedText(
            f"The {name} has {len(text)} characters; it may have {longest}.", hint="Shorten it."
        )
    try:
        return parse_body(text)
    except MalformedText as problem:
        words = str(problem).replace("body", name)
        raise MalformedText(words, hint=problem.hint) from None


def checked_reply(text: str, name: str) -> str | None:
    """Return the words of an automatic message, which `name` is in words; None if it is off. Raises
    `MalformedText`."""
    return None if is_off(text) else checked_words(text, name)


def checked_greeting(text: str) -> str | None:
    """Return the words before a voicemail as they are stored; None for the usual ones. Raises
    `MalformedText`."""
    if is_off(text):
        return None
    greeting = checked_words(text, "greeting", longest=LONGEST_GREETING)
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
    try:
        phone = _phone_of(uow, org, text)
    except MalformedPhone as problem:
        problem.hint = f"{problem.hint} Or: off"
        raise
    refuse_our_number(uow.cursor, phone)
    return phone


def _phone_of(uow: UnitOfWork, org: Org, text: str) -> str:
    if is_e164(text):
        return parse_phone(text)
    read = read_phone(text, org.country or country_of_zone(org.timezone))
    uow.warnings += [
        each.replace("a message", "a call") for each in read.warnings if each not in uow.warnings
    ]
    return read.e164
