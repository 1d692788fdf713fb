"""Taking turns: the two sides of a pair are measured in the same rounds of the same run."""

import gc
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Sample:
    """What one side took, once per round: seconds, or a count that is the same each time."""

    values: tuple[float, ...]
    unit: Literal["s", "count"] = "s"

    @property
    def best(self) -> float:
        return min(self.values)

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    def __str__(self) -> str:
        if self.unit == "count":
            return _count(self.best)
        return f"{_duration(self.best)} ({_duration(self.median)})"


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table. `ratio` is petmsg's time by the peer's, or with `at_least` its speed."""

    figure: str
    what: str
    petmsg: Sample
    peer_name: str
    peer: Sample
    at_most: float | None = None
    at_least: float | None = None

    @property
    def ratio(self) -> float:
        """The median of the rounds' ratios: what slows a whole round down changes none of them."""
        pairs = zip(self.petmsg.values, self.peer.values, strict=True)
        ratios = [ours / theirs for ours, theirs in pairs]
        middle = statistics.median(ratios)
        return 1 / middle if self.at_least is not None else middle

    @property
    def goal(self) -> str:
        if self.at_least is not None:
            return f">= {self.at_least:g}"
        return "-" if self.at_most is None else f"<= {self.at_most:g}"

    @property
    def ok(self) -> bool:
        """Whether the goal is met. A difference that came out negative is noise and meets none."""
        if self.at_least is not None:
            return self.ratio >= self.at_least
        return self.at_most is None or 0 < self.ratio <= self.at_most


def take_turns(sides: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, Sample]:
    """Call every side once per round; what each returned."""
    taken: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, side in sides.items():
            taken[name].append(side())
    return {name: Sample(tuple(values)) for name, values in taken.items()}


def seconds(run: Callable[[], object]) -> float:
    """How long one call takes."""
    gc.collect()
    gc.disable()
    try:
        begun = time.perf_counter()
        run()
        return time.perf_counter() - begun
    finally:
        gc.enable()


@dataclass(frozen=True, slots=True)
class Watched:
    """What a process took, its start too. `peak_memory` is in bytes."""

    seconds: float
    cpu_seconds: float
    peak_memory: int


# A small process in between, because a child begins with the peak memory of whoever forks it.
_WATCHING = """
import os, sys, time
begun = time.perf_counter()
nowhere = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=nowhere)
_, status, used = os.wait4(pid, 0)
took = time.perf_counter() - begun
code = os.waitstatus_to_exitcode(status)
print([code, took, used.ru_utime + used.ru_stime, used.ru_maxrss])
"""


def watched(command: Sequence[str], environ: Mapping[str, str]) -> Watched:
    """Run a program, its output to nowhere. `environ` goes on top of ours without petmsg's own.

    Raises `RuntimeError` where it fails.
    """
    ran = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _WATCHING, *command],
        env={
            **{name: value for name, value in os.environ.items() if "PETMSG" not in name},
            **environ,
        },
        capture_output=True,
        text=True,
        check=True,
    )
    code, took, cpu_seconds, kilobytes = json.loads(ran.stdout)
    if code:
        raise RuntimeError(ran.stderr)
    return Watched(took, cpu_seconds, kilobytes * 1024)


def counted(value: float) -> Sample:
    """A count: instructions, or the steps of SQLite's virtual machine."""
    return Sample((value,), "count")


def table(rows: Sequence[Row]) -> str:
    """The rows as text, best time and median; one line each."""
    lines = [_HEAD, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def markdown(rows: Sequence[Row]) -> str:
    """The same table as a page of the documentation shows it."""
    lines = [_HEAD, ("---",) * len(_HEAD), *(_cells(row) for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


_HEAD = ("figure", "what", "petmsg", "peer", "its figure", "ratio", "goal", "met")


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.figure,
        row.what,
        str(row.petmsg),
        row.peer_name,
        str(row.peer),
        f"{row.ratio:.2f}",
        row.goal,
        "yes" if row.ok else "NO",
    )


def _duration(value: float) -> str:
    if value < 1e-3:
        return f"{value * 1e6:.1f} µs"
    return f"{value * 1e3:.0f} ms" if value < 1 else f"{value:.2f} s"


def _count(value: float) -> str:
    return f"{value / 1e6:.1f} M" if value >= 1e6 else f"{value:.0f}"
