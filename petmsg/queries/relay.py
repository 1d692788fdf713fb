"""The relay's facts: a sitter's open windows, who wrote to her, and what she was asked."""

import json
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from petmsg.db.cursor import Cursor
from petmsg.enums import MessageStatus, NumberClass, NumberStatus
from petmsg.queries.org import OrgRow
from petmsg.routing.direct import ForwardFact
from petmsg.routing.facts import NumberFact
from petmsg.routing.relay import OpenClient, RelayFacts, Wrote

LOOK_BACK = timedelta(hours=24)
"""Whom she was last forwarded longer ago is not whom she answers now."""
ANSWER_WITHIN = timedelta(hours=1)
"""After which a question is over: a lone `1` is then a text like any other."""
_MOST_WROTE = 50

# A client who overlaps herself stands once, with the earliest of her windows.
OPEN_CLIENTS = """
SELECT c.id, c.ref, c.name
FROM assignment_window w
JOIN booking b ON b.id = w.booking_id AND b.status = 'confirmed'
JOIN client c ON c.id = w.client_id
JOIN sitter s ON s.id = w.sitter_id
WHERE w.org_id = :org_id AND w.sitter_id = :sitter_id AND s.status = 'active'
  AND w.ends_at > :at AND w.starts_at <= :at AND c.forgotten_at IS NULL
GROUP BY c.id, c.ref, c.name
ORDER BY min(w.starts_at), c.id
"""

WROTE = """
SELECT c.ref, i.received_at, f.status
FROM inbound_text i
JOIN message m ON m.id = i.message_id
JOIN client c ON c.id = m.client_id
LEFT JOIN relay r ON r.about_id = i.message_id AND r.kind = 'forward'
LEFT JOIN message f ON f.id = r.message_id
WHERE i.org_id = :org_id AND i.sitter_id = :sitter_id AND i.addressed_to = 'sitter'
  AND i.received_at > :since
ORDER BY i.message_id DESC, r.message_id LIMIT :limit
"""

QUESTIONS = """
SELECT id, message_id, options, asked_at FROM relay_question
WHERE org_id = :org_id AND sitter_id = :sitter_id AND closed_at IS NULL
ORDER BY id
"""

NUMBER_OF_SITTER = """
SELECT s.ref AS sitter, s.name AS sitter_name, s.phone, s.status AS sitter_status,
       n.id, n.e164, n.class, n.status, n.quarantined_until
FROM sitter s
LEFT JOIN message_number n ON n.sitter_id = s.id
WHERE s.org_id = :org_id AND s.id = :sitter_id
"""

NUMBER = """
SELECT id, e164, class, status, quarantined_until FROM message_number
WHERE org_id = :org_id AND id = :number_id
"""

NUMBER_OF_DIRECT = """
SELECT coalesce(n.id, r.number_id) FROM relay r
LEFT JOIN message_number n ON n.sitter_id = r.sitter_id
WHERE r.org_id = :org_id AND r.message_id = :message_id
"""

# The client whose words a forward repeats, and whether they are still the sitter's to read.
FORWARD = """
SELECT c.ref, o.relay, CASE WHEN EXISTS (
    SELECT 1 FROM assignment_window w
    JOIN booking b ON b.id = w.booking_id AND b.status = 'confirmed'
    JOIN sitter s ON s.id = w.sitter_id AND s.status = 'active'
    WHERE w.thread_id = m.thread_id AND w.ends_at > :at AND w.starts_at <= :at
      AND w.sitter_id = :sitter_id
) THEN 1 ELSE 0 END
FROM message m JOIN client c ON c.id = m.client_id JOIN org o ON o.id = m.org_id
WHERE m.org_id = :org_id AND m.id = :about_id
"""

_REACHED = frozenset((MessageStatus.SENT, MessageStatus.DELIVERED))
_IN_DOUBT = frozenset((MessageStatus.SENDING, MessageStatus.UNKNOWN))


class Question(NamedTuple):
    """A sitter's text that waits for her answer. `options` are refs; `asked_at` is aware UTC."""

    id: int
    message: int
    options: tuple[str, ...]
    asked_at: datetime


class SitterLine(NamedTuple):
    """A sitter's own phone and the number she holds."""

    sitter: str
    name: str
    phone: str
    is_active: bool
    number: NumberFact | None


def questions(cursor: Cursor, org: OrgRow, sitter_id: int) -> list[Question]:
    """The sitter's texts that wait for her answer, the oldest first."""
    rows = cursor.rows(QUESTIONS, org_id=org.id, sitter_id=sitter_id)
    ids = sorted({each for row in rows for each in json.loads(row["options"])})
    named = cursor.in_list(
        "SELECT id, ref FROM client WHERE org_id = :org_id AND id IN (:ids)",
        "ids",
        ids,
        org_id=org.id,
    )
    refs = {row["id"]: row["ref"] for row in named}
    return [
        Question(
            row["id"],
            row["message_id"],
            tuple(refs[each] for each in json.loads(row["options"])),
            row["asked_at"],
        )
        for row in rows
    ]


def read_relay_facts(cursor: Cursor, org: OrgRow, sitter_id: int, at: datetime) -> RelayFacts:
    """What is known of a sitter who writes at `at` (aware UTC)."""
    whose = {"org_id": org.id, "sitter_id": sitter_id}
    clients = cursor.tuples(OPEN_CLIENTS, at=at, **whose)
    wrote = cursor.rows(WROTE, since=at - LOOK_BACK, limit=_MOST_WROTE, **whose)
    asked = [
        each for each in questions(cursor, org, sitter_id) if at - each.asked_at < ANSWER_WITHIN
    ]
    return RelayFacts(
        open=tuple(OpenClient(row[0], row[1], row[2] or row[1]) for row in clients),
        wrote=tuple(_wrote(row) for row in wrote),
        asked=asked[-1].options if asked else (),
    )


def sitter_line(cursor: Cursor, org: OrgRow, sitter_id: int) -> SitterLine:
    """The sitter's own phone and number, as they are now."""
    row = cursor.rows(NUMBER_OF_SITTER, org_id=org.id, sitter_id=sitter_id)[0]
    number = None if row["id"] is None else _number(row)
    active = row["sitter_status"] == "active"
    return SitterLine(row["sitter"], row["sitter_name"], row["phone"], active, number)


def number_fact(cursor: Cursor, org: OrgRow, number_id: int) -> NumberFact | None:
    """A number of the org as it is now."""
    row = cursor.one(NUMBER, org_id=org.id, number_id=number_id)
    return None if row is None else _number(row)


def number_of_direct(cursor: Cursor, org: OrgRow, message_id: int) -> int | None:
    """The number a text to nobody's thread would leave from, if it is usable."""
    found: int | None = cursor.value(NUMBER_OF_DIRECT, org_id=org.id, message_id=message_id)
    return found


def forward_fact(
    cursor: Cursor, org: OrgRow, *, about_id: int, sitter_id: int, at: datetime
) -> ForwardFact:
    """Whether the client's message is the sitter's to read at `at` (aware UTC)."""
    rows = cursor.tuples(FORWARD, org_id=org.id, about_id=about_id, sitter_id=sitter_id, at=at)
    if not rows:
        return ForwardFact("of nobody", is_open=False)
    ref, relays, is_open = rows[0]
    return ForwardFact(ref, bool(is_open), bool(relays))


def _number(row: dict[str, Any]) -> NumberFact:
    return NumberFact(
        row["id"],
        row["e164"],
        NumberClass(row["class"]),
        NumberStatus(row["status"]),
        row["quarantined_until"],
    )


def _wrote(row: dict[str, Any]) -> Wrote:
    status = row["status"]
    reached = None if status in _IN_DOUBT else status in _REACHED
    return Wrote(row["ref"], row["received_at"], reached)
