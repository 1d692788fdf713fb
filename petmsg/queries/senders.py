"""Identify a sender by phone: a client, a sitter, both, or unknown.

Offboarded sitters are recognised as well.
"""

from collections.abc import Sequence
from typing import NamedTuple

from petmsg.db.cursor import Cursor
from petmsg.enums.people import ClientKind, SitterStatus
from petmsg.queries.lookup import ClientKey, SitterKey

CLIENT_OF_PHONE = """
SELECT p.e164, c.id, c.ref, c.name, c.kind FROM client_phone p
JOIN client c ON c.id = p.client_id
WHERE p.org_id = :org_id AND p.e164 IN (:e164s)
"""

# A phone may be that of several sitters (a household, say): one who is active counts.
SITTER_OF_PHONE = """
SELECT s.phone, s.id, s.ref, s.name, s.status FROM sitter s
WHERE s.org_id = :org_id AND s.phone IN (:e164s)
ORDER BY CASE WHEN s.status = 'active' THEN 0 ELSE 1 END, s.id
"""


class _Client(NamedTuple):
    e164: str
    id: int
    ref: str
    name: str | None
    kind: str


class _Sitter(NamedTuple):
    phone: str
    id: int
    ref: str
    name: str
    status: str


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
    return find_senders(cursor, org_id, [phone])[phone]


def find_senders(cursor: Cursor, org_id: int, phones: Sequence[str]) -> dict[str, Sender]:
    """`find_sender` of each phone."""
    clients = {
        each.e164: ClientKey(each.id, each.ref, each.name, ClientKind(each.kind))
        for each in cursor.all_in_list(_Client, CLIENT_OF_PHONE, "e164s", phones, org_id=org_id)
    }
    sitters: dict[str, SitterKey] = {}
    for each in cursor.all_in_list(_Sitter, SITTER_OF_PHONE, "e164s", phones, org_id=org_id):
        key = SitterKey(each.id, each.ref, each.name, SitterStatus(each.status))
        sitters.setdefault(each.phone, key)
    return {phone: Sender(clients.get(phone), sitters.get(phone)) for phone in phones}
