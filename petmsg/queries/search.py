"""Look through the rows of a list, the newest first, for those that match.

What matches is decided by `petmsg.rules.search`, so that both databases find the same rows: neither
compares without accents by itself.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar

from petmsg.db.cursor import Cursor
from petmsg.queries.page import Page, newest_of, newest_rows
from petmsg.rules.search import Search

_CHUNK = 5000
"""Rows that are read at once."""

_PHONES_WITH = "SELECT client_id FROM client_phone WHERE org_id = :org_id AND e164 LIKE :pattern"


_Row = TypeVar("_Row", bound=tuple[Any, ...])


def newest_matches(
    cursor: Cursor,
    row: type[_Row],
    select: str,
    *,
    searched: str,
    search: Search | None,
    with_phone: Callable[[Search], Collection[int]] = lambda _: (),
    key: str,
    page: Page,
    before_id: int | None = None,
    where: Mapping[str, Any] | None = None,
    **parameters: Any,
) -> list[_Row]:
    """`newest_of`, with `search` only the rows that match it. The first column of `select` is the
    id.

    `searched` selects the id and the columns in which is looked; `with_phone` gives the ids of
    those whose phone matches.
    """
    if search is None:
        return newest_of(
            cursor,
            row,
            select,
            key=key,
            page=page,
            before_id=before_id,
            where=where,
            **parameters,
        )
    ids = _ids_of_matches(
        cursor,
        searched,
        search=search,
        phones=with_phone(search),
        key=key,
        page=page,
        before_id=before_id,
        where=where,
        **parameters,
    )
    found = cursor.all_in_list(row, f"{select} AND {key} IN (:ids)", "ids", ids, **parameters)
    return sorted(found, key=lambda each: each[0], reverse=True)


def _ids_of_matches(
    cursor: Cursor,
    select: str,
    *,
    search: Search,
    phones: Collection[int],
    key: str,
    page: Page,
    before_id: int | None = None,
    where: Mapping[str, Any] | None = None,
    **parameters: Any,
) -> list[int]:
    """The ids (the first column of `select`) of the newest rows that have what is looked for in one
    of the other columns, or are among `phones`: one page of them."""
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
            row[0]
            for row, is_there in zip(rows, among, strict=True)
            if is_there or row[0] in phones
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
