"""Which number is a message outside any thread sent from? Pure: facts in, Decision out.

There are three kinds. What petmsg sends to a sitter's own phone by itself is sent from the number
the sitter holds, and an answer to a stranger from the number they messaged. No other number is
used, because a forwarded message is answered on the number that it came from, and a stranger must
not learn a second one. What a person writes to a sitter is sent from the number the sitter holds
or, if it cannot be used, from the front desk's; never to a sitter who has left.

A client's message is forwarded to a sitter only while that sitter has an open window with the
client, however long the message waited, and not once an override sent the client's thread to the
front desk.
"""

from datetime import datetime
from typing import NamedTuple

from petmsg.enums.numbers import NumberStatus
from petmsg.enums.routing import Code, Outcome, SystemMessageRule
from petmsg.rules.routing.decide import RULESET, usable
from petmsg.rules.routing.decision import ChosenNumber, Decision, Step
from petmsg.rules.routing.facts import NumberFact


class ForwardFact(NamedTuple):
    """A client's message that is forwarded.

    `is_open` says whether the sitter has a window with the client that contains the instant,
    `relays` whether the org relays messages, and `overridden` whether an override of the client's
    thread held at any time since the message came.
    """

    client: str
    is_open: bool
    relays: bool = True
    overridden: bool = False


class StaffFact(NamedTuple):
    """A person's message to a sitter.

    `desks` are the front desk numbers of the org. `has_left` says that the sitter was deactivated.
    """

    desks: tuple[NumberFact, ...]
    has_left: bool = False


class DirectFacts(NamedTuple):
    """Facts about a message outside any thread: the sitter who receives it, if any, the number, the
    forwarded client's message or the person's own, if it is one, and whether it has pictures."""

    org: str
    rule: SystemMessageRule
    number: NumberFact | None
    sitter: str | None = None
    sitter_name: str | None = None
    forward: ForwardFact | None = None
    with_media: bool = False
    staff: StaffFact | None = None


_CONDITION = {
    SystemMessageRule.ASSIGNED_SITTER: "the client's messages go to this sitter now",
    SystemMessageRule.OWN_NUMBER: "the sitter holds a usable number",
    SystemMessageRule.DESK_NUMBER: "the org has a usable front desk number",
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
    elif facts.staff is not None and not facts.staff.has_left:
        desk, step = _desk(facts, facts.staff, at)
        trace.append(step._replace(step=len(trace) + 1))
        chosen = desk and ChosenNumber(desk.id, desk.e164, desk.number_class, None)
    return Decision(
        org=facts.org,
        client=None,
        at=at,
        outcome=Outcome.NO_NUMBER if chosen is None else Outcome.ROUTED,
        number=chosen,
        reason=_reason(trace),
        window=None,
        warnings=(),
        ruleset=RULESET,
        trace=tuple(trace),
    )


def _assigned(facts: DirectFacts, forward: ForwardFact) -> Step:
    """Decide whether the client's message may still be forwarded to this sitter."""
    rule = SystemMessageRule.ASSIGNED_SITTER
    about = f"Sitter {facts.sitter_name} has"
    if forward.overridden:
        code, why = Code.OVERRIDE, f"An override gave client {forward.client} to the front desk"
    elif not forward.relays:
        code, why = Code.RELAY_OFF, "The org does not relay messages"
    elif forward.is_open:
        code, why = Code.WINDOW_ACTIVE, f"{about} an active window with client {forward.client}"
    else:
        code, why = Code.NO_ACTIVE_WINDOW, f"{about} no active window with client {forward.client}"
    return Step(1, rule, _CONDITION[rule], code is Code.WINDOW_ACTIVE, code, why)


def _reason(trace: list[Step]) -> str:
    """Return one line: what decided and, for the front desk's number, why it is not the sitter's
    own."""
    last = trace[-1]
    if last.rule is not SystemMessageRule.DESK_NUMBER:
        return last.explanation
    then = "using front desk" if last.result else "no number is usable"
    return f"{trace[-2].explanation} - {then}"


def _desk(facts: DirectFacts, staff: StaffFact, at: datetime) -> tuple[NumberFact | None, Step]:
    """Return the usable front desk number; an active one before one after quarantine."""
    rule = SystemMessageRule.DESK_NUMBER
    candidates = [desk for desk in staff.desks if usable(desk, at)]
    able = [desk for desk in candidates if not facts.with_media or desk.mms is not False]
    if not able:
        code, why = Code.NO_FRONT_DESK, "No front desk number is usable"
        if candidates:
            code, why = Code.NUMBER_WITHOUT_MMS, "The front desk number cannot send pictures"
        return None, Step(1, rule, _CONDITION[rule], False, code, why)
    desk = min(able, key=lambda each: (each.status is not NumberStatus.ACTIVE, each.id))
    why = f"Front desk number {desk.e164}"
    return desk, Step(1, rule, _CONDITION[rule], True, Code.FRONT_DESK, why)


def _number(facts: DirectFacts, at: datetime) -> tuple[NumberFact | None, Step]:
    number = facts.number
    good = number is not None and usable(number, at)
    if facts.staff is not None and facts.staff.has_left:
        why = f"Sitter {facts.sitter_name} was deactivated"
        return None, Step(1, facts.rule, _CONDITION[facts.rule], False, Code.SITTER_NOT_ACTIVE, why)
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
