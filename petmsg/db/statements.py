"""How a statement and its values are written for either driver. Standard library only.

Texts name their parameters `:like_this`; on psycopg they become `%(like_this)s`. On SQLite, where
instants are stored as text, a column is an instant when its name is `at` or ends in `_at` or
`_until` (the naming rule of the house).
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import chain
from typing import Any

_PARAMETER = re.compile(r"'(?:[^']|'')*'|(?<![:\w]):([a-z_][a-z0-9_]*)")
"""A parameter's name, or a text in quotes, where a colon is a colon."""


def with_parameters(sql: str, mark: Callable[[str], str]) -> str:
    """The text with what `mark` makes of each parameter's name in its place."""
    return _PARAMETER.sub(lambda found: mark(found[1]) if found[1] else found[0], sql)


def parameters_of(sql: str) -> list[str]:
    """The names of the text's parameters, in their order, as often as they stand there."""
    return [found[1] for found in _PARAMETER.finditer(sql) if found[1]]


@lru_cache(maxsize=512)
def for_psycopg(sql: str) -> str:
    """The text with its parameters as psycopg names them."""
    return with_parameters(sql.replace("%", "%%"), lambda name: f"%({name})s")


@lru_cache(maxsize=64)
def numbered(sql: str, name: str, count: int) -> tuple[str, tuple[str, ...]]:
    """The text with SQLite's numbered parameters, those of the list last, and the others' names.

    Binding by number takes a fifth of the time of binding a thousand names.
    """
    others = tuple(dict.fromkeys(each for each in parameters_of(sql) if each != name))
    numbers = {each: f"?{place}" for place, each in enumerate(others, start=1)}
    first = len(others) + 1
    numbers[name] = ", ".join(f"?{place}" for place in range(first, first + count))
    return with_parameters(sql, numbers.__getitem__), others


def with_values(sql: str, name: str, values: Sequence[Any]) -> tuple[str, dict[str, Any]]:
    """The text with `IN (:name)` as PostgreSQL takes it with any number of values, and the values.

    One text for all lists, so that the server can keep its plan; and one for a single value, for
    which it does: for a list it makes a new one each time, which can take longer than the rest.
    """
    if len(values) == 1:
        return sql.replace(f"IN (:{name})", f"= :{name}"), {name: values[0]}
    return sql.replace(f"IN (:{name})", f"= ANY(:{name})"), {name: list(values)}


def with_surrogates(written: bytes) -> str:
    """The text; each byte that is not UTF-8 is a lone surrogate."""
    return written.decode("utf-8", "surrogateescape")


def is_instant(column: str) -> bool:
    """Whether a column of that name holds instants."""
    return column == "at" or column.endswith(("_at", "_until"))


@lru_cache(maxsize=256)
def instants_in(columns: tuple[str, ...]) -> tuple[str, ...]:
    """Those of the columns that hold instants."""
    return tuple(name for name in columns if is_instant(name))


def marks(mark: str, *columns: Iterable[str]) -> str:
    """A row of parameters: `(?, ?, ?)`."""
    return f"({', '.join(mark for _ in chain(*columns))})"


def as_stored(
    columns: Sequence[str], rows: Iterable[Sequence[Any]], common: tuple[Any, ...]
) -> Iterator[Sequence[Any]]:
    """The rows as SQLite stores them, after what is common to all."""
    places = [len(common) + place for place, name in enumerate(columns) if is_instant(name)]
    if not places:
        return ((*common, *row) for row in rows)
    return (_with_texts([*common, *row], places) for row in rows)


def _with_texts(values: list[Any], places: Sequence[int]) -> list[Any]:
    for place in places:
        if values[place] is not None:
            values[place] = instant_to_text(values[place])
    return values


def bound(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters as SQLite stores them."""
    return {
        name: instant_to_text(value) if isinstance(value, datetime) else value
        for name, value in parameters.items()
    }


def instant_to_text(instant: datetime) -> str:
    """How SQLite stores an instant: `2026-02-14 15:00:00.000000`, UTC."""
    return _stored(instant if instant.tzinfo is UTC else instant.astimezone(UTC))


@lru_cache(maxsize=4096)
def _stored(instant: datetime) -> str:
    # Remembered in UTC only, like `clock.iso_utc`.
    return instant.isoformat(" ", "microseconds")[:26]


def instant_from_text(text: Any) -> datetime:
    """The instant that SQLite's text means. Raises `ValueError` or, for what is no text,
    `TypeError`: somebody, or a failing disk, wrote over it."""
    return datetime.fromisoformat(text + "+00:00")
