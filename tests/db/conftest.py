"""What the tests of this folder start from."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from petmsg.db.location import locate
from tests.support.bad_databases import fill


@pytest.fixture(scope="module")
def filled_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("good") / "petmsg.db"
    fill(locate(str(path)).url)
    return path


@pytest.fixture
def good(filled_once: Path, tmp_path: Path) -> Path:
    """A database file with a bit of everything."""
    path = tmp_path / "petmsg.db"
    shutil.copy(filled_once, path)
    return path


@pytest.fixture
def filled_postgres(postgres_template: Callable[[str, Callable[[str], None]], str]) -> str:
    return postgres_template("filled", fill)
