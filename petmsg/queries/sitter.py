"""Sitters: list and show them."""

from datetime import datetime
from typing import NamedTuple

from petmsg.db.cursor import Cursor
from petmsg.queries.absence import TimeAway, absences_of_sitter
from petmsg.queries.lookup import find_sitter
from petmsg.queries.org import OrgRow
from petmsg.queries.page import Page
from petmsg.queries.search import newest_matches
from petmsg.rules.search import Search

_SITTERS = """
SELECT s.id, s.ref AS sitter, s.name, NULLIF(s.phone, '') AS phone, s.status, n.e164 AS number,
       n.status AS number_status, n.quarantined_until, s.created_at
FROM sitter s
LEFT JOIN message_number n ON n.sitter_id = s.id
WHERE s.org_id = :org_id
"""

_SEARCHED = "SELECT s.id, s.ref, s.name FROM sitter s WHERE s.org_id = :org_id"

_OWN_PHONES = "SELECT id, phone FROM sitter WHERE org_id = :org_id"

_ACTIVE = "SELECT ref, name FROM sitter WHERE org_id = :org_id AND status = 'active' ORDER BY id"

_PHONE_OF_SITTER = "SELECT phone FROM sitter WHERE org_id = :org_id AND ref = :ref"

_SITTER_ID_OF = "SELECT id FROM sitter WHERE org_id = :org_id AND ref = :ref"

_LAST_OFFBOARDED_AT = """
SELECT max(offboarded_at) AS offboarded_at FROM sitter_activity
WHERE sitter_id = :id
"""

_ACTIVITY = """
SELECT activated_at, offboarded_at FROM sitter_activity
WHERE sitter_id = :id ORDER BY activated_at, id
"""

_NUMBERS_HELD = """
SELECT n.e164 AS number, min(c.from_at) AS first_held_at
FROM number_custody c JOIN message_number n ON n.id = c.number_id
WHERE c.sitter_id = :id GROUP BY n.e164 ORDER BY first_held_at
"""


class SitterRow(NamedTuple):
    """A sitter with the number they hold."""

    id: int
    sitter: str
    name: str
    phone: str | None
    status: str
    number: str | None
    number_status: str | None
    quarantined_until: datetime | None
    created_at: datetime


class ActivitySpan(NamedTuple):
    """A period (aware UTC) in which a sitter was active; `offboarded_at` is None until today."""

    activated_at: datetime
    offboarded_at: datetime | None


class NumberHeld(NamedTuple):
    """A number that a sitter held, and since when (aware UTC)."""

    number: str
    first_held_at: datetime


class SitterDetails(NamedTuple):
    """A sitter with their periods of activity, the numbers they held and their absences."""

    id: int
    sitter: str
    name: str
    phone: str | None
    status: str
    number: str | None
    number_status: str | None
    quarantined_until: datetime | None
    created_at: datetime
    activity: list[ActivitySpan]
    numbers_held: list[NumberHeld]
    absences: list[TimeAway]


def list_sitters(
    cursor: Cursor,
    org: OrgRow,
    page: Page,
    *,
    status: str | None = None,
    search: Search | None = None,
) -> list[SitterRow]:
    """The org's sitters with the number each holds; with `search` those whose name, ref or phone
    contains it."""
    return newest_matches(
        cursor,
        SitterRow,
        _SITTERS,
        searched=_SEARCHED,
        search=search,
        with_phone=lambda wanted: {
            id_
            for id_, phone in cursor.tuples(_OWN_PHONES, org_id=org.id)
            if wanted.is_in_phone(phone)
        },
        key="s.id",
        page=page,
        before_id=find_sitter(cursor, org.id, page.before).id if page.before else None,
        where={"s.status": status},
        org_id=org.id,
    )


def show_sitter(cursor: Cursor, org: OrgRow, text: str) -> SitterDetails:
    """One sitter with their periods of activity and the numbers they held. Raises `NotFound`."""
    key = find_sitter(cursor, org.id, text)
    row = cursor.all(SitterRow, _SITTERS + " AND s.id = :id", org_id=org.id, id=key.id)[0]
    return SitterDetails(
        *row,
        activity=cursor.all(ActivitySpan, _ACTIVITY, id=key.id),
        numbers_held=cursor.all(NumberHeld, _NUMBERS_HELD, id=key.id),
        absences=absences_of_sitter(cursor, key.id),
    )


def active_sitters(cursor: Cursor, org: OrgRow) -> dict[str, str]:
    """The names of the org's active sitters by their refs, in the order in which they were
    added."""
    return dict(cursor.tuples(_ACTIVE, org_id=org.id))


def phone_of_sitter(cursor: Cursor, org_id: int, ref: str) -> str:
    """The phone of the sitter of that ref."""
    found: str = cursor.value(_PHONE_OF_SITTER, org_id=org_id, ref=ref)
    return found


def sitter_id_of(cursor: Cursor, org_id: int, ref: str) -> int:
    """The id of the sitter of that ref."""
    found: int = cursor.value(_SITTER_ID_OF, org_id=org_id, ref=ref)
    return found


def last_offboarded_at(cursor: Cursor, sitter_id: int) -> datetime | None:
    """When (aware UTC) the sitter was last offboarded."""
    return cursor.instant(_LAST_OFFBOARDED_AT, id=sitter_id)
