"""Phones ring at full load, requests are cut, the server is killed: short ones of
tests.campaigns.calling."""

from tests.campaigns.calling import run_calling

SEED = 11


def test_each_call_is_stored_once_and_none_rings_without_a_row(migrated_url: str) -> None:
    verdict = run_calling(migrated_url, rate=60, seconds=3, kills=1, seed=SEED)
    assert verdict.is_passed, str(verdict)
    assert verdict.kills == 1
    assert set(verdict.answers) <= {"200", "204", "503", "gone"}
    assert verdict.answers["204"] >= 180
    assert verdict.cut > 100


def test_a_ring_before_the_commit_is_found(migrated_sqlite: str) -> None:
    verdict = run_calling(migrated_sqlite, rate=60, seconds=4, kills=4, seed=SEED, control=True)
    assert verdict.lost, str(verdict)
