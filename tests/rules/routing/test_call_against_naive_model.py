"""`route_call` against a second, naive version of the rules, and against the rules for a message,
over 10,000 worlds made by chance. A failure prints the world's seed."""

from collections import Counter
from collections.abc import Iterator
from random import Random

import pytest

from petmsg.enums.call_routing import CallCode
from petmsg.enums.calls import CallAddressee, RingTarget
from petmsg.enums.inbound import AddressedTo
from petmsg.enums.routing import InboundCode
from petmsg.rules.call_steps import choose
from petmsg.rules.routing.call import CallFacts, route_call
from petmsg.rules.routing.call_decision import CallDecision
from petmsg.rules.routing.decide import usable
from petmsg.rules.routing.inbound import route_inbound
from tests.rules.routing.builders import T
from tests.support.naive_calls import (
    CallWorld,
    Expected,
    addressee,
    expect,
    facts_of,
    random_world,
)

MANY = 10_000


@pytest.fixture(scope="module")
def judged() -> list[tuple[int, CallWorld, CallFacts, CallDecision]]:
    """10,000 worlds with their decisions."""

    def made() -> Iterator[tuple[int, CallWorld, CallFacts, CallDecision]]:
        for seed in range(MANY):
            world = random_world(Random(seed))
            facts = facts_of(world)
            yield seed, world, facts, route_call(facts, T)

    return list(made())


Judged = list[tuple[int, CallWorld, CallFacts, CallDecision]]


def test_every_call_rings_whom_the_naive_model_says(judged: Judged) -> None:
    for seed, world, _, got in judged:
        said = Expected(
            got.code.value,
            got.addressed_to.value,
            got.ref,
            tuple((each.target.value, each.ref, each.caller_id) for each in got.rings),
            tuple((each.ref, each.caller_id) for each in got.options),
        )
        assert said == expect(world), f"seed {seed}"


def test_the_worlds_have_every_code_and_addressee_many_times(judged: Judged) -> None:
    codes = Counter(got.code for *_, got in judged)
    assert set(codes) == set(CallCode)
    assert min(codes.values()) >= 5, codes
    assert set(Counter(got.addressed_to for *_, got in judged)) == set(CallAddressee)


def test_a_call_is_for_whom_a_message_without_words_would_be(judged: Judged) -> None:
    for seed, world, facts, got in judged:
        if got.is_rejected:
            continue
        message = route_inbound(facts.inbound, T)
        assert (message.addressed_to, message.code.value) == (
            ("relay", "SITTER_REPLY") if world.is_own else addressee(world)
        ), f"seed {seed}"
        if message.code is InboundCode.SITTER_REPLY:
            assert got.addressed_to is not CallAddressee.SITTER
            is_for_desk = got.addressed_to is CallAddressee.FRONT_DESK
            refused = (CallCode.OVERRIDE, CallCode.OWN_PHONE, CallCode.NO_NUMBER)
            assert is_for_desk is (got.code in refused)
        elif message.kind is AddressedTo.SITTER:
            assert (got.addressed_to, got.ref) == (CallAddressee.SITTER, message.addressed_to)
        else:
            assert (got.addressed_to, got.ref) == (CallAddressee.FRONT_DESK, None)
            assert got.code.value == message.code.value, f"seed {seed}"


def test_whoever_is_rung_sees_a_usable_number_that_takes_calls(judged: Judged) -> None:
    for seed, _, facts, got in judged:
        numbers = [facts.inbound.number, *facts.desks]
        numbers += [each for each in (facts.spare, *(c.caller_id for c in facts.open)) if each]
        fit = {n.e164 for n in numbers if usable(n, T) and n.id not in facts.silent}
        shown = [each.caller_id for each in got.rings if each.caller_id is not None]
        shown += [each.caller_id for each in got.options if each.caller_id is not None]
        assert set(shown) <= fit, f"seed {seed}"
        for each in got.rings:
            is_phone = each.target not in (RingTarget.VOICEMAIL, RingTarget.SENTENCE)
            assert (each.caller_id is not None) is is_phone
            assert (each.seconds > 0) is is_phone


def test_nobody_is_rung_on_the_phone_they_call_from(judged: Judged) -> None:
    for seed, _, facts, got in judged:
        targets = [each.target for each in got.rings]
        assert not (facts.desk_calls and RingTarget.FRONT_DESK in targets), f"seed {seed}"
        assert not (facts.holder_calls and RingTarget.SITTER in targets), f"seed {seed}"
        themselves = {each.ref for each in facts.open if each.is_caller}
        assert not themselves & {each.ref for each in got.rings}, f"seed {seed}"
        assert not themselves & {each.ref for each in got.options if each.caller_id}


def test_a_phone_of_a_sitter_takes_a_call_by_key_only(judged: Judged) -> None:
    for seed, _, facts, got in judged:
        for each in got.rings:
            is_a_sitters = each.target is RingTarget.SITTER or (
                each.target is RingTarget.FRONT_DESK and facts.desk_is_a_sitters
            )
            assert each.needs_key is is_a_sitters, f"seed {seed}"


def test_a_client_never_rings_a_sitter_who_has_no_window_with_them(judged: Judged) -> None:
    """So a former sitter's number never rings the one who has it now for the other's client."""
    rung = 0
    for seed, world, facts, got in judged:
        for each in got.rings:
            if each.target is not RingTarget.SITTER:
                continue
            rung += 1
            of_client = {w[0] for w in world.message.windows if w[1] <= 0 < w[1] + w[2] and w[3]}
            assert world.message.client, f"seed {seed}"
            assert each.ref in of_client, f"seed {seed}"
            assert facts.inbound.holder is not None
            assert each.ref == facts.inbound.holder.sitter
            assert each.needs_key
    assert rung > 300


def test_a_sitter_rings_only_clients_of_their_open_windows_and_chooses_among_nine(
    judged: Judged,
) -> None:
    for seed, _, facts, got in judged:
        refs = [each.ref for each in facts.open]
        assert [each.ref for each in got.options] in ([], refs[:9]), f"seed {seed}"
        assert {e.ref for e in got.rings if e.target is RingTarget.CLIENT} <= set(refs)
        for key in range(1, len(got.options) + 1):
            chosen = choose(got, key)
            assert chosen is not None
            rung = [e for e in chosen.rings if e.target is RingTarget.CLIENT]
            assert all((e.ref, e.needs_key) == (refs[key - 1], False) for e in rung)
            assert bool(rung) is (got.options[key - 1].caller_id is not None)


def test_every_call_that_is_taken_ends_with_a_voicemail_or_a_sentence(judged: Judged) -> None:
    ends = (RingTarget.VOICEMAIL, RingTarget.SENTENCE)
    for seed, *_, got in judged:
        assert got.is_rejected or [e.target in ends for e in got.rings][-1], f"seed {seed}"
        assert sum(e.target in ends for e in got.rings) == (0 if got.is_rejected else 1)


def test_the_trace_is_that_of_the_message_and_then_who_is_rung(judged: Judged) -> None:
    for seed, _, facts, got in judged:
        assert [step.step for step in got.trace] == list(range(1, len(got.trace) + 1))
        if got.is_rejected:
            assert [step.rule.value for step in got.trace] == ["reject"]
            continue
        message = route_inbound(facts.inbound, T).trace
        same = [(step.rule, step.result, step.code) for step in message]
        first = [(step.rule, step.result, step.code) for step in got.trace[: len(message)]]
        assert first == same, f"seed {seed}"
        rest = {step.rule.value for step in got.trace[len(message) :]}
        assert rest <= {"ring_client", "ring_sitter", "ring_front_desk", "voicemail"}
        assert got.code.value in {step.code.value for step in got.trace}


def test_the_same_facts_give_the_same_answer_which_is_stored_whole(judged: Judged) -> None:
    for _, _, facts, got in judged[:500]:
        assert route_call(facts, T) == got
        assert CallDecision.from_json(got.to_json()) == got._replace(trace=())
