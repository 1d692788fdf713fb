"""Some thousand random rows of CSV in CI; the rest in `make campaigns`."""

import random
from pathlib import Path

from tests.campaigns.fuzzing import (
    committing_anyway,
    company,
    fuzz_lines,
    fuzz_rows,
    losing_a_phone,
)
from tests.support.consistency import problems

ROWS = 4_000
MADE = ("plain", "fuzzed", "sample", "calendar", "messages")
"""Files of these kinds add rows."""


def test_random_rows_are_made_or_refused_whole(tmp_path: Path) -> None:
    url = company(tmp_path)
    verdict = fuzz_rows(url, ROWS, random.Random(7), tmp_path)
    assert verdict.faults == []
    assert {0, 2, 4} & set(verdict.codes) >= {2, 4}
    assert verdict.made.total() > ROWS / 25
    assert set(verdict.made) == {*MADE, "plain"} | {"handed over", "reassigned", "confirmed"}
    assert {kind for kind in MADE if verdict.made[kind] == 0} == set()
    assert problems(url) == []


def test_half_a_row_is_found(tmp_path: Path) -> None:
    url = company(tmp_path)
    with losing_a_phone():
        verdict = fuzz_rows(url, ROWS, random.Random(7), tmp_path)
    assert verdict.faults or problems(url)


def test_a_refused_line_that_keeps_what_it_did_is_found(tmp_path: Path) -> None:
    """The lines themselves run in tests/system/test_random_input.py."""
    url = company(tmp_path)
    # Refused by the last thing that is looked at, with the client already there.
    lines = [["client", "add", "Dora", "--phone", "+14155550103", "--ref", "C-9"]]
    assert fuzz_lines(url, lines, tmp_path).faults == []
    with committing_anyway():
        faults = fuzz_lines(url, lines, tmp_path).faults
    assert [each for each in faults if "was refused and changed something" in each]
