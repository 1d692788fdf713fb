"""What of phone calls identifies people, and its erasure."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from petmsg.db.cursor import Cursor

# The decision of a sitter's call names the clients whom the sitter may choose.
_OF_CLIENT = """
SELECT id, decision FROM call
WHERE org_id = :org_id AND client_id = :client_id
UNION ALL
SELECT id, decision FROM call
WHERE org_id = :org_id AND caller = 'sitter' AND decision LIKE :naming ESCAPE '!'
ORDER BY id
"""

_OF_PHONES = """
SELECT id, decision FROM call WHERE org_id = :org_id AND from_phone IN (:phones)
"""

_SET_DECISION = "UPDATE call SET decision = :decision WHERE id = :id"

_ERASE_OF_CLIENT = """
UPDATE call SET from_phone = NULL
WHERE org_id = :org_id AND client_id = :client_id AND caller <> 'sitter' AND from_phone IS NOT NULL
"""

_ERASE_OF_PHONES = """
UPDATE call SET from_phone = NULL WHERE org_id = :org_id AND from_phone IN (:phones)
"""

# Nobody hears of the end of a removed org's calls any more.
_END = """
UPDATE call
SET status = CASE WHEN answered_by IS NULL THEN 'failed' ELSE 'completed' END, ended_at = :now
WHERE org_id = :org_id AND ended_at IS NULL
"""

_ERASE_ALL = """
UPDATE call SET from_phone = NULL, decision = '{}'
WHERE org_id = :org_id AND (from_phone IS NOT NULL OR decision <> '{}')
"""


class NamingCall(NamedTuple):
    """A call whose decision, as JSON, may name a client."""

    id: int
    decision: str


def calls_of_client(
    cursor: Cursor, org_id: int, *, client_id: int, naming: str, phones: Sequence[str]
) -> list[NamingCall]:
    """The calls from or to a client, those from their phones (E.164), and those whose decision is
    LIKE `naming`, each once; `!` escapes in the pattern."""
    about = {"org_id": org_id, "client_id": client_id, "naming": naming}
    found = cursor.all(NamingCall, _OF_CLIENT, **about)
    found += cursor.all_in_list(NamingCall, _OF_PHONES, "phones", phones, org_id=org_id)
    return list({each.id: each for each in found}.values())


def set_decisions(cursor: Cursor, decisions: Sequence[NamingCall]) -> None:
    """Store these decisions with their calls."""
    cursor.run_many(_SET_DECISION, [each._asdict() for each in decisions])


def erase_phones(cursor: Cursor, org_id: int, *, client_id: int, phones: Sequence[str]) -> None:
    """Erase the phones that the client called from."""
    cursor.run(_ERASE_OF_CLIENT, org_id=org_id, client_id=client_id)
    cursor.run_in_list(_ERASE_OF_PHONES, "phones", phones, org_id=org_id)


def erase_all(cursor: Cursor, org_id: int, *, now: datetime) -> None:
    """Erase the phones and names in all calls of the org, and end those that ring at `now` (aware
    UTC)."""
    cursor.run(_END, org_id=org_id, now=now)
    cursor.run(_ERASE_ALL, org_id=org_id)
