"""`petmsg today --chart` on a terminal."""

from datetime import date
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from rich.cells import cell_len

from petmsg.days import span_of_day
from petmsg.render.day_drawing import drawn
from petmsg.render.terminal import Terminal
from petmsg.services.routes.today import Today
from tests.render.test_today_screen import days
from tests.support.a_day import HOUR, ZONE, a_day, absence, gap, visit, waits


def lines_of(day: Today, width: int = 80, **how: Any) -> list[str]:
    return [line.plain.rstrip() for line in drawn(day, Terminal(width, **how))]


def test_a_day_is_drawn() -> None:
    day = a_day(
        [
            visit(6, 8),
            visit(12, 13, booking="B-2", sitter="S-2"),
            visit(13, 15, booking="B-3", sitter="S-2", client="Bo", is_pending=True),
            visit(20, 30, booking="B-4", client="Cleo"),
            visit(9, 11, booking="B-5", client="Dev", sitter=None),
        ],
        absences=[absence(-10, 18, sitter="S-3", name="Kim")],
        sitters=[("S-1", "Sitter S-1"), ("S-2", "Sitter S-2"), ("S-3", "Kim")],
        gaps=[gap("Gap", None)],
        waiting=[waits(5)],
    )
    assert lines_of(day)[3:] == [
        "                  00   02   04   06   08   10    12   14   16   18   20   22",
        "                  │    │    │    │  ▾ │    │     │    │    │    │    │    │",
        "no sitter                           ┊    ██████░░",
        "Sitter S-1 (S-1)                 ██████░░░                           ███████████",
        "Sitter S-2 (S-2)                    ┊            ◆█▄▄▄▄▄▄",
        "Kim (S-3)         ───────────────────────────────────────────────",
        "",
        "█ booked  ▄ pending  ░ grace  ─ away  ◆ hand-off",
        "◆ 12:00 Ann Ivers: from Sitter S-1 to Sitter S-2 (B-2)",
        "1 gap, 1 waiting for an answer: petmsg today",
    ]  # fmt: skip


def test_it_is_drawn_with_ascii_where_there_is_nothing_else() -> None:
    day = a_day(
        [visit(6, 8), visit(12, 13, booking="B-2", sitter="S-2", is_pending=True)],
        absences=[absence(10, 12)],
    )
    text = "\n".join(lines_of(day, plain=True))
    assert text.isascii()
    assert "# booked  ? pending  . grace  - away" in text


@pytest.mark.parametrize(
    ("day", "hours", "ticks"),
    [(date(2026, 3, 8), 23, "00  01  03"), (date(2026, 11, 1), 25, "00  01  01  02")],
)
def test_a_day_with_a_change_of_clocks_is_as_long_as_it_is(
    day: date, hours: int, ticks: str
) -> None:
    start, _ = span_of_day(day, ZONE)
    there = a_day([visit(0, hours, since=start, now=start)], day=day, now=start + HOUR)
    lines = lines_of(there, 118)
    assert f"a day of {hours} hours" in lines[0]
    (axis,) = [line for line in lines if line.strip().startswith("00")]
    assert axis.strip().startswith(ticks)
    (lane,) = [line for line in lines if line.startswith("Sitter")]
    assert lane.count("█") == 118 - len("Sitter S-1 (S-1)  ")


def test_many_hand_offs_are_counted() -> None:
    visits = [visit(n / 2, n / 2 + 0.5, booking=f"B-{n}", sitter=f"S-{n % 2}") for n in range(40)]
    lines = lines_of(a_day(visits))
    assert lines[-1] == "29 more hand-offs: petmsg today -o json"


def test_an_org_without_sitters() -> None:
    assert lines_of(a_day()) == [
        "Happy Paws, Sat 14 Feb 2026, 07:00 EST",
        "No visits, no gaps, nobody waits",
        "",
        "",
    ]


@settings(max_examples=15, deadline=None, phases=(Phase.explicit, Phase.generate))
@given(days())
def test_it_is_as_wide_as_the_terminal_with_a_line_for_each_sitter(day: Today) -> None:
    for width in (40, 80, 200):
        lines = lines_of(day, width)
        assert max(map(cell_len, lines)) <= width
        known = {each.sitter for each in day.sitters} | {row.sitter for row in day.absences}
        known |= {each.row.sitter for each in day.visits}
        assert len(lines) >= len(known)
