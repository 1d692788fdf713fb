"""Full load, deliveries repeated, the server killed: short ones of tests.campaigns.receiving."""

from tests.campaigns.receiving import plan, run_receiving

SEED = 11


def test_what_was_answered_is_stored_and_nothing_twice(migrated_url: str) -> None:
    verdict = run_receiving(migrated_url, rate=250, seconds=2, kills=1, seed=SEED)
    assert verdict.is_passed, str(verdict)
    assert verdict.kills == 1
    assert set(verdict.answers) <= {"200", "503", "gone"}
    assert verdict.answers["200"] > 200


def test_an_answer_before_the_commit_is_found(migrated_sqlite: str) -> None:
    verdict = run_receiving(migrated_sqlite, rate=250, seconds=4, kills=4, seed=SEED, control=True)
    assert verdict.lost, str(verdict)


def test_the_ids_of_each_seed_are_those_of_a_provider() -> None:
    for seed in (0, 65_536, 999_999):
        assert {len(each.sid) for each in plan(50, 1, seed)} == {34}
