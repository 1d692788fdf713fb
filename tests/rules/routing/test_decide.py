"""Which number is a message sent from? What a person chose, the front desk, and the words."""

import json
from typing import Any

import pytest

from petmsg.enums.messages import StoredRule
from petmsg.enums.numbers import NumberClass, NumberStatus
from petmsg.enums.routing import Code, Outcome, Rule
from petmsg.rules.routing import RULESET, Facts, NumberFact, OverrideFact, SpeakerFact, decide
from tests.rules.routing.builders import (
    DAY,
    HOUR,
    TICK,
    T,
    codes,
    desk_number,
    e164,
    facts,
    number_of,
    pool_number,
    quarantined,
    retired,
    sitter_number,
    window,
    window_of_jo,
)

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
    assert number_of(decision) == e164(21)
    assert codes(decision) == [Code.OVERRIDE]
    assert decision.reason == "An override sends from the front desk"
    assert "until 2026-02-14 16:00 UTC" in decision.trace[0].explanation


def test_an_override_also_holds_for_what_a_sitter_wrote() -> None:
    speaker = SpeakerFact("S-1", "Maya Lee")
    decision = decide(facts(windows=(window(),), override=OVERRIDE, speaker=speaker), T)
    assert codes(decision) == [Code.OVERRIDE]
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
    assert (codes(decide(facts(override=override), T)) == [Code.OVERRIDE]) is holds


def test_who_asks_for_the_front_desk_is_told_so_also_under_an_override() -> None:
    decision = decide(facts(desk_speaks=True, override=OVERRIDE), T)
    assert codes(decision) == [Code.DESK_SPEAKS]


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
    assert (decision.number, codes(decision)) == (None, [Code.NUMBER_WITHOUT_MMS])


@pytest.mark.parametrize("received", [pool_number(12).number, desk_number(22)], ids=str)
def test_a_reply_leaves_from_the_number_that_received_the_message(received: NumberFact) -> None:
    decision = decide(facts(windows=_OVERLAP, reply_to=received), T)
    assert number_of(decision) == received.e164
    assert codes(decision) == [Code.REPLY_FROM_SAME_NUMBER]
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
    assert codes(decision) == [Code.OVERRIDE]


def test_what_a_person_chose_is_stored_as_a_rule_that_fits_the_column() -> None:
    """The column holds 16 characters, and `chosen_by_a_person` has 18."""
    desk = decide(facts(desk_speaks=True), T)
    assert desk.rule is Rule.CHOSEN_BY_A_PERSON
    assert desk.stored_rule is StoredRule.FRONT_DESK
    assert decide(facts(reply_to=pool_number().number), T).stored_rule is StoredRule.POOL
    assert decide(facts(windows=(window(),)), T).stored_rule is StoredRule.ACTIVE_WINDOW


def test_remarks_about_the_facts_are_warnings_of_what_a_person_chose_too() -> None:
    assert decide(facts(notes=("A remark",), desk_speaks=True), T).warnings == ("A remark",)


# --- rule 3: the front desk ------------------------------------------------------------------


def test_without_a_pool_the_front_desk_speaks() -> None:
    decision = decide(facts(pool=()), T)
    assert codes(decision) == [Code.NO_ACTIVE_WINDOW, Code.POOL_EMPTY, Code.FRONT_DESK]
    assert decision.rule is Rule.FRONT_DESK
    assert number_of(decision) == e164(21)
    assert decision.number is not None
    assert decision.number.sitter is None


def test_the_active_desk_comes_before_one_just_out_of_quarantine() -> None:
    due = quarantined(desk_number(21), until=T)
    assert number_of(decide(facts(pool=(), desks=(due, desk_number(22))), T)) == e164(22)


def test_a_desk_whose_quarantine_is_due_speaks_when_it_is_the_only_one() -> None:
    due = quarantined(desk_number(), until=T)
    assert number_of(decide(facts(pool=(), desks=(due,)), T)) == e164(21)


# --- rule 4: no number -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "desks", [(), (quarantined(desk_number(), until=T + TICK),), (retired(desk_number()),)]
)
def test_without_any_usable_number_nothing_is_chosen(desks: tuple[NumberFact, ...]) -> None:
    decision = decide(facts(pool=(), desks=desks), T)
    assert decision.outcome is Outcome.NO_NUMBER
    assert decision.number is None
    assert decision.rule is None
    assert codes(decision) == [Code.NO_ACTIVE_WINDOW, Code.POOL_EMPTY, Code.NO_FRONT_DESK]
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
    assert codes(decide(facts(windows=(window(number=odd),)), T))[0] is Code.SITTER_NUMBER_RETIRED


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
