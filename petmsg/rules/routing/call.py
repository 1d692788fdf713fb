"""Who is rung for a phone call? Facts in, CallDecision out.

There are no rules of its own about whom a call is for: the addressee of a call is the addressee of
a message without words from the same phone to the same number (`petmsg.rules.routing.inbound`), as
if the org relayed messages. These rules say who is rung, in which order, and which number is shown:

1. a call from one of the numbers that petmsg knows, to a retired number, or beyond the limit of
   calls per hour is rejected;
2. a sitter's call from their own phone to their own number rings the client of their open window,
   who sees the number that a sitter's message would be sent from (`decide`). With several clients
   the sitter chooses by key. Outside their windows they hear a sentence that says so, and nobody is
   rung. For a client who cannot be rung, because an override holds or no number can be shown, the
   front desk is rung;
3. a client's call that is for a sitter rings the sitter's phone, which shows the number that was
   called;
4. every other call rings the front desk's phone within office hours, if the org has one. So does a
   client's call that the sitter does not take. A phone that is also a sitter's own asks for the key
   here too, so that their voicemail takes no call;
5. then the caller may leave a voicemail, if the org takes them, or else hears a sentence. A sitter
   whose client does not answer hears a sentence.

A number is shown only if it is usable and not known to be without voice. To a sitter and the front
desk that is the number that was called, or else the front desk's, or else another of the org; to a
client only the one that the message would be sent from, or else the front desk's. Nobody is rung on
the phone that they call from. Opt-outs do not matter: they are about messages.

All instants are aware UTC. A decision holds names and refs, and no phone but the company's numbers.
"""

from datetime import datetime
from typing import NamedTuple

from petmsg.clock import format_local
from petmsg.enums.call_routing import CallCode, CallRule, RingCode
from petmsg.enums.calls import CallAddressee, CallerKind, RingTarget
from petmsg.enums.inbound import AddressedTo
from petmsg.enums.numbers import NumberStatus
from petmsg.enums.routing import InboundCode
from petmsg.rules.routing.call_decision import CallDecision, CallOption, CallStep, Ring
from petmsg.rules.routing.decide import usable
from petmsg.rules.routing.facts import NumberFact
from petmsg.rules.routing.inbound import (
    InboundDecision,
    InboundFacts,
    InboundStep,
    route_inbound,
)
from petmsg.rules.routing.relay import MOST_OPTIONS


class CallClient(NamedTuple):
    """A client of a sitter's open window, and the number that the sitter's message to them would be
    sent from (None if there is none). `name` tells them from the sitter's other clients.

    `is_caller` says that the phone on which they would be rung is the one that calls,
    `is_overridden` that an override sends their thread to the front desk.
    """

    ref: str
    name: str
    caller_id: NumberFact | None
    is_caller: bool = False
    is_overridden: bool = False


class CallFacts(NamedTuple):
    """Everything the rules need to know about a call.

    `inbound` are the facts about a message without words from the same phone to the same number at
    the same instant, with `relay` true. `caller_ref` is the ref of the client or sitter who calls,
    `caller_name` their name. `open` are the clients of the calling sitter's open windows, in the
    order of their keys. `desks` are the org's front desk numbers, and `spare` is another number of
    the org that is usable, which is needed only if neither the called number nor one of the front
    desk can be shown. `silent` are the ids of those of all these numbers that are known to be
    without voice. `has_desk_phone` says that the org has a phone for its front desk,
    `desk_is_a_sitters` that it is also a sitter's own, `desk_calls` that the call came from it, and
    `is_open` that the instant is within office hours.
    `holder_calls` says that the call came from the phone of the number's holder. `calls_before`
    counts the calls from the same phone in the hour before, up to `calls_per_hour`.
    `from_own_number` says that the phone is a masked number of any org.
    """

    inbound: InboundFacts
    caller: CallerKind
    caller_ref: str | None = None
    caller_name: str | None = None
    open: tuple[CallClient, ...] = ()
    desks: tuple[NumberFact, ...] = ()
    spare: NumberFact | None = None
    silent: frozenset[int] = frozenset()
    has_desk_phone: bool = False
    desk_is_a_sitters: bool = False
    desk_calls: bool = False
    is_open: bool = True
    holder_calls: bool = False
    takes_voicemail: bool = False
    ring_seconds: int = 20
    calls_before: int = 0
    calls_per_hour: int = 20
    from_own_number: bool = False


def route_call(facts: CallFacts, at: datetime) -> CallDecision:
    """Return who is rung for a call that came at `at` (aware UTC). The same facts give the same
    answer."""
    rejected = _rejection(facts)
    if rejected is not None:
        return _decision(facts, at, CallAddressee.NOBODY, rejected, rings=(), trace=(rejected,))
    message = route_inbound(facts.inbound, at)
    before = tuple(_of_message(step, facts) for step in message.trace)
    if message.code is InboundCode.SITTER_REPLY:
        return _from_sitter(facts, at, before)
    if message.kind is AddressedTo.SITTER:
        return _to_sitter(facts, at, message, before)
    return _to_front_desk(facts, at, before[-1], before)


def _rejection(facts: CallFacts) -> CallStep | None:
    if facts.from_own_number:
        code, why = CallCode.OWN_NUMBER_CALLS, "The call comes from a number of an org"
    elif facts.inbound.number.status is NumberStatus.RETIRED:
        code, why = CallCode.NUMBER_RETIRED, "The number is retired"
    elif facts.calls_before >= facts.calls_per_hour:
        code = CallCode.CALLS_PER_HOUR
        most = "1 call" if facts.calls_per_hour == 1 else f"{facts.calls_per_hour} calls"
        why = f"This phone made {most} within the hour before, and the org takes no more"
    else:
        return None
    return _step(CallRule.REJECT, True, code, why)


def _from_sitter(facts: CallFacts, at: datetime, before: tuple[CallStep, ...]) -> CallDecision:
    """Ring the client of a sitter's open window, or let the sitter choose one."""
    clients = facts.open[:MOST_OPTIONS]
    name = facts.caller_name
    if not clients:
        why = f"Sitter {name} has no open window"
        step = _step(CallRule.RING_CLIENT, False, CallCode.NO_OPEN_WINDOW, why)
        sentence = (Ring(RingTarget.SENTENCE),)
        return _decision(
            facts, at, CallAddressee.NOBODY, step, rings=sentence, trace=(*before, step)
        )
    options = tuple(_option(facts, each, at) for each in clients)
    if all(each.caller_id is None for each in options):
        step = _step(CallRule.RING_CLIENT, False, *_why_not_rung(facts, clients[0]))
        return _to_front_desk(facts, at, step, (*before, step))
    if len(options) == 1:
        why = f"The open window of sitter {name} is for client {options[0].ref}"
        why = f"{why}, who sees {options[0].caller_id}"
        step = _step(CallRule.RING_CLIENT, True, CallCode.CLIENT_RINGS, why)
        rings = client_rings(options[0], facts.ring_seconds)
        found = _decision(facts, at, CallAddressee.CLIENT, step, rings=rings, trace=(*before, step))
        return found._replace(ref=options[0].ref)
    why = f"Sitter {name} has open windows with {len(facts.open)} clients, and chooses one by key"
    step = _step(CallRule.RING_CLIENT, True, CallCode.SITTER_CHOOSES, why)
    rings, _ = _desk_and_end(facts, at)
    found = _decision(facts, at, CallAddressee.CLIENT, step, rings=rings, trace=(*before, step))
    return found._replace(options=options)


def client_rings(client: CallOption, seconds: int) -> tuple[Ring, ...]:
    """Return who is rung for a sitter's call to that client. A client presses no key."""
    ring = Ring(RingTarget.CLIENT, client.ref, client.name, client.caller_id, seconds)
    return ring, Ring(RingTarget.SENTENCE)


def choice_step(result: bool, code: CallCode, explanation: str) -> CallStep:
    """Return the step about the client whom a sitter chose by key; it has no place yet."""
    return _step(CallRule.RING_CLIENT, result, code, explanation)


def _option(facts: CallFacts, client: CallClient, at: datetime) -> CallOption:
    shown = None
    if not client.is_caller and not client.is_overridden and client.caller_id is not None:
        shown = _first_shown(facts, (client.caller_id, *_active_first(facts.desks)), at)
    return CallOption(client.ref, client.name, None if shown is None else shown.e164)


def _why_not_rung(facts: CallFacts, client: CallClient) -> tuple[CallCode, str]:
    """Return why the client cannot be rung, in a fixed order."""
    ref = client.ref
    if client.is_overridden:
        return CallCode.OVERRIDE, f"An override sends client {ref}'s thread to the front desk"
    if client.is_caller:
        return CallCode.OWN_PHONE, f"Sitter {facts.caller_name} calls from client {ref}'s own phone"
    return CallCode.NO_NUMBER, f"No number can be shown to client {ref}"


def _to_sitter(
    facts: CallFacts, at: datetime, message: InboundDecision, before: tuple[CallStep, ...]
) -> CallDecision:
    """Ring the sitter whom the call is for, then the front desk."""
    sitter = message.addressed_to
    holder = facts.inbound.holder
    assert holder is not None
    shown = _shown_to_staff(facts, at)
    rings: tuple[Ring, ...] = ()
    if facts.holder_calls:
        why = f"Sitter {holder.name} calls from their own phone"
        step = _step(CallRule.RING_SITTER, False, CallCode.OWN_PHONE, why)
    elif shown is None:
        step = _step(CallRule.RING_SITTER, False, CallCode.NO_NUMBER, _NO_CALLER_ID)
    else:
        why = f"Sitter {holder.name}'s phone rings and shows {shown.e164}"
        step = _step(CallRule.RING_SITTER, True, CallCode.SITTER_RINGS, why)
        ring = Ring(RingTarget.SITTER, sitter, holder.name, shown.e164, facts.ring_seconds, True)
        rings = (ring,)
    then, after = _desk_and_end(facts, at)
    trace = (*before, step, *after)
    found = _decision(facts, at, CallAddressee.SITTER, step, rings=(*rings, *then), trace=trace)
    return found._replace(ref=sitter, reason=message.reason if rings else step.explanation)


def _to_front_desk(
    facts: CallFacts, at: datetime, why: CallStep, before: tuple[CallStep, ...]
) -> CallDecision:
    rings, after = _desk_and_end(facts, at)
    return _decision(facts, at, CallAddressee.FRONT_DESK, why, rings=rings, trace=(*before, *after))


def _desk_and_end(
    facts: CallFacts, at: datetime
) -> tuple[tuple[Ring, ...], tuple[CallStep, CallStep]]:
    """Return the last of those who are rung: the front desk, if it can be, and the end."""
    shown = _shown_to_staff(facts, at)
    code, why = RingCode.FRONT_DESK_RINGS, ""
    if not facts.has_desk_phone:
        code, why = RingCode.NO_DESK_PHONE, "The org has no phone for its front desk"
    elif facts.desk_calls:
        code, why = RingCode.FRONT_DESK_CALLS, "The call comes from the front desk's phone"
    elif not facts.is_open:
        code, why = RingCode.OUTSIDE_OFFICE_HOURS, "It is outside office hours"
    elif shown is None:
        code, why = RingCode.NO_CALLER_ID, _NO_CALLER_ID
    else:
        asks = ", and asks for a key: a sitter has it" if facts.desk_is_a_sitters else ""
        why = f"The front desk's phone rings and shows {shown.e164}{asks}"
    rings: tuple[Ring, ...] = ()
    if code is RingCode.FRONT_DESK_RINGS and shown is not None:
        key = facts.desk_is_a_sitters
        rings = (Ring(RingTarget.FRONT_DESK, None, None, shown.e164, facts.ring_seconds, key),)
    desk = _step(CallRule.RING_FRONT_DESK, bool(rings), code, why)
    if facts.takes_voicemail:
        why = "A caller whom nobody answers may leave a voicemail"
        end = _step(CallRule.VOICEMAIL, True, RingCode.VOICEMAIL, why)
        return (*rings, Ring(RingTarget.VOICEMAIL)), (desk, end)
    why = "The org takes no voicemail: a caller whom nobody answers hears a sentence"
    end = _step(CallRule.VOICEMAIL, False, RingCode.NO_VOICEMAIL, why)
    return (*rings, Ring(RingTarget.SENTENCE)), (desk, end)


def _shown_to_staff(facts: CallFacts, at: datetime) -> NumberFact | None:
    """Return the number that a sitter or the front desk sees: the called one, or else the front
    desk's, or else another of the org."""
    spare = () if facts.spare is None else (facts.spare,)
    return _first_shown(facts, (facts.inbound.number, *_active_first(facts.desks), *spare), at)


def _first_shown(
    facts: CallFacts, numbers: tuple[NumberFact, ...], at: datetime
) -> NumberFact | None:
    return next((each for each in numbers if can_show(each, facts.silent, at)), None)


def can_show(number: NumberFact, silent: frozenset[int], at: datetime) -> bool:
    """Whether the number may be shown to somebody who is rung at `at`: it is usable, and not one of
    those that are known to be without voice."""
    return usable(number, at) and number.id not in silent


def _active_first(desks: tuple[NumberFact, ...]) -> list[NumberFact]:
    """Return front desk numbers in the order in which a message would be sent from them."""
    return sorted(desks, key=lambda each: (each.status is not NumberStatus.ACTIVE, each.id))


_NO_CALLER_ID = "The org has no number that can be shown"


def _of_message(step: InboundStep, facts: CallFacts) -> CallStep:
    """Return a step about the message as one about the call: a few are said in other words."""
    said = _SAID.get(step.code)
    override = facts.inbound.override
    words = step.explanation
    if said is not None:
        words = said.format(name=facts.caller_name, ref=facts.inbound.client)
    elif step.code is InboundCode.OVERRIDE and override is not None:
        until = format_local(override.until, facts.inbound.timezone)
        words = f"An override sends the client's thread to the front desk until {until}"
    return CallStep(1, step.rule, step.condition, step.result, step.code, words)


_SAID = {
    InboundCode.SITTER_REPLY: "Sitter {name} calls their own number from their own phone",
    InboundCode.KNOWN_SITTER: "Sitter {name} calls from their own phone - to the front desk",
    InboundCode.KNOWN_CLIENT: "The caller is not unknown: the phone belongs to client {ref}",
    InboundCode.UNKNOWN_SENDER: "No client has this phone - to the front desk",
}

_CONDITION = {
    CallRule.REJECT: (
        "it comes from a number of an org, is to a retired one, or is beyond the calls per hour"
    ),
    CallRule.RING_CLIENT: "a client of the sitter's open windows can be rung",
    CallRule.RING_SITTER: "the sitter whom it is for can be rung",
    CallRule.RING_FRONT_DESK: "the front desk has a phone, and it is within office hours",
    CallRule.VOICEMAIL: "the org takes voicemail",
}


def _step(rule: CallRule, result: bool, code: CallCode | RingCode, explanation: str) -> CallStep:
    return CallStep(1, rule, _CONDITION[rule], result, code, explanation)


def _decision(
    facts: CallFacts,
    at: datetime,
    to: CallAddressee,
    why: CallStep,
    *,
    rings: tuple[Ring, ...],
    trace: tuple[CallStep, ...],
) -> CallDecision:
    return CallDecision(
        org=facts.inbound.org,
        number=facts.inbound.number.e164,
        at=at,
        caller=facts.caller,
        caller_ref=facts.caller_ref,
        addressed_to=to,
        ref=None,
        code=CallCode(why.code.value),
        reason=why.explanation,
        rings=rings,
        ring_seconds=facts.ring_seconds,
        trace=tuple(step._replace(step=place) for place, step in enumerate(trace, 1)),
    )
