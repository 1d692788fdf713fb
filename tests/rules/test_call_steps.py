"""What happens next with a call, after each event."""

import pytest

from petmsg.enums.call_routing import CallCode
from petmsg.enums.calls import AnsweredBy, CallAddressee, CallStatus, RingTarget, Sentence
from petmsg.rules.call_steps import (
    after_ring,
    answered_by,
    choose,
    ended_by,
    last_sentence,
    ring_at,
)
from petmsg.rules.routing.call import route_call
from petmsg.rules.routing.call_decision import CallDecision
from tests.rules.routing.builders import T
from tests.rules.routing.test_call import JONES, SMITH, from_client, from_sitter, to

TO_SITTER = route_call(from_client(takes_voicemail=True), T)
TO_DESK = route_call(to(windows=()), T)
TO_CLIENT = route_call(from_sitter(SMITH), T)
OUTSIDE = route_call(from_sitter(), T)
CHOOSES = route_call(from_sitter(SMITH, JONES._replace(is_overridden=True)), T)

NOT_TAKEN = [CallStatus.NO_ANSWER, CallStatus.BUSY, CallStatus.FAILED]


def chosen(key: int) -> CallDecision:
    found = choose(CHOOSES, key)
    assert found is not None
    return found


def test_the_sitter_chooses_a_client_by_key() -> None:
    found = chosen(1)
    assert (found.addressed_to, found.ref, found.code) == (
        CallAddressee.CLIENT, "C-1", CallCode.CLIENT_RINGS,
    )  # fmt: skip
    assert found.rings == TO_CLIENT.rings
    assert not found.must_choose


def test_the_front_desk_is_rung_for_a_chosen_client_who_cannot_be() -> None:
    found = chosen(2)
    assert (found.addressed_to, found.ref) == (CallAddressee.FRONT_DESK, None)
    assert found.rings == CHOOSES.rings
    assert found.rings[0].target is RingTarget.FRONT_DESK
    assert not found.must_choose


@pytest.mark.parametrize("key", [None, 0, 3, 9, -1])
def test_no_client_has_another_key(key: int | None) -> None:
    assert choose(CHOOSES, key) is None


@pytest.mark.parametrize("key", [None, 0, 1, 2, 9])
def test_a_repeated_choice_changes_nothing(key: int | None) -> None:
    for decision in (chosen(1), chosen(2), TO_CLIENT, TO_SITTER):
        assert choose(decision, key) == decision


def test_a_stored_choice_is_read_again() -> None:
    for decision in (CHOOSES, chosen(1), chosen(2)):
        stored = CallDecision.from_json(decision.to_json())
        assert stored == decision._replace(trace=())


def test_a_sitter_takes_a_call_with_the_key_alone() -> None:
    assert answered_by(TO_SITTER, 0, None) is None
    assert answered_by(TO_SITTER, 0, "") is None
    assert answered_by(TO_SITTER, 0, "2") is None
    assert answered_by(TO_SITTER, 0, "1") is AnsweredBy.SITTER


def test_the_front_desk_and_a_client_take_it_when_they_pick_up() -> None:
    assert answered_by(TO_SITTER, 1, None) is AnsweredBy.FRONT_DESK
    assert answered_by(TO_CLIENT, 0, None) is AnsweredBy.CLIENT


def test_a_voicemail_and_a_place_that_is_none_take_nothing() -> None:
    for place in (2, 3, -1):
        assert answered_by(TO_SITTER, place, "1") is None
        assert ended_by(TO_SITTER, place, CallStatus.COMPLETED, taken=None) is None
    assert answered_by(CHOOSES, 0, "1") is None, "nobody is rung before the choice"


@pytest.mark.parametrize("status", NOT_TAKEN)
def test_the_next_one_is_rung_when_nobody_answers(status: CallStatus) -> None:
    assert [after_ring(TO_SITTER, place, status, taken=None) for place in range(4)] == [
        1, 2, None, None,
    ]  # fmt: skip


def test_a_sitters_own_voicemail_takes_no_call() -> None:
    assert after_ring(TO_SITTER, 0, CallStatus.COMPLETED, taken=None) == 1
    assert ended_by(TO_SITTER, 0, CallStatus.COMPLETED, taken=None) is None


@pytest.mark.parametrize("status", [*NOT_TAKEN, CallStatus.COMPLETED])
def test_a_call_that_the_sitter_took_is_over_whatever_the_provider_says(status: CallStatus) -> None:
    assert after_ring(TO_SITTER, 0, status, taken=AnsweredBy.SITTER) is None
    assert ended_by(TO_SITTER, 0, status, taken=AnsweredBy.SITTER) is AnsweredBy.SITTER


def test_a_late_end_of_the_sitters_ringing_does_not_take_the_front_desks_answer_for_theirs() -> (
    None
):
    late = after_ring(TO_SITTER, 0, CallStatus.NO_ANSWER, taken=AnsweredBy.FRONT_DESK)
    assert late == 1, "the same answer as the first time"


def test_a_completed_call_to_the_front_desk_or_a_client_was_taken() -> None:
    assert ended_by(TO_DESK, 0, CallStatus.COMPLETED, taken=None) is AnsweredBy.FRONT_DESK
    assert ended_by(TO_CLIENT, 0, CallStatus.COMPLETED, taken=None) is AnsweredBy.CLIENT
    assert after_ring(TO_DESK, 0, CallStatus.COMPLETED, taken=None) is None


def test_the_entry_at_a_place() -> None:
    assert ring_at(TO_SITTER, 0) == TO_SITTER.rings[0]
    assert ring_at(TO_SITTER, 3) is None
    assert ring_at(TO_SITTER, -1) is None
    assert ring_at(CHOOSES, 0) is None


def test_what_the_caller_hears_at_the_end() -> None:
    assert last_sentence(OUTSIDE) is Sentence.NO_VISIT
    assert last_sentence(TO_CLIENT) is Sentence.CLIENT_DOES_NOT_ANSWER
    assert last_sentence(chosen(1)) is Sentence.CLIENT_DOES_NOT_ANSWER
    assert last_sentence(chosen(2)) is Sentence.NOBODY_ANSWERS
    assert last_sentence(TO_DESK) is Sentence.NOBODY_ANSWERS
