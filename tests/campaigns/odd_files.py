"""Files of every kind that a command reads rows from, each of them odd in some way.

Workbooks, JSON lines and other encodings are those of `tests.support.fuzzed_files`; exports of
other tools are those of `tests/system/imported_files`, damaged; calendars, files of messages and of
hand overs are made here.
"""

import json
import random
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from tests.support.calendars import calendar, event
from tests.support.fuzzed_files import damaged, fuzzed_file
from tests.system.test_imported_files import CASES, FOLDER
from tests.system.test_random_input import TIMES

Choice = TypeVar("Choice", str, str | None)
TABLES = {"client": "client", "sitter": "sitter", "number": "message_number", "booking": "booking"}
"""The table to which the import of each noun adds rows."""


class OddFile(NamedTuple):
    """A file, the command that reads it (its path goes behind), and the table of its rows."""

    kind: str
    words: tuple[str, ...]
    content: bytes
    table: str
    name: str = "fuzz.csv"


def _fuzzed(dice: random.Random) -> OddFile:
    """A table, a workbook, JSON lines or noise, in any encoding."""
    noun, content, reading = fuzzed_file(dice)
    options: tuple[str, ...] = ()
    if reading.date_order is not None:
        options += ("--date-order", reading.date_order.value)
    if reading.encoding is not None:
        options += ("--encoding", reading.encoding)
    options += ("--strict",) if reading.is_strict else ()
    return OddFile("fuzzed", (noun.value, "import", *options), content, TABLES[noun.value])


def _sample(dice: random.Random) -> OddFile:
    """What another tool exported, half of the times with something wrong in it."""
    case = CASES[dice.choice([*CASES])]
    path: Path = FOLDER / case["file"]
    content = path.read_bytes()
    words = (case["noun"], "import", *case.get("options", ()))
    content = damaged(dice, content) if dice.random() < 0.5 else content
    return OddFile("sample", words, content, TABLES[case["noun"]], f"fuzz{path.suffix}")


_TITLES = ("Clara - Dog walk (S-1)", "Anna - walk (Maya)", "C-1 - x (S-1)", "C-3 - x", "Nobody - x",
           "", "Clara", "= 1+1", "x" * 500)  # fmt: skip
_STARTS = ("20260302T090000", "20260308T023000", "20261101T013000", "20260302", "2026", "99999999",
           "20260302T250000", "")  # fmt: skip
_LINES = ("RRULE:FREQ=WEEKLY;COUNT=3", "RRULE:FREQ=DAILY", "RRULE:FREQ=SECONDLY", "RRULE:FREQ=",
          "RRULE:FREQ=DAILY;UNTIL=20260309T000000Z", "EXDATE:20260309T090000", "STATUS:CANCELLED",
          "DURATION:PT1H", "DURATION:-PT1H", "RECURRENCE-ID:20260309T090000", "DTSTART:20260302",
          "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "BEGIN:VALARM", " folded",
          "X:\0")  # fmt: skip
_ZONES = ("America/New_York", None, "Mars/Olympus", "Eastern Standard Time", "UTC")


def _calendar(dice: random.Random) -> OddFile:
    """Events that recur, are cancelled, end before they begin or name nobody."""
    events = [
        event(
            *dice.sample(_LINES, dice.choice((0, 0, 1, 1, 2))),
            uid=_usually_first(dice, (f"{dice.randint(1, 99)}@tool", None, "")),
            start=_usually_first(dice, _STARTS),
            end=_usually_first(dice, ("20260302T093000", None, *_STARTS)),
            zone=_usually_first(dice, _ZONES),
            summary=_usually_first(dice, _TITLES),
        )
        for _ in range(dice.randint(0, 6))
    ]
    content = calendar(*events)
    content = damaged(dice, content) if dice.random() < 0.2 else content
    yes = dice.choice(((), ("--yes",)))
    return OddFile("calendar", ("booking", "import", *yes), content, "booking", "fuzz.ics")


def _rows(dice: random.Random, **columns: tuple[str, ...]) -> bytes:
    """Rows whose cells are usually those that each column begins with."""
    header = list(columns)
    if dice.random() < 0.1:
        dice.shuffle(header)
        header.pop()
    lines = [
        ",".join(_usually_first(dice, columns[name]) for name in header)
        for _ in range(dice.randint(0, 8))
    ]
    content = "\n".join([",".join(header), *lines, ""]).encode()
    return damaged(dice, content) if dice.random() < 0.1 else content


def _usually_first(dice: random.Random, choices: tuple[Choice, ...]) -> Choice:
    return choices[0] if dice.random() < 0.8 else dice.choice(choices)


def _messages(dice: random.Random) -> OddFile:
    content = _rows(
        dice,
        client=("C-1", "C-2", "C-3", "C-9", "Anna", ""),
        body=(f"Hello {dice.randint(1, 99)}", "", "Call +12025550101", "x" * 2000, '"', "a\0b"),
        key=("", f"k-{dice.randint(1, 200)}", "k" * 300),
        media=("", "fuzz.csv", "no-such.jpg", "https://pets.example/rex.jpg", "http://x", ".."),
        **{"as": ("", "desk", "S-1", "S-9")},
    )
    return OddFile("messages", ("message", "send", "--file"), content, "message")


_BOOKINGS = ("B-1", "B-2", "B-9", "", "+12025550101")
_SITTERS = ("S-1", "S-2", "S-9", "Maya", "")


def _reassigned(dice: random.Random) -> OddFile:
    content = _rows(dice, ref=_BOOKINGS, sitter=_SITTERS)
    return OddFile("reassigned", ("booking", "reassign", "--file"), content, "booking")


def _handed_over(dice: random.Random) -> OddFile:
    content = _rows(dice, ref=_BOOKINGS, sitter=_SITTERS)
    begin = f"+{dice.randint(1, 300)}d"
    span = ("--from", begin, "--to", _usually_first(dice, ("+301d", *TIMES)), "--reason", "ill")
    words = ("sitter", "away", dice.choice(("S-1", "S-2")), *span, "--file")
    return OddFile("handed over", words, content, "sitter_absence")


def _confirmed(dice: random.Random) -> OddFile:
    content = _rows(dice, ref=_BOOKINGS)
    return OddFile("confirmed", ("booking", "confirm", "--file"), content, "booking")


KINDS: dict[Callable[[random.Random], OddFile], int] = {
    _fuzzed: 6,
    _sample: 6,
    _calendar: 6,
    _messages: 4,
    _reassigned: 1,
    _handed_over: 2,
    _confirmed: 1,
}
"""What makes each kind of file, and how often it is drawn beside the others."""


def odd_file(dice: random.Random) -> OddFile:
    """One of all kinds."""
    make = dice.choices([*KINDS], [*KINDS.values()])[0]
    return make(dice)


def rows_made(out: str, stored: Collection[int]) -> int:
    """How many rows a command says that it added, in JSON.

    `stored` are the ids of the rows that were there: an absence may extend one of these.
    """

    def is_new_absence(row: dict[str, Any]) -> bool:
        return "absence" in row and row["absence"] not in stored

    told = json.loads(out) if out.strip() else []
    rows = [row for row in told if isinstance(row, dict)] if isinstance(told, list) else [told]
    return sum(
        row.get("result") == "created"
        or (row.get("reused") is False and ("message" in row or is_new_absence(row)))
        for row in rows
    )
