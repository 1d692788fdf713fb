"""Why this number? Explaining a route, from the same facts and rules as sending.

Standard library only: `petmsg route explain` starts without SQLAlchemy.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from petmsg.clock import iso_utc
from petmsg.db.cursor import Cursor
from petmsg.enums import Direction
from petmsg.errors import NotFound
from petmsg.queries.lookup import ClientKey, find_client
from petmsg.queries.message import require_possible
from petmsg.queries.org import OrgRow
from petmsg.queries.routing import read_facts
from petmsg.routing import Decision, decide

_ROUTING_SETTINGS = ("pool_for", "pool_threads_per_number", "timezone")

_NOT_REACHED = "not asked"
# What changed after an instant and could have made that instant's answer another one.
_CHANGED_SINCE = """
SELECT a.event, a.entity, a.ref, a.at, a.payload FROM audit_event a
WHERE a.org_id = :org_id AND a.at > :at AND (
    a.event = 'org.updated'
    OR (a.entity = 'client' AND a.event = 'client.updated' AND a.ref = :client)
    OR (a.entity = 'window' AND a.ref IN (
        SELECT b.ref FROM booking b WHERE b.org_id = :org_id AND b.client_id = :client_id
    ))
)
ORDER BY a.seq
"""


@dataclass(frozen=True, slots=True)
class Explained:
    """A Decision, and who it is about."""

    client: ClientKey
    decision: Decision


@dataclass(frozen=True, slots=True)
class Compared:
    """One thing that two Decisions say, in words; `differs` where they do not say the same."""

    what: str
    then: str
    now: str
    differs: bool


@dataclass(frozen=True, slots=True)
class StoredExplanation:
    """The Decision stored with a message, and how today's rules would differ for it."""

    message: int
    stored: Mapping[str, Any]
    today: Mapping[str, Any]
    differences: tuple[str, ...]
    compared: tuple[Compared, ...]


def explain(
    cursor: Cursor, org: OrgRow, client_text: str, *, at: datetime, now: datetime
) -> Explained:
    """The Decision for a text to the client at `at` (aware UTC), and who the client is.

    For `at` before `now` numbers, holders and sitters are taken from the ledger as they were.
    Raises `NotFound` or `Ambiguous`. Changes nothing.
    """
    client = find_client(cursor, org.id, client_text)
    past = at < now
    notes = _changes_since(cursor, org, client, at) if past else ()
    facts = read_facts(cursor, org, client, at=at, past=past, notes=notes)
    return Explained(client, decide(facts, at))


def explain_message(
    cursor: Cursor, org: OrgRow, message_id: int, *, now: datetime
) -> StoredExplanation:
    """The Decision a message was sent with, beside the one it would get now.

    Raises `NotFound` for a text without one, and for one that is not ours or not to a client.
    """
    require_possible(message_id)
    row = cursor.one(
        "SELECT m.direction, m.decision, c.ref FROM message m"
        " LEFT JOIN client c ON c.id = m.client_id"
        " WHERE m.org_id = :org_id AND m.id = :id",
        org_id=org.id,
        id=message_id,
    )
    if row is None or row["decision"] is None:
        hint = "Only a text that was claimed for sending has a Decision: petmsg message list"
    elif row["direction"] == Direction.INBOUND:
        hint = f"It came in; who was to read it, and why: petmsg inbox show {message_id}"
    elif row["ref"] is None:
        hint = f"It went to nobody's thread; why from its number: petmsg message show {message_id}"
    else:
        stored = json.loads(row["decision"])
        today = explain(cursor, org, row["ref"], at=now, now=now).decision.to_json()
        return StoredExplanation(
            message_id,
            stored,
            today,
            tuple(_differences(stored, today)),
            tuple(_compared(stored, today)),
        )
    raise NotFound("message", str(message_id), hint=hint)


def _compared(stored: Mapping[str, Any], today: Mapping[str, Any]) -> Iterator[Compared]:
    """What both Decisions say, one thing after the other, down to each rule that was tried."""
    then, now = _said(stored), _said(today)
    for what in dict.fromkeys((*then, *now)):
        before, after = then.get(what, _NOT_REACHED), now.get(what, _NOT_REACHED)
        yield Compared(what, before, after, before != after)


def _said(decision: Mapping[str, Any]) -> dict[str, str]:
    number, window = decision["number"], decision["window"]
    return {
        "number": "none" if number is None else f"{number['e164']} ({number['class']})",
        "speaks for": (number and number["sitter"] and f"sitter {number['sitter']}") or "nobody",
        "outcome": decision["outcome"],
        "reason": decision["reason"],
        "booking": "none" if window is None else window["booking"],
        "rules": decision["ruleset"],
        "warnings": "; ".join(decision["warnings"]) or "none",
        **{f"rule {step['rule']}": step["explanation"] for step in decision["trace"]},
    }


def _differences(stored: Mapping[str, Any], today: Mapping[str, Any]) -> list[str]:
    found = []
    for what, before, after in (
        ("number", _e164(stored), _e164(today)),
        ("reason", stored["reason"], today["reason"]),
        ("outcome", stored["outcome"], today["outcome"]),
        ("ruleset", stored["ruleset"], today["ruleset"]),
    ):
        if before != after:
            found.append(f"{what}: {before} then, {after} now")
    return found


def _e164(decision: Mapping[str, Any]) -> str | None:
    number = decision["number"]
    return None if number is None else str(number["e164"])


def _changes_since(cursor: Cursor, org: OrgRow, client: ClientKey, at: datetime) -> tuple[str, ...]:
    """Warnings for what is today's in a past answer and was changed since."""
    notes: list[str] = []
    for row in cursor.rows(
        _CHANGED_SINCE, org_id=org.id, client_id=client.id, client=client.ref, at=at
    ):
        payload = json.loads(row["payload"])
        when = iso_utc(row["at"])
        if row["event"] == "org.updated":
            names = [name for name in _ROUTING_SETTINGS if name in payload]
            notes += [f"Setting {name} was changed at {when}, after this time" for name in names]
        elif row["event"] == "client.updated":
            if "kind" in payload:
                notes.append(f"The client's kind was changed at {when}, after this time")
        elif _touches(payload.get("before"), at) or _touches(payload.get("after"), at):
            notes.append(
                f"The window of booking {row['ref']} was changed at {when}, after this time"
            )
    return tuple(dict.fromkeys(notes))


def _touches(span: Mapping[str, str] | None, at: datetime) -> bool:
    if span is None:
        return False
    starts_at, ends_at = (datetime.fromisoformat(span[name]) for name in ("starts_at", "ends_at"))
    return starts_at <= at < ends_at
