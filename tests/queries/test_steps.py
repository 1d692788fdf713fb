"""What SQLite does for each command that reads, counted in steps of its virtual machine: six times
the company takes no more of them, with statistics of the file and without.

Steps, unlike times, are the same on a busy machine. PostgreSQL's plans are in `test_plans`.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import chain
from pathlib import Path

import pytest

from benchmarks import company, grown
from benchmarks.growth import Counter, counting
from petmsg.errors import FINDING
from petmsg.queries.metrics import NEWEST_TROUBLED
from tests.support import reading
from tests.support.fixtures import run_cli

TINY, SMALL, LARGE = 300, 1_500, 9_000
MOST = 1.5
LINEAR = 1.2 * SMALL / TINY
"""A command that reads everything may do so once: not each row for each row."""


@pytest.fixture(scope="module")
def new_files(tmp_path_factory: pytest.TempPathFactory) -> dict[int, str]:
    folder: Path = tmp_path_factory.mktemp("grown")
    files = {threads: str(folder / f"{threads}.db") for threads in (TINY, SMALL, LARGE)}
    for threads, file in files.items():
        company.create(file)
        grown.build(threads)(file)
        reading.add_one_of_each(file, now=company.NOW)
    return files


@pytest.fixture(scope="module", params=["without statistics", "with statistics"])
def grown_files(request: pytest.FixtureRequest, new_files: dict[int, str]) -> dict[int, str]:
    if request.param == "with statistics":
        for file in new_files.values():
            with closing(sqlite3.connect(file)) as connection:
                connection.execute("ANALYZE")
    return new_files


@pytest.fixture
def counter() -> Iterator[Counter]:
    with counting() as counter:
        yield counter


def steps(counter: Counter, url: str, line: str) -> int:
    """How many a command takes, after one that has done what is done once."""
    for _ in range(2):
        counter.steps = 0
        ran = run_cli(url, *line.split(), now=company.NOW)
        assert ran.code == 0 or (line == "doctor" and ran.code == FINDING), ran.err
    return counter.steps


def growth(counter: Counter, files: dict[int, str], line: str) -> float:
    """The steps in the large company, by those in the small one."""
    small, large = (steps(counter, files[threads], line) for threads in (SMALL, LARGE))
    assert small > 0
    return large / small


@pytest.mark.parametrize("line", [*chain.from_iterable(reading.LINES.values()), *reading.WORKING])
def test_six_times_the_company_takes_no_more_steps(
    counter: Counter, grown_files: dict[int, str], line: str
) -> None:
    assert growth(counter, grown_files, line) <= MOST


@pytest.mark.parametrize("command", reading.WHOLE)
def test_a_command_that_reads_everything_does_so_once(
    grown_files: dict[int, str], command: str
) -> None:
    line, _ = reading.WHOLE[command]
    with counting(each=100) as counter:
        few, many = (steps(counter, grown_files[each], line) for each in (TINY, SMALL))
    assert 2 < many / few <= LINEAR


FEW, MANY = 10, 2_000
"""Pool numbers."""


@pytest.fixture(scope="module")
def files_with_pools(tmp_path_factory: pytest.TempPathFactory) -> dict[int, str]:
    """Two companies that differ in their pool numbers. Of two clients, the first has a visit."""
    folder: Path = tmp_path_factory.mktemp("pools")
    files = {numbers: str(folder / f"{numbers}.db") for numbers in (FEW, MANY)}
    for numbers, file in files.items():
        company.create(file)
        company.add_visits(file, [1, 1])
        company.add_pool_numbers(file, numbers)
    return files


@pytest.mark.parametrize(
    "line",
    [
        "route explain C-1",
        "route explain C-1 --at 2026-02-14T14:50Z",
        "route explain C-2",
        "route explain C-2 --at 2026-02-14T14:50Z",
        "route explain C-2 --at +3d",
        "route call --from +12020000016 --to +14155580003",
        "message dispatch",
        "thread timeline C-1",
        "route simulate",
        "route simulate --from 2026-01-14T00:00Z",
        "route simulate --client C-2",
    ],
    ids=["in a visit", "in a visit, past", "now", "past", "future", "call",
         "dispatch", "timeline", "simulate", "simulate, past", "simulate, one client"],
)  # fmt: skip
def test_a_command_takes_no_more_steps_with_a_large_pool(
    counter: Counter, files_with_pools: dict[int, str], line: str
) -> None:
    few, many = (steps(counter, files_with_pools[each], line) for each in (FEW, MANY))
    assert many == few


def test_the_coverage_only_counts_pool_numbers(
    counter: Counter, files_with_pools: dict[int, str]
) -> None:
    """Three steps for each, in an index: no number is read as a fact of a decision."""
    few, many = (steps(counter, files_with_pools[each], "coverage") for each in (FEW, MANY))
    assert many - few <= 4 * (MANY - FEW)


def test_the_status_only_counts_clients_and_threads(
    counter: Counter, grown_files: dict[int, str]
) -> None:
    """Nine steps for a client and its thread, none for a message."""
    small, large = (steps(counter, grown_files[each], "status") for each in (SMALL, LARGE))
    assert large - small <= 10 * (LARGE - SMALL)


def test_the_metrics_look_at_the_newest_messages_that_failed(
    counter: Counter, grown_files: dict[int, str]
) -> None:
    small, large = (steps(counter, grown_files[each], "metrics") for each in (SMALL, LARGE))
    assert large - small <= 12 * NEWEST_TROUBLED


def test_a_thread_only_counts_its_messages(counter: Counter, tmp_path: Path) -> None:
    """Three steps for each, and 21 for one that was sent, whose number the client has seen."""
    few, many = 1_000, 4_000
    counts = []
    for messages in (few, many):
        file = str(tmp_path / f"{messages}.db")
        company.create(file)
        grown.with_one_thread(messages)(file)
        counts.append(steps(counter, file, "thread show C-1"))
    assert counts[1] - counts[0] <= 14 * (many - few)


def test_a_command_that_reads_all_messages_is_noticed(
    counter: Counter, grown_files: dict[int, str]
) -> None:
    search = "message list --search nothing-like-it"
    assert growth(counter, grown_files, search) > MOST
