"""Masked numbers: list and show them, and their ledger."""

from datetime import datetime
from typing import NamedTuple

from petmsg.clock import format_local
from petmsg.db.cursor import Cursor
from petmsg.errors import NOT_FOUND, PetmsgError
from petmsg.queries.lookup import find_number
from petmsg.queries.org import OrgRow
from petmsg.queries.page import Page, newest_of
from petmsg.rules.rate_limit import default_rate_limit

_NUMBERS = """
SELECT n.id, n.e164 AS number, n.class AS number_class, n.status,
       s.ref AS sitter, s.name AS sitter_name, n.quarantined_until, n.quarantine_reason,
       n.last_used_at, n.created_at, n.mms, n.refused_at, n.refused_until, n.refused_code,
       n.segments_per_second
FROM message_number n
LEFT JOIN sitter s ON s.id = n.sitter_id
WHERE n.org_id = :org_id
"""

# A row ends where the next begins: the ledger can have neither gap nor overlap.
_HISTORY = """
SELECT c.from_at AS starts_at,
       (SELECT min(l.from_at) FROM number_custody l
        WHERE l.number_id = c.number_id AND l.from_at > c.from_at) AS ends_at,
       c.class AS number_class, c.status, s.ref AS sitter, s.name AS sitter_name,
       c.quarantined_until, c.reason, c.actor
FROM number_custody c
LEFT JOIN sitter s ON s.id = c.sitter_id
WHERE c.number_id = :number_id
ORDER BY c.from_at
"""

# The clients who were written to from the number, or have it as their pool number.
_CLIENTS_OF_NUMBER = """
SELECT c.ref, c.name FROM message_attempt a
JOIN thread t ON t.id = a.thread_id JOIN client c ON c.id = t.client_id
WHERE a.number_id = :id
UNION
SELECT c.ref, c.name FROM thread t JOIN client c ON c.id = t.client_id
WHERE t.pool_number_id = :id
ORDER BY 1 LIMIT 100
"""


class NumberRow(NamedTuple):
    """A number with its sitter. `segments_per_second` is None for the default of its kind.

    Since `refused_at` it is held back for `refused_code`; at `refused_until` one message is tried
    (aware UTC; None for a number that is not held back).
    """

    id: int
    number: str
    number_class: str
    status: str
    sitter: str | None
    sitter_name: str | None
    quarantined_until: datetime | None
    quarantine_reason: str | None
    last_used_at: datetime | None
    created_at: datetime
    mms: bool | None
    refused_at: datetime | None
    refused_until: datetime | None
    refused_code: str | None
    segments_per_second: float | None


class NumberSpan(NamedTuple):
    """How a number was from `starts_at` to `ends_at` (aware UTC, None: until today)."""

    starts_at: datetime
    ends_at: datetime | None
    number_class: str
    status: str
    sitter: str | None
    sitter_name: str | None
    quarantined_until: datetime | None
    reason: str
    actor: str


class NumberDetails(NamedTuple):
    """A number with its sitter, its clients' refs and names, and its ledger."""

    id: int
    number: str
    number_class: str
    status: str
    sitter: str | None
    sitter_name: str | None
    quarantined_until: datetime | None
    quarantine_reason: str | None
    last_used_at: datetime | None
    created_at: datetime
    mms: bool | None
    refused_at: datetime | None
    refused_until: datetime | None
    refused_code: str | None
    segments_per_second: float
    threads: list[str]
    client_names: list[str | None]
    history: list[NumberSpan]


class RateLimitRow(NamedTuple):
    """The rate limit of a number. `usual` means the default of its kind of number."""

    number: str
    segments_per_second: float
    usual: bool


class NumberNotThereYet(PetmsgError):
    code = "number_not_there_yet"
    exit_code = NOT_FOUND


def list_numbers(
    cursor: Cursor,
    org: OrgRow,
    page: Page,
    *,
    number_class: str | None = None,
    status: str | None = None,
) -> list[NumberRow]:
    """The org's numbers with their sitters."""
    before = find_number(cursor, org.id, page.before).id if page.before else None
    return newest_of(
        cursor,
        NumberRow,
        _NUMBERS,
        key="n.id",
        page=page,
        before_id=before,
        where={"n.class": number_class, "n.status": status},
        org_id=org.id,
    )


def show_number(cursor: Cursor, org: OrgRow, text: str) -> NumberDetails:
    """One number with its sitter, threads and ledger. Raises `NotFound`."""
    key = find_number(cursor, org.id, text)
    row = cursor.all(NumberRow, _NUMBERS + " AND n.id = :id", org_id=org.id, id=key.id)[0]
    clients = cursor.tuples(_CLIENTS_OF_NUMBER, id=key.id)
    return NumberDetails(
        *row[:-1],
        segments_per_second=_rate_limit(row.number, row.segments_per_second).segments_per_second,
        threads=[ref for ref, _ in clients],
        client_names=[name for _, name in clients],
        history=number_history(cursor, org, text),
    )


def show_pace(cursor: Cursor, org: OrgRow, text: str) -> RateLimitRow:
    """The segments per second at which a number sends. Raises `NotFound`, `MalformedPhone`."""
    key = find_number(cursor, org.id, text)
    own = cursor.value("SELECT segments_per_second FROM message_number WHERE id = :id", id=key.id)
    return _rate_limit(key.e164, own)


def _rate_limit(e164: str, own: float | None) -> RateLimitRow:
    return RateLimitRow(e164, default_rate_limit(e164) if own is None else own, own is None)


def number_history(cursor: Cursor, org: OrgRow, text: str) -> list[NumberSpan]:
    """The ledger of a number, the oldest row first. `ends_at` is None for the current row."""
    return cursor.all(NumberSpan, _HISTORY, number_id=find_number(cursor, org.id, text).id)


def who_held(cursor: Cursor, org: OrgRow, text: str, *, at: datetime) -> NumberSpan:
    """The ledger's row of a number at `at` (aware UTC). Raises `NotFound`, `NumberNotThereYet`."""
    rows = number_history(cursor, org, text)
    for row in rows:
        if row.starts_at <= at and (row.ends_at is None or at < row.ends_at):
            return row
    raise NumberNotThereYet(
        f"The number did not exist at {format_local(at, org.timezone)}; it was added at "
        f"{format_local(rows[0].starts_at, org.timezone)}.",
        hint=f"Show its history: petmsg number history {text}",
    )
