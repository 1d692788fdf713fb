"""Some hundred commands of many processes at once; `make campaigns` has tens of thousands.

The seed is printed; `PETMSG_SEED` repeats what is asked for, though not who is first.
"""

import os
import random
from collections.abc import Iterator

import pytest

from petmsg.db import migrate
from petmsg.db.location import locate
from tests.campaigns.racing import ALWAYS, CONTROLS, Campaign, Outcome, run, without_waiting
from tests.support.fixtures import ACTOR, NOW
from tests.support.postgres import PostgresServer, running_server
from tests.support.swarm import Hive

SEED = int(os.environ.get("PETMSG_SEED") or random.randrange(10**6))

pytestmark = pytest.mark.slow
by_chance = pytest.mark.skipif(
    not os.environ.get("PETMSG_STORMS"),
    reason="chance decides whether it is met in so short a time: PETMSG_STORMS=1 tries it",
)


@pytest.fixture(scope="module")
def hive() -> Iterator[Hive]:
    """A warm process to fork from."""
    with Hive() as warm:
        yield warm


@pytest.fixture(scope="module")
def crashing(postgres_server: PostgresServer) -> Iterator[PostgresServer]:
    """A server of our own that may be crashed."""
    assert postgres_server.port  # there is a PostgreSQL here, or this is skipped
    with running_server(again=True) as server:
        yield server


def race(url: str, hive: Hive, campaign: Campaign, server: PostgresServer | None = None) -> Outcome:
    outcome = run(url, hive, campaign, server)
    print(f"PETMSG_SEED={SEED}: {outcome}\n{outcome.verdict}")
    return outcome


def stormy(server: PostgresServer) -> str:
    """A migrated database on a server that is to fail."""
    url = server.url(server.create())
    migrate.upgrade(url, actor=ACTOR, now=NOW)
    return url


def test_confirming_the_same_bookings_in_sixteen_orders(migrated_url: str, hive: Hive) -> None:
    outcome = race(migrated_url, hive, Campaign("confirms", 5, SEED))
    assert outcome.verdict.faults == {}, outcome.verdict
    assert len(outcome.swarm.ran) == 80


@by_chance
def test_confirming_without_what_holds_it_together_is_found(migrated_url: str, hive: Hive) -> None:
    """Negative control: a snapshot that cannot become a write; a thread looked for, then made."""
    control = "deferred begin" if locate(migrated_url).is_sqlite else "threads without conflict"
    outcome = race(migrated_url, hive, Campaign("confirms", 5, SEED, control, processes=8))
    assert CONTROLS[control] in outcome.verdict.faults


def test_everything_at_once_leaves_everything_whole(migrated_url: str, hive: Hive) -> None:
    outcome = race(migrated_url, hive, Campaign("mixed", 5, SEED))
    assert outcome.verdict.faults == {}, outcome.verdict


@by_chance
@pytest.mark.postgres
def test_a_server_that_fails_loses_nothing_it_acknowledged(
    crashing: PostgresServer, hive: Hive
) -> None:
    outcome = race(stormy(crashing), hive, Campaign("mixed", 10, SEED, processes=8), crashing)
    assert outcome.verdict.faults == {}, outcome.verdict
    assert outcome.storm is not None
    assert outcome.storm.terminated > 0
    assert outcome.storm.crashes > 0
    assert outcome.swarm.repeats > 0


@by_chance
@pytest.mark.postgres
def test_a_commit_acknowledged_before_it_is_written_is_found(
    crashing: PostgresServer, hive: Hive
) -> None:
    """Negative control: PostgreSQL's own way to be faster than safe."""
    with without_waiting(crashing):
        campaign = Campaign("mixed", 8, SEED, ALWAYS, processes=8)
        assert "lost" in race(stormy(crashing), hive, campaign, crashing).verdict.faults


@by_chance
def test_a_commit_that_nobody_looks_at_is_found(migrated_sqlite: str, hive: Hive) -> None:
    """Negative control: of what was acknowledged a tenth was rolled back."""
    outcome = race(migrated_sqlite, hive, Campaign("mixed", 12, SEED, "commits unseen", 4))
    assert "lost" in outcome.verdict.faults


@by_chance
@pytest.mark.postgres
def test_a_number_taken_without_a_lock_is_assigned_to_two(
    crashing: PostgresServer, hive: Hive
) -> None:
    """Negative control, on PostgreSQL: SQLite has one writer at a time whatever is left out."""
    outcome = race(stormy(crashing), hive, Campaign("mixed", 2, SEED, "no row locks"))
    assert "shared" in outcome.verdict.faults


def test_a_route_that_is_remembered_speaks_from_quarantine(
    migrated_sqlite: str, hive: Hive
) -> None:
    """Negative control: what was decided before is not asked again at the claim.

    One process, whose seed 4 quarantines the number of somebody it texts again.
    """
    outcome = race(migrated_sqlite, hive, Campaign("mixed", 60, 4, "routes remembered", 1))
    assert "spoke" in outcome.verdict.faults
