"""The companies of a campaign: two, with clients of every kind of route, and messages for them."""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from petmsg.clock import iso_utc
from petmsg.db import migrate
from petmsg.db.location import locate
from petmsg.services.outbox import queue as service
from petmsg.services.outbox.preview import SendOptions
from tests.support.consistency import raw
from tests.support.fixtures import ACTOR, Cli, Ran, add_org, lines, run_cli, working

PER_SECOND = 100
"""Segments per second and number: the rate limit is kept, and hinders no campaign."""
SAME_AGAIN = 0.15
"""How many messages repeat the words of the one before to the same client."""


@dataclass(frozen=True)
class Org:
    """An org of a campaign, by what tells its numbers and phones from another's."""

    slug: str
    digit: int
    clients: int
    pool: int

    @property
    def phones(self) -> list[str]:
        return [f"+1202555{self.digit}{i:03}" for i in range(self.clients)]


ORGS = (Org("happy-paws", 1, clients=36, pool=3), Org("cat-club", 2, clients=8, pool=1))
SITTERS = 4


def build(url: str, orgs: Sequence[Org] = ORGS, *, per_second: float | None = PER_SECOND) -> None:
    """A migrated database with the orgs, their numbers, sitters, clients and bookings.

    A third of the clients have a window now, some of which end or begin within the minute.
    """
    location = locate(url)
    now = datetime.now(UTC)
    migrate.upgrade(location.url, actor=ACTOR, now=now, create=location.is_sqlite)
    for org in orgs:
        add_org(url, org.slug, front_desk=f"+1415555{org.digit}000")
        _fill(org, _cli(url, org), now)
    with raw(url) as cursor:
        cursor.run("UPDATE message_number SET segments_per_second = :rate", rate=per_second)


def _cli(url: str, org: Org) -> Cli:
    def run(*arguments: str, stdin: str = "") -> Ran:
        ran = run_cli(url, *arguments, "--org", org.slug, now=None, stdin=stdin)
        assert ran.code == 0, ran.err
        return ran

    return run


def _fill(org: Org, cli: Cli, now: datetime) -> None:
    cli("org", "set", "--yes", "--force", "--provider", "twilio", "--grace-minutes", "0")
    sitters = range(SITTERS)
    numbers = [f"+1415556{org.digit}{i:03}" for i in sitters]
    cli("number", "add", *numbers, "--class", "sitter")
    pool = [f"+1415557{org.digit}{i:03}" for i in range(org.pool)]
    cli("number", "add", *pool, "--class", "pool")
    rows = [(f"S-{i}", f"Sitter {i}", f"+1617555{org.digit}{i:03}") for i in sitters]
    cli("sitter", "import", "-", stdin=lines(("ref", "name", "phone"), *rows))
    cli("sitter", "activate", *(f"S-{i}" for i in sitters))
    rows = [(f"C-{i}", f"Client {i}", phone) for i, phone in enumerate(org.phones)]
    cli("client", "import", "-", stdin=lines(("ref", "name", "phone"), *rows))
    bookings = []
    for i in range(0, org.clients, 3):
        start = now + timedelta(seconds=(-3600, -3600, 5)[i // 3 % 3])
        end = now + timedelta(seconds=(3600, 15, 3600)[i // 3 % 3])
        row = (f"B-{i}", f"C-{i}", f"S-{i // 3 % SITTERS}", iso_utc(start), iso_utc(end))
        bookings.append(row)
    header = ("ref", "client", "sitter", "starts_at", "ends_at")
    cli("booking", "import", "-", stdin=lines(header, *bookings))
    cli("booking", "confirm", "--all-pending")


Asked = tuple[str, str]
"""A message that was asked for: phone and body. A phone is in one org only."""


@dataclass
class Customers:
    """Who asks for messages, and what was asked for. The same messages for the same seed."""

    url: str
    seed: int
    orgs: Sequence[Org] = ORGS
    asked: Counter[Asked] = field(default_factory=Counter)
    count: int = 0
    _last: dict[tuple[str, int], str] = field(default_factory=dict, repr=False)

    def ask(self, count: int) -> None:
        """Queue that many messages more, in transactions of a few."""
        dice = random.Random(f"{self.seed} asks after {self.count}")
        while count > 0:
            org = dice.choices(self.orgs, [each.clients for each in self.orgs])[0]
            together = min(count, dice.randint(1, 8))
            count -= together
            with working(self.url, now=datetime.now(UTC), org=org.slug) as uow:
                for _ in range(together):
                    client = dice.randrange(org.clients)
                    body = self._words(dice, org, client)
                    service.queue(uow, f"C-{client}", body=body, options=SendOptions())
                    self.asked[org.phones[client], body] += 1

    def _words(self, dice: random.Random, org: Org, client: int) -> str:
        self.count += 1
        last = self._last.get((org.slug, client))
        if last is not None and dice.random() < SAME_AGAIN:
            return last
        body = dice.choice(_WORDS).format(n=self.count)
        self._last[org.slug, client] = body
        return body


_WORDS = (
    "Text {n}: Luna had a walk and ate.",
    "Text {n}: “We’re home…” – all is well 🐾",
    "Text {n}:\n\n  two lines,  and   spaces ",
    "Text {n}: Zoë & Ömer 50% + é",
    "Text {n}: " + "a long story of a long walk " * 8,
)
