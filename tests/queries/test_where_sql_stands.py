"""SQL stands in petmsg.queries and nowhere above it, and gives typed rows."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import ROOT

PACKAGE = ROOT / "petmsg"
WITHOUT_SQL = ("services", "workflows", "cli", "web", "render", "rules", "importers")
SQL = re.compile(
    r"\s*(WITH \w+ AS|SELECT|INSERT INTO|UPDATE \w+ SET|DELETE FROM|LOCK TABLE|SAVEPOINT"
    r"|ROLLBACK TO|RELEASE|PRAGMA|SHOW) "
)
OF_ANOTHER_SYSTEM = re.compile(r'(FROM|INTO|UPDATE) "[A-Z.]')
"""How a text of an importer names a table of the other system: in quotes, with a capital letter
(the dot is what an f-string fills in). A table of petmsg is never written so."""
RUNS = {
    "all", "all_in_list", "first", "in_list", "instant", "one", "plain_rows", "rows",
    "rows_even_damaged", "run", "run_in_list", "run_many", "tuples", "value",
}  # fmt: skip
"""The cursor's methods that take a text."""


def written(node: ast.AST) -> str | None:
    """A string as it is written down; what an f-string fills in is a dot."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(written(part) or "." for part in node.values)
    return None


def sql_in(source: str) -> Iterator[tuple[int, str]]:
    """Line and text of each SQL text, and of each string that a cursor is given to run.

    But for the texts on the tables of another system, unless a cursor of petmsg is given them.
    """
    tree = ast.parse(source)
    run = {
        id(node.args[0])
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in RUNS
        and ast.unparse(node.func.value).endswith("cursor")
        for _ in node.args[:1]
    }
    inside = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        for part in node.values
    }
    for node in ast.walk(tree):
        text = None if id(node) in inside else written(node)
        is_ours = text is not None and SQL.match(text) and not OF_ANOTHER_SYSTEM.search(text)
        if text is not None and (is_ours or id(node) in run):
            yield node.lineno, " ".join(text.split())  # type: ignore[attr-defined]


def modules(folder: str) -> list[Path]:
    return sorted((PACKAGE / folder).rglob("*.py"))


@pytest.mark.parametrize("folder", WITHOUT_SQL)
def test_no_sql_stands_outside_queries(folder: str) -> None:
    found = [
        f"{path.relative_to(PACKAGE)}:{line}: {text}"
        for path in modules(folder)
        for line, text in sql_in(path.read_text(encoding="utf-8"))
    ]
    assert modules(folder) != []
    assert found == []


@pytest.mark.parametrize(
    "line",
    [
        '_TAKEN = "SELECT org_id FROM stripe_event WHERE event_id = :event_id"',
        """uow.cursor.run("UPDATE booking SET status = 'cancelled' WHERE id = :id", id=1)""",
        'self._cursor.value(f"SHOW {name}")',
        'cursor.in_list(f"{select} AND ref IN (:refs)", "refs", refs)',
        'cursor.run("SAVEPOINT doctor")',
        'sql = f"SELECT 1 FROM {noun} WHERE ref = :ref"',
        """uow.cursor.run('UPDATE "Booking" SET isNew = 1')""",
    ],
)
def test_sql_would_be_noticed(line: str) -> None:
    assert list(sql_in(line)) != []


@pytest.mark.parametrize(
    "line",
    [
        """stage.rows('SELECT id, name FROM "Organization" ORDER BY id')""",
        """sql = f'INSERT INTO "{table.name}" (line) VALUES (:line)'""",
    ],
)
def test_an_importer_may_name_the_tables_of_the_other_system(line: str) -> None:
    assert list(sql_in(line)) == []


# ------------------------------------------------------------------------------------ typed rows

WITH_DICTS = {
    # The columns are named by each check, which words its findings from them.
    "invariants/backlog.py": {
        "ended_quarantines", "old_unknown_outcomes", "open_calls", "open_purchases", "overdue",
        "refused_webhooks", "sending",
    },
    "invariants/invariant.py": {"broken"},
    "invariants/orphan_references.py": {"orphan_references", "unknown_values"},
    # An event may be damaged: the audit reads, and compares, whatever stands there.
    "audit.py": {
        "_in_order", "chain", "events_in_order", "list_events", "show_event", "shown_head",
    },
    "latest_events.py": {"last_events"},
    "page.py": {"newest"},  # for `list_events`
    # Settings by their names, as output shows them.
    "org.py": {"settings_at"},
    "simulated_call.py": {"rings"},  # as they are stored
}  # fmt: skip
"""The functions of petmsg.queries whose rows are dictionaries, by module."""


def giving_dicts(source: str) -> set[str]:
    return {
        node.name
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef)
        and node.returns is not None
        and re.fullmatch(
            r"(list|Iterator)?\[?dict\[str, Any\]\]?( \| None)?", ast.unparse(node.returns)
        )
    }


def test_queries_give_typed_rows_but_for_those_named() -> None:
    found = {
        path.relative_to(PACKAGE / "queries").as_posix(): names
        for path in modules("queries")
        if (names := giving_dicts(path.read_text(encoding="utf-8")))
    }
    assert found == WITH_DICTS


@pytest.mark.parametrize("folder", WITHOUT_SQL)
def test_nothing_above_queries_reads_dictionaries_from_a_cursor(folder: str) -> None:
    read = re.compile(r"cursor\.(rows|rows_even_damaged|one|in_list)\(")
    found = [
        f"{path.relative_to(PACKAGE)}:{number}: {line.strip()}"
        for path in modules(folder)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if read.search(line)
    ]
    assert found == []
