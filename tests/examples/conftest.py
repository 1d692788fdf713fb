"""The companies of `examples/`, loaded by the README's own commands; the scripts, run for real."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shlex
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from petmsg.cli import run_command_line
from tests import ROOT

EXAMPLES = ROOT / "examples"
ORGS = ("happy-paws", "tail-waggers")

# Stands in for petmsg while a shell runs the README: writes down what it was asked, and no more.
RECORDER = """#!/bin/sh
printf '%s\\0' "${PETMSG_ORG:-}" "$#" "$@" >>"$RECORD"
"""
# A petmsg that waits for a lock a third of a second, and not half a minute.
HASTY = """
import sys
from petmsg.db import snapshot
snapshot.BUSY_SECONDS = 0.2
from petmsg.workflows import store
store.TRY_SECONDS = 0.3
from petmsg.cli import run_command_line
sys.exit(run_command_line(sys.argv[1:]))
"""


@dataclass(frozen=True)
class Asked:
    """A command as the shell understood it."""

    org: str
    arguments: list[str]


@dataclass(frozen=True)
class Desk:
    """Somebody with a database: asks petmsg in this process, and runs scripts beside it."""

    url: str
    petmsg: Path

    @property
    def environ(self) -> dict[str, str]:
        kept = {name: text for name, text in os.environ.items() if not name.startswith("PETMSG_")}
        return {
            **kept,
            "PETMSG": str(self.petmsg),
            "PETMSG_DATABASE_URL": self.url,
            "PETMSG_ACTOR": "cron",
            "TZ": "UTC",
        }

    def do(self, org: str, *arguments: str, now: datetime | None = None) -> str:
        """A command that must end with 0; what it wrote to stdout."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = run_command_line(arguments, environ={**self.environ, "PETMSG_ORG": org}, now=now)
        assert code == 0, f"{shlex.join(arguments)} ended with {code}: {err.getvalue()}"
        return out.getvalue()

    def ask(self, org: str, *arguments: str) -> Any:
        """What a command says, as data."""
        return json.loads(self.do(org, *arguments, "-o", "json"))

    def start(
        self, script: str, *arguments: object, org: str = "", **environ: str
    ) -> subprocess.Popen[str]:
        """Start a script of `examples/cron` as cron would."""
        return subprocess.Popen(
            [str(EXAMPLES / "cron" / script), *map(str, arguments)],
            env={**self.environ, "PETMSG_ORG": org, **environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(
        self, script: str, *arguments: object, org: str = "", **environ: str
    ) -> tuple[int, str, str]:
        """Run a script of `examples/cron` to its end: exit code, stdout, stderr."""
        return ended(self.start(script, *arguments, org=org, **environ))


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a script."""
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def program(path: Path, text: str) -> Path:
    """Make an executable file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
    return path


def readme_commands(folder: Path) -> list[Asked]:
    """What the README's shell blocks ask of petmsg, as a real shell runs them."""
    text = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)
    assert blocks, "the README has no commands"
    program(folder / "bin" / "petmsg", RECORDER)
    record = folder / "record"
    subprocess.run(
        ["sh", "-eu", "-c", "\n".join(blocks)],
        cwd=ROOT,
        env={"PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "RECORD": str(record)},
        check=True,
    )
    words = iter(record.read_text(encoding="utf-8").split("\0")[:-1])
    return [Asked(org, [next(words) for _ in range(int(next(words)))]) for org in words]


@pytest.fixture(scope="session")
def petmsg_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The petmsg of this Python, with a space in its path: scripts must quote it."""
    folder = tmp_path_factory.mktemp("the program")
    return program(
        folder / "petmsg", f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m petmsg "$@"\n'
    )


@pytest.fixture(scope="session")
def hasty_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A petmsg that gives up on a locked database at once."""
    command = shlex.join([sys.executable, "-c", HASTY])
    return program(tmp_path_factory.mktemp("hasty") / "petmsg", f'#!/bin/sh\nexec {command} "$@"\n')


@pytest.fixture(scope="session")
def load(petmsg_program: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Desk]:
    """A function that fills the database of a URL with the README's commands."""
    asked = readme_commands(tmp_path_factory.mktemp("readme"))

    def fill(url: str) -> Desk:
        desk = Desk(url, petmsg_program)
        with contextlib.chdir(ROOT):
            for command in asked:
                desk.do(command.org, *command.arguments)
        return desk

    return fill


@pytest.fixture(scope="session")
def loaded(load: Callable[[str], Desk], tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """Both companies in an SQLite file. For tests that only read."""
    return load(f"sqlite:///{tmp_path_factory.mktemp('loaded') / 'petmsg.db'}")


@pytest.fixture
def desk(loaded: Desk, tmp_path: Path) -> Desk:
    """Both companies in an SQLite file of the test's own."""
    path = tmp_path / "petmsg.db"
    with (
        contextlib.closing(sqlite3.connect(loaded.url.removeprefix("sqlite:///"))) as source,
        contextlib.closing(sqlite3.connect(path)) as copy,
    ):
        source.backup(copy)
    return Desk(f"sqlite:///{path}", loaded.petmsg)
