"""Whether numbers can send pictures, as their provider says. Standard library only."""

from collections.abc import Iterable
from typing import NamedTuple

from petmsg.db.cursor import Cursor

_NOTE = """
UPDATE message_number SET mms = :mms
WHERE org_id = :org_id AND e164 = :e164 AND (mms IS NULL OR mms <> :mms)
"""

_KNOWN = """
SELECT org_id, e164 AS number, mms FROM message_number WHERE status <> 'retired' ORDER BY e164
"""


class NumberMms(NamedTuple):
    """A number that is in use or will be again, and whether it can send pictures; None if the
    provider did not say it yet."""

    org_id: int
    number: str
    mms: bool | None


def known_mms(cursor: Cursor) -> list[NumberMms]:
    """What is stored of the numbers of all orgs."""
    return [
        row if row.mms is None else row._replace(mms=bool(row.mms))
        for row in cursor.all(NumberMms, _KNOWN)
    ]


def note_mms(cursor: Cursor, org_id: int, said: Iterable[tuple[str, bool | None]]) -> int:
    """Store what the provider said of the org's numbers, by E.164; how many changed.

    None says nothing: what is known of the number stays.
    """
    return sum(
        cursor.run(_NOTE, org_id=org_id, e164=e164, mms=mms)
        for e164, mms in sorted({(e164, mms) for e164, mms in said if mms is not None})
    )
