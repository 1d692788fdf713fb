"""Tables at 80 and at 200 columns: nothing is cut, and what is looked up stays in one piece."""

import re
import shutil
import unicodedata
from collections.abc import Sequence
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from petmsg.cli.command_tree import printed
from petmsg.enums.messages import MessageStatus
from petmsg.render.field_types import (
    BAD,
    COUNT,
    GOOD,
    ID,
    NAME,
    OVER,
    REF,
    SOON,
    TEXT,
    WAITS,
    one_of,
    or_null,
)
from petmsg.render.fields import Field, View
from petmsg.render.layout import GAP, Column, lay_out
from petmsg.render.table import STYLES, print_record, print_table
from petmsg.render.terminal import Terminal, has_colour, terminal_of
from tests.render import test_json_schema as schemas
from tests.support import everything
from tests.support.everything import CHINESE, OLGA, ORG, READING, line_of
from tests.support.fixtures import NOW, Ran, run_cli

PRINTED = printed()
WIDTHS = (80, 200)


def columns_of(text: str) -> int:
    """How many columns a terminal gives a text, counted without Rich."""
    return sum(
        0
        if unicodedata.category(each) in ("Mn", "Me", "Cf")
        else 2
        if unicodedata.east_asian_width(each) in "WF"
        else 1
        for each in text
    )


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


# -------------------------------------------------------------------------- every command's table


@pytest.fixture(scope="module")
def company(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("tables") / "petmsg.db"
    shutil.copy(_sqlite_template, path)
    path.chmod(0o600)
    url = f"sqlite:///{path}"
    everything.fill(url)
    return url


@cache
def table(url: str, command: str, width: int, **environ: str) -> Ran:
    """What a command shows: none of them changes the company, so each is run once."""
    return run_cli(
        url, *line_of(command), "--org", ORG, "-o", "table", COLUMNS=str(width), **environ
    )


@cache
def as_json(url: str, command: str) -> Ran:
    return run_cli(url, *line_of(command), "--org", ORG, "-o", "json")


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


# ---------------------------------------------------------------------------- what it looks like

TEXTS = (
    Field("message", "Id", kind=ID),
    Field("status", "Status", kind=one_of(MessageStatus)),
    Field("client", "Client", kind=REF),
    Field("name", "Name", kind=NAME),
    Field("body", "Body", kind=or_null(TEXT)),
    Field("sent_at", "Sent", kind=or_null(SOON)),
    Field("segments", "Segments", kind=COUNT),
)
ROWS = (
    {
        "message": 7,
        "status": MessageStatus.DELIVERED,
        "client": "HP-C-001",
        "name": CHINESE,
        "body": "Rex had a long walk and is asleep now; he ate everything, and said hello.",
        "sent_at": NOW - timedelta(hours=3),
        "segments": 1,
    },
    {
        "message": 8,
        "status": MessageStatus.QUEUED,
        "client": "HP-C-002",
        "name": "Zoë",
        "body": None,
        "sent_at": None,
        "segments": 12,
    },
)


def drawn(
    capsys: pytest.CaptureFixture[str], fields: Sequence[Field], width: int, **paper: Any
) -> str:
    view = View(timezone="America/New_York", now=NOW, terminal=Terminal(width, **paper))
    print_table(fields, ROWS, view)
    return "\n" + capsys.readouterr().out


def test_a_list_that_fits_has_one_line_a_row_and_says_how_long_ago(
    capsys: pytest.CaptureFixture[str],
) -> None:
    _, header, rule, first, second = drawn(capsys, TEXTS, 200).splitlines()
    assert columns_of(header) == columns_of(rule) == columns_of(first) == columns_of(second)
    assert "  2026-02-14 07:00 EST, 3 hours ago         1" in first
    assert second.endswith("  -                                        12")


def test_a_narrower_one_breaks_its_prose_and_its_times(capsys: pytest.CaptureFixture[str]) -> None:
    found = drawn(capsys, [field for field in TEXTS if field.name != "name"], 80)
    wanted = """
Id  Status     Client    Body                               Sent        Segments
────────────────────────────────────────────────────────────────────────────────
7   delivered  HP-C-001  Rex had a long walk and is asleep  2026-02-14         1
                         now; he ate everything, and said   07:00 EST
                         hello.
8   queued     HP-C-002  -                                  -                 12
"""
    assert found == wanted


def test_a_narrow_one_hangs_below_each_row_what_does_not_fit(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What is not there is left out, and refs, statuses and numbers stay in line."""
    at_80 = """
Id  Status     Client    Name                              Sent        Segments
───────────────────────────────────────────────────────────────────────────────
7   delivered  HP-C-001  陳大文與他的三隻貓和一隻很老的狗  2026-02-14         1
                                                           07:00 EST
    Body: Rex had a long walk and is asleep now; he ate everything, and said
    hello.
8   queued     HP-C-002  Zoë                               -                 12
"""
    assert drawn(capsys, TEXTS, 80) == at_80
    at_40 = """
Id  Status     Client    Segments
─────────────────────────────────
7   delivered  HP-C-001         1
    Name:
    陳大文與他的三隻貓和一隻很老的狗
    Body: Rex had a long walk and is
    asleep now; he ate everything, and
    said hello.
    Sent: 2026-02-14 07:00 EST
8   queued     HP-C-002        12
    Name: Zoë
"""
    assert drawn(capsys, TEXTS, 40) == at_40


def test_a_stream_without_line_drawing_gets_dashes(capsys: pytest.CaptureFixture[str]) -> None:
    assert "\n-------" in drawn(capsys, TEXTS, 80, plain=True)


def test_one_thing_has_its_fields_one_below_the_other(capsys: pytest.CaptureFixture[str]) -> None:
    paper = Terminal(50)
    print_record(TEXTS, ROWS[0], View(timezone="America/New_York", now=NOW, terminal=paper))
    wanted = """
Id        7
Status    delivered
Client    HP-C-001
Name      陳大文與他的三隻貓和一隻很老的狗
Body      Rex had a long walk and is asleep now;
          he ate everything, and said hello.
Sent      2026-02-14 07:00 EST, 3 hours ago
Segments  1
"""
    assert "\n" + capsys.readouterr().out == wanted


def test_relative_times_are_in_tables_only(company: str) -> None:
    line = ("number", "show", OLGA, "--org", ORG)
    told = run_cli(company, *line, "-o", "table", COLUMNS="80").out
    assert "2026-02-28 10:00 EST, in 14 days" in told
    for form in ("json", "jsonl", "tsv"):
        ran = run_cli(company, *line, "-o", form)
        assert "2026-02-28T15:00:00Z" in ran.out
        assert "in 14 days" not in ran.out


# --------------------------------------------------------------------------------------- colours


def test_a_colour_says_what_a_status_means(company: str) -> None:
    shown = table(company, "number list", 200, FORCE_COLOR="1").out
    assert "\x1b[32mactive\x1b[0m" in shown
    assert "\x1b[33mquarantined\x1b[0m" in shown
    assert "\x1b[2mretired\x1b[0m" in shown
    alerts = table(company, "alert list", 200, FORCE_COLOR="1").out
    assert "\x1b[1;31mcritical\x1b[0m" in alerts


def test_the_word_of_a_status_has_no_colour_where_it_is_none() -> None:
    """A client may be called Active, and a body may say failed."""
    assert STYLES.keys() == {GOOD, WAITS, BAD, OVER}
    name = Field("name", "Name")
    assert not name.kind.tones
    assert name.text({"name": "active"}, View(now=NOW)) == "active"


@pytest.mark.parametrize("command", ["number list", "alert list", "route explain", "org show"])
def test_without_colours_no_escape_is_left(company: str, command: str) -> None:
    for environ in ({}, {"NO_COLOR": "1"}, {"NO_COLOR": "1", "FORCE_COLOR": "1"}):
        assert "\x1b" not in table(company, command, 80, **environ).out
    assert "\x1b" in table(company, command, 80, FORCE_COLOR="1").out


@pytest.mark.parametrize("form", ["json", "jsonl", "tsv"])
def test_colours_are_in_tables_only(company: str, form: str) -> None:
    ran = run_cli(company, "number", "list", "--org", ORG, "-o", form, FORCE_COLOR="1")
    assert "\x1b" not in ran.out


def test_colours_change_no_word(company: str) -> None:
    for command in ("message list", "booking show", "route explain"):
        plain = table(company, command, 80).out
        coloured = table(company, command, 80, FORCE_COLOR="1").out
        bare = "".join(part.partition("m")[2] for part in f"m{coloured}".split("\x1b["))
        # A coloured line that wraps keeps the space at its end.
        assert [line.rstrip() for line in bare.splitlines()] == plain.splitlines()


# ------------------------------------------------------------------------------ names beside refs

WIDE = 9999
"""Each row is one line."""
NAMES = {ref: name for ref, (name, _) in everything.PEOPLE.items() if ref != "C-5"} | {
    "S-1": f"Maya {everything.LONG_NAME}",
    f"S-{everything.LONG_REF}"[:64]: CHINESE,
}
"""Of everybody but C-5, who is erased."""
STORED = {
    "audit list": "the log keeps refs and no names, so that nothing of it is ever erased",
    "audit export": "as audit list",
    "doctor": "a finding about a channel that has the ref of a client as its name",
    "message list": "a body as a person wrote it",
    "notify list": "a channel has the ref of a client as its name",
}
"""Commands that show refs within what is stored, and what that is."""
ADDED = {"C-9": "Dora", "C-404": "nobody", "S-8": "Ida", "S-9": "Nora", "S-404": "nobody"}
"""Of those whom `schemas.WRITING` adds or asks for."""
NAMELESS = {
    "client import": "the refs of a file",
    "sitter import": "the refs of a file",
    "notify test": "a channel has the ref of a client as its name",
    "notify run": "what a channel is told has refs and no names",
}
"""Writing commands that show refs without names, and why."""
_OF_EVERYBODY = sorted(map(re.escape, {**NAMES, **ADDED}), key=len, reverse=True)
_REFS = re.compile(rf"(?<![\w-])({'|'.join(_OF_EVERYBODY)})(?![\w-])")
_COMMANDS = re.compile(r"petmsg .*?(?= {2,}|$)", re.MULTILINE)
"""A command to type has refs only."""


@pytest.mark.parametrize("command", [each for each in READING if each not in STORED])
def test_a_ref_of_a_client_or_a_sitter_stands_beside_the_name(company: str, command: str) -> None:
    out = table(company, command, WIDE).out
    lines = [out] if PRINTED[command].form.name == "ONE" else out.splitlines()
    assert without_name(lines, NAMES) == []


def without_name(lines: Sequence[str], names: dict[str, str]) -> list[str]:
    """The refs whose name is not in their line."""
    return [
        f"{ref} is without its name: {line[:300]}"
        for line in lines
        for ref in _REFS.findall(_COMMANDS.sub("", line))
        if names[ref] not in line
    ]


def test_a_ref_stands_beside_the_name_in_the_results_of_writing_commands(
    company: str, tmp_path: Path
) -> None:
    path = shutil.copy(company.removeprefix("sqlite:///"), tmp_path / "petmsg.db")
    names = NAMES | ADDED
    shown, bare = set(), []
    for command, words in schemas.WRITING.items():
        line = [*(word for word in command.split() if not word.startswith("--")), *words]
        org = [] if command in ("org add", "init") else ["--org", ORG]
        ran = run_cli(
            f"sqlite:///{path}",
            *line,
            *org,
            "-o",
            "table",
            stdin=schemas.STDIN.get(command, ""),
            COLUMNS=str(WIDE),
        )
        assert ran.out.strip(), (command, ran.err)
        if command == "client forget":
            names["C-9"] = "[erased]"
        if command not in NAMELESS:
            shown |= set(_REFS.findall(ran.out))
            lines = [ran.out] if PRINTED[command].form.name == "ONE" else ran.out.splitlines()
            bare += [f"{command}: {each}" for each in without_name(lines, names)]
    assert bare == []
    assert {"C-1", "C-2", "C-4", "C-9", "S-1", "S-8", "S-9"} <= shown


def test_the_client_of_a_message_stands_beside_the_name(company: str) -> None:
    rows = as_json(company, "message list").json
    shown = table(company, "message list", WIDE).out
    for row in rows:
        assert row["client"] is None or f"{row['client']} {row['client_name']}" in shown


def test_an_erased_client_has_no_name(company: str) -> None:
    assert "C-5 [erased]" in table(company, "thread list", WIDE).out
    rows = as_json(company, "thread list").json
    assert [row["client_name"] for row in rows if row["client"] == "C-5"] == [None]
