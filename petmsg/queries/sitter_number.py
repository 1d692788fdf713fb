"""The number a sitter holds, and what a message of no thread is sent from and forwards."""

from datetime import datetime
from typing import NamedTuple

from petmsg.db.cursor import Cursor
from petmsg.enums.numbers import NumberClass, NumberStatus
from petmsg.enums.routing import SystemMessageRule
from petmsg.queries.org import OrgRow
from petmsg.rules.routing.direct import DirectFacts, ForwardFact, StaffFact
from petmsg.rules.routing.facts import NumberFact

NUMBER_OF_SITTER = """
SELECT s.ref AS sitter, s.name AS sitter_name, s.phone, s.status AS sitter_status,
       n.id, n.e164, n.class AS number_class, n.status, n.quarantined_until, n.mms
FROM sitter s
LEFT JOIN message_number n ON n.sitter_id = s.id
WHERE s.org_id = :org_id AND s.id = :sitter_id
"""

NUMBER = """
SELECT id, e164, class AS number_class, status, quarantined_until, mms FROM message_number
WHERE org_id = :org_id AND id = :number_id
"""

FRONT_DESKS = """
SELECT id, e164, class AS number_class, status, quarantined_until, mms FROM message_number
WHERE org_id = :org_id AND class = 'front_desk' AND status IN ('active', 'quarantined')
"""

NUMBER_OF_DIRECT = """
SELECT coalesce(n.id, r.number_id) FROM relay r
LEFT JOIN message_number n ON n.sitter_id = r.sitter_id
WHERE r.org_id = :org_id AND r.message_id = :message_id
"""

# The client whose words a forward repeats, and whether they are still the sitter's to read: not
# once an override held after they came, even if it has ended since.
FORWARD = """
SELECT c.ref, o.relay, CASE WHEN EXISTS (
    SELECT 1 FROM assignment_window w
    JOIN booking b ON b.id = w.booking_id AND b.status = 'confirmed'
    JOIN sitter s ON s.id = w.sitter_id AND s.status = 'active'
    WHERE w.thread_id = m.thread_id AND w.ends_at > :at AND w.starts_at <= :at
      AND w.sitter_id = :sitter_id
) THEN 1 ELSE 0 END, CASE WHEN EXISTS (
    SELECT 1 FROM route_override v
    WHERE v.client_id = m.client_id AND v.starts_at <= :at AND v.until_at > m.created_at
      AND v.starts_at < coalesce(v.ended_at, v.until_at)
      AND coalesce(v.ended_at, v.until_at) > m.created_at
) THEN 1 ELSE 0 END
FROM message m JOIN client c ON c.id = m.client_id JOIN org o ON o.id = m.org_id
WHERE m.org_id = :org_id AND m.id = :about_id
"""


class _SitterNumber(NamedTuple):
    """A number; all columns are None if the sitter holds none."""

    sitter: str
    sitter_name: str
    phone: str
    sitter_status: str
    id: int | None
    e164: str
    number_class: str
    status: str
    quarantined_until: datetime | None
    mms: bool | None


class _Number(NamedTuple):
    id: int
    e164: str
    number_class: str
    status: str
    quarantined_until: datetime | None
    mms: bool | None


class SitterLine(NamedTuple):
    """A sitter's own phone and number."""

    sitter: str
    name: str
    phone: str
    is_active: bool
    number: NumberFact | None
    has_left: bool = False


def sitter_line(cursor: Cursor, org: OrgRow, sitter_id: int) -> SitterLine:
    """The sitter's own phone and number, as they are now."""
    row = cursor.all(_SitterNumber, NUMBER_OF_SITTER, org_id=org.id, sitter_id=sitter_id)[0]
    number = None if row.id is None else _number(row)
    active = row.sitter_status == "active"
    has_left = row.sitter_status == "offboarded"
    return SitterLine(row.sitter, row.sitter_name, row.phone, active, number, has_left)


def number_fact(cursor: Cursor, org: OrgRow, number_id: int) -> NumberFact | None:
    """A number of the org as it is now."""
    row = cursor.first(_Number, NUMBER, org_id=org.id, number_id=number_id)
    return None if row is None else _number(row)


def front_desks(cursor: Cursor, org: OrgRow) -> tuple[NumberFact, ...]:
    """The org's front desk numbers that are not retired, as they are now."""
    return tuple(_number(row) for row in cursor.all(_Number, FRONT_DESKS, org_id=org.id))


def staff_facts(cursor: Cursor, org: OrgRow, sitter_id: int) -> DirectFacts:
    """The facts about a person's message to the sitter, as they are now."""
    line = sitter_line(cursor, org, sitter_id)
    return DirectFacts(
        org.slug,
        SystemMessageRule.OWN_NUMBER,
        line.number,
        line.sitter,
        line.name,
        staff=StaffFact(front_desks(cursor, org), line.has_left),
    )


def number_of_direct(cursor: Cursor, org: OrgRow, message_id: int) -> int | None:
    """The number from which a message outside any thread is sent, if it is usable."""
    found: int | None = cursor.value(NUMBER_OF_DIRECT, org_id=org.id, message_id=message_id)
    return found


def forward_fact(
    cursor: Cursor, org: OrgRow, *, about_id: int, sitter_id: int, at: datetime
) -> ForwardFact:
    """Whether the sitter may read the client's message at `at` (aware UTC)."""
    rows = cursor.tuples(FORWARD, org_id=org.id, about_id=about_id, sitter_id=sitter_id, at=at)
    if not rows:
        return ForwardFact("of nobody", is_open=False)
    ref, relays, is_open, overridden = rows[0]
    return ForwardFact(ref, bool(is_open), bool(relays), bool(overridden))


def _number(row: _SitterNumber | _Number) -> NumberFact:
    assert row.id is not None
    return NumberFact(
        row.id,
        row.e164,
        NumberClass(row.number_class),
        NumberStatus(row.status),
        row.quarantined_until,
        None if row.mms is None else bool(row.mms),
    )
