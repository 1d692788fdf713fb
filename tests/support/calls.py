"""Phone calls as rows, as petmsg stores them: the call, and the inbox entry of a missed one."""

import json
from datetime import datetime, timedelta
from typing import Any

from petmsg.enums.call_routing import CallCode, CallRule
from petmsg.enums.calls import (
    AnsweredBy,
    CallAddressee,
    CallerKind,
    CallStatus,
    RingTarget,
)
from petmsg.rules.routing.call_decision import CallDecision, CallStep, Ring
from tests.support.consistency import raw
from tests.support.fixtures import NOW
from tests.support.media_rows import add_media

VOICE = b"ID3\x04\x00\x00\x00\x00\x00\x00" + bytes(300)
"""The beginning of an MP3 file."""
_OPEN = {CallStatus.RINGING}


def add_call(
    url: str,
    /,
    *,
    number: str,
    client: str | None = None,
    sitter: str | None = None,
    from_phone: str | None = None,
    caller: CallerKind | None = None,
    status: CallStatus = CallStatus.COMPLETED,
    answered_by: AnsweredBy | None = None,
    started_at: datetime = NOW - timedelta(minutes=10),
    seconds: int | None = None,
    voicemail: int | None = None,
    content: bytes = b"",
    org: str = "happy-paws",
) -> int:
    """Store a call, and return its id. With `client` they called, for `sitter` if there is one;
    with `caller` `sitter` it is the other way round.

    A call that nobody took has an entry in the inbox. `voicemail` is the length of the message that
    was left, `content` its sound.
    """
    if caller is None:
        caller = CallerKind.UNKNOWN if client is None else CallerKind.CLIENT
    if status is CallStatus.COMPLETED and answered_by is None:
        answered_by = AnsweredBy.FRONT_DESK if sitter is None else AnsweredBy.SITTER
    ended_at = None if status in _OPEN else started_at + timedelta(seconds=(seconds or 0) + 25)
    with raw(url) as cursor:
        org_id = cursor.value("SELECT id FROM org WHERE slug = :slug", slug=org)
        ids = {
            "number_id": ("message_number", "e164", number),
            "client_id": ("client", "ref", client),
            "sitter_id": ("sitter", "ref", sitter),
        }
        row: dict[str, Any] = {
            column: text
            and cursor.value(
                f"SELECT id FROM {table} WHERE org_id = :org_id AND {key} = :text",
                org_id=org_id,
                text=text,
            )
            for column, (table, key, text) in ids.items()
        }
        assert row["number_id"], number
        known = client and cursor.value(
            "SELECT e164 FROM client_phone WHERE client_id = :id AND is_primary",
            id=row["client_id"],
        )
        place = cursor.value("SELECT count(*) FROM call") + 1
        decided = decision(
            org, number, started_at, caller, client=client, sitter=sitter, rejected=_is(status)
        )
        row |= {
            "org_id": org_id,
            "provider": "sandbox",
            "provider_call_id": f"CA{place:032}",
            "from_phone": from_phone or known,
            "caller": caller.value,
            "addressed_to": decided.addressed_to.value,
            "code": decided.code.value,
            "decision": json.dumps(decided.to_json()),
            "status": status.value,
            "answered_by": answered_by and answered_by.value,
            "started_at": started_at,
            "answered_at": answered_by and started_at + timedelta(seconds=8),
            "ended_at": ended_at,
            "duration_seconds": seconds,
            "voicemail_seconds": voicemail,
        }
        is_missed = ended_at is not None and answered_by is None and not _is(status)
        is_missed &= caller is not CallerKind.SITTER  # it is for the client, who did not answer
        row["message_id"] = _entry(cursor, row, number) if is_missed else None
        names = ", ".join(row)
        values = ", ".join(f":{name}" for name in row)
        call = cursor.value(f"INSERT INTO call ({names}) VALUES ({values}) RETURNING id", **row)
    if voicemail is not None and row["message_id"] is not None:
        voice = {"content_type": "audio/mpeg", "provider_media_id": f"RE{call:032}"}
        add_media(url, row["message_id"], content=content, **voice)
    return int(call)


def _is(status: CallStatus) -> bool:
    return status is CallStatus.REJECTED


def decision(
    org: str,
    number: str,
    at: datetime,
    caller: CallerKind,
    *,
    client: str | None,
    sitter: str | None,
    rejected: bool = False,
) -> CallDecision:
    """What the rules decide about such a call: the other side rings, then the front desk."""
    ref, addressed_to, code = None, CallAddressee.FRONT_DESK, CallCode.NO_ACTIVE_WINDOW
    if caller is CallerKind.SITTER and client is not None:
        ref, addressed_to, code = client, CallAddressee.CLIENT, CallCode.CLIENT_RINGS
    elif caller is CallerKind.CLIENT and sitter is not None:
        ref, addressed_to, code = sitter, CallAddressee.SITTER, CallCode.SITTER_RINGS
    elif caller is CallerKind.UNKNOWN:
        code = CallCode.UNKNOWN_SENDER
    rings = [Ring(RingTarget.FRONT_DESK, caller_id=number, seconds=20), Ring(RingTarget.VOICEMAIL)]
    if ref is not None:
        target = RingTarget(addressed_to.value)
        rings.insert(0, Ring(target, ref, f"{ref}'s name", number, 20, target == "sitter"))
    if rejected:
        ref, addressed_to, code, rings = None, CallAddressee.NOBODY, CallCode.CALLS_PER_HOUR, []
    limit = CallCode.CALLS_PER_HOUR
    reason = "the window of booking B-1 is active" if ref else "no window is active"
    return CallDecision(
        org=org,
        number=number,
        at=at,
        caller=caller,
        caller_ref={CallerKind.CLIENT: client, CallerKind.SITTER: sitter}.get(caller),
        addressed_to=addressed_to,
        ref=ref,
        code=code,
        reason=reason,
        rings=tuple(rings),
        options=(),
        trace=(
            CallStep(1, CallRule.REJECT, "too many calls", rejected, limit, "were counted"),
            CallStep(2, CallRule.RING_SITTER, "window is active", ref is not None, code, reason),
        ),
    )


def _entry(cursor: Any, row: dict[str, Any], number: str) -> int:
    """The entry in the inbox of a call that nobody took."""
    seconds, at = row["voicemail_seconds"], row["ended_at"]
    thread = row["client_id"] and _thread(cursor, row)
    message: dict[str, Any] = {
        "org_id": row["org_id"],
        "thread_id": thread,
        "client_id": row["client_id"],
        "direction": "inbound",
        "status": "received",
        "body": "Missed call" if seconds is None else f"Voicemail, {seconds} seconds",
        "from_e164": row["from_phone"],
        "to_e164": number,
        "number_id": row["number_id"],
        "provider": row["provider"],
        "provider_message_id": row["provider_call_id"],
        "segments": 1,
        "attempts": 0,
        "actor": "provider",
        "created_at": at,
        "urgent": False,
    }
    inbound: dict[str, Any] = {
        "org_id": row["org_id"],
        "received_at": row["started_at"],
        "addressed_to": "front_desk" if thread else "unrouted",
        "code": "NO_ACTIVE_WINDOW" if thread else "UNKNOWN_SENDER",
        "media_count": 0,
        "inbox_at": at,
    }
    id_ = _insert(cursor, "message", message, returning="id")
    _insert(cursor, "inbound_text", {"message_id": id_, **inbound}, returning="message_id")
    return id_


def _thread(cursor: Any, row: dict[str, Any]) -> int:
    client = row["client_id"]
    found = cursor.value("SELECT id FROM thread WHERE client_id = :id", id=client)
    if found is not None:
        return int(found)
    made = {"org_id": row["org_id"], "client_id": client, "created_at": row["started_at"]}
    return _insert(cursor, "thread", made, returning="id")


def _insert(cursor: Any, table: str, row: dict[str, Any], *, returning: str) -> int:
    names = ", ".join(row)
    values = ", ".join(f":{name}" for name in row)
    sql = f"INSERT INTO {table} ({names}) VALUES ({values}) RETURNING {returning}"
    return int(cursor.value(sql, **row))
