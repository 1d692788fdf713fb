"""Where nothing new is used, ruleset 2 decides as ruleset 1 did, to the letter."""

from collections import Counter
from random import Random

import pytest

from petmsg.enums.routing import Code
from petmsg.rules.routing import OverrideFact, decide
from tests.rules.routing import ruleset_1
from tests.rules.routing.builders import HOUR, OF_COUNTRIES, OF_DIRECT_TEXTS, OF_PERSONS, TICK
from tests.rules.routing.situations import random_situation

_WORLDS = 5_000


@pytest.mark.parametrize("seed", range(2))
def test_ruleset_2_decides_as_ruleset_1_where_nothing_new_is_used(seed: int) -> None:
    """Number, window, reason, warnings and trace; also their JSON, but for `ruleset`."""
    dice, codes, warned = Random(seed), Counter[Code](), 0
    for _ in range(_WORLDS):
        facts, at = random_situation(dice)
        was, now = ruleset_1.decide(facts, at), decide(facts, at)
        assert was.ruleset == "1"
        assert now._replace(ruleset="1") == was
        assert now.to_json() | {"ruleset": "1"} == was.to_json()
        assert now.rule == was.rule == now.stored_rule
        codes.update(step.code for step in now.trace)
        warned += bool(now.warnings)
    assert set(codes) == set(Code) - OF_DIRECT_TEXTS - OF_PERSONS - OF_COUNTRIES
    assert min(codes.values()) > 10, codes
    assert warned > 500


def test_without_lead_time_and_after_an_override_everything_is_as_before() -> None:
    dice = Random(7)
    for _ in range(1_000):
        facts, at = random_situation(dice)
        span = dice.choice(((at - HOUR, at), (at + TICK, at + HOUR)))
        with_new = facts._replace(
            windows=tuple(w._replace(booked_from=w.starts_at) for w in facts.windows),
            override=OverrideFact(*span),
        )
        assert decide(with_new, at)._replace(ruleset="1") == ruleset_1.decide(facts, at)
