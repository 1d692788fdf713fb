"""The latest audit events compared with the rows, for `doctor`: rows may have been deleted or
changed by hand while the audit chain is intact."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from petmsg.db.cursor import Cursor
from petmsg.queries.org import OrgRow

STANDING = {
    "client": "SELECT ref FROM client WHERE org_id = :org_id",
    "sitter": "SELECT ref FROM sitter WHERE org_id = :org_id",
    "number": "SELECT e164 AS ref FROM message_number WHERE org_id = :org_id",
    "booking": "SELECT ref FROM booking WHERE org_id = :org_id",
    # That a confirmed booking has its window is a check of its own.
    "window": "SELECT b.ref FROM booking b LEFT JOIN assignment_window w ON w.booking_id = b.id"
    " WHERE b.org_id = :org_id AND (w.id IS NOT NULL OR b.status = 'confirmed')",
    "thread": "SELECT c.ref FROM client c JOIN thread t ON t.client_id = c.id"
    " WHERE c.org_id = :org_id",
    "message": "SELECT CAST(id AS VARCHAR) AS ref FROM message WHERE org_id = :org_id",
}
"""The refs of what stands, by the entity that events name. None of it is ever deleted."""

# An org that came from an export into a database that held others has messages of new ids. So they
# are counted too. Those of another system came without an event of their own.
_MESSAGES = """
SELECT (SELECT count(DISTINCT ref) FROM audit_event
        WHERE org_id = :org_id AND entity = 'message') AS reported,
       (SELECT count(*) FROM message
        WHERE org_id = :org_id AND actor NOT LIKE 'snoutos%') AS stand
"""

STATES = {
    "booking.confirmed": ("booking", "confirmed"),
    "booking.cancelled": ("booking", "cancelled"),
    "sitter.activated": ("sitter", "active"),
    "sitter.deactivated": ("sitter", "offboarded"),
    "number.retired": ("number", "retired"),
}
"""What a thing is after an event, until another of these."""

_STATUS = {
    "booking": "SELECT ref, status FROM booking WHERE org_id = :org_id",
    "sitter": "SELECT ref, status FROM sitter WHERE org_id = :org_id",
    "number": "SELECT e164 AS ref, status FROM message_number WHERE org_id = :org_id",
}

_LAST = """
SELECT a.entity, a.ref, a.event FROM audit_event a
JOIN (SELECT entity, ref, max(seq) AS seq FROM audit_event
      WHERE org_id = :org_id AND event IN (:events) GROUP BY entity, ref) l ON l.seq = a.seq
WHERE a.org_id = :org_id AND a.event IN (:events)
"""

_PHONES = {
    "client": "SELECT c.ref, p.e164 FROM client c JOIN client_phone p ON p.client_id = c.id"
    " WHERE c.org_id = :org_id",
    "sitter": "SELECT ref, phone AS e164 FROM sitter WHERE org_id = :org_id AND phone <> ''",
}


class _Counted(NamedTuple):
    reported: int
    stand: int


def missing(cursor: Cursor, org: OrgRow, entity: str) -> list[str]:
    """The refs that audit events name and that no row has.

    A set operation: a server that has no statistics joins each event with each message instead.
    """
    sql = f"""
        SELECT ref FROM audit_event WHERE org_id = :org_id AND entity = :entity
        EXCEPT {STANDING[entity]}
        ORDER BY ref
    """
    refs = [row[0] for row in cursor.tuples(sql, org_id=org.id, entity=entity)]
    if entity != "message" or not refs:
        return refs
    counted = cursor.all(_Counted, _MESSAGES, org_id=org.id)[0]
    return refs if counted.stand < counted.reported else []


def last_events(cursor: Cursor, org: OrgRow, events: Sequence[str]) -> list[dict[str, Any]]:
    """The last of these events of each thing: its `entity`, `ref` and `event`."""
    listed = ", ".join(f"'{event}'" for event in events)
    return cursor.rows(_LAST.replace(":events", listed), org_id=org.id)


def statuses(cursor: Cursor, org: OrgRow, entity: str) -> dict[str, str]:
    """The status of each thing of that kind by its ref."""
    return dict(cursor.tuples(_STATUS[entity], org_id=org.id))


def phones(cursor: Cursor, org: OrgRow, entity: str) -> dict[str, list[str]]:
    """The phones of clients or sitters by their refs."""
    found: dict[str, list[str]] = {}
    for ref, e164 in cursor.tuples(_PHONES[entity], org_id=org.id):
        found.setdefault(ref, []).append(e164)
    return found


def opted_out_keys(cursor: Cursor, org: OrgRow) -> set[str]:
    """The digests of the phones that are opted out."""
    rows = cursor.tuples(
        "SELECT phone_key FROM opt_out WHERE org_id = :org_id AND ended_at IS NULL", org_id=org.id
    )
    return {row[0] for row in rows}
