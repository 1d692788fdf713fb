"""What petmsg takes from a calendar: its visits, and what could not be read."""

from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

from petmsg.errors import MalformedRef, PetmsgError
from petmsg.text_inputs import LONGEST_REF, parse_ref

_LONGEST_ID = len("/20260214T090000Z")


@dataclass(frozen=True, slots=True)
class EventWords:
    """The texts of an event that may name people. `client` and `sitter` are X- properties.

    `attendees` and `organizers` are names (CN) and phones, `lines` labelled lines of the
    description, and the phones in it.
    """

    summary: str = ""
    categories: tuple[str, ...] = ()
    attendees: tuple[str, ...] = ()
    organizers: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    client: str | None = None
    sitter: str | None = None


@dataclass(frozen=True, slots=True)
class CalendarVisit:
    """One visit of a calendar, `[starts_at, ends_at)` in aware UTC.

    `stem` names its event, `ref` the visit itself. `line` is where the event begins in the file.
    `is_expanded`: the visit is in the span that was asked for; others are named in the file one by
    one and matter only where petmsg knows them.
    """

    line: int
    stem: str
    ref: str
    starts_at: datetime
    ends_at: datetime
    is_cancelled: bool
    is_expanded: bool
    words: EventWords


@dataclass(frozen=True, slots=True)
class CalendarProblem:
    """An event that cannot be imported. `stem` is None if nobody can tell which event it is."""

    line: int
    stem: str | None
    error: PetmsgError


@dataclass(slots=True)
class Calendar:
    """A calendar that was read and expanded.

    `is_message`: the file is an invitation or a cancellation (METHOD) and not the whole calendar.
    `skipped` are stems of events that are no visits: they are over, or all-day and free.
    """

    name: str | None
    is_message: bool
    visits: list[CalendarVisit] = field(default_factory=list)
    problems: list[CalendarProblem] = field(default_factory=list)
    skipped: set[str] = field(default_factory=set)
    free_days: int = 0


def stem_of_uid(uid: str) -> str:
    """The ref of the event with this UID: the UID, or a hash of one that is too long or no ref."""
    try:
        if len(uid.strip()) <= LONGEST_REF - _LONGEST_ID and "/" not in uid:
            return parse_ref(uid)
    except MalformedRef:
        pass
    return f"ics-{sha256(uid.strip().encode('utf-8', 'replace')).hexdigest()[:32]}"


def stem_of_ref(ref: str) -> str:
    """The event's part of a visit's ref."""
    return ref.partition("/")[0]
