"""Look through the rows of a list, the newest first, for those that match.

What matches is decided by `petmsg.rules.search`, so that both databases find the same rows: neither
compares without accents by itself.
"""

from collections.abc import Callable, Mapping
from typing import Any

from petmsg.db.cursor import Cursor
from petmsg.queries.page import Page, newest_rows
from petmsg.rules.search import Search

_CHUNK = 5000
"""Rows that are read at once."""

_PHONES_WITH = "SELECT client_id FROM client_phone WHERE org_id = :org_id AND e164 LIKE :pattern"


def ids_of_matches(
    cursor: Cursor,
    select: str,
    *,
    search: Search,
    also: Callable[[tuple[Any, ...]], bool] = lambda _: False,
    key: str,
    page: Page,
    before_id: int | None = None,
    where: Mapping[str, Any] | None = None,
    **parameters: Any,
) -> list[int]:
    """The ids (the first column of `select`) of the newest rows that have what is looked for in one
    of the other columns, or of which `also` says so: one page of them."""
    found: list[int] = []
    while page.limit is None or len(found) < page.limit:
        rows = newest_rows(
            cursor,
            select,
            key=key,
            page=Page(_CHUNK),
            before_id=before_id,
            where=where,
            **parameters,
        )
        among = search.among(["\n".join(filter(None, row[1:])) for row in rows])
        found += [
            row[0] for row, is_there in zip(rows, among, strict=True) if is_there or also(row)
        ]
        if len(rows) < _CHUNK:
            break
        before_id = rows[-1][0]
    return found[: page.limit]


def clients_with_phone(cursor: Cursor, org_id: int, search: Search) -> set[int]:
    """The ids of clients with a phone that contains the digits, if it is digits that are looked
    for."""
    return {
        row[0]
        for digits in search.digits
        for row in cursor.tuples(_PHONES_WITH, org_id=org_id, pattern=f"%{digits}%")
    }
