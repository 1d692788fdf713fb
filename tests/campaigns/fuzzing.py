"""Random command lines and random rows of files: never a traceback, never half a row.

Files are CSV that is broken in many ways, and those of `tests.campaigns.odd_files`: workbooks, JSON
lines, other tools' exports, calendars, messages, hand overs.

`python -m tests.campaigns.fuzzing --lines 100000 --rows 100000 --seed 7` runs that many, a thousand
of each on a new company on SQLite, because all of it is compared after each change. The exit code
is always one of the table; what was refused leaves the database as it was, and a file's rows that
are there afterwards are those it said it made. `--control` takes the savepoint around each row
away, and commits what a refused command had done; both must be found.
"""

import argparse
import codecs
import random
import sqlite3
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import chdir, closing, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

from petmsg.db import migrate, transaction
from petmsg.db.location import locate
from petmsg.errors import PetmsgError
from petmsg.queries import client_rows
from tests.campaigns.odd_files import TABLES, OddFile, odd_file, rows_made
from tests.support.bad_input import CODES, fill
from tests.support.consistency import content, problems
from tests.support.fixtures import ACTOR, NOW, run_cli
from tests.system.test_random_input import NOUNS, PHONES, TIMES, may_have_written, random_line

ROWS_EACH = 20
AT_ONCE = 1_000
COLUMNS = {
    "client": ("ref", "name", "phone", "kind"),
    "sitter": ("ref", "name", "phone"),
    "number": ("e164", "class"),
    "booking": ("ref", "client", "sitter", "starts_at", "ends_at"),
}
PEOPLE = (
    ("client", "Ann Ivers", "+14155550271"),
    ("client", "Bo Chen", "+14155550272"),
    ("sitter", "Maya Lee", "+14155550241"),
    ("sitter", "Dana Fox", "+14155550242"),
)
ODD = 0.5
"""How many of the files are not the plain CSV that is made here."""
NASTY = [
    b"", b" ", b"=1+1", b"@SUM(A1)", b"+1", b"-1", b"'x", b"a\0b", b"\xed\xa0\x80", b"\xff\xfe",
    b'"', b'"half', b"a\nb", b'"a\nb"', b"\r", b"x" * 5000, b"\xe2\x80\xae", "ü🐶".encode(), b",,,",
    b"recurring", b"one_time", b"sitter", b"pool", b"front_desk", b"%s",
    b"'; DROP TABLE client; --",
]  # fmt: skip


@dataclass
class Verdict:
    """How often each exit code came, how many rows each kind of file made, and what is wrong."""

    codes: Counter[int] = field(default_factory=Counter)
    made: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


def company(folder: Path) -> str:
    """The small company in a database of its own, with the people whom the samples name."""
    folder.mkdir(exist_ok=True)
    url = locate(str(folder / "petmsg.db")).url
    migrate.upgrade(url, actor=ACTOR, now=NOW, create=True)
    fill(url)
    for noun, name, phone in PEOPLE:
        ran = run_cli(url, noun, "add", name, "--phone", phone)
        assert ran.code == 0, ran.err
    return url


def fuzz_lines(url: str, lines: Iterable[list[str]], folder: Path) -> Verdict:
    """Command lines, in a folder where `export` may make its own.

    SQLite itself tells after each whether something was committed.
    """
    verdict = Verdict()
    last = content(url)
    path = locate(url).path
    assert path is not None
    with chdir(folder), closing(sqlite3.connect(path)) as watch:
        version = watch.execute("PRAGMA data_version").fetchone()
        for number, line in enumerate(lines):
            told = f"line {number} {line!a}"
            ran = run_cli(url, *line, stdin="ref\nB-1\n", PETMSG_OUTPUT="json")
            verdict.codes[ran.code] += 1
            verdict.faults += [f"{told}: {each}" for each in _unclean(ran)]
            now = watch.execute("PRAGMA data_version").fetchone()
            if now != version:
                version, before, last = now, last, content(url)
                if not may_have_written(line, ran) and last != before:
                    verdict.faults.append(f"{told} was refused and changed something")
    return verdict


def fuzz_rows(url: str, rows: int, dice: random.Random, folder: Path) -> Verdict:
    """Random files, some rows each."""
    verdict = Verdict()
    last = content(url)
    for number in range(-(-rows // ROWS_EACH)):
        odd = odd_file(dice) if dice.random() < ODD else _plain_file(dice)
        path = folder / odd.name
        path.write_bytes(odd.content)
        ran = run_cli(url, *odd.words, str(path), "-o", "json")
        verdict.codes[ran.code] += 1
        told = f"file {number} ({odd.kind}: {' '.join(odd.words)}): "
        verdict.faults += [told + each for each in _unclean(ran)]
        now = content(url)
        stored = {row[0] for row in last[odd.table]}
        made = rows_made(ran.out, stored) if ran.code in (0, 4) else 0
        added = len(now[odd.table]) - len(last[odd.table])
        if made != added:
            verdict.faults.append(
                f"{told}it says {made} rows were made, and there are {added} more"
            )
        if ran.code not in (0, 4) and now != last:
            verdict.faults.append(f"{told}it was refused and changed something")
        verdict.made[odd.kind] += added
        last = now
    return verdict


def _plain_file(dice: random.Random) -> OddFile:
    noun = dice.choice([*COLUMNS])
    return OddFile("plain", (noun, "import"), random_file(noun, dice), TABLES[noun])


def _unclean(ran: Any) -> Iterator[str]:
    if ran.code not in CODES:
        yield f"exit {ran.code}: {ran.err}"
    if "Traceback" in ran.err + ran.out or "petmsg has a bug" in ran.err + ran.out:
        yield f"a bug: {ran.err}"


def random_file(noun: str, dice: random.Random) -> bytes:
    """A CSV file that may be broken in many ways."""
    header = list(COLUMNS[noun])
    if dice.random() < 0.1:
        dice.shuffle(header)
    if dice.random() < 0.05:
        header.pop()
    if dice.random() < 0.05:
        header.append(dice.choice(["ref", "colour", ""]))
    lines = [",".join(header).encode()]
    for _ in range(ROWS_EACH):
        cells = [_cell(column, dice) for column in header]
        if dice.random() < 0.05:
            cells.append(b"more")
        lines.append(b",".join(cells))
    if dice.random() < 0.002:
        lines.append(b"x" * 1_000_000)
    text = dice.choice([b"\n", b"\r\n"]).join(lines) + b"\n"
    odd = dice.random()
    if odd < 0.1:
        return codecs.BOM_UTF8 + text
    if odd < 0.13:
        return text.decode("utf-8", "replace").encode("utf-16")
    return text[: dice.randint(0, len(text))] if odd < 0.15 else text


def _cell(column: str, dice: random.Random) -> bytes:
    if dice.random() < 0.08:
        return dice.choice(NASTY)
    kind = {
        "ref": [f"N-{dice.randint(1, 5000)}", *NOUNS],
        "name": [f"Name {dice.randint(1, 99)}"],
        "phone": [f"+1202556{dice.randint(0, 9999):04}", *PHONES],
        "kind": ["recurring", "one_time", ""],
        "e164": [f"+1415777{dice.randint(0, 9999):04}", *PHONES],
        "class": ["sitter", "pool", "front_desk"],
        "client": ["C-1", "C-2", "C-3", "C-9", "Anna"],
        "sitter": ["S-1", "S-2", "", "S-9"],
    }.get(column, [*TIMES, "+1d", "+2d", "+3d", "2026-03-01T10:00", "2026-03-02T10:00"])
    return dice.choice(kind[:1] * 2 + kind).encode()


@contextmanager
def losing_a_phone() -> Iterator[None]:
    """The control: of each set of rows that adds clients, one is written by half."""
    usual = client_rows.insert_phones

    def careless(cursor: Any, phones: Any, *others: Any, **options: Any) -> Any:
        return usual(cursor, list(phones)[:-1], *others, **options)

    with mock.patch.object(client_rows, "insert_phones", careless):
        yield


@contextmanager
def committing_anyway() -> Iterator[None]:
    """The control of the lines: what a command did until it was refused is kept."""
    usual = transaction.transaction

    @contextmanager
    def careless(*places: Any) -> Iterator[Any]:
        refused = None
        with usual(*places) as begun:
            try:
                yield begun
            except PetmsgError as problem:
                refused = problem
        if refused is not None:
            raise refused

    with mock.patch.object(transaction, "transaction", careless):
        yield


@contextmanager
def careless() -> Iterator[None]:
    """Both controls at once."""
    with losing_a_phone(), committing_anyway():
        yield


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.campaigns.fuzzing", description=__doc__)
    parser.add_argument("--lines", type=int, default=100_000)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--begin", type=int, default=0, help="with that one, a thousand's first")
    parser.add_argument("--control", action="store_true")
    asked = parser.parse_args()
    print(f"fuzzing: seed {asked.seed}, {asked.lines} lines, {asked.rows} rows", flush=True)
    codes, made, faults = Counter[int](), Counter[str](), list[str]()
    with careless() if asked.control else nullcontext():
        for begun in range(asked.begin, max(asked.lines, asked.rows), AT_ONCE):
            lines, rows = (
                min(max(count - begun, 0), AT_ONCE) for count in (asked.lines, asked.rows)
            )
            for verdict in _round(random.Random(f"{asked.seed} {begun}"), lines, rows):
                codes += verdict.codes
                made += verdict.made
                faults += [f"from {begun} on: {each}" for each in verdict.faults]
            print(f"  {begun + AT_ONCE}: {len(faults)} faults", flush=True)
    print(f"exit codes {dict(codes)}, rows made {dict(made)}")
    print("\n".join(faults[:20]) or "no traceback, no half row, no code that is not documented")
    return bool(faults)


def _round(dice: random.Random, lines: int, rows: int) -> Iterator[Verdict]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        url, other = company(folder), company(folder / "lines")
        yield fuzz_rows(url, rows, dice, folder)
        yield fuzz_lines(other, (random_line(dice) for _ in range(lines)), folder / "lines")
        yield Verdict(faults=problems(url) + problems(other))


if __name__ == "__main__":
    sys.exit(main())
