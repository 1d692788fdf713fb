"""Tables at 80 and at 200 columns: nothing is cut, and what is looked up stays in one piece."""

from typing import Any

import pytest

from petmsg.render.fields import UNCHANGED, Field, View
from petmsg.render.layout import GAP, Column, lay_out
from petmsg.render.table import print_record, print_table
from petmsg.render.terminal import Terminal, has_colour, terminal_of
from tests.support.everything import READING
from tests.support.tables import PRINTED, as_json, columns_of, table

WIDTHS = (80, 200)


# ------------------------------------------------------------------------------- how columns fit


def widths(*columns: Column, width: int) -> list[int | None]:
    """The width of each column, None where it hangs."""
    laid = lay_out(columns, width)
    assert set(laid.widths) | set(laid.hanging) == set(range(len(columns)))
    return [laid.widths.get(place) for place in range(len(columns))]


def test_what_fits_is_as_wide_as_it_wants_to_be() -> None:
    assert widths(Column(10, 10), Column(8, 8), width=20) == [10, 8]
    assert not lay_out([Column(10, 10), Column(8, 8)], 20).is_tight


def test_prose_is_squeezed_before_anything_leaves_the_line() -> None:
    assert widths(Column(10, 10), Column(60, 32, 3), width=50) == [10, 38]
    assert lay_out([Column(10, 10), Column(60, 32, 3)], 50).is_tight


def test_of_two_columns_that_are_squeezed_the_narrower_one_grows_first() -> None:
    assert widths(Column(10, 10), Column(20, 16, 1), Column(60, 32, 3), width=80) == [10, 20, 46]


def test_what_does_not_fit_hangs_prose_first_and_then_the_rightmost() -> None:
    whole = Column(12, 12)
    assert widths(whole, Column(60, 32, 3), whole, width=40) == [12, None, 12]
    assert widths(whole, whole, whole, whole, width=40) == [12, 12, 12, None]


def test_the_first_column_never_hangs_however_narrow_it_must_be() -> None:
    assert widths(Column(64, 64), Column(12, 12), width=40) == [40, None]


def test_times_are_whole_or_broken_after_their_day_and_all_alike() -> None:
    time = Column(20, 10, 2, of_two_sizes=True)
    assert widths(Column(10, 10), time, time, width=80) == [10, 20, 20]
    assert widths(Column(10, 10), time, time, width=50) == [10, 10, 10]


def test_whatever_the_columns_they_never_take_more_than_there_is() -> None:
    columns = [Column(9, 9), Column(40, 16, 1), Column(20, 10, 2, of_two_sizes=True)]
    columns += [Column(200, 32, 3), Column(12, 12), Column(12, 12)]
    for width in range(20, 260):
        laid = lay_out(columns, width)
        assert sum(laid.widths.values()) + GAP * (len(laid.widths) - 1) <= width


# ------------------------------------------------------------------------------------- the paper


class Stream:
    """A stream that is a terminal or none."""

    def __init__(self, *, is_terminal: bool, encoding: str = "utf-8") -> None:
        self._is_terminal = is_terminal
        self.encoding = encoding

    def isatty(self) -> bool:
        return self._is_terminal

    def fileno(self) -> int:
        raise OSError


FILE, TERMINAL = Stream(is_terminal=False), Stream(is_terminal=True)


@pytest.mark.parametrize("reused", [False, True])
def test_what_is_notable_is_shown_only_where_it_is_so(
    reused: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    fields = (Field("ref", "Client"), UNCHANGED)
    row, view = {"ref": "C-1", "reused": reused}, View("UTC")
    print_record(fields, row, view)
    assert ("Unchanged" in capsys.readouterr().out) is reused
    print_table(fields, [row, {"ref": "C-2", "reused": False}], view)
    assert ("Unchanged" in capsys.readouterr().out) is reused


@pytest.mark.parametrize(
    ("stream", "environ", "paper"),
    [
        (FILE, {}, Terminal(200)),
        (FILE, {"COLUMNS": "80"}, Terminal(80)),
        (TERMINAL, {}, Terminal(80, colour=True)),
        (TERMINAL, {"COLUMNS": "132"}, Terminal(132, colour=True)),
        (TERMINAL, {"COLUMNS": "3"}, Terminal(20, colour=True)),
        (TERMINAL, {"COLUMNS": "wide"}, Terminal(80, colour=True)),
        (Stream(is_terminal=False, encoding="ascii"), {}, Terminal(200, plain=True)),
    ],
)
def test_the_paper_is_as_wide_as_columns_says_or_the_terminal_is(
    stream: Any, environ: dict[str, str], paper: Terminal
) -> None:
    assert terminal_of(stream, environ) == paper


@pytest.mark.parametrize(
    ("is_terminal", "environ", "coloured"),
    [
        (True, {}, True),
        (False, {}, False),
        (True, {"TERM": "dumb"}, False),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"NO_COLOR": ""}, True),
        (False, {"FORCE_COLOR": "1"}, True),
        (True, {"FORCE_COLOR": "1", "TERM": "dumb"}, True),
        (True, {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
    ],
)
def test_colours_follow_no_color_then_force_color_then_the_terminal(
    is_terminal: bool, environ: dict[str, str], coloured: bool
) -> None:
    assert has_colour(is_terminal, environ) is coloured


WRITING = {
    "alert tell",
    "db restored",
    "demo",
    "export",
    "booking add --repeat",
    "call simulate",
    "import petmsg",
    "media fetch",
    "message prices",
    "notify run",
    "notify test",
    "number release-due",
    "number webhooks check",
    "reconcile",
    "serve --dry-run",
    "service install",
    "service uninstall",
    "setup",
}
"""Lists of commands that change something, write files, or say what would be open."""


def test_every_list_is_looked_at() -> None:
    lists = {name for name, shape in PRINTED.items() if shape.form.name == "LIST"}
    assert lists - set(READING) == WRITING, (
        "a command that lists something must stand in tests/support/everything.py"
    )


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("command", READING)
def test_no_line_is_wider_than_the_terminal_and_none_is_cut(
    company: str, command: str, width: int
) -> None:
    ran = table(company, command, width)
    assert ran.code in (0, 10), ran.err
    assert ran.out.strip()
    if command == "schema":  # a document, whatever the width
        return
    too_wide = [line for line in ran.out.splitlines() if columns_of(line) > width]
    assert too_wide == []
    if not command.startswith("today"):  # one screen: it shortens names that are very long
        assert "…" not in ran.out.replace("--reason …", ""), "somebody cut it"


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("command", READING)
def test_refs_numbers_and_statuses_stand_in_one_piece(
    company: str, command: str, width: int
) -> None:
    shape = PRINTED[command]
    rows = as_json(company, command).json
    shown = table(company, command, width).out.splitlines()
    whole = [field for field in shape.fields if field.title and not field.kind.wrap]
    for row in rows if isinstance(rows, list) else [rows]:
        for field in whole:
            value = row[field.name]
            if isinstance(value, str):
                assert any(value in line for line in shown), (field.name, value)
    words = [word for row in (rows if isinstance(rows, list) else [rows]) for word in prose_of(row)]
    for word in words:
        assert any(word in line for line in shown), word


def prose_of(row: dict[str, Any]) -> list[str]:
    """The words of a row's names and texts that are short enough to stand on one line."""
    texts = [row.get(name) for name in ("name", "body", "reason", "message", "client_name")]
    return [
        word
        for text in texts
        if isinstance(text, str)
        for word in text.split()
        if columns_of(word) < 60
    ]
