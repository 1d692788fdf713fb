"""Some rounds of twelve upgrades at once in CI; fifty on each database in `make campaigns`."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.campaigns.upgrading import Place, files, on, run
from tests.support.postgres import PostgresServer

SEED = 20261126


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    if request.param == "sqlite":
        yield files(tmp_path)
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    yield on(server)


@pytest.mark.slow
def test_twelve_upgrades_at_once_migrate_once(place: Place) -> None:
    """From nothing and from each older schema; some of the twelve are killed in every other."""
    verdicts = list(run(place, 6, SEED))
    assert [each for verdict in verdicts for each in verdict.faults] == []
    assert sum(verdict.endings["killed"] for verdict in verdicts) > 0


@pytest.mark.slow
def test_without_the_lock_they_meet(place: Place) -> None:
    assert any(verdict.faults for verdict in run(place, 2, SEED, control=True))
