"""Import messages into the thread of their client, with the number they were sent from.

A message is recognised by its provider ID or, without one, by the key `snoutos:<its id>`. A message
that was sent although the old system has no provider ID for it has this key as its provider ID.
"""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from sqlite3 import Row
from typing import Any

from petmsg.clock import iso_utc
from petmsg.enums.messages import Direction, MessageStatus
from petmsg.enums.orgs import ProviderName
from petmsg.enums.routing import Outcome
from petmsg.errors import MalformedRow, PetmsgError, quoted
from petmsg.importers.snoutos.legacy_schema import MALFORMED, time_of
from petmsg.importers.snoutos.opt_outs import store_opt_outs
from petmsg.importers.snoutos.people import NotImported, forgotten
from petmsg.importers.snoutos.pictures import note_pictures
from petmsg.importers.snoutos.report import Imported
from petmsg.importers.snoutos.staging import Stage
from petmsg.importers.snoutos.threads import number_of
from petmsg.queries.imported import OurNumber, our_numbers, sitters_by_ref
from petmsg.queries.imported_messages import (
    Conversation,
    NewMessage,
    conversations_by_ref,
    insert_messages,
    known_keys,
    known_provider_ids,
)
from petmsg.rules.routing.decision import RULE_OF_CLASS
from petmsg.rules.segments import measure
from petmsg.services.unit_of_work import UnitOfWork

MESSAGES = """
SELECT m.id, m.orgId, m.threadId, m.direction, m.senderType, m.body, m.createdAt,
       m.providerMessageSid, m.mediaJson, t.clientId, t.orgId AS threadOrg, t.sitterId, t.numberId,
       coalesce(n.e164, t.maskedNumberE164) AS e164,
       (SELECT d.id FROM "Message" d WHERE d.providerMessageSid = m.providerMessageSid
          AND (d.createdAt, d.id) < (m.createdAt, m.id) LIMIT 1) AS same_sid,
       coalesce(d.status, m.deliveryStatus) AS delivery,
       coalesce(d.providerErrorCode, m.failureCode) AS code,
       coalesce(d.providerErrorMessage, m.failureDetail) AS why,
       d.createdAt AS delivery_at
FROM "Message" m
LEFT JOIN "Thread" t ON t.id = m.threadId
LEFT JOIN "MessageNumber" n ON n.id = t.numberId
LEFT JOIN "MessageDelivery" d ON d.rowid = (
  SELECT l.rowid FROM "MessageDelivery" l WHERE l.messageId = m.id
  ORDER BY CAST(l.attemptNo AS INTEGER) DESC, l.createdAt >= '?', l.createdAt DESC, l.rowid DESC
  LIMIT 1)
WHERE m.orgId = :org ORDER BY m.createdAt, m.id
"""

REASON = "Sent by Snoutos, from the number of its thread there"
NO_PROVIDER_ID = "no_provider_id"
_NOT_KNOWN = "The old system has no provider ID for it, so it is unknown whether it was sent."

_TWILIO_ID = re.compile(r"(?:SM|MM)[0-9a-fA-F]{32}")
_DELIVERED = {
    "delivered": MessageStatus.DELIVERED,
    "read": MessageStatus.DELIVERED,
    "undelivered": MessageStatus.UNDELIVERED,
    "failed": MessageStatus.FAILED,
    "canceled": MessageStatus.FAILED,
    "cancelled": MessageStatus.FAILED,
}
"""The status by the last delivery in the old system; with any other value a message that has a
provider ID was sent."""
_SENT = frozenset(("sent", *_DELIVERED))
"""What the old system says of a message that it sent or tried to send."""


def key_of(message_id: str) -> str:
    """Return the idempotency key of a message without a provider ID."""
    return f"snoutos:{message_id}"


def import_messages(uow: UnitOfWork, stage: Stage, org: str, rows: Sequence[Row]) -> Imported:
    """Import messages in the order in which they were written; existing ones are not changed."""
    result = Imported("Message", read=len(rows))
    refs = list(dict.fromkeys(row["clientId"] for row in rows if row["clientId"]))
    conversations = conversations_by_ref(uow.cursor, uow.org.id, refs)
    numbers = our_numbers(uow.cursor, uow.org.id)
    sitters = sitters_by_ref(uow.cursor, uow.org.id, [row["sitterId"] for row in rows])
    written = [row["providerMessageSid"] for row in rows if row["providerMessageSid"]]
    sids = known_provider_ids(uow.cursor, written)
    keys = known_keys(uow.cursor, uow.org.id, [key_of(row["id"]) for row in rows])
    new: list[NewMessage] = []
    for row in rows:
        try:
            if row["same_sid"] is not None:
                raise MalformedRow(f"Message {row['same_sid']} has the same provider ID.")
            conversation = _conversation(row, conversations)
            if row["providerMessageSid"] in sids or key_of(row["id"]) in keys:
                result.known += 1
                continue
            number = number_of(uow, row["e164"], numbers)
            sitter = sitters.get(row["sitterId"])
            sitter_id = None if sitter is None else sitter.id
            new.append(_message(uow, row, conversation, number, sitter_id))
            note_pictures(row["id"], row["mediaJson"], result)
        except PetmsgError as problem:
            result.refuse(row["id"], problem)
    insert_messages(uow.cursor, uow.org.id, new)
    result.new = len(new)
    if new:
        sent = sum(message.direction == Direction.OUTBOUND for message in new)
        payload = {"from": "snoutos", "outbound": sent, "inbound": len(new) - sent}
        uow.audit("message.imported", "org", uow.org.slug, payload)
        store_opt_outs(uow, stage, org, new, result)
    return result


def _conversation(row: Row, conversations: Mapping[str, Conversation]) -> Conversation:
    """Return the client and thread of a message. Raises `NotImported` or `Forgotten`."""
    if row["clientId"] is None:
        raise NotImported(f"Thread {row['threadId']} does not exist.")
    if row["threadOrg"] != row["orgId"]:
        raise NotImported(f"Its thread {row['threadId']} belongs to another organisation.")
    found = conversations.get(row["clientId"])
    if found is None or found.thread_id is None:
        raise NotImported(f"Its thread {row['threadId']} was not imported.")
    if found.forgotten_at is not None:
        raise forgotten(found.ref)
    return found


def _message(
    uow: UnitOfWork,
    row: Row,
    conversation: Conversation,
    number: OurNumber | None,
    sitter_id: int | None,
) -> NewMessage:
    """Return the message as it is stored. Raises `MalformedRow`, `NotImported`."""
    direction = _direction(row["direction"])
    at = time_of(row["createdAt"], "Its time")
    sid, body = row["providerMessageSid"], row["body"] or ""
    sender = (row["senderType"] or "").strip().lower()
    message = NewMessage(
        org_id=uow.org.id,
        thread_id=conversation.thread_id,
        client_id=conversation.client_id,
        direction=direction.value,
        status=MessageStatus.RECEIVED.value,
        body=body,
        number_id=None if number is None else number.id,
        idempotency_key=None if sid else key_of(row["id"]),
        provider=ProviderName.TWILIO.value if sid and _TWILIO_ID.fullmatch(sid) else None,
        provider_message_id=sid,
        segments=measure(body).segments,
        actor=f"snoutos:{sender}"[:120] if sender.isprintable() and sender else "snoutos",
        created_at=at,
    )
    ours = None if number is None else number.e164
    if direction is Direction.INBOUND:
        return message._replace(from_e164=conversation.phone, to_e164=ours)
    message = message._replace(
        from_e164=ours,
        to_e164=conversation.phone,
        send_at=at,
        as_sitter_id=sitter_id if sender == "sitter" else None,
    )
    delivery = (row["delivery"] or "").strip().lower()
    if not sid and delivery not in _SENT:
        return message._replace(
            status=MessageStatus.FAILED.value, error_code=NO_PROVIDER_ID, error_message=_NOT_KNOWN
        )
    if number is None:
        raise NotImported(
            f"The number {row['numberId'] or ''} of its thread was not imported, and a sent "
            "message cannot be stored without the number it was sent from."
        )
    status = _DELIVERED.get(delivery, MessageStatus.SENT)
    return message._replace(
        status=status.value,
        provider_message_id=sid or key_of(row["id"]),
        rule=RULE_OF_CLASS[number.number_class].value,
        decision=_decision(uow, conversation.ref, at, number),
        attempts=1,
        claimed_at=at,
        sent_at=at,
        **_delivery(row, status),
    )


def _delivery(row: Row, status: MessageStatus) -> dict[str, Any]:
    """Return when it was delivered, or why it was not. Raises `MalformedRow`."""
    if status is MessageStatus.DELIVERED:
        known = row["delivery_at"] and not row["delivery_at"].startswith(MALFORMED)
        return {"delivered_at": time_of(row["delivery_at" if known else "createdAt"], "Its time")}
    if status is MessageStatus.SENT:
        return {}
    return {"error_code": row["code"], "error_message": row["why"]}


def _direction(written: str | None) -> Direction:
    try:
        return Direction((written or "").strip().lower())
    except ValueError:
        raise MalformedRow(f"Invalid direction {quoted(written or '')}.") from None


def _decision(uow: UnitOfWork, client: str, at: datetime, number: OurNumber) -> str:
    """Return a Decision that names the number; no petmsg rule made it."""
    return json.dumps(
        {
            "org": uow.org.slug,
            "client": client,
            "at": iso_utc(at),
            "outcome": Outcome.ROUTED.value,
            "number": {
                "e164": number.e164,
                "class": number.number_class.value,
                "sitter": number.sitter,
            },
            "reason": REASON,
            "window": None,
            "warnings": [],
            "ruleset": "snoutos",
            "trace": [],
        },
        ensure_ascii=False,
    )
