"""Commands on a database that cannot be used, and what they must tell."""

import io
import json
from contextlib import redirect_stderr, redirect_stdout

import pytest

from petmsg.cli import run_command_line
from petmsg.db import migrate
from tests.support.fixtures import ACTOR, NOW, Ran, add_org, run_cli

READ = ("client", "list")
WRITE = ("client", "add", "Berta", "--phone", "+12025550102")
EXPLAIN = ("route", "explain", "C-1")
BOTH = pytest.mark.parametrize("line", [READ, WRITE, EXPLAIN], ids=["read", "write", "explain"])


def attempt(url: str, *line: str, wait: float = 0.2, **more: str) -> Ran:
    """Run a command that waits for locks a moment only."""
    out, err = io.StringIO(), io.StringIO()
    environ = {"PETMSG_ACTOR": ACTOR, "HOME": "/nonexistent", "PETMSG_DATABASE_URL": url, **more}
    with redirect_stdout(out), redirect_stderr(err):
        code = run_command_line([*line, "-o", "json"], environ=environ, now=NOW, wait_seconds=wait)
    return Ran(code, out.getvalue(), err.getvalue())


def assert_told(ran: Ran, code: str, exit_code: int = 5) -> None:
    """The command said what is wrong, in the one way it may."""
    assert ran.code == exit_code, (ran.code, ran.err)
    assert ran.out == ""
    lines = ran.err.strip().splitlines()
    assert len(lines) == 1, ran.err
    error = json.loads(lines[0])["error"]
    assert error["code"] == code, error
    assert error["message"]
    assert error["hint"], "no hint"
    assert "Traceback" not in ran.err
    assert "bug" not in error["message"]


def fill(url: str) -> None:
    migrate.upgrade(url, actor=ACTOR, now=NOW, create=True)
    add_org(url)
    for line in (
        "client add Anna --ref C-1 --phone +12025550101",
        "sitter add Maya --ref S-1 --phone +13035550101",
        "number add +14155550101 --class sitter",
        "number add +14155550102 --class pool",
        "sitter activate S-1",
        "booking add --ref B-1 --client C-1 --sitter S-1 --start -1h --end +2h",
        "booking confirm B-1",
        "message send C-1 --body Hello",
    ):
        assert run_cli(url, *line.split()).code == 0
