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
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from benchmarks import company
from benchmarks.bench import Bench
from benchmarks.measure import Row, Sample, counted, seconds, take_turns
from petmsg.cli.completion import COMPLETE

TYPER = "import typer"
COMMANDS = {
    "--version": 1.3,
    "--help": 1.3,
    "number --help": 1.3,
    "route explain C-1": 1.5,
    "thread show C-1": 1.5,
    "booking list": 1.5,
    "db check": 3,
}
"""Commands that need no more than Typer, and the goal: times a bare `import typer`."""

COMPLETING = "client show C-"
"""A line with a half-typed ref, which a shell wants completed: the goal is that of `--help`."""
PROGRAMS = ("sqlite-utils --help", "alembic --help")
"""Programs that people like, which petmsg shall be faster than."""
COMPLETED = f"{COMPLETING}<Tab>"
EXPLAINING = "route explain C-1"
CONFIRMING = "booking confirm B-1"
WRITING = 2.0
"""The goal of a hot write: times a reading command. It loads no more, and waits for the disk."""
_CALLGRIND = ("valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null")
_PROGRAMS = Path(sys.executable).parent
PYTHON = str(_PROGRAMS / "python")
PETMSG = str(_PROGRAMS / "petmsg")


def measure(bench: Bench) -> list[Row]:
    """The rows of start-up."""
    url = bench.company("SQLite", "startup", _build)
    compile_all()
    runs = {command: [PETMSG, *command.split()] for command in COMMANDS}
    runs[TYPER] = [PYTHON, "-c", TYPER]
    runs |= {each: [str(_PROGRAMS / each.split()[0]), "--help"] for each in PROGRAMS}
    sides = {name: _timed(command, url) for name, command in runs.items()}
    sides[COMPLETED] = _timed([PETMSG, *COMPLETING.split()], url, complete=True)
    sides[CONFIRMING] = _confirming(bench.company("SQLite", "confirming", _build_pending))
    for side in sides.values():
        side()
    took = take_turns(sides, bench.few(9, 1))
    rows = [
        Row("start-up", f"petmsg {command}", took[command], TYPER, took[TYPER], at_most=goal)
        for command, goal in {**COMMANDS, COMPLETED: COMMANDS["--help"]}.items()
    ]
    rows += [
        Row("start-up", "petmsg --help", took["--help"], each, took[each], at_most=1)
        for each in PROGRAMS
    ]
    rows.append(_compared("start-up", took[CONFIRMING], took[EXPLAINING]))
    return rows


def measure_instructions(bench: Bench) -> list[Row]:
    """The rows of start-up in instructions, which a busy machine does not change."""
    if shutil.which("valgrind") is None:
        bench.notes.append("Without instruction counts: there is no valgrind on this machine.")
        return []
    url = bench.company("SQLite", "startup", _build)
    compile_all()
    pending = bench.company("SQLite", "confirming", _build_pending)
    goals = dict(list(COMMANDS.items())[: bench.few(len(COMMANDS), 1)])
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        count = partial(threads.submit, instructions)
        peer = count([PYTHON, "-c", TYPER], url)
        counts = {each: count([PETMSG, *each.split()], url) for each in {*goals, EXPLAINING}}
        completing = count([PETMSG, *COMPLETING.split()], url, complete=True)
        confirming = count([PETMSG, *CONFIRMING.split()], pending)
    found = {command: counts[command].result() for command in goals}
    goals[COMPLETED], found[COMPLETED] = COMMANDS["--help"], completing.result()
    rows = [
        Row("instructions", f"petmsg {command}", found[command], TYPER, peer.result(), at_most=goal)
        for command, goal in goals.items()
    ]
    rows.append(_compared("instructions", confirming.result(), counts[EXPLAINING].result()))
    return rows


def _compared(figure: str, confirming: Sample, explaining: Sample) -> Row:
    return Row(
        figure,
        f"petmsg {CONFIRMING}",
        confirming,
        f"petmsg {EXPLAINING}",
        explaining,
        at_most=WRITING,
    )


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
    company.add_visits(url, [5] * 20)


def _build_pending(url: str) -> None:
    company.add_visits(url, [5] * 20, confirmed=False)


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


def _confirming(url: str) -> Callable[[], float]:
    """Each time another booking, so that each time something is written."""
    numbers = itertools.count(1)

    def confirm() -> float:
        return _timed([PETMSG, "booking", "confirm", f"B-{next(numbers)}"], url)()

    return confirm


def _environment(url: str, *, complete: bool = False) -> dict[str, str]:
    return {
        **({COMPLETE: "zsh"} if complete else {}),
        "PATH": os.environ.get("PATH", ""),
        "HOME": str(Path(url).parent),
        "LC_ALL": "C.UTF-8",
        "PYTHONHASHSEED": "0",
        "PETMSG_DATABASE_URL": url,
    }
