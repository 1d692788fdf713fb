"""What happens next with a call: the place in its decision's `rings`, as something to do.

A decision has no phones. The phone is looked up here, at the moment when it rings, and only that of
an active sitter, of a client who was not erased, or of the front desk. So nothing but a phone that
the org knows is ever dialled. Anybody who may not be rung any more is skipped.
"""

from typing import NamedTuple

from petmsg.enums.calls import RingTarget
from petmsg.queries.auto_reply import is_masked_number
from petmsg.queries.call_phones import number_to_show, phone_of_active_sitter, phone_of_client
from petmsg.queries.call_writes import StoredCall
from petmsg.rules.call_plan import CallPlan, Dial, HangUp, Menu, Reject, Speak, TakeVoicemail
from petmsg.rules.call_steps import last_sentence
from petmsg.rules.routing.call_decision import CallDecision, Ring
from petmsg.services.unit_of_work import UnitOfWork


class Recorded(NamedTuple):
    """What became of an event of a call: a word for the log, and what happens next."""

    word: str
    plan: CallPlan


def plan_at_start(uow: UnitOfWork, call: StoredCall, decision: CallDecision) -> CallPlan:
    """Return what a call begins with. A call that comes again begins with the same."""
    if decision.is_rejected:
        return Reject()
    if decision.options:
        return Menu(call.provider_call_id, tuple(each.name for each in decision.options))
    return plan_from(uow, call, decision, 0)


def plan_from(uow: UnitOfWork, call: StoredCall, decision: CallDecision, place: int) -> CallPlan:
    """Return what happens from that place of the decision's `rings` on."""
    for here in range(max(0, place), len(decision.rings)):
        ring = decision.rings[here]
        if ring.target is RingTarget.VOICEMAIL:
            return TakeVoicemail(call.provider_call_id, uow.org.name, uow.org.greeting)
        if ring.target is RingTarget.SENTENCE:
            return Speak(last_sentence(decision), uow.org.name)
        dial = _dial(uow, call, ring, here)
        if dial is not None:
            return dial
    return HangUp()


def _dial(uow: UnitOfWork, call: StoredCall, ring: Ring, place: int) -> Dial | None:
    """Return whom to ring and what they see; None if they may not be rung now.

    Nobody is rung on the phone that calls, nor on a number of petmsg, which would ring itself. A
    number that has become unusable since the call came is shown to nobody.
    """
    phone = _phone_of(uow, ring)
    if phone is None or phone == call.from_phone or is_masked_number(uow.cursor, phone):
        return None
    shown = None
    if ring.caller_id is not None:
        shown = number_to_show(uow.cursor, uow.org.id, ring.caller_id, at=uow.now)
    if shown is None:
        return None
    announces = ring.target is not RingTarget.CLIENT
    return Dial(call.provider_call_id, place, phone, shown, ring.seconds, announces)


def _phone_of(uow: UnitOfWork, ring: Ring) -> str | None:
    if ring.target is RingTarget.FRONT_DESK:
        return uow.org.desk_phone
    if ring.ref is None:
        return None
    if ring.target is RingTarget.SITTER:
        return phone_of_active_sitter(uow.cursor, uow.org.id, ring.ref)
    return phone_of_client(uow.cursor, uow.org.id, ring.ref)
