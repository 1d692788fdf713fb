"""The answer to a call whose event could not be stored in time.

The front desk's phone rings, or the caller hears a sentence, but never silence. A sitter is rung
only if a committed decision chose them. The facts are those that were read last.
"""

from collections.abc import Callable

from petmsg.enums.calls import CallStatus, Sentence
from petmsg.providers.call_events import (
    CallArrived,
    CallEnded,
    CallEvent,
    ClientChosen,
    RingAnswered,
    RingEnded,
    VoicemailLeft,
)
from petmsg.rules.call_plan import CallPlan, Connect, Dial, HangUp, Screen, Speak
from petmsg.rules.call_steps import ACCEPTING_KEY
from petmsg.rules.desk_line import DeskLine


def fallback(
    event: CallEvent, line: DeskLine | None, *, may_ring: Callable[[DeskLine], bool]
) -> CallPlan:
    """Return what happens next. `line` is that of the number that was called, None if the number is
    not known. `may_ring` is asked only where its front desk would be rung."""
    company = None if line is None else line.company
    match event:
        case CallArrived():
            return _desk_or_sentence(event.call, line, may_ring)
        case RingEnded():
            if event.status is CallStatus.COMPLETED:
                # The two may have talked, or a sitter's own voicemail answered.
                return HangUp() if event.by_desk else Speak(Sentence.ENDED, company)
            if event.by_desk or event.ring > 0:
                return Speak(Sentence.NOBODY_ANSWERS, company)
            return _desk_or_sentence(event.call, line, may_ring)
        case RingAnswered(key=None):
            return Screen(event.call, event.ring, company or "", None, needs_key=True)
        case RingAnswered():
            return Connect() if event.key == ACCEPTING_KEY else HangUp()
        case ClientChosen():
            return Speak(Sentence.TROUBLE, company)
        case VoicemailLeft():
            return Speak(Sentence.THANKS, company)
        case CallEnded():
            return HangUp()


def _desk_or_sentence(
    call: str, line: DeskLine | None, may_ring: Callable[[DeskLine], bool]
) -> CallPlan:
    if line is None:
        return Speak(Sentence.TROUBLE)
    if line.phone is None or line.caller_id is None or not may_ring(line):
        return Speak(Sentence.TROUBLE, line.company)
    return Dial(call, 0, line.phone, line.caller_id, line.seconds, announces=False, by_desk=True)
