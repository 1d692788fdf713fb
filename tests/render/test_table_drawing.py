"""What a table looks like: its lines, its times and its colours."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from petmsg.enums.messages import MessageStatus
from petmsg.render.field_types import (
    BAD,
    COUNT,
    GOOD,
    ID,
    NAME,
    OVER,
    REF,
    RELATIVE_INSTANT,
    TEXT,
    WAITS,
    one_of,
    or_null,
)
from petmsg.render.fields import Field, View
from petmsg.render.table import STYLES, print_record, print_table
from petmsg.render.terminal import Terminal
from tests.support.everything import CHINESE, OLGA, ORG
from tests.support.fixtures import NOW, run_cli
from tests.support.tables import columns_of, table

# ---------------------------------------------------------------------------- what it looks like

TEXTS = (
    Field("message", "Id", kind=ID),
    Field("status", "Status", kind=one_of(MessageStatus)),
    Field("client", "Client", kind=REF),
    Field("name", "Name", kind=NAME),
    Field("body", "Body", kind=or_null(TEXT)),
    Field("sent_at", "Sent", kind=or_null(RELATIVE_INSTANT)),
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
