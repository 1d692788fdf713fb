"""A company of a soak: forty sitters, and a day's events by chance, the same for the same seed.

The company keeps lists of what was asked for: who writes what to which number, and whose phone must
get it. It knows nothing of petmsg's rules: whoever has a visit now, and nothing unusual about it,
writes to their sitter's number and the sitter's phone gets the words. Of anybody else it only
expects that the front desk is told.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

SITTERS, SPARE, CLIENTS = 40, 40, 120
NEW_YORK = timedelta(hours=5)
"""Its distance from UTC in the winter; the hours of the plan are these all the year."""
DESK = "+14155550100"
POOL = tuple(f"+1415557{i:04}" for i in range(6))
NUMBERS = tuple(f"+1415556{i:04}" for i in range(SITTERS + SPARE))
VISITS_A_DAY = 16
STRANGERS = tuple(f"+1617559{i:04}" for i in range(20))


def client_phone(client: int) -> str:
    return f"+1202556{client:04}"


def sitter_phone(sitter: int) -> str:
    return f"+1303556{sitter:04}"


@dataclass
class Visit:
    """A booking. `sitter` is None if the sitter left."""

    ref: str
    client: int
    sitter: int | None
    start: datetime
    end: datetime


@dataclass(frozen=True)
class Text:
    """A message that somebody writes. `expected` is the phone that must get its words once, None if
    that depends. `waiter` is who then waits for an answer, as an alert names them; None if nobody
    does. `answers` is the client whom it answers."""

    words: str
    body: str
    sender: str
    to: str
    expected: str | None = None
    waiter: tuple[str, str] | None = None
    answers: int | None = None
    with_picture: bool = False
    visit: Visit | None = None


@dataclass
class Company:
    """What is so now, and what was ever asked for."""

    seed: int
    active: list[int] = field(default_factory=lambda: [*range(SITTERS)])
    hired: int = SITTERS
    visits: list[Visit] = field(default_factory=list)
    number_of: dict[int, str] = field(default_factory=dict)
    away: dict[int, tuple[datetime, datetime]] = field(default_factory=dict)
    quarantined: dict[str, datetime] = field(default_factory=dict)
    overridden: dict[int, datetime] = field(default_factory=dict)
    stopped: set[int] = field(default_factory=set)
    words: int = 0
    dice: random.Random = field(default_factory=random.Random)

    def __post_init__(self) -> None:
        self.dice = random.Random(f"{self.seed} soak")

    def chance(self, a_day: float, *, steps: int = 1) -> bool:
        """Whether something happens now that happens so often a day, asked so often a day."""
        return self.dice.random() < a_day / steps

    def next_words(self) -> str:
        """Words that no other message has."""
        self.words += 1
        return f"#{self.words}#"

    # --- bookings ---------------------------------------------------------------------------

    def book(self, midnight: datetime) -> list[Visit]:
        """Some visits more, tomorrow or in the two days after."""
        made = []
        for _ in range(VISITS_A_DAY):
            day = midnight + timedelta(days=self.dice.randint(1, 3))
            start = day + timedelta(hours=self.dice.choice((8, 10, 12, 14, 16)))
            end = min(
                start + timedelta(hours=self.dice.choice((2, 4, 8))), day + timedelta(hours=22)
            )
            taken = {each.client for each in self.visits if day <= each.start < day + _DAY}
            client = self.dice.choice(sorted({*range(CLIENTS)} - taken - self.stopped))
            free = [each for each in self.active if not self._is_away(each, start, end)]
            visit = Visit(
                f"B-{self.next_words()[1:-1]}", client, self.dice.choice(free), start, end
            )
            self.visits.append(visit)
            made.append(visit)
        return made

    def running(self, now: datetime) -> list[Visit]:
        """The visits of now."""
        return [each for each in self.visits if each.start <= now < each.end]

    def _is_away(self, sitter: int, start: datetime, end: datetime) -> bool:
        since, until = self.away.get(sitter, (end, end))
        return since < end and start < until

    def is_usual(self, visit: Visit, now: datetime) -> bool:
        """Whether nothing is unusual about it: its client's words go to its sitter."""
        return (
            visit.sitter in self.active
            and self.overridden.get(visit.client, now) <= now
            and self.quarantined.get(self.number_of.get(visit.sitter or 0, ""), now) <= now
            and visit.client not in self.stopped
        )

    def tidy(self, now: datetime) -> None:
        """Forget what is over."""
        self.visits = [each for each in self.visits if each.end > now - _DAY]
        self.away = {who: span for who, span in self.away.items() if span[1] > now}
        self.overridden = {who: end for who, end in self.overridden.items() if end > now}

    # --- messages ---------------------------------------------------------------------------

    def texts(self, now: datetime, *, steps: int) -> Iterator[Text]:
        """What clients and strangers write at this step of so many a day."""
        for visit in self.running(now):
            if visit.sitter in self.number_of and self.dice.random() < 0.55:
                yield self.about(visit, now)
        for _ in range(2):
            if self.chance(3, steps=2 * steps):
                client = self.dice.randrange(CLIENTS)
                if client not in self.stopped:
                    yield self._to_the_desk(client)
        if self.chance(0.7, steps=steps):
            words = self.next_words()
            sender = self.dice.choice(STRANGERS)
            yield Text(words, f"{words} do you walk dogs?", sender, DESK, None, _STRANGER)

    def about(self, visit: Visit, now: datetime) -> Text:
        """What the client of a visit writes to the sitter's number."""
        assert visit.sitter is not None
        words, usual = self.next_words(), self.is_usual(visit, now)
        return Text(
            words,
            f"{words} is Rex fine?",
            client_phone(visit.client),
            self.number_of[visit.sitter],
            sitter_phone(visit.sitter) if usual else None,
            None if visit.client in self.stopped else ("client", f"C-{visit.client}"),
            with_picture=self.dice.random() < 0.06,
            visit=visit if usual else None,
        )

    def answers(self, texts: list[Text]) -> Iterator[Text]:
        """What sitters answer at once; others forget it."""
        for text in texts:
            visit = text.visit
            if visit is not None and visit.sitter is not None and self.dice.random() < 0.6:
                words = self.next_words()
                yield Text(
                    words,
                    f"@C-{visit.client} {words} all is well",
                    sitter_phone(visit.sitter),
                    text.to,
                    client_phone(visit.client),
                    answers=visit.client,
                    with_picture=self.dice.random() < 0.06,
                )

    def _to_the_desk(self, client: int) -> Text:
        words = self.next_words()
        body = f"{words} can you come on Friday?"
        return Text(words, body, client_phone(client), DESK, None, ("client", f"C-{client}"))

    def keyword(self, now: datetime) -> Text | None:
        """A client without a visit says STOP, or START the day after."""
        if self.stopped:
            client = self.stopped.pop()
            return Text("", "START", client_phone(client), DESK)
        busy = {each.client for each in self.visits if each.end > now}
        if not self.chance(0.2):
            return None
        client = self.dice.choice(sorted({*range(CLIENTS)} - busy))
        self.stopped.add(client)
        return Text("", "STOP", client_phone(client), DESK)

    # --- sitters and numbers ----------------------------------------------------------------

    def leaves(self, now: datetime) -> tuple[int, list[Visit], int]:
        """A sitter who leaves, their visits, and who gets these."""
        gone = self.dice.choice(self.active)
        self.active.remove(gone)
        return gone, *self._handed_over(gone, now, now + timedelta(days=9))

    def goes_away(self, midnight: datetime) -> tuple[int, datetime, datetime, int]:
        """A sitter who is away tomorrow and the day after, and who gets their visits."""
        since, until = midnight + _DAY, midnight + 3 * _DAY
        ill = self.dice.choice([each for each in self.active if each not in self.away])
        self.away[ill] = (since, until)
        return ill, since, until, self._handed_over(ill, since, until)[1]

    def _handed_over(self, whose: int, since: datetime, until: datetime) -> tuple[list[Visit], int]:
        """The visits that another sitter has from now on."""
        there = [
            each
            for each in self.active
            if each != whose and not self._is_away(each, since, until + 2 * _DAY)
        ]
        other = self.dice.choice(there)
        theirs = [
            each
            for each in self.visits
            if each.sitter == whose and each.start < until and since < each.end
        ]
        for visit in theirs:
            visit.sitter = other
        return theirs, other


_DAY = timedelta(days=1)
_STRANGER = ("message", "unrouted")
