"""What an import of numbers reads and writes, for a whole chunk of rows by each statement."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from petmsg.db.cursor import Cursor

_KNOWN = """
SELECT e164, org_id, class AS number_class, status FROM message_number WHERE e164 IN (:phones)
"""


class KnownNumber(NamedTuple):
    """A masked number of any org in this database."""

    e164: str
    org_id: int
    number_class: str
    status: str


def known_numbers(cursor: Cursor, phones: Sequence[str]) -> list[KnownNumber]:
    """Those of the phones (E.164) that are masked numbers."""
    return cursor.all_in_list(KnownNumber, _KNOWN, "phones", phones)


def insert_numbers(
    cursor: Cursor, org_id: int, rows: Sequence[tuple[str, str]], *, now: datetime
) -> dict[str, int]:
    """Add active numbers, each a tuple of E.164 and class; their ids by E.164."""
    made = cursor.add_returning(
        "message_number",
        ("e164", "class"),
        rows,
        "RETURNING e164, id",
        org_id=org_id,
        status="active",
        created_at=now,
    )
    return dict(made)


def insert_first_states(
    cursor: Cursor,
    org_id: int,
    rows: Sequence[tuple[int, str]],
    *,
    reason: str,
    actor: str,
    now: datetime,
) -> None:
    """Begin the history of new active numbers, each a tuple of id and class."""
    if rows:
        cursor.add(
            "number_custody",
            ("number_id", "class"),
            rows,
            org_id=org_id,
            from_at=now,
            status="active",
            reason=reason,
            actor=actor,
        )
