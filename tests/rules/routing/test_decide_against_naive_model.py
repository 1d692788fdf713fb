"""`decide` against a second, naive version of the rules, over facts made to collide.

A failure prints the facts and a `reproduce_failure` line; with `CI` set the examples are the same
in every run.
"""

from itertools import combinations, pairwise
from random import Random

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from petmsg.enums.numbers import NumberClass, NumberStatus
from petmsg.enums.orgs import PoolFor
from petmsg.enums.routing import Code, Outcome
from petmsg.rules.routing import NumberFact, decide
from petmsg.rules.routing.decide import needs_more_of_pool
from tests.rules.routing import naive
from tests.rules.routing.builders import HOUR, OF_DIRECT_TEXTS, T, facts, pool_number, quarantined
from tests.rules.routing.situations import (
    EVERY_COUNTRY,
    RULES,
    Situation,
    chosen,
    every_mms,
    of_countries,
    situations,
    spoken,
    with_countries,
    with_mms,
    with_pictures,
)

MANY = settings(
    max_examples=600,
    deadline=None,
    print_blob=True,
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.too_slow],
)
SOME = settings(MANY, max_examples=200)


@MANY
@given(st.one_of(situations(), spoken(), with_pictures(), chosen(), of_countries()))
def test_decide_says_what_the_naive_model_says(situation: Situation) -> None:
    facts, at = situation
    expected = naive.expect(facts, at)
    got = decide(facts, at)

    trace = tuple((s.step, s.rule.value, s.result, s.code.value) for s in got.trace)
    assert trace == expected.trace
    assert got.outcome.value == expected.outcome
    number = got.number
    said = number and (number.e164, number.number_class.value, number.sitter)
    assert said == expected.number
    assert (got.window and got.window.booking) == expected.booking
    if expected.reason_start is not None:
        assert got.reason.startswith(expected.reason_start)
    if expected.reason_end is not None:
        assert got.reason.endswith(expected.reason_end)
    if expected.reason_start is not None and expected.reason_end is not None:
        whole = expected.reason_start
        whole += "" if expected.reason_end == whole else expected.reason_end
        assert got.reason == whole
    if expected.overlap is not None:
        assert bool(got.warnings) is expected.overlap


@SOME
@given(st.one_of(situations(), spoken()), every_mms())
def test_what_numbers_say_of_pictures_changes_nothing_for_a_message_without(
    situation: Situation, mms: tuple[bool | None, ...]
) -> None:
    facts, at = situation
    assert decide(with_mms(facts, mms), at) == decide(facts, at)


@SOME
@given(of_countries(), EVERY_COUNTRY)
def test_countries_change_nothing_where_no_number_or_every_number_is_of_the_clients(
    situation: Situation, countries: tuple[str, ...]
) -> None:
    facts, at = situation
    unknown = decide(facts._replace(calling_code=None), at)
    assert decide(facts._replace(calling_code="33"), at) == unknown
    same = with_countries(facts, ("44",) * len(countries), "44")
    assert decide(same, at) == decide(same._replace(calling_code=None), at)


@SOME
@given(of_countries())
def test_a_number_of_another_country_is_lent_only_where_none_of_the_clients_is_usable(
    situation: Situation,
) -> None:
    facts, at = situation
    facts = facts._replace(reply_to=None, pool_for=PoolFor.ALL, pool_threads_per_number=None)
    decision = decide(facts, at)
    chosen = decision.number
    is_lent = chosen is not None and chosen.number_class is not NumberClass.SITTER
    if chosen is None or not is_lent or facts.calling_code is None:
        return
    lent = list(facts.desks)
    if decision.trace[0].step != 0:  # a person did not choose the front desk
        lent += [each.number for each in facts.pool]
    fit = [each for each in lent if naive.usable(each, at) and naive.can_send(each, facts)]
    if any(naive.is_near(each, facts) for each in fit):
        assert chosen.e164[1:].startswith(facts.calling_code)


@SOME
@given(of_countries())
def test_countries_never_leave_a_client_without_a_number(situation: Situation) -> None:
    facts, at = situation
    unknown = decide(facts._replace(calling_code=None), at)
    assert (decide(facts, at).number is None) is (unknown.number is None)


@SOME
@given(with_pictures())
def test_a_message_with_pictures_is_routed_as_if_numbers_without_mms_were_not_usable(
    situation: Situation,
) -> None:
    """But for the codes and the words that say so."""
    facts, at = situation

    def but(number: NumberFact) -> NumberFact:
        return number._replace(status=NumberStatus.RETIRED) if number.mms is False else number

    retired = facts._replace(
        windows=tuple(w._replace(number=w.number and but(w.number)) for w in facts.windows),
        pool=tuple(each._replace(number=but(each.number)) for each in facts.pool),
        desks=tuple(but(desk) for desk in facts.desks),
        with_media=False,
    )
    expected = decide(retired, at)
    got = decide(facts, at)
    assert got.number == expected.number
    assert (got.rule, got.window, got.warnings) == (
        expected.rule, expected.window, expected.warnings,
    )  # fmt: skip


@SOME
@given(spoken())
def test_a_sitter_speaks_in_their_own_windows_only_and_from_no_other_sitters_number(
    situation: Situation,
) -> None:
    facts, at = situation
    assert facts.speaker is not None
    speaker = facts.speaker.sitter
    decision = decide(facts, at)
    theirs = [w for w in naive.windows_at(facts, at) if w.sitter == speaker]
    assert (decision.window is None) is (theirs == [])
    assert decision.rejects_requested_sitter or theirs
    if decision.number is not None and decision.number.number_class is NumberClass.SITTER:
        assert decision.number.sitter == speaker


@SOME
@given(spoken())
def test_a_speaker_changes_nothing_where_only_their_windows_are_open(situation: Situation) -> None:
    facts, at = situation
    speaker = facts.speaker
    assert speaker is not None
    only = tuple(w for w in facts.windows if w.sitter == speaker.sitter)
    with_them = decide(facts._replace(windows=only), at)
    without = decide(facts._replace(windows=only, speaker=None), at)
    if not with_them.rejects_requested_sitter:
        assert with_them._replace(trace=()) == without._replace(trace=())
        assert [s.code for s in with_them.trace] == [s.code for s in without.trace]


@SOME
@given(chosen())
def test_a_message_for_which_a_person_chose_the_front_desk_never_leaves_from_another_number(
    situation: Situation,
) -> None:
    facts, at = situation
    decision = decide(facts, at)
    if facts.desk_speaks or naive.override_holds(facts, at):
        desks = {desk.e164 for desk in facts.desks}
        assert decision.number is None or decision.number.e164 in desks
        assert not decision.rejects_requested_sitter
    if decision.trace[0].step == 0:
        assert len(decision.trace) == 1
        assert decision.window is None
        assert decision.number is None or decision.number.sitter is None


@SOME
@given(chosen())
def test_where_step_0_does_not_apply_the_other_rules_decide_as_if_nobody_had_chosen(
    situation: Situation,
) -> None:
    facts, at = situation
    decision = decide(facts, at)
    if decision.trace[0].step != 0:
        nobody = facts._replace(desk_speaks=False, override=None, reply_to=None)
        assert decision == decide(nobody, at)


@SOME
@given(chosen())
def test_what_is_stored_is_a_rule_of_the_class_of_the_number(situation: Situation) -> None:
    decision = decide(*situation)
    if decision.number is None:
        assert decision.stored_rule is None
        return
    assert decision.stored_rule is not None
    classes = {"active_window": "sitter", "pool": "pool", "front_desk": "front_desk"}
    assert classes[decision.stored_rule.value] == decision.number.number_class.value
    assert len(decision.stored_rule.value) <= 16


@SOME
@given(situations())
def test_the_same_facts_and_instant_give_the_same_decision(situation: Situation) -> None:
    facts, at = situation
    assert decide(facts, at) == decide(facts._replace(), at)


@SOME
@given(situations(), st.randoms(use_true_random=False))
def test_the_order_of_the_facts_does_not_matter(situation: Situation, random: Random) -> None:
    facts, at = situation
    shuffled = facts._replace(
        windows=tuple(random.sample(facts.windows, len(facts.windows))),
        pool=tuple(random.sample(facts.pool, len(facts.pool))),
        desks=tuple(random.sample(facts.desks, len(facts.desks))),
    )
    assert decide(shuffled, at) == decide(facts, at)


@SOME
@given(situations())
def test_the_trace_is_the_rules_in_order_up_to_the_first_that_yields(situation: Situation) -> None:
    decision = decide(*situation)
    trace = decision.trace
    assert 1 <= len(trace) <= 3
    assert [s.step for s in trace] == list(range(1, len(trace) + 1))
    assert [s.rule.value for s in trace] == RULES[: len(trace)]
    routed = decision.outcome is Outcome.ROUTED
    assert [s.result for s in trace] == [False] * (len(trace) - 1) + [routed]
    assert routed is (decision.number is not None)
    assert routed or len(trace) == 3
    assert decision.rule == (trace[-1].rule if routed else None)
    assert all(s.condition and s.explanation for s in trace)
    assert "\n" not in decision.reason


@SOME
@given(situations())
def test_the_number_chosen_is_usable(situation: Situation) -> None:
    facts, at = situation
    chosen = decide(facts, at).number
    known = [w.number for w in facts.windows if w.number is not None]
    known += [p.number for p in facts.pool]
    known += list(facts.desks)
    if chosen is not None:
        (fact,) = {n for n in known if n.id == chosen.id}
        assert naive.usable(fact, at)
        assert (fact.e164, fact.number_class) == (chosen.e164, chosen.number_class)


@SOME
@given(situations())
def test_nobody_speaks_with_another_sitters_number(situation: Situation) -> None:
    facts, at = situation
    decision = decide(facts, at)
    chosen = decision.number
    if chosen is None or chosen.number_class is not NumberClass.SITTER:
        assert chosen is None or chosen.sitter is None
        return
    assert decision.window is not None
    assert chosen.sitter == decision.window.sitter
    holders = {w.sitter for w in facts.windows if w.number and w.number.id == chosen.id}
    assert holders == {chosen.sitter}
    assert decision.window.starts_at <= at < decision.window.ends_at


@SOME
@given(situations())
def test_windows_that_do_not_contain_the_instant_change_nothing(situation: Situation) -> None:
    facts, at = situation
    only = facts._replace(windows=tuple(naive.windows_at(facts, at)))
    assert decide(only, at) == decide(facts, at)


@SOME
@given(situations())
def test_numbers_that_are_not_usable_are_as_good_as_absent(situation: Situation) -> None:
    facts, at = situation
    only = facts._replace(
        pool=tuple(p for p in facts.pool if naive.usable(p.number, at)),
        desks=tuple(d for d in facts.desks if naive.usable(d, at)),
    )
    assert decide(only, at) == decide(facts, at)


@SOME
@given(st.one_of(situations(), with_pictures(), chosen(), of_countries()))
def test_numbers_that_the_pool_would_lend_last_may_be_missing(situation: Situation) -> None:
    """As `needs_more_of_pool` says, whichever others are there beside the first ones."""
    facts, at = situation
    in_order = naive.by_longest_rest(list(facts.pool))
    never_used = [each for each in in_order if each.last_used_at is None]
    used = [each for each in in_order if each.last_used_at is not None]
    own = [each for each in in_order if each.number.id == facts.own_pool_number_id]
    for most in range(1, len(in_order) + 1):
        for other in [None, *in_order]:
            there = [*never_used[:most], *used[:most], *own, other]
            first = facts._replace(pool=tuple(each for each in in_order if each in there))
            if not needs_more_of_pool(first, at, most):
                assert decide(first, at) == decide(facts, at)


def test_a_number_that_can_be_lent_is_enough_if_none_before_it_is_missing() -> None:
    first, second, third = (pool_number(each) for each in (11, 12, 13))
    resting = first._replace(number=quarantined(first.number))
    also_resting = second._replace(number=quarantined(second.number))
    used = third._replace(last_used_at=T - HOUR)
    assert needs_more_of_pool(facts(pool=()), T, 1)
    assert needs_more_of_pool(facts(pool=(resting,)), T, 1)
    assert needs_more_of_pool(facts(pool=(resting, third)), T, 1)
    assert needs_more_of_pool(facts(pool=(resting, also_resting, used)), T, 2)
    assert not needs_more_of_pool(facts(pool=(resting, third)), T, 2)
    assert not needs_more_of_pool(facts(pool=(resting, also_resting, used)), T, 3)
    own = facts(pool=(resting, third), own_pool_number_id=third.number.id)
    assert not needs_more_of_pool(own, T, 1)


def test_these_examples_reach_every_code_and_every_kind_of_collision() -> None:
    """The proof that the properties above are about something."""
    codes: set[Code] = set()
    met: set[str] = set()

    @settings(SOME, max_examples=500, derandomize=True, database=None)
    @given(st.one_of(situations(), with_pictures(), chosen(), of_countries()))
    def look(situation: Situation) -> None:
        facts, at = situation
        codes.update(step.code for step in decide(facts, at).trace)
        inside = naive.windows_at(facts, at)
        if any(w.ends_at == at for w in facts.windows):
            met.add("a window closing at the instant")
        if any(w.starts_at == at for w in inside):
            met.add("a window opening at the instant")
        if any(w.booked_from == at > w.starts_at for w in inside):
            met.add("a booked time beginning at the instant")
        if facts.override is not None and facts.override.until == at:
            met.add("an override ending at the instant")
        kinds = {naive.kind_of_time(w, at) for w in inside}
        met.update(" against ".join(pair) for pair in combinations(sorted(kinds), 2))
        starts = sorted(w.starts_at for w in inside)
        if any(one == other for one, other in pairwise(starts)):
            met.add("the same start twice")
        numbers = [p.number for p in facts.pool]
        if any(n.quarantined_until == at for n in numbers):
            met.add("a quarantine ending at the instant")
        uses = [p.last_used_at for p in facts.pool if naive.usable(p.number, at)]
        if len(set(uses)) < len(uses):
            met.add("the same last use twice")

    look()
    assert codes == set(Code) - OF_DIRECT_TEXTS
    assert len(met) == 10, met
