"""Which number does a text leave from that goes to nobody's thread? Pure: facts in, Decision out.

Two kinds there are: a text to a sitter's own phone leaves from the number she holds, and an answer
to a stranger from the number he texted. Neither ever leaves from another one: the sitter knows her
number, and a stranger is not to learn a second. Source: issue 4 (auto-replies, relay).
"""

from datetime import datetime
from typing import NamedTuple

from petmsg.enums import Code, DirectRule, Outcome
from petmsg.routing.decide import RULESET, usable
from petmsg.routing.decision import ChosenNumber, Decision, Step
from petmsg.routing.facts import NumberFact


class DirectFacts(NamedTuple):
    """What is known of a direct text: the sitter it goes to, if any, and the number."""

    org: str
    rule: DirectRule
    number: NumberFact | None
    sitter: str | None = None
    sitter_name: str | None = None


_CONDITION = {
    DirectRule.OWN_NUMBER: "the sitter holds a usable number",
    DirectRule.SAME_NUMBER: "the number that was texted is usable",
}


def decide_direct(facts: DirectFacts, at: datetime) -> Decision:
    """The number a direct text leaves from at `at` (aware UTC), and why."""
    number = facts.number
    good = number is not None and usable(number, at)
    code, why = _finding(facts, good=good)
    chosen = None
    if good and number is not None:
        chosen = ChosenNumber(number.id, number.e164, number.number_class, facts.sitter)
    return Decision(
        org=facts.org,
        client=None,
        at=at,
        outcome=Outcome.ROUTED if good else Outcome.NO_NUMBER,
        number=chosen,
        reason=why,
        window=None,
        warnings=(),
        ruleset=RULESET,
        trace=(Step(1, facts.rule, _CONDITION[facts.rule], good, code, why),),
    )


def _finding(facts: DirectFacts, *, good: bool) -> tuple[Code, str]:
    if facts.rule is DirectRule.OWN_NUMBER:
        if facts.number is None:
            return Code.SITTER_WITHOUT_NUMBER, f"Sitter {facts.sitter_name} has no number"
        if not good:
            return Code.NUMBER_NOT_USABLE, f"Sitter {facts.sitter_name}'s number is not usable"
        return Code.OWN_NUMBER, f"Sitter {facts.sitter_name}'s own number"
    if not good:
        return Code.NUMBER_NOT_USABLE, "The number that was texted is not usable"
    return Code.SAME_NUMBER, "The number that was texted"
