"""Contact details in a message: phone numbers, email addresses, other channels. Pure.

Three things are searched for:

- the *shape* of a phone number or an email address (`phones`, `emails`), of any person. A
  shape that could be either (three digits, a dash and four) counts as a phone;
- the digits of a *known* personal phone, in any notation (`known_phones`);
- *other channels* around the company: handles, payment apps, booking links (`other_channels`). They
  are reported apart, because they reveal no phone.

The run time is linear in the length of the message: every look-ahead is bounded.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Literal, NamedTuple

from petmsg.rules.contact_details.emails import emails
from petmsg.rules.contact_details.known_phones import find_known, has_enough_digits, possible_phones
from petmsg.rules.contact_details.normalise import plain_text
from petmsg.rules.contact_details.other_channels import ways
from petmsg.rules.contact_details.phones import phones

__all__ = [
    "ContactDetail",
    "PersonalPhone",
    "describe",
    "find_contact_details",
    "find_other_channels",
    "may_hold_a_phone",
    "phones_to_look_up",
]

Kind = Literal["phone", "email", "handle", "payment", "link"]


class ContactDetail(NamedTuple):
    """Where a contact detail occurs: `body[start:end]`."""

    kind: Kind
    start: int
    end: int


class PersonalPhone(NamedTuple):
    """Personal phones in E.164 that a message must not contain, in any notation.

    `near` are those of the people in the conversation, which are recognised even without their area
    code. `others` are recognised by all their digits.
    """

    near: Collection[str] = ()
    others: Collection[str] = ()


_WORDS: dict[Kind, str] = {
    "phone": "a phone number",
    "email": "an email address",
    "handle": "a handle",
    "payment": "the name of a payment app",
    "link": "a link for chats, bookings or payments",
}


def find_contact_details(
    body: str, *, ours: Collection[str] = (), personal: PersonalPhone | None = None
) -> tuple[ContactDetail, ...]:
    """Return every phone number and email address in the body, in order.

    `ours` are masked numbers in E.164. They are allowed in any notation, and their country codes
    say which national notations are searched for.
    """
    plain = plain_text(body)
    addresses = list(emails(plain.text))
    found: list[tuple[Kind, int, int]] = [("email", *span) for span in addresses]
    own: list[tuple[int, int]] = []
    for start, end, is_leak in phones(_without(plain.text, addresses), ours):
        if is_leak:
            found.append(("phone", start, end))
        else:
            own.append((start, end))
    if personal is not None:
        near = [each for each in personal.near if each not in ours]
        others = [each for each in personal.others if each not in ours]
        rest = _without(plain.text, [*own, *addresses])
        found += [("phone", *span) for span in find_known(rest, near=near, others=others)]
    return tuple(ContactDetail(kind, *plain.span(start, end)) for kind, start, end in _apart(found))


def find_other_channels(body: str) -> tuple[ContactDetail, ...]:
    """Return handles, names of payment apps, and links to chats and booking sites, in order."""
    plain = plain_text(body)
    spans = list(emails(plain.text))
    found: list[tuple[Kind, int, int]] = list(ways(_without(plain.text, spans)))
    return tuple(ContactDetail(kind, *plain.span(start, end)) for kind, start, end in _apart(found))


def may_hold_a_phone(body: str) -> bool:
    """Whether the body has as many digits as a phone. Most bodies have not, and need no look-up."""
    return has_enough_digits(plain_text(body).text)


def phones_to_look_up(body: str, *, ours: Collection[str] = ()) -> list[str]:
    """Return every E.164 number that digits of the body could be, to look up among personal
    phones."""
    return sorted(possible_phones(plain_text(body).text, ours) - set(ours))


def describe(leaks: Sequence[ContactDetail]) -> str:
    """Describe the contact details by place, never by content: `a phone number at character 12`,
    counted from 1."""
    said = [f"{_WORDS[leak.kind]} at character {leak.start + 1}" for leak in leaks]
    if len(said) > 1:
        said[-2:] = [f"{said[-2]} and {said[-1]}"]
    return ", ".join(said) or "no phone number and no email address"


def _without(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """Return the text in the same length, with the spans blanked."""
    kept = list(text)
    for start, end in spans:
        kept[start:end] = "\0" * (end - start)
    return "".join(kept)


def _apart(found: Iterable[tuple[Kind, int, int]]) -> list[tuple[Kind, int, int]]:
    """Return the findings in order, with overlapping ones merged."""
    apart: list[tuple[Kind, int, int]] = []
    for kind, start, end in sorted(found, key=lambda each: (each[1], each[2])):
        if apart and start < apart[-1][2]:
            before = apart[-1]
            apart[-1] = (before[0], before[1], max(before[2], end))
        else:
            apart.append((kind, start, end))
    return apart
