"""petmsg version"""

import platform
import tomllib
from pathlib import Path

import pytest

from petmsg import __version__
from petmsg.cli.installation import EXTRAS, installed
from tests.support.fixtures import run_cli

PYPROJECT = Path(__file__).parents[3] / "pyproject.toml"


def test_it_says_what_runs() -> None:
    found = run_cli(None, "version", "-o", "json").json
    assert (found["petmsg"], found["python"]) == (__version__, platform.python_version())
    assert set(found["extras"]) | set(found["missing_extras"]) == set(EXTRAS)
    assert "postgres" in found["extras"]


def test_the_extras_are_those_of_the_package() -> None:
    declared = tomllib.loads(PYPROJECT.read_text())["project"]["optional-dependencies"]
    assert set(declared) - {"all"} == set(EXTRAS)


def test_an_extra_without_its_modules_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("petmsg.cli.installation.EXTRAS", {"s3": ("fsspec_of_nobody",), "web": ()})
    found = installed()
    assert (found.extras, found.missing_extras) == (["web"], ["s3"])
