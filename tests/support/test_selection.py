"""Each test that the selection names exists: a test that was renamed would become a fast one."""

import ast
from functools import cache
from pathlib import Path

from tests import ROOT
from tests.support import selection

NAMED = (
    *selection.SLOW,
    *selection.FAST,
    *selection.SLOW_ON_POSTGRESQL,
    *selection.KEPT_ON_POSTGRESQL,
    *selection.COMMANDS_ON_POSTGRESQL,
)


def is_there(place: str) -> bool:
    """Whether there is a file or a folder, and in it a test that begins like this."""
    name, _, test = place.partition("::")
    path, begin = ROOT / name, test.partition("[")[0]
    if not path.exists():
        return False
    return not begin or any(each.startswith(begin) for each in functions_of(path))


@cache
def functions_of(path: Path) -> list[str]:
    """The functions of a file."""
    nodes = ast.walk(ast.parse(path.read_text("utf-8")))
    return [node.name for node in nodes if isinstance(node, ast.FunctionDef)]


def test_what_is_named_exists() -> None:
    assert [place for place in NAMED if not is_there(place)] == []


def test_what_was_renamed_is_noticed() -> None:
    assert not is_there("tests/support/test_selection.py::test_of_old")
    assert not is_there("tests/support/of_old.py")
    assert is_there("tests/support/test_selection.py::test_what_is")
