"""Rule 1: inside an active window a message is sent from the sitter's number."""

import pytest

from petmsg.enums.numbers import NumberClass
from petmsg.enums.routing import Code, Outcome, Rule
from petmsg.rules.routing import WindowFact, decide
from tests.rules.routing.builders import (
    HOUR,
    TICK,
    T,
    codes,
    e164,
    facts,
    number_of,
    quarantined,
    retired,
    sitter_number,
    window,
    window_of_jo,
)


def test_inside_a_window_the_sitters_number_speaks() -> None:
    decision = decide(facts(windows=(window(),)), T)
    assert decision.outcome is Outcome.ROUTED
    assert decision.rule is Rule.ACTIVE_WINDOW
    assert decision.number is not None
    assert decision.number.e164 == e164(2)
    assert decision.number.number_class is NumberClass.SITTER
    assert decision.number.sitter == "S-1"
    assert codes(decision) == [Code.WINDOW_ACTIVE]


def test_a_window_is_open_at_its_opening_instant() -> None:
    assert codes(decide(facts(windows=(window(starts_at=T),)), T)) == [Code.WINDOW_ACTIVE]


def test_a_window_is_not_open_a_microsecond_earlier() -> None:
    decision = decide(facts(windows=(window(starts_at=T),)), T - TICK)
    assert codes(decision)[0] is Code.NO_ACTIVE_WINDOW


def test_a_window_is_closed_at_its_closing_instant() -> None:
    decision = decide(facts(windows=(window(ends_at=T),)), T)
    assert codes(decision)[0] is Code.NO_ACTIVE_WINDOW
    assert decision.window is None


def test_a_window_is_still_open_a_microsecond_before_it_closes() -> None:
    assert codes(decide(facts(windows=(window(ends_at=T),)), T - TICK)) == [Code.WINDOW_ACTIVE]


def test_the_grace_time_belongs_to_the_window() -> None:
    in_grace = window(booked_until=T - TICK)
    assert number_of(decide(facts(windows=(in_grace,)), T)) == e164(2)


def test_back_to_back_windows_hand_over_without_a_gap() -> None:
    first = window(booked_until=T, ends_at=T)
    second = window_of_jo(starts_at=T)
    both = facts(windows=(first, second))
    assert number_of(decide(both, T - TICK)) == e164(2)
    assert number_of(decide(both, T)) == e164(3)
    assert decide(both, T).warnings == ()


def test_booked_time_beats_grace_time_although_it_began_earlier() -> None:
    booked = window(starts_at=T - 2 * HOUR)
    in_grace = window_of_jo(starts_at=T - HOUR, booked_until=T)
    assert number_of(decide(facts(windows=(in_grace, booked)), T)) == e164(2)


def test_booked_time_is_over_at_its_last_instant() -> None:
    just_over = window_of_jo(booked_until=T)
    assert number_of(decide(facts(windows=(window(), just_over)), T)) == e164(2)
    assert number_of(decide(facts(windows=(window(), just_over)), T - TICK)) == e164(3)


def test_of_two_booked_windows_the_one_that_began_last_speaks() -> None:
    early = window_of_jo(starts_at=T - 2 * HOUR)
    assert number_of(decide(facts(windows=(early, window())), T)) == e164(2)


def test_of_two_grace_times_the_one_that_began_last_speaks() -> None:
    early = window_of_jo(starts_at=T - 3 * HOUR, booked_until=T - TICK)
    late = window(starts_at=T - 2 * HOUR, booked_until=T - HOUR)
    assert number_of(decide(facts(windows=(early, late)), T)) == e164(2)


def test_lead_time_belongs_to_the_window() -> None:
    in_lead = window(starts_at=T, booked_from=T + TICK)
    assert number_of(decide(facts(windows=(in_lead,)), T)) == e164(2)


def test_booked_time_beats_lead_time() -> None:
    booked = window(starts_at=T - 3 * HOUR)
    in_lead = window_of_jo(starts_at=T - HOUR, booked_from=T + TICK)
    both = facts(windows=(in_lead, booked))
    assert number_of(decide(both, T)) == e164(2)
    assert number_of(decide(both, T + TICK)) == e164(3)


def test_grace_beats_lead_time() -> None:
    in_grace = window(starts_at=T - 3 * HOUR, booked_until=T - HOUR, ends_at=T + TICK)
    in_lead = window_of_jo(starts_at=T - TICK, booked_from=T + HOUR, booked_until=T + 2 * HOUR)
    both = facts(windows=(in_lead, in_grace))
    assert number_of(decide(both, T)) == e164(2)
    assert number_of(decide(both, T + TICK)) == e164(3)


def test_of_two_lead_times_the_one_booked_later_speaks() -> None:
    soon = window(starts_at=T - TICK, booked_from=T + HOUR / 2)
    later = window_of_jo(starts_at=T - HOUR, booked_from=T + HOUR, booked_until=T + 2 * HOUR)
    assert number_of(decide(facts(windows=(soon, later)), T)) == e164(3)


def test_of_two_booked_windows_the_one_booked_later_speaks_whatever_its_lead() -> None:
    late = window(starts_at=T - 3 * HOUR, booked_from=T - HOUR)
    early = window_of_jo(starts_at=T - 2 * HOUR)
    assert number_of(decide(facts(windows=(early, late)), T)) == e164(2)


@pytest.mark.parametrize("turned", [False, True])
def test_of_two_that_began_together_the_higher_booking_id_speaks(turned: bool) -> None:
    windows = (window(booking_id=9, booking="B-9"), window_of_jo(booking_id=10, booking="B-10"))
    decision = decide(facts(windows=windows[::-1] if turned else windows), T)
    assert number_of(decision) == e164(3)
    assert decision.window is not None
    assert decision.window.booking == "B-10"


def test_overlapping_windows_of_different_sitters_are_a_warning() -> None:
    decision = decide(facts(windows=(window(), window_of_jo())), T)
    (warning,) = decision.warnings
    assert warning == "Overlapping windows with different sitters: B-2 (Jo Park), B-1 (Maya Lee)"


def test_a_window_without_sitter_over_one_with_a_sitter_is_a_warning() -> None:
    nobodys = window_of_jo(sitter=None, sitter_name=None, sitter_active=False, number=None)
    (warning,) = decide(facts(windows=(window(), nobodys)), T).warnings
    assert "B-2 (no sitter)" in warning


def test_overlapping_windows_of_one_sitter_are_no_warning() -> None:
    again = window(booking_id=2, booking="B-2", starts_at=T)
    assert decide(facts(windows=(window(), again)), T).warnings == ()


def test_windows_that_overlap_at_another_time_are_no_warning() -> None:
    gone = window_of_jo(booked_until=T, ends_at=T)
    assert decide(facts(windows=(window(), gone)), T).warnings == ()


def test_remarks_about_the_facts_become_warnings() -> None:
    remark = "The org's grace_minutes changed after this time."
    assert decide(facts(notes=(remark,)), T).warnings == (remark,)
    both = decide(facts(notes=(remark,), windows=(window(), window_of_jo())), T)
    assert len(both.warnings) == 2
    assert remark in both.warnings


_FAILING = {
    Code.WINDOW_WITHOUT_SITTER: window(
        sitter=None, sitter_name=None, sitter_active=False, number=None
    ),
    Code.SITTER_NOT_ACTIVE: window(sitter_active=False),
    Code.SITTER_WITHOUT_NUMBER: window(number=None),
    Code.SITTER_NUMBER_QUARANTINED: window(number=quarantined(sitter_number())),
    Code.SITTER_NUMBER_RETIRED: window(number=retired(sitter_number())),
}
_REASONS = {
    Code.WINDOW_WITHOUT_SITTER: "The active window has no sitter - using pool",
    Code.SITTER_NOT_ACTIVE: "Sitter Maya Lee is not active - using pool",
    Code.SITTER_WITHOUT_NUMBER: "Sitter Maya Lee has no number - using pool",
    Code.SITTER_NUMBER_QUARANTINED: "Sitter Maya Lee's number is quarantined - using pool",
    Code.SITTER_NUMBER_RETIRED: "Sitter Maya Lee's number is retired - using pool",
}


@pytest.mark.parametrize(("code", "failing"), _FAILING.items(), ids=lambda each: str(each)[:25])
def test_a_window_that_yields_nothing_says_what_is_missing(code: Code, failing: WindowFact) -> None:
    decision = decide(facts(windows=(failing,)), T)
    assert codes(decision) == [code, Code.POOL_LEAST_RECENTLY_USED]
    assert decision.reason == _REASONS[code]
    assert decision.window is not None
    assert decision.window.booking == "B-1"
    assert decision.number is not None
    assert decision.number.sitter is None


@pytest.mark.parametrize("failing", _FAILING.values(), ids=[str(code) for code in _FAILING])
def test_a_window_that_yields_nothing_never_lends_another_sitters_number(
    failing: WindowFact,
) -> None:
    other = window_of_jo(starts_at=T - 2 * HOUR)
    decision = decide(facts(windows=(other, failing)), T)
    assert number_of(decision) == e164(11)


def test_the_first_missing_thing_is_the_one_that_is_said() -> None:
    bad = quarantined(sitter_number())
    nobody = window(sitter=None, sitter_name=None, sitter_active=False, number=None)
    inactive = window(sitter_active=False, number=None)
    also_inactive = window(sitter_active=False, number=bad)
    firsts = [codes(decide(facts(windows=(w,)), T))[0] for w in (nobody, inactive, also_inactive)]
    assert firsts == [
        Code.WINDOW_WITHOUT_SITTER,
        Code.SITTER_NOT_ACTIVE,
        Code.SITTER_NOT_ACTIVE,
    ]


def test_a_sitters_number_is_usable_again_the_instant_its_quarantine_ends() -> None:
    due = facts(windows=(window(number=quarantined(sitter_number(), until=T)),))
    assert codes(decide(due, T)) == [Code.WINDOW_ACTIVE]
    assert codes(decide(due, T - TICK))[0] is Code.SITTER_NUMBER_QUARANTINED
