"""What happens next with a call. Pure: the stored decision and an event in, the next place out.

Places are those of the entries in the decision's `rings`, from 0. Nothing here depends on what was
told before, so that a repeated or late event has the same answer.
"""

from collections.abc import Mapping

from petmsg.enums.call_routing import CallCode
from petmsg.enums.calls import AnsweredBy, CallAddressee, CallStatus, RingTarget, Sentence
from petmsg.rules.routing.call import choice_step, client_rings
from petmsg.rules.routing.call_decision import CallDecision, Ring

ACCEPTING_KEY = "1"
"""The key that a sitter presses to take a call."""

_TAKES = {
    RingTarget.SITTER: AnsweredBy.SITTER,
    RingTarget.CLIENT: AnsweredBy.CLIENT,
    RingTarget.FRONT_DESK: AnsweredBy.FRONT_DESK,
}


def choose(decision: CallDecision, key: int | None) -> CallDecision | None:
    """Return the decision after the sitter pressed a key; None if no client has the key.

    The front desk is rung instead of a client who cannot be rung. A decision without a choice to
    make stays as it is, so that a repeated choice changes nothing.
    """
    if not decision.must_choose:
        return decision
    if key is None or not 1 <= key <= len(decision.options):
        return None
    chosen = decision.options[key - 1]
    if chosen.caller_id is None:
        reason = f"The sitter chose client {chosen.ref}, who cannot be rung"
        return decision._replace(
            addressed_to=CallAddressee.FRONT_DESK,
            reason=reason,
            trace=(*decision.trace, choice_step(False, decision.code, reason)),
        )
    reason = f"The sitter chose client {chosen.ref}"
    step = choice_step(True, CallCode.CLIENT_RINGS, f"{reason}, who sees {chosen.caller_id}")
    return decision._replace(
        ref=chosen.ref,
        code=CallCode.CLIENT_RINGS,
        reason=reason,
        rings=client_rings(chosen, decision.ring_seconds),
        trace=(*decision.trace, step),
    )


def ring_at(decision: CallDecision, place: int) -> Ring | None:
    """Return the entry at that place; None if there is none, or the sitter has yet to choose."""
    if decision.must_choose or not 0 <= place < len(decision.rings):
        return None
    return decision.rings[place]


def answered_by(decision: CallDecision, place: int, key: str | None) -> AnsweredBy | None:
    """Return who took the call when they picked up (`key` None) or pressed a key; None if nobody
    has yet. Where a key is needed, only the accepting one takes it."""
    ring = ring_at(decision, place)
    if ring is None or (ring.needs_key and key != ACCEPTING_KEY):
        return None
    return _TAKES.get(ring.target)


def after_ring(
    decision: CallDecision, place: int, status: CallStatus, *, taken: AnsweredBy | None
) -> int | None:
    """Return the place that follows when ringing has ended with `status`; None if the call is over:
    it was taken, or there is no such place. `taken` is as in `ended_by`."""
    if ended_by(decision, place, status, taken=taken) is not None:
        return None
    has_next = ring_at(decision, place) is not None and place + 1 < len(decision.rings)
    return place + 1 if has_next else None


def ended_by(
    decision: CallDecision, place: int, status: CallStatus, *, taken: AnsweredBy | None
) -> AnsweredBy | None:
    """Return who had taken the call when ringing ended with `status`; None if nobody had.

    `taken` is who is known to have taken it: a sitter who pressed the key. Without the key a
    `completed` call to a sitter was answered by their own voicemail.
    """
    ring = ring_at(decision, place)
    who = None if ring is None else _TAKES.get(ring.target)
    if ring is None or who is None:
        return None
    was_connected = status is CallStatus.COMPLETED and not ring.needs_key
    return who if was_connected or taken is who else None


Results = Mapping[int, CallStatus]
"""How ringing ended that nobody took, by the place of the entry."""

_MISSED = CallStatus.NO_ANSWER
_SAYS_MORE = (_MISSED, CallStatus.FAILED, CallStatus.BUSY)


def with_result(
    decision: CallDecision, results: Results, place: int, status: CallStatus
) -> Results:
    """Return the results with how ringing ended at that place, where nobody took the call."""
    ring = ring_at(decision, place)
    if ring is None or ring.target not in _TAKES:
        return results
    return {**results, place: missed_as(status, results.get(place, status))}


def missed_as(*told: CallStatus) -> CallStatus:
    """Return the status of a call that nobody took: of all that was told of it, what says most.

    To the provider a call is completed that it spoke to, or that a sitter's own voicemail took:
    that is no answer. The order in which it is told does not matter.
    """
    return max((each for each in told if each in _SAYS_MORE), key=_SAYS_MORE.index, default=_MISSED)


def last_sentence(decision: CallDecision) -> Sentence:
    """Return what the caller hears at the end, if the last entry is a sentence."""
    if decision.code is CallCode.NO_OPEN_WINDOW:
        return Sentence.NO_VISIT
    if decision.addressed_to is CallAddressee.CLIENT:
        return Sentence.CLIENT_DOES_NOT_ANSWER
    return Sentence.NOBODY_ANSWERS
