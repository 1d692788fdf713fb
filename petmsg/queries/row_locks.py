"""Locks on single rows until the commit. SQLite locks the whole file, and needs none."""

from collections.abc import Iterable, Sequence

from petmsg.db.cursor import Cursor

_SHARE_CLIENTS_OF_PHONES = """
SELECT 1 FROM client
WHERE id IN (SELECT client_id FROM client_phone WHERE org_id = :org_id AND e164 IN (:phones))
ORDER BY id FOR KEY SHARE
"""

_LOCK_INBOUND = """
SELECT 1 FROM inbound_text
WHERE org_id = :org_id AND message_id = :id FOR UPDATE
"""

_SHARE_NUMBER = """
SELECT 1 FROM message_number WHERE org_id = :org_id AND e164 = :e164 FOR KEY SHARE
"""

_SHARE_CLIENT = "SELECT 1 FROM client WHERE id = :id FOR KEY SHARE"

_LOCK_CLIENT = "SELECT 1 FROM client WHERE id = :id FOR UPDATE"

_LOCK_ORGS = "LOCK TABLE org IN EXCLUSIVE MODE"

_LOCK_BATCHES = "SELECT pg_advisory_xact_lock(:space, :org_id)"

_LOCK_BYTES = "SELECT pg_advisory_xact_lock(:space, :key)"
_CALLS = 0x70746D63
"""The first key of the locks of an org's calls."""
_BYTES = 0x70746D6D
"""The first key of the locks of bytes in the media store."""
_BYTES_KEYS = 64
"""How many second keys there are: a transaction with many files must not fill the lock table."""


def share_client_of_phone(cursor: Cursor, org_id: int, phone: str) -> None:
    """Keep the client of a phone from being erased or losing the phone."""
    share_clients_of_phones(cursor, org_id, [phone])


def share_clients_of_phones(cursor: Cursor, org_id: int, phones: Sequence[str]) -> None:
    """`share_client_of_phone` for each phone, in the order of the clients."""
    cursor.hold_in_list(_SHARE_CLIENTS_OF_PHONES, "phones", phones, org_id=org_id)


def share_number(cursor: Cursor, org_id: int, e164: str) -> None:
    """Keep a number from being assigned, quarantined or retired."""
    cursor.hold(_SHARE_NUMBER, org_id=org_id, e164=e164)


def lock_inbound(cursor: Cursor, org_id: int, message_id: int) -> None:
    """Lock a message that came in."""
    cursor.hold(_LOCK_INBOUND, org_id=org_id, id=message_id)


def share_client(cursor: Cursor, client_id: int) -> None:
    """Keep a client from being erased."""
    cursor.hold(_SHARE_CLIENT, id=client_id)


def lock_client(cursor: Cursor, client_id: int) -> None:
    """Keep a client's phones from being changed."""
    cursor.hold(_LOCK_CLIENT, id=client_id)


def lock_orgs(cursor: Cursor) -> None:
    """Nobody else adds an org."""
    cursor.hold(_LOCK_ORGS)


def lock_batches(cursor: Cursor, org_id: int, space: int) -> None:
    """Wait for this lock of the org."""
    cursor.hold(_LOCK_BATCHES, org_id=org_id, space=space)


def lock_calls(cursor: Cursor, org_id: int) -> None:
    """Wait until nobody else stores calls of the org. Call it before any row is locked."""
    cursor.hold(_LOCK_BATCHES, space=_CALLS, org_id=org_id)


def lock_bytes(cursor: Cursor, hashes: Iterable[str]) -> None:
    """Wait for these bytes in the media store, named by their SHA-256: who stores rows of them and
    who deletes them take turns. Call it before any row is locked."""
    for key in sorted({int(sha256[:2], 16) % _BYTES_KEYS for sha256 in hashes}):
        cursor.hold(_LOCK_BYTES, space=_BYTES, key=key)
