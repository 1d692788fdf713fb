"""Which number is a message sent from? The rules, one by one."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from petmsg.enums.messages import StoredRule
from petmsg.enums.numbers import NumberClass, NumberStatus
from petmsg.enums.orgs import PoolFor
from petmsg.enums.people import ClientKind
from petmsg.enums.routing import Code, Outcome, Rule
from petmsg.rules.routing import (
    RULESET,
    Decision,
    Facts,
    NumberFact,
    OverrideFact,
    SpeakerFact,
    WindowFact,
    decide,
)
from tests.rules.routing.builders import (
    DAY,
    HOUR,
    TICK,
    T,
    desk_number,
    e164,
    facts,
    pool_number,
    pooled,
    quarantined,
    retired,
    sitter_number,
    window,
    window_of_jo,
)


def _codes(decision: Decision) -> list[Code]:
    return [step.code for step in decision.trace]


def _number(decision: Decision) -> str | None:
    return None if decision.number is None else decision.number.e164


# --- rule 0: a person chose the number --------------------------------------------------------

OVERRIDE = OverrideFact(T - HOUR, T + HOUR)
_OVERLAP = (window(), window_of_jo())


def test_a_message_of_the_front_desk_leaves_from_its_number_also_inside_a_window() -> None:
    decision = decide(facts(windows=_OVERLAP, desk_speaks=True), T)
    assert decision.number == (21, e164(21), NumberClass.FRONT_DESK, None)
    assert decision.reason == "The sender chose the front desk"
    assert (decision.window, decision.warnings) == (None, ())
    (step,) = decision.trace
    assert (step.step, step.rule, step.result) == (0, Rule.CHOSEN_BY_A_PERSON, True)
    assert step.code is Code.DESK_SPEAKS
    assert step.explanation == f"The sender chose the front desk: {e164(21)}"


def test_under_an_override_every_message_leaves_from_the_desk() -> None:
    decision = decide(facts(windows=(window(),), override=OVERRIDE), T)
    assert _number(decision) == e164(21)
    assert _codes(decision) == [Code.OVERRIDE]
    assert decision.reason == "An override sends from the front desk"
    assert "until 2026-02-14 16:00 UTC" in decision.trace[0].explanation


def test_an_override_also_holds_for_what_a_sitter_wrote() -> None:
    speaker = SpeakerFact("S-1", "Maya Lee")
    decision = decide(facts(windows=(window(),), override=OVERRIDE, speaker=speaker), T)
    assert _codes(decision) == [Code.OVERRIDE]
    assert not decision.rejects_requested_sitter


@pytest.mark.parametrize(
    ("override", "holds"),
    [
        (OverrideFact(T, T + TICK), True),
        (OverrideFact(T - HOUR, T), False),
        (OverrideFact(T + TICK, T + HOUR), False),
    ],
)
def test_an_override_holds_from_its_start_until_before_its_end(
    override: OverrideFact, holds: bool
) -> None:
    assert (_codes(decide(facts(override=override), T)) == [Code.OVERRIDE]) is holds


def test_who_asks_for_the_front_desk_is_told_so_also_under_an_override() -> None:
    decision = decide(facts(desk_speaks=True, override=OVERRIDE), T)
    assert _codes(decision) == [Code.DESK_SPEAKS]


@pytest.mark.parametrize("chosen", [{"desk_speaks": True}, {"override": OVERRIDE}], ids=str)
def test_without_a_usable_desk_nothing_is_chosen_and_no_other_number_speaks(
    chosen: dict[str, Any],
) -> None:
    given = facts(windows=(window(),), desks=(quarantined(desk_number()),), **chosen)
    decision = decide(given._replace(reply_to=pool_number().number), T)
    assert decision.outcome is Outcome.NO_NUMBER
    assert decision.rule is decision.stored_rule is None
    (step,) = decision.trace
    assert (step.step, step.result, step.code) == (0, False, Code.NO_FRONT_DESK)
    assert decision.reason.endswith(" - no number is usable")
    assert step.explanation.endswith(". No front desk number is usable")


def test_pictures_do_not_leave_from_a_desk_that_cannot_send_them() -> None:
    desk = desk_number()._replace(mms=False)
    decision = decide(facts(desks=(desk,), desk_speaks=True, with_media=True), T)
    assert (decision.number, _codes(decision)) == (None, [Code.NUMBER_WITHOUT_MMS])


@pytest.mark.parametrize("received", [pool_number(12).number, desk_number(22)], ids=str)
def test_a_reply_leaves_from_the_number_that_received_the_message(received: NumberFact) -> None:
    decision = decide(facts(windows=_OVERLAP, reply_to=received), T)
    assert _number(decision) == received.e164
    assert _codes(decision) == [Code.REPLY_FROM_SAME_NUMBER]
    assert (decision.window, decision.warnings) == (None, ())
    assert received.e164 in decision.trace[0].explanation


@pytest.mark.parametrize(
    "received",
    [
        sitter_number(3),
        quarantined(pool_number(12).number),
        retired(desk_number(22)),
        pool_number(12).number._replace(mms=False),
    ],
    ids=str,
)
def test_a_reply_to_a_number_that_cannot_answer_is_routed_like_any_other_message(
    received: NumberFact,
) -> None:
    given = facts(windows=(window(),), with_media=True)
    assert decide(given._replace(reply_to=received), T) == decide(given, T)


def test_a_reply_leaves_from_the_desk_under_an_override() -> None:
    decision = decide(facts(override=OVERRIDE, reply_to=pool_number().number), T)
    assert _codes(decision) == [Code.OVERRIDE]


def test_what_a_person_chose_is_stored_as_a_rule_that_fits_the_column() -> None:
    """The column holds 16 characters, and `chosen_by_a_person` has 18."""
    desk = decide(facts(desk_speaks=True), T)
    assert desk.rule is Rule.CHOSEN_BY_A_PERSON
    assert desk.stored_rule is StoredRule.FRONT_DESK
    assert decide(facts(reply_to=pool_number().number), T).stored_rule is StoredRule.POOL
    assert decide(facts(windows=(window(),)), T).stored_rule is StoredRule.ACTIVE_WINDOW


def test_remarks_about_the_facts_are_warnings_of_what_a_person_chose_too() -> None:
    assert decide(facts(notes=("A remark",), desk_speaks=True), T).warnings == ("A remark",)


# --- rule 1: the sitter's number, inside an active window ------------------------------------


def test_inside_a_window_the_sitters_number_speaks() -> None:
    decision = decide(facts(windows=(window(),)), T)
    assert decision.outcome is Outcome.ROUTED
    assert decision.rule is Rule.ACTIVE_WINDOW
    assert decision.number is not None
    assert decision.number.e164 == e164(2)
    assert decision.number.number_class is NumberClass.SITTER
    assert decision.number.sitter == "S-1"
    assert _codes(decision) == [Code.WINDOW_ACTIVE]


def test_a_window_is_open_at_its_opening_instant() -> None:
    assert _codes(decide(facts(windows=(window(starts_at=T),)), T)) == [Code.WINDOW_ACTIVE]


def test_a_window_is_not_open_a_microsecond_earlier() -> None:
    decision = decide(facts(windows=(window(starts_at=T),)), T - TICK)
    assert _codes(decision)[0] is Code.NO_ACTIVE_WINDOW


def test_a_window_is_closed_at_its_closing_instant() -> None:
    decision = decide(facts(windows=(window(ends_at=T),)), T)
    assert _codes(decision)[0] is Code.NO_ACTIVE_WINDOW
    assert decision.window is None


def test_a_window_is_still_open_a_microsecond_before_it_closes() -> None:
    assert _codes(decide(facts(windows=(window(ends_at=T),)), T - TICK)) == [Code.WINDOW_ACTIVE]


def test_the_grace_time_belongs_to_the_window() -> None:
    in_grace = window(booked_until=T - TICK)
    assert _number(decide(facts(windows=(in_grace,)), T)) == e164(2)


def test_back_to_back_windows_hand_over_without_a_gap() -> None:
    first = window(booked_until=T, ends_at=T)
    second = window_of_jo(starts_at=T)
    both = facts(windows=(first, second))
    assert _number(decide(both, T - TICK)) == e164(2)
    assert _number(decide(both, T)) == e164(3)
    assert decide(both, T).warnings == ()


def test_booked_time_beats_grace_time_although_it_began_earlier() -> None:
    booked = window(starts_at=T - 2 * HOUR)
    in_grace = window_of_jo(starts_at=T - HOUR, booked_until=T)
    assert _number(decide(facts(windows=(in_grace, booked)), T)) == e164(2)


def test_booked_time_is_over_at_its_last_instant() -> None:
    just_over = window_of_jo(booked_until=T)
    assert _number(decide(facts(windows=(window(), just_over)), T)) == e164(2)
    assert _number(decide(facts(windows=(window(), just_over)), T - TICK)) == e164(3)


def test_of_two_booked_windows_the_one_that_began_last_speaks() -> None:
    early = window_of_jo(starts_at=T - 2 * HOUR)
    assert _number(decide(facts(windows=(early, window())), T)) == e164(2)


def test_of_two_grace_times_the_one_that_began_last_speaks() -> None:
    early = window_of_jo(starts_at=T - 3 * HOUR, booked_until=T - TICK)
    late = window(starts_at=T - 2 * HOUR, booked_until=T - HOUR)
    assert _number(decide(facts(windows=(early, late)), T)) == e164(2)


def test_lead_time_belongs_to_the_window() -> None:
    in_lead = window(starts_at=T, booked_from=T + TICK)
    assert _number(decide(facts(windows=(in_lead,)), T)) == e164(2)


def test_booked_time_beats_lead_time() -> None:
    booked = window(starts_at=T - 3 * HOUR)
    in_lead = window_of_jo(starts_at=T - HOUR, booked_from=T + TICK)
    both = facts(windows=(in_lead, booked))
    assert _number(decide(both, T)) == e164(2)
    assert _number(decide(both, T + TICK)) == e164(3)


def test_grace_beats_lead_time() -> None:
    in_grace = window(starts_at=T - 3 * HOUR, booked_until=T - HOUR, ends_at=T + TICK)
    in_lead = window_of_jo(starts_at=T - TICK, booked_from=T + HOUR, booked_until=T + 2 * HOUR)
    both = facts(windows=(in_lead, in_grace))
    assert _number(decide(both, T)) == e164(2)
    assert _number(decide(both, T + TICK)) == e164(3)


def test_of_two_lead_times_the_one_booked_later_speaks() -> None:
    soon = window(starts_at=T - TICK, booked_from=T + HOUR / 2)
    later = window_of_jo(starts_at=T - HOUR, booked_from=T + HOUR, booked_until=T + 2 * HOUR)
    assert _number(decide(facts(windows=(soon, later)), T)) == e164(3)


def test_of_two_booked_windows_the_one_booked_later_speaks_whatever_its_lead() -> None:
    late = window(starts_at=T - 3 * HOUR, booked_from=T - HOUR)
    early = window_of_jo(starts_at=T - 2 * HOUR)
    assert _number(decide(facts(windows=(early, late)), T)) == e164(2)


@pytest.mark.parametrize("turned", [False, True])
def test_of_two_that_began_together_the_higher_booking_id_speaks(turned: bool) -> None:
    windows = (window(booking_id=9, booking="B-9"), window_of_jo(booking_id=10, booking="B-10"))
    decision = decide(facts(windows=windows[::-1] if turned else windows), T)
    assert _number(decision) == e164(3)
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
    assert _codes(decision) == [code, Code.POOL_LEAST_RECENTLY_USED]
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
    assert _number(decision) == e164(11)


def test_the_first_missing_thing_is_the_one_that_is_said() -> None:
    bad = quarantined(sitter_number())
    nobody = window(sitter=None, sitter_name=None, sitter_active=False, number=None)
    inactive = window(sitter_active=False, number=None)
    also_inactive = window(sitter_active=False, number=bad)
    firsts = [_codes(decide(facts(windows=(w,)), T))[0] for w in (nobody, inactive, also_inactive)]
    assert firsts == [
        Code.WINDOW_WITHOUT_SITTER,
        Code.SITTER_NOT_ACTIVE,
        Code.SITTER_NOT_ACTIVE,
    ]


def test_a_sitters_number_is_usable_again_the_instant_its_quarantine_ends() -> None:
    due = facts(windows=(window(number=quarantined(sitter_number(), until=T)),))
    assert _codes(decide(due, T)) == [Code.WINDOW_ACTIVE]
    assert _codes(decide(due, T - TICK))[0] is Code.SITTER_NUMBER_QUARANTINED


# --- rule 2: a pool number -------------------------------------------------------------------


def test_outside_a_window_a_pool_number_speaks() -> None:
    decision = decide(facts(), T)
    assert _codes(decision) == [Code.NO_ACTIVE_WINDOW, Code.POOL_LEAST_RECENTLY_USED]
    assert decision.rule is Rule.POOL
    assert decision.number is not None
    assert decision.number.number_class is NumberClass.POOL
    assert decision.number.sitter is None


def test_the_threads_own_pool_number_stays_the_threads() -> None:
    own = pool_number(12, last_used_at=T)
    decision = decide(facts(pool=(pool_number(11), own), own_pool_number_id=12), T)
    assert _number(decision) == e164(12)
    assert _codes(decision)[1] is Code.POOL_STICKY


def test_the_threads_own_pool_number_stays_the_threads_beyond_its_capacity() -> None:
    own = pool_number(12, own_threads=5)
    full = facts(pool=(pool_number(11), own), own_pool_number_id=12, pool_threads_per_number=1)
    assert _number(decide(full, T)) == e164(12)


@pytest.mark.parametrize(
    "gone", [quarantined(pool_number(12).number), retired(pool_number(12).number), None]
)
def test_an_own_pool_number_that_cannot_be_used_gives_way(gone: NumberFact | None) -> None:
    others = () if gone is None else (pooled(gone),)
    decision = decide(facts(pool=(pool_number(11), *others), own_pool_number_id=12), T)
    assert _number(decision) == e164(11)
    assert _codes(decision)[1] is Code.POOL_LEAST_RECENTLY_USED


def test_a_number_never_used_comes_before_the_oldest_use() -> None:
    long_ago = pool_number(11, last_used_at=datetime(1970, 1, 1, tzinfo=UTC))
    assert _number(decide(facts(pool=(long_ago, pool_number(12))), T)) == e164(12)


def test_the_number_used_longest_ago_comes_first() -> None:
    pool = (
        pool_number(11, last_used_at=T - HOUR),
        pool_number(12, last_used_at=T - HOUR - TICK),
    )
    assert _number(decide(facts(pool=pool), T)) == e164(12)


@pytest.mark.parametrize("used", [None, T - HOUR])
def test_of_numbers_used_at_the_same_time_the_lowest_id_comes_first(used: datetime | None) -> None:
    pool = (pool_number(12, last_used_at=used), pool_number(11, last_used_at=used))
    assert _number(decide(facts(pool=pool), T)) == e164(11)


def test_a_full_number_takes_no_new_thread() -> None:
    pool = (pool_number(11, own_threads=2), pool_number(12, own_threads=1, last_used_at=T))
    assert _number(decide(facts(pool=pool, pool_threads_per_number=2), T)) == e164(12)


def test_when_every_pool_number_is_full_the_front_desk_speaks() -> None:
    full = facts(pool=(pool_number(own_threads=2),), pool_threads_per_number=2)
    decision = decide(full, T)
    assert _codes(decision)[1:] == [Code.POOL_AT_CAPACITY, Code.FRONT_DESK]
    assert decision.reason == "No active window - using front desk"


def test_a_thread_keeps_its_far_number_while_those_of_its_country_are_full() -> None:
    abroad = pool_number(11, own_threads=1)
    abroad = abroad._replace(number=abroad.number._replace(e164="+447700900011"))
    known = facts(
        pool=(abroad, pool_number(12, own_threads=1)),
        own_pool_number_id=11,
        pool_threads_per_number=1,
        desks=(),
        calling_code="1",
    )
    decision = decide(known, T)
    assert _number(decision) == "+447700900011"
    assert _codes(decision)[1:] == [Code.POOL_STICKY]


def test_a_limit_of_0_takes_no_new_thread_at_all() -> None:
    assert _codes(decide(facts(pool_threads_per_number=0), T))[1] is Code.POOL_AT_CAPACITY


def test_without_a_limit_no_number_is_ever_full() -> None:
    assert _number(decide(facts(pool=(pool_number(own_threads=9),)), T)) == e164(11)


@pytest.mark.parametrize(
    "number", [quarantined(pool_number().number, until=T + TICK), retired(pool_number().number)]
)
def test_a_pool_without_usable_numbers_is_empty(number: NumberFact) -> None:
    decision = decide(facts(pool=(pooled(number),)), T)
    assert _codes(decision)[1:] == [Code.POOL_EMPTY, Code.FRONT_DESK]


def test_a_pool_number_whose_quarantine_is_due_is_usable() -> None:
    due = pooled(quarantined(pool_number().number, until=T))
    assert _number(decide(facts(pool=(due,)), T)) == e164(11)


def test_a_pool_for_one_time_clients_is_not_for_a_recurring_one() -> None:
    decision = decide(
        facts(pool_for=PoolFor.ONE_TIME, client_kind=ClientKind.RECURRING, own_pool_number_id=11),
        T,
    )
    assert _codes(decision)[1:] == [Code.POOL_NOT_FOR_CLIENT, Code.FRONT_DESK]


@pytest.mark.parametrize(
    ("pool_for", "kind"),
    [
        (PoolFor.ALL, ClientKind.RECURRING),
        (PoolFor.ALL, ClientKind.ONE_TIME),
        (PoolFor.ONE_TIME, ClientKind.ONE_TIME),
    ],
)
def test_every_other_client_gets_a_pool_number(pool_for: PoolFor, kind: ClientKind) -> None:
    assert _number(decide(facts(pool_for=pool_for, client_kind=kind), T)) == e164(11)


def test_whom_the_pool_is_for_is_asked_before_whether_it_is_empty() -> None:
    nobodys = facts(pool_for=PoolFor.ONE_TIME, client_kind=ClientKind.RECURRING, pool=())
    assert _codes(decide(nobodys, T))[1] is Code.POOL_NOT_FOR_CLIENT


# --- rule 3: the front desk ------------------------------------------------------------------


def test_without_a_pool_the_front_desk_speaks() -> None:
    decision = decide(facts(pool=()), T)
    assert _codes(decision) == [Code.NO_ACTIVE_WINDOW, Code.POOL_EMPTY, Code.FRONT_DESK]
    assert decision.rule is Rule.FRONT_DESK
    assert _number(decision) == e164(21)
    assert decision.number is not None
    assert decision.number.sitter is None


def test_the_active_desk_comes_before_one_just_out_of_quarantine() -> None:
    due = quarantined(desk_number(21), until=T)
    assert _number(decide(facts(pool=(), desks=(due, desk_number(22))), T)) == e164(22)


def test_a_desk_whose_quarantine_is_due_speaks_when_it_is_the_only_one() -> None:
    due = quarantined(desk_number(), until=T)
    assert _number(decide(facts(pool=(), desks=(due,)), T)) == e164(21)


# --- rule 4: no number -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "desks", [(), (quarantined(desk_number(), until=T + TICK),), (retired(desk_number()),)]
)
def test_without_any_usable_number_nothing_is_chosen(desks: tuple[NumberFact, ...]) -> None:
    decision = decide(facts(pool=(), desks=desks), T)
    assert decision.outcome is Outcome.NO_NUMBER
    assert decision.number is None
    assert decision.rule is None
    assert _codes(decision) == [Code.NO_ACTIVE_WINDOW, Code.POOL_EMPTY, Code.NO_FRONT_DESK]
    assert not any(step.result for step in decision.trace)
    assert decision.reason.startswith("No active window - ")


def test_no_number_inside_a_window_names_the_window_and_what_was_missing() -> None:
    decision = decide(facts(windows=(window(number=None),), pool=(), desks=()), T)
    assert decision.reason.startswith("Sitter Maya Lee has no number - ")
    assert decision.window is not None
    assert decision.window.booking == "B-1"


# --- usable ----------------------------------------------------------------------------------


def test_a_retired_number_is_never_usable_even_with_an_end_in_the_past() -> None:
    odd = sitter_number()._replace(status=NumberStatus.RETIRED, quarantined_until=T - DAY)
    assert _codes(decide(facts(windows=(window(number=odd),)), T))[0] is Code.SITTER_NUMBER_RETIRED


def test_a_quarantine_without_an_end_is_never_over() -> None:
    odd = desk_number()._replace(status=NumberStatus.QUARANTINED)
    assert decide(facts(pool=(), desks=(odd,)), T).outcome is Outcome.NO_NUMBER


# --- the words and the shape -----------------------------------------------------------------


def test_inside_a_window_the_words_name_the_sitter_and_the_closing_time() -> None:
    decision = decide(facts(windows=(window(),)), T)
    assert decision.reason == "Active assignment window for sitter Maya Lee"
    (step,) = decision.trace
    assert step.explanation == "Active assignment window for sitter Maya Lee until 17:00"


def test_the_closing_time_is_said_in_the_orgs_timezone() -> None:
    decision = decide(facts(windows=(window(),), timezone="America/Los_Angeles"), T)
    assert decision.trace[0].explanation.endswith(" until 09:00")


def test_outside_a_window_the_words_are_those_operators_know() -> None:
    from_pool, from_desk = decide(facts(), T), decide(facts(pool=()), T)
    assert from_pool.trace[0].explanation == "No active window"
    assert from_pool.reason == "No active window - using pool"
    assert from_desk.reason == "No active window - using front desk"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (facts(own_pool_number_id=11), e164(11)),
        (facts(), e164(11)),
        (facts(pool=()), e164(21)),
    ],
)
def test_an_explanation_names_the_number_it_chose(given: Facts, words: str) -> None:
    assert words in decide(given, T).trace[-1].explanation


def test_steps_are_numbered_and_each_says_what_it_asked() -> None:
    decision = decide(facts(pool=(), desks=()), T)
    assert [(step.step, step.rule) for step in decision.trace] == list(enumerate(Rule))[1:]
    conditions = [step.condition for step in decision.trace]
    assert all(conditions)
    assert len(set(conditions)) == 3


def test_a_decision_tells_which_rules_it_was_made_by() -> None:
    assert decide(facts(), T).ruleset == RULESET == "2"


def test_a_decision_repeats_who_and_when_it_was_asked_for() -> None:
    decision = decide(facts(org="paws-2", client="C-7"), T)
    assert (decision.org, decision.client, decision.at) == ("paws-2", "C-7", T)


def test_the_json_is_that_of_the_spec() -> None:
    """`route explain -o json` has the documented keys in the documented order."""
    got = decide(facts(windows=(window(),)), T).to_json()
    for step in got["trace"]:
        step["condition"] = "…"
    spec = """
    {"org": "happy-paws", "client": "C-1", "at": "2026-02-14T15:00:00Z", "outcome": "routed",
     "number": {"e164": "+14155550102", "class": "sitter", "sitter": "S-1"},
     "reason": "Active assignment window for sitter Maya Lee",
     "window": {"booking": "B-1", "sitter": "S-1", "starts_at": "2026-02-14T14:00:00Z",
                "booked_until": "2026-02-14T16:00:00Z", "ends_at": "2026-02-14T17:00:00Z"},
     "warnings": [], "ruleset": "2",
     "trace": [{"step": 1, "rule": "active_window", "condition": "…", "result": true,
                "code": "WINDOW_ACTIVE",
                "explanation": "Active assignment window for sitter Maya Lee until 17:00"}]}
    """
    assert json.dumps(got) == json.dumps(json.loads(spec))


def test_the_json_of_no_number_has_null_for_number_and_window() -> None:
    got = decide(facts(pool=(), desks=()), T).to_json()
    assert got["outcome"] == "no_number"
    assert got["number"] is None
    assert got["window"] is None
    assert [step["result"] for step in got["trace"]] == [False, False, False]
    assert json.loads(json.dumps(got)) == got


def test_the_json_of_a_pool_number_has_null_for_its_sitter() -> None:
    number = decide(facts(windows=(window(number=None),)), T).to_json()["number"]
    assert number == {"e164": "+14155550111", "class": "pool", "sitter": None}


def test_the_json_holds_plain_values_only() -> None:
    got = decide(facts(windows=(window(number=None), window_of_jo(number=None))), T).to_json()
    flat = [
        got["outcome"],
        got["at"],
        *got["warnings"],
        *got["number"].values(),
        *got["window"].values(),
        *(value for step in got["trace"] for value in step.values()),
    ]
    assert {type(value) for value in flat} <= {str, int, bool, type(None)}
