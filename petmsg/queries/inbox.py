"""The inbox: list and show its messages, and the unmatched messages."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from petmsg.db.cursor import Cursor
from petmsg.enums.inbound import AddressedTo
from petmsg.errors import NotFound, OutOfRange, Refused, quoted
from petmsg.queries.lookup import find_client, find_number, find_sitter
from petmsg.queries.media_of_messages import MessageMedia, with_media
from petmsg.queries.org import OrgRow
from petmsg.queries.page import Page, newest_of
from petmsg.queries.row_ids import message_id, require_possible
from petmsg.queries.waiting import FOR_THE_DESK, FORWARDED, OPEN, SITTER_WINDOW_OPEN, overdue

# `media` is filled by `with_media`. `window_open`: the sitter's window with the client is open;
# `was_forwarded`: to their phone.
_ITEMS = f"""
SELECT i.message_id AS message, i.addressed_to, s.ref AS sitter, s.name AS sitter_name, i.code,
       c.ref AS client, c.name AS client_name, m.from_e164, m.to_e164 AS number, m.body,
       i.media_count, NULL AS media, i.received_at, i.inbox_at, i.with_sitter_at, i.claimed_by,
       i.claimed_at, i.done_by, i.done_at, i.done_reason,
       CASE WHEN {SITTER_WINDOW_OPEN} THEN 1 ELSE 0 END AS window_open,
       CASE WHEN {FORWARDED} THEN 1 ELSE 0 END AS was_forwarded,
       g.relay, m.decision, m.provider_message_id, k.id AS call, k.voicemail_seconds
FROM inbound_text i
JOIN message m ON m.id = i.message_id
LEFT JOIN call k ON k.message_id = i.message_id
JOIN org g ON g.id = i.org_id
LEFT JOIN client c ON c.id = m.client_id
LEFT JOIN sitter s ON s.id = i.sitter_id
WHERE i.org_id = :org_id
"""
_DONE = " AND i.inbox_at IS NOT NULL AND i.done_at IS NOT NULL"
_ONE = _ITEMS + " AND i.message_id = :id"

# Counted by whom it is for, from the partial index of what is open.
UNREAD = f"""
SELECT i.addressed_to, count(*) AS unread, count(i.claimed_by) AS claimed
FROM inbound_text i
JOIN message m ON m.id = i.message_id
WHERE i.org_id = :org_id {OPEN} {FOR_THE_DESK}
GROUP BY i.addressed_to
"""

_UNMATCHED = """
SELECT t.id AS unmatched, t.provider, t.from_phone, t.to_e164, t.body, t.media_count, t.received_at,
       t.adopted_at, t.adopted_id AS message, o.slug AS org
FROM stray_text t
LEFT JOIN message_number n ON n.e164 = t.to_e164
LEFT JOIN org o ON o.id = n.org_id
WHERE 1 = 1
"""


class UnmatchedRow(NamedTuple):
    """An unmatched message. `message` is its id once it is adopted, `org` the org that has the
    number by now."""

    unmatched: int
    provider: str | None
    from_phone: str | None
    to_e164: str
    body: str | None
    media_count: int
    received_at: datetime
    adopted_at: datetime | None
    message: int | None
    org: str | None


class UnmatchedDetails(NamedTuple):
    """An unmatched message as it is adopted, with the provider's id."""

    unmatched: int
    provider: str | None
    provider_message_id: str
    from_phone: str | None
    to_e164: str
    body: str | None
    media_count: int
    received_at: datetime
    opt_out_type: str | None
    adopted_id: int | None
    is_call: bool


class InboxItem(NamedTuple):
    """A message that came in, with its pictures and its place in the inbox, if any. `call` is the
    call that it stands for, if nobody took one."""

    message: int
    addressed_to: str
    sitter: str | None
    sitter_name: str | None
    code: str
    client: str | None
    client_name: str | None
    from_e164: str | None
    number: str | None
    body: str | None
    media_count: int
    media: tuple[MessageMedia, ...] | None
    received_at: datetime
    inbox_at: datetime | None
    with_sitter_at: datetime | None
    claimed_by: str | None
    claimed_at: datetime | None
    done_by: str | None
    done_at: datetime | None
    done_reason: str | None
    window_open: int
    was_forwarded: int
    relay: bool
    decision: str | None
    provider_message_id: str | None
    call: int | None
    voicemail_seconds: int | None


class NotInTheInbox(Refused):
    code = "not_in_the_inbox"


class InboxFilter(NamedTuple):
    """Which messages of the inbox are listed.

    `whose` is `front_desk`, `unrouted`, `relay`, or a sitter; `sitter` those to and from a sitter;
    `number` those that came to it; `since` those received then (aware UTC) or later. `done` lists
    what was marked as handled instead.
    """

    whose: str | None = None
    client: str | None = None
    sitter: str | None = None
    number: str | None = None
    since: datetime | None = None
    done: bool = False


_ANY = InboxFilter()


def list_inbox(
    cursor: Cursor,
    org: OrgRow,
    page: Page,
    *,
    now: datetime,
    only: InboxFilter = _ANY,
    oldest_first: bool = False,
) -> list[InboxItem]:
    """The messages that wait for a person at `now` (aware UTC), the newest first; or those that
    have waited longest, with `oldest_first`.

    `page.before` is the id of the last message of the page before.
    """
    select, parameters = _selected(cursor, org, only)
    before_id = message_id(page.before) if page.before else None
    key, order = "i.message_id", "DESC"
    if oldest_first:
        key, order = "coalesce(i.inbox_at, i.with_sitter_at), i.message_id", "ASC"
        if before_id is not None:
            select += _AFTER_IN_WAIT
            parameters["after_id"], before_id = before_id, None
    rows = newest_of(
        cursor,
        InboxItem,
        select,
        key=key,
        page=page,
        before_id=before_id,
        order=order,
        org_id=org.id,
        now=now,
        overdue=overdue(org, now),
        **parameters,
    )
    return with_media(cursor, rows)


_AFTER_IN_WAIT = """
 AND (coalesce(i.inbox_at, i.with_sitter_at), i.message_id) > (
   SELECT coalesce(p.inbox_at, p.with_sitter_at), p.message_id FROM inbound_text p
   WHERE p.org_id = :org_id AND p.message_id = :after_id
 )"""


def _selected(cursor: Cursor, org: OrgRow, only: InboxFilter) -> tuple[str, dict[str, Any]]:
    """The text that selects them, and its own parameters. Raises `NotFound`, `Ambiguous`."""
    select = _ITEMS + (_DONE if only.done else OPEN)
    parameters: dict[str, Any] = {}
    whose = only.whose
    if whose == AddressedTo.FRONT_DESK:
        select += _OF_THE_DESK
    elif whose in (AddressedTo.UNROUTED, AddressedTo.RELAY):
        select += " AND i.addressed_to = :addressed_to"
        parameters["addressed_to"] = whose
    elif whose is not None:
        select += " AND i.sitter_id = :whose_id"
        parameters["whose_id"] = find_sitter(cursor, org.id, whose).id
    if only.client is not None:
        select += " AND m.client_id = :client_id"
        parameters["client_id"] = find_client(cursor, org.id, only.client).id
    if only.sitter is not None:
        select += " AND i.sitter_id = :sitter_id"
        parameters["sitter_id"] = find_sitter(cursor, org.id, only.sitter).id
    if only.number is not None:
        select += " AND m.number_id = :number_id"
        parameters["number_id"] = find_number(cursor, org.id, only.number).id
    if only.since is not None:
        select += " AND i.received_at >= :since"
        parameters["since"] = only.since
    return select + ("" if only.done else FOR_THE_DESK), parameters


# A sitter's messages are the desk's once the window with the client is over.
_OF_THE_DESK = (
    " AND (i.addressed_to = 'front_desk'"
    f" OR (i.addressed_to = 'sitter' AND NOT {SITTER_WINDOW_OPEN}))"
)


def find_item(cursor: Cursor, org: OrgRow, id_: int, *, now: datetime) -> InboxItem:
    """An inbound message, with its state in the inbox at `now` (aware UTC), if any.

    Raises `NotFound`.
    """
    require_possible(id_)
    row = cursor.first(InboxItem, _ONE, org_id=org.id, id=id_, now=now)
    if row is None:
        raise NotFound("message", str(id_), hint="List those that wait: petmsg inbox list")
    return with_media(cursor, [row])[0]


def open_of_client(cursor: Cursor, org: OrgRow, client: str, *, now: datetime) -> list[int]:
    """The messages of a client that wait for a person at `now` (aware UTC), the oldest first."""
    key = find_client(cursor, org.id, client)
    rows = cursor.tuples(
        "SELECT i.message_id FROM inbound_text i JOIN message m ON m.id = i.message_id"
        f" WHERE i.org_id = :org_id AND m.client_id = :client_id {OPEN} {FOR_THE_DESK}"
        " ORDER BY i.message_id",
        org_id=org.id,
        client_id=key.id,
        now=now,
        overdue=overdue(org, now),
    )
    return [row[0] for row in rows]


def unread(cursor: Cursor, org: OrgRow, *, now: datetime) -> dict[str, int]:
    """How many messages wait for a person at `now` (aware UTC), by whom they are for
    (`front_desk`, `unrouted`, `sitter`, `relay`), `total`, and how many of them somebody has
    `claimed`."""
    counts = {each.value: 0 for each in AddressedTo} | {"total": 0, "claimed": 0}
    for row in cursor.rows(UNREAD, org_id=org.id, now=now, overdue=overdue(org, now)):
        counts[row["addressed_to"]] = row["unread"]
        counts["total"] += row["unread"]
        counts["claimed"] += row["claimed"]
    return counts


def list_unmatched(cursor: Cursor, page: Page, *, adopted: bool = False) -> list[UnmatchedRow]:
    """The unmatched messages, the newest first. `org` is the org that has the number by now.
    `page.before` is an unmatched message's id."""
    select = _UNMATCHED + (
        " AND t.adopted_at IS NOT NULL" if adopted else " AND t.adopted_at IS NULL"
    )
    before = parse_unmatched_id(page.before) if page.before else None
    return newest_of(cursor, UnmatchedRow, select, key="t.id", page=page, before_id=before)


def find_unmatched(cursor: Cursor, text: str) -> UnmatchedDetails:
    """One unmatched message, with the provider's id. Raises `NotFound`, `OutOfRange`."""
    row = cursor.first(
        UnmatchedDetails,
        "SELECT id AS unmatched, provider, provider_message_id, from_phone, to_e164, body,"
        " media_count, received_at, opt_out_type, adopted_id, is_call"
        " FROM stray_text WHERE id = :id",
        id=parse_unmatched_id(text),
    )
    if row is None:
        raise _not_found(text)
    return row


def _not_found(text: str) -> NotFound:
    problem = NotFound("unmatched message", text, hint="List them: petmsg inbox strays")
    problem.code = "stray_not_found"
    return problem


def parse_unmatched_id(text: str) -> int:
    """The numeric id a person typed. Raises `OutOfRange`, `NotFound`."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 18):
        raise OutOfRange(
            f"Invalid id {quoted(text)} of an unmatched message.",
            hint="List them: petmsg inbox strays",
        )
    if not 0 < int(text) < 2**31:
        raise _not_found(text)
    return int(text)


def ids_of(texts: Sequence[str]) -> list[int]:
    """The numeric ids a person typed. Raises `OutOfRange`."""
    return [message_id(text) for text in texts]
