"""Times, names and commands of a day as a terminal can hold them."""

import io
import shlex
import sys
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from petmsg.days import span_of_day
from petmsg.render.day_words import DayWords, command_lines
from petmsg.render.terminal import Terminal
from tests.support.a_day import DAY, END, HOUR, START, ZONE

WORDS = DayWords(DAY, END, ZONE, Terminal(80))


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        (9, 10.5, "09:00-10:30"),
        (-4, 7.5, "Fri 20:00-07:30"),
        (22, 24, "22:00-24:00"),
        (22, 32, "22:00-Sun 08:00"),
        (33, 34, "Sun 09:00-10:00"),
        (-28, -27, "Thu 20:00-21:00"),
        (-24 * 9, 24 * 9, "05 Feb 00:00-23 Feb 00:00"),
        (-24 * 60, 12, "16 Dec 2025 00:00-12:00"),
    ],
)
def test_a_span_names_days_that_are_others(start: float, end: float, said: str) -> None:
    assert WORDS.span(START + start * HOUR, START + end * HOUR) == said


def test_an_hour_that_comes_twice_has_its_zone() -> None:
    """The clocks go back at 02:00 on 1 November in New York."""
    day = date(2026, 11, 1)
    start, end = span_of_day(day, ZONE)
    words = DayWords(day, end, ZONE, Terminal(80))
    times = [words.clock(start + hours * HOUR) for hours in (0, 1, 2, 3, 24, 25)]
    assert times == ["00:00", "01:00 EDT", "01:00 EST", "02:00", "23:00", "24:00"]


def test_an_hour_that_is_skipped_is_not_said() -> None:
    day = date(2026, 3, 8)
    start, end = span_of_day(day, ZONE)
    words = DayWords(day, end, ZONE, Terminal(80))
    assert [words.clock(start + hours * HOUR) for hours in (1, 2, 23)] == [
        "01:00",
        "03:00",
        "24:00",
    ]


def test_names_cannot_act_on_the_terminal() -> None:
    assert WORDS.name(None) == "[erased]"
    assert WORDS.name("a\x1b[31mb\u202ec") == r"a\x1b[31mb\u202ec"
    assert WORDS.name("דנה") == "דנה\u200e", "what follows is not turned around"
    assert cell_len(WORDS.name("דנה")) == 3


def test_a_name_that_the_encoding_lacks_is_as_wide_as_what_is_printed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plain = WORDS._replace(terminal=Terminal(80, plain=True))
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="latin-1"))
    assert [plain.name(each) for each in ("Ann", "Zoë", "דנ")] == ["Ann", "Zoë", r"\u05d3\u05e0"]


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("Maya", 4, "Maya"),
        ("Maya Lee", 5, "Maya…"),
        ("日本語", 5, "日本…"),
        ("日本語", 4, "日…"),
        ("Maya", 0, ""),
        ("Maya", 1, "…"),
    ],
)
def test_what_is_too_wide_is_cut(text: str, width: int, shown: str) -> None:
    assert WORDS.cut(text, width) == shown
    assert cell_len(shown) <= width


def test_a_long_command_is_broken_as_a_shell_takes_it() -> None:
    command = "petmsg booking reassign B-7 --org happy-paws --sitter SITTER"
    assert command_lines(command, 80) == [command]
    lines = command_lines(command, 40)
    assert lines == ["petmsg booking reassign B-7 --org \\", "happy-paws --sitter SITTER"]


@given(
    st.lists(st.text("ab-c", min_size=1, max_size=12), min_size=1, max_size=12),
    st.integers(16, 90),
)
def test_broken_commands_say_the_same(words: list[str], width: int) -> None:
    command = " ".join(words)
    lines = command_lines(command, width)
    assert max(map(len, lines)) <= width
    assert shlex.split("\n".join(lines).replace("\\\n", "")) == words


def test_instants_are_in_utc() -> None:
    assert WORDS.clock(datetime(2026, 2, 14, 15, tzinfo=UTC)) == "10:00"
    assert WORDS.clock(END - timedelta(minutes=1)) == "23:59"
