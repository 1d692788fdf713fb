"""Phone calls as they are stored and changed, one by one."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from petmsg.db.cursor import Cursor
from petmsg.enums.calls import AnsweredBy, CallAddressee, CallerKind, CallStatus

_CALL = """
SELECT k.id, k.org_id, k.provider, k.provider_call_id, k.number_id, n.e164 AS number, k.from_phone,
       k.caller, k.client_id, c.ref AS client, c.name AS client_name, c.forgotten_at, k.sitter_id,
       s.ref AS sitter, s.name AS sitter_name, k.addressed_to, k.code, k.decision, k.ring_results,
       k.status, k.answered_by, k.started_at, k.ended_at, k.duration_seconds, k.voicemail_seconds,
       k.message_id
FROM call k
JOIN message_number n ON n.id = k.number_id
LEFT JOIN client c ON c.id = k.client_id
LEFT JOIN sitter s ON s.id = k.sitter_id
WHERE k.provider_call_id = :id
"""

_LOCK_CALL = "SELECT 1 FROM call WHERE provider_call_id = :id FOR UPDATE"

_KNOWN = """
SELECT k.provider_call_id, o.slug AS org, k.from_phone FROM call k JOIN org o ON o.id = k.org_id
WHERE k.provider_call_id IN (:ids) AND o.removed_at IS NULL
"""

_INSERT = """
INSERT INTO call (org_id, provider, provider_call_id, number_id, from_phone, caller, client_id,
  sitter_id, addressed_to, code, decision, status, started_at, ended_at)
VALUES (:org_id, :provider, :provider_call_id, :number_id, :from_phone, :caller, :client_id,
  :sitter_id, :addressed_to, :code, :decision, :status, :started_at, :ended_at)
ON CONFLICT (provider_call_id) DO NOTHING
RETURNING id
"""

_CHOOSE = """
UPDATE call SET decision = :decision, addressed_to = :addressed_to, code = :code,
  client_id = :client_id
WHERE id = :id
"""

_ANSWER = """
UPDATE call SET answered_by = :answered_by, answered_at = coalesce(answered_at, :now),
  status = CASE WHEN ended_at IS NULL THEN status ELSE 'completed' END
WHERE id = :id AND status <> 'rejected'
"""

_SET_RESULTS = """
UPDATE call SET ring_results = :results,
  status = CASE WHEN ended_at IS NULL OR answered_by IS NOT NULL OR status = 'rejected'
                THEN status ELSE :status END
WHERE id = :id
"""

_END = "UPDATE call SET status = :status, ended_at = :now WHERE id = :id AND ended_at IS NULL"

_SET_DURATION = """
UPDATE call SET duration_seconds = :seconds WHERE id = :id AND duration_seconds IS NULL
"""

_SET_ENTRY = "UPDATE call SET message_id = :message_id WHERE id = :id AND message_id IS NULL"

_SET_VOICEMAIL = "UPDATE call SET voicemail_seconds = :seconds WHERE id = :id"

_SET_ENTRY_BODY = "UPDATE message SET body = :body WHERE org_id = :org_id AND id = :message_id"

_COUNT_FILES = """
UPDATE inbound_text
SET media_count = (SELECT count(*) FROM media WHERE message_id = :message_id)
WHERE org_id = :org_id AND message_id = :message_id
"""

_ERASED_FILE = """
INSERT INTO media (org_id, message_id, position, status, provider_media_id, attempts, created_at,
  provider_delete_at)
VALUES (:org_id, :message_id, :position, 'erased', :recording, 0, :now, :now)
"""


class StoredCall(NamedTuple):
    """A call as it is stored, with its number and the people it is from or for.

    `from_phone` is None if it was withheld, or erased with the client; `forgotten_at` says when
    that was. `decision` is the CallDecision as JSON, and `ring_results` how ringing ended that
    nobody took. Instants are aware UTC.
    """

    id: int
    org_id: int
    provider: str | None
    provider_call_id: str
    number_id: int
    number: str
    from_phone: str | None
    caller: CallerKind
    client_id: int | None
    client: str | None
    client_name: str | None
    forgotten_at: datetime | None
    sitter_id: int | None
    sitter: str | None
    sitter_name: str | None
    addressed_to: CallAddressee
    code: str
    decision: str
    ring_results: str | None
    status: CallStatus
    answered_by: AnsweredBy | None
    started_at: datetime
    ended_at: datetime | None
    duration_seconds: int | None
    voicemail_seconds: int | None
    message_id: int | None


class KnownCall(NamedTuple):
    """The org of a call that is stored, and the phone that it came from."""

    provider_call_id: str
    org: str
    from_phone: str | None


def known_calls(cursor: Cursor, ids: Sequence[str]) -> dict[str, KnownCall]:
    """The calls of any org that have these IDs at the provider, by their IDs."""
    found = cursor.all_in_list(KnownCall, _KNOWN, "ids", sorted(set(ids)))
    return {each.provider_call_id: each for each in found}


def find_call(cursor: Cursor, provider_call_id: str) -> StoredCall | None:
    """The call of any org that has this ID at the provider."""
    row = cursor.first(StoredCall, _CALL, id=provider_call_id)
    if row is None:
        return None
    return row._replace(
        caller=CallerKind(row.caller),
        addressed_to=CallAddressee(row.addressed_to),
        status=CallStatus(row.status),
        answered_by=None if row.answered_by is None else AnsweredBy(row.answered_by),
    )


def lock_call(cursor: Cursor, provider_call_id: str) -> None:
    """Lock a call until the commit. Its client is locked before it."""
    cursor.hold(_LOCK_CALL, id=provider_call_id)


def insert_call(cursor: Cursor, **columns: Any) -> int | None:
    """Store a call; return its ID, None if a call with its ID at the provider is stored."""
    rows = cursor.tuples(_INSERT, **columns)
    return int(rows[0][0]) if rows else None


def store_choice(cursor: Cursor, call_id: int, **columns: Any) -> None:
    """Store the decision after the sitter has chosen a client."""
    cursor.run(_CHOOSE, id=call_id, **columns)


def store_answer(cursor: Cursor, call_id: int, *, answered_by: str, now: datetime) -> bool:
    """Store who took a call at `now` (aware UTC); False if it was rejected."""
    return bool(cursor.run(_ANSWER, id=call_id, answered_by=answered_by, now=now))


def store_ring_results(cursor: Cursor, call_id: int, results: str, *, status: str) -> None:
    """Store how ringing ended that nobody took, as JSON; a call that is over already without
    anybody's having taken it gets the status."""
    cursor.run(_SET_RESULTS, id=call_id, results=results, status=status)


def store_end(cursor: Cursor, call_id: int, *, status: str, now: datetime) -> bool:
    """Store that a call ended at `now` (aware UTC); False if it had ended."""
    return bool(cursor.run(_END, id=call_id, status=status, now=now))


def store_duration(cursor: Cursor, call_id: int, seconds: int) -> None:
    """Store the length of a call, if none is stored."""
    cursor.run(_SET_DURATION, id=call_id, seconds=seconds)


def store_entry(cursor: Cursor, call_id: int, message_id: int) -> None:
    """Store which message is the entry of a call in the inbox."""
    cursor.run(_SET_ENTRY, id=call_id, message_id=message_id)


def store_voicemail(
    cursor: Cursor, org_id: int, call_id: int, *, message_id: int, seconds: int, body: str | None
) -> None:
    """Store the length of a call's voicemail, and what its entry in the inbox says."""
    cursor.run(_SET_VOICEMAIL, id=call_id, seconds=seconds)
    cursor.run(_SET_ENTRY_BODY, org_id=org_id, message_id=message_id, body=body)


def count_files(cursor: Cursor, org_id: int, message_id: int) -> None:
    """Store the number of files of an entry in the inbox."""
    cursor.run(_COUNT_FILES, org_id=org_id, message_id=message_id)


def add_erased_file(
    cursor: Cursor, org_id: int, message_id: int, *, position: int, recording: str, now: datetime
) -> None:
    """Add a voicemail that is not fetched: the provider is to delete it."""
    cursor.run(
        _ERASED_FILE,
        org_id=org_id,
        message_id=message_id,
        position=position,
        recording=recording,
        now=now,
    )
