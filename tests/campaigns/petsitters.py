"""Two companies whose messages have pictures, and all that is asked of them in a campaign.

One sends through Twilio, the other through the sandbox. Every sitter has several clients with an
open window, and the relay is on. Some clients of the first company leave: they had pictures, and
are to be forgotten. Pictures repeat, so that bytes which one message loses are another's.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from petmsg.clock import iso_utc
from petmsg.db import migrate
from petmsg.db.location import locate
from petmsg.media.prepare import prepare
from tests.support.consistency import raw
from tests.support.fixtures import ACTOR, Cli, Ran, add_org, lines, run_cli
from tests.support.pictures import photo_with_position
from tests.support.twilio_fake import TwilioFake
from tests.support.twilio_media import Storage

CLIENTS, SITTERS, LEAVING = 12, 3, 6
SHARED = 4
"""How many of the pictures several messages have."""
SEGMENTS_PER_SECOND = 100


@dataclass(frozen=True)
class Org:
    """An org, by what tells its numbers and phones from another's."""

    slug: str
    digit: int
    provider: str

    @property
    def desk(self) -> str:
        return f"+1415555{self.digit}000"

    @property
    def numbers(self) -> list[str]:
        """Of the sitters, in their order."""
        return [f"+1415556{self.digit}{i:03}" for i in range(SITTERS)]

    @property
    def pool(self) -> str:
        return f"+1415557{self.digit}000"

    @property
    def clients(self) -> list[str]:
        """Their phones. The sitter of client `i` is `i % SITTERS`."""
        return [f"+1202555{self.digit}{i:03}" for i in range(CLIENTS)]

    @property
    def sitters(self) -> list[str]:
        """Their phones."""
        return [f"+1617555{self.digit}{i:03}" for i in range(SITTERS)]

    @property
    def leaving(self) -> list[str]:
        """The phones of the clients that are to be forgotten."""
        return [f"+1202556{self.digit}{i:03}" for i in range(LEAVING)]


ON_TWILIO, ON_SANDBOX = Org("happy-paws", 1, "twilio"), Org("cat-club", 2, "sandbox")
ORGS = (ON_TWILIO, ON_SANDBOX)


@dataclass(frozen=True)
class Photo:
    """A picture in a file, and its bytes as petmsg sends them."""

    path: Path
    content: bytes
    clean: bytes


@dataclass(frozen=True)
class Asked:
    """A message that must be handed over once: words that it alone has, to whom, how many
    pictures."""

    words: str
    to: str
    pictures: int


@dataclass(frozen=True)
class Incoming:
    """A message that comes in at Twilio; it is pulled, or a webhook brings it too."""

    body: str
    sender: str
    to: str
    photos: Sequence[Photo]
    by_webhook: bool


@dataclass
class Plan:
    """What is to be done, as command lines and as messages that come in, and what must come out."""

    tasks: list[list[str]] = field(default_factory=list)
    incoming: list[Incoming] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)


def make_photos(folder: Path, count: int) -> list[Photo]:
    """Small pictures with a position, each other than the others."""
    found = []
    for i in range(count):
        path = folder / f"rex-{i}.jpg"
        path.write_bytes(photo_with_position(32 + i % 64, 32 + i // 64))
        content = path.read_bytes()
        found.append(Photo(path, content, prepare(content, name=path.name).content))
    return found


def plan(seed: int, count: int, photos: Sequence[Photo]) -> Plan:
    """So many messages, and a forgotten client between them now and then.

    A message has a picture of its own, which is the one at its place after the shared ones, or one
    of those, or both.
    """
    dice, made = random.Random(f"{seed} plan"), Plan()
    ways = (_sends, _sends, _sends_on_sandbox, _receives, _comes_in, _replies)
    for n in range(count):
        own, shared = photos[SHARED + n], dice.choice(photos[:SHARED])
        few = dice.choice(([own], [own], [shared], [own, shared]))
        dice.choice(ways)(made, dice, f"T{n}:", few)
    for i in range(LEAVING):
        line = ["client", "forget", f"L-{i}", "--reason", "asked", "--yes", "--org"]
        made.tasks.insert(dice.randint(0, len(made.tasks)), [*line, ON_TWILIO.slug])
    return made


def _files(photos: Sequence[Photo]) -> list[str]:
    return [word for each in photos for word in ("--media", str(each.path))]


def _sends(
    made: Plan, dice: random.Random, words: str, photos: Sequence[Photo], org: Org = ON_TWILIO
) -> None:
    client = dice.randrange(CLIENTS)
    body = f"{words} walked and fed" if dice.random() < 0.8 else words
    line = ["message", "send", f"C-{client}", "--body", body, "--key", words, "--org", org.slug]
    queue_only = ["--queue-only"] if dice.random() < 0.3 else []
    made.tasks.append([*line, *_files(photos), *queue_only])
    made.asked.append(Asked(words, org.clients[client], len(photos)))


def _sends_on_sandbox(made: Plan, dice: random.Random, words: str, photos: Sequence[Photo]) -> None:
    _sends(made, dice, words, photos, ON_SANDBOX)


def _receives(made: Plan, dice: random.Random, words: str, photos: Sequence[Photo]) -> None:
    """A client of the sandbox writes, and the message is forwarded to the sitter."""
    client, org = dice.randrange(CLIENTS), ON_SANDBOX
    to = org.numbers[client % SITTERS]
    line = ["message", "receive", "--from", org.clients[client], "--to", to, "--sid", f"in-{words}"]
    made.tasks.append([*line, "--body", f"{words} is Rex fine?", *_files(photos)])
    made.asked.append(Asked(words, org.sitters[client % SITTERS], len(photos)))


def _comes_in(made: Plan, dice: random.Random, words: str, photos: Sequence[Photo]) -> None:
    """A client writes through Twilio, and the message is forwarded to the sitter."""
    client, org, by_webhook = dice.randrange(CLIENTS), ON_TWILIO, dice.random() < 0.5
    sitter, body = client % SITTERS, f"{words} look!"
    made.incoming.append(
        Incoming(body, org.clients[client], org.numbers[sitter], photos, by_webhook)
    )
    made.asked.append(Asked(words, org.sitters[sitter], len(photos)))


def _replies(made: Plan, dice: random.Random, words: str, photos: Sequence[Photo]) -> None:
    """A sitter writes to one of several open clients through Twilio."""
    client, org, by_webhook = dice.randrange(CLIENTS), ON_TWILIO, dice.random() < 0.5
    sitter, body = client % SITTERS, f"@C-{client} {words} all well"
    made.incoming.append(
        Incoming(body, org.sitters[sitter], org.numbers[sitter], photos, by_webhook)
    )
    made.asked.append(Asked(words, org.clients[client], len(photos)))


# ----------------------------------------------------------------------------------- the companies


def build(
    url: str, environ: Mapping[str, str], fake: TwilioFake, storage: Storage, photos: list[Photo]
) -> None:
    """A migrated database with both companies; those who leave have sent and received pictures."""
    location = locate(url)
    now = datetime.now(UTC)
    migrate.upgrade(location.url, actor=ACTOR, now=now, create=location.is_sqlite)
    for org in ORGS:
        add_org(url, org.slug, front_desk=org.desk)
        _fill(org, _cli(url, environ, "--org", org.slug), now)
    with raw(url) as cursor:
        cursor.run(
            "UPDATE message_number SET segments_per_second = :rate", rate=SEGMENTS_PER_SECOND
        )
    cli = _cli(url, environ)
    for i, phone in enumerate(ON_TWILIO.leaving):
        shared = photos[i % SHARED]
        cli(
            *("message", "send", f"L-{i}", "--media", str(shared.path), "--queue-only"),
            *("--org", ON_TWILIO.slug),
        )
        # One that others have too, and one that only this client has.
        own = photo_with_position(24, 24 + i)
        comes_in(fake, storage, Incoming("", phone, ON_TWILIO.desk, [shared], False))
        comes_in(
            fake, storage,
            Incoming("", phone, ON_TWILIO.desk, [Photo(Path(), own, b"")], False),
        )  # fmt: skip
    cli("message", "pull")
    cli("media", "fetch")
    cli("message", "dispatch")


def comes_in(fake: TwilioFake, storage: Storage, message: Incoming) -> tuple[str, list[str]]:
    """Somebody sends a message with pictures: its ID at Twilio, and those of its files."""
    count = len(message.photos)

    def stored() -> tuple[str, list[str]]:
        sid = fake.comes_in(
            message.body,
            from_=message.sender,
            to=message.to,
            at=datetime.now(UTC).replace(microsecond=0),
            media_count=count,
        )
        names = [f"ME{len(storage.files) + i:032x}" for i in range(count)]
        fake.media.by_message[sid] = dict.fromkeys(names, "image/jpeg")
        for name, photo in zip(names, message.photos, strict=True):
            storage.files[name], storage.types[name] = photo.content, "image/jpeg"
        return sid, names

    found = fake.call(stored)
    assert isinstance(found, tuple)
    return found


def _cli(url: str, environ: Mapping[str, str], *org: str) -> Cli:
    def run(*arguments: str, stdin: str = "") -> Ran:
        ran = run_cli(url, *arguments, *org, now=None, stdin=stdin, **environ)
        assert ran.code == 0, (arguments, ran.err)
        return ran

    return run


def _fill(org: Org, cli: Cli, now: datetime) -> None:
    settings = ("--provider", org.provider, "--relay", "on", "--grace-minutes", "0")
    cli("org", "set", "--yes", "--force", *settings)
    cli("number", "add", *org.numbers, "--class", "sitter")
    cli("number", "add", org.pool, "--class", "pool")
    head = ("ref", "name", "phone")
    sitters = [(f"S-{i}", f"Sitter {i}", phone) for i, phone in enumerate(org.sitters)]
    cli("sitter", "import", "-", stdin=lines(head, *sitters))
    cli("sitter", "activate", *(f"S-{i}" for i in range(SITTERS)))
    clients = [(f"C-{i}", f"Client {i}", phone) for i, phone in enumerate(org.clients)]
    leaving = [(f"L-{i}", f"Leaving {i}", phone) for i, phone in enumerate(org.leaving)]
    cli("client", "import", "-", stdin=lines(head, *clients, *leaving))
    start, end = iso_utc(now - timedelta(hours=1)), iso_utc(now + timedelta(hours=6))
    bookings = [(f"B-{i}", f"C-{i}", f"S-{i % SITTERS}", start, end) for i in range(CLIENTS)]
    header = ("ref", "client", "sitter", "starts_at", "ends_at")
    cli("booking", "import", "-", stdin=lines(header, *bookings))
    cli("booking", "confirm", "--all-pending")
