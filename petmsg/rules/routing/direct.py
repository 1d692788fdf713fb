"""Which number is a message outside any thread sent from? Pure: facts in, Decision out.

There are two kinds: a message to a sitter's own phone is sent from the number the sitter holds, and
an automatic reply to a stranger from the number they messaged. No other number is used, because the
sitter knows only their own number and a stranger must not learn a second one.

A client's message is forwarded to a sitter only while that sitter has an open window with the
client, however long the message waited.
"""

from datetime import datetime
from typing import NamedTuple

from petmsg.enums import Code, Outcome, SystemMessageRule
from petmsg.rules.routing.decide import RULESET, usable
from petmsg.rules.routing.decision import ChosenNumber, Decision, Step
from petmsg.rules.routing.facts import NumberFact


class ForwardFact(NamedTuple):
    """A client's message that is forwarded.

    `is_open` says whether the sitter has a window with the client that contains the instant,
    `relays` whether the org relays messages.
    """

    client: str
    is_open: bool
    relays: bool = True


class DirectFacts(NamedTuple):
    """Facts about a message outside any thread: the sitter who receives it, if any, the number, the
    forwarded client's message, if any, and whether it has pictures."""

    org: str
    rule: SystemMessageRule
    number: NumberFact | None
    sitter: str | None = None
    sitter_name: str | None = None
    forward: ForwardFact | None = None
    with_media: bool = False


_CONDITION = {
    SystemMessageRule.ASSIGNED_SITTER: "the client's messages go to this sitter now",
    SystemMessageRule.OWN_NUMBER: "the sitter holds a usable number",
    SystemMessageRule.SAME_NUMBER: "the number that received the message is usable",
}


def decide_direct(facts: DirectFacts, at: datetime) -> Decision:
    """Return the number that the message is sent from at `at` (aware UTC), and why."""
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
    """Decide whether the client's message may still be forwarded to this sitter."""
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
    if good and number is not None and facts.with_media and number.mms is False:
        good, code = False, Code.NUMBER_WITHOUT_MMS
        why = f"The number {number.e164} cannot send pictures"
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
        return Code.NUMBER_NOT_USABLE, "The number that received the message is not usable"
    return Code.SAME_NUMBER, "The number that received the message"
