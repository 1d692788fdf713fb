"""Rows of `booking reassign --file`: what a row must name. tests/cli/flows/test_reassign.py runs
whole files."""

import pytest

from petmsg.errors import MalformedRow
from petmsg.services.bookings.reassign_rows import booking_and_sitter
from petmsg.services.transfer.row_files import BatchRow


def test_a_row_names_a_booking_and_a_sitter() -> None:
    assert booking_and_sitter(BatchRow(2, {"ref": "B-1", "sitter": "S-2"})) == ("B-1", "S-2")


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ({"ref": "", "sitter": "S-2"}, "The ref is missing."),
        ({"ref": "B-1", "sitter": ""}, "The sitter is missing."),
        ({"ref": "B-1", "sitter": None}, "The sitter is missing."),
    ],
)
def test_an_empty_cell_is_refused(cells: dict[str, str | None], message: str) -> None:
    with pytest.raises(MalformedRow) as caught:
        booking_and_sitter(BatchRow(2, cells))
    assert caught.value.message == message


def test_a_row_that_cannot_be_read_is_refused_with_its_problem() -> None:
    problem = MalformedRow("Line 2 is not CSV.")
    with pytest.raises(MalformedRow) as caught:
        booking_and_sitter(BatchRow(2, {}, problem))
    assert caught.value is problem
