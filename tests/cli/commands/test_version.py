"""petmsg version"""

import platform

from petmsg import __version__
from petmsg.cli.installation import EXTRAS, declared_extras, installed
from tests.support.fixtures import run_cli


def test_it_says_what_runs() -> None:
    found = run_cli(None, "version", "-o", "json").json
    assert (found["petmsg"], found["python"]) == (__version__, platform.python_version())
    assert set(found["extras"]) | set(found["missing_extras"]) == set(EXTRAS)
    assert "postgres" in found["extras"]


def test_the_extras_are_those_of_the_package() -> None:
    assert declared_extras() == set(EXTRAS)


def test_an_extra_without_its_modules_is_missing() -> None:
    assert "s3" in installed().missing_extras
