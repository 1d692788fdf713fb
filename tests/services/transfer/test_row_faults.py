"""A row is refused once, with all of its faults."""

import pytest

from petmsg.errors import MalformedPhone, MalformedRow, OutOfRange, PhoneTaken
from petmsg.phone import parse_phone
from petmsg.services.transfer.row_faults import Faults, RowFaults


def test_a_single_fault_stays_what_it_is() -> None:
    faults = Faults()
    assert faults.collect(parse_phone, "+14155550101") == "+14155550101"
    faults.require_none()
    assert not faults
    assert faults.collect(parse_phone, "none") is None
    assert faults
    with pytest.raises(MalformedPhone, match="Invalid phone number 'none'"):
        faults.require_none()


def test_several_faults_are_one_error_with_the_words_and_hints_of_all() -> None:
    faults = Faults([OutOfRange("Invalid kind 'x'.", hint="Use one_time.")])
    faults.add(MalformedRow("The name is missing.", hint="A new row needs it."))
    faults.add(MalformedRow("The phone is missing.", hint="A new row needs it."))
    error = faults.as_error()
    assert isinstance(error, RowFaults)
    assert error.message == "Invalid kind 'x'; The name is missing; The phone is missing."
    assert error.hint == "Use one_time. A new row needs it."
    assert [each.code for each in error.faults] == ["out_of_range"] + ["malformed_row"] * 2
    assert (error.code, error.exit_code) == ("invalid_row", 2)


def test_a_fault_is_told_once_also_if_it_was_collected_twice() -> None:
    faults = Faults([MalformedRow("The name is missing.")])
    faults.add(RowFaults([MalformedRow("The name is missing."), PhoneTaken("It is taken.")]))
    error = faults.as_error()
    assert isinstance(error, RowFaults)
    assert [type(each) for each in error.faults] == [MalformedRow, PhoneTaken]
    assert error.exit_code == 4


def test_a_fault_that_the_reader_of_the_file_found_twice_is_told_once() -> None:
    problem = MalformedRow("Invalid date '11/31/2026'.", hint="Write it as 2026-02-14.")
    error = Faults([problem, MalformedRow("Invalid date '11/31/2026'.")]).as_error()
    assert error is problem


def test_a_hint_that_is_a_command_is_set_apart_from_the_next() -> None:
    faults = [
        MalformedRow("There is no client 'Bo'.", hint="List them: petmsg client list"),
        MalformedRow("There is no sitter 'Mya'.", hint="Did you mean Maya?"),
    ]
    assert RowFaults(faults).hint == "List them: petmsg client list; Did you mean Maya?"
