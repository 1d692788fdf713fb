"""A company lives for some days, and whatever would go wrong in a year is noticed: short ones of
tests.campaigns.soak.

`make campaigns` has a year on each database. The seed is fixed; `PETMSG_SEED` gives other chances.
"""

import os
from datetime import timedelta
from pathlib import Path

import pytest

from petmsg.enums.alerts import AlertKind
from tests.campaigns.soak import Campaign, Outcome, run
from tests.campaigns.soak_verdict import Verdict, judge_notes
from tests.support.channels import add_alerts
from tests.support.consistency import raw
from tests.support.fixtures import NOW, add_org

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


def test_a_waiting_client_of_whom_nobody_was_told_is_found(migrated_url: str) -> None:
    """But not where the desk answered at once: it may be quicker than the note."""
    add_org(migrated_url)
    add_alerts(migrated_url, 3, kind=AlertKind.CLIENT_WAITING)
    with raw(migrated_url) as cursor:
        for number, seconds in ((1, 20), (2, 3600)):
            done = NOW + timedelta(seconds=seconds)
            cursor.run("UPDATE alert SET done_at = :done WHERE id = :id", done=done, id=number)
    verdict = Verdict()
    judge_notes(verdict, migrated_url, [], repeats=0)
    assert [each.partition(" was")[0] for each in verdict.not_told] == ["alert 2", "alert 3"]
