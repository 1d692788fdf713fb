"""What an import of clients reads and writes, for a whole chunk of rows by each statement."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from petmsg.db.cursor import Cursor

_IDS_OF_REFS = "SELECT id FROM client WHERE org_id = :org_id AND ref IN (:refs)"

_OWNERS = "SELECT e164, client_id FROM client_phone WHERE org_id = :org_id AND e164 IN (:phones)"

_CLIENTS = """
SELECT id, ref, name, kind, forgotten_at FROM client WHERE org_id = :org_id AND id IN (:ids)
"""

_PHONES = """
SELECT client_id, e164, is_primary FROM client_phone
WHERE org_id = :org_id AND client_id IN (:ids) ORDER BY id
"""

_OURS = "SELECT e164 FROM message_number WHERE e164 IN (:phones)"

_NAMESAKES = """
SELECT c.name, c.ref FROM client c
WHERE c.id IN (
  SELECT min(x.id) FROM client x WHERE x.org_id = :org_id AND x.name IN (:names) GROUP BY x.name
)
"""

_HIDDEN = """
SELECT phone_key FROM opt_out
WHERE org_id = :org_id AND e164 IS NULL AND phone_key IN (:keys)
"""

_ANY_HIDDEN = "SELECT 1 FROM opt_out WHERE org_id = :org_id AND e164 IS NULL LIMIT 1"

_UPDATE = "UPDATE client SET name = :name, kind = :kind WHERE id = :id"

_NO_PRIMARY = """
UPDATE client_phone SET is_primary = FALSE
WHERE org_id = :org_id AND client_id IN (:ids) AND is_primary
"""

_PRIMARY = "UPDATE client_phone SET is_primary = TRUE WHERE org_id = :org_id AND e164 = :e164"


class KnownClient(NamedTuple):
    """A client as it is stored. `forgotten_at` (aware UTC) is when they were erased."""

    id: int
    ref: str
    name: str | None
    kind: str
    forgotten_at: datetime | None


def ids_of_refs(cursor: Cursor, org_id: int, refs: Sequence[str]) -> set[int]:
    """The ids of the clients with these refs."""
    return {row["id"] for row in cursor.in_list(_IDS_OF_REFS, "refs", refs, org_id=org_id)}


def owners_of_phones(cursor: Cursor, org_id: int, phones: Sequence[str]) -> dict[str, int]:
    """Which of these phones (E.164) are clients', with the client's id."""
    found = cursor.in_list(_OWNERS, "phones", phones, org_id=org_id)
    return {row["e164"]: row["client_id"] for row in found}


def locked_clients(cursor: Cursor, org_id: int, ids: Sequence[int]) -> list[KnownClient]:
    """The clients of these ids, locked until the commit in the order of the ids."""
    sql = _CLIENTS + cursor.row_lock("ORDER BY id FOR UPDATE")
    return cursor.all_in_list(KnownClient, sql, "ids", sorted(ids), org_id=org_id)


def phones_of_clients(
    cursor: Cursor, org_id: int, ids: Sequence[int]
) -> dict[int, dict[str, bool]]:
    """The phones of these clients by the client's id, the oldest first, and which is primary."""
    phones: dict[int, dict[str, bool]] = {each: {} for each in ids}
    for row in cursor.in_list(_PHONES, "ids", ids, org_id=org_id):
        phones[row["client_id"]][row["e164"]] = bool(row["is_primary"])
    return phones


def our_numbers_among(cursor: Cursor, phones: Sequence[str]) -> set[str]:
    """Those of the phones (E.164) that are masked numbers of any org in this database."""
    return {row["e164"] for row in cursor.in_list(_OURS, "phones", phones)}


def namesakes(cursor: Cursor, org_id: int, names: Sequence[str]) -> dict[str, str]:
    """Which of these names clients have, with the ref of the oldest one."""
    found = cursor.in_list(_NAMESAKES, "names", names, org_id=org_id)
    return {row["name"]: row["ref"] for row in found}


def has_hidden_opt_outs(cursor: Cursor, org_id: int) -> bool:
    """Whether there are opt-outs that know their phone by its digest only."""
    return cursor.value(_ANY_HIDDEN, org_id=org_id) is not None


def hidden_opt_outs(cursor: Cursor, org_id: int, keys: Sequence[str]) -> set[str]:
    """Those of the digests of phones whose opt-outs know nothing else."""
    found = cursor.in_list(_HIDDEN, "keys", keys, org_id=org_id)
    return {row["phone_key"] for row in found}


def insert_clients(
    cursor: Cursor, org_id: int, rows: Sequence[tuple[str, str | None, str]], *, now: datetime
) -> dict[str, int]:
    """Add clients, each a tuple of ref, name and kind; their ids by ref."""
    made = cursor.add_returning(
        "client",
        ("ref", "name", "kind"),
        rows,
        "RETURNING ref, id",
        org_id=org_id,
        created_at=now,
    )
    return dict(made)


def update_clients(cursor: Cursor, rows: Iterable[Mapping[str, Any]]) -> None:
    """Change name and kind of clients, each with its id."""
    cursor.run_many(_UPDATE, rows)


def insert_phones(
    cursor: Cursor, org_id: int, rows: Sequence[tuple[int, str, bool]], *, now: datetime
) -> None:
    """Add phones, each a tuple of the client's id, the E.164 and whether it is primary."""
    columns = ("client_id", "e164", "is_primary")
    if rows:
        cursor.add("client_phone", columns, rows, org_id=org_id, created_at=now)


def unset_primaries(cursor: Cursor, org_id: int, client_ids: Sequence[int]) -> None:
    """These clients have no primary phone, until one is set or added."""
    cursor.run_in_list(_NO_PRIMARY, "ids", client_ids, org_id=org_id)


def set_primaries(cursor: Cursor, org_id: int, phones: Iterable[str]) -> None:
    """These phones (E.164) are their clients' primary ones."""
    cursor.run_many(_PRIMARY, [{"org_id": org_id, "e164": each} for each in phones])
