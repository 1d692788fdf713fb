"""Opt-outs: list and show them."""

from datetime import datetime
from typing import NamedTuple

from petmsg.db.cursor import Cursor
from petmsg.errors import Ambiguous, NotFound, OutOfRange, Refused, quoted
from petmsg.phone import is_e164, parse_phone, phone_key
from petmsg.queries.inbox import find_item
from petmsg.queries.lookup import find_client, find_sitter, phone_meant
from petmsg.queries.org import OrgRow
from petmsg.queries.page import Page, newest_of
from petmsg.queries.senders import find_sender

_LONGEST_ID = 9

_COLUMNS = """
SELECT o.id AS opt_out, c.ref AS client, c.name AS client_name,
       (SELECT s.ref FROM sitter s WHERE s.org_id = o.org_id AND s.phone = o.e164
         ORDER BY CASE WHEN s.status = 'active' THEN 0 ELSE 1 END, s.id LIMIT 1) AS sitter,
       (SELECT s.name FROM sitter s WHERE s.org_id = o.org_id AND s.phone = o.e164
         ORDER BY CASE WHEN s.status = 'active' THEN 0 ELSE 1 END, s.id LIMIT 1) AS sitter_name,
       o.e164 AS phone, o.phone_key, o.source, o.reason, o.opted_out_at, o.ended_at, o.end_reason,
       o.end_actor, o.actor
FROM opt_out o
LEFT JOIN client_phone p ON p.org_id = o.org_id AND p.e164 = o.e164
LEFT JOIN client c ON c.org_id = p.org_id AND c.id = p.client_id
"""

_OPT_OUTS = _COLUMNS + "WHERE o.org_id = :org_id"

_OF_PHONES = _COLUMNS + "WHERE o.org_id = :org_id AND o.phone_key IN (:phone_keys)"

_BLOCKED = """
SELECT n.e164 AS number, b.phone_key, b.code, b.blocked_at
FROM blocked_pair b JOIN message_number n ON n.id = b.number_id
WHERE b.org_id = :org_id AND b.phone_key IN (:phone_keys)
"""


# What the phone of a client, or of nobody the org knows as one, sent since then.
_SAID_SINCE = """
SELECT i.keyword, m.body, i.received_at, m.created_at FROM message m
JOIN inbound_text i ON i.message_id = m.id
WHERE m.thread_id = (SELECT id FROM thread WHERE org_id = :org_id AND client_id = :client_id)
  AND m.from_e164 = :phone AND i.received_at > :since
UNION ALL
SELECT i.keyword, m.body, i.received_at, m.created_at FROM message m
JOIN inbound_text i ON i.message_id = m.id
WHERE m.thread_id IS NULL AND m.org_id = :org_id AND m.direction = 'inbound'
  AND m.from_e164 = :phone AND i.received_at > :since
"""


class OptOutRow(NamedTuple):
    """An opt-out of a phone, which is None if only its digest (`phone_key`) is known. Client and
    sitter are None if nobody in the org has the phone. Times are aware UTC."""

    opt_out: int
    client: str | None
    client_name: str | None
    sitter: str | None
    sitter_name: str | None
    phone: str | None
    phone_key: str
    source: str
    reason: str | None
    opted_out_at: datetime
    ended_at: datetime | None
    end_reason: str | None
    end_actor: str | None
    actor: str


class BlockedPair(NamedTuple):
    """A number from which a carrier lets no message through to a phone."""

    number: str
    phone: str | None
    code: str | None
    blocked_at: datetime


class OptOutDetails(NamedTuple):
    """The opt-outs of a person's phones, the newest first, and the numbers blocked for them.

    `opted_out_at` (aware UTC) is the earliest of the active opt-outs.
    """

    client: str | None
    client_name: str | None
    sitter: str | None
    sitter_name: str | None
    opted_out: bool
    opted_out_at: datetime | None
    history: list[OptOutRow]
    blocked: list[BlockedPair]


class _BlockedRow(NamedTuple):
    number: str
    phone_key: str
    code: str | None
    blocked_at: datetime


class SaidMessage(NamedTuple):
    """A message that came in: when it was sent, and when it was stored (aware UTC)."""

    keyword: str | None
    body: str | None
    received_at: datetime
    created_at: datetime


class Person(NamedTuple):
    """The person whose opt-outs are meant: a client, a sitter, or the unknown owner of a phone.

    `phones` are by their key; None for a phone that is known by its key only. `client_id` and
    `sitter_id` are set if there is one; `opt_out` is set if a single row was named.
    """

    client: str | None
    sitter: str | None
    phones: dict[str, str | None]
    client_id: int | None = None
    opt_out: int | None = None
    client_name: str | None = None
    sitter_name: str | None = None

    @property
    def ref(self) -> str | None:
        """The client's ref, otherwise the sitter's."""
        return self.client or self.sitter


def find_person(cursor: Cursor, org: OrgRow, text: str) -> Person:
    """The client or sitter with this ref, phone or name; otherwise the owner of the opt-out with
    this phone or id. Raises `NotFound`, `Ambiguous` and `MalformedPhone`."""
    try:
        client = find_client(cursor, org.id, text)
    except NotFound as problem:
        return _no_client(cursor, org, text, problem)
    if client.ref != text and phone_meant(cursor, org.id, text) is None:
        sitter = _sitter(cursor, org, text)
        if sitter is not None:
            raise Ambiguous("person", text, [client.ref, str(sitter.sitter)])
    phones: dict[str, str | None] = {**phone_keys(cursor, org, client.id)}
    return Person(client.ref, None, phones, client_id=client.id, client_name=client.name)


def _no_client(cursor: Cursor, org: OrgRow, text: str, problem: NotFound) -> Person:
    person = _sitter(cursor, org, text)
    if person is not None:
        return person
    phone = phone_meant(cursor, org.id, text)
    if phone is not None:
        key = phone_key(org.slug, parse_phone(phone))
        if cursor.all_in_list(OptOutRow, _OF_PHONES, "phone_keys", [key], org_id=org.id):
            return Person(None, None, {key: phone})
    if text.isascii() and text.isdecimal() and len(text) <= _LONGEST_ID:
        row = cursor.first(OptOutRow, _OPT_OUTS + " AND o.id = :id", org_id=org.id, id=int(text))
        if row is not None:
            row = _named(cursor, org, [row])[0]
            phones = {row.phone_key: row.phone}
            return Person(
                row.client,
                row.sitter,
                phones,
                opt_out=row.opt_out,
                client_name=row.client_name,
                sitter_name=row.sitter_name,
            )
    raise problem


def _sitter(cursor: Cursor, org: OrgRow, text: str) -> Person | None:
    try:
        sitter = find_sitter(cursor, org.id, text, guess=False)
    except NotFound:
        return None
    phone = cursor.value("SELECT phone FROM sitter WHERE id = :id", id=sitter.id)
    phones: dict[str, str | None] = {phone_key(org.slug, phone): phone}
    return Person(None, sitter.ref, phones, sitter_name=sitter.name)


def list_opt_outs(
    cursor: Cursor, org: OrgRow, page: Page, *, ended: bool = False
) -> list[OptOutRow]:
    """The active opt-outs, with `ended` also the others. `page.before` is an opt-out's id.

    Client and sitter are None if nobody in the org has the phone. The phone is None if only its
    digest is known.
    """
    before = _id(page.before) if page.before else None
    select = _OPT_OUTS if ended else _OPT_OUTS + " AND o.ended_at IS NULL"
    found = newest_of(
        cursor, OptOutRow, select, key="o.id", page=page, before_id=before, org_id=org.id
    )
    return _named(cursor, org, found)


class SenderErased(Refused):
    """The phone that a message came from was erased."""

    code = "sender_erased"
    hint = "Name the person: petmsg optout add CLIENT --reason …"

    def __init__(self, message_id: int) -> None:
        super().__init__(f"The sender of message {message_id} was erased.")


def sender_of_message(cursor: Cursor, org: OrgRow, message_id: int, *, now: datetime) -> Person:
    """The sender of a message: a client, a sitter, or the unknown owner of a phone.

    Raises `NotFound` for a message that is not inbound, and `SenderErased`.
    """
    item = find_item(cursor, org, message_id, now=now)
    phone = item.from_e164
    if not phone:
        raise SenderErased(message_id)
    sitter = find_sender(cursor, org.id, phone).sitter
    ref = item.client or (None if sitter is None else sitter.ref)
    person = Person(None, None, {}) if ref is None else find_person(cursor, org, ref)
    shown_as = phone if is_e164(phone) else None
    return person._replace(phones={**person.phones, phone_key(org.slug, phone): shown_as})


def show_opt_outs(cursor: Cursor, org: OrgRow, text: str) -> OptOutDetails:
    """The opt-outs of a person's phones, the newest first, and the numbers that a carrier blocks
    for them. Raises `NotFound`, `Ambiguous`."""
    return _details(cursor, org, find_person(cursor, org, text))


def show_opt_outs_of_sender(
    cursor: Cursor, org: OrgRow, message_id: int, *, now: datetime
) -> OptOutDetails:
    """`show_opt_outs` of the person who sent a message. Raises what `sender_of_message` raises."""
    return _details(cursor, org, sender_of_message(cursor, org, message_id, now=now))


def _details(cursor: Cursor, org: OrgRow, person: Person) -> OptOutDetails:
    keys = person.phones
    found = cursor.all_in_list(OptOutRow, _OF_PHONES, "phone_keys", list(keys), org_id=org.id)
    history = [
        row._replace(client=person.client or row.client, phone=keys[row.phone_key])
        for row in _named(cursor, org, found)
        if person.opt_out is None or row.opt_out == person.opt_out
    ]
    history.sort(key=lambda row: row.opt_out, reverse=True)
    standing = [row.opted_out_at for row in history if row.ended_at is None]
    blocked = [
        BlockedPair(row.number, keys[row.phone_key], row.code, row.blocked_at)
        for row in cursor.all_in_list(
            _BlockedRow, _BLOCKED, "phone_keys", list(keys), org_id=org.id
        )
    ]
    return OptOutDetails(
        client=person.client,
        client_name=person.client_name,
        sitter=person.sitter,
        sitter_name=person.sitter_name,
        opted_out=bool(standing),
        opted_out_at=min(standing, default=None),
        history=history,
        blocked=sorted(blocked, key=lambda pair: (pair.blocked_at, pair.number)),
    )


def said_since(
    cursor: Cursor, org: OrgRow, phone: str, *, client_id: int | None, since: datetime
) -> list[SaidMessage]:
    """What a phone sent later than `since` (aware UTC): `keyword`, `body`, when it was sent
    (`received_at`) and when it was stored (`created_at`). The client is the one it belongs to."""
    return cursor.all(
        SaidMessage, _SAID_SINCE, org_id=org.id, client_id=client_id, phone=phone, since=since
    )


def _named(cursor: Cursor, org: OrgRow, rows: list[OptOutRow]) -> list[OptOutRow]:
    """The rows, with the sitter if their phone is known by its digest only."""
    if all(row.phone is not None for row in rows):
        return rows
    sitters = {
        phone_key(org.slug, row[2]): row
        for row in cursor.tuples(
            "SELECT ref, name, phone FROM sitter WHERE org_id = :org_id ORDER BY id DESC",
            org_id=org.id,
        )
    }
    return [
        row._replace(
            **dict(zip(("sitter", "sitter_name", "phone"), sitters[row.phone_key], strict=True))
        )
        if row.phone is None and row.phone_key in sitters
        else row
        for row in rows
    ]


def phone_keys(cursor: Cursor, org: OrgRow, client_id: int) -> dict[str, str]:
    """The phones of a client by their key, the primary one first."""
    rows = cursor.tuples(
        "SELECT e164 FROM client_phone WHERE org_id = :org_id AND client_id = :client_id"
        " ORDER BY CASE WHEN is_primary THEN 0 ELSE 1 END, id",
        org_id=org.id,
        client_id=client_id,
    )
    return {phone_key(org.slug, row[0]): row[0] for row in rows}


def _id(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= _LONGEST_ID):
        raise OutOfRange(
            f"Invalid opt-out id {quoted(text)}.", hint="List the opt-outs: petmsg optout list"
        )
    return int(text)
