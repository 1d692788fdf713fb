"""Identify a sender by phone: a client, a sitter, both, or unknown.

Offboarded sitters are recognised as well.
"""

from typing import NamedTuple

from petmsg.db.cursor import Cursor
from petmsg.enums.people import ClientKind, SitterStatus
from petmsg.queries.lookup import ClientKey, SitterKey

CLIENT_OF_PHONE = """
SELECT c.id, c.ref, c.name, c.kind FROM client_phone p
JOIN client c ON c.id = p.client_id
WHERE p.org_id = :org_id AND p.e164 = :e164
"""

# A phone may be that of several sitters (a household, say): one who is active counts.
SITTER_OF_PHONE = """
SELECT s.id, s.ref, s.name, s.status FROM sitter s
WHERE s.org_id = :org_id AND s.phone = :e164
ORDER BY CASE WHEN s.status = 'active' THEN 0 ELSE 1 END, s.id LIMIT 1
"""


class Sender(NamedTuple):
    """The owner of a phone: a client of the org, a sitter of it, both, or neither."""

    client: ClientKey | None
    sitter: SitterKey | None

    @property
    def is_known(self) -> bool:
        """Whether the owner of the phone is known."""
        return self.client is not None or self.sitter is not None


def find_sender(cursor: Cursor, org_id: int, phone: str) -> Sender:
    """The current owner of this phone (E.164)."""
    clients = cursor.tuples(CLIENT_OF_PHONE, org_id=org_id, e164=phone)
    sitters = cursor.tuples(SITTER_OF_PHONE, org_id=org_id, e164=phone)
    client = sitter = None
    if clients:
        id_, ref, name, kind = clients[0]
        client = ClientKey(id_, ref, name, ClientKind(kind))
    if sitters:
        id_, ref, name, status = sitters[0]
        sitter = SitterKey(id_, ref, name, SitterStatus(status))
    return Sender(client, sitter)
