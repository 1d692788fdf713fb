"""Where does an inbound text go? The mirror image of `decide`: facts in, Delivery out.

The number it came to gives the org, the phone it came from gives the client, and the client has one
thread: the text is stored there, always. The rules here say who is to read it:

1. STOP, START and HELP are never a sitter's to read: they go to the desk;
2. a sitter's own text to her own number is for a client of hers, where the org relays
   (`routing.relay` says for which);
3. a phone that no client of the org has: the inbox, as the sitter's whose own phone it is, else
   as unrouted;
4. the sitter, where a window of this client contains the instant and has her, she is active, and
   the number is hers and usable;
5. otherwise the front desk's inbox, with the first code that applies.

The first two leave a step in the trace only where they have something to say.

A number that went to somebody else since, or rests in quarantine, never carries a client's words to
its new holder. Source of the rules: issue 4; spec, section 7 (Inbound).
"""

from datetime import datetime
from typing import Any, NamedTuple

from petmsg.clock import clock_local, iso_utc
from petmsg.enums import AddressedTo, InboundCode, InboundRule, Keyword, NumberClass
from petmsg.rules.routing.decide import contains, usable
from petmsg.rules.routing.facts import NumberFact, WindowFact

FRONT_DESK = AddressedTo.FRONT_DESK.value
UNROUTED = AddressedTo.UNROUTED.value
RELAY = AddressedTo.RELAY.value


class HolderFact(NamedTuple):
    """A sitter who holds, or held, a number."""

    sitter: str
    name: str


class InboundFacts(NamedTuple):
    """Everything the rules need to know about a text that came to a number of ours.

    `number` and `holder` are as they were at the instant, by the custody ledger. `client` is the
    ref of who has the phone, None if nobody has. `windows` are those of her thread. `seen` says
    that she had a text from this number before, and `seen_holder` whose it was then. `keyword` is
    what the whole text says to the carriers. `sender` is the sitter whose personal phone it is,
    `to_own_number` says that she holds the number, and `relay` whether the org passes such texts
    on.
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


class InboundStep(NamedTuple):
    """One rule that was tried: what it asked, what came out, and in words."""

    step: int
    rule: InboundRule
    condition: str
    result: bool
    code: InboundCode
    explanation: str


class InboundDecision(NamedTuple):
    """Who is to read a text that came at `at` (aware UTC): a sitter's ref, `front_desk`,
    `unrouted`, or `relay` for a sitter's own text to a client; and why."""

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
        """Whose inbox it is."""
        if self.addressed_to in _NOT_A_SITTER:
            return AddressedTo(self.addressed_to)
        return AddressedTo.SITTER

    def to_json(self) -> dict[str, Any]:
        """In the shape of `route inbound -o json` (issue 4)."""
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
    """Who is to read a text that came at `at` (aware UTC). Same facts and instant, same answer."""
    if facts.keyword is not None:
        return _addressee(facts, at, _of_nobody_else(facts), (_of_keyword(facts.keyword),))
    before: tuple[InboundStep, ...] = ()
    if facts.sender is not None and facts.to_own_number:
        name = facts.sender.name
        if facts.relay:
            why = f"Sitter {name} wrote it to her own number"
            step = _step(InboundRule.RELAY, True, InboundCode.SITTER_REPLY, why)
            return _addressee(facts._replace(client=None), at, RELAY, (step,))
        why = f"Sitter {name} wrote it, and the org does not relay"
        before = (_step(InboundRule.RELAY, False, InboundCode.RELAY_OFF, why),)
    if facts.client is None:
        return _addressee(facts, at, _of_nobody_else(facts), (*before, _of_no_client(facts)))
    known = _step(
        InboundRule.CLIENT, False, InboundCode.KNOWN_CLIENT, f"It is the phone of {facts.client}"
    )
    active = [window for window in facts.windows if contains(window, at)]
    hers = next((window for window in active if _speaks(facts, window, at)), None)
    if hers is not None:
        until = clock_local(hers.ends_at, facts.timezone)
        why = f"Active assignment window for sitter {hers.sitter_name} until {until}"
        step = _step(InboundRule.SITTER, True, InboundCode.WINDOW_ACTIVE, why)
        assert hers.sitter is not None
        return _addressee(facts, at, hers.sitter, (*before, known, step))
    code, why = _why_the_desk(facts, active, at)
    nobody = _step(InboundRule.SITTER, False, code, why)
    desk = _step(InboundRule.FRONT_DESK, True, code, f"{why} - to the front desk")
    return _addressee(facts, at, FRONT_DESK, (*before, known, nobody, desk))


def _of_nobody_else(facts: InboundFacts) -> str:
    """Whose inbox it is that no window decides: the client's desk, a sitter's own, or unrouted."""
    if facts.client is not None:
        return FRONT_DESK
    return UNROUTED if facts.sender is None else RELAY


def _of_no_client(facts: InboundFacts) -> InboundStep:
    if facts.sender is None:
        why = "No client has this phone"
        return _step(InboundRule.CLIENT, True, InboundCode.UNKNOWN_SENDER, why)
    why = f"Sitter {facts.sender.name} wrote it from their own phone - to the inbox"
    return _step(InboundRule.SENDER, True, InboundCode.KNOWN_SITTER, why)


_KEYWORDS = {
    Keyword.STOP: (InboundCode.KEYWORD_STOP, "She wants no texts any more"),
    Keyword.START: (InboundCode.KEYWORD_START, "She wants texts again"),
    Keyword.HELP: (InboundCode.KEYWORD_HELP, "She asks for help; the carrier answers"),
}


def _of_keyword(keyword: Keyword) -> InboundStep:
    code, why = _KEYWORDS[keyword]
    return _step(InboundRule.KEYWORD, True, code, why)


def _speaks(facts: InboundFacts, window: WindowFact, at: datetime) -> bool:
    """Whether the window's sitter is active, and the number is hers and usable."""
    return window.sitter_active and _is_hers(facts, window) and usable(facts.number, at)


def _is_hers(facts: InboundFacts, window: WindowFact) -> bool:
    return facts.holder is not None and window.sitter == facts.holder.sitter


def _why_the_desk(
    facts: InboundFacts, active: list[WindowFact], at: datetime
) -> tuple[InboundCode, str]:
    """The first code that applies, in the order of the spec."""
    number, holder = facts.number, facts.holder
    if facts.seen and facts.seen_holder is not None and facts.seen_holder != holder:
        return (
            InboundCode.FORMER_NUMBER,
            f"The number was {facts.seen_holder.name}'s when the client last saw it",
        )
    if number.number_class is not NumberClass.SITTER:
        kind = "a pool number" if number.number_class is NumberClass.POOL else "the front desk's"
        return InboundCode.POOL_OR_DESK_NUMBER, f"The number is {kind}"
    with_her = [window for window in active if _is_hers(facts, window)]
    if active and holder is not None and not with_her:
        return (
            InboundCode.NUMBER_OF_ANOTHER_SITTER,
            f"The number is {holder.name}'s, who has no window with this client now",
        )
    if with_her and not with_her[0].sitter_active:
        return InboundCode.SITTER_NOT_ACTIVE, f"Sitter {with_her[0].sitter_name} is not active"
    if with_her and not usable(number, at):
        return (
            InboundCode.NUMBER_QUARANTINED,
            f"Sitter {with_her[0].sitter_name}'s number is not usable",
        )
    return InboundCode.NO_ACTIVE_WINDOW, "No active window"


_CONDITION = {
    InboundRule.KEYWORD: "the whole text is a word to the carriers: STOP, START or HELP",
    InboundRule.RELAY: "it is from the own phone of the sitter whose number it is",
    InboundRule.CLIENT: "the phone is of no client of the org",
    InboundRule.SENDER: "no client has the phone, and it is a sitter's own",
    InboundRule.SITTER: (
        "a window of this client contains the time, and its active sitter holds the usable number"
    ),
    InboundRule.FRONT_DESK: "nobody else is to read it",
}


def _step(rule: InboundRule, result: bool, code: InboundCode, explanation: str) -> InboundStep:
    return InboundStep(1, rule, _CONDITION[rule], result, code, explanation)


def _addressee(
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
