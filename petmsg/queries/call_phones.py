"""The phones that may be rung for a call, as they are at the moment when they are rung."""

from datetime import datetime

from petmsg.db.cursor import Cursor

_SITTER = """
SELECT phone FROM sitter WHERE org_id = :org_id AND ref = :ref AND status = 'active'
"""

_CLIENT = """
SELECT p.e164 FROM client c JOIN client_phone p ON p.org_id = c.org_id AND p.client_id = c.id
WHERE c.org_id = :org_id AND c.ref = :ref AND c.forgotten_at IS NULL AND p.is_primary
"""

# The wanted number, or else one of the front desk's: a usable one that is not without voice.
_SHOWN = """
SELECT e164 FROM message_number
WHERE org_id = :org_id AND (e164 = :e164 OR class = 'front_desk')
  AND (status = 'active' OR (status = 'quarantined' AND quarantined_until <= :at))
  AND (voice IS NULL OR voice)
ORDER BY CASE WHEN e164 = :e164 THEN 0 ELSE 1 END, CASE WHEN status = 'active' THEN 0 ELSE 1 END, id
LIMIT 1
"""

_CLIENT_ID = "SELECT id FROM client WHERE org_id = :org_id AND ref = :ref"


def phone_of_active_sitter(cursor: Cursor, org_id: int, ref: str) -> str | None:
    """The own phone of that sitter; None if they are not active, or have none."""
    return cursor.value(_SITTER, org_id=org_id, ref=ref) or None


def phone_of_client(cursor: Cursor, org_id: int, ref: str) -> str | None:
    """The primary phone of that client; None if they were erased, or have none."""
    return cursor.value(_CLIENT, org_id=org_id, ref=ref) or None


def number_to_show(cursor: Cursor, org_id: int, e164: str, *, at: datetime) -> str | None:
    """The number that is shown at `at` (aware UTC) in place of the wanted one: the same if it is
    still usable, else one of the front desk's; None if there is none."""
    found: str | None = cursor.value(_SHOWN, org_id=org_id, e164=e164, at=at)
    return found


def client_id_of(cursor: Cursor, org_id: int, ref: str) -> int:
    """The ID of the client of that ref."""
    found: int = cursor.value(_CLIENT_ID, org_id=org_id, ref=ref)
    return found
