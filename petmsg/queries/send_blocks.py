"""The facts for send blocks: about an org, a recipient and the chosen number.

Two statements, because a phone is recognised by a digest that no database computes alike. The
org's settings are read anew: a worker's own copy may be older than a freeze.
"""

from datetime import datetime
from typing import NamedTuple

from petmsg.db.cursor import Cursor
from petmsg.phone import phone_key
from petmsg.queries.opted_out_phones import opted_out
from petmsg.queries.org import OrgRow
from petmsg.rules.send_blocks import SendBlockFacts, quiet_hours

RECIPIENT = """
SELECT o.timezone AS org_timezone, o.quiet_from_minute, o.quiet_until_minute, o.frozen_at,
       o.frozen_until, o.freeze_reason, c.timezone, p.e164, p.not_textable_code
FROM org o
LEFT JOIN client c ON c.org_id = o.id AND c.id = :client_id
LEFT JOIN client_phone p ON p.org_id = o.id AND p.client_id = c.id
WHERE o.id = :org_id
"""

BLOCKED = "SELECT code FROM blocked_pair WHERE number_id = :number_id AND phone_key = :phone_key"


class _Recipient(NamedTuple):
    org_timezone: str
    quiet_from_minute: int | None
    quiet_until_minute: int | None
    frozen_at: datetime | None
    frozen_until: datetime | None
    freeze_reason: str | None
    timezone: str | None
    e164: str | None
    not_textable_code: str | None


def read_hold_facts(
    cursor: Cursor,
    org: OrgRow,
    *,
    client_id: int | None,
    to_e164: str,
    number_id: int | None,
    send_at: datetime | None = None,
    expires_at: datetime | None = None,
    urgent: bool = False,
) -> SendBlockFacts:
    """The facts for a text to `to_e164`, a phone of the client or, without one, of somebody else
    (a sitter, a stranger). Instants are aware UTC.

    `number_id` is the number that routing chose; None leaves blocked pairs out.
    """
    rows = cursor.all(_Recipient, RECIPIENT, org_id=org.id, client_id=client_id)
    settings = rows[0]
    phones = {row.e164: row.not_textable_code for row in rows if row.e164 is not None}
    return SendBlockFacts(
        timezone=settings.timezone or settings.org_timezone,
        quiet_hours=quiet_hours(settings.quiet_from_minute, settings.quiet_until_minute),
        frozen_at=settings.frozen_at,
        frozen_until=settings.frozen_until,
        freeze_reason=settings.freeze_reason,
        opted_out_at=min(opted_out(cursor, org, {*phones, to_e164}).values(), default=None),
        not_textable_code=phones.get(to_e164),
        blocked_code=None
        if number_id is None
        else blocked_code(cursor, org, number_id=number_id, to_e164=to_e164),
        send_at=send_at,
        expires_at=expires_at,
        urgent=urgent,
        is_their_phone=client_id is None or to_e164 in phones,
        recipient="recipient" if client_id is None else "client",
    )


def blocked_code(cursor: Cursor, org: OrgRow, *, number_id: int, to_e164: str) -> str | None:
    """What the carrier said when it refused a text from this number to this phone, if it did."""
    found: str | None = cursor.value(
        BLOCKED, number_id=number_id, phone_key=phone_key(org.slug, to_e164)
    )
    return found
