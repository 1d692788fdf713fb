"""The visits that have a sitter, and the sitters who could take one over: for double bookings."""

from datetime import datetime
from typing import NamedTuple

from petmsg.db.cursor import Cursor
from petmsg.enums.numbers import NumberClass, NumberStatus
from petmsg.queries.org import OrgRow
from petmsg.rules.double_bookings import Visit
from petmsg.rules.free_sitters import Candidate
from petmsg.rules.routing.facts import NumberFact

# Up to the end of the last visit that begins before `:until`: who is free for it depends on those.
_VISITS = """
SELECT b.ref AS booking, b.status, b.starts_at, b.ends_at, c.ref AS client,
       c.name AS client_name, s.ref AS sitter, s.name AS sitter_name
FROM booking b
JOIN client c ON c.id = b.client_id
JOIN sitter s ON s.id = b.sitter_id
WHERE b.org_id = :org_id AND b.status IN ('pending', 'confirmed') AND b.ends_at > :now
  AND b.starts_at < (
      SELECT max(l.ends_at) FROM booking l
      WHERE l.org_id = :org_id AND l.status IN ('pending', 'confirmed') AND l.ends_at > :now
        AND l.starts_at < :until AND l.sitter_id IS NOT NULL
  )
ORDER BY b.starts_at, b.id
"""

_CANDIDATES = """
SELECT s.ref AS sitter, n.id AS number_id, n.e164, n.class AS number_class, n.status,
       n.quarantined_until
FROM sitter s
JOIN message_number n ON n.sitter_id = s.id
WHERE s.org_id = :org_id AND s.status = 'active'
ORDER BY s.id
"""


class VisitOfSitter(NamedTuple):
    """A pending or confirmed booking that has a sitter. Times are aware UTC."""

    booking: str
    status: str
    starts_at: datetime
    ends_at: datetime
    client: str
    client_name: str | None
    sitter: str
    sitter_name: str

    @property
    def visit(self) -> Visit:
        """The visit as the rules read it."""
        confirmed = self.status == "confirmed"
        return Visit(
            self.booking, confirmed, self.starts_at, self.ends_at, self.client, self.sitter
        )


class _Candidate(NamedTuple):
    sitter: str
    number_id: int
    e164: str
    number_class: str
    status: str
    quarantined_until: datetime | None


def visits_to_come(
    cursor: Cursor, org: OrgRow, *, now: datetime, until: datetime
) -> list[VisitOfSitter]:
    """The org's visits with a sitter that overlap `[now, until)` (aware UTC), and those that begin
    later but before the last of them ends; by start."""
    return cursor.all(VisitOfSitter, _VISITS, org_id=org.id, now=now, until=until)


def candidates(cursor: Cursor, org: OrgRow) -> list[Candidate]:
    """The org's active sitters who hold a number."""
    return [
        Candidate(
            row.sitter,
            NumberFact(
                row.number_id,
                row.e164,
                NumberClass(row.number_class),
                NumberStatus(row.status),
                row.quarantined_until,
            ),
        )
        for row in cursor.all(_Candidate, _CANDIDATES, org_id=org.id)
    ]
