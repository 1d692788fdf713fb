"""The personal phones that a message must not hold."""

from collections.abc import Sequence

from petmsg.db.cursor import Cursor
from petmsg.queries.org import OrgRow

_NEAR = """
SELECT e164 FROM client_phone WHERE org_id = :org_id AND client_id = :client_id
UNION SELECT phone FROM sitter WHERE org_id = :org_id AND id = :sitter_id
"""
_CLIENTS = "SELECT e164 AS phone FROM client_phone WHERE org_id = :org_id AND e164 IN (:phones)"
_DESKS = "SELECT desk_phone FROM org WHERE desk_phone IN (:phones)"
_SITTERS = "SELECT phone FROM sitter WHERE org_id = :org_id AND phone IN (:phones)"
_SITTER_OF = """
SELECT ref FROM sitter WHERE org_id = :org_id AND phone = :phone AND status <> 'offboarded'
ORDER BY id LIMIT 1
"""
_CLIENT_OF = """
SELECT c.ref FROM client_phone p JOIN client c ON c.id = p.client_id
WHERE p.org_id = :org_id AND p.e164 = :phone
"""


def phones_of(
    cursor: Cursor, org: OrgRow, *, client_id: int | None, sitter_id: int | None
) -> set[str]:
    """All phones of the client, and the sitter's own one, in E.164."""
    rows = cursor.tuples(_NEAR, org_id=org.id, client_id=client_id or 0, sitter_id=sitter_id or 0)
    return {row[0] for row in rows}


def personal_among(cursor: Cursor, org: OrgRow, phones: Sequence[str]) -> set[str]:
    """Those of the phones (E.164) that are a client's or a sitter's own."""
    found = cursor.in_list(_CLIENTS, "phones", phones, org_id=org.id)
    found += cursor.in_list(_SITTERS, "phones", phones, org_id=org.id)
    return {row["phone"] for row in found}


def desk_phones_among(cursor: Cursor, phones: Sequence[str]) -> set[str]:
    """Those of the phones (E.164) that ring at the front desk of an org in this database."""
    return {row["desk_phone"] for row in cursor.in_list(_DESKS, "phones", phones)}


def sitter_of(cursor: Cursor, org: OrgRow, phone: str) -> str | None:
    """The ref of the sitter, not an offboarded one, whose own phone (E.164) it is."""
    ref: str | None = cursor.value(_SITTER_OF, org_id=org.id, phone=phone)
    return ref


def client_of(cursor: Cursor, org: OrgRow, phone: str) -> str | None:
    """The ref of the client whose phone (E.164) it is."""
    ref: str | None = cursor.value(_CLIENT_OF, org_id=org.id, phone=phone)
    return ref
