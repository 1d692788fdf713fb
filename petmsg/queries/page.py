"""Lists, the newest rows first or by another key, a page at a time, and never by offset."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from petmsg.db.cursor import Cursor

_Row = TypeVar("_Row", bound=tuple[Any, ...])

USUAL_LIMIT = 100
_LARGEST_LIMIT = 2**31 - 1


class Page(NamedTuple):
    """Which rows of a list: at most `limit` (None: all), older than the row named `before`."""

    limit: int | None = USUAL_LIMIT
    before: str | None = None


def newest_of(
    cursor: Cursor,
    row: type[_Row],
    select: str,
    *,
    key: str,
    page: Page,
    before_id: int | None = None,
    where: Mapping[str, Any] | None = None,
    order: str = "DESC",
    **parameters: Any,
) -> list[_Row]:
    """Rows of `select` (a text that ends in its WHERE), newest first by `key`.

    `where` holds further conditions and their value: `{"b.status": "pending"}`; a value of None
    is no condition. `before_id` is the key of the row that ends the page before.
    """
    sql, more = _page_of(select, key=key, page=page, before_id=before_id, where=where, order=order)
    return cursor.all(row, sql, **parameters, **more)


def in_order_of(
    cursor: Cursor,
    row: type[_Row],
    select: str,
    *,
    key: str,
    page: Page,
    after: Sequence[Any] | None = None,
    where: Mapping[str, Any] | None = None,
    **parameters: Any,
) -> list[_Row]:
    """Rows of `select` in the order of `key`, the first ones first: `"b.starts_at, b.id"`.

    `after` are the values of the key in the row that ends the page before.
    """
    sql, more = _filtered(select, where)
    if after is not None:
        marks = ", ".join(f":after_{place}" for place in range(len(after)))
        sql += f" AND ({key}) > ({marks})"
        more |= {f"after_{place}": value for place, value in enumerate(after)}
    sql, more = _limited(f"{sql} ORDER BY {key}", more, page)
    return cursor.all(row, sql, **parameters, **more)


def newest(
    cursor: Cursor,
    select: str,
    *,
    key: str,
    page: Page,
    before_id: int | None = None,
    where: Mapping[str, Any] | None = None,
    order: str = "DESC",
    **parameters: Any,
) -> list[dict[str, Any]]:
    """`newest_of` with rows as dicts."""
    sql, more = _page_of(select, key=key, page=page, before_id=before_id, where=where, order=order)
    return cursor.rows(sql, **parameters, **more)


def newest_rows(
    cursor: Cursor,
    select: str,
    *,
    key: str,
    page: Page,
    before_id: int | None = None,
    where: Mapping[str, Any] | None = None,
    **parameters: Any,
) -> list[tuple[Any, ...]]:
    """`newest_of` with rows as the driver gives them."""
    sql, more = _page_of(select, key=key, page=page, before_id=before_id, where=where, order="DESC")
    return cursor.tuples(sql, **parameters, **more)


def _page_of(
    select: str,
    *,
    key: str,
    page: Page,
    before_id: int | None,
    where: Mapping[str, Any] | None,
    order: str,
) -> tuple[str, dict[str, Any]]:
    """The text of a page, and its parameters beside those of `select`."""
    sql, parameters = _filtered(select, where)
    if before_id is not None:
        sql += f" AND {key} < :before_id"
        parameters["before_id"] = before_id
    return _limited(f"{sql} ORDER BY {key} {order}", parameters, page)


def _filtered(select: str, where: Mapping[str, Any] | None) -> tuple[str, dict[str, Any]]:
    sql, parameters = select, dict[str, Any]()
    for index, (column, value) in enumerate((where or {}).items()):
        if value is not None:
            sql += f" AND {column} = :filter_{index}"
            parameters[f"filter_{index}"] = value
    return sql, parameters


def _limited(sql: str, parameters: dict[str, Any], page: Page) -> tuple[str, dict[str, Any]]:
    if page.limit is not None:
        sql += " LIMIT :page_limit"
        parameters["page_limit"] = min(page.limit, _LARGEST_LIMIT)
    return sql, parameters
