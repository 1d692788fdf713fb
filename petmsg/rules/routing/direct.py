"""Which number does a text leave from that goes to nobody's thread? Pure: facts in, Decision out.

Two kinds there are: a text to a sitter's own phone leaves from the number she holds, and an answer
to a stranger from the number he texted. Neither ever leaves from another one: the sitter knows her
number, and a stranger is not to learn a second. Source: issue 4 (auto-replies, relay).

A client's words go to a sitter only while that sitter has an open window with the client, however
long they waited.
"""

from datetime import datetime
from typing import NamedTuple

from petmsg.enums import Code, Outcome, SystemMessageRule
from petmsg.rules.routing.decide import RULESET, usable
from petmsg.rules.routing.decision import ChosenNumber, Decision, Step
from petmsg.rules.routing.facts import NumberFact


class ForwardFact(NamedTuple):
    """A client's words that are passed on. `is_open`: the sitter has a window with the client that
    contains the instant; `relays`: the org passes words on."""

    client: str
    is_open: bool
    relays: bool = True


class DirectFacts(NamedTuple):
    """What is known of a direct text: the sitter it goes to, if any, the number, and the client's
    words in it, if it passes some on."""

    org: str
    rule: SystemMessageRule
    number: NumberFact | None
    sitter: str | None = None
    sitter_name: str | None = None
    forward: ForwardFact | None = None


_CONDITION = {
    SystemMessageRule.ASSIGNED_SITTER: "the client's messages go to this sitter now",
    SystemMessageRule.OWN_NUMBER: "the sitter holds a usable number",
    SystemMessageRule.SAME_NUMBER: "the number that was texted is usable",
}


def decide_direct(facts: DirectFacts, at: datetime) -> Decision:
    """The number a direct text leaves from at `at` (aware UTC), and why."""
    trace: list[Step] = []
    if facts.forward is not None:
        trace.append(_assigned(facts, facts.forward))
    number = None
    if not trace or trace[0].result:
        number, step = _number(facts, at)
        trace.append(step._replace(step=len(trace) + 1))
    chosen = None
    if number is not None:
        chosen = ChosenNumber(number.id, number.e164, number.number_class, facts.sitter)
    return Decision(
        org=facts.org,
        client=None,
        at=at,
        outcome=Outcome.NO_NUMBER if number is None else Outcome.ROUTED,
        number=chosen,
        reason=trace[-1].explanation,
        window=None,
        warnings=(),
        ruleset=RULESET,
        trace=tuple(trace),
    )


def _assigned(facts: DirectFacts, forward: ForwardFact) -> Step:
    """Whether the client's words are still this sitter's to read."""
    rule = SystemMessageRule.ASSIGNED_SITTER
    about = f"Sitter {facts.sitter_name} has"
    if not forward.relays:
        code, why = Code.RELAY_OFF, "The org does not relay messages"
    elif forward.is_open:
        code, why = Code.WINDOW_ACTIVE, f"{about} an active window with client {forward.client}"
    else:
        code, why = Code.NO_ACTIVE_WINDOW, f"{about} no active window with client {forward.client}"
    return Step(1, rule, _CONDITION[rule], code is Code.WINDOW_ACTIVE, code, why)


def _number(facts: DirectFacts, at: datetime) -> tuple[NumberFact | None, Step]:
    number = facts.number
    good = number is not None and usable(number, at)
    code, why = _finding(facts, good=good)
    step = Step(1, facts.rule, _CONDITION[facts.rule], good, code, why)
    return number if good else None, step


def _finding(facts: DirectFacts, *, good: bool) -> tuple[Code, str]:
    if facts.rule is SystemMessageRule.OWN_NUMBER:
        if facts.number is None:
            return Code.SITTER_WITHOUT_NUMBER, f"Sitter {facts.sitter_name} has no number"
        if not good:
            return Code.NUMBER_NOT_USABLE, f"Sitter {facts.sitter_name}'s number is not usable"
        return Code.OWN_NUMBER, f"Sitter {facts.sitter_name}'s own number"
    if not good:
        return Code.NUMBER_NOT_USABLE, "The number that was texted is not usable"
    return Code.SAME_NUMBER, "The number that was texted"
