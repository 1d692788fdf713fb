"""The examples of every help, and the company on which they are tried.

A second company lives in the same database, with the same people's phones. Whatever an example
prints is held against what it must not tell: secrets, personal phones, bodies, the other company.
"""

import hashlib
import os
import shlex
import shutil
import sqlite3
import stat
import threading
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache, lru_cache
from itertools import takewhile
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest

from petmsg.db.location import locate
from petmsg.enums.calls import CallStatus
from tests.services.numbers.test_health import filtered
from tests.support import example_company
from tests.support.calls import add_call
from tests.support.channels import SECRET, ChannelServer, add_alerts
from tests.support.consistency import content
from tests.support.documentation import commands
from tests.support.example_company import FILES, SINCE
from tests.support.fixtures import NOW, Ran, add_org, build, run_cli
from tests.support.media_rows import TINY_GIF, add_media
from tests.support.on_twilio import keys
from tests.support.texting import left_by_the_dead
from tests.support.twilio_fake import TwilioFake
from tests.support.twilio_services import DEMO_SMS, DEMO_VOICE
from tests.support.webhooks import KEYS

COMMANDS = dict(commands())
EXAMPLES = [(name, example) for name, command in COMMANDS.items() for example in command.examples]

MINE = "happy-paws"
OTHER = "zz-other"
MARK = "zzother"
"""It stands in every name, ref, word and reason of the other company."""
NUMBERS = ("+14155559900", "+14155559901", "+14155559902")
_LINES = (
    ("number", "add", NUMBERS[1], "--class", "sitter"),
    ("number", "add", NUMBERS[2], "--class", "pool"),
    ("client", "add", f"Ann {MARK}", "--phone", "+12025550101", "--ref", f"{MARK}-C"),
    ("client", "add", f"Bo {MARK}", "--phone", "+12025550103", "--ref", f"{MARK}-D"),
    ("sitter", "add", f"Maya {MARK}", "--phone", "+13035550101", "--ref", f"{MARK}-S",
     "--activate"),
    ("booking", "add", "--ref", f"{MARK}-B", "--client", f"{MARK}-C", "--sitter", f"{MARK}-S",
     "--start", "+23h", "--end", "+26h"),
    ("booking", "confirm", f"{MARK}-B"),
    ("message", "send", f"{MARK}-C", "--body", f"Hello {MARK}"),
    ("message", "send", f"{MARK}-D", "--body", f"Later {MARK}", "--at", "+3d"),
    ("message", "receive", "--from", "+12025550103", "--to", NUMBERS[0], "--body", MARK),
    ("optout", "add", f"{MARK}-D", "--reason", MARK),
)  # fmt: skip
DOCUMENTS = {"petmsg commands", "petmsg help", "petmsg schema"}
"""Commands that print documentation, whose phones are examples."""
OF_ALL = ("petmsg init", "petmsg demo", "petmsg db ", "petmsg org list", "petmsg config show",
          "petmsg schema", "petmsg commands", "petmsg help", "petmsg version",
          "petmsg import ", "petmsg inbox strays", "petmsg errors ", "petmsg serve",
          "petmsg setup --name")  # fmt: skip
"""Commands that are about the whole database, or about none."""


def join(url: str) -> None:
    """The other company moves in, a day ago."""
    add_org(url, OTHER, front_desk=NUMBERS[0])
    for line in _LINES:
        ran = run_cli(url, *line, "--org", OTHER, now=SINCE)
        assert ran.code == 0, (line, ran.err)


@dataclass(frozen=True)
class _Database:
    """A database file: those with the same bytes are read once."""

    digest: bytes
    path: Path = field(compare=False)

    @classmethod
    def at(cls, path: Path) -> "_Database":
        files = (path, path.with_name(f"{path.name}-wal"))
        content = b"".join(each.read_bytes() for each in files if each.exists())
        return cls(hashlib.sha256(content).digest(), path)


def theirs(url: str) -> dict[str, list[tuple[object, ...]]]:
    """Every row with the mark of the other company, or with its numbers."""
    return _theirs(_Database.at(Path(url.removeprefix("sqlite:///"))))


@lru_cache(maxsize=8)
def _theirs(database: _Database) -> dict[str, list[tuple[object, ...]]]:
    words = (MARK, OTHER, *NUMBERS)
    return {
        table: [row for row in rows if any(word in text for text in [repr(row)] for word in words)]
        for table, rows in content(locate(str(database.path)).url).items()
    }


@lru_cache(maxsize=8)
def _dump(database: _Database) -> list[str]:
    with closing(sqlite3.connect(database.path)) as connection:
        return list(connection.iterdump())


# ------------------------------------------------------------------------ what must not be told

TOKEN = "tok0123456789secret0123456789abc"
SIGNING = "whsec_sentinel0123456789sentinel0123"
OLD_TOKEN = "tok9876543210rotated9876543210ab"
NORTH_TOKEN = "tok0123456789another0123456789ab"
API_SECRET = "sec0123456789ofthekey0123456789a"
NEVER_TOLD = (TOKEN, OLD_TOKEN, NORTH_TOKEN, API_SECRET, SIGNING, SECRET)
"""Secrets of Twilio, also of an account with a name and of a token that is rotated, of Stripe, and
of a channel's URL."""
API_KEY = {"TWILIO_API_KEY": "SK" + "0123456789abcdef" * 2, "TWILIO_API_SECRET": API_SECRET}
SECRETS = {
    "TWILIO_ACCOUNT_SID": "AC" + "0123456789abcdef" * 2,
    "TWILIO_AUTH_TOKEN": f"{TOKEN},{OLD_TOKEN}",
    "TWILIO_ACCOUNT_SID_NORTH": "AC" + "fedcba9876543210" * 2,
    "TWILIO_AUTH_TOKEN_NORTH": NORTH_TOKEN,
    **API_KEY,
    "PETMSG_STRIPE_SECRET": SIGNING,
}
PHONES = [
    *(f"2025550{number}" for number in (101, 102, 103, 104, 118, 199)),
    *(f"3035550{number}" for number in (101, 102, 103, 118)),
]
BODIES = ["Welcome!", "See you soon.", "Rex is well.", "under the mat", "take parrots"]
READING_TEXTS = {
    "petmsg demo", "petmsg inbox list", "petmsg inbox show", "petmsg inbox strays",
    "petmsg message list", "petmsg message show", "petmsg thread show",
}  # fmt: skip
"""Commands whose matter is what was written."""


# ------------------------------------------------------------------------- a company to try them on


class Company(NamedTuple):
    """A fresh copy of the company of the examples, in a folder with its files."""

    url: str
    path: Path
    settings: Mapping[str, str] = MappingProxyType({})

    def run(self, example: str, *more: str, output: str | None = None) -> Ran:
        """Run an example as a person would type it; with `output` in that format."""
        words = shlex.split(example)
        target = words[words.index(">") + 1] if ">" in words else None
        source = words[words.index("<") + 1] if "<" in words else None
        arguments = list(takewhile(lambda word: word not in "<>", words[1:]))
        if output is not None:
            arguments = [*without_output(arguments), "-o", output]
        ran = run_cli(
            self.url,
            *arguments,
            *more,
            PETMSG_OUTPUT="table",
            PETMSG_ORG=MINE,
            HOME=str(self.path.parent),
            stdin=Path(source).read_text("utf-8") if source else "",
            **_environment_of(arguments),
            **self.settings,
        )
        if target is not None and ran.code == 0:
            Path(target).write_text(ran.out, "utf-8")
        return ran

    def dump(self) -> list[str]:
        """The whole database as SQL."""
        if not self.path.exists():
            return []
        return _dump(_Database.at(self.path))


def without_output(arguments: list[str]) -> list[str]:
    if "-o" not in arguments:
        return arguments
    at = arguments.index("-o")
    return arguments[:at] + arguments[at + 2 :]


def done(*line: str, now: Any = NOW) -> Callable[[Company], None]:
    """A state that begins with a command."""

    def prepare(company: Company) -> None:
        assert run_cli(company.url, *line, now=now, PETMSG_ORG=MINE).code == 0

    return prepare


def with_an_open_purchase(company: Company) -> None:
    """A number that a killed process may have bought."""
    with closing(sqlite3.connect(company.path)) as connection, connection:
        connection.execute(
            "INSERT INTO number_purchase (org_id, kind, status, provider, e164, class, actor,"
            " created_at) SELECT id, 'buy', 'intended', 'sandbox', '+14155550179', 'pool', 'ada',"
            " '2026-02-14 13:00:00.000000' FROM org WHERE slug = ?",
            (MINE,),
        )


def drop_a_trigger(company: Company) -> None:
    with closing(sqlite3.connect(company.path)) as connection:
        connection.execute("DROP TRIGGER audit_event_no_delete")


def exported(company: Company) -> None:
    """What an import takes back, and a database that does not have it."""
    assert company.run("petmsg export company-files").code == 0
    emptied(company)


def with_pictures(company: Company) -> None:
    """Two pictures that are stored, and one that is not."""
    with closing(sqlite3.connect(company.path)) as connection:
        message = connection.execute(
            "SELECT m.id FROM message m JOIN client c ON c.id = m.client_id WHERE c.ref = 'C-1'"
        ).fetchone()[0]
    add_media(company.url, message, content=TINY_GIF, name="rex.gif")
    add_media(company.url, message, content=TINY_GIF)
    add_media(company.url, message)


def with_calls(company: Company) -> None:
    """A call that was answered today, and one that nobody took."""
    number = "+14155550101"
    add_call(company.url, number=number, client="C-1", sitter="S-1", seconds=95, org=MINE)
    add_call(company.url, number=number, client="C-1", status=CallStatus.NO_ANSWER, org=MINE)


@cache
def listener() -> ChannelServer:
    """A server for the channels of the examples, which is there until the tests end."""
    server = ChannelServer()
    threading.Thread(target=server.serve, daemon=True).start()
    return server


@cache
def account() -> TwilioFake:
    """An account at Twilio, which is there until the tests end."""
    return TwilioFake().__enter__()


def _environment_of(arguments: list[str]) -> dict[str, str]:
    """The secrets of a command, and the account of one that asks the provider."""
    if arguments[0] == "serve":
        return SECRETS | KEYS
    if arguments[:2] == ["number", "webhooks"]:
        public = {"PETMSG_PUBLIC_URL": "https://texts.example.com"}
        without_key = {name: value for name, value in SECRETS.items() if name not in API_KEY}
        return without_key | keys(account()) | public
    return SECRETS


def with_account(company: Company) -> None:
    """The company's numbers at Twilio, as they are when they are new."""
    rows = company.run("petmsg number list --all", output="json").json
    account().numbers = [row["number"] for row in rows]
    account().account.number_settings = {
        row["number"]: {"sms_url": DEMO_SMS, "voice_url": DEMO_VOICE} for row in rows
    }


def with_url(_: Company) -> None:
    """The URL of a channel in a file, as in the examples."""
    Path("url.txt").write_text(f"{listener().url()}\n", "utf-8")
    Path("url.txt").chmod(0o600)


def with_channel(company: Company) -> None:
    """A channel that works, and an alert to tell it of."""
    with_url(company)
    added = company.run("petmsg notify add ops - < url.txt")
    assert added.code == 0, added.err
    add_alerts(company.url, org=MINE)


def emptied(company: Company) -> None:
    company.path.unlink()
    build(company.url)


UNITS = ("service", "install", "--user", "--to", "units")
OVERRIDE = ("route", "override", "C-1", "--until", "+1d", "--reason", "a complaint")
BEFORE: dict[str, Callable[[Company], object]] = {
    "petmsg audit verify --head heads.jsonl": lambda company: company.run(
        "petmsg audit export --head > heads.jsonl"
    ),
    "petmsg call ": with_calls,
    "petmsg db check": drop_a_trigger,
    "petmsg db backup petmsg-backup.db --media": with_pictures,
    "petmsg db restore ": done("db", "backup", "petmsg-backup.db"),
    "petmsg db upgrade": done("db", "downgrade", "0002", "--discard-data", "--yes"),
    "petmsg db upgrade --dry-run": done("db", "downgrade", "0002", "--discard-data", "--yes"),
    "petmsg inbox adopt": done("number", "add", "+14155550188", "--class", "pool"),
    "petmsg import map list": done("import", "map", "set", "client", "Handy=phone"),
    "petmsg import map remove": done("import", "map", "set", "client", "Handy=phone"),
    "petmsg import petmsg": exported,
    "petmsg import snoutos": emptied,
    "petmsg init": lambda company: company.path.unlink(),
    "petmsg media ": with_pictures,
    "petmsg notify add": with_url,
    "petmsg org remove": done(
        *("org", "add", "tail-waggers", "--name", "Tail Waggers", "--timezone", "Europe/London")
    ),
    "petmsg notify list": with_channel,
    "petmsg notify remove": with_channel,
    "petmsg notify run": with_channel,
    "petmsg notify test": with_channel,
    "petmsg number health": lambda company: filtered(company.url, "+14155550105", org=MINE),
    "petmsg number release-due": done(
        "number", "quarantine", "+14155550106", "--until", "+23h", "--reason", "noise", now=SINCE
    ),
    "petmsg number webhooks": with_account,
    "petmsg number settle": with_an_open_purchase,
    "petmsg org thaw": done("org", "freeze", "--reason", "a wrong message went out"),
    "petmsg message send C-1 --template": done(
        "template", "add", "on-the-way", "--body", "Hi {client.first_name}"
    ),
    "petmsg template ": done("template", "add", "on-the-way", "--body", "On our way"),
    "petmsg route override end": done(*OVERRIDE),
    "petmsg route override list": done(*OVERRIDE),
    "petmsg service list": done(*UNITS),
    "petmsg service uninstall": done(*UNITS),
    "petmsg setup --name": lambda company: company.path.unlink(),
    "petmsg sitter absences": done("sitter", "away", "S-1", "--to", "+2d", "--reason", "ill"),
    "petmsg sitter back": done("sitter", "away", "S-1", "--to", "+2d", "--reason", "ill"),
    "petmsg reconcile": lambda company: left_by_the_dead(company.url, 2, org=MINE),
}
"""What an example that begins so needs beyond what is always there."""


@pytest.fixture(scope="session")
def two_companies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "petmsg.db"
    url = locate(str(path)).url
    example_company.build(url)
    join(url)
    return path


@pytest.fixture
def fresh_company(
    two_companies: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], Company]:
    """A copy of the company in the state that the example needs, in the current folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    example_company.write_files(tmp_path)
    path = tmp_path / "petmsg.db"

    def make(example: str) -> Company:
        for left in tmp_path.glob("petmsg*.db*"):
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        shutil.rmtree(tmp_path / "company-files", ignore_errors=True)
        shutil.rmtree(tmp_path / ".config", ignore_errors=True)
        shutil.copy(two_companies, path)
        company = Company(locate(str(path)).url, path)
        for beginning in sorted(BEFORE, key=len, reverse=True):
            if example.startswith(beginning):
                BEFORE[beginning](company)
                break
        return company

    return make


def complaints(company: Company, name: str, example: str, ran: Ran) -> list[str]:
    """What an example told that nobody asked for, and the files that somebody else may read."""
    printed = ran.out + ran.err
    forbidden = [*NEVER_TOLD]
    if "--reveal" not in example and name not in DOCUMENTS:
        forbidden += PHONES
    if not example.startswith(OF_ALL):
        forbidden += [MARK, *NUMBERS]
    if name not in READING_TEXTS:
        forbidden += BODIES
    return [
        *(f"tells {word}" for word in forbidden if word in printed),
        *(f"tells {body} on stderr" for body in BODIES if body in ran.err),
        *(f"others may read {file}" for file in others_may_read(company.path.parent)),
    ]


def others_may_read(folder: Path) -> list[str]:
    """Files that a command wrote and somebody else could read."""
    # Another user's collector reads petmsg.prom, which holds counts only.
    ours = {*FILES, "rex.jpg", "heads.jsonl", "events.jsonl", "petmsg.prom"}
    found = []
    for root, _, names in os.walk(folder):
        if "old-tables" in root or root.endswith("/units"):  # systemd's files are for everybody
            continue
        for file in names:
            mode = stat.S_IMODE((Path(root) / file).stat().st_mode)
            if file not in ours and mode & 0o077:
                found.append(f"{file} {mode:o}")
    return found
