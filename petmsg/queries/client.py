"""Clients as a person lists and looks at them."""

from typing import Any

from petmsg.db.cursor import Cursor
from petmsg.queries.lookup import find_client
from petmsg.queries.org import OrgRow
from petmsg.queries.page import Page, newest

_CLIENTS = """
SELECT c.id, c.ref AS client, c.name, c.kind, c.created_at, c.forgotten_at, t.id AS thread,
       (SELECT p.e164 FROM client_phone p
        WHERE p.org_id = c.org_id AND p.client_id = c.id AND p.is_primary) AS phone
FROM client c
LEFT JOIN thread t ON t.org_id = c.org_id AND t.client_id = c.id
WHERE c.org_id = :org_id
"""


def list_clients(
    cursor: Cursor, org: OrgRow, page: Page, *, kind: str | None = None
) -> list[dict[str, Any]]:
    """The org's clients with their primary phone and thread."""
    before = find_client(cursor, org.id, page.before).id if page.before else None
    return newest(
        cursor,
        _CLIENTS,
        key="c.id",
        page=page,
        before_id=before,
        where={"c.kind": kind},
        org_id=org.id,
    )


def show_client(cursor: Cursor, org: OrgRow, text: str) -> dict[str, Any]:
    """One client with all her phones (the primary one first) and counts. Raises `NotFound`."""
    key = find_client(cursor, org.id, text)
    row = cursor.rows(_CLIENTS + " AND c.id = :id", org_id=org.id, id=key.id)[0]
    phones = cursor.rows(
        "SELECT e164 FROM client_phone WHERE org_id = :org_id AND client_id = :id"
        " ORDER BY CASE WHEN is_primary THEN 0 ELSE 1 END, id",
        org_id=org.id,
        id=key.id,
    )
    counts = cursor.rows(
        "SELECT (SELECT count(*) FROM booking WHERE org_id = :org_id AND client_id = :id)"
        " AS bookings, (SELECT count(*) FROM message WHERE thread_id = :thread) AS messages",
        org_id=org.id,
        id=key.id,
        thread=row["thread"],
    )[0]
    return {**row, "phones": [each["e164"] for each in phones], **counts}
