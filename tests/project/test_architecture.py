"""What keeps petmsg quick to start and easy to find one's way in.

import-linter holds the direction of the imports (see pyproject.toml); here stands what it cannot
see: what is loaded when, and the shape of the modules.
"""

import ast
import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from petmsg.cli import GROUPS, module_of
from petmsg.cli.command import App
from petmsg.db.location import locate
from petmsg.enums.alerts import AlertKind, AlertSeverity
from petmsg.enums.calls import CallStatus
from petmsg.services.alert import raise_alert
from tests import ROOT
from tests.support.calls import add_call
from tests.support.fixtures import add_org, run_cli, working
from tests.support.media_rows import TINY_GIF, add_media

PACKAGE = ROOT / "petmsg"
MODULES = sorted(PACKAGE.rglob("*.py"))
SLOW = {"sqlmodel", "sqlalchemy", "pydantic", "alembic", "twilio", "phonenumbers"}
MEDIA = {"PIL", "pypdf", "fsspec"}
SLOWER = SLOW | MEDIA | {"rich", "psycopg"}
MOST_LINES = 400

REPORT = """
import io, json, sys
from contextlib import redirect_stdout
from petmsg.cli import run_command_line
lines, environ = json.loads(sys.argv[1]), json.loads(sys.argv[2])
told = []
for line in lines:
    with redirect_stdout(io.StringIO()):
        code = run_command_line(line, environ=environ)
    told.append([line, code, sorted({name.partition(".")[0] for name in sys.modules})])
print(json.dumps(told))
"""


def loaded(
    *lines: list[str], url: str = "", output: str = "json", complete: str = ""
) -> list[tuple[str, int, set[str]]]:
    """Run command lines in one fresh process: each with its exit code and what is loaded then.
    With `complete` they are completed for that shell instead."""
    environ = {"PETMSG_DATABASE_URL": url, "PETMSG_OUTPUT": output, "HOME": "/nonexistent"}
    environ["_PETMSG_COMPLETE"] = complete
    done = subprocess.run(
        [sys.executable, "-c", REPORT, json.dumps(lines), json.dumps(environ)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [(" ".join(line), code, set(names)) for line, code, names in json.loads(done.stdout)]


@pytest.fixture
def filled(migrated_sqlite: str) -> str:
    """A database in which every reading command finds something."""
    add_org(migrated_sqlite)
    for line in (
        "client add Anna --ref C-1 --phone +12025550101",
        "sitter add Maya --ref S-1 --phone +13035550101",
        "number add +14155550101 --class sitter",
        "sitter activate S-1",
        "booking add --ref B-1 --client C-1 --sitter S-1 --start -1h --end +2h",
        "booking confirm B-1",
        "template add late --body Late",
        "message send C-1 --body Hello",
        "message receive --from +12025550101 --to +14155550101 --body Hello",
    ):
        assert run_cli(migrated_sqlite, *line.split()).code == 0
    add_media(migrated_sqlite, 1, content=TINY_GIF)
    add_call(migrated_sqlite, number="+14155550101", client="C-1", status=CallStatus.NO_ANSWER)
    with working(migrated_sqlite) as uow:
        raise_alert(
            uow,
            AlertKind.NUMBER_GONE,
            severity=AlertSeverity.WARNING,
            entity="number",
            ref="+14155550101",
            message="The provider does not list it",
        )
    assert locate(migrated_sqlite).is_sqlite
    return migrated_sqlite


# ----------------------------------------------------------------------------------- what is loaded

READING = [
    ["route", "explain", "C-1"],
    ["route", "explain", "C-1", "--at", "-1d"],
    ["route", "explain", "C-1", "--at", "+1d"],
    ["route", "explain", "--message", "1"],
    ["route", "inbound", "--from", "+16175550199", "--to", "+14155550101"],
    ["route", "override", "list"],
    ["thread", "show", "C-1"],
    ["thread", "timeline", "C-1"],
    ["thread", "list"],
    ["client", "list"],
    ["client", "show", "C-1"],
    ["sitter", "list"],
    ["sitter", "show", "S-1"],
    ["sitter", "absences"],
    ["number", "list"],
    ["number", "show", "+14155550101"],
    ["number", "history", "+14155550101"],
    ["number", "who", "+14155550101", "--at", "now"],
    ["booking", "list"],
    ["today"],
    ["today", "--chart"],
    ["booking", "show", "B-1"],
    ["call", "list"],
    ["call", "show", "1"],
    ["message", "list"],
    ["message", "show", "1"],
    ["template", "list"],
    ["template", "show", "late"],
    ["import", "map", "list"],
    ["inbox", "list"],
    ["inbox", "show", "2"],
    ["inbox", "strays"],
    ["media", "list"],
    ["notify", "list"],
    ["media", "show", "1"],
    ["alert", "list"],
    ["alert", "show", "1"],
    ["audit", "list"],
    ["audit", "show", "1"],
    ["audit", "verify"],
    ["audit", "export"],
    ["optout", "list"],
    ["optout", "show", "C-1"],
    ["org", "list"],
    ["org", "show"],
    ["config", "show"],
    ["service", "list", "--user", "--to", "units"],
    ["errors", "explain", "21610", "opted_out"],
    ["errors", "list"],
    ["version"],
]


def test_the_command_line_alone_loads_nothing_slow() -> None:
    code = "import sys, petmsg.cli; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "typer" in done.stdout.split()
    assert SLOWER & set(done.stdout.split()) == set()


def test_a_reading_command_on_sqlite_loads_nothing_slow(filled: str) -> None:
    for line, code, names in loaded(*READING, url=filled):
        assert code == 0, line
        assert SLOWER & names == set(), line


def test_every_list_and_show_is_among_the_reading_commands() -> None:
    there = {tuple(line[:2]) for line in READING}
    wanted = {
        (group, name) for group in GROUPS for name in commands(group) if name in ("list", "show")
    }
    assert wanted - there == set()


def test_help_and_a_wrong_command_line_load_nothing_slow() -> None:
    asked = [["--help"], ["booking", "confirm", "--help"], ["number", "--help"], ["--nonsense"]]
    for line, code, names in loaded(*asked, output="table"):
        assert code == (2 if line == "--nonsense" else 0)
        assert SLOWER & names == set(), line


def test_help_loads_only_what_help_needs() -> None:
    """Each of these costs as much as a hundred commands' names: a run loads them, help does not."""
    later = {"dataclasses", "hashlib", "json", "random", "sqlite3", "zoneinfo"}
    code = (
        "import sys, petmsg.cli\n"
        "assert petmsg.cli.run_command_line(['number', '--help']) == 0\n"
        "print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "petmsg" in done.stderr.split()
    assert later & set(done.stderr.split()) == set()


def test_only_a_phone_that_is_not_plain_e164_loads_what_reads_it(filled: str) -> None:
    plain, written = loaded(
        ["client", "show", "+12025550101"], ["client", "show", "(202) 555-0101"], url=filled
    )
    assert plain[1] == written[1] == 0
    assert "phonenumbers" not in plain[2]
    assert SLOW & written[2] == {"phonenumbers"}


def test_a_table_loads_rich_and_still_no_database_library(filled: str) -> None:
    ((_, code, names),) = loaded(["client", "list"], url=filled, output="table")
    assert code == 0
    assert "rich" in names
    assert SLOW & names == set()


WRITING = [
    ["booking", "add", "--ref", "B-2", "--client", "C-1", "--start", "+1d", "--end", "+2d"],
    ["booking", "confirm", "B-2"],
    ["booking", "confirm", "B-1", "B-2"],
    ["booking", "reschedule", "B-2", "--end", "+3d"],
    ["booking", "cancel", "B-2", "--yes"],
]
"""Writing commands that need no table as objects."""


def test_a_hot_write_on_sqlite_loads_nothing_slow(filled: str) -> None:
    for line, code, names in loaded(*WRITING, url=filled):
        assert code == 0, line
        assert SLOWER & names == set(), line


def test_a_slow_import_would_be_noticed(filled: str) -> None:
    """Negative control: a command that changes one row loads what a reading one may not."""
    ((_, code, names),) = loaded(["sitter", "activate", "S-1"], url=filled)
    assert code == 0
    assert {"sqlmodel", "sqlalchemy", "pydantic"} <= names


# ------------------------------------------------------------------------- which database it is


def asking_for_the_database(modules: dict[str, str]) -> list[str]:
    """Where modules outside `petmsg.db` ask which database it is."""
    return [
        f"{name}:{node.lineno}"
        for name, text in modules.items()
        if not name.startswith("petmsg/db/")
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Attribute) and node.attr in ("is_sqlite", "dialect")
    ]


def test_only_the_database_package_asks_which_database_it_is(texts: dict[str, str]) -> None:
    """Elsewhere the cursor says what differs: `row_lock`, `hold`, `writes_together` …"""
    assert asking_for_the_database(texts) == []


def test_a_module_that_asks_would_be_noticed() -> None:
    text = 'lock = "" if cursor.is_sqlite else " FOR UPDATE"'
    assert asking_for_the_database({"petmsg/services/a.py": text}) == ["petmsg/services/a.py:1"]
    assert asking_for_the_database({"petmsg/db/a.py": text}) == []


# ----------------------------------------------------------------------------- the map of the house


def app_of(group: str) -> App:
    app = import_module(module_of(group)).app
    assert isinstance(app, App)
    return app


def commands(group: str) -> list[str]:
    return list(app_of(group).entries)


def help_of(group: str) -> str:
    """The help of a group, or of the only command of a module that is no group."""
    app = app_of(group)
    if app.help:
        return app.help
    (only,) = app.entries.values()
    return only.help


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_says_of_itself_what_the_map_says_of_it(group: str) -> None:
    first, *_ = help_of(group).splitlines()
    assert first.startswith(GROUPS[group].rstrip(".?")), first


@pytest.mark.parametrize("group", GROUPS)
def test_every_command_says_what_it_does(group: str) -> None:
    for name, entry in app_of(group).entries.items():
        assert entry.help.strip(), f"petmsg {group} {name}"
        assert entry.help[0].isupper()


def test_every_module_that_declares_an_app_is_on_the_map() -> None:
    declaring = {
        path.stem
        for path in (PACKAGE / "cli").rglob("*.py")
        if path.stem != "__init__"
        and any(
            isinstance(node, ast.Assign)
            and any(isinstance(target, ast.Name) and target.id == "app" for target in node.targets)
            for node in ast.parse(path.read_text(encoding="utf-8")).body
        )
    }
    assert declaring == {module_of(group).rpartition(".")[2] for group in GROUPS}


COMMANDS = sorted((PACKAGE / "cli" / "commands").glob("*.py"))
LONGEST_BODY = 30
"""Lines of a command below its docstring, its call of a service written one argument a line."""


@pytest.mark.parametrize("path", COMMANDS, ids=lambda path: path.stem)
def test_a_command_leaves_errors_and_sql_to_others(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert not [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Try)]
    texts = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    assert not [text for text in texts if text.startswith(("SELECT ", "UPDATE ", "INSERT "))]


@pytest.mark.parametrize("path", COMMANDS, ids=lambda path: path.stem)
def test_a_command_is_short(path: Path) -> None:
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            first = node.body[1:] if ast.get_docstring(node) else node.body
            lines = (node.end_lineno or 0) - first[0].lineno + 1
            assert lines <= LONGEST_BODY, f"{node.name}: {lines} lines"


# --------------------------------------------------------------------------------- shape of modules


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def without_docstring(modules: dict[str, str]) -> list[str]:
    return [name for name, text in modules.items() if not ast.get_docstring(ast.parse(text))]


def too_long(modules: dict[str, str]) -> list[str]:
    """Modules over the limit."""
    return [
        f"{name}: {count}"
        for name, text in modules.items()
        if (count := len(text.splitlines())) > MOST_LINES
    ]


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    return {name_of(path): path.read_text(encoding="utf-8") for path in MODULES}


def test_every_module_says_what_it_is_for(texts: dict[str, str]) -> None:
    assert len(texts) > 80
    assert without_docstring(texts) == []


def test_no_module_is_long(texts: dict[str, str]) -> None:
    assert too_long(texts) == []


def test_a_long_or_silent_module_would_be_noticed() -> None:
    assert without_docstring({"a.py": "x = 1", "b.py": '"""B."""'}) == ["a.py"]
    assert too_long({"a.py": "x\n" * 401, "b.py": "x\n" * 400}) == ["a.py: 401"]


def test_nothing_happens_at_import(texts: dict[str, str]) -> None:
    """No module but the entry point calls anything bare at its top level."""
    calls = [
        f"{name}:{node.lineno}"
        for name, text in texts.items()
        for node in ast.parse(text).body
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    ]
    registrations = [each for each in calls if "/cli/" in each]  # apps put together
    assert set(calls) - set(registrations) == set()
