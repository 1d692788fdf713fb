"""What SQLite does for each command that reads, counted in steps of its virtual machine: six times
the company takes no more of them, with statistics of the file and without.

Steps, unlike times, are the same on a busy machine. PostgreSQL's plans are in `test_plans`.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from benchmarks import company, grown, scale
from benchmarks.growth import Counter, counting
from tests.support.fixtures import run_cli

SMALL, LARGE = 1_500, 9_000
COMMANDS = (
    *scale.COMMANDS,
    "booking list --today",
    "call list --limit 20 --sitter S-3",
    "call list --limit 20 --number +14155580003",
    "call list --limit 2 --missed --sitter S-3",
    "call list --status completed",
    "call list --status failed",
    "call list --since -2d",
    "call list --since -1000d --until -450d",
    "coverage",
    "inbox strays",
    "media list",
    "message dispatch",
    "message sync",
    "number health",
    "number who +14155580003 --at 2025-11-10T15:00Z",
    "optout list",
    "route call --from +12020000016 --to +14155580003",
    "route call --from +12020000016 --to +14155580003 --at 2025-11-10T15:00Z",
    "route call --from withheld --to +14155580003",
    "route call --from +14155570003 --to +14155580002",
    "route explain C-7 --at 2025-11-10T15:00Z",
    "template list",
    "today",
)
"""`status` counts the clients and threads, and is below."""
MOST = 1.5


@pytest.fixture(scope="module")
def new_files(tmp_path_factory: pytest.TempPathFactory) -> dict[int, str]:
    folder: Path = tmp_path_factory.mktemp("grown")
    files = {threads: str(folder / f"{threads}.db") for threads in (SMALL, LARGE)}
    for threads, file in files.items():
        grown.build(threads)(file)
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
        assert ran.code == 0, ran.err
    return counter.steps


def growth(counter: Counter, files: dict[int, str], line: str) -> float:
    """The steps in the large company, by those in the small one."""
    small, large = (steps(counter, files[threads], line) for threads in (SMALL, LARGE))
    assert small > 0
    return large / small


@pytest.mark.parametrize("line", COMMANDS)
def test_six_times_the_company_takes_no_more_steps(
    counter: Counter, grown_files: dict[int, str], line: str
) -> None:
    assert growth(counter, grown_files, line) <= MOST


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
    ],
    ids=["in a visit", "in a visit, past", "now", "past", "future", "call"],
)
def test_a_decision_takes_no_more_steps_with_a_large_pool(
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


def test_a_command_that_reads_all_messages_is_noticed(
    counter: Counter, grown_files: dict[int, str]
) -> None:
    search = "message list --search nothing-like-it"
    assert growth(counter, grown_files, search) > MOST
