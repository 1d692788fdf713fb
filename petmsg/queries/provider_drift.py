"""What `reconcile` compares with the provider: the org's numbers, and held messages."""

from typing import NamedTuple

from petmsg.db.cursor import Cursor
from petmsg.queries.org import OrgRow

_HELD_AS_UNKNOWN = """
SELECT id AS message, error_message AS why FROM message
WHERE org_id = :org_id AND id IN (:ids) AND status = 'held'
  AND error_code IN ('ambiguous', 'other_provider')
ORDER BY id
"""


class BelievedNumber(NamedTuple):
    """A number that the provider's account must have."""

    number: str
    status: str


class HeldForAPerson(NamedTuple):
    """A held message, and why it is held."""

    message: int
    why: str


def known_numbers(cursor: Cursor) -> set[str]:
    """All numbers of all orgs, including retired ones."""
    return {row[0] for row in cursor.tuples("SELECT e164 FROM message_number")}


def believed_numbers(cursor: Cursor, org: OrgRow) -> list[BelievedNumber]:
    """The org's numbers that send or will again."""
    return cursor.all(
        BelievedNumber,
        "SELECT e164 AS number, status FROM message_number"
        " WHERE org_id = :org_id AND status IN ('active', 'quarantined') ORDER BY e164",
        org_id=org.id,
    )


def left_to_a_person(cursor: Cursor, org: OrgRow) -> list[HeldForAPerson]:
    """Messages that are held because the provider could not say whether it sent them, while their
    alert is open: `message` and `why`."""
    refs = cursor.tuples(
        "SELECT ref FROM alert WHERE org_id = :org_id AND kind = 'message_held'"
        " AND entity = 'message' AND done_at IS NULL",
        org_id=org.id,
    )
    ids = [int(ref) for (ref,) in refs]
    return cursor.all_in_list(HeldForAPerson, _HELD_AS_UNKNOWN, "ids", ids, org_id=org.id)
