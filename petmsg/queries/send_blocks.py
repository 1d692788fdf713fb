"""The facts for send blocks: about an org, a recipient and the chosen number.

Two statements, for one recipient or for many, because a phone is recognised by a digest that no
database computes alike. The org's settings are read anew: a worker's own copy may be older than a
freeze.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
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

RECIPIENTS = """
SELECT o.timezone AS org_timezone, o.quiet_from_minute, o.quiet_until_minute, o.frozen_at,
       o.frozen_until, o.freeze_reason, c.id AS client_id, c.timezone, p.e164, p.not_textable_code
FROM org o
LEFT JOIN client c ON c.org_id = o.id AND c.id IN (:client_ids)
LEFT JOIN client_phone p ON p.org_id = o.id AND p.client_id = c.id
WHERE o.id = :org_id
"""

BLOCKED = "SELECT code FROM blocked_pair WHERE number_id = :number_id AND phone_key = :phone_key"

BLOCKED_PHONES = """
SELECT number_id, phone_key FROM blocked_pair
WHERE org_id = :org_id AND phone_key IN (:phone_keys)
"""


class Recipient(NamedTuple):
    """Whom a message goes to: a phone of the client or, without one, of somebody else. The
    instants are aware UTC."""

    client_id: int | None
    to_e164: str
    send_at: datetime | None = None
    expires_at: datetime | None = None
    urgent: bool = False


class _RecipientOfMany(NamedTuple):
    org_timezone: str
    quiet_from_minute: int | None
    quiet_until_minute: int | None
    frozen_at: datetime | None
    frozen_until: datetime | None
    freeze_reason: str | None
    client_id: int | None
    timezone: str | None
    e164: str | None
    not_textable_code: str | None


class _BlockedPhone(NamedTuple):
    number_id: int
    phone_key: str


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


def read_block_facts(
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
    """The facts for a message to `to_e164`, a phone of the client or, without one, of somebody
    else (a sitter, a stranger). Instants are aware UTC.

    `number_id` is the number that routing chose; None leaves blocked pairs out.
    """
    rows = cursor.all(_Recipient, RECIPIENT, org_id=org.id, client_id=client_id)
    phones = {row.e164: row.not_textable_code for row in rows if row.e164 is not None}
    facts = _facts(
        rows[0],
        Recipient(client_id, to_e164, send_at, expires_at, urgent),
        phones,
        opted_out(cursor, org, {*phones, to_e164}),
    )
    if number_id is None:
        return facts
    blocked = blocked_code(cursor, org, number_id=number_id, to_e164=to_e164)
    return facts._replace(blocked_code=blocked)


def read_block_facts_of_many(
    cursor: Cursor, org: OrgRow, recipients: Sequence[Recipient]
) -> list[SendBlockFacts]:
    """`read_block_facts` for each recipient, in their order, without blocked pairs."""
    if not recipients:
        return []
    clients = sorted({each.client_id or 0 for each in recipients})
    rows: defaultdict[int | None, list[_RecipientOfMany]] = defaultdict(list)
    phones: defaultdict[int | None, dict[str, str | None]] = defaultdict(dict)
    for row in cursor.all_in_list(
        _RecipientOfMany, RECIPIENTS, "client_ids", clients, org_id=org.id
    ):
        rows[row.client_id].append(row)
        if row.e164 is not None:
            phones[row.client_id][row.e164] = row.not_textable_code
    of_org = next(iter(rows.values()))[0]._replace(timezone=None)
    everybody = {each.to_e164 for each in recipients}.union(*phones.values())
    optouts = opted_out(cursor, org, everybody)
    return [
        _facts(
            rows[each.client_id][0] if each.client_id in rows else of_org,
            each,
            phones.get(each.client_id, {}),
            optouts,
        )
        for each in recipients
    ]


def _facts(
    settings: _Recipient | _RecipientOfMany,
    recipient: Recipient,
    phones: dict[str, str | None],
    optouts: dict[str, datetime],
) -> SendBlockFacts:
    """The facts from what was read: the client's phones, and opt-outs of theirs among others'."""
    client_id, to_e164, send_at, expires_at, urgent = recipient
    own_optouts = [optouts[each] for each in {*phones, to_e164} if each in optouts]
    return SendBlockFacts(
        timezone=settings.timezone or settings.org_timezone,
        quiet_hours=quiet_hours(settings.quiet_from_minute, settings.quiet_until_minute),
        frozen_at=settings.frozen_at,
        frozen_until=settings.frozen_until,
        freeze_reason=settings.freeze_reason,
        opted_out_at=min(own_optouts, default=None),
        not_textable_code=phones.get(to_e164),
        send_at=send_at,
        expires_at=expires_at,
        urgent=urgent,
        is_their_phone=client_id is None or to_e164 in phones,
        recipient="recipient" if client_id is None else "client",
    )


def blocked_pairs(cursor: Cursor, org: OrgRow, phones: Collection[str]) -> set[tuple[int, str]]:
    """The numbers from which the carrier refused a message to one of these phones, with the
    phone."""
    keys = {phone_key(org.slug, each): each for each in phones}
    rows = cursor.all_in_list(
        _BlockedPhone, BLOCKED_PHONES, "phone_keys", list(keys), org_id=org.id
    )
    return {(row.number_id, keys[row.phone_key]) for row in rows}


def blocked_code(cursor: Cursor, org: OrgRow, *, number_id: int, to_e164: str) -> str | None:
    """What the carrier said when it refused a message from this number to this phone, if it did."""
    found: str | None = cursor.value(
        BLOCKED, number_id=number_id, phone_key=phone_key(org.slug, to_e164)
    )
    return found
