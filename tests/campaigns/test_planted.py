"""The planted bugs fit the code as it is; `make campaigns` plants them."""

import pytest

from tests import ROOT
from tests.campaigns.bugs import BUGS, Bug
from tests.campaigns.planted import planted


def test_there_are_enough_of_them_and_each_has_a_name_of_its_own() -> None:
    assert len({bug.name for bug in BUGS}) == len(BUGS) >= 60


@pytest.mark.parametrize("bug", BUGS, ids=[bug.name for bug in BUGS])
def test_a_bug_has_exactly_one_place(bug: Bug) -> None:
    text = (ROOT / "petmsg" / bug.file).read_text("utf-8")
    compile(planted(text, bug), bug.file, "exec")
    for test in bug.tests.split():
        file, _, name = test.partition("::")
        assert (ROOT / file).exists()
        assert not name or f"def {name}(" in (ROOT / file).read_text("utf-8")
