"""Which phones want no messages from an org.

A phone is recognised by a digest that no database computes alike.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from petmsg.db.cursor import Cursor
from petmsg.phone import phone_key
from petmsg.queries.org import OrgRow

STANDING = """
SELECT phone_key, opted_out_at FROM opt_out
WHERE org_id = :org_id AND ended_at IS NULL AND phone_key IN (:phone_keys)
"""


class StandingOptOut(NamedTuple):
    """An opt-out in force: the digest of the phone, and since when (aware UTC)."""

    phone_key: str
    opted_out_at: datetime


def opted_out(cursor: Cursor, org: OrgRow, phones: Iterable[str]) -> dict[str, datetime]:
    """Which of these phones want no messages from the org, and since when (aware UTC)."""
    keys = {phone_key(org.slug, e164): e164 for e164 in phones}
    rows = cursor.all_in_list(StandingOptOut, STANDING, "phone_keys", list(keys), org_id=org.id)
    return {keys[row.phone_key]: row.opted_out_at for row in rows}
