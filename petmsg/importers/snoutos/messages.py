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
from petmsg.enums.messages import Direction, MessageStatus, StoredRule
from petmsg.enums.numbers import NumberClass
from petmsg.enums.orgs import ProviderName
from petmsg.enums.routing import Outcome
from petmsg.errors import MalformedRow, PetmsgError, quoted
from petmsg.importers.snoutos.legacy_schema import MALFORMED, time_of
from petmsg.importers.snoutos.opt_outs import store_opt_outs
from petmsg.importers.snoutos.people import NotImported, forgotten, ids_by_ref
from petmsg.importers.snoutos.pictures import note_pictures
from petmsg.importers.snoutos.report import Imported
from petmsg.importers.snoutos.staging import Stage
from petmsg.importers.snoutos.threads import OurNumber, number_of, our_numbers
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
_RULE = {
    NumberClass.SITTER: StoredRule.ACTIVE_WINDOW,
    NumberClass.POOL: StoredRule.POOL,
    NumberClass.FRONT_DESK: StoredRule.FRONT_DESK,
}
"""The rule under which a number of that class sends."""

_COLUMNS = (
    "org_id",
    "thread_id",
    "client_id",
    "direction",
    "status",
    "body",
    "from_e164",
    "to_e164",
    "number_id",
    "rule",
    "decision",
    "as_sitter_id",
    "idempotency_key",
    "provider",
    "provider_message_id",
    "segments",
    "attempts",
    "error_code",
    "error_message",
    "actor",
    "created_at",
    "claimed_at",
    "sent_at",
    "send_at",
    "delivered_at",
)
_INSERT = (
    f"INSERT INTO message ({', '.join(_COLUMNS)}, urgent)"
    f" VALUES ({', '.join(f':{column}' for column in _COLUMNS)}, :urgent)"
)
_ATTEMPTS = """
INSERT INTO message_attempt (org_id, message_id, attempt, thread_id, number_id, rule, status,
                             provider_message_id, claimed_at, ended_at, code)
SELECT m.org_id, m.id, 1, m.thread_id, m.number_id, m.rule, m.status, m.provider_message_id,
       m.claimed_at, m.sent_at, m.error_code
FROM message m WHERE m.org_id = :org_id AND m.provider_message_id IN (:names)
ORDER BY m.id
"""

# Nobody waits for an answer to an old message: it never was in petmsg's inbox.
_CAME_IN = """
INSERT INTO inbound_text (message_id, org_id, received_at, addressed_to, code, media_count)
SELECT m.id, m.org_id, m.created_at, 'front_desk', 'KNOWN_CLIENT', 0
FROM message m
WHERE m.org_id = :org_id AND m.direction = 'inbound' AND m.{column} IN (:names)
ORDER BY m.id
"""

# By the client's ref: the thread, the primary phone, and whether the client was erased.
_CONVERSATIONS = """
SELECT c.ref, c.id AS client_id, c.forgotten_at, t.id AS thread_id, p.e164 AS phone
FROM client c
LEFT JOIN thread t ON t.org_id = c.org_id AND t.client_id = c.id
LEFT JOIN client_phone p ON p.client_id = c.id AND p.is_primary
WHERE c.org_id = :org_id AND c.ref IN (:refs)
"""


def key_of(message_id: str) -> str:
    """Return the idempotency key of a message without a provider ID."""
    return f"snoutos:{message_id}"


def import_messages(uow: UnitOfWork, stage: Stage, org: str, rows: Sequence[Row]) -> Imported:
    """Import messages in the order in which they were written; existing ones are not changed."""
    result = Imported("Message", read=len(rows))
    refs = list(dict.fromkeys(row["clientId"] for row in rows if row["clientId"]))
    conversations = {
        row["ref"]: row
        for row in uow.cursor.in_list(_CONVERSATIONS, "refs", refs, org_id=uow.org.id)
    }
    numbers = our_numbers(uow)
    sitters = ids_by_ref(uow, "sitter", [row["sitterId"] for row in rows])
    sids, keys = _known(uow, rows)
    new: list[dict[str, Any]] = []
    for row in rows:
        try:
            if row["same_sid"] is not None:
                raise MalformedRow(f"Message {row['same_sid']} has the same provider ID.")
            conversation = _conversation(row, conversations)
            if row["providerMessageSid"] in sids or key_of(row["id"]) in keys:
                result.known += 1
                continue
            number = number_of(uow, row["e164"], numbers)
            new.append(_text(uow, row, conversation, number, sitters.get(row["sitterId"])))
            note_pictures(row["id"], row["mediaJson"], result)
        except PetmsgError as problem:
            result.refuse(row["id"], problem)
    uow.cursor.run_many(_INSERT, new)
    _insert_attempts(uow, [text for text in new if text["attempts"]])
    _insert_inbound(uow, [text for text in new if text["direction"] == Direction.INBOUND])
    result.new = len(new)
    if new:
        sent = sum(text["direction"] == Direction.OUTBOUND for text in new)
        payload = {"from": "snoutos", "outbound": sent, "inbound": len(new) - sent}
        uow.audit("message.imported", "org", uow.org.slug, payload)
        store_opt_outs(uow, stage, org, new, result)
    return result


def _conversation(row: Row, conversations: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """Return the client and thread of a message. Raises `NotImported` or `Forgotten`."""
    if row["clientId"] is None:
        raise NotImported(f"Thread {row['threadId']} does not exist.")
    if row["threadOrg"] != row["orgId"]:
        raise NotImported(f"Its thread {row['threadId']} belongs to another organisation.")
    found = conversations.get(row["clientId"])
    if found is None or found["thread_id"] is None:
        raise NotImported(f"Its thread {row['threadId']} was not imported.")
    if found["forgotten_at"] is not None:
        raise forgotten(found["ref"])
    return found


def _text(
    uow: UnitOfWork,
    row: Row,
    conversation: Mapping[str, Any],
    number: OurNumber | None,
    sitter_id: int | None,
) -> dict[str, Any]:
    """Return the message as it is stored. Raises `MalformedRow`, `NotImported`."""
    direction = _direction(row["direction"])
    at = time_of(row["createdAt"], "Its time")
    sid, body = row["providerMessageSid"], row["body"] or ""
    sender = (row["senderType"] or "").strip().lower()
    text: dict[str, Any] = {
        **dict.fromkeys(_COLUMNS),
        "org_id": uow.org.id,
        "thread_id": conversation["thread_id"],
        "client_id": conversation["client_id"],
        "direction": direction.value,
        "status": MessageStatus.RECEIVED.value,
        "body": body,
        "number_id": None if number is None else number.id,
        "idempotency_key": None if sid else key_of(row["id"]),
        "provider": ProviderName.TWILIO.value if sid and _TWILIO_ID.fullmatch(sid) else None,
        "provider_message_id": sid,
        "segments": measure(body).segments,
        "attempts": 0,
        "actor": f"snoutos:{sender}"[:120] if sender.isprintable() and sender else "snoutos",
        "created_at": at,
        "urgent": False,
    }
    ours = None if number is None else number.e164
    if direction is Direction.INBOUND:
        return text | {"from_e164": conversation["phone"], "to_e164": ours}
    text |= {"from_e164": ours, "to_e164": conversation["phone"], "send_at": at}
    if sender == "sitter":
        text["as_sitter_id"] = sitter_id
    delivery = (row["delivery"] or "").strip().lower()
    if not sid and delivery not in _SENT:
        failed = {"status": MessageStatus.FAILED.value, "error_code": NO_PROVIDER_ID}
        return text | failed | {"error_message": _NOT_KNOWN}
    if number is None:
        raise NotImported(
            f"The number {row['numberId'] or ''} of its thread was not imported, and a sent "
            "message cannot be stored without the number it was sent from."
        )
    status = _DELIVERED.get(delivery, MessageStatus.SENT)
    text |= _delivery(row, status)
    return text | {
        "status": status.value,
        "provider_message_id": sid or key_of(row["id"]),
        "rule": _RULE[number.number_class].value,
        "decision": _decision(uow, conversation["ref"], at, number),
        "attempts": 1,
        "claimed_at": at,
        "sent_at": at,
    }


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


def _insert_attempts(uow: UnitOfWork, texts: Sequence[Mapping[str, Any]]) -> None:
    """Insert the one attempt of each message that was sent."""
    sids = [text["provider_message_id"] for text in texts]
    _run_for(uow, _ATTEMPTS, sids)


def _insert_inbound(uow: UnitOfWork, texts: Sequence[Mapping[str, Any]]) -> None:
    """Address each inbound message to the front desk."""
    for column in ("provider_message_id", "idempotency_key"):
        names = [text[column] for text in texts if text[column]]
        _run_for(uow, _CAME_IN.replace("{column}", column), names)


def _run_for(uow: UnitOfWork, sql: str, names: Sequence[str]) -> None:
    """Run a statement for the messages with these names, 500 at a time."""
    for start in range(0, len(names), 500):
        named = {f"name_{i}": name for i, name in enumerate(names[start : start + 500])}
        listed = ", ".join(f":{name}" for name in named)
        uow.cursor.run(sql.replace(":names", listed), org_id=uow.org.id, **named)


def _known(uow: UnitOfWork, rows: Sequence[Row]) -> tuple[set[str], set[str]]:
    """Return the provider IDs and keys of these rows that already exist."""
    sids = [row["providerMessageSid"] for row in rows if row["providerMessageSid"]]
    found = set()
    for table in ("message", "message_attempt"):
        existing = uow.cursor.in_list(
            f"SELECT provider_message_id AS sid FROM {table} WHERE provider_message_id IN (:sids)",
            "sids",
            list(dict.fromkeys(sids)),
        )
        found |= {row["sid"] for row in existing}
    keys = uow.cursor.in_list(
        "SELECT idempotency_key FROM message WHERE org_id = :org_id AND idempotency_key IN (:keys)",
        "keys",
        [key_of(row["id"]) for row in rows],
        org_id=uow.org.id,
    )
    return found, {row["idempotency_key"] for row in keys}
