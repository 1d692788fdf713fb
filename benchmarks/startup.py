"""Starting up: whole processes against a bare import of what they cannot do without.

Wall time, and where valgrind is installed the instructions, which are the same in every run.
"""

import itertools
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks import company
from benchmarks.bench import Bench
from benchmarks.measure import Row, Sample, counted, seconds, take_turns
from petmsg.cli.completion import COMPLETE

TYPER = "import typer"
MODELS = "import sqlmodel, petmsg.models"
COMMANDS = {
    "--version": 1.3,
    "--help": 1.3,
    "number --help": 1.3,
    "route explain C-1": 1.5,
    "thread show C-1": 1.5,
    "booking list": 1.5,
}
"""Commands that need no more than Typer, and the goal: times a bare `import typer`."""

COMPLETING = "client show C-"
"""A line with a half-typed ref, which a shell wants completed: the goal is that of `--help`."""
PROGRAMS = ("sqlite-utils --help", "alembic --help")
"""Programs that people like, which petmsg shall be faster than."""
COMPLETED = f"{COMPLETING}<Tab>"
WRITING = 1.25
_CALLGRIND = ("valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null")
_PROGRAMS = Path(sys.executable).parent
PYTHON = str(_PROGRAMS / "python")
PETMSG = str(_PROGRAMS / "petmsg")


def measure(bench: Bench) -> list[Row]:
    """The rows of start-up."""
    url = bench.database("SQLite", "startup", _build)
    compile_all()
    runs = {command: [PETMSG, *command.split()] for command in COMMANDS}
    runs |= {peer: [PYTHON, "-c", peer] for peer in (TYPER, MODELS)}
    runs |= {each: [str(_PROGRAMS / each.split()[0]), "--help"] for each in PROGRAMS}
    sides = {name: _timed(command, url) for name, command in runs.items()}
    sides[COMPLETED] = _timed([PETMSG, *COMPLETING.split()], url, complete=True)
    sides["number add"] = _adding(url)
    for side in sides.values():
        side()
    took = take_turns(sides, bench.few(11, 1))
    rows = [
        Row("start-up", f"petmsg {command}", took[command], TYPER, took[TYPER], at_most=goal)
        for command, goal in {**COMMANDS, COMPLETED: COMMANDS["--help"]}.items()
    ]
    rows += [
        Row("start-up", "petmsg --help", took["--help"], each, took[each], at_most=1)
        for each in PROGRAMS
    ]
    writing = took["number add"]
    rows.append(
        Row("start-up", "petmsg number add", writing, MODELS, took[MODELS], at_most=WRITING)
    )
    return rows


def measure_instructions(bench: Bench) -> list[Row]:
    """The rows of start-up in instructions, which a busy machine does not change."""
    if shutil.which("valgrind") is None:
        bench.notes.append("Without instruction counts: there is no valgrind on this machine.")
        return []
    url = bench.database("SQLite", "startup", _build)
    compile_all()
    peer = instructions([PYTHON, "-c", TYPER], url)
    wanted = list(COMMANDS.items())[: bench.few(len(COMMANDS), 1)]
    rows = [
        Row(
            "instructions",
            f"petmsg {command}",
            instructions([PETMSG, *command.split()], url),
            TYPER,
            peer,
            at_most=goal,
        )
        for command, goal in wanted
    ]
    completing = instructions([PETMSG, *COMPLETING.split()], url, complete=True)
    goal = COMMANDS["--help"]
    rows.append(Row("instructions", f"petmsg {COMPLETED}", completing, TYPER, peer, at_most=goal))
    return rows


def instructions(command: Sequence[str], url: str, *, complete: bool = False) -> Sample:
    """What callgrind counts for the command."""
    interpreted = command[1:] if command[0] == PYTHON else command
    ran = subprocess.run(
        [*_CALLGRIND, sys.executable, *interpreted],
        env=_environment(url, complete=complete),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    found = re.search(r"Collected : (\d+)", ran.stderr)
    assert found is not None, "callgrind says no count"
    return counted(int(found[1]))


def compile_all() -> None:
    """Compile what is not: a start that compiles is no start-up time (`make` does this too)."""
    import petmsg

    folder = str(Path(petmsg.__file__).parent)
    subprocess.run([PYTHON, "-m", "compileall", "-qq", folder], check=True)


def _build(url: str) -> None:
    company.create(url)
    company.add_visits(url, [5] * 20)


def _timed(command: Sequence[str], url: str, *, complete: bool = False) -> Callable[[], float]:
    environment = _environment(url, complete=complete)
    return lambda: seconds(
        lambda: subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=True,
        )
    )


def _adding(url: str) -> Callable[[], float]:
    """Each time another number, so that each time something is written."""
    numbers = itertools.count(1)

    def add() -> float:
        number = f"+1415556{next(numbers):04}"
        command = [PETMSG, "number", "add", number, "--class", "pool"]
        return _timed(command, url)()

    return add


def _environment(url: str, *, complete: bool = False) -> dict[str, str]:
    return {
        **({COMPLETE: "zsh"} if complete else {}),
        "PATH": os.environ.get("PATH", ""),
        "HOME": str(Path(url).parent),
        "LC_ALL": "C.UTF-8",
        "PYTHONHASHSEED": "0",
        "PETMSG_DATABASE_URL": url,
    }
