"""The phones that may be rung for a call, as they are at the moment when they are rung."""

from datetime import datetime
from typing import NamedTuple

from petmsg.db.cursor import Cursor
from petmsg.enums.numbers import NumberClass, NumberStatus
from petmsg.rules.routing.decide import usable
from petmsg.rules.routing.facts import NumberFact

_SITTER = """
SELECT phone FROM sitter WHERE org_id = :org_id AND ref = :ref AND status = 'active'
"""

_CLIENT = """
SELECT p.e164 FROM client c JOIN client_phone p ON p.org_id = c.org_id AND p.client_id = c.id
WHERE c.org_id = :org_id AND c.ref = :ref AND c.forgotten_at IS NULL AND p.is_primary
"""

_NUMBER = """
SELECT id, e164, class AS number_class, status, quarantined_until FROM message_number
WHERE org_id = :org_id AND e164 = :e164
"""

_CLIENT_ID = "SELECT id FROM client WHERE org_id = :org_id AND ref = :ref"


class _Number(NamedTuple):
    id: int
    e164: str
    number_class: str
    status: str
    quarantined_until: datetime | None


def phone_of_active_sitter(cursor: Cursor, org_id: int, ref: str) -> str | None:
    """The own phone of that sitter; None if they are not active, or have none."""
    return cursor.value(_SITTER, org_id=org_id, ref=ref) or None


def phone_of_client(cursor: Cursor, org_id: int, ref: str) -> str | None:
    """The primary phone of that client; None if they were erased, or have none."""
    return cursor.value(_CLIENT, org_id=org_id, ref=ref) or None


def may_be_shown(cursor: Cursor, org_id: int, e164: str, *, at: datetime) -> bool:
    """Whether the number is one of the org's that is usable at `at` (aware UTC)."""
    row = cursor.first(_Number, _NUMBER, org_id=org_id, e164=e164)
    if row is None:
        return False
    number = NumberFact(
        row.id,
        row.e164,
        NumberClass(row.number_class),
        NumberStatus(row.status),
        row.quarantined_until,
    )
    return usable(number, at)


def client_id_of(cursor: Cursor, org_id: int, ref: str) -> int:
    """The ID of the client of that ref."""
    found: int = cursor.value(_CLIENT_ID, org_id=org_id, ref=ref)
    return found
