"""What the tests of this folder start from."""

import shutil
from pathlib import Path

import pytest

from tests.support import everything


@pytest.fixture(scope="module")
def company(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("tables") / "petmsg.db"
    shutil.copy(_sqlite_template, path)
    path.chmod(0o600)
    url = f"sqlite:///{path}"
    everything.fill(url)
    return url
