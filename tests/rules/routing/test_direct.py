"""The number of a message outside any thread: a sitter's own, or the one that was written to."""

from datetime import UTC, datetime, timedelta

from petmsg.enums.numbers import NumberClass, NumberStatus
from petmsg.enums.routing import Code, Outcome, SystemMessageRule
from petmsg.rules.routing.direct import DirectFacts, ForwardFact, StaffFact, decide_direct
from petmsg.rules.routing.facts import NumberFact

T = datetime(2026, 2, 14, 15, tzinfo=UTC)
MAYAS_NUMBER = NumberFact(1, "+14155550101", NumberClass.SITTER, NumberStatus.ACTIVE)
RESTING = MAYAS_NUMBER._replace(status=NumberStatus.QUARANTINED, quarantined_until=T)
TO_MAYA = DirectFacts("happy-paws", SystemMessageRule.OWN_NUMBER, MAYAS_NUMBER, "S-1", "Maya Lee")


def test_a_sitters_text_leaves_from_their_own_number() -> None:
    decision = decide_direct(TO_MAYA, T)
    assert decision.number is not None
    assert (decision.number.e164, decision.number.sitter) == ("+14155550101", "S-1")
    assert (decision.outcome, decision.rule) == (Outcome.ROUTED, None)
    assert decision.reason == "Sitter Maya Lee's own number"
    assert decision.to_json()["client"] is None


def test_it_leaves_from_no_other_one() -> None:
    for number, code in (
        (None, Code.SITTER_WITHOUT_NUMBER),
        (RESTING._replace(quarantined_until=T + timedelta(seconds=1)), Code.NUMBER_NOT_USABLE),
        (MAYAS_NUMBER._replace(status=NumberStatus.RETIRED), Code.NUMBER_NOT_USABLE),
    ):
        decision = decide_direct(TO_MAYA._replace(number=number), T)
        assert (decision.outcome, decision.number) == (Outcome.NO_NUMBER, None)
        assert [step.code for step in decision.trace] == [code]


def test_a_quarantine_is_over_at_its_closing_instant() -> None:
    assert decide_direct(TO_MAYA._replace(number=RESTING), T).number is not None
    before = T - timedelta(microseconds=1)
    assert decide_direct(TO_MAYA._replace(number=RESTING), before).number is None


def test_a_stranger_is_answered_from_the_number_he_texted() -> None:
    facts = DirectFacts("happy-paws", SystemMessageRule.SAME_NUMBER, MAYAS_NUMBER)
    decision = decide_direct(facts, T)
    assert [step.code for step in decision.trace] == [Code.SAME_NUMBER]
    assert decide_direct(facts._replace(number=None), T).trace[0].code is Code.NUMBER_NOT_USABLE


OPEN = ForwardFact("C-1", is_open=True)


def test_a_clients_words_go_to_the_sitter_while_a_window_of_theirs_is_open() -> None:
    decision = decide_direct(TO_MAYA._replace(forward=OPEN), T)
    assert decision.number is not None
    assert [step.code for step in decision.trace] == [Code.WINDOW_ACTIVE, Code.OWN_NUMBER]
    assert [step.step for step in decision.trace] == [1, 2]
    assert decision.reason == "Sitter Maya Lee's own number"


def test_a_clients_words_go_to_no_sitter_whose_window_is_over() -> None:
    for forward, code in (
        (OPEN._replace(is_open=False), Code.NO_ACTIVE_WINDOW),
        (OPEN._replace(relays=False), Code.RELAY_OFF),
        (ForwardFact("C-1", is_open=False, relays=False), Code.RELAY_OFF),
        (OPEN._replace(overridden=True), Code.OVERRIDE),
        (ForwardFact("C-1", is_open=False, overridden=True), Code.OVERRIDE),
    ):
        decision = decide_direct(TO_MAYA._replace(forward=forward), T)
        assert (decision.outcome, decision.number) == (Outcome.NO_NUMBER, None)
        assert [step.code for step in decision.trace] == [code]
        assert [step.rule for step in decision.trace] == [SystemMessageRule.ASSIGNED_SITTER]


def test_a_forward_with_pictures_needs_a_number_that_is_not_known_to_be_without_mms() -> None:
    with_media = TO_MAYA._replace(forward=OPEN, with_media=True)
    for mms, code in ((None, Code.OWN_NUMBER), (True, Code.OWN_NUMBER)):
        decision = decide_direct(with_media._replace(number=MAYAS_NUMBER._replace(mms=mms)), T)
        assert decision.trace[-1].code is code
    without = MAYAS_NUMBER._replace(mms=False)
    decision = decide_direct(with_media._replace(number=without), T)
    assert decision.number is None
    assert decision.trace[-1].code is Code.NUMBER_WITHOUT_MMS
    words = decide_direct(with_media._replace(number=without, with_media=False), T)
    assert words.trace[-1].code is Code.OWN_NUMBER


DESK = NumberFact(21, "+14155550100", NumberClass.FRONT_DESK, NumberStatus.ACTIVE)
FROM_A_PERSON = TO_MAYA._replace(staff=StaffFact((DESK,)))


def test_what_a_person_writes_leaves_from_the_sitters_own_number() -> None:
    decision = decide_direct(FROM_A_PERSON, T)
    assert decision.number is not None
    assert (decision.number.e164, decision.number.sitter) == ("+14155550101", "S-1")
    assert [step.code for step in decision.trace] == [Code.OWN_NUMBER]


def test_without_a_usable_one_it_leaves_from_the_front_desks() -> None:
    for number, code, why in (
        (None, Code.SITTER_WITHOUT_NUMBER, "Sitter Maya Lee has no number"),
        (
            RESTING._replace(quarantined_until=T + timedelta(seconds=1)),
            Code.NUMBER_NOT_USABLE,
            "Sitter Maya Lee's number is not usable",
        ),
    ):
        decision = decide_direct(FROM_A_PERSON._replace(number=number), T)
        assert decision.number is not None
        assert (decision.number.e164, decision.number.sitter) == ("+14155550100", None)
        assert decision.outcome is Outcome.ROUTED
        assert decision.rule is None
        assert [(step.step, step.rule, step.result, step.code) for step in decision.trace] == [
            (1, SystemMessageRule.OWN_NUMBER, False, code),
            (2, SystemMessageRule.DESK_NUMBER, True, Code.FRONT_DESK),
        ]
        assert decision.reason == f"{why} - using front desk"


def test_an_active_desk_number_comes_before_one_after_its_quarantine() -> None:
    rested = DESK._replace(id=20, status=NumberStatus.QUARANTINED, quarantined_until=T)
    both = FROM_A_PERSON._replace(number=None, staff=StaffFact((rested, DESK)))
    chosen = decide_direct(both, T).number
    assert chosen is not None
    assert chosen.id == DESK.id
    alone = both._replace(staff=StaffFact((rested,)))
    assert decide_direct(alone, T).number is not None
    assert decide_direct(alone, T - timedelta(microseconds=1)).number is None


def test_without_either_there_is_no_number() -> None:
    facts = FROM_A_PERSON._replace(number=None, staff=StaffFact(()))
    decision = decide_direct(facts, T)
    assert (decision.outcome, decision.number) == (Outcome.NO_NUMBER, None)
    assert [step.code for step in decision.trace] == [
        Code.SITTER_WITHOUT_NUMBER,
        Code.NO_FRONT_DESK,
    ]
    assert decision.reason == "Sitter Maya Lee has no number - no number is usable"


def test_a_sitter_who_has_left_is_written_to_from_no_number() -> None:
    decision = decide_direct(FROM_A_PERSON._replace(staff=StaffFact((DESK,), has_left=True)), T)
    assert (decision.outcome, decision.number) == (Outcome.NO_NUMBER, None)
    assert [step.code for step in decision.trace] == [Code.SITTER_NOT_ACTIVE]


def test_pictures_for_a_sitter_leave_from_a_number_that_can_send_them() -> None:
    without = MAYAS_NUMBER._replace(mms=False)
    facts = FROM_A_PERSON._replace(number=without, with_media=True)
    decision = decide_direct(facts, T)
    assert decision.number is not None
    assert decision.number.id == DESK.id
    assert decision.trace[0].code is Code.NUMBER_WITHOUT_MMS
    nobody = facts._replace(staff=StaffFact((DESK._replace(mms=False),)))
    assert [step.code for step in decide_direct(nobody, T).trace] == [
        Code.NUMBER_WITHOUT_MMS,
        Code.NUMBER_WITHOUT_MMS,
    ]
