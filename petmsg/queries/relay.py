"""The facts for forwarding: a sitter's open windows, their clients, and the sitter's questions."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from petmsg.clock import day_local
from petmsg.db.cursor import Cursor
from petmsg.enums.inbound import RelayKind, RelayOutcome
from petmsg.enums.messages import OUTCOME_OPEN, MessageStatus
from petmsg.queries.org import OrgRow
from petmsg.rules.routing.quotes import DESK, Shown, forward
from petmsg.rules.routing.relay import (
    ListedClient,
    OpenClient,
    RelayFacts,
    Said,
    StaffWrote,
    Wrote,
    unique_names,
)
from petmsg.text_inputs import LONGEST_NAME

LOOK_BACK = timedelta(hours=24)
"""A client whose last message was forwarded longer ago is not the one the sitter answers now."""
ANSWER_WITHIN = timedelta(hours=1)
"""A question expires after this time; then a lone `1` is no answer any more."""
AROUND = timedelta(hours=24)
"""Clients with a visit this close to now must be distinguishable by their names."""
_MOST_WROTE = 50
_MOST_SHOWN = 100
_MOST_ASKED = 20

# A client with overlapping windows appears once, with the earliest visit.
CLIENTS_AROUND = """
SELECT c.id, c.ref, c.name, min(b.starts_at) AS starts_at, s.status,
       max(CASE WHEN w.ends_at > :at AND w.starts_at <= :at THEN 1 ELSE 0 END) AS is_open,
       max(CASE WHEN w.ends_at > :now AND w.starts_at <= :now THEN 1 ELSE 0 END) AS is_open_now
FROM assignment_window w
JOIN booking b ON b.id = w.booking_id AND b.status = 'confirmed'
JOIN client c ON c.id = w.client_id
JOIN sitter s ON s.id = w.sitter_id
WHERE w.org_id = :org_id AND w.sitter_id = :sitter_id
  AND w.ends_at > :after AND w.starts_at <= :before AND c.forgotten_at IS NULL
GROUP BY c.id, c.ref, c.name, s.status
ORDER BY min(b.starts_at), c.id
"""

# The clients that `@ref` or `@name` may mean: those the sitter ever had a visit for.
KNOWN_CLIENTS = """
SELECT DISTINCT c.ref, c.name FROM assignment_window w
JOIN client c ON c.id = w.client_id
WHERE w.org_id = :org_id AND w.sitter_id = :sitter_id AND c.forgotten_at IS NULL
"""

REFS = "SELECT ref FROM client WHERE org_id = :org_id AND ref IN (:refs)"

WROTE = """
SELECT c.ref, i.received_at, f.status, f.sent_at
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

# The lists that were put in the queue for a sitter: each was written together with its question.
LISTS = """
SELECT r.message_id AS notice, m.status, m.sent_at, q.options, q.asked_at, q.outcome
FROM relay r
JOIN message m ON m.id = r.message_id
JOIN relay_question q ON q.message_id = r.about_id AND q.asked_at = m.created_at
WHERE r.org_id = :org_id AND r.sitter_id = :sitter_id AND r.kind = 'notice'
ORDER BY r.message_id DESC LIMIT :limit
"""

# The messages to the sitter's phone: forwarded ones with their client, the desk's, and notices.
SHOWN = """
SELECT r.kind, m.body, c.ref
FROM relay r
JOIN message m ON m.id = r.message_id
LEFT JOIN message a ON a.id = r.about_id AND r.kind = 'forward'
LEFT JOIN client c ON c.id = a.client_id
WHERE r.org_id = :org_id AND r.sitter_id = :sitter_id AND r.kind IN ('forward', 'notice', 'staff')
  AND m.body IS NOT NULL
ORDER BY r.message_id DESC LIMIT :limit
"""

# The front desk's messages to the sitter.
STAFF = """
SELECT m.status, m.sent_at, m.claimed_at, m.created_at
FROM relay r JOIN message m ON m.id = r.message_id
WHERE r.org_id = :org_id AND r.sitter_id = :sitter_id AND r.kind = 'staff'
ORDER BY r.message_id DESC LIMIT :limit
"""

# The sitter's messages, and the clients they went to.
SAID = """
SELECT m.body, c.ref, p.created_at
FROM inbound_text i
JOIN message m ON m.id = i.message_id
LEFT JOIN relay r ON r.about_id = i.message_id AND r.kind = 'reply'
LEFT JOIN message p ON p.id = r.message_id
LEFT JOIN client c ON c.id = p.client_id
WHERE i.org_id = :org_id AND i.sitter_id = :sitter_id AND i.addressed_to = 'relay'
  AND i.message_id < :before AND m.body IS NOT NULL
ORDER BY i.message_id DESC LIMIT :limit
"""

# What the company, its sitters among it, wrote to a client.
SHOWN_TO_CLIENT = """
SELECT m.body FROM message m JOIN thread t ON t.id = m.thread_id
WHERE t.org_id = :org_id AND t.client_id = :client_id AND m.direction = 'outbound'
  AND m.body IS NOT NULL
ORDER BY m.id DESC LIMIT :limit
"""

_REACHED = frozenset((MessageStatus.SENT, MessageStatus.DELIVERED))


class _Question(NamedTuple):
    id: int
    message_id: int
    options: str
    asked_at: datetime


class _List(NamedTuple):
    notice: int
    status: str
    sent_at: datetime | None
    options: str
    asked_at: datetime
    outcome: str | None


class _Staff(NamedTuple):
    status: str
    sent_at: datetime | None
    claimed_at: datetime | None
    created_at: datetime


class _Said(NamedTuple):
    body: str
    ref: str | None
    created_at: datetime


class _Wrote(NamedTuple):
    ref: str
    received_at: datetime
    status: str | None
    sent_at: datetime | None


class _Shown(NamedTuple):
    kind: str
    body: str
    ref: str | None


class _Named(NamedTuple):
    id: int
    ref: str


class _Ref(NamedTuple):
    ref: str


class _Around(NamedTuple):
    id: int
    ref: str
    name: str | None
    starts_at: datetime
    status: str
    is_open: int
    is_open_now: int


class Question(NamedTuple):
    """A sitter's message that waits for an answer. `options` are refs; `asked_at` is aware UTC."""

    id: int
    message: int
    options: tuple[str, ...]
    asked_at: datetime


def questions(cursor: Cursor, org: OrgRow, sitter_id: int) -> list[Question]:
    """The sitter's messages that wait for the sitter's answer, the oldest first."""
    rows = cursor.all(_Question, QUESTIONS, org_id=org.id, sitter_id=sitter_id)
    options = _refs(cursor, org, [json.loads(row.options) for row in rows])
    return [
        Question(row.id, row.message_id, refs, row.asked_at)
        for row, refs in zip(rows, options, strict=True)
    ]


class AskedQuestions(NamedTuple):
    """What a sitter was asked, and the messages that wait for the answer. `options` are the refs of
    the list last sent, `waiting` the questions it covers, `unasked` those of which the sitter was
    sent no list. `listed_at` is when the last list was sent (aware UTC). With nothing waiting,
    `has_expired` says that a question of the last day was never answered."""

    options: tuple[str, ...] = ()
    waiting: tuple[Question, ...] = ()
    unasked: tuple[Question, ...] = ()
    has_expired: bool = False
    listed_at: datetime | None = None


def read_asked(cursor: Cursor, org: OrgRow, sitter_id: int, at: datetime) -> AskedQuestions:
    """By which list an answer of the sitter at `at` (aware UTC) is read: the one last sent."""
    current = [
        each for each in questions(cursor, org, sitter_id) if at - each.asked_at < ANSWER_WITHIN
    ]
    rows = [
        row
        for row in cursor.all(_List, LISTS, org_id=org.id, sitter_id=sitter_id, limit=_MOST_ASKED)
        if row.status in _REACHED | OUTCOME_OPEN and at - row.asked_at < LOOK_BACK
    ]
    if not rows:
        return AskedQuestions(unasked=tuple(current))
    last = rows[0]
    if not current:
        has_expired = any(row.outcome in (None, RelayOutcome.EXPIRED) for row in rows)
        return AskedQuestions(has_expired=has_expired, listed_at=last.sent_at or at)
    if last.status in OUTCOME_OPEN:
        return AskedQuestions(unasked=tuple(current))
    covered = tuple(each for each in current if each.message < last.notice)
    others = tuple(each for each in current if each not in covered)
    (options,) = _refs(cursor, org, [json.loads(last.options)]) if covered else ((),)
    return AskedQuestions(options, covered, others, listed_at=last.sent_at or at)


def read_relay_facts(
    cursor: Cursor,
    org: OrgRow,
    sitter_id: int,
    *,
    message_id: int,
    body: str,
    at: datetime,
    now: datetime,
) -> RelayFacts:
    """What is known of a sitter who wrote the message `message_id` at `at` (aware UTC).

    A client counts as open whose window contains both `at` and `now`.
    """
    whose = {"org_id": org.id, "sitter_id": sitter_id}
    around = read_clients_around(cursor, org, sitter_id, at=at, now=now)
    said = cursor.all(_Said, SAID, before=message_id, limit=_MOST_SHOWN, **whose)
    asked = read_asked(cursor, org, sitter_id, now)
    wrote = tuple(
        _wrote(row)
        for row in cursor.all(_Wrote, WROTE, since=at - LOOK_BACK, limit=_MOST_WROTE, **whose)
    )
    return RelayFacts(
        open=tuple(each.client for each in around if each.is_open),
        wrote=wrote,
        asked=asked.options,
        unasked=bool(asked.unasked),
        is_over=asked.has_expired or _nothing_since(asked.listed_at, wrote),
        others=_read_others(cursor, org, sitter_id, body[1:]) if body.startswith("@") else (),
        staff=_read_staff(cursor, whose, at),
        listed_at=asked.listed_at,
        said=next((Said(row.ref, row.created_at) for row in said if row.ref), None),
        shown=(
            *(_shown(row) for row in cursor.all(_Shown, SHOWN, limit=_MOST_SHOWN, **whose)),
            *(Shown(row.body, row.ref, is_typed=True) for row in said),
        ),
    )


def _read_staff(cursor: Cursor, whose: dict[str, int], at: datetime) -> StaffWrote | None:
    """The front desk's last message that reached the sitter's phone, or may have, in the day before
    `at`."""
    found = [
        StaffWrote(
            row.sent_at or row.claimed_at or row.created_at,
            None if row.status in OUTCOME_OPEN else True,
        )
        for row in cursor.all(_Staff, STAFF, limit=_MOST_ASKED, **whose)
        if row.status in _REACHED | OUTCOME_OPEN
    ]
    recent = [each for each in found if at - each.wrote_at < LOOK_BACK]
    return max(recent, key=lambda each: each.wrote_at, default=None)


def _read_others(cursor: Cursor, org: OrgRow, sitter_id: int, words: str) -> tuple[str, ...]:
    """Refs and names of clients that words behind an `@` may begin with."""
    rows = cursor.tuples(KNOWN_CLIENTS, org_id=org.id, sitter_id=sitter_id)
    known = {each for row in rows for each in row if each}
    start = words[:LONGEST_NAME]
    written = {start[:end] for end in range(1, len(start) + 1)}
    spelled = sorted({*written, *map(str.upper, written), *map(str.title, written)})
    known |= {row.ref for row in cursor.all_in_list(_Ref, REFS, "refs", spelled, org_id=org.id)}
    return tuple(sorted(known))


class ClientAround(NamedTuple):
    """A client of a sitter's, with a name that tells them from the others around."""

    client: OpenClient
    is_open: bool


def read_clients_around(
    cursor: Cursor,
    org: OrgRow,
    sitter_id: int,
    *,
    at: datetime,
    now: datetime,
    was_active: bool | None = None,
) -> list[ClientAround]:
    """The clients with a visit of the sitter's about `now`, in the order of their windows.

    A window is open if it contains both `at` and `now`, and the sitter is active. `was_active` says
    so of another instant than today's.
    """
    rows = cursor.all(
        _Around,
        CLIENTS_AROUND,
        org_id=org.id,
        sitter_id=sitter_id,
        at=at,
        now=now,
        after=now - AROUND,
        before=now + AROUND,
    )
    listed = [
        ListedClient(row.id, row.ref, row.name or row.ref, day_local(row.starts_at, org.timezone))
        for row in rows
    ]
    names = unique_names(listed)
    return [
        ClientAround(
            OpenClient(row.id, row.ref, names[row.id]),
            is_open=(row.status == "active" if was_active is None else was_active)
            and bool(row.is_open and row.is_open_now),
        )
        for row in rows
    ]


def shown_to_client(cursor: Cursor, org: OrgRow, client_id: int) -> tuple[Shown, ...]:
    """The org's messages on the client's phone, the newest first."""
    rows = cursor.tuples(SHOWN_TO_CLIENT, org_id=org.id, client_id=client_id, limit=_MOST_SHOWN)
    return tuple(Shown(body, None, is_typed=True) for (body,) in rows)


def _refs(cursor: Cursor, org: OrgRow, lists: Sequence[list[int]]) -> list[tuple[str, ...]]:
    """The refs of clients by their ids."""
    named = cursor.all_in_list(
        _Named,
        "SELECT id, ref FROM client WHERE org_id = :org_id AND id IN (:ids)",
        "ids",
        sorted({each for ids in lists for each in ids}),
        org_id=org.id,
    )
    refs = {row.id: row.ref for row in named}
    return [tuple(refs[each] for each in ids) for ids in lists]


def _nothing_since(listed_at: datetime | None, wrote: Sequence[Wrote]) -> bool:
    """Whether a number can only belong to a list that has been answered."""
    if listed_at is None:
        return False
    return not any(each.reached and each.wrote_at >= listed_at for each in wrote)


def _wrote(row: _Wrote) -> Wrote:
    status = row.status
    reached = None if status in OUTCOME_OPEN else status in _REACHED
    return Wrote(row.ref, max(row.received_at, row.sent_at or row.received_at), reached)


def _shown(row: _Shown) -> Shown:
    if row.kind == RelayKind.FORWARD and row.ref is not None:
        return forward(row.body, row.ref)
    return Shown(row.body, DESK if row.kind == RelayKind.STAFF else None)
