"""Refs made by petmsg where none was given: `C-1`, `S-1`, `B-1`."""

from petmsg.db.cursor import Cursor
from petmsg.services.unit_of_work import UnitOfWork

_PREFIX = {"client": "C", "sitter": "S", "booking": "B"}


def hold_refs(uow: UnitOfWork, noun: str) -> None:
    """Wait for whoever is making up a ref of the noun, and hold others off until the commit.

    What is looked up afterwards (is she there already, by her phone?) cannot be added meanwhile.
    """
    cursor = uow.cursor
    _ensure_counter(cursor, uow.org.id, noun)
    if not cursor.is_sqlite:
        cursor.tuples(
            "SELECT next_value FROM ref_counter WHERE org_id = :org_id AND noun = :noun FOR UPDATE",
            org_id=uow.org.id,
            noun=noun,
        )


def next_ref(uow: UnitOfWork, noun: str) -> str:
    """The next free ref of the noun in this org, counted under a row lock."""
    cursor = uow.cursor
    _ensure_counter(cursor, uow.org.id, noun)
    while True:
        taken = cursor.value(
            "UPDATE ref_counter SET next_value = next_value + 1"
            " WHERE org_id = :org_id AND noun = :noun RETURNING next_value - 1",
            org_id=uow.org.id,
            noun=noun,
        )
        ref = f"{_PREFIX[noun]}-{taken}"
        if not cursor.value(
            f"SELECT 1 FROM {noun} WHERE org_id = :org_id AND ref = :ref",
            org_id=uow.org.id,
            ref=ref,
        ):
            return ref


def _ensure_counter(cursor: Cursor, org_id: int, noun: str) -> None:
    cursor.run(
        "INSERT INTO ref_counter (org_id, noun, next_value) VALUES (:org_id, :noun, 1)"
        " ON CONFLICT (org_id, noun) DO NOTHING",
        org_id=org_id,
        noun=noun,
    )
