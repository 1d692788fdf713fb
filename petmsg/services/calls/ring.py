"""The steps of a call: the sitter chooses a client, somebody picks up, ringing ends.

What follows is decided by `petmsg.rules.call_steps` from the stored decision, so that a repeated or
late event has the same answer. A call that was taken stays taken.
"""

import json

from petmsg.enums.calls import (
    AnsweredBy,
    CallerKind,
    CallStatus,
    RingTarget,
    Sentence,
)
from petmsg.providers.call_events import ClientChosen, RingAnswered, RingEnded
from petmsg.queries.call_phones import client_id_of
from petmsg.queries.call_writes import StoredCall, store_answer, store_choice, store_ring_results
from petmsg.queries.row_locks import share_client
from petmsg.rules.call_plan import CallPlan, Connect, HangUp, Screen, Speak
from petmsg.rules.call_steps import (
    after_ring,
    answered_by,
    choose,
    ended_by,
    missed_as,
    ring_at,
    with_result,
)
from petmsg.rules.routing.call_decision import CallDecision
from petmsg.services.calls.arrive import as_stored_after, decision_of, locked, results_of
from petmsg.services.calls.inbox_entry import close_answered
from petmsg.services.calls.next_plan import Recorded, plan_from
from petmsg.services.unit_of_work import UnitOfWork

UNKNOWN = Recorded("unknown_call", HangUp())
"""What is answered about a call that is not stored."""


def client_chosen(uow: UnitOfWork, event: ClientChosen) -> Recorded:
    """Store which client a sitter chose, and ring them. The first choice counts.

    Raises `CallOfAnotherOrg`.
    """
    call = locked(uow, event.call)
    if call is None:
        return UNKNOWN
    decision = decision_of(call)
    chosen = choose(decision, event.key)
    if chosen is None or not decision.options:
        return Recorded("no_choice", Speak(Sentence.NO_CHOICE, uow.org.name))
    if chosen == decision:
        return Recorded("known", plan_from(uow, call, chosen, 0))
    client_id = None
    if chosen.ref is not None:
        client_id = client_id_of(uow.cursor, uow.org.id, chosen.ref)
        share_client(uow.cursor, client_id)
    store_choice(
        uow.cursor,
        call.id,
        decision=as_stored_after(chosen, call),
        addressed_to=chosen.addressed_to.value,
        code=chosen.code.value,
        client_id=client_id,
    )
    payload = {"client": chosen.ref, "addressed_to": chosen.addressed_to.value}
    uow.audit("call.client_chosen", "call", str(call.id), payload)
    return Recorded("changed", plan_from(uow, call, chosen, 0))


def ring_answered(uow: UnitOfWork, event: RingAnswered) -> Recorded:
    """Tell the person who picked up whose call it is, or connect them if they pressed the key.

    Raises `CallOfAnotherOrg`.
    """
    call = locked(uow, event.call)
    if call is None:
        return UNKNOWN
    decision = decision_of(call)
    ring = ring_at(decision, event.ring)
    if ring is None:
        return Recorded("unknown_ring", HangUp())
    who = answered_by(decision, event.ring, event.key)
    is_new = who is not None and _record_answer(uow, call, decision, who)
    word = "changed" if is_new else "known"
    if ring.target is RingTarget.CLIENT:
        return Recorded(word, Connect())
    if event.key is None:
        screen = Screen(
            call.provider_call_id, event.ring, uow.org.name, _caller_name(call), ring.needs_key
        )
        return Recorded(word, screen)
    return Recorded(word, HangUp() if who is None else Connect())


def ring_ended(uow: UnitOfWork, event: RingEnded) -> Recorded:
    """End the call if somebody took it, or else go on with the next one who is rung.

    Raises `CallOfAnotherOrg`.
    """
    call = locked(uow, event.call)
    if call is None:
        return UNKNOWN
    decision = decision_of(call)
    if event.by_desk:
        return _desk_ended(uow, call, decision, event.status)
    who = ended_by(decision, event.ring, event.status, taken=call.answered_by)
    is_new = who is not None and _record_answer(uow, call, decision, who)
    is_new = is_new or (who is None and _note_result(uow, call, decision, event))
    word = "changed" if is_new else "known"
    place = after_ring(decision, event.ring, event.status, taken=call.answered_by)
    plan: CallPlan = HangUp() if place is None else plan_from(uow, call, decision, place)
    return Recorded(word, plan)


def _note_result(
    uow: UnitOfWork, call: StoredCall, decision: CallDecision, event: RingEnded
) -> bool:
    """Store how ringing ended that nobody took; False if that was known."""
    before = results_of(call)
    results = with_result(decision, before, event.ring, event.status)
    if results == before:
        return False
    as_json = json.dumps({str(place): status.value for place, status in sorted(results.items())})
    store_ring_results(
        uow.cursor, call.id, as_json, status=missed_as(call.status, *results.values()).value
    )
    return True


def _desk_ended(
    uow: UnitOfWork, call: StoredCall, decision: CallDecision, status: CallStatus
) -> Recorded:
    """End a call for which the front desk was rung before it could be stored."""
    if status is CallStatus.COMPLETED:
        is_new = _record_answer(uow, call, decision, AnsweredBy.FRONT_DESK)
        return Recorded("changed" if is_new else "known", HangUp())
    last = len(decision.rings) - 1
    return Recorded("known", HangUp() if last < 0 else plan_from(uow, call, decision, last))


def _record_answer(
    uow: UnitOfWork, call: StoredCall, decision: CallDecision, who: AnsweredBy
) -> bool:
    """Store who took a call; False if it was taken before. Of two who did, the first who was rung
    counts, whichever of them is told first."""
    before = call.answered_by
    if before is not None and _place(decision, before) <= _place(decision, who):
        return False
    if not store_answer(uow.cursor, call.id, answered_by=who.value, now=uow.now):
        return False
    uow.audit("call.answered", "call", str(call.id), {"answered_by": who.value})
    close_answered(uow, call)
    return True


def _place(decision: CallDecision, who: AnsweredBy) -> int:
    targets = [each.target.value for each in decision.rings]
    return targets.index(who.value) if who.value in targets else len(targets)


def _caller_name(call: StoredCall) -> str | None:
    """Return the name of the client or sitter who calls; None if nobody knows the phone."""
    if call.caller is CallerKind.CLIENT:
        return call.client_name
    return call.sitter_name if call.caller is CallerKind.SITTER else None
