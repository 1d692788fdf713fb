"""The texts of an event that may name its client and its sitter."""

import re
from collections.abc import Iterator
from typing import Any

from petmsg.calendars.event import EventWords
from petmsg.calendars.properties import all_of

_LONGEST_SUMMARY = 500
_LONGEST_DESCRIPTION = 8000
_MOST = 50
_LABEL = re.compile(
    r"^[^\S\n]*(?:client|customer|invitee|pet owner|owner|name|phone|mobile|cell|sitter|pet sitter|"
    r"walker|dog walker|staff|team member|provider|assigned to|with)(?: name)?[^\S\n]*:"
    r"[^\S\n]*(\S.*)$",
    re.IGNORECASE | re.MULTILINE,
)
_STRONG = re.compile(r"\s+[-\u2013\u2014|/]\s+|[()\[\]{}|;\n\u2022\u00b7]|:\s")
_WEAK = re.compile(r"\s+[+&@]\s+|\s(?:with|w/|for|by|and|at)\s|,\s", re.IGNORECASE)
_PHONE = re.compile(r"\+?\(?[0-9][0-9().\s-]{6,30}[0-9]")
_CANCELLED = re.compile(r"\W*cancell?ed\b", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")


def words_of(component: Any) -> EventWords:
    """The texts of an event."""
    description = "\n".join(_texts(component, "DESCRIPTION"))[:_LONGEST_DESCRIPTION]
    plain = _TAG.sub("\n", description)
    return EventWords(
        summary=" ".join(_texts(component, "SUMMARY"))[:_LONGEST_SUMMARY],
        categories=tuple(_categories(component))[:_MOST],
        attendees=tuple(_people(component, "ATTENDEE"))[:_MOST],
        organizers=tuple(_people(component, "ORGANIZER"))[:_MOST],
        lines=tuple(each.strip() for each in _LABEL.findall(plain) + _PHONE.findall(plain))[:_MOST],
        client=_explicit(component, "CLIENT"),
        sitter=_explicit(component, "SITTER"),
    )


def is_called_cancelled(title: str) -> bool:
    """Whether a title begins with `Cancelled`: some tools keep a cancelled visit and say so there
    (source: PetPocketbook, "Google Calendar integration FAQs")."""
    return _CANCELLED.match(title) is not None


def parts_of(text: str) -> list[str]:
    """The parts of a title that may be a name: `Ann Ivers - Dog walk (Maya Lee)` has three. Phones
    in it are parts too.

    A name written as `Lee, Maya` is also read the other way round.
    """
    parts = [text]
    for strong in _STRONG.split(text):
        parts += [strong, *_WEAK.split(strong)]
        last, comma, first = strong.partition(",")
        if comma and "," not in first:
            parts.append(f"{first} {last}")
    parts += _PHONE.findall(text)
    clean = (" ".join(each.split()).strip(" -.,:") for each in parts)
    return list(dict.fromkeys(each for each in clean if each))[:_MOST]


def _explicit(component: Any, who: str) -> str | None:
    """X-PETMSG-CLIENT and X-PETMSG-SITTER, also without PETMSG."""
    for name in (f"X-PETMSG-{who}", f"X-{who}"):
        for text in _texts(component, name):
            if text.strip():
                return text.strip()
    return None


def _people(component: Any, name: str) -> Iterator[str]:
    """The names (CN) and phones (tel:) of attendees or organizers."""
    for each in all_of(component, name):
        common = str(each.params.get("CN", "")).strip(' "') if hasattr(each, "params") else ""
        if common:
            yield common
        address = str(each).strip()
        if address[:4].lower() in ("tel:", "sms:"):
            yield address[4:].partition(";")[0]


def _categories(component: Any) -> Iterator[str]:
    for each in all_of(component, "CATEGORIES"):
        for word in getattr(each, "cats", [each]):
            yield str(word).strip()


def _texts(component: Any, name: str) -> list[str]:
    return [str(each) for each in all_of(component, name)]
