"""A few backups under two writers in CI; two hundred in `make campaigns`."""

from pathlib import Path

import pytest

from tests.campaigns.backups import by_copying, pictures_first, run

pytestmark = pytest.mark.slow


def test_a_backup_under_two_writers_is_whole_and_not_behind(tmp_path: Path) -> None:
    verdict = run(tmp_path, 12)
    assert verdict.faults == []
    assert verdict.written > 2


def test_a_copied_file_is_found(tmp_path: Path) -> None:
    assert run(tmp_path, 12, by_copying).faults != []


def test_pictures_that_are_copied_before_the_database_are_found(tmp_path: Path) -> None:
    faults = run(tmp_path, 2, pictures_first).faults
    assert any("no bytes of" in each for each in faults)
