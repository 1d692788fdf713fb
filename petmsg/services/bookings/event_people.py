"""Whom an event of a calendar names: its client and its sitter. Nothing is guessed."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from petmsg.calendars.event import EventWords
from petmsg.calendars.words import parts_of
from petmsg.db.cursor import Cursor
from petmsg.errors import Ambiguous, MalformedRow, PetmsgError, quoted
from petmsg.phone import may_be_phone
from petmsg.queries.booking_feed import client_names, sitter_names
from petmsg.queries.lookup import ClientKey, SitterKey, find_client, find_sitter
from petmsg.queries.org import OrgRow
from petmsg.text_inputs import normal_name

_Levels = tuple[Sequence[str], Sequence[str]]
_TITLE = "Write the title as 'Ann Ivers - Dog walk (Maya Lee)'"


@dataclass(frozen=True, slots=True)
class Named:
    """The refs of an event's client and sitter; None if it names no sitter."""

    client: str
    sitter: str | None


class EventPeople:
    """Finds the people of events among those of the org.

    `client` and `sitter` are those of every event of the calendar, as they were typed; then events
    are not asked. Raises `NotFound` and `Ambiguous` for these.
    """

    def __init__(
        self,
        cursor: Cursor,
        org: OrgRow,
        events: Iterable[EventWords],
        *,
        client: str | None = None,
        sitter: str | None = None,
    ) -> None:
        wanted = {_key(text) for words in events for level in _levels(words) for text in level}
        self._client = None if client is None else find_client(cursor, org.id, client).ref
        self._sitter = None if sitter is None else find_sitter(cursor, org.id, sitter).ref
        self._clients = _People(
            "client", client_names(cursor, org), wanted, lambda text: _client(cursor, org, text)
        )
        self._sitters = _People(
            "sitter", sitter_names(cursor, org), wanted, lambda text: _sitter(cursor, org, text)
        )

    def of(self, words: EventWords) -> Named:
        """The people of an event.

        Its X- properties decide. Otherwise exactly one client of the org must be named by the
        title, the attendees, the categories or the labelled lines of the description, or else by
        the organizer. A ref or a phone counts more than a name.
        Raises `MalformedRow` if no client is named, and `Ambiguous` if several are.
        """
        levels = _levels(words)
        client = self._client or self._clients.named(words, words.client, levels)
        if client is None:
            raise MalformedRow(
                f"The event {quoted(words.summary)} names no client.",
                hint=f"{_TITLE}, or use --client for the calendar of one client.",
            )
        return Named(client, self._sitter or self._sitters.named(words, words.sitter, levels))


class _People:
    """The clients or the sitters of the org that the events of a calendar may name."""

    def __init__(
        self,
        noun: str,
        names: Iterable[tuple[str, str | None]],
        wanted: set[str],
        find: Callable[[str], ClientKey | SitterKey],
    ) -> None:
        self._noun = noun
        self._find = find
        self._by_ref: dict[str, str] = {}
        self._by_name: dict[str, list[str]] = {}
        self._by_phone: dict[str, str | None] = {}
        for ref, name in names:
            if _key(ref) in wanted:
                self._by_ref[_key(ref)] = ref
            if name is not None and _key(name) in wanted:
                self._by_name.setdefault(_key(name), []).append(ref)

    def named(self, words: EventWords, explicit: str | None, levels: _Levels) -> str | None:
        """The ref of the one that an event names, None if it names nobody."""
        if explicit is not None:
            return self._find(explicit).ref
        for level in levels:
            sure = {
                ref
                for text in level
                if (ref := self._by_ref.get(_key(text)) or self._of_phone(text)) is not None
            }
            found = sure or {ref for text in level for ref in self._by_name.get(_key(text), ())}
            if len(found) > 1:
                problem = Ambiguous(self._noun, words.summary or level[0], sorted(found))
                problem.hint = (
                    f"Name the {self._noun} by ref in the title, or use --{self._noun} for a "
                    f"calendar of one {self._noun}."
                )
                raise problem
            if found:
                return found.pop()
        return None

    def _of_phone(self, text: str) -> str | None:
        if text not in self._by_phone:
            self._by_phone[text] = None
            if may_be_phone(text):
                with suppress(PetmsgError):
                    self._by_phone[text] = self._find(text).ref
        return self._by_phone[text]


def _levels(words: EventWords) -> _Levels:
    """The texts that may name somebody, and those that count only if none of these does."""
    parts = [part for text in (words.summary, *words.lines) for part in parts_of(text)]
    return [*parts, *words.attendees, *words.categories], words.organizers


def _key(text: str) -> str:
    return normal_name(text).casefold()


def _client(cursor: Cursor, org: OrgRow, text: str) -> ClientKey:
    return find_client(cursor, org.id, text, guess=False)


def _sitter(cursor: Cursor, org: OrgRow, text: str) -> SitterKey:
    return find_sitter(cursor, org.id, text, guess=False)
