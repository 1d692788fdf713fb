"""The number of a text to nobody's thread: a sitter's own, or the one that was texted."""

from datetime import UTC, datetime, timedelta

from petmsg.enums import Code, NumberClass, NumberStatus, Outcome, SystemMessageRule
from petmsg.rules.routing.direct import DirectFacts, ForwardFact, decide_direct
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
