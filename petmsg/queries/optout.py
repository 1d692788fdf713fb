"""Opt-outs as a person lists and looks at them."""

from typing import Any

from petmsg.db.cursor import Cursor
from petmsg.errors import OutOfRange, shown
from petmsg.phone import phone_key
from petmsg.queries.lookup import find_client
from petmsg.queries.org import OrgRow
from petmsg.queries.page import Page, newest

_OPT_OUTS = """
SELECT o.id AS opt_out, c.ref AS client, o.e164 AS phone, o.phone_key, o.source, o.reason,
       o.opted_out_at, o.ended_at, o.end_reason, o.end_actor, o.actor
FROM opt_out o
LEFT JOIN client_phone p ON p.org_id = o.org_id AND p.e164 = o.e164
LEFT JOIN client c ON c.org_id = p.org_id AND c.id = p.client_id
WHERE o.org_id = :org_id
"""

_OF_PHONES = """
SELECT o.id AS opt_out, o.phone_key, o.source, o.reason, o.opted_out_at, o.ended_at, o.end_reason,
       o.end_actor, o.actor
FROM opt_out o WHERE o.org_id = :org_id AND o.phone_key IN (:phone_keys)
"""

_BLOCKED = """
SELECT n.e164 AS number, b.phone_key, b.code, b.blocked_at
FROM blocked_pair b JOIN message_number n ON n.id = b.number_id
WHERE b.org_id = :org_id AND b.phone_key IN (:phone_keys)
"""


def list_opt_outs(
    cursor: Cursor, org: OrgRow, page: Page, *, ended: bool = False
) -> list[dict[str, Any]]:
    """The opt-outs that stand, with `ended` the others too. `page.before` is an opt-out's id.

    Client and phone are None where no client of the org has the phone any more.
    """
    before = _id(page.before) if page.before else None
    select = _OPT_OUTS if ended else _OPT_OUTS + " AND o.ended_at IS NULL"
    return newest(cursor, select, key="o.id", page=page, before_id=before, org_id=org.id)


def show_opt_outs(cursor: Cursor, org: OrgRow, text: str) -> dict[str, Any]:
    """What is known of the wishes behind a client's phones, the newest first, and which numbers a
    carrier keeps from them. Raises `NotFound`."""
    key = find_client(cursor, org.id, text)
    keys = phone_keys(cursor, org, key.id)
    found = cursor.in_list(_OF_PHONES, "phone_keys", list(keys), org_id=org.id)
    history = [
        {"client": key.ref, "phone": keys[row["phone_key"]], **row}
        for row in sorted(found, key=lambda row: row["opt_out"], reverse=True)
    ]
    standing = [row["opted_out_at"] for row in history if row["ended_at"] is None]
    blocked = [
        {"number": row["number"], "phone": keys[row["phone_key"]], **row}
        for row in cursor.in_list(_BLOCKED, "phone_keys", list(keys), org_id=org.id)
    ]
    return {
        "client": key.ref,
        "opted_out": bool(standing),
        "opted_out_at": min(standing, default=None),
        "history": history,
        "blocked": sorted(blocked, key=lambda row: (row["blocked_at"], row["number"])),
    }


def phone_keys(cursor: Cursor, org: OrgRow, client_id: int) -> dict[str, str]:
    """The phones of a client by their key, the primary one first."""
    rows = cursor.tuples(
        "SELECT e164 FROM client_phone WHERE org_id = :org_id AND client_id = :client_id"
        " ORDER BY CASE WHEN is_primary THEN 0 ELSE 1 END, id",
        org_id=org.id,
        client_id=client_id,
    )
    return {phone_key(org.slug, row[0]): row[0] for row in rows}


def _id(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):
        raise OutOfRange(f"{shown(text)} is not the id of an opt-out.", hint="petmsg optout list")
    return int(text)
