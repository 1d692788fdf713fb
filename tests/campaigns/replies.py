"""A small company in one transaction, and a naive model of it: where does each message go?

The model knows the rules in plain sentences, lists, and nothing of petmsg's own rules, queries or
ledger. It is told what was done, remembers everything, and answers by looking through its lists.
"""

from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from petmsg.db.cursor import Cursor
from petmsg.db.engine import make_engine
from petmsg.db.location import locate
from petmsg.db.snapshot import load_postgres
from petmsg.db.transaction import Transaction
from petmsg.queries.org import find_org
from petmsg.services.unit_of_work import UnitOfWork
from tests.support.fixtures import ACTOR, NOW

DESK = "+14155550100"
CLIENTS = {"C-1": "+14155551001", "C-2": "+14155551002", "C-3": "+14155551003"}
SITTERS = {"S-1": "+14155552001", "S-2": "+14155552002"}
NAMES = {"S-1": "Maya", "S-2": "Olga"}
STRANGERS = ("+16175550198", "+16175550199")
POOL = ("+14155550150", "+14155550151")
SITTER_NUMBERS = tuple(f"+1415555016{i}" for i in range(6))
NEVER_OURS = "+19995550100"
PEOPLE = {*CLIENTS.values(), *SITTERS.values(), *STRANGERS}
GRACE = timedelta(minutes=60)


@dataclass
class Span:
    """What a number was from `start` on."""

    start: datetime
    number_class: str
    holder: str | None
    resting_until: datetime | None = None


@dataclass
class Window:
    """A confirmed booking's window."""

    booking: int
    client: str
    sitter: str | None
    start: datetime
    booked_until: datetime
    end: datetime

    def contains(self, at: datetime) -> bool:
        return self.start <= at < self.end


@dataclass
class Forwarded:
    """A client's words as they left for a sitter's own phone."""

    sitter: str
    client: str
    body: str
    at: datetime


@dataclass
class Text:
    """A message that came in, and where the model says it goes. `about` is what it repeats."""

    sid: str
    body: str
    sender: str
    number: str
    at: datetime
    came: datetime
    client: str | None
    to: str
    code: str
    message: int = 0
    about: Forwarded | None = None

    @property
    def is_reaction(self) -> bool:
        return self.body.startswith("Loved")


@dataclass
class Model:
    """Everything that was done, in lists."""

    now: datetime = NOW
    numbers: dict[str, list[Span]] = field(default_factory=dict)
    active: dict[str, list[list[datetime | None]]] = field(default_factory=dict)
    windows: list[Window] = field(default_factory=list)
    seen: list[tuple[str, str, datetime, str | None]] = field(default_factory=list)
    texts: dict[str, Text] = field(default_factory=dict)
    forwarded: list[Forwarded] = field(default_factory=list)
    stopped: set[str] = field(default_factory=set)

    # --------------------------------------------------------------------------- what was done

    def becomes(
        self, e164: str, number_class: str, holder: str | None, until: datetime | None = None
    ) -> None:
        self.numbers.setdefault(e164, []).append(Span(self.now, number_class, holder, until))

    def leaves(self, sitter: str) -> None:
        """Offboarding: windows that run end, later ones lose the sitter."""
        self.active[sitter][-1][1] = self.now
        for window in self.windows:
            if window.sitter == sitter and window.start >= self.now:
                window.sitter = None
            elif window.sitter == sitter and window.contains(self.now):
                window.end = self.now
                window.booked_until = min(window.booked_until, self.now)

    # --------------------------------------------------------------------------- what was true

    def span(self, e164: str, at: datetime) -> Span:
        known = [span for span in self.numbers[e164] if span.start <= at]
        return known[-1] if known else self.numbers[e164][0]

    def number_of(self, sitter: str, at: datetime) -> str | None:
        for e164 in self.numbers:
            if self.span(e164, at).holder == sitter:
                return e164
        return None

    def is_active(self, sitter: str | None, at: datetime) -> bool:
        return any(
            first is not None and first <= at and (last is None or at < last)
            for first, last in self.active.get(sitter or "", [])
        )

    def is_usable(self, e164: str, at: datetime) -> bool:
        until = self.span(e164, at).resting_until
        return until is None or until <= at

    def open_windows(self, client: str, at: datetime) -> list[Window]:
        return [each for each in self.windows if each.client == client and each.contains(at)]

    def open_clients(self, sitter: str, at: datetime) -> set[str]:
        if not self.is_active(sitter, at):
            return set()
        return {each.client for each in self.windows if each.sitter == sitter and each.contains(at)}

    def last_forwarded(self, sitter: str) -> Forwarded | None:
        return next((each for each in reversed(self.forwarded) if each.sitter == sitter), None)

    def sends_from(self, sitter: str, at: datetime) -> str | None:
        """The number a sitter's words are sent from; None if it rests, and the pool's is."""
        number = self.number_of(sitter, at)
        return number if number is not None and self.is_usable(number, at) else None

    # -------------------------------------------------------------------- what must come of it

    def expect(self, sender: str, number: str, at: datetime, body: str) -> tuple[str, str]:
        """Who is to read it, and the code: the rules, sentence by sentence."""
        client = next((ref for ref, phone in CLIENTS.items() if phone == sender), None)
        span = self.span(number, at)
        is_sitter = sender in SITTERS.values()
        if body in ("STOP", "START"):
            nobody = "relay" if is_sitter else "unrouted"
            return ("front_desk" if client else nobody), f"KEYWORD_{body}"
        if span.holder is not None and SITTERS[span.holder] == sender:
            return "relay", "SITTER_REPLY"
        if client is None and is_sitter:
            return "relay", "KNOWN_SITTER"
        if client is None:
            return "unrouted", "UNKNOWN_SENDER"
        windows = self.open_windows(client, at)
        for window in windows:
            if (
                window.sitter is not None
                and self.is_active(window.sitter, at)
                and span.holder == window.sitter
                and self.is_usable(number, at)
            ):
                return window.sitter, "WINDOW_ACTIVE"
        then = [whose for who, what, when, whose in self.seen
                if who == client and what == number and when <= at]  # fmt: skip
        if then and then[-1] is not None and then[-1] != span.holder:
            return "front_desk", "FORMER_NUMBER"
        if span.number_class != "sitter":
            return "front_desk", "POOL_OR_DESK_NUMBER"
        hers = [window for window in windows if window.sitter == span.holder]
        if windows and span.holder is not None and not hers:
            return "front_desk", "NUMBER_OF_ANOTHER_SITTER"
        if hers and span.holder is not None and not self.is_active(span.holder, at):
            return "front_desk", "SITTER_NOT_ACTIVE"
        if hers and span.holder is not None and not self.is_usable(number, at):
            return "front_desk", "NUMBER_QUARANTINED"
        return "front_desk", "NO_ACTIVE_WINDOW"

    def speaks(self, client: str, at: datetime) -> str | None:
        """The sitter's number for a message to the client, None for the pool or the desk."""
        windows = self.open_windows(client, at)
        windows = [each for each in windows if each.start <= at < each.booked_until] or windows
        if not windows:
            return None
        latest = max(each.start for each in windows)
        window = max((w for w in windows if w.start == latest), key=lambda w: w.booking)
        if window.sitter is None or not self.is_active(window.sitter, at):
            return None
        number = self.number_of(window.sitter, at)
        return number if number is not None and self.is_usable(number, at) else None


class World:
    """The real thing: petmsg's services in one transaction that is rolled back at the end."""

    def __init__(self, url: str) -> None:
        self._closing = ExitStack()
        location = locate(url)
        engine = make_engine(location)
        self._closing.callback(engine.dispose)
        connection = self._closing.enter_context(engine.connection())
        if location.is_sqlite:
            connection.execute("BEGIN IMMEDIATE")
        else:
            postgres = load_postgres()
            postgres.begin(connection, location, postgres.WRITING)
        self._closing.callback(connection.rollback)
        begun = Transaction(engine, connection, is_sqlite=location.is_sqlite)
        self._transaction = self._closing.enter_context(closing(begun))

    @property
    def cursor(self) -> Cursor:
        return self._transaction.cursor

    def uow(self, now: datetime) -> UnitOfWork:
        """A unit of work at `now`; the org is read anew."""
        return UnitOfWork(self._transaction, find_org(self.cursor, None), ACTOR, now)

    def rows(self, statement: str, **values: Any) -> list[dict[str, Any]]:
        return self.cursor.rows(statement, **values)

    def close(self) -> None:
        self._closing.close()
