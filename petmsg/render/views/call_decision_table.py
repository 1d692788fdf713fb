"""Decisions about phone calls for people: whom a call is for, and who is rung."""

from typing import Any

from rich.text import Text

from petmsg.enums.calls import CallAddressee, RingTarget, Sentence
from petmsg.plurals import named
from petmsg.render.escape import escape
from petmsg.render.fields import View
from petmsg.render.table import print_table, show
from petmsg.render.views.call_decision import CALL_TRACE
from petmsg.rules.call_steps import last_sentence
from petmsg.rules.routing.call_decision import CallDecision, CallOption, Ring


def print_call_decision(found: Any, *, at: str, view: View) -> None:
    """Print who is rung for a call, with the names; `at` is its instant in words."""
    decision: CallDecision = found.decision
    caller = _caller(decision, found.caller_name)
    head = f"{at}: a call from {caller} to {decision.number} {_answer(decision)}"
    style = "bold red" if decision.is_rejected else "bold green"
    lines = [Text(escape(words)) for words in _what_happens(decision)]
    show(
        Text("\n").join(
            [Text(escape(head), style=style), Text(escape(decision.reason)), *lines, Text()]
        ),
        view.terminal,
    )
    print_table(CALL_TRACE, decision.to_json()["trace"], view)


def _caller(decision: CallDecision, name: str | None) -> str:
    if decision.caller_ref is None:
        return "an unknown caller"
    return f"{decision.caller.value} {named(decision.caller_ref, name)}"


def _answer(decision: CallDecision) -> str:
    if decision.is_rejected:
        return "is rejected"
    if decision.must_choose:
        return "is for the client whom they choose"
    if decision.addressed_to is CallAddressee.NOBODY:
        return "is for nobody"
    if decision.ref is None:
        return "is for the front desk"
    ring = decision.rings[0]
    name = f" {ring.name}" if ring.ref == decision.ref else ""
    return f"is for {decision.addressed_to.value} {decision.ref}{name}"


def _what_happens(decision: CallDecision) -> list[str]:
    """Return a line for each key of a client, or else for each who is rung."""
    if decision.must_choose:
        return [f"Key {key}: {_option(each)}" for key, each in enumerate(decision.options, 1)]
    return [f"{place}. {_ring(each, decision)}" for place, each in enumerate(decision.rings, 1)]


def _option(client: CallOption) -> str:
    who = named(client.ref, client.name)
    if client.caller_id is None:
        return f"{who} cannot be rung, so the front desk is"
    return f"{who} is rung and sees {client.caller_id}"


_HEARS = {
    Sentence.NO_VISIT: "they have no visit now",
    Sentence.CLIENT_DOES_NOT_ANSWER: "the client does not answer",
    Sentence.NOBODY_ANSWERS: "nobody can take the call",
}


def _ring(ring: Ring, decision: CallDecision) -> str:
    if ring.target is RingTarget.VOICEMAIL:
        return "The caller may leave a voicemail"
    if ring.target is RingTarget.SENTENCE:
        return f"The caller hears that {_HEARS[last_sentence(decision)]}"
    who = "The front desk"
    if ring.ref is not None:
        who = f"{ring.target.value.capitalize()} {named(ring.ref, ring.name)}"
    if ring.needs_key:
        sees = f", sees {ring.caller_id}, and presses a key to take the call"
    else:
        sees = f" and sees {ring.caller_id}"
    return f"{who} is rung for {ring.seconds} s{sees}"
