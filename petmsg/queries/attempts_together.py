"""The statements of many messages at once: lock them and their numbers, start their attempts,
record their acceptance. `attempt` has the same for one.

A row that somebody else has locked is left out and not waited for, so that two workers cannot wait
for each other.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from petmsg.db.cursor import Cursor
from petmsg.enums.messages import StoredRule
from petmsg.queries.attempt import BEGIN, BEGIN_AT_ONCE, END, RESERVE, STICK, TAKE
from petmsg.queries.org import OrgRow
from petmsg.queries.queue import FIRST_IN_LINE, NOTHING_UNDER_WAY, NumberRateLimit

_WAITING = """
SELECT id, thread_id, client_id, direction, status, body, to_e164, as_sitter_id, voice,
       idempotency_key, media_count, segments, attempts, urgent, send_at, due_at, expires_at
FROM message WHERE org_id = :org_id AND id IN (:ids)
"""

_NEXT = f"""
SELECT m.id FROM message m WHERE m.org_id = :org_id AND m.status = 'queued' AND m.id IN (:ids)
{NOTHING_UNDER_WAY}{FIRST_IN_LINE}
"""

_NUMBERS = """
SELECT id, e164, segments_per_second, free_at, refused_at, refused_until, refused_code,
       messaging_service
FROM message_number WHERE org_id = :org_id AND id IN (:ids)
"""

_SENDING = """
SELECT id, worker, attempts, provider FROM message
WHERE org_id = :org_id AND id IN (:ids) AND status = 'sending' AND delivered_at IS NULL
"""

_ACCEPTED = """
UPDATE message SET status = 'sent', provider_message_id = :provider_message_id, sent_at = :now,
  due_at = NULL, in_doubt_at = NULL, absent_at = NULL, error_code = NULL, error_message = NULL
WHERE id = :message_id
"""


class _Next(NamedTuple):
    id: int


class ClaimableMessage(NamedTuple):
    """A message as its claim needs it. Instants are aware UTC."""

    id: int
    thread_id: int | None
    client_id: int | None
    direction: str
    status: str
    body: str | None
    to_e164: str | None
    as_sitter_id: int | None
    voice: str | None
    idempotency_key: str | None
    media_count: int
    segments: int
    attempts: int
    urgent: bool
    send_at: datetime | None
    due_at: datetime | None
    expires_at: datetime | None


class SendingMessage(NamedTuple):
    """A message that is being sent: by whom, in which attempt, and by which provider."""

    id: int
    worker: str | None
    attempts: int
    provider: str | None


class NewAttempt(NamedTuple):
    """An attempt to be started. Instants are aware UTC."""

    org_id: int
    message_id: int
    attempt: int
    thread_id: int
    number_id: int
    from_e164: str
    rule: str | None
    decision: str
    provider: str
    worker: str
    now: datetime
    free_at: datetime


class Acceptance(NamedTuple):
    """An attempt that the provider accepted at `now` (aware UTC)."""

    message_id: int
    attempt: int
    provider_message_id: str
    now: datetime


def locked_messages(
    cursor: Cursor, org: OrgRow, messages: Sequence[int]
) -> dict[int, ClaimableMessage]:
    """These messages as far as nobody else has locked them, locked until the commit."""
    lock = cursor.row_lock("FOR UPDATE SKIP LOCKED")
    rows = cursor.all_in_list(ClaimableMessage, _WAITING + lock, "ids", messages, org_id=org.id)
    return {row.id: row for row in rows}


def next_messages(
    cursor: Cursor, org: OrgRow, messages: Sequence[int], *, now: datetime
) -> set[int]:
    """Those of the messages of threads that nothing is in the way of (see `attempt.in_the_way`)."""
    rows = cursor.all_in_list(_Next, _NEXT, "ids", messages, org_id=org.id, now=now)
    return {row.id for row in rows}


def locked_numbers(
    cursor: Cursor, org: OrgRow, numbers: Collection[int]
) -> dict[int, NumberRateLimit]:
    """These numbers as far as nobody else has locked them, locked until the commit."""
    lock = cursor.row_lock("FOR NO KEY UPDATE SKIP LOCKED")
    rows = cursor.all_in_list(
        NumberRateLimit, _NUMBERS + lock, "ids", sorted(numbers), org_id=org.id
    )
    return {row.id: row for row in rows}


def begin_attempts(cursor: Cursor, attempts: Sequence[NewAttempt]) -> None:
    """Record that these messages are being sent, those of a number in the order of `free_at`."""
    every = [each._asdict() for each in attempts]
    cursor.run_many(
        STICK,
        [
            {"number_id": each.number_id, "thread_id": each.thread_id}
            for each in attempts
            if each.rule == StoredRule.POOL
        ],
    )
    if cursor.writes_together:
        cursor.run_many(BEGIN_AT_ONCE, every)
        return
    cursor.run_many(TAKE, every)
    cursor.run_many(BEGIN, every)
    for last in {each.number_id: each for each in attempts}.values():
        cursor.run(RESERVE, number_id=last.number_id, free_at=last.free_at, now=last.now)


def locked_sending(
    cursor: Cursor, org: OrgRow, messages: Sequence[int]
) -> dict[int, SendingMessage]:
    """Those of the messages that are being sent and were not delivered, as far as nobody else has
    locked them, locked until the commit."""
    lock = cursor.row_lock("FOR UPDATE SKIP LOCKED")
    rows = cursor.all_in_list(SendingMessage, _SENDING + lock, "ids", messages, org_id=org.id)
    return {row.id: row for row in rows}


def accept_attempts(cursor: Cursor, attempts: Sequence[Acceptance]) -> None:
    """Write that the provider took these messages, which `locked_sending` returned."""
    every = [each._asdict() for each in attempts]
    cursor.run_many(_ACCEPTED, every)
    cursor.run_many(END, every)
