"""The phone calls of a client's thread, and the order in which calls and messages came. Standard
library only.

A call that nobody took has an entry in the inbox, which is a message of the thread. In a thread the
call stands for it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from heapq import merge
from typing import NamedTuple, Protocol

from petmsg.db.cursor import Cursor
from petmsg.queries.media_of_messages import MessageMedia, with_media

OF_CLIENT = """
SELECT k.id AS call, k.started_at, k.caller, s.ref AS sitter, s.name AS sitter_name,
       n.e164 AS number, k.addressed_to, k.status, k.answered_by, k.answered_at, k.ended_at,
       k.duration_seconds, k.voicemail_seconds, k.message_id AS message, i.inbox_at, i.done_at,
       coalesce(i.media_count, 0) AS media_count, NULL AS media
FROM call k
JOIN message_number n ON n.id = k.number_id
LEFT JOIN sitter s ON s.id = k.sitter_id
LEFT JOIN inbound_text i ON i.message_id = k.message_id
WHERE k.client_id = :client_id AND k.started_at >= :since AND k.started_at < :until
ORDER BY k.started_at DESC, k.id DESC LIMIT :most
"""

_BY_ID = """
SELECT k.id AS call, k.started_at, k.caller, s.ref AS sitter, s.name AS sitter_name,
       n.e164 AS number, k.addressed_to, k.status, k.answered_by, k.answered_at, k.ended_at,
       k.duration_seconds, k.voicemail_seconds, k.message_id AS message, i.inbox_at, i.done_at,
       coalesce(i.media_count, 0) AS media_count, NULL AS media
FROM call k
JOIN message_number n ON n.id = k.number_id
LEFT JOIN sitter s ON s.id = k.sitter_id
LEFT JOIN inbound_text i ON i.message_id = k.message_id
WHERE k.org_id = :org_id AND k.id IN (:calls)
"""

_AT = """
SELECT coalesce(k.started_at, m.created_at) FROM message m LEFT JOIN call k ON k.message_id = m.id
WHERE m.org_id = :org_id AND m.id = :id
"""


class ThreadCall(NamedTuple):
    """A call from or to the client of a thread. `message` is its entry in the inbox, if nobody took
    it; `media` is its voicemail. Instants are aware UTC."""

    call: int
    started_at: datetime
    caller: str
    sitter: str | None
    sitter_name: str | None
    number: str
    addressed_to: str
    status: str
    answered_by: str | None
    answered_at: datetime | None
    ended_at: datetime | None
    duration_seconds: int | None
    voicemail_seconds: int | None
    message: int | None
    inbox_at: datetime | None
    done_at: datetime | None
    media_count: int
    media: tuple[MessageMedia, ...] | None


class Entry(NamedTuple):
    """One thing in a thread at `at` (aware UTC): a message or a call. A call that nobody took has
    the id of its message, too."""

    kind: str
    at: datetime
    message: int | None
    call: int | None


class Written(Protocol):
    """A message of a thread, as far as its place among the calls matters."""

    @property
    def message(self) -> int:
        """Its id."""

    @property
    def created_at(self) -> datetime:
        """When it was written (aware UTC)."""

    @property
    def at(self) -> datetime:
        """When it was received, sent or written (aware UTC)."""


def calls_in(
    cursor: Cursor, client_id: int, *, since: datetime, until: datetime, most: int
) -> list[ThreadCall]:
    """The client's calls that began in `[since, until)` (aware UTC), at most so many of the newest;
    the oldest first."""
    rows = cursor.all(
        ThreadCall, OF_CLIENT, client_id=client_id, since=since, until=until, most=most
    )
    return with_media(cursor, rows[::-1])


def calls_by_id(cursor: Cursor, org_id: int, calls: Sequence[int]) -> list[ThreadCall]:
    """These calls of the org."""
    found = cursor.all_in_list(ThreadCall, _BY_ID, "calls", calls, org_id=org_id)
    return with_media(cursor, found)


def began_at(cursor: Cursor, org_id: int, message: int) -> datetime | None:
    """When a message was written (aware UTC), or the call began whose entry it is; None if the org
    has no such message."""
    return cursor.instant(_AT, org_id=org_id, id=message)


def in_order(messages: Sequence[Written], calls: Mapping[int, ThreadCall]) -> list[Entry]:
    """Messages, which are in the order in which they were written, among calls, by their start."""
    written = [(row.created_at, Entry("message", row.at, row.message, None)) for row in messages]
    began = sorted((row.started_at, row.call) for row in calls.values())
    called = [(at, Entry("call", at, calls[id_].message, id_)) for at, id_ in began]
    return [entry for _, entry in merge(written, called, key=lambda each: each[0])]
