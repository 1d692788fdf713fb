"""The head of an org's audit chain: the last event's number and hash."""

from petmsg.db.cursor import Cursor
from petmsg.rules.audit_chain import GENESIS

MOVE_HEAD = "UPDATE audit_head SET seq = :seq, hash = :hash WHERE org_id = :org_id"

_HEAD = "SELECT seq, hash FROM audit_head WHERE org_id = :org_id"

_INSERT_HEAD = """
INSERT INTO audit_head (org_id, seq, hash) VALUES (:org_id, 0, :genesis)
ON CONFLICT (org_id) DO NOTHING
"""


def locked_head(cursor: Cursor, org_id: int) -> tuple[int, str]:
    """The chain's last event. Its row is locked until the commit (on SQLite the file is)."""
    lock = cursor.row_lock("FOR UPDATE")
    found = cursor.tuples(_HEAD + lock, org_id=org_id)
    if not found:
        cursor.run(_INSERT_HEAD, org_id=org_id, genesis=GENESIS)
        found = cursor.tuples(_HEAD + lock, org_id=org_id)
    return found[0][0], found[0][1]
