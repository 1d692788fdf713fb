"""What `make test` leaves to `make test-slow`: every test in SLOW gets the marker `slow`, by where
it stands. What each rule and each command does, and both databases below the command line, stay.
"""

import pytest

SLOW = {
    "tests/campaigns/": "random walks, races, kills and fuzzing: minutes of processor time each",
    "tests/system/test_kill.py": "kills processes at every step",
    "tests/system/test_races.py": "starts many processes that race",
    "tests/system/test_streams.py": "starts a process for each way a stream can break",
    "tests/system/test_sentinels.py": "runs every example once more",
    "tests/cli/commands/test_audit_lost.py": "loses and finds the audit chain's ends",
    "tests/db/test_bad_databases.py": "damages a database in a hundred ways",
    "tests/project/test_benchmarks.py": "times processes",
}
"""Folders, files or tests, and why they take long."""

FAST = {"tests/campaigns/test_planted.py": "reads the quoted places only"}
"""Exceptions to SLOW."""

SLOW_ON_POSTGRESQL = {
    "tests/cli/": "the commands call services and queries, whose tests run on both databases",
    "tests/examples/": "as above",
    "tests/system/": "as above",
}
"""Where `make test` needs SQLite only."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is slow."""
    for item in items:
        if is_slow(item.nodeid, on_postgresql=item.get_closest_marker("postgres") is not None):
            item.add_marker(pytest.mark.slow)


def is_slow(nodeid: str, *, on_postgresql: bool) -> bool:
    """Say whether a test is left to `make test-slow` by where it stands."""
    if nodeid.startswith(tuple(FAST)):
        return False
    return nodeid.startswith(tuple(SLOW)) or (
        on_postgresql and nodeid.startswith(tuple(SLOW_ON_POSTGRESQL))
    )
