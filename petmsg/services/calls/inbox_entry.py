"""The entry in the inbox of a call that nobody took: one inbound message for each call.

It is listed, claimed, answered, exported and erased as messages are. A voicemail is a file of it.
"""

import json
from typing import Any

from petmsg.enums.alerts import AlertKind
from petmsg.enums.calls import CallAddressee, CallerKind, CallStatus
from petmsg.enums.inbound import AddressedTo
from petmsg.enums.media import MediaStatus
from petmsg.enums.routing import InboundCode, InboundRule
from petmsg.plurals import counted
from petmsg.queries.call_writes import (
    StoredCall,
    add_erased_file,
    count_files,
    store_entry,
    store_voicemail,
)
from petmsg.queries.inbound_writes import INSERT_INBOUND, INSERT_MESSAGE
from petmsg.queries.media_fetch import add_received, named_of_message
from petmsg.services import inbox
from petmsg.services.bookings.assignment_window import ensure_threads
from petmsg.services.calls.alerts import alert_missed, alert_voicemail, end_alert
from petmsg.services.calls.missed_call_reply import reply_to_missed
from petmsg.services.unit_of_work import UnitOfWork

MISSED = "Missed call"
MOST_RECORDINGS = 10
"""As many voicemails of one call are kept."""
_AUDIO = "audio/mpeg"


def is_missed(call: StoredCall) -> bool:
    """Whether nobody took a call that the front desk is to know of.

    A sitter whose client does not answer knows it; so does one who heard that they have no visit.
    """
    return (
        call.ended_at is not None
        and call.answered_by is None
        and call.status is not CallStatus.REJECTED
        and call.addressed_to in (CallAddressee.SITTER, CallAddressee.FRONT_DESK)
    )


def add_missed(uow: UnitOfWork, call: StoredCall) -> None:
    """Put a call that nobody took into the inbox, with an alert and, for a client, a reply.

    A call that is there already, and one of a client who was erased, stays as it is.
    """
    if call.message_id is not None or call.forgotten_at is not None:
        return
    message_id = _add(uow, call, MISSED)
    alert_missed(uow, call, message_id)
    reply_to_missed(uow, call, message_id)


def add_voicemail(uow: UnitOfWork, call: StoredCall, recording: str, seconds: int | None) -> bool:
    """Put a call with a voicemail into the inbox; return False if that voicemail is there already.

    A recording of a client who was erased is only named, so that the provider deletes it.
    """
    message_id = call.message_id
    if message_id is None:
        message_id = _add(uow, call, None if call.forgotten_at else _words(seconds))
        if call.forgotten_at is None:
            reply_to_missed(uow, call, message_id)
    length = max(seconds or 0, call.voicemail_seconds or 0)
    if length != call.voicemail_seconds:
        store_voicemail(
            uow.cursor,
            uow.org.id,
            call.id,
            message_id=message_id,
            seconds=length,
            body=None if call.forgotten_at else _words(length),
        )
    named = named_of_message(uow.cursor, message_id)
    if recording in named or len(named) >= MOST_RECORDINGS:
        return False
    if call.forgotten_at is not None:
        add_erased_file(
            uow.cursor,
            uow.org.id,
            message_id,
            position=len(named),
            recording=recording,
            now=uow.now,
        )
        return True
    add_received(
        uow.cursor,
        org_id=uow.org.id,
        message_id=message_id,
        position=len(named),
        status=MediaStatus.MISSING.value,
        name=None,
        content_type=_AUDIO,
        size=None,
        sha256=None,
        provider_media_id=recording,
        due_at=uow.now,
        stored_at=None,
        now=uow.now,
    )
    count_files(uow.cursor, uow.org.id, message_id)
    inbox.add(uow, message_id)
    alert_voicemail(uow, call, message_id)
    return True


def close_answered(uow: UnitOfWork, call: StoredCall) -> None:
    """Close the entry of a call that somebody took after all; one with a voicemail stays."""
    if call.message_id is None or call.voicemail_seconds is not None:
        return
    reason = "the call was answered"
    if inbox.close(uow, call.message_id, by=uow.actor, reason=reason):
        uow.audit("inbox.done", "message", str(call.message_id), reason=reason)
    end_alert(uow, AlertKind.MISSED_CALL, call.message_id, reason=reason)


def _words(seconds: int | None) -> str:
    return f"Voicemail, {counted(seconds, 'second')}" if seconds else "Voicemail"


def _add(uow: UnitOfWork, call: StoredCall, body: str | None) -> int:
    """Store the inbound message of a call; one without a body does not wait for a person."""
    client_id = call.client_id if call.caller is CallerKind.CLIENT else None
    thread_id = None
    if client_id is not None:
        threads = ensure_threads(uow, {client_id: (call.client or "", None)})
        thread_id = threads[client_id].id
    kind = _addressed_to(call)
    decision = _addressee(call, kind)
    ((message_id,),) = uow.cursor.tuples(
        INSERT_MESSAGE,
        org_id=uow.org.id,
        thread_id=thread_id,
        client_id=client_id,
        body=body,
        from_e164=None if call.forgotten_at else call.from_phone,
        to_e164=call.number,
        number_id=call.number_id,
        decision=json.dumps(decision, ensure_ascii=False),
        provider=call.provider,
        provider_message_id=call.provider_call_id,
        segments=1,
        actor=uow.actor,
        now=uow.now,
    )
    uow.cursor.run(
        INSERT_INBOUND,
        message_id=message_id,
        org_id=uow.org.id,
        received_at=call.started_at,
        addressed_to=kind.value,
        sitter_id=call.sitter_id if kind is AddressedTo.RELAY else None,
        code=decision["code"],
        keyword=None,
        media_count=0,
        inbox_at=None if body is None else uow.now,
    )
    store_entry(uow.cursor, call.id, message_id)
    uow.audit(
        "message.received",
        "message",
        str(message_id),
        {
            "client": call.client if client_id is not None else None,
            "number": call.number,
            "addressed_to": kind.value,
            "code": decision["code"],
            "call": call.id,
        },
    )
    return int(message_id)


def _addressed_to(call: StoredCall) -> AddressedTo:
    """Whose inbox it is: never a sitter's, because they did not take the call."""
    return {
        CallerKind.CLIENT: AddressedTo.FRONT_DESK,
        CallerKind.SITTER: AddressedTo.RELAY,
        CallerKind.UNKNOWN: AddressedTo.UNROUTED,
    }[call.caller]


def _addressee(call: StoredCall, kind: AddressedTo) -> dict[str, Any]:
    """The decision about the call, in the form of one about a message that came in."""
    stored = json.loads(call.decision)
    trace = [each for each in stored["trace"] if _is_of_message(each)]
    code, why = InboundCode.UNKNOWN_SENDER.value, stored["reason"]
    if trace:
        code, why = trace[-1]["code"], trace[-1]["explanation"]
    if kind is AddressedTo.RELAY:
        code = InboundCode.KNOWN_SITTER.value  # `SITTER_REPLY` would mean that it was forwarded
    return {
        "org": stored["org"],
        "number": stored["number"],
        "at": stored["at"],
        "client": stored["caller_ref"] if kind is AddressedTo.FRONT_DESK else None,
        "addressed_to": kind.value,
        "code": code,
        "reason": f"{why} - nobody took the call",
        "trace": trace,
    }


def _is_of_message(step: dict[str, Any]) -> bool:
    """Whether a step is one of the rules for a message too."""
    return step["rule"] in set(InboundRule) and step["code"] in set(InboundCode)
