"""Who receives an inbound message? The counterpart of `decide`: facts in, InboundDecision out.

The number that received it identifies the org, and the sending phone the client. The client has one
thread, where the message is always stored. These rules decide who reads it:

1. STOP, START and HELP go to the front desk, never to a sitter;
2. a sitter's message to their own number is for one of their clients, if the org relays
   (`petmsg.rules.routing.relay` decides which);
3. a message from a phone of no client goes to the inbox: as the sitter's if it is a sitter's phone,
   otherwise as unrouted;
4. while an override sends the client's thread to the front desk, the front desk receives it;
5. the sitter receives it if a window of this client contains the instant and is assigned to them,
   they are active, and they hold the number and it is usable;
6. otherwise it goes to the front desk's inbox, with the first code that applies.

Rules 1, 2 and 4 appear in the trace only if they apply.

A number that was since assigned to somebody else, or is in quarantine, never brings a client's
message to its new holder. Nor does a number that was the front desk's or of the pool when the
client last had a message from it: they answer the company. See `docs/replies.md`.
"""

from datetime import datetime
from typing import Any, NamedTuple

from petmsg.clock import clock_local, format_local, iso_utc
from petmsg.enums.inbound import AddressedTo
from petmsg.enums.numbers import NumberClass
from petmsg.enums.opt_outs import Keyword
from petmsg.enums.routing import InboundCode, InboundRule
from petmsg.rules.routing.decide import contains, usable
from petmsg.rules.routing.facts import NumberFact, OverrideFact, WindowFact

FRONT_DESK = AddressedTo.FRONT_DESK.value
UNROUTED = AddressedTo.UNROUTED.value
RELAY = AddressedTo.RELAY.value


class HolderFact(NamedTuple):
    """A sitter who holds or held a number."""

    sitter: str
    name: str


class InboundFacts(NamedTuple):
    """Everything the rules need to know about a message to one of the company's numbers.

    `number` and `holder` are as they were at the instant, by the number assignment history.
    `client` is the ref of the phone's client; None if it has none. `windows` are those of the
    client's thread. `seen` is true if the client had a message from this number before, and
    `seen_holder` held it then. `keyword` is the keyword that the whole message is. `sender` is the
    sitter whose personal phone it is, `to_own_number` says whether they hold the number, and
    `relay` whether the org relays such messages. `override` may include one that does not hold at
    the instant. `desk_wrote` says that nobody held the number when the client last had a message
    from it, and a sitter holds it at the instant.
    """

    org: str
    timezone: str
    number: NumberFact
    holder: HolderFact | None = None
    client: str | None = None
    windows: tuple[WindowFact, ...] = ()
    seen: bool = False
    seen_holder: HolderFact | None = None
    keyword: Keyword | None = None
    sender: HolderFact | None = None
    to_own_number: bool = False
    relay: bool = False
    override: OverrideFact | None = None
    desk_wrote: bool = False


class InboundStep(NamedTuple):
    """One rule that was tried: its condition, its result, and an explanation."""

    step: int
    rule: InboundRule
    condition: str
    result: bool
    code: InboundCode
    explanation: str


class InboundDecision(NamedTuple):
    """Who receives a message that came at `at` (aware UTC), and why.

    `addressed_to` is a sitter's ref, `front_desk`, `unrouted`, or `relay` for a sitter's own
    message to a client.
    """

    org: str
    number: str
    at: datetime
    client: str | None
    addressed_to: str
    code: InboundCode
    reason: str
    trace: tuple[InboundStep, ...]

    @property
    def kind(self) -> AddressedTo:
        """Whose inbox it belongs to."""
        if self.addressed_to in _NOT_A_SITTER:
            return AddressedTo(self.addressed_to)
        return AddressedTo.SITTER

    def to_json(self) -> dict[str, Any]:
        """Return the decision as `route inbound -o json` prints it
        (`docs/schemas/route-inbound.json`)."""
        return {
            "org": self.org,
            "number": self.number,
            "at": iso_utc(self.at),
            "client": self.client,
            "addressed_to": self.addressed_to,
            "code": self.code.value,
            "reason": self.reason,
            "trace": [
                {
                    "step": step.step,
                    "rule": step.rule.value,
                    "condition": step.condition,
                    "result": step.result,
                    "code": step.code.value,
                    "explanation": step.explanation,
                }
                for step in self.trace
            ],
        }


_NOT_A_SITTER = frozenset((FRONT_DESK, UNROUTED, RELAY))


def route_inbound(facts: InboundFacts, at: datetime) -> InboundDecision:
    """Return who receives a message that came at `at` (aware UTC). The same facts give the same
    answer."""
    if facts.keyword is not None:
        return _decision(facts, at, _inbox_without_window(facts), (_keyword_step(facts.keyword),))
    before: tuple[InboundStep, ...] = ()
    if facts.sender is not None and facts.to_own_number:
        name = facts.sender.name
        if facts.relay:
            why = f"Sitter {name} sent it to their own number"
            step = _step(InboundRule.RELAY, True, InboundCode.SITTER_REPLY, why)
            return _decision(facts._replace(client=None), at, RELAY, (step,))
        why = f"Sitter {name} sent it, and the org does not relay"
        before = (_step(InboundRule.RELAY, False, InboundCode.RELAY_OFF, why),)
    if facts.client is None:
        return _decision(facts, at, _inbox_without_window(facts), (*before, _no_client_step(facts)))
    known = _step(
        InboundRule.CLIENT,
        False,
        InboundCode.KNOWN_CLIENT,
        f"The phone belongs to client {facts.client}",
    )
    if facts.override is not None and facts.override.starts_at <= at < facts.override.until:
        step = _override_step(facts, facts.override)
        return _decision(facts, at, FRONT_DESK, (*before, known, step))
    active = [window for window in facts.windows if contains(window, at)]
    assigned = None
    if not facts.desk_wrote:
        assigned = next((window for window in active if _may_send(facts, window, at)), None)
    if assigned is not None:
        until = clock_local(assigned.ends_at, facts.timezone)
        why = f"Active assignment window for sitter {assigned.sitter_name} until {until}"
        step = _step(InboundRule.SITTER, True, InboundCode.WINDOW_ACTIVE, why)
        assert assigned.sitter is not None
        return _decision(facts, at, assigned.sitter, (*before, known, step))
    code, why = _front_desk_reason(facts, active, at)
    no_window = _step(InboundRule.SITTER, False, code, why)
    desk = _step(InboundRule.FRONT_DESK, True, code, f"{why} - to the front desk")
    return _decision(facts, at, FRONT_DESK, (*before, known, no_window, desk))


def _inbox_without_window(facts: InboundFacts) -> str:
    """Return the inbox of a message that no window decides: the client's front desk, the sitter's,
    or unrouted."""
    if facts.client is not None:
        return FRONT_DESK
    return UNROUTED if facts.sender is None else RELAY


def _no_client_step(facts: InboundFacts) -> InboundStep:
    if facts.sender is None:
        why = "No client has this phone"
        return _step(InboundRule.CLIENT, True, InboundCode.UNKNOWN_SENDER, why)
    why = f"Sitter {facts.sender.name} sent it from their own phone - to the inbox"
    return _step(InboundRule.SENDER, True, InboundCode.KNOWN_SITTER, why)


def _override_step(facts: InboundFacts, override: OverrideFact) -> InboundStep:
    until = format_local(override.until, facts.timezone)
    why = f"An override sends the client's messages to the front desk until {until}"
    return _step(InboundRule.OVERRIDE, True, InboundCode.OVERRIDE, why)


_KEYWORDS = {
    Keyword.STOP: (InboundCode.KEYWORD_STOP, "The sender wants no more messages"),
    Keyword.START: (InboundCode.KEYWORD_START, "The sender wants messages again"),
    Keyword.HELP: (InboundCode.KEYWORD_HELP, "The sender asks for help; the carrier answers"),
}


def _keyword_step(keyword: Keyword) -> InboundStep:
    code, why = _KEYWORDS[keyword]
    return _step(InboundRule.KEYWORD, True, code, why)


def _may_send(facts: InboundFacts, window: WindowFact, at: datetime) -> bool:
    """Whether the window's sitter is active, and holds the number, and it is usable."""
    return window.sitter_active and _holds_number(facts, window) and usable(facts.number, at)


def _holds_number(facts: InboundFacts, window: WindowFact) -> bool:
    return facts.holder is not None and window.sitter == facts.holder.sitter


def _front_desk_reason(
    facts: InboundFacts, active: list[WindowFact], at: datetime
) -> tuple[InboundCode, str]:
    """Return the first code that applies, in a fixed order."""
    number, holder = facts.number, facts.holder
    if facts.desk_wrote:
        return (
            InboundCode.FORMER_NUMBER,
            "No sitter held the number when the client last had a message from it",
        )
    if facts.seen and facts.seen_holder is not None and facts.seen_holder != holder:
        return (
            InboundCode.FORMER_NUMBER,
            f"Sitter {facts.seen_holder.name} held the number when the client last saw it",
        )
    if number.number_class is not NumberClass.SITTER:
        kind = "a pool number" if number.number_class is NumberClass.POOL else "a front desk number"
        return InboundCode.POOL_OR_DESK_NUMBER, f"The number is {kind}"
    with_holder = [window for window in active if _holds_number(facts, window)]
    if active and holder is not None and not with_holder:
        return (
            InboundCode.NUMBER_OF_ANOTHER_SITTER,
            f"Sitter {holder.name} holds the number, but has no window with this client now",
        )
    if with_holder and not with_holder[0].sitter_active:
        return InboundCode.SITTER_NOT_ACTIVE, f"Sitter {with_holder[0].sitter_name} is not active"
    if with_holder and not usable(number, at):
        return (
            InboundCode.NUMBER_QUARANTINED,
            f"Sitter {with_holder[0].sitter_name}'s number is not usable",
        )
    return InboundCode.NO_ACTIVE_WINDOW, "No active window"


_CONDITION = {
    InboundRule.KEYWORD: "the whole message is a carrier keyword: STOP, START or HELP",
    InboundRule.RELAY: "it is from the personal phone of the sitter who holds the number",
    InboundRule.CLIENT: "the phone does not belong to a client of the org",
    InboundRule.SENDER: "the phone belongs to a sitter, and to no client",
    InboundRule.OVERRIDE: "an override of the client's thread contains the time",
    InboundRule.SITTER: (
        "a window of this client contains the time, and its active sitter holds the usable number"
    ),
    InboundRule.FRONT_DESK: "no other rule applies",
}


def _step(rule: InboundRule, result: bool, code: InboundCode, explanation: str) -> InboundStep:
    return InboundStep(1, rule, _CONDITION[rule], result, code, explanation)


def _decision(
    facts: InboundFacts, at: datetime, to: str, trace: tuple[InboundStep, ...]
) -> InboundDecision:
    last = trace[-1]
    return InboundDecision(
        org=facts.org,
        number=facts.number.e164,
        at=at,
        client=facts.client,
        addressed_to=to,
        code=last.code,
        reason=last.explanation,
        trace=tuple(step._replace(step=place) for place, step in enumerate(trace, 1)),
    )
