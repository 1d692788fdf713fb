"""Command lines that mean nothing, or that mean harm: refused in words, and nothing changed.

A refused command leaves the whole database as it was, an exit code is one of the table's, and no
traceback reaches a user, whatever the command line is made of.
"""

import json
import os
import random
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from petmsg.cli import GROUPS
from petmsg.db.location import locate
from tests.support.consistency import content, problems
from tests.support.fixtures import Ran, add_org, run_cli
from tests.support.swarm import ROOT

CODES = {0, 2, 3, 4, 5, 6, 10, 75}
FUZZED = int(os.environ.get("PETMSG_FUZZ") or 1500)
SEED = int(os.environ.get("PETMSG_SEED") or random.randrange(10**6))

SETUP = """\
client add Anna --ref C-1 --phone +12025550101
client add Anna --ref C-2 --phone +12025550102
client add Clara --ref C-3 --phone +12025550103
sitter add Maya --ref S-1 --phone +13035550101
sitter add Maya --ref S-2 --phone +13035550101
number add +14155550101 +14155550102 --class sitter
number add +14155550103 --class pool
sitter activate S-1
booking add --ref B-1 --client C-1 --sitter S-1 --start -1h --end +2h
booking add --ref B-2 --client C-1 --start +1d --end +2d
booking confirm B-1
message send C-1 --body Hello
number quarantine +14155550103 --reason complaints"""


def fill(url: str) -> None:
    add_org(url)
    for line in SETUP.splitlines():
        ran = run_cli(url, *line.split())
        assert ran.code == 0, ran.err


@pytest.fixture
def company(migrated_url: str) -> str:
    """A company on SQLite, then on PostgreSQL."""
    fill(migrated_url)
    return migrated_url


@pytest.fixture
def small(migrated_sqlite: str) -> str:
    """The same on SQLite alone."""
    fill(migrated_sqlite)
    return migrated_sqlite


def assert_clean(ran: Ran) -> None:
    assert "Traceback" not in ran.err + ran.out
    assert "petmsg has a bug" not in ran.err, ran.err


# Each line, its exit code and its error's code. A word in «» is one argument with its blanks.
REFUSED = [
    # unknown
    ("client show C-9", 3, "client_not_found"),
    ("client show Nobody", 3, "client_not_found"),
    ("client show +12025550199", 3, "client_not_found"),
    ("sitter activate S-9", 3, "sitter_not_found"),
    ("number show +14155550199", 3, "number_not_found"),
    ("number quarantine +14155550199 --reason x", 3, "number_not_found"),
    ("booking confirm B-9", 3, "booking_not_found"),
    ("booking cancel B-9", 3, "booking_not_found"),
    ("message show 99", 3, "message_not_found"),
    ("audit show 9999", 3, "audit_event_not_found"),
    ("thread show C-9", 3, "client_not_found"),
    ("thread show C-3", 3, "thread_not_found"),
    ("route explain C-9", 3, "client_not_found"),
    ("client list --org nowhere", 3, "org_not_found"),
    ("booking add --client C-9 --start +1h --end +2h", 3, "client_not_found"),
    ("booking add --client C-1 --sitter S-9 --start +1h --end +2h", 3, "sitter_not_found"),
    # ambiguous
    ("client show Anna", 4, "ambiguous"),
    ("sitter show Maya", 4, "ambiguous"),
    ("sitter show +13035550101", 4, "ambiguous"),
    ("message send Anna --body Hi", 4, "ambiguous"),
    ("booking add --client Anna --start +1h --end +2h", 4, "ambiguous"),
    # phones
    ("client add Dora --phone 1202555010", 2, "malformed_phone"),
    ("client add Dora --phone +0202555010", 2, "malformed_phone"),
    ("client add Dora --phone +1202555010412345", 2, "malformed_phone"),
    ("client add Dora --phone +120255501", 2, "malformed_phone"),
    ("client add Dora --phone +12025550104123", 2, "malformed_phone"),
    ("client phone add C-1 +9991234567", 2, "malformed_phone"),
    ("sitter add Dora --phone +4402079460958", 2, "malformed_phone"),
    ("number add +99912345678 --class pool", 2, "malformed_phone"),
    ("message receive --from +9991234567 --to +14155550100 --body Hi", 2, "malformed_phone"),
    ("route inbound --from +120255501 --to +14155550100", 2, "malformed_phone"),
    ("client add Dora --phone «+12025550104\n»", 2, "malformed_phone"),
    ("client add Dora --phone +١٢٠٢٥٥٥٠١٠٤", 2, "malformed_phone"),
    ("client add Dora --phone «»", 2, "malformed_phone"),
    ("number add +1 --class pool", 2, "malformed_phone"),
    ("number show C-1", 2, "malformed_phone"),
    # times
    ("route explain C-1 --at 20260214", 2, "malformed_time"),
    ("route explain C-1 --at 2026-02-14", 2, "malformed_time"),
    ("route explain C-1 --at 1771081200", 2, "malformed_time"),
    ("route explain C-1 --at tomorrow", 2, "malformed_time"),
    ("route explain C-1 --at 2026-02-30T10:00", 2, "malformed_time"),
    ("route explain C-1 --at 2026-02-14T24:00", 2, "malformed_time"),
    ("route explain C-1 --at +999999w", 2, "malformed_time"),
    ("route explain C-1 --at 9999-12-31T23:59Z", 2, "malformed_time"),
    ("route explain C-1 --at 2026-03-08T02:30", 2, "nonexistent_time"),
    ("route explain C-1 --at 2026-11-01T01:30", 2, "ambiguous_time"),
    ("booking add --client C-1 --start 2026-03-08T02:30 --end +90d", 2, "nonexistent_time"),
    ("booking add --client C-1 --start 2026-11-01T01:30 --end +900d", 2, "ambiguous_time"),
    ("booking add --client C-1 --start +2h --end +1h", 2, "end_not_after_start"),
    ("booking add --client C-1 --start +2h --end +2h", 2, "end_not_after_start"),
    ("booking reschedule B-1 --end -2h", 2, "end_not_after_start"),
    ("number quarantine +14155550101 --until -1h --reason x", 2, "out_of_range"),
    # reasons, texts, refs
    ("number quarantine +14155550101", 2, "out_of_range"),
    ("number quarantine +14155550101 --reason «»", 2, "empty_reason"),
    ("number quarantine +14155550101 --reason « \t »", 2, "empty_reason"),
    ("number restore +14155550103", 4, "reason_required"),
    ("number restore +14155550101 --reason x", 4, "number_not_quarantined"),
    ("message send C-1 --body «»", 2, "malformed_text"),
    ("message send C-1 --body «a\x07b»", 2, "malformed_text"),
    ("message send C-1 --body Hi --at yesterday", 2, "malformed_time"),
    ("message send C-1 --body Hi --at 2020-01-01T00:00Z", 2, "out_of_range"),
    ("message send C-1 --body Hi --expires -1m", 2, "end_not_after_start"),
    ("message send C-1 --body Hi --at +2h --expires +2h", 2, "end_not_after_start"),
    ("message send C-1 --body Hi --force", 2, "out_of_range"),
    ("message send C-1 --body Hi --force --reason « »", 2, "empty_reason"),
    ("message send C-1 --body Hi --reason because", 2, "usage"),
    ("message send C-1 --body Hi --as S-9", 3, "sitter_not_found"),
    ("message send C-1 --body Hi --as Maya", 4, "ambiguous"),
    ("message send C-3 --body Hi --as S-1", 4, "not_her_window"),
    ("message send C-1 --body Hi --preview --at 20260214", 2, "malformed_time"),
    ("message retry 1", 2, "out_of_range"),
    ("message retry 1 --reason again", 4, "message_not_waiting"),
    ("message cancel 1", 4, "message_not_waiting"),
    ("message dispatch --workers 0", 2, "usage"),
    ("message dispatch --workers 257", 2, "usage"),
    ("message dispatch --org nowhere", 3, "org_not_found"),
    ("message list --status lost", 2, "usage"),
    ("client add «» --phone +12025550104", 2, "malformed_text"),
    ("client add «a\nb\x00c» --phone +12025550104", 2, "malformed_text"),
    ("client add Dora --ref «» --phone +12025550104", 2, "malformed_ref"),
    ("client add Dora --ref +12025550104 --phone +12025550104", 2, "malformed_ref"),
    ("client add Dora --ref «a\x1bb» --phone +12025550104", 2, "malformed_ref"),
    # numbers
    ("number quarantine +14155550101 --days 0 --reason x", 2, "out_of_range"),
    ("number quarantine +14155550101 --days -1 --reason x", 2, "out_of_range"),
    ("number quarantine +14155550101 --days 3651 --reason x", 2, "out_of_range"),
    ("number quarantine +14155550101 --days 99999999999999999999 --reason x", 2, "out_of_range"),
    ("number quarantine +14155550101 --days 3.5 --reason x", 2, "usage"),
    ("org set --grace-minutes 10081", 2, "out_of_range"),
    ("org set --grace-minutes -1", 2, "out_of_range"),
    ("org set --quarantine-days 99999999999999999999999", 2, "out_of_range"),
    ("client list --limit 0", 2, "usage"),
    ("message list --before x", 2, "out_of_range"),
    ("message list --before ²", 2, "out_of_range"),
    # the shape of the line
    ("nonsense", 2, "usage"),
    ("client", 2, None),
    ("client nonsense", 2, "usage"),
    ("client list --nonsense", 2, "usage"),
    ("client show", 2, "usage"),
    ("client show C-1 C-2", 2, "usage"),
    ("client add --phone +12025550104", 2, "usage"),
    ("client add Dora", 2, "usage"),
    ("client add Dora --phone", 2, "usage"),
    ("number add +14155550109", 2, "usage"),
    ("number add +14155550109 --class desk", 2, "usage"),
    ("booking confirm", 2, "usage"),
    ("booking reschedule B-1", 2, "usage"),
    ("booking reassign B-1", 2, "usage"),
    ("route explain", 2, "usage"),
    ("client import no-such-file.csv", 2, "malformed_file"),
    ("org set --timezone Mars/Olympus", 2, "out_of_range"),
    ("org add «Happy Paws» --name X --timezone UTC", 2, "out_of_range"),
]  # fmt: skip


def words(line: str) -> list[str]:
    """A command line's arguments; what stands in «» is one, blanks and all."""
    made: list[str] = []
    for index, part in enumerate(line.replace("»", "«").split("«")):
        made += [part] if index % 2 else part.split()
    return made


@pytest.mark.parametrize(("line", "exit_code", "code"), REFUSED, ids=[ascii(r[0]) for r in REFUSED])
def test_a_bad_command_line_is_refused_and_changes_nothing(
    unchanged: "Unchanged", line: str, exit_code: int, code: str | None
) -> None:
    ran = run_cli(unchanged.url, *words(line), PETMSG_OUTPUT="json")
    assert_clean(ran)
    assert ran.code == exit_code, ran.err
    if code is not None:
        assert ran.out == ""
        assert ran.error["code"] == code
        assert ran.error["message"]
    unchanged.check()


class Unchanged:
    """A database shared by tests of which none may change it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._before = content(url)

    def check(self) -> None:
        assert content(self.url) == self._before


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]
)
def unchanged(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Unchanged]:
    from petmsg.db import migrate
    from tests.support.fixtures import ACTOR, NOW

    if request.param == "sqlite":
        url = locate(str(tmp_path_factory.mktemp("input") / "petmsg.db")).url
        migrate.upgrade(url, actor=ACTOR, now=NOW, create=True)
        fill(url)
        yield Unchanged(url)
        return
    server = request.getfixturevalue("postgres_server")
    name = server.create()
    migrate.upgrade(server.url(name), actor=ACTOR, now=NOW)
    fill(server.url(name))
    yield Unchanged(server.url(name))
    server.drop(name)


HUGE = [str(2**31), str(2**63 - 1), str(2**63), str(-(2**63)), "9" * 30, "-1", "0"]


@pytest.mark.parametrize("number", HUGE)
@pytest.mark.parametrize(
    "line",
    [
        "message show {}", "message cancel {}", "message retry {} --reason x", "audit show {}",
        "route explain --message {}", "audit list --before {}", "message list --before {}",
        "audit list --limit {}", "client list --limit {}", "org set --pool-threads-per-number {}",
        "sitter deactivate S-2 --yes --days {}", "alert show {}", "alert done {}",
    ],
)  # fmt: skip
def test_a_huge_number_is_refused_or_means_nothing(
    unchanged: Unchanged, line: str, number: str
) -> None:
    ran = run_cli(unchanged.url, *line.format(number).split(), "-o", "json")
    assert_clean(ran)
    if "set" in line or "deactivate" in line:
        if ran.code == 0:
            pytest.skip("in range")
        assert ran.code == 2
    else:
        assert ran.code in (0, 2, 3)
    unchanged.check()


ODD = {
    "a NUL": "a\0b",
    "a newline": "a\nb",
    "a surrogate": "a\udce9b",
    "half a pair": "\ud83d",
    "markup": "[/b][red]",
    "an escape": "\x1b]52;c;AAAA\x07",
    "bidi": "\u202eevil\u2066",
    "a quote": "x'; DROP TABLE client; --",
    "a percent": "%(x)s %s %",
    "a parameter": ":org_id",
    "long": "x" * 5000,
    "an option": "--all",
    "an emoji": "🐶" * 3,
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD.keys())
@pytest.mark.parametrize(
    "line",
    [
        "client show {}", "sitter show {}", "number show {}", "booking show {}", "thread show {}",
        "route explain {}", "route explain C-1 --at {}", "booking confirm {}", "sitter activate {}",
        "client list --org {}", "client list --before {}", "audit list --ref {}",
        "audit list --event {}", "audit verify --head {}", "client import {}", "db upgrade {}",
        "message send {} --body Hi", "client list -o {}", "message show {}", "{}",
        "number restore {} --reason x", "number quarantine +14155550101 --days 1 --reason {}",
        "client add {} --ref C-1 --phone +12025550101", "booking confirm B-9 --actor {}",
        "message send C-1 --key {} --body Hello --dry-run",
        "message send C-1 --at {} --body Hello --dry-run", "errors explain {}", "optout show {}",
        "message send C-1 --body {} --preview", "alert show {}", "org freeze --reason x --until {}",
    ],
)  # fmt: skip
def test_an_odd_text_is_never_a_bug(unchanged: Unchanged, line: str, odd: str) -> None:
    """Wherever a text can stand: exit codes of the table, no traceback, the database as it was."""
    arguments = [part.replace("{}", odd) for part in line.split()]
    if "--reason" in arguments and "{}" in line.rpartition("--reason")[2]:
        arguments.append("--dry-run")
    ran = run_cli(unchanged.url, *arguments)
    assert_clean(ran)
    assert ran.code in CODES, ran.err
    assert "\x1b" not in ran.err + ran.out
    assert "\u202e" not in ran.err
    unchanged.check()


# --------------------------------------------------------------------------- through a real process


@pytest.mark.parametrize(
    "arguments",
    [
        [b"client", b"show", b"caf\xe9"],
        [b"client", b"add", b"caf\xe9", b"--phone", b"+12025550104"],
        [b"booking", b"confirm", b"\xff\xfe", b"\x80"],
        [b"message", b"send", b"C-1", b"--body", b"\xc3\x28"],
        [b"\xff"],
        [b"client", b"list", b"--org", b"\xff"],
        [b"client", b"list", b"--db", b"\xff\xff.db"],
    ],
    ids=repr,
)
@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_arguments_that_are_not_utf_8_are_refused_in_words(
    small: str, arguments: list[bytes], locale: str
) -> None:
    before = content(small)
    done = subprocess.run(
        [os.fsencode(sys.executable), b"-m", b"petmsg", *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "LC_ALL": locale, "PETMSG_DATABASE_URL": small},
        capture_output=True,
        check=False,
    )
    assert done.returncode in (2, 3, 4, 5), done.stderr
    assert b"Traceback" not in done.stderr
    assert b"bug" not in done.stderr
    assert done.stderr.decode("utf-8")
    assert content(small) == before


# ------------------------------------------------------------------------------------------- fuzz

NOUNS = ["C-1", "C-2", "C-3", "S-1", "S-2", "B-1", "B-2", "Anna", "Maya", "Clara", "C-9", "S-9"]
PHONES = ["+12025550101", "+14155550100", "+14155550101", "+14155550102", "+14155550103", "+1"]
TIMES = ["now", "+2h", "-30m", "2026-02-14T15:00", "2026-03-08T02:30", "20260214", "+14d", "x"]
WORDS = [*NOUNS, *PHONES, *TIMES, *ODD.values(), *HUGE, "", " ", "-", "--", "-o", "json", "pool",
         "sitter", "front_desk", "happy-paws", "confirmed", "all", "one_time", "UTC"]  # fmt: skip
OPTIONS = ["--ref", "--phone", "--reason", "--days", "--until", "--class", "--client", "--sitter",
           "--start", "--end", "--at", "--limit", "--before", "--all", "--all-pending", "--dry-run",
           "--body", "--key", "--as", "--queue-only", "--preview", "--name", "--kind", "--to",
           "--replacement", "--replace", "--org", "--actor", "--status", "--message", "--file",
           "--without-number", "--activate", "--reveal", "--yes", "--nobody", "--timezone",
           "--grace-minutes", "--head", "--nonsense", "--help", "-o", "--expires", "--urgent",
           "--force", "--workers", "--check", "--done", "--usual", "--propose", "--apply",
           "--severity", "--quiet-hours"]  # fmt: skip

# Half right, so that many lines get past the parser: X a noun, N a number, T a time, W any word.
SHAPES = """\
client add W --phone P --ref W
client show X
client set X --name W
client forget X --reason W --yes
client phone add X P
client phone remove X P
client phone primary X P
client list --before X --limit W
sitter add W --phone P --activate
sitter activate X X
sitter deactivate X --yes --days W
sitter renumber X --reason W
sitter set X --phone P
number add P P --class W
number show P
number who P --at T
number assign P X
number set-class P W --replace
number retire P --yes
number search --area W
number buy P --class W --max-price W --yes
number give-back P --reason W --yes
number settle
number quarantine P --days W --reason W
number quarantine P --until T --reason W --replacement P
number restore P --reason W
number release-due
booking add --client X --start T --end T --sitter X
booking confirm X X
booking confirm --all-pending
booking cancel X --yes
booking reschedule X --start T
booking reassign X --sitter X
thread show X
route explain X --at T
route explain --message W
message send X --body W
message send X --body W --key W --as X
message send X --body W --at T --expires T --urgent
message send X --body W --queue-only
message cancel W
message retry W --reason W
message dispatch
message dispatch --dry-run
message sync
message prices
message prices --days W
reconcile
alert list --check
alert show W
alert done W W
optout add X --reason W
optout remove X --reason W
optout list
org freeze --reason W --until T
org thaw --reason W
number pace P --segments-per-second W
number health P
errors explain W
client phone textable X P --reason W
message show W
audit list --entity W --ref X
audit verify
org set --grace-minutes W
org set --pool-for W
org show
config show
db current
db check"""

# Commands that may write although all they say is an error: a text that was held or has expired, a
# look at the carrier that found something.
PARTLY = ("message dispatch", "message sync", "reconcile", "media fetch")


def may_have_written(line: list[str], ran: Ran) -> bool:
    """Whether a command line may have changed something: it was done, or some of its rows were."""
    if ran.code == 0 or " ".join(line[:2]).startswith(PARTLY):
        return True
    told = ran.json if ran.out.startswith(("[", "{")) else []
    return any("error" not in row for row in (told if isinstance(told, list) else [told]))


def random_line(dice: random.Random) -> list[str]:
    if dice.random() < 0.25:
        line = [dice.choice(list(GROUPS))]
        line += [dice.choice([*WORDS, *OPTIONS]) for _ in range(dice.randint(0, 6))]
    else:
        sorts = {"X": NOUNS, "P": PHONES, "T": TIMES, "W": WORDS}
        line = [
            dice.choice(sorts[part]) if part in sorts and dice.random() < 0.9
            else dice.choice(WORDS) if part in sorts else part
            for part in dice.choice(SHAPES.splitlines()).split()
        ]  # fmt: skip
        if dice.random() < 0.2:
            line.insert(dice.randint(1, len(line)), dice.choice([*WORDS, *OPTIONS]))
        if dice.random() < 0.1:
            del line[dice.randrange(len(line))]
    return line if line[:1] not in (["demo"], ["init"], ["serve"]) else ["org", *line[1:]]


def test_random_command_lines_end_with_a_code_of_the_table(
    small: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And one that was refused leaves every table as it was, which SQLite itself watches."""
    monkeypatch.chdir(tmp_path)  # where `export Anna` makes its folder
    dice = random.Random(SEED)
    codes: Counter[int] = Counter()
    path = locate(small).path
    assert path is not None
    last = content(small)
    with closing(sqlite3.connect(path)) as watch:
        version = watch.execute("PRAGMA data_version").fetchone()
        for number in range(FUZZED):
            line = random_line(dice)
            told = f"PETMSG_SEED={SEED}, line {number}: {line!a}"
            ran = run_cli(small, *line, stdin="ref\nB-1\n", PETMSG_OUTPUT="json")
            codes[ran.code] += 1
            assert ran.code in CODES, f"{told}: {ran.code} {ran.err}"
            assert "Traceback" not in ran.err, told
            assert "petmsg has a bug" not in ran.err, told
            now = watch.execute("PRAGMA data_version").fetchone()
            if now != version:
                version, before, last = now, last, content(small)
                if not may_have_written(line, ran):
                    assert last == before, f"{told} was refused and changed something"
    print(f"seed {SEED}: {dict(codes)}")  # noqa: T201
    assert {0, 2, 3, 4} <= set(codes)
    assert codes[0] > FUZZED / 10
    assert problems(small) == []


def test_a_refused_command_that_writes_would_be_noticed(small: str) -> None:
    """Negative control of the watch."""
    path = locate(small).path
    assert path is not None
    with closing(sqlite3.connect(path)) as watch:
        before = watch.execute("PRAGMA data_version").fetchone()
        assert run_cli(small, "client", "show", "C-9").code == 3
        assert watch.execute("PRAGMA data_version").fetchone() == before
        assert run_cli(small, "client", "set", "C-1", "--name", "Eva").code == 0
        assert watch.execute("PRAGMA data_version").fetchone() != before


@pytest.mark.parametrize(
    "line",
    [
        "sitter activate S-2 S-9",
        "number add +14155550108 nonsense --class pool",
        "number quarantine +14155550101 +14155550199 --reason x",
        "booking confirm B-2 B-9",
    ],
)
def test_of_several_rows_the_bad_one_alone_is_refused(company: str, line: str) -> None:
    ran = run_cli(company, *line.split(), "-o", "json")
    assert ran.code == 4
    good, bad = ran.json
    assert "error" not in good
    assert set(bad) == {"ref", "error"}
    assert set(bad["error"]) == {"code", "message", "hint"}
    assert problems(company) == []


def test_the_error_of_a_command_line_is_json_when_that_was_asked_for(small: str) -> None:
    for option in (["-o", "json"], ["-ojson"], ["--output=json"], ["--output", "jsonl"]):
        ran = run_cli(small, "client", "show", "C-9", *option)
        assert json.loads(ran.err)["error"]["code"] == "client_not_found"
