"""The table of Twilio's codes holds what the facts say of them."""

from datetime import date

import pytest

from petmsg.providers.base import RejectionClass
from petmsg.providers.error_codes import OutcomeCertainty
from petmsg.providers.twilio_errors import ERROR_CODES, look_up, look_up_status

CLASSES = {
    RejectionClass.ACCOUNT: {20003, 21660, 30002, 30037},
    RejectionClass.REGISTRATION: {30024, 30032, 30033, 30034, 30035, 30125},
    RejectionClass.RECIPIENT: {21211, 21614, 21635, 30005, 30006},
    RejectionClass.SENDER: {21212, 21606, 21659, 21661},
    RejectionClass.SETTING: {21408, 21608},
    RejectionClass.CONFIGURATION: {21609, 21620, 21701, 21704, 21705},
    RejectionClass.OPTED_OUT: {21610, 30630},
    RejectionClass.CONTENT: {21617},
    RejectionClass.UNREACHABLE: {30003},
    RejectionClass.BLOCKED: {30004},
    RejectionClass.FILTERED: {30007},
    RejectionClass.UNEXPLAINED: {30008},
    RejectionClass.DAILY_CAP: {30023, 30027},
    RejectionClass.QUIET_HOURS: {30610, 30615},
    RejectionClass.LOOP: {14107},
    RejectionClass.OTHER: {21612},
}


@pytest.mark.parametrize("rejection_class", RejectionClass)
def test_each_class_has_the_codes_of_the_facts(rejection_class: RejectionClass) -> None:
    for code in CLASSES[rejection_class]:
        assert look_up(code).certainty is OutcomeCertainty.REFUSED
        assert look_up(code).rejection_class is rejection_class


@pytest.mark.parametrize("rejection_class", RejectionClass)
def test_a_report_says_the_same_of_a_refusal(rejection_class: RejectionClass) -> None:
    for code in CLASSES[rejection_class]:
        assert look_up(code).in_report is rejection_class


@pytest.mark.parametrize("code", [20429, 21611, 21730, 30001, 30017, 30022])
def test_congestion_in_a_report_lost_the_text_and_is_worth_one_delayed_try(code: int) -> None:
    assert look_up(code).in_report is RejectionClass.UNEXPLAINED


@pytest.mark.parametrize("code", [20500, 20503, 29999])
def test_what_nobody_expects_in_a_report_is_not_tried_again(code: int) -> None:
    assert look_up(code).in_report is RejectionClass.OTHER


@pytest.mark.parametrize(
    ("statuses", "certainty", "rejection_class"),
    [
        ({429}, OutcomeCertainty.NOT_PROCESSED, RejectionClass.OTHER),
        ({401, 403, 404, 407}, OutcomeCertainty.REFUSED, RejectionClass.ACCOUNT),
        ({400, 405, 413, 422, 451}, OutcomeCertainty.REFUSED, RejectionClass.OTHER),
        ({200, 204, 301, 307, 408, 500, 502, 503, 504, 599}, OutcomeCertainty.UNKNOWN, None),
    ],
)
def test_a_status_without_a_code_has_a_meaning_too(
    statuses: set[int], certainty: OutcomeCertainty, rejection_class: RejectionClass | None
) -> None:
    for status in statuses:
        row = look_up_status(status)
        assert (row.code, row.certainty) == (str(status), certainty)
        assert rejection_class in (None, row.rejection_class)
        assert row.meaning.endswith(".")


def test_only_throttling_and_congestion_say_that_nothing_was_processed() -> None:
    certain = {
        int(c) for c, row in ERROR_CODES.items() if row.certainty is OutcomeCertainty.NOT_PROCESSED
    }
    assert certain == {20429, 21611, 21730, 30001, 30017, 30022}


def test_twilios_own_failures_leave_the_outcome_unknown() -> None:
    unknown = {
        int(c) for c, row in ERROR_CODES.items() if row.certainty is OutcomeCertainty.UNKNOWN
    }
    assert unknown == {20500, 20503, 20504}


def test_a_code_without_a_row_is_a_refusal_that_nothing_reacts_to() -> None:
    row = look_up(29999)
    assert (row.code, row.certainty, row.rejection_class) == (
        "29999",
        OutcomeCertainty.REFUSED,
        RejectionClass.OTHER,
    )


def test_every_row_says_what_it_means_and_where_that_stands() -> None:
    for code, row in ERROR_CODES.items():
        assert row.code == code
        assert row.meaning.endswith(".")
        assert row.source.startswith("https://www.twilio.com/")
        assert date(2008, 1, 1) < row.dated <= date(2026, 12, 31)


def test_what_a_person_must_do_is_said_where_something_can_be_done() -> None:
    """Registrations name what to register and where."""
    for code, row in ERROR_CODES.items():
        needs = row.rejection_class in (
            RejectionClass.ACCOUNT,
            RejectionClass.REGISTRATION,
            RejectionClass.CONFIGURATION,
            RejectionClass.SETTING,
        )
        assert bool(row.to_do) == needs, code
    assert "Register a brand and a campaign" in look_up(30034).to_do
    assert "Regulatory Compliance" in look_up(30034).to_do
    assert "toll-free verification" in look_up(30032).to_do


def test_the_codes_of_messaging_are_complete() -> None:
    """Those of the products Programmable Messaging and Programmable SMS in Twilio's list, as far as
    they are about messages (without redaction, links, schedules and other channels)."""
    documented = (
        {14107, 14109, 21265, 21266, 21267, 21268, 21408, 21603, 21605, 21606, 21610, 21611, 21612}
        | {21614, 21617, 21619, 21624, 21627, 21635, 21652, 21654, 21655, 21656, 21657, 21658}
        | {21659, 21660, 21661, 21701, 21703, 21704, 21705, 21708, 21709, 21710, 21711, 21712}
        | {*range(30001, 30012), *range(30017, 30048), 30410, 30450, 30453, 30454, 30485, 30500}
        | {30610, 30615, 30620, 30630, 572002, 572005, 572006}
    ) - {30045}
    assert documented - {int(code) for code in ERROR_CODES} == set()
