"""The end of a call, and the voicemail that the caller left."""

from datetime import timedelta

from petmsg.enums.calls import CallStatus, Sentence
from petmsg.enums.orgs import ProviderName
from petmsg.providers.call_events import CallEnded, VoicemailLeft
from petmsg.queries.call_writes import StoredCall, find_call, store_duration, store_end
from petmsg.rules.call_plan import HangUp, Speak
from petmsg.rules.call_steps import missed_as
from petmsg.services.calls.arrive import begin, decision_of, locked, results_of, told_at
from petmsg.services.calls.inbox_entry import add_missed, add_voicemail, is_missed
from petmsg.services.calls.next_plan import Recorded
from petmsg.services.calls.ring import UNKNOWN
from petmsg.services.unit_of_work import UnitOfWork

LONGEST_SECONDS = 24 * 60 * 60
"""No provider lets a call last longer."""


def call_ended(uow: UnitOfWork, event: CallEnded, *, provider: ProviderName | None) -> Recorded:
    """Store the end of a call. One that nobody took goes to the inbox.

    An end whose call is not stored yet stores the call. The first end counts. Raises
    `NotOurNumber`, `CallOfAnotherOrg`.
    """
    seconds = None if event.seconds is None else min(max(event.seconds, 0), LONGEST_SECONDS)
    at = told_at(uow, event.at)
    call = locked(uow, event.call)
    if call is None:
        if event.to_e164 is None:
            return UNKNOWN
        call = begin(
            uow,
            event.call,
            from_phone=event.from_phone,
            to_e164=event.to_e164,
            provider=provider,
            at=at - timedelta(seconds=seconds or 0),
        )
    status = _status(call, event.status)
    at = max(at, call.started_at)
    is_new = store_end(uow.cursor, call.id, status=status.value, now=at)
    if seconds is not None:
        store_duration(uow.cursor, call.id, seconds)
    if is_new:
        payload = {"status": status.value, "seconds": seconds}
        uow.audit("call.ended", "call", str(call.id), payload)
        call = find_call(uow.cursor, event.call)
        assert call is not None
        if is_missed(call):
            add_missed(uow, call)
    return Recorded("changed" if is_new else "known", HangUp())


def voicemail_left(uow: UnitOfWork, event: VoicemailLeft) -> Recorded:
    """Store a voicemail: the call goes to the inbox with it. The same recording again changes
    nothing but its length, if that was not known.

    Raises `CallOfAnotherOrg`.
    """
    call = locked(uow, event.call)
    if call is None:
        return UNKNOWN
    if decision_of(call).is_rejected:
        return Recorded("rejected", HangUp())
    seconds = None if event.seconds is None else min(max(event.seconds, 0), LONGEST_SECONDS)
    is_new = add_voicemail(uow, call, event.recording, seconds)
    if is_new:
        uow.audit("call.voicemail_left", "call", str(call.id), {"seconds": seconds})
    return Recorded("changed" if is_new else "known", Speak(Sentence.THANKS, uow.org.name))


def _status(call: StoredCall, told: CallStatus) -> CallStatus:
    """Return the status of a call that ended: completed if somebody took it."""
    if call.answered_by is not None:
        return CallStatus.COMPLETED
    return missed_as(told, *results_of(call).values())
