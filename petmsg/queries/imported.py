"""What an import from another system reads and writes, for a whole chunk of rows by each statement.

Its messages are in `imported_messages`; clients as they are stored are `client_rows.KnownClient`.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from petmsg.db.cursor import Cursor
from petmsg.enums.numbers import NumberClass
from petmsg.queries.client_rows import KnownClient

_CLIENTS = """
SELECT id, ref, name, kind, forgotten_at FROM client WHERE org_id = :org_id AND ref IN (:refs)
"""

_CLIENTS_OF_PHONES = """
SELECT p.e164, c.ref FROM client_phone p JOIN client c ON c.id = p.client_id
WHERE p.org_id = :org_id AND p.e164 IN (:phones)
"""

_WITH_PRIMARY = """
SELECT client_id FROM client_phone
WHERE org_id = :org_id AND is_primary AND client_id IN (:clients)
"""

_PHONES = """
SELECT c.ref, p.e164 FROM client c LEFT JOIN client_phone p ON p.client_id = c.id
WHERE c.org_id = :org_id AND c.id IN (:ids) ORDER BY c.ref
"""

_SITTERS = "SELECT id, ref, status FROM sitter WHERE org_id = :org_id AND ref IN (:refs)"

_SITTERS_OF_PHONES = """
SELECT s.phone AS e164, s.ref FROM sitter s WHERE s.org_id = :org_id AND s.phone IN (:phones)
"""

_HOLDERS = """
SELECT s.id, s.ref, s.status, n.e164 FROM sitter s
LEFT JOIN message_number n ON n.sitter_id = s.id
WHERE s.org_id = :org_id AND s.ref IN (:refs) ORDER BY s.id
"""

_OUR_NUMBERS = """
SELECT n.id, n.e164, n.class, s.ref FROM message_number n
LEFT JOIN sitter s ON s.id = n.sitter_id WHERE n.org_id = :org_id
"""

_OPT_OUTS = """
SELECT phone_key, count(*) - count(ended_at) AS standing, max(ended_at) AS ended_at FROM opt_out
WHERE org_id = :org_id AND phone_key IN (:keys) GROUP BY phone_key
"""

_THREADS = """
SELECT client_id FROM thread WHERE org_id = :org_id AND client_id IN (:clients)
"""

_INSERT_THREAD = """
INSERT INTO thread (org_id, client_id, pool_number_id, default_number_id, created_at)
VALUES (:org_id, :client_id, :pool_number_id, :default_number_id, :created_at)
ON CONFLICT (org_id, client_id) DO NOTHING
"""

_INSERT_BOOKING = """
INSERT INTO booking (org_id, ref, client_id, sitter_id, status, starts_at, ends_at, created_at)
VALUES (:org_id, :ref, :client_id, :sitter_id, :status, :starts_at, :ends_at, :created_at)
"""

_IMPORTED_ORGS = """
SELECT payload FROM audit_event
WHERE org_id = :org_id AND entity = 'org' AND ref = :slug AND event = :event ORDER BY seq
"""


class SitterStatusRow(NamedTuple):
    """A sitter and their status."""

    id: int
    ref: str
    status: str


class HolderRow(NamedTuple):
    """A sitter, and the masked number that they hold; None without one."""

    id: int
    ref: str
    status: str
    e164: str | None


class OurNumber(NamedTuple):
    """A masked number of the org, and the ref of the sitter who holds it."""

    id: int
    e164: str
    number_class: NumberClass
    sitter: str | None


class ClientPhoneRow(NamedTuple):
    """A client and one of their phones; None without one."""

    ref: str
    e164: str | None


class KnownOptOut(NamedTuple):
    """A phone's opt-outs: how many hold, and when the last other one ended (aware UTC)."""

    phone_key: str
    standing: int
    ended_at: datetime | None


class NewThread(NamedTuple):
    """A thread to store. `created_at` is aware UTC."""

    client_id: int
    pool_number_id: int | None
    default_number_id: int | None
    created_at: datetime


class NewBooking(NamedTuple):
    """A booking to store. Instants are aware UTC."""

    ref: str
    client_id: int
    sitter_id: int | None
    status: str
    starts_at: datetime
    ends_at: datetime


# ------------------------------------------------------------------------------------- people


def clients_by_ref(
    cursor: Cursor, org_id: int, refs: Iterable[str | None]
) -> dict[str, KnownClient]:
    """The clients with those refs."""
    found = cursor.all_in_list(KnownClient, _CLIENTS, "refs", _given(refs), org_id=org_id)
    return {row.ref: row for row in found}


def sitters_by_ref(
    cursor: Cursor, org_id: int, refs: Iterable[str | None]
) -> dict[str, SitterStatusRow]:
    """The sitters with those refs."""
    found = cursor.all_in_list(SitterStatusRow, _SITTERS, "refs", _given(refs), org_id=org_id)
    return {row.ref: row for row in found}


def locked_holders(cursor: Cursor, org_id: int, refs: Iterable[str | None]) -> list[HolderRow]:
    """The sitters with those refs and the number each holds, locked until the commit."""
    sql = _HOLDERS + cursor.row_lock("FOR SHARE OF s")
    return cursor.all_in_list(HolderRow, sql, "refs", sorted(_given(refs)), org_id=org_id)


def clients_of_phones(cursor: Cursor, org_id: int, phones: Iterable[str]) -> dict[str, str]:
    """Which of these phones (E.164) are clients', with the client's ref."""
    found = cursor.in_list(_CLIENTS_OF_PHONES, "phones", _given(phones), org_id=org_id)
    return {row["e164"]: row["ref"] for row in found}


def sitters_of_phones(cursor: Cursor, org_id: int, phones: Iterable[str]) -> dict[str, str]:
    """Which of these phones (E.164) are sitters' own ones, with the sitter's ref."""
    found = cursor.in_list(_SITTERS_OF_PHONES, "phones", _given(phones), org_id=org_id)
    return {row["e164"]: row["ref"] for row in found}


def clients_with_primary(cursor: Cursor, org_id: int, clients: Sequence[int]) -> set[int]:
    """Those of the clients (by id) who have a primary phone."""
    found = cursor.in_list(_WITH_PRIMARY, "clients", clients, org_id=org_id)
    return {row["client_id"] for row in found}


def phones_of_clients(cursor: Cursor, org_id: int, ids: Iterable[int]) -> list[ClientPhoneRow]:
    """The phones of these clients, by the client's ref."""
    return cursor.all_in_list(ClientPhoneRow, _PHONES, "ids", sorted(ids), org_id=org_id)


def known_opt_outs(cursor: Cursor, org_id: int, keys: Sequence[str]) -> dict[str, KnownOptOut]:
    """The opt-outs of the phones with those digests, by digest."""
    found = cursor.all_in_list(KnownOptOut, _OPT_OUTS, "keys", keys, org_id=org_id)
    return {row.phone_key: row for row in found}


# --------------------------------------------------------------- numbers, threads and bookings


def our_numbers(cursor: Cursor, org_id: int) -> dict[str, OurNumber]:
    """The masked numbers of the org by E.164."""
    rows = cursor.tuples(_OUR_NUMBERS, org_id=org_id)
    return {row[1]: OurNumber(row[0], row[1], NumberClass(row[2]), row[3]) for row in rows}


def clients_with_thread(cursor: Cursor, org_id: int, clients: Sequence[int]) -> set[int]:
    """Those of the clients (by id) who have a thread."""
    found = cursor.in_list(_THREADS, "clients", clients, org_id=org_id)
    return {row["client_id"] for row in found}


def insert_threads(cursor: Cursor, org_id: int, rows: Iterable[NewThread]) -> None:
    """Add threads; a client who has one meanwhile keeps it."""
    cursor.run_many(_INSERT_THREAD, [{"org_id": org_id, **row._asdict()} for row in rows])


def insert_bookings(
    cursor: Cursor, org_id: int, rows: Iterable[NewBooking], *, now: datetime
) -> None:
    """Add bookings, without thread and window."""
    same = {"org_id": org_id, "created_at": now}
    cursor.run_many(_INSERT_BOOKING, [{**same, **row._asdict()} for row in rows])


# --------------------------------------------------------------------------------------- orgs


def imported_org_ids(cursor: Cursor, org_id: int, *, slug: str, event: str) -> list[str]:
    """The ids of the old organisations that an org has imported, as that audit event records."""
    noted = cursor.tuples(_IMPORTED_ORGS, org_id=org_id, slug=slug, event=event)
    return [str(json.loads(row[0]).get("old_org")) for row in noted]


def _given(values: Iterable[str | None]) -> list[str]:
    """The values that are not empty, each once."""
    return [value for value in dict.fromkeys(values) if value]
