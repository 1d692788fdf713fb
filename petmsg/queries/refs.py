"""The counters from which refs are made."""

from collections.abc import Sequence

from petmsg.db.cursor import Cursor

_LOCK_COUNTER = """
SELECT next_value FROM ref_counter
WHERE org_id = :org_id AND noun = :noun FOR UPDATE
"""

_COUNT_ON = """
UPDATE ref_counter
SET next_value = next_value + 1
WHERE org_id = :org_id AND noun = :noun RETURNING next_value - 1
"""

_NEXT = "SELECT next_value FROM ref_counter WHERE org_id = :org_id AND noun = :noun"

_SET_NEXT = """
UPDATE ref_counter SET next_value = :value WHERE org_id = :org_id AND noun = :noun
"""

_ENSURE_COUNTER = """
INSERT INTO ref_counter (org_id, noun, next_value)
VALUES (:org_id, :noun, 1) ON CONFLICT (org_id, noun) DO NOTHING
"""


def lock_counter(cursor: Cursor, org_id: int, noun: str) -> None:
    """Lock the counter of a noun."""
    cursor.hold(_LOCK_COUNTER, org_id=org_id, noun=noun)


def count_on(cursor: Cursor, org_id: int, noun: str) -> int:
    """The next number of a noun's counter."""
    found: int = cursor.value(_COUNT_ON, org_id=org_id, noun=noun)
    return found


def ensure_counter(cursor: Cursor, org_id: int, noun: str) -> None:
    """Make the noun's counter, if it is not there."""
    cursor.run(_ENSURE_COUNTER, org_id=org_id, noun=noun)


def is_ref(cursor: Cursor, org_id: int, *, noun: str, ref: str) -> bool:
    """Whether something has that ref. `noun` is the table: client, sitter or booking."""
    sql = f"SELECT 1 FROM {noun} WHERE org_id = :org_id AND ref = :ref"
    return cursor.value(sql, org_id=org_id, ref=ref) is not None


def next_value(cursor: Cursor, org_id: int, noun: str) -> int:
    """The next number of a noun's locked counter, which is not changed."""
    found: int = cursor.value(_NEXT, org_id=org_id, noun=noun)
    return found


def set_next_value(cursor: Cursor, org_id: int, noun: str, value: int) -> None:
    """Set the next number of a noun's locked counter."""
    cursor.run(_SET_NEXT, org_id=org_id, noun=noun, value=value)


def refs_among(cursor: Cursor, org_id: int, *, noun: str, refs: Sequence[str]) -> set[str]:
    """Those of the refs that something has. `noun` is the table: client, sitter or booking."""
    sql = f"SELECT ref FROM {noun} WHERE org_id = :org_id AND ref IN (:refs)"
    return {row["ref"] for row in cursor.in_list(sql, "refs", refs, org_id=org_id)}
