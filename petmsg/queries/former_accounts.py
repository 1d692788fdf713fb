"""Which accounts an org had before the present one, from its audit log."""

import json

from petmsg.db.cursor import Cursor
from petmsg.enums.orgs import ProviderName
from petmsg.queries.org import OrgRow

CHANGES = """
SELECT payload FROM audit_event
WHERE org_id = :org_id AND entity = 'org' AND ref = :org AND event = 'org.updated'
  AND payload LIKE '%"twilio_account"%'
ORDER BY seq DESC
"""


def former_account_names(cursor: Cursor, org: OrgRow) -> list[str | None]:
    """The names of the accounts that the org had before, the newest first; None is the one without
    a name. The present one is left out."""
    names: dict[str | None, None] = {}
    for (payload,) in cursor.tuples(CHANGES, org_id=org.id, org=org.slug):
        changes = json.loads(payload) if isinstance(payload, str) else payload
        names[changes["twilio_account"]["before"]] = None
    return [name for name in names if name != org.twilio_account]


def is_stranger(cursor: Cursor, accounts: frozenset[str | None], org: OrgRow | None) -> bool:
    """Whether the org never had the account of these names (None: without a name)."""
    if org is None or org.provider is not ProviderName.TWILIO or org.twilio_account in accounts:
        return False
    return accounts.isdisjoint(former_account_names(cursor, org))
