"""No picture is lost, sent twice or left behind: short ones of tests.campaigns.pictures.

`make campaigns` has thousands of kills. The seed is fixed; `PETMSG_SEED` gives other chances.
"""

import os
from pathlib import Path

import pytest

from tests.campaigns.pictures import Campaign, Outcome, run

SEED = int(os.environ.get("PETMSG_SEED") or 11)
KILLS = {"sqlite": 50, "postgresql": 30}
FEW_KILLS = 15
KINDS = 4
"""Of nine: which ones is chance, with so few kills."""

pytestmark = pytest.mark.slow


def campaign(url: str, folder: Path, kills: int, control: str | None = None) -> Outcome:
    print(f"PETMSG_SEED={SEED}")
    outcome = run(url, Campaign(kills, SEED, control), folder)
    print(
        f"{outcome}\n{outcome.storm}\n{outcome.seconds}\n{outcome.mended}\n{outcome.said[-5000:]}"
    )
    return outcome


def test_kills_lose_no_picture_repeat_none_and_leave_none_behind(
    database_url: str, tmp_path: Path
) -> None:
    kills = KILLS[database_url.partition(":")[0].partition("+")[0]]
    outcome = campaign(database_url, tmp_path, kills)
    assert outcome.verdict.faults == {}, outcome.verdict
    # A row has its bytes at every moment, whatever was killed; only files may be too many.
    assert outcome.bare_at_once == []
    assert "Traceback" not in outcome.said
    # 6: an outcome was unknown on the way; 75: the provider asked to wait.
    assert set(outcome.codes) <= {0, 6, 75}
    # It was worth it: several kinds of commands were killed, and a file was left to delete.
    assert outcome.storm.kills >= kills
    assert len(outcome.storm.killed) >= KINDS, outcome.storm.killed
    assert "petmsg media prune" in outcome.mended


def test_a_row_before_its_bytes_would_be_noticed(sqlite_url: str, tmp_path: Path) -> None:
    """Negative control: who is killed between the commit and the file leaves a row without it."""
    outcome = campaign(sqlite_url, tmp_path, FEW_KILLS, "row-before-bytes")
    assert outcome.bare_at_once or outcome.verdict.bare  # repeating a command may store them later


def test_bytes_that_stay_would_be_noticed(sqlite_url: str, tmp_path: Path) -> None:
    """Negative control: the bytes of a client who was erased, and of killed commands."""
    outcome = campaign(sqlite_url, tmp_path, FEW_KILLS, "bytes-stay")
    assert outcome.verdict.orphaned
    assert not outcome.bare_at_once
