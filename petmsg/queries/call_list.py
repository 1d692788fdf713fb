"""Phone calls: list them, and show one of them. Standard library only."""

from datetime import datetime
from typing import Any, NamedTuple

from petmsg.days import ALWAYS, Span
from petmsg.db.cursor import Cursor
from petmsg.enums.calls import CallStatus
from petmsg.errors import NotFound, OutOfRange, quoted
from petmsg.queries.lookup import find_client, find_number, find_sitter
from petmsg.queries.media_of_messages import MessageMedia, of_messages
from petmsg.queries.org import OrgRow
from petmsg.queries.page import Page, newest_of
from petmsg.queries.row_ids import LARGEST_ID

_COLUMNS = """k.id AS call, k.started_at, k.caller, c.ref AS client, c.name AS client_name,
       s.ref AS sitter, s.name AS sitter_name, k.from_phone, n.e164 AS number, k.addressed_to,
       k.code, k.status, k.answered_by, k.answered_at, k.ended_at, k.duration_seconds,
       k.voicemail_seconds, k.message_id AS message"""
_CALLS = """call k
JOIN message_number n ON n.id = k.number_id
LEFT JOIN client c ON c.id = k.client_id
LEFT JOIN sitter s ON s.id = k.sitter_id"""
_LIST = f"""
SELECT {_COLUMNS}
FROM {_CALLS}
WHERE k.org_id = :org_id
"""
# SQLite uses no index for a NOT, and so that of the client, the sitter or the number.
_LIST_OF_ONE = _LIST.replace("k.org_id = :org_id", "NOT k.org_id <> :org_id")
# First the condition of the partial index, word for word, so that it is used. A call with an entry
# in the inbox may have been answered after all.
_MISSED = " AND k.message_id IS NOT NULL AND k.answered_by IS NULL"
_BEFORE = " AND k.started_at <= :before_at AND (k.started_at < :before_at OR k.id < :before_call)"

# `media` is read apart.
_ONE = f"""
SELECT {_COLUMNS},
       k.provider, k.provider_call_id, k.decision, k.ring_results, NULL AS media
FROM {_CALLS}
WHERE k.org_id = :org_id AND k.id = :id
"""


class CallItem(NamedTuple):
    """A phone call in a list. `client` is the one who called or was called, `sitter` the sitter.

    `from_phone` is None if it was withheld or erased. `message` is the entry in the inbox of a call
    that nobody took. Instants are aware UTC.
    """

    call: int
    started_at: datetime
    caller: str
    client: str | None
    client_name: str | None
    sitter: str | None
    sitter_name: str | None
    from_phone: str | None
    number: str
    addressed_to: str
    code: str
    status: str
    answered_by: str | None
    answered_at: datetime | None
    ended_at: datetime | None
    duration_seconds: int | None
    voicemail_seconds: int | None
    message: int | None


class CallDetails(NamedTuple):
    """A `CallItem`, and what else is stored of the call: the decision as JSON, and the files of its
    entry in the inbox, which are its voicemail."""

    call: int
    started_at: datetime
    caller: str
    client: str | None
    client_name: str | None
    sitter: str | None
    sitter_name: str | None
    from_phone: str | None
    number: str
    addressed_to: str
    code: str
    status: str
    answered_by: str | None
    answered_at: datetime | None
    ended_at: datetime | None
    duration_seconds: int | None
    voicemail_seconds: int | None
    message: int | None
    provider: str | None
    provider_call_id: str
    decision: str
    ring_results: str | None
    media: tuple[MessageMedia, ...] | None


class CallFilter(NamedTuple):
    """Which calls are listed: those of a client, of a sitter, to a number, of a status, and those
    that `missed` says: nobody took them. `span` is when they began."""

    client: str | None = None
    sitter: str | None = None
    number: str | None = None
    status: CallStatus | None = None
    missed: bool = False
    span: Span = ALWAYS


_ANY = CallFilter()


def list_calls(
    cursor: Cursor, org: OrgRow, page: Page, *, only: CallFilter = _ANY
) -> list[CallItem]:
    """The org's calls, those that began last first. `page.before` is a call's id.

    Raises `NotFound` and `Ambiguous` for the client, sitter or number, and `OutOfRange`.
    """
    of_one = {
        "k.client_id": only.client and find_client(cursor, org.id, only.client).id,
        "k.sitter_id": only.sitter and find_sitter(cursor, org.id, only.sitter).id,
        "k.number_id": only.number and find_number(cursor, org.id, only.number).id,
    }
    select = _LIST_OF_ONE if any(of_one.values()) else _LIST
    select += _MISSED if only.missed else ""
    bounds = dict[str, Any]()
    if only.span.start is not None:
        select, bounds["span_start"] = select + " AND k.started_at >= :span_start", only.span.start
    if only.span.end is not None:
        select, bounds["span_end"] = select + " AND k.started_at < :span_end", only.span.end
    if page.before:
        select += _BEFORE
        bounds["before_call"] = call_id(page.before)
        bounds["before_at"] = _began_at(cursor, org, bounds["before_call"])
    return newest_of(
        cursor,
        CallItem,
        select,
        key="k.started_at DESC, k.id",
        page=page,
        where={**of_one, "k.status": only.status and only.status.value},
        org_id=org.id,
        **bounds,
    )


def show_call(cursor: Cursor, org: OrgRow, id_: int) -> CallDetails:
    """One call with the decision that chose who was rung, and its voicemail. Raises `NotFound`."""
    row = None
    if 0 < id_ <= LARGEST_ID:
        row = cursor.first(CallDetails, _ONE, org_id=org.id, id=id_)
    if row is None:
        raise NotFound("call", str(id_))
    found = {} if row.message is None else of_messages(cursor, [row.message])
    return row._replace(media=found.get(row.message or 0, ()))


def _began_at(cursor: Cursor, org: OrgRow, id_: int) -> datetime:
    found = None
    if 0 < id_ <= LARGEST_ID:
        sql = "SELECT started_at FROM call WHERE org_id = :org_id AND id = :id"
        found = cursor.instant(sql, org_id=org.id, id=id_)
    if found is None:
        raise NotFound("call", str(id_))
    return found


def call_id(text: str) -> int:
    """The numeric id of a call that a person typed. Raises `OutOfRange`."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 18):
        raise OutOfRange(
            f"Invalid call id {quoted(text)}.", hint="List the calls: petmsg call list"
        )
    return int(text)
