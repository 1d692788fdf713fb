"""Explain why a number was or would be chosen, with the same facts and rules as sending.

Standard library only: `petmsg route explain` starts without SQLAlchemy.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from petmsg.clock import format_local
from petmsg.db.cursor import Cursor
from petmsg.enums.messages import Direction
from petmsg.errors import NotFound
from petmsg.queries.lookup import ClientKey, find_client
from petmsg.queries.message import decision_of
from petmsg.queries.org import OrgRow
from petmsg.queries.route_changes import changes_since
from petmsg.queries.routing import read_facts, voice_of
from petmsg.queries.row_ids import require_possible
from petmsg.rules.routing import Decision, decide
from petmsg.services.outbox.voice import find_voice

_TICK = timedelta(microseconds=1)
_ROUTING_SETTINGS = ("pool_for", "pool_threads_per_number", "timezone")

_NOT_REACHED = "not tried"


class Explained(NamedTuple):
    """A routing decision, its client, and the name of the sitter whose number it chose."""

    client: ClientKey
    decision: Decision
    sitter_name: str | None


class Compared(NamedTuple):
    """One statement of two decisions, in words; `differs` if they are not the same."""

    what: str
    then: str
    now: str
    differs: bool


class StoredExplanation(NamedTuple):
    """The decision stored with a message, compared with the decision for it now."""

    message: int
    client: ClientKey
    stored: Mapping[str, Any]
    today: Mapping[str, Any]
    differences: tuple[str, ...]
    compared: tuple[Compared, ...]


def explain(
    cursor: Cursor,
    org: OrgRow,
    client_text: str,
    *,
    at: datetime,
    now: datetime,
    as_sitter: str | None = None,
    with_media: bool = False,
) -> Explained:
    """The decision for a message to the client at `at` (aware UTC), and the client.

    `as_sitter` is the sitter who sends the message, or `desk` for the front desk; None if the
    company sends it. `with_media` says whether it has pictures. For `at` before `now`, the past
    state of numbers and sitters is taken from the ledger. Changes nothing. Raises `NotFound` or
    `Ambiguous`.
    """
    client = find_client(cursor, org.id, client_text)
    voice = find_voice(cursor, org, as_sitter).fact
    past = at < now
    notes = _notes(cursor, org, client, at) if past else ()
    facts = read_facts(
        cursor,
        org,
        client,
        at=at,
        past=past,
        notes=notes,
        voice=voice,
        with_media=with_media,
    )
    decision = decide(facts, at)
    sitter = None if decision.number is None else decision.number.sitter
    names = {each.sitter: each.sitter_name for each in facts.windows}
    return Explained(client, decision, None if sitter is None else names.get(sitter))


def explain_message(
    cursor: Cursor, org: OrgRow, message_id: int, *, now: datetime
) -> StoredExplanation:
    """The decision with which a message was sent, compared with the decision for it now.

    Raises `NotFound` for a message without a decision, and for one that is not to a client.
    """
    require_possible(message_id)
    row = decision_of(cursor, org.id, message_id)
    if row is None or row.decision in (None, "{}"):
        hint = "Only messages that were claimed for sending have a decision: petmsg message list"
    elif row.direction == Direction.INBOUND:
        hint = f"It is inbound; show who it was for and why: petmsg inbox show {message_id}"
    elif row.ref is None:
        hint = f"It is outside any thread; show its number: petmsg message show {message_id}"
    else:
        stored = json.loads(row.decision)
        client = find_client(cursor, org.id, row.ref)
        facts = read_facts(
            cursor,
            org,
            client,
            at=now,
            past=False,
            voice=voice_of(cursor, message_id),
            with_media=row.media_count > 0,
        )
        today = decide(facts, now).to_json()
        return StoredExplanation(
            message_id,
            client,
            stored,
            today,
            tuple(_differences(stored, today)),
            tuple(_compared(stored, today)),
        )
    raise NotFound("message", str(message_id), hint=hint)


def _compared(stored: Mapping[str, Any], today: Mapping[str, Any]) -> Iterator[Compared]:
    """The statements of both decisions, including each rule that was tried."""
    then, now = _statements(stored), _statements(today)
    for what in dict.fromkeys((*then, *now)):
        before, after = then.get(what, _NOT_REACHED), now.get(what, _NOT_REACHED)
        yield Compared(what, before, after, before != after)


def _statements(decision: Mapping[str, Any]) -> dict[str, str]:
    number, window = decision["number"], decision["window"]
    return {
        "number": "none" if number is None else f"{number['e164']} ({number['class']})",
        "sender": (number and number["sitter"] and f"sitter {number['sitter']}") or "nobody",
        "outcome": decision["outcome"],
        "reason": decision["reason"],
        "booking": "none" if window is None else window["booking"],
        "rules": decision["ruleset"],
        "warnings": "; ".join(decision["warnings"]) or "none",
        **{f"rule {step['rule']}": step["explanation"] for step in decision["trace"]},
    }


def _differences(stored: Mapping[str, Any], today: Mapping[str, Any]) -> list[str]:
    """What differs. Newer rules alone are no difference: they are named if the answer differs."""
    found = [
        f"{what}: {before} then, {after} now"
        for what, before, after in (
            ("number", _e164(stored), _e164(today)),
            ("reason", stored["reason"], today["reason"]),
            ("outcome", stored["outcome"], today["outcome"]),
        )
        if before != after
    ]
    before, after = stored["ruleset"], today["ruleset"]
    if found and before != after:
        found.append(f"ruleset: {before} then, {after} now")
    return found


def _e164(decision: Mapping[str, Any]) -> str | None:
    number = decision["number"]
    return None if number is None else str(number["e164"])


def _notes(cursor: Cursor, org: OrgRow, client: ClientKey, at: datetime) -> tuple[str, ...]:
    """Warnings about current values in a past decision that changed since."""
    changes = changed_since(cursor, org, client, at, until=at + _TICK)
    return tuple(
        f"{what} changed at {format_local(when, org.timezone)}, after this time"
        for what, when in changes
    )


def changed_since(
    cursor: Cursor, org: OrgRow, client: ClientKey | None, at: datetime, *, until: datetime
) -> list[tuple[str, datetime]]:
    """Current values that decisions about `[at, until)` use although they changed later, in words,
    with the time of the change. Without a client these are the org's settings only."""
    found: list[tuple[str, datetime]] = []
    for row in changes_since(
        cursor,
        org.id,
        org=org.slug,
        client_id=0 if client is None else client.id,
        client="" if client is None else client.ref,
        at=at,
    ):
        payload = json.loads(row.payload)
        changed: list[str] = []
        if row.event == "org.updated":
            changed = [f"Setting {name}" for name in _ROUTING_SETTINGS if name in payload]
        elif row.event == "client.updated":
            if "kind" in payload:
                changed = ["The client's kind"]
        else:
            last = min(until, row.at)
            if any(_overlaps(payload.get(each), at, last) for each in ("before", "after")):
                changed = [f"The window of booking {row.ref}"]
        found += [(what, row.at) for what in changed]
    return list(dict.fromkeys(found))


def _overlaps(span: Mapping[str, str] | None, at: datetime, until: datetime) -> bool:
    """Whether the span overlaps `[at, until)`."""
    if span is None:
        return False
    starts_at, ends_at = (datetime.fromisoformat(span[name]) for name in ("starts_at", "ends_at"))
    return starts_at < until and at < ends_at
