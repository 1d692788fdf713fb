"""`petmsg today` on 24 lines of 80 columns: nothing that needs a person is hidden."""

import re
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from petmsg.render.terminal import Terminal
from petmsg.render.today_screen import SCREEN, screen
from petmsg.services.routes.today import Today
from tests.support.a_day import HOUR, SEVEN, START, a_day, absence, gap, org_named, visit, waits

NAMES = st.one_of(
    st.sampled_from(
        ["Ann", "Maya Lee", "דנה לוי", "日本 太郎", "👩‍👧 Zoë", "a\x1b[31mb", "x" * 90, "نور"]
    ),
    st.text(max_size=40),
)


def lines_of(day: Today, width: int = 80, **how: Any) -> list[str]:
    show_all = how.pop("show_all", False)
    return [line.plain.rstrip() for line in screen(day, Terminal(width, **how), show_all=show_all)]


def row(lines: list[str], label: str) -> str:
    (found,) = [line for line in lines if line.startswith(label)]
    return found


def test_an_empty_day() -> None:
    assert lines_of(a_day()) == [
        "Happy Paws, Sat 14 Feb 2026, 07:00 EST",
        "No visits, no gaps, nobody waits",
    ]


def test_a_sitters_visits_are_in_their_row() -> None:
    day = a_day(
        [
            visit(-4, 7.5, booking="B-1", client="Ann"),
            visit(12, 13, booking="B-2", client="Bo", is_pending=True),
            visit(5, 6, booking="B-3", client="Cleo"),
            visit(8, 9, booking="B-4", client="Dev", sitter=None),
            visit(22, 30, booking="B-5", client=None, sitter="S-2"),
        ],
        sitters=[("S-1", "Sitter S-1"), ("S-3", "Kim"), ("S-4", "Lee")],
    )
    lines = lines_of(day)
    assert lines[1] == (
        "5 visits, 2 sitters, 1 now, 3 to come, 1 over, 1 pending, 1 without a sitter, no"
    )
    assert lines[2] == "gaps, nobody waits"
    assert row(lines, "no sitter") == "no sitter    08:00-09:00 Dev"
    assert row(lines, "Sitter S-1") == (
        "Sitter S-1   now Fri 20:00-07:30 Ann, 05:00-06:00 Cleo, pending 12:00-13:00 Bo"
    )
    assert row(lines, "Sitter S-2") == "Sitter S-2   22:00-Sun 06:00 [erased]"
    assert row(lines, "Free") == "Free         Kim, Lee"
    assert row(lines, "Pending") == "Pending (1)  petmsg booking confirm B-2"


def test_what_is_cut_is_counted_with_the_command_that_shows_it() -> None:
    """Visits that are over go first."""
    day = a_day(
        [
            visit(
                1 + i / 2, 1.5 + i / 2, booking=f"B-{i}", sitter=f"S-{n:02}", client="Longer Name"
            )
            for n in range(30)
            for i in range(24)
        ]
    )
    lines = lines_of(day)
    assert len(lines) == SCREEN
    assert lines[
        2
    ] == "Sitter S-00   12 over, 07:00-07:30 Longer Name, 07:30-08:00 Longer Name," or (
        "12 over" in lines[2]
    )
    shown = sum(len(re.findall(r"\d\d:\d\d-\d\d:\d\d", line)) for line in lines)
    assert lines[-1].strip() == f"{30 * 24 - shown} more visits: petmsg today --all"
    everything = lines_of(day, show_all=True)
    assert len(re.findall(r"\d\d:\d\d-\d\d:\d\d", "\n".join(everything))) == 30 * 24
    assert max(map(len, everything)) <= 80


def test_sitters_of_one_name_have_their_refs() -> None:
    day = a_day([visit(8, 9, sitter=ref, sitter_name="Kim Park") for ref in ("S-1", "S-2")])
    assert {line[:12] for line in lines_of(day)[2:] if line} == {"Kim Park S-1", "Kim Park S-2"}


def test_who_is_away_and_still_has_a_visit_is_marked() -> None:
    day = a_day(
        [visit(8, 9), visit(18, 19, booking="B-2")],
        absences=[absence(-48, 12, name="Sitter S-1"), absence(13, 14, sitter="S-2", name="Bo")],
        sitters=[("S-1", "Sitter S-1"), ("S-2", "Bo")],
    )
    lines = lines_of(day)
    assert row(lines, "Sitter S-1").endswith("away 08:00-09:00 Ann Ivers, 18:00-19:00 Ann Ivers")
    assert row(lines, "Away").split("  ")[-1].strip() == (
        "Sitter S-1 until 12:00 (ill), Bo 13:00-14:00 (ill)"
    )
    assert not any(line.startswith("Free") for line in lines)


def test_each_of_several_absences_marks_its_visits() -> None:
    day = a_day(
        [visit(9, 10, booking="B-1"), visit(11, 12, booking="B-2"), visit(15, 16, booking="B-3")],
        absences=[absence(8, 11), absence(14, 17)],
    )
    assert row(lines_of(day, 120), "Sitter S-1").split("  ")[-1].strip() == (
        "away 09:00-10:00 Ann Ivers, 11:00-12:00 Ann Ivers, away 15:00-16:00 Ann Ivers"
    )


def test_gaps_and_waiting_clients_have_their_commands() -> None:
    day = a_day(
        gaps=[
            gap("Booking B-9 of C-3: no sitter is assigned", "petmsg booking reassign B-9 SITTER",
                start=9),
            gap("Booking B-8 of C-3: no sitter is assigned", "petmsg booking reassign B-8 SITTER",
                start=33),
            gap("Sitter Kim is active but has no number",
                "petmsg number add E164 --class sitter && petmsg sitter activate S-3"),
        ],
        waiting=[
            waits(42, is_late=True, message=7),
            waits(3, entity="sitter", ref="S-4", name="Kim", message=8),
            waits(2, entity="message", ref="unrouted", name=None, message=9),
        ],
    )  # fmt: skip
    assert lines_of(day)[2:] == [
        "",
        "Gaps (3)     09:00-10:00 Booking B-9 of C-3: no sitter is assigned",
        "             petmsg booking reassign B-9 SITTER",
        "             Sun 09:00-10:00 Booking B-8 of C-3: no sitter is assigned",
        "             petmsg booking reassign B-8 SITTER",
        "             Sitter Kim is active but has no number",
        "             petmsg number add E164 --class sitter && petmsg sitter activate S-3",
        "",
        "Waiting (3)  Ann Ivers (C-1) 42 min  petmsg inbox show 7",
        "             Sitter Kim (S-4) 3 min  petmsg inbox show 8",
        "             Unknown senders 2 min  petmsg inbox show 9",
    ]


def test_a_command_that_is_too_long_has_the_whole_width() -> None:
    long = "petmsg number add E164 --class sitter --org happy && petmsg sitter activate S-3"
    lines = lines_of(a_day(gaps=[gap("Gap", long), gap("Gap", f"{long} --org happy")]))
    assert lines[4:] == [
        "  petmsg number add E164 --class sitter --org happy && petmsg sitter activate \\",
        "  S-3",
        "             Gap",
        "  petmsg number add E164 --class sitter --org happy && petmsg sitter activate \\",
        "  S-3 --org happy",
    ]


def test_commands_name_the_org_where_there_are_several() -> None:
    day = a_day(
        [visit(8, 9, is_pending=True)],
        gaps=[gap(f"Gap {n}", None) for n in range(60)],
        waiting=[waits(n, message=n + 1) for n in range(60)],
        several_orgs=True,
    )
    text = "\n".join(lines_of(day))
    assert "petmsg booking confirm B-1 --org happy-paws" in text
    assert "more: petmsg coverage --days 2 --org happy-paws" in text
    assert "more: petmsg inbox list --oldest --org happy-paws" in text


def test_another_day_says_when_it_was_looked_at() -> None:
    day = a_day(now=START - 17 * HOUR)
    assert lines_of(day)[0] == "Happy Paws, Sat 14 Feb 2026, now Fri 13 Feb 07:00 EST"


def test_without_colours_and_boxes_everything_is_ascii() -> None:
    day = a_day(
        [visit(n, n + 1, booking=f"B-{n}", client="Ann " * 9) for n in range(8, 20)],
        org=org_named("Happy Paws " * 9),
    )
    assert "\n".join(lines_of(day, plain=True)).isascii()


def test_colours_repeat_what_the_words_say() -> None:
    day = a_day([visit(6, 8)], gaps=[gap("Gap", None)])
    styles = {
        str(span.style) for line in screen(day, Terminal(80, colour=True)) for span in line.spans
    }
    assert {"green", "bold red"} <= styles


# ------------------------------------------------------------------------------------- any company


@st.composite
def days(draw: st.DrawFn) -> Today:
    sitters = draw(st.integers(0, 60))
    names = [draw(NAMES) for _ in range(min(sitters, 8))]
    visits = [
        visit(
            start,
            start + length,
            booking=f"B-{number}",
            sitter=None if sitter == 0 else f"S-{sitter}",
            sitter_name=names[sitter % len(names)] if names else None,
            client=client,
            is_pending=pending,
        )
        for number, (start, length, sitter, client, pending) in enumerate(
            draw(
                st.lists(
                    st.tuples(
                        st.floats(-20, 23.5).map(lambda hours: round(hours * 4) / 4),
                        st.sampled_from([0.5, 1, 8, 30]),
                        st.integers(0, sitters),
                        st.one_of(st.none(), NAMES),
                        st.booleans(),
                    ),
                    max_size=60,
                )
            )
        )
        if start + length > 0
    ]
    gaps = [
        gap(f"gap{n}. {draw(NAMES)}", draw(st.sampled_from([None, "petmsg sitter activate S-3"])),
            start=draw(st.sampled_from([None, 9, 40])))
        for n in range(draw(st.integers(0, 12)))
    ]  # fmt: skip
    waiting = [
        waits(draw(st.integers(0, 9000)), ref=f"C-{n}", name=draw(NAMES), message=n + 1)
        for n in range(draw(st.integers(0, 12)))
    ]
    absences = [
        absence(-3, draw(st.sampled_from([3, 24, 90])), sitter=f"S-{n}", name=draw(NAMES))
        for n in range(draw(st.integers(0, 6)))
    ]
    return a_day(
        visits, gaps=gaps, waiting=waiting, absences=absences, org=org_named(draw(NAMES)),
        sitters=[(f"S-{n}", names[n % len(names)]) for n in range(sitters)],
        several_orgs=draw(st.booleans()),
    )  # fmt: skip


QUICK = (Phase.explicit, Phase.generate)
"""A day is too large to be made smaller step by step."""


@settings(max_examples=40, deadline=None, phases=QUICK)
@given(days(), st.booleans())
def test_it_is_one_screen_that_hides_no_gap_and_nobody_who_waits(day: Today, plain: bool) -> None:
    lines = lines_of(day, plain=plain)
    assert len(lines) <= 24
    assert max(map(cell_len, lines)) <= 80
    text = "\n".join(lines)
    gaps = len(set(re.findall(r"gap\d+\.", text)))
    assert gaps == len(day.gaps) or f"Gaps ({len(day.gaps)})" in text
    assert gaps == len(day.gaps) or "petmsg coverage --days 2" in text
    waiting = len(set(re.findall(r"petmsg inbox show \d+", text)))
    assert waiting == len(day.waiting) or f"Waiting ({len(day.waiting)})" in text
    assert waiting == len(day.waiting) or "petmsg inbox list --oldest" in text
    pending = sum(each.command is not None for each in day.visits)
    assert pending == 0 or f"Pending ({pending})" in text


@settings(max_examples=12, deadline=None, phases=QUICK)
@given(days(), st.sampled_from([20, 40, 60, 132]))
def test_it_is_as_wide_as_the_terminal(day: Today, width: int) -> None:
    for show_all in (False, True):
        assert max(map(cell_len, lines_of(day, width, show_all=show_all))) <= width


def test_the_screen_leaves_a_line_for_the_prompt() -> None:
    day = a_day([visit(8, 9, sitter=f"S-{n}") for n in range(60)], now=SEVEN)
    assert len(lines_of(day)) == SCREEN == 23


@pytest.mark.parametrize("width", [40, 80])
def test_hundreds_of_gaps_are_laid_out_at_once(width: int) -> None:
    day = a_day(
        [visit(8, 9, sitter=f"S-{n}") for n in range(300)],
        gaps=[gap(f"Gap {n}", "petmsg sitter activate S-3") for n in range(2000)],
    )
    assert "Gaps (2000)" in "\n".join(lines_of(day, width))
