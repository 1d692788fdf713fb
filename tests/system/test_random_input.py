"""Random command lines: each ends with a documented code, and a refused one changes nothing."""

import json
import os
import random
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from petmsg.cli import GROUPS
from petmsg.db.location import locate
from tests.support.bad_input import CODES, HUGE, ODD, fill
from tests.support.consistency import content, problems
from tests.support.documentation import commands
from tests.support.fixtures import Ran, run_cli

FUZZED = int(os.environ.get("PETMSG_FUZZ") or 1500)
SEED = int(os.environ.get("PETMSG_SEED") or random.randrange(10**6))


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


NOUNS = ["C-1", "C-2", "C-3", "S-1", "S-2", "B-1", "B-2", "Anna", "Maya", "Clara", "C-9", "S-9"]
PHONES = ["+12025550101", "+14155550100", "+14155550101", "+14155550102", "+14155550103", "+1"]
TIMES = ["now", "+2h", "-30m", "2026-02-14T15:00", "2026-03-08T02:30", "20260214", "+14d", "x"]
IDS = ["1", "2", "3", "4"]
WORDS = [*NOUNS, *PHONES, *TIMES, *ODD.values(), *HUGE, "", " ", "-", "--", "-o", "json", "pool",
         "sitter", "front_desk", "happy-paws", "confirmed", "all", "one_time", "UTC"]  # fmt: skip
OPTIONS = ["--ref", "--phone", "--reason", "--days", "--until", "--class", "--client", "--sitter",
           "--start", "--end", "--at", "--limit", "--before", "--all", "--all-pending", "--dry-run",
           "--body", "--key", "--as", "--queue-only", "--preview", "--name", "--kind", "--to",
           "--replacement", "--replace", "--org", "--actor", "--status", "--message", "--file",
           "--without-number", "--activate", "--reveal", "--yes", "--nobody", "--timezone",
           "--grace-minutes", "--head", "--nonsense", "--help", "-o", "--expires", "--urgent",
           "--force", "--workers", "--check", "--done", "--usual", "--propose", "--apply",
           "--severity", "--quiet-hours", "--media", "--template", "--to-sitter", "--with-media",
           "--var", "--press", "--since", "--search", "--missed", "--older-than", "--take-over",
           "--desk-phone", "--voicemail", "--repeat", "--on"]  # fmt: skip

# Half right, so that many lines get past the parser: X a noun, P a phone, T a time, I the ID of a
# message, W any word.
SHAPES = """\
setup
setup --name W --timezone W --yes
today --on T
status --days W
doctor --check W
coverage --days W
client list --search W
client import W
sitter list --search W
sitter import W
sitter show X --messages
sitter away X --to T --reason W
sitter away X --from T --to T --reason W --to-sitter X
sitter away X --to T --reason W --file -
sitter absences --days W
sitter back X
sitter back X --from T --reason W
number add P --class W
number import W
number list --class W --status W
number history P
number webhooks check
number webhooks install --yes
booking import W
booking list --on T --client X
booking show X
booking add --client X --sitter X --start T --for W --repeat W --count I
booking reassign X X --reason W
booking confirm --file -
thread list --limit W
thread timeline X --from T --to T
route inbound --from P --to P
route call --from P --to P --at T
route simulate --client X --from T --to T
route override X --until T --reason W
route override X X --to X --until T --reason W
route override X --to desk --until T --reason W
route override end X --reason W
route override list --all
message send X --template late
message send X --template late --var W=W
message send X --body W --media W
message send --to-sitter X --body W
message send --file -
message receive --from P --to P --body W
message list --client X --status W --search W
message pull --since T
call simulate --from P --to P
call simulate --from withheld --to P --press W
call list --client X --status W
call show I
report volume --by W --from T
report cost --by W
report responses --by sitter
media list --client X --missing
media show I
media save I --to W
media fetch
media prune --older-than W
template add W --body W
template set late --body W
template show late --version I
template list
template remove late --reason W
inbox list --since T --for X
inbox show I
inbox claim I I
inbox reply I --body W
inbox reply I --body W --take-over
inbox done I --reason W
inbox done --client X
inbox assign I X
inbox strays
inbox adopt I
alert tell
notify add W W
notify list
notify remove W
notify run
notify test W
optout show X
optout add --from-message I
errors list --class W
org add W --name W --timezone W
org list
org set --desk-phone P --voicemail W
org set --missed-call-reply W --relay W
org remove W --yes
audit show I
audit export --head
export W
export W --format jsonl
import map list
import map set client W=W
import map remove client Handy
import petmsg W
import snoutos --dir W --timezone W
db upgrade
db upgrade W
db downgrade W --discard-data --yes
db backup W
db restore W --yes --dry-run
db restored --since T
service install --user --to W --dry-run
service list --user --to W
service uninstall --user --to W
metrics
metrics --to W
schema W W
commands
help W W
version
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

NOT_FUZZED = {
    "petmsg demo": "it plays in a database of its own",
    "petmsg init": "it has tests of its own, and a database that is not there yet",
    "petmsg serve": "it listens until it is stopped",
}

# Commands that may write although all they say is an error: a message that is held or expired, a
# look at the carrier that found something, a message or a call to a number of nobody's.
PARTLY = (
    "message dispatch", "message sync", "reconcile", "media fetch", "message receive",
    "call simulate",
)  # fmt: skip


def may_have_written(line: list[str], ran: Ran) -> bool:
    """Whether a command line may have changed something: it was done, or some of its rows were."""
    words = [each for each in line if each != "--"]
    if ran.code == 0 or " ".join(words[:2]).startswith(PARTLY):
        return True
    told = ran.json if ran.out.startswith(("[", "{")) else []
    return any("error" not in row for row in (told if isinstance(told, list) else [told]))


def stored(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """What every table holds. A counter that nothing was counted with yet is as good as none."""
    found = content(url)
    found["ref_counter"] = [row for row in found["ref_counter"] if row[-1] > 1]
    return found


def random_line(dice: random.Random) -> list[str]:
    if dice.random() < 0.25:
        line = [dice.choice(list(GROUPS))]
        line += [dice.choice([*WORDS, *OPTIONS]) for _ in range(dice.randint(0, 6))]
    else:
        sorts = {"X": NOUNS, "P": PHONES, "T": TIMES, "I": IDS, "W": WORDS}
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


@pytest.mark.parametrize("name", [name for name, _ in commands()])
def test_every_command_is_among_the_lines(name: str) -> None:
    """A new command without a line in SHAPES is met by chance only."""
    words = name.removeprefix("petmsg ").removesuffix(" set").split()
    lines = [line.split()[: len(words)] for line in SHAPES.splitlines()]
    assert (words in lines) is (name not in NOT_FUZZED)


def test_random_command_lines_end_with_a_code_of_the_table(
    small: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And one that was refused leaves every table as it was, which SQLite itself watches."""
    monkeypatch.chdir(tmp_path)  # where `export Anna` makes its folder
    dice = random.Random(SEED)
    codes: Counter[int] = Counter()
    path = locate(small).path
    assert path is not None
    last = stored(small)
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
                version, before, last = now, last, stored(small)
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
