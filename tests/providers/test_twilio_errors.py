"""The table of Twilio's codes holds what the facts say of them."""

from datetime import date

import pytest

from petmsg.providers.base import RejectionClass
from petmsg.providers.twilio_errors import ERROR_CODES, Certainty, look_up

CLASSES = {
    RejectionClass.ACCOUNT: {20003, 30002, 30033},
    RejectionClass.RECIPIENT: {21211, 21614, 21635, 30005, 30006},
    RejectionClass.SENDER: {21212, 21606, 21659, 21660, 30034, 30035},
    RejectionClass.SETTING: {21408, 21608},
    RejectionClass.OPTED_OUT: {21610},
    RejectionClass.CONTENT: {21617, 30007},
    RejectionClass.OTHER: {30003, 30004, 30008, 30023, 30027, 30610, 30615},
}


@pytest.mark.parametrize("rejection_class", RejectionClass)
def test_each_class_has_the_codes_of_the_facts(rejection_class: RejectionClass) -> None:
    for code in CLASSES[rejection_class]:
        assert look_up(code).certainty is Certainty.REFUSED
        assert look_up(code).rejection_class is rejection_class


def test_only_throttling_and_congestion_say_that_nothing_was_processed() -> None:
    certain = {c for c, row in ERROR_CODES.items() if row.certainty is Certainty.NOT_PROCESSED}
    assert certain == {20429, 21611, 30001, 30017, 30022}


def test_twilios_own_failures_leave_the_outcome_unknown() -> None:
    unknown = {c for c, row in ERROR_CODES.items() if row.certainty is Certainty.UNKNOWN}
    assert unknown == {20500, 20503}


def test_a_code_without_a_row_is_a_refusal_that_nothing_reacts_to() -> None:
    row = look_up(29999)
    assert (row.code, row.certainty, row.rejection_class) == (
        29999,
        Certainty.REFUSED,
        RejectionClass.OTHER,
    )


def test_every_row_says_what_it_means_and_where_that_stands() -> None:
    for code, row in ERROR_CODES.items():
        assert row.code == code
        assert row.meaning.endswith(".")
        assert row.source.startswith("https://www.twilio.com/")
        assert date(2008, 1, 1) < row.dated <= date(2026, 12, 31)
