"""What SQLite does for a command in a company that has grown, counted in steps of its virtual
machine; a machine that is busy counts the same. `tests/queries/test_steps.py` counts every command.

The large company has six times the clients, visits and messages of the small one. Of two more
companies, which differ in nothing else, one has ten pool numbers and one 10,000. Of another two,
the only thread has 1,000 messages and 100,000: it is counted, which takes steps, but little of the
command's processor time.
"""

import io
import sqlite3
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, redirect_stderr, redirect_stdout
from functools import partial
from types import SimpleNamespace
from unittest import mock

from benchmarks import company, grown
from benchmarks.bench import Bench
from benchmarks.measure import Row, counted, take_turns, watched
from petmsg.cli import run_command_line
from petmsg.db import engine, snapshot
from petmsg.db.location import locate

EACH = 10
"""Steps between two calls of the counter."""
MOST = {
    "message dispatch": 1.2,
    "coverage": 1.3,
    "today": 1.5,
    "inbox list": 1.5,
    "message list --client C-7": 1.2,
    "thread show C-7": 1.5,
    "route explain C-7": 1.2,
    "route explain C-7 --at 2025-11-10T15:00Z": 1.2,
}
"""Commands, and the goal: the steps in the large company by those in the small one."""
OF_POOLS = {
    "route explain C-1": 1.3,
    "route explain C-1 --at 2026-02-14T14:50Z": 1.3,
    "route explain C-2": 1.3,
    "route explain C-2 --at 2026-02-14T14:50Z": 1.3,
    "route explain C-2 --at +3d": 1.3,
    "message dispatch": 1.2,
    "thread timeline C-1": 1.3,
    "route simulate": 1.3,
    "route simulate --from 2026-01-14T00:00Z": 1.3,
}
"""The same of pool numbers: for C-1 within a visit, for C-2 outside of any."""
OF_A_THREAD = {"thread show C-1": None}
"""The same of the messages of one thread: without a goal, as all of them are counted."""
_COUNT = """
SELECT count(*) FROM message_number WHERE org_id = 1 AND class = 'pool' AND status = 'active'
"""


class Counter:
    """Counts the steps of all connections that are opened while it is in place."""

    def __init__(self, connect: Callable[..., sqlite3.Connection], each: int) -> None:
        self._connect, self._each = connect, each
        self.steps = 0

    def connect(self, *arguments: object, **options: object) -> sqlite3.Connection:
        """`sqlite3.connect`."""
        connection = self._connect(*arguments, **options)
        connection.set_progress_handler(self._count, self._each)
        return connection

    def _count(self) -> int:
        self.steps += self._each
        return 0


@contextmanager
def counting(each: int = EACH) -> Iterator[Counter]:
    """Count the steps of everything that petmsg asks of SQLite inside, `each` at a time."""
    counter = Counter(sqlite3.connect, each)
    counts = SimpleNamespace(**{**vars(sqlite3), "connect": counter.connect})
    with (
        mock.patch.object(snapshot, "sqlite3", counts),
        mock.patch.object(engine, "sqlite3", counts),
    ):
        yield counter


def measure(bench: Bench) -> list[Row]:
    """The rows of growth."""
    small, large = bench.few(1_500, 60), bench.few(9_000, 120)
    few, many = 10, bench.few(10_000, 20)
    short, long = bench.few(1_000, 20), bench.few(100_000, 40)
    threads = {n: bench.company("SQLite", f"grown-{n}", grown.build(n)) for n in (small, large)}
    pools = {n: bench.company("SQLite", f"pool-{n}", partial(_with_pool, n)) for n in (few, many)}
    talks = {
        n: bench.company("SQLite", f"talk-{n}", grown.with_one_thread(n)) for n in (short, long)
    }
    rows = []
    with counting() as counter:
        for urls, goals, noun in (
            (threads, MOST, "threads"),
            (pools, OF_POOLS, "pool numbers"),
            (talks, OF_A_THREAD, "messages"),
        ):
            (less, small_url), (more, large_url) = urls.items()
            rows += [
                Row(
                    "growth",
                    f"SQLite's steps of {line}, {more:,} {noun}",
                    counted(_steps(counter, large_url, line)),
                    f"{less:,} {noun}",
                    counted(_steps(counter, small_url, line)),
                    at_most=goal,
                )
                for line, goal in goals.items()
            ]
        rows.append(_counting_the_pool(counter, pools))
    return [*rows, _cpu_of_a_thread(talks, bench.few(7, 1))]


def _cpu_of_a_thread(urls: Mapping[int, str], rounds: int) -> Row:
    """The whole command as a process."""
    command = [sys.executable, "-m", "petmsg", "thread", "show", "C-1"]

    def side(url: str) -> Callable[[], float]:
        environ = {"PETMSG_DATABASE_URL": url, "PETMSG_ACTOR": company.ACTOR}
        return lambda: watched(command, environ).cpu_seconds

    (less, small), (more, large) = ((n, side(url)) for n, url in urls.items())
    taken = take_turns({"small": small, "large": large}, rounds)
    what = f"CPU of petmsg thread show, {more:,} messages"
    return Row("growth", what, taken["large"], f"{less:,} messages", taken["small"], at_most=2.0)


def _counting_the_pool(counter: Counter, pools: dict[int, str]) -> Row:
    """What `coverage` does for the numbers that the larger pool has more: it only counts them."""
    (few, small_url), (many, large_url) = pools.items()
    took = _steps(counter, large_url, "coverage") - _steps(counter, small_url, "coverage")
    counts = []
    for url in (small_url, large_url):
        with closing(counter.connect(locate(url).path)) as connection:
            counter.steps = 0
            connection.execute(_COUNT).fetchall()
            counts.append(counter.steps)
    return Row(
        "growth",
        f"SQLite's steps of coverage for {many - few:,} pool numbers more",
        counted(took),
        "counting them with sqlite3",
        counted(counts[1] - counts[0]),
        at_most=1.2,
    )


def _with_pool(numbers: int, url: str) -> None:
    company.add_visits(url, [1, 1])
    company.add_pool_numbers(url, numbers)


def _steps(counter: Counter, url: str, line: str) -> int:
    """How many a command takes, after one that has done what is done once."""
    environ = {"PETMSG_DATABASE_URL": url, "PETMSG_ACTOR": company.ACTOR, "HOME": "/nonexistent"}
    for _ in range(2):
        counter.steps = 0
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()) as err:
            code = run_command_line(line.split(), environ=environ, now=company.NOW)
        if code:
            raise RuntimeError(f"{line}: {err.getvalue()}")
    return counter.steps
