"""One SQL text on either driver's cursor. Standard library only.

Texts name their parameters `:like_this`; on psycopg they become `%(like_this)s`. Instants go in
and come out as aware UTC datetimes: on SQLite, where they are stored as text, a column is an
instant when its name is `at` or ends in `_at` or `_until` (the naming rule of the house).
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import chain
from typing import Any, TypeVar, cast

from petmsg.errors import DatabaseUnusable

_Row = TypeVar("_Row", bound=tuple[Any, ...])

_PARAMETER = re.compile(r"'(?:[^']|'')*'|(?<![:\w]):([a-z_][a-z0-9_]*)")
"""A parameter's name, or a text in quotes, where a colon is a colon."""
_LISTED = 1000
"""The most values in one `IN (…)`; SQLite takes 32,766 parameters in a statement."""
_ADDED = 200
"""The most rows in one `VALUES`."""
_FEW = 20
"""Fewer rows than these are not worth the two more answers that a COPY waits for, nor a plan."""


def _with_parameters(sql: str, mark: Callable[[str], str]) -> str:
    """The text with what `mark` makes of each parameter's name in its place."""
    return _PARAMETER.sub(lambda found: mark(found[1]) if found[1] else found[0], sql)


def _parameters(sql: str) -> list[str]:
    """The names of the text's parameters, in their order, as often as they stand there."""
    return [found[1] for found in _PARAMETER.finditer(sql) if found[1]]


@lru_cache(maxsize=512)
def _for_psycopg(sql: str) -> str:
    return _with_parameters(sql.replace("%", "%%"), lambda name: f"%({name})s")


@lru_cache(maxsize=64)
def _numbered(sql: str, name: str, count: int) -> tuple[str, tuple[str, ...]]:
    """The text with SQLite's numbered parameters, those of the list last, and the others' names.

    Binding by number takes a fifth of the time of binding a thousand names.
    """
    others = tuple(dict.fromkeys(each for each in _parameters(sql) if each != name))
    numbers = {each: f"?{place}" for place, each in enumerate(others, start=1)}
    first = len(others) + 1
    numbers[name] = ", ".join(f"?{place}" for place in range(first, first + count))
    return _with_parameters(sql, numbers.__getitem__), others


def instant_to_text(instant: datetime) -> str:
    """How SQLite stores an instant: `2026-02-14 15:00:00.000000`, UTC."""
    return _stored(instant if instant.tzinfo is UTC else instant.astimezone(UTC))


@lru_cache(maxsize=4096)
def _stored(instant: datetime) -> str:
    # Remembered in UTC only, like `clock.iso_utc`.
    return instant.isoformat(" ", "microseconds")[:26]


class DamagedInstant(DatabaseUnusable, ValueError):
    """A stored time that is none: somebody, or a failing disk, wrote over it."""

    code = "database_corrupt"
    hint = "Check the database: petmsg audit verify; then restore the last backup."


def instant_from_text(text: Any) -> datetime:
    """The instant that SQLite's text means. Raises `DamagedInstant`, also for what is no text."""
    try:
        return datetime.fromisoformat(text + "+00:00")
    except (ValueError, TypeError):
        raise DamagedInstant("The database holds a time that cannot be read.") from None


class Cursor:
    """A DBAPI cursor inside somebody else's transaction."""

    __slots__ = ("_raw", "is_sqlite")

    def __init__(self, raw: Any, *, is_sqlite: bool) -> None:
        self._raw = raw
        self.is_sqlite = is_sqlite

    def all(self, row: type[_Row], sql: str, /, **parameters: Any) -> list[_Row]:
        """All rows as that NamedTuple, whose fields are the statement's columns in their order.

        Instants are decoded. Raises `TypeError` where the columns are others.
        """
        self._execute(sql, parameters)
        return self._fetch_as(row)

    def first(self, row: type[_Row], sql: str, /, **parameters: Any) -> _Row | None:
        """The first row as that NamedTuple, None if there is none. Raises as `all` does."""
        found = self.all(row, sql, **parameters)
        return found[0] if found else None

    def all_in_list(
        self, row: type[_Row], sql: str, name: str, values: Sequence[Any], /, **parameters: Any
    ) -> list[_Row]:
        """`all` for a statement with `IN (:name)`, for any number of values (1,000 at a time)."""
        found: list[_Row] = []
        for start in range(0, len(values), _LISTED):
            self._execute_listed(sql, name, values[start : start + _LISTED], parameters)
            found += self._fetch_as(row)
        return found

    def rows(self, sql: str, /, **parameters: Any) -> list[dict[str, Any]]:
        """All rows as dicts, instants decoded."""
        self._execute(sql, parameters)
        return self._fetch()

    def rows_even_damaged(self, sql: str, /, **parameters: Any) -> list[dict[str, Any]]:
        """`rows`; in a text of SQLite's that is not UTF-8 each bad byte is a lone surrogate."""
        try:
            return self.rows(sql, **parameters)
        except Exception as problem:
            if not self.is_sqlite or "decode to UTF-8" not in str(problem):
                raise
        connection = self._raw.connection
        usual, connection.text_factory = connection.text_factory, _with_surrogates
        try:
            return self.rows(sql, **parameters)
        finally:
            connection.text_factory = usual

    def one(self, sql: str, /, **parameters: Any) -> dict[str, Any] | None:
        """The first row as a dict, None if there is none."""
        found = self.rows(sql, **parameters)
        return found[0] if found else None

    def value(self, sql: str, /, **parameters: Any) -> Any:
        """The first column of the first row, undecoded; None if there is no row."""
        self._execute(sql, parameters)
        row = self._raw.fetchone()
        return None if row is None else row[0]

    def instant(self, sql: str, /, **parameters: Any) -> datetime | None:
        """The first column of the first row as an instant (aware UTC), None if it is NULL."""
        found = self.value(sql, **parameters)
        return instant_from_text(found) if self.is_sqlite and found is not None else found

    def tuples(self, sql: str, /, **parameters: Any) -> list[tuple[Any, ...]]:
        """All rows as they come from the driver: instants are text on SQLite."""
        self._execute(sql, parameters)
        return self._raw.fetchall()

    def plain_rows(self, sql: str, /, **parameters: Any) -> list[dict[str, Any]]:
        """All rows as dicts of what comes from the driver: instants are text on SQLite."""
        self._execute(sql, parameters)
        names = [column[0] for column in self._raw.description]
        return [dict(zip(names, row, strict=True)) for row in self._raw.fetchall()]

    def run(self, sql: str, /, **parameters: Any) -> int:
        """Execute a write; how many rows it touched."""
        self._execute(sql, parameters)
        return int(self._raw.rowcount)

    def run_many(self, sql: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Execute a write once per row."""
        rows = list(rows)
        if not rows:
            return
        if self.is_sqlite:
            self._raw.executemany(sql, [_bound(row) for row in rows])
        else:
            self._raw.executemany(_for_psycopg(sql), rows)

    def in_list(
        self, sql: str, name: str, values: Sequence[Any], /, **parameters: Any
    ) -> list[dict[str, Any]]:
        """Rows of a text with `IN (:name)`, for any number of values (in slices of 1,000)."""
        found: list[dict[str, Any]] = []
        for start in range(0, len(values), _LISTED):
            self._execute_listed(sql, name, values[start : start + _LISTED], parameters)
            found += self._fetch()
        return found

    def run_in_list(self, sql: str, name: str, values: Sequence[Any], /, **parameters: Any) -> None:
        """Execute a write with `IN (:name)`, for any number of values."""
        for start in range(0, len(values), _LISTED):
            self._execute_listed(sql, name, values[start : start + _LISTED], parameters)

    def add(
        self,
        table: str,
        columns: Sequence[str],
        rows: Sequence[Sequence[Any]],
        /,
        beside: tuple[str, Mapping[str, Any]] | None = None,
        **same: Any,
    ) -> None:
        """Add rows of those columns to the table; `same` are columns with one value for all.

        In the way that costs least: one by one to SQLite, to PostgreSQL many by COPY. `beside` is a
        write to another table, a text and its parameters: to PostgreSQL the two may go together.
        """
        names = ", ".join((*same, *columns))
        if self.is_sqlite:
            self._raw.executemany(
                f"INSERT INTO {table} ({names}) VALUES {_marks('?', same, columns)}",  # noqa: S608
                _texts(columns, rows, tuple(_bound(same).values())),
            )
        elif len(rows) < _FEW:
            self._add_few(table, columns, rows, same=same, beside=beside)
            return
        else:
            common = tuple(same.values())
            with self._raw.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row((*common, *row))
        # Last, because pysqlite keeps the statement of an executemany open: nobody could then fold
        # SQLite's log into the file when it is closed, and what was erased would stay in it.
        if beside is not None:
            self._execute(*beside)

    def add_returning(
        self,
        table: str,
        columns: Sequence[str],
        rows: Sequence[Sequence[Any]],
        ending: str,
        /,
        beside: tuple[str, Mapping[str, Any]] | None = None,
        **same: Any,
    ) -> list[tuple[Any, ...]]:
        """`add`, and what the statement's ending returns (`RETURNING id`) as the driver gives it.

        Not in the rows' order. `beside` is for PostgreSQL, and with rows to add only.
        """
        returned: list[tuple[Any, ...]] = []
        for start in range(0, len(rows), _ADDED):
            piece = rows[start : start + _ADDED]
            self._add_few(table, columns, piece, same=same, ending=ending, beside=beside)
            beside = None
            returned += self._raw.fetchall() if ending else ()
        return returned

    def _add_few(
        self,
        table: str,
        columns: Sequence[str],
        rows: Sequence[Sequence[Any]],
        *,
        same: Mapping[str, Any],
        ending: str = "",
        beside: tuple[str, Mapping[str, Any]] | None = None,
    ) -> None:
        """Add the rows by one statement, on PostgreSQL with what is written beside them."""
        names = ", ".join((*same, *columns))
        before, values = "", []
        if self.is_sqlite:
            filled = _texts(columns, rows, tuple(_bound(same).values()))
        else:
            filled = ((*same.values(), *row) for row in rows)
            if beside is not None:
                text, parameters = beside
                before = f"WITH beside AS ({_with_parameters(text, lambda _: '%s')}) "
                values = [parameters[name] for name in _parameters(text)]
        marks = ", ".join([_marks("?" if self.is_sqlite else "%s", same, columns)] * len(rows))
        self._raw.execute(
            f"{before}INSERT INTO {table} ({names}) VALUES {marks} {ending}",  # noqa: S608
            [*values, *chain.from_iterable(filled)],
        )

    def _execute_listed(
        self, sql: str, name: str, values: Sequence[Any], parameters: Mapping[str, Any]
    ) -> None:
        if self.is_sqlite:
            text, others = _numbered(sql, name, len(values))
            bound = _bound(parameters)
            self._raw.execute(text, (*(bound[each] for each in others), *values))
        else:
            text, listed = with_values(sql, name, values)
            # Many values get a plan of their own: one that the server kept from when a table was
            # small compares each row with each value (measured: ten times as long for an import).
            self._raw.execute(
                _for_psycopg(text),
                {**parameters, **listed},
                prepare=None if len(values) < _FEW else False,
            )

    def _execute(self, sql: str, parameters: Mapping[str, Any]) -> None:
        if self.is_sqlite:
            self._raw.execute(sql, _bound(parameters))
        else:
            self._raw.execute(_for_psycopg(sql), parameters)

    def _fetch_as(self, row: type[_Row]) -> list[_Row]:
        names = tuple([column[0] for column in self._raw.description])
        make, instants = _maker(row, names)
        if not self.is_sqlite or not instants:
            return [make(each) for each in self._raw.fetchall()]
        found = []
        for each in self._raw.fetchall():
            values = list(each)
            for place in instants:
                if values[place] is not None:
                    values[place] = instant_from_text(values[place])
            found.append(make(values))
        return found

    def _fetch(self) -> list[dict[str, Any]]:
        names = tuple([column[0] for column in self._raw.description])
        rows = [dict(zip(names, row, strict=True)) for row in self._raw.fetchall()]
        if self.is_sqlite:
            instants = _instants_in(names)
            for row in rows:
                for name in instants:
                    if row[name] is not None:
                        row[name] = instant_from_text(row[name])
        return rows


def with_values(sql: str, name: str, values: Sequence[Any]) -> tuple[str, dict[str, Any]]:
    """The text with `IN (:name)` as PostgreSQL takes it with any number of values, and the values.

    One text for all lists, so that the server can keep its plan; and one for a single value, for
    which it does: for a list it makes a new one each time, which can take longer than the rest.
    """
    if len(values) == 1:
        return sql.replace(f"IN (:{name})", f"= :{name}"), {name: values[0]}
    return sql.replace(f"IN (:{name})", f"= ANY(:{name})"), {name: list(values)}


def _with_surrogates(written: bytes) -> str:
    return written.decode("utf-8", "surrogateescape")


def _is_instant(column: str) -> bool:
    return column == "at" or column.endswith(("_at", "_until"))


@lru_cache(maxsize=256)
def _instants_in(columns: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in columns if _is_instant(name))


@lru_cache(maxsize=512)
def _maker(
    row: type[_Row], columns: tuple[str, ...]
) -> tuple[Callable[[Iterable[Any]], _Row], tuple[int, ...]]:
    """What makes such a row of a statement's values, and the places of the instants among them."""
    named = cast("Any", row)
    if named._fields != columns:
        raise TypeError(f"{row.__name__} has {named._fields}, the statement gives {columns}")
    return named._make, tuple(place for place, name in enumerate(columns) if _is_instant(name))


def _marks(mark: str, *columns: Iterable[str]) -> str:
    """A row of parameters: `(?, ?, ?)`."""
    return f"({', '.join(mark for _ in chain(*columns))})"


def _texts(
    columns: Sequence[str], rows: Iterable[Sequence[Any]], common: tuple[Any, ...]
) -> Iterator[Sequence[Any]]:
    """The rows as SQLite stores them, after what is common to all."""
    places = [len(common) + place for place, name in enumerate(columns) if _is_instant(name)]
    if not places:
        return ((*common, *row) for row in rows)
    return (_with_texts([*common, *row], places) for row in rows)


def _with_texts(values: list[Any], places: Sequence[int]) -> list[Any]:
    for place in places:
        if values[place] is not None:
            values[place] = instant_to_text(values[place])
    return values


def _bound(parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: instant_to_text(value) if isinstance(value, datetime) else value
        for name, value in parameters.items()
    }
