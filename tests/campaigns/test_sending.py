"""Nothing is lost and nothing repeated: 300 kills and some hundred faults in every run.

`make campaigns` has ten thousand. The seed is printed; `PETMSG_SEED` repeats its
chances.
"""

import os
import random
from pathlib import Path

import pytest

from tests.campaigns.sending import Campaign, Outcome, run

SEED = int(os.environ.get("PETMSG_SEED") or random.randrange(10**6))
KILLS = {"sqlite": 200, "postgresql": 100}
FEW_KILLS = 20

pytestmark = pytest.mark.slow


def campaign(url: str, folder: Path, kills: int, control: str | None = None) -> Outcome:
    print(f"PETMSG_SEED={SEED}")
    outcome = run(url, Campaign(kills, SEED, control), folder)
    print(f"{outcome}\n{dict(outcome.events)}\n{outcome.said[-5000:]}")
    return outcome


def test_kills_and_faults_lose_nothing_and_repeat_nothing(
    database_url: str, tmp_path: Path
) -> None:
    kills = KILLS[database_url.partition(":")[0].partition("+")[0]]
    outcome = campaign(database_url, tmp_path, kills)
    assert outcome.verdict.faults == {}, outcome.verdict
    assert "Traceback" not in outcome.said
    # Workers end by a kill or, asked to, in order; 6 says that an outcome was unknown on the way.
    assert outcome.storm.exits == {}
    assert set(outcome.codes) <= {0, 6}
    # It was worth it: messages were cut off by a kill and by a fault, and found or sent again.
    assert outcome.storm.kills == kills
    for event in (
        "outcome_unknown the sending process died",
        "outcome_unknown",
        "sent found at the provider",
        "requeued the provider does not have it",
    ):
        assert outcome.events.get(event, 0) > 0, event


def test_without_looking_first_texts_go_out_twice(sqlite_url: str, tmp_path: Path) -> None:
    """Negative control: what job queues do when a lease ends."""
    outcome = campaign(sqlite_url, tmp_path, FEW_KILLS, "blind-requeue")
    assert outcome.verdict.twice
    assert not outcome.verdict.lost


def test_without_sending_again_texts_are_lost(sqlite_url: str, tmp_path: Path) -> None:
    """Negative control: what is marked first and then not sent stays unsent."""
    outcome = campaign(sqlite_url, tmp_path, FEW_KILLS, "mark-then-drop")
    assert outcome.verdict.lost
    assert not outcome.verdict.twice
