"""Clients: list and show them."""

from datetime import datetime
from typing import NamedTuple

from petmsg.db.cursor import Cursor
from petmsg.queries.lookup import find_client
from petmsg.queries.opted_out_phones import opted_out
from petmsg.queries.org import OrgRow
from petmsg.queries.override import HoldingOverride, holding_override
from petmsg.queries.page import Page
from petmsg.queries.search import clients_with_phone, newest_matches
from petmsg.rules.search import Search

_CLIENTS = """
SELECT c.id, c.ref AS client, c.name, c.kind, c.timezone, c.created_at, c.forgotten_at,
       t.id AS thread,
       (SELECT p.e164 FROM client_phone p
        WHERE p.org_id = c.org_id AND p.client_id = c.id AND p.is_primary) AS phone
FROM client c
LEFT JOIN thread t ON t.org_id = c.org_id AND t.client_id = c.id
WHERE c.org_id = :org_id
"""

_SEARCHED = "SELECT c.id, c.ref, c.name FROM client c WHERE c.org_id = :org_id"

_PHONES = "SELECT client_id, e164 FROM client_phone WHERE org_id = :org_id AND client_id IN (:ids)"

_CLIENT_REF = "SELECT ref FROM client WHERE id = :id"

_REF_OF_CLIENT = "SELECT ref FROM client WHERE org_id = :org_id AND id = :id"

_TIMEZONE_OF = "SELECT timezone FROM client WHERE id = :id"

_CLIENT_ID_OF = "SELECT id FROM client WHERE org_id = :org_id AND ref = :ref"


class ClientRow(NamedTuple):
    """A client as it is stored, with the primary phone and the thread."""

    id: int
    client: str
    name: str | None
    kind: str
    timezone: str | None
    created_at: datetime
    forgotten_at: datetime | None
    thread: int | None
    phone: str | None


class ListedClient(NamedTuple):
    """A `ClientRow`, and whether the client opted out."""

    id: int
    client: str
    name: str | None
    kind: str
    timezone: str | None
    created_at: datetime
    forgotten_at: datetime | None
    thread: int | None
    phone: str | None
    opted_out: bool


class PhoneRow(NamedTuple):
    """A client's phone. `not_textable_at` is None if messages reach it."""

    phone: str
    not_textable_at: datetime | None
    code: str | None


class ClientDetails(NamedTuple):
    """A client with all their phones (the primary one first) and counts."""

    id: int
    client: str
    name: str | None
    kind: str
    timezone: str | None
    created_at: datetime
    forgotten_at: datetime | None
    thread: int | None
    phone: str | None
    opted_out: bool
    phones: list[str]
    not_textable: list[PhoneRow]
    bookings: int
    messages: int
    override: HoldingOverride | None


class _Counts(NamedTuple):
    bookings: int
    messages: int


def list_clients(
    cursor: Cursor,
    org: OrgRow,
    page: Page,
    *,
    kind: str | None = None,
    search: Search | None = None,
) -> list[ListedClient]:
    """The org's clients with their primary phone and thread, and whether they opted out; with
    `search` those whose name, ref or one of whose phones contains it."""
    rows = newest_matches(
        cursor,
        ClientRow,
        _CLIENTS,
        searched=_SEARCHED,
        search=search,
        with_phone=lambda wanted: clients_with_phone(cursor, org.id, wanted),
        key="c.id",
        page=page,
        before_id=find_client(cursor, org.id, page.before).id if page.before else None,
        where={"c.kind": kind},
        org_id=org.id,
    )
    owner = {
        phone["e164"]: phone["client_id"]
        for phone in cursor.in_list(_PHONES, "ids", [row.id for row in rows], org_id=org.id)
    }
    out = {owner[e164] for e164 in opted_out(cursor, org, owner)}
    return [ListedClient(*row, opted_out=row.id in out) for row in rows]


def show_client(cursor: Cursor, org: OrgRow, text: str, *, now: datetime) -> ClientDetails:
    """One client with all their phones (the primary one first), counts, and the override that holds
    at `now` (aware UTC). Raises `NotFound`."""
    key = find_client(cursor, org.id, text)
    row = cursor.all(ClientRow, _CLIENTS + " AND c.id = :id", org_id=org.id, id=key.id)[0]
    phones = cursor.all(
        PhoneRow,
        "SELECT e164 AS phone, not_textable_at, not_textable_code AS code FROM client_phone"
        " WHERE org_id = :org_id AND client_id = :id"
        " ORDER BY CASE WHEN is_primary THEN 0 ELSE 1 END, id",
        org_id=org.id,
        id=key.id,
    )
    counts = cursor.all(
        _Counts,
        "SELECT (SELECT count(*) FROM booking WHERE org_id = :org_id AND client_id = :id)"
        " AS bookings, (SELECT count(*) FROM message WHERE thread_id = :thread) AS messages",
        org_id=org.id,
        id=key.id,
        thread=row.thread,
    )[0]
    numbers = [each.phone for each in phones]
    return ClientDetails(
        *row,
        opted_out=bool(opted_out(cursor, org, numbers)),
        phones=numbers,
        not_textable=[each for each in phones if each.not_textable_at is not None],
        **counts._asdict(),
        override=holding_override(cursor, row.id, now),
    )


def client_ref(cursor: Cursor, client_id: int | None) -> str | None:
    """The ref of the client of that id."""
    found: str | None = cursor.value(_CLIENT_REF, id=client_id)
    return found


def ref_of_client(cursor: Cursor, org_id: int, client_id: int) -> str | None:
    """The ref of the org's client of that id."""
    found: str | None = cursor.value(_REF_OF_CLIENT, org_id=org_id, id=client_id)
    return found


def timezone_of(cursor: Cursor, client_id: int | None) -> str | None:
    """The time zone of the client of that id, None if it is the org's."""
    found: str | None = cursor.value(_TIMEZONE_OF, id=client_id)
    return found


def client_id_of(cursor: Cursor, org_id: int, ref: str) -> int | None:
    """The id of the client of that ref."""
    found: int | None = cursor.value(_CLIENT_ID_OF, org_id=org_id, ref=ref)
    return found
