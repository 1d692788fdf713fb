"""A company lives for some days, and whatever would go wrong in a year is noticed: short ones of
tests.campaigns.soak.

`make campaigns` has a year on each database. The seed is fixed; `PETMSG_SEED` gives other chances.
"""

import os
from pathlib import Path

import pytest

from tests.campaigns.soak import Campaign, Outcome, run

SEED = int(os.environ.get("PETMSG_SEED") or 11)
LEAKING_DAYS = 6
"""A process is warm after two of them, and what grows must rise in the others."""

pytestmark = pytest.mark.slow


def soak(url: str, folder: Path, campaign: Campaign) -> Outcome:
    print(f"PETMSG_SEED={SEED}")
    outcome = run(url, campaign, folder)
    print(
        f"{outcome}\n{outcome.codes}\n{outcome.samples}\n{outcome.spaces}\n{outcome.said[-5000:]}"
    )
    return outcome


def test_days_with_a_kill_each_leave_nothing_undone(database_url: str, tmp_path: Path) -> None:
    outcome = soak(database_url, tmp_path, Campaign(days=4, seed=SEED, calm=1))
    assert outcome.verdict.faults == {}, outcome.verdict
    # It was worth it: a process was killed each day, and everybody wrote.
    assert outcome.kills.total() == 3
    assert outcome.counts["messages sent"] > 60
    assert outcome.counts["webhooks of messages"] > 30
    assert outcome.counts["notes"] > 10
    assert len(outcome.samples) == 12


@pytest.mark.parametrize(
    ("control", "days", "fault"),
    [
        ("sent-twice", 1, "twice"),
        ("alert-not-sent", 1, "not_told"),
        ("alert-not-raised", 2, "not_alerted"),
        ("webhook-lost", 1, "not_stored"),
    ],
)
def test_what_goes_wrong_would_be_noticed(
    sqlite_url: str, tmp_path: Path, control: str, days: int, fault: str
) -> None:
    """Negative controls: what is done twice, not told, or lost."""
    outcome = soak(sqlite_url, tmp_path, Campaign(days, SEED, control, calm=days))
    assert fault in outcome.verdict.faults, outcome.verdict


def test_what_leaks_would_be_noticed(sqlite_url: str, tmp_path: Path) -> None:
    """Negative control: a file that is not closed each day, and memory kept for each message."""
    outcome = soak(sqlite_url, tmp_path, Campaign(LEAKING_DAYS, SEED, "leaks", LEAKING_DAYS))
    grown = " ".join(outcome.verdict.grown)
    assert "memory" in grown, outcome.verdict
    assert "open files" in grown, outcome.verdict
    assert set(outcome.verdict.faults) == {"grown"}, outcome.verdict
