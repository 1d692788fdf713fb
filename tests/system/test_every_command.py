"""What holds for each command there is: its help ends with examples that run and do something, tell
nothing that nobody asked for, and leave the other company in the database alone; its data is the
same in each of the formats. A new command without an example fails here.
"""

import csv
import io
import itertools
import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from petmsg.enums.output import OutputFormat
from petmsg.errors import FINDING
from petmsg.render.escape import escape, json_text
from tests.support.examples import (
    BEFORE,
    COMMANDS,
    EXAMPLES,
    OF_ALL,
    Company,
    complaints,
    theirs,
)
from tests.support.fixtures import run_cli

WIDEST = 78
"""So many characters of an example fit beside the margin on a terminal of 80 columns."""

EXITS = {
    "petmsg alert list --severity warning --check": FINDING,
    "petmsg alert tell": FINDING,
    "petmsg alert tell -o jsonl": FINDING,
    "petmsg db check": FINDING,
    "petmsg number health --propose": FINDING,
    "petmsg number webhooks check": FINDING,
    "petmsg reconcile": FINDING,
    "petmsg reconcile --org happy-paws --dry-run": FINDING,
}
"""Examples that exit with something else than 0, in the state in which they are tried."""
LOOKING = {
    "petmsg media fetch",
    "petmsg media prune --older-than 1d",
    "petmsg message prices",  # the sandbox has a clock of its own
    "petmsg message prices --days 30",
    "petmsg notify test ops",
    "petmsg number health",
    "petmsg number health --propose",
    "petmsg number health +14155550105 --days 30",
    "petmsg number pace +14155550101 +14155550102",
    "petmsg message send C-1 --body 'See you at 3.' --preview",
    "petmsg db backup petmsg-backup.db",
    "petmsg db backup petmsg-backup.db --media pictures",
    "petmsg demo",
    "petmsg service install --user --to units",
    "petmsg service uninstall --user --to units",
    "petmsg export company-files",
    "petmsg export company-files --format jsonl",
}
"""Examples of writing commands that only look, or write elsewhere."""


SPOKEN = {"petmsg route override set": "petmsg route override"}
"""Commands that are meant where the first word behind their group names no command."""
EMPTY = {
    "petmsg media fetch",
    "petmsg media fetch --org happy-paws --dry-run",
    "petmsg message pull",
    "petmsg message pull --since -2d -o json",
}
"""Examples that find nothing here: nobody can text a sandbox."""


# ----------------------------------------------------------------------------------------- examples


@pytest.mark.parametrize("name", COMMANDS)
def test_a_help_names_the_formats_and_ends_with_examples(name: str) -> None:
    options = {opt for parameter in COMMANDS[name].params for opt in parameter.opts}
    assert {"-o", "--output", "--org", "--db"} <= options
    assert COMMANDS[name].examples, (
        f"{name} has no examples: in its module under petmsg/cli add "
        f'`examples=["{name} ..."]` to its @command, then run `make docs`'
    )
    ran = run_cli(None, *name.split()[1:], "--help")
    assert "-o, --output FORMAT" in ran.out
    _, found, examples = ran.out.partition("\nExamples:\n")
    assert found
    assert [line.strip() for line in examples.splitlines()] == list(COMMANDS[name].examples)


def test_an_example_is_short_and_is_one_of_its_command() -> None:
    for name, example in EXAMPLES:
        begins = (f"{name} ", f"{SPOKEN.get(name, name)} ")
        assert example.startswith(begins) or example == name, example
        assert len(example) <= WIDEST, example
        assert example.isascii(), example


@pytest.mark.parametrize(("name", "example"), EXAMPLES, ids=[example for _, example in EXAMPLES])
def test_an_example_runs_and_does_something(
    fresh_company: Callable[[str], Company], name: str, example: str
) -> None:
    company = fresh_company(example)
    before, concerns_all = company.dump(), example.startswith(OF_ALL)
    theirs_before = None if concerns_all else theirs(company.url)
    ran = company.run(example)
    assert ran.code == EXITS.get(example, 0), (
        f"{ran.err}\nIf the code is meant, add the example to EXITS; if it needs a state, to BEFORE"
    )
    assert ran.out.strip()
    assert ("Nothing to show." in ran.out or ran.out == "[]\n") is (example in EMPTY), (
        "an example that finds nothing belongs in EMPTY, or BEFORE gives it something to find"
    )
    writes = any(parameter.name == "dry_run" for parameter in COMMANDS[name].params)
    changes = writes and "--dry-run" not in example and example not in LOOKING
    assert (company.dump() != before) is changes, "an example that only looks belongs in LOOKING"
    if "--dry-run" in example:
        assert "Dry run: nothing was changed." in ran.err
    assert complaints(company, name, example, ran) == []
    assert concerns_all or theirs(company.url) == theirs_before


def test_what_is_said_about_examples_is_about_examples_there_are() -> None:
    there = {example for _, example in EXAMPLES}
    assert set(EXITS) | LOOKING | EMPTY <= there
    for beginning in BEFORE:
        assert any(example.startswith(beginning) for example in there), beginning


# ---------------------------------------------------------------------------------- the same output

OUTPUTS = [each.value for each in OutputFormat]
TOLD = {"petmsg call simulate", "petmsg demo"}
"""Commands whose table is a text that goes on."""
BY_ITSELF = {
    "petmsg call simulate",
    "petmsg config show",
    "petmsg message dispatch",
    "petmsg message send",
    "petmsg message sync",
}
"""Commands that show the format itself, or whose provider makes an id or a time of its own."""

REPORTS = {"petmsg import snoutos", "petmsg today", "petmsg help", "petmsg schema"}
"""Commands whose JSON is one report of several tables, and whose TSV is one table."""


@pytest.mark.parametrize(
    "name", [name for name, each in COMMANDS.items() if each.examples and name not in REPORTS]
)
def test_the_outputs_of_a_command_agree(fresh_company: Callable[[str], Company], name: str) -> None:
    """The same fields and the same rows, each format read as a program would read it."""
    example = COMMANDS[name].examples[0]
    ran = {output: fresh_company(example).run(example, output=output) for output in OUTPUTS}
    assert len({each.code for each in ran.values()}) == 1
    whole = ran["json"].json
    rows: list[dict[str, Any]] = whole if isinstance(whole, list) else [whole]
    assert bool(rows) is (example not in EMPTY)
    by_line = [json.loads(line) for line in ran["jsonl"].out.splitlines()]
    header, *cells = [line.split("\t") for line in ran["tsv"].out.splitlines()]
    by_comma, *quoted = csv.reader(io.StringIO(ran["csv"].out, newline=""), strict=True)
    assert by_comma == header
    assert [list(row) for row in rows] == [list(row) for row in by_line]
    assert [header] * len(rows) == [list(row) for row in rows]
    assert [len(row) for row in cells + quoted] == [len(header)] * len(rows) * 2
    if name not in BY_ITSELF:
        assert by_line == rows
        assert cells == [[as_cell(value) for value in row.values()] for row in rows]
        assert [[cell.replace("\n", "\\n") for cell in row] for row in quoted] == cells
    if name not in TOLD:
        assert rows_of_table(ran["table"].out) in (len(rows), None)
        shown = "".join(ran["table"].out.split())
        for row in rows:
            names = [value for value in row.values() if isinstance(value, str | int) and value]
            assert any("".join(escape(str(name)).split()) in shown for name in names), row


def as_cell(value: Any) -> str:
    """A value of JSON as a cell of TSV holds it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return json_text(value) if isinstance(value, dict | list) else escape(str(value))


def rows_of_table(text: str) -> int | None:
    """How many rows the first table of a text has; None where it begins with no table.

    A row begins where there is something in the first column; below it stands what was folded.
    """
    header, *lines = text.strip("\n").splitlines()
    if not lines or not re.fullmatch(r"[ ─━]*[─━]{3}[ ─━]*", lines[0]):
        return None
    second = re.match(r"\s*\S+(?: \S+)*\s{2,}", header)
    first_column = slice(0, None if second is None else second.end())
    body = itertools.takewhile(str.strip, lines[1:])
    return sum(bool(line[first_column].strip()) for line in body)


def test_rows_of_a_table_are_counted() -> None:
    assert rows_of_table("\n A x   B\n ──────\n 1     2\n       3\n 4     5\n\n C\n") == 2
    assert rows_of_table(" Client   C-1\n Name     Ann\n") is None
