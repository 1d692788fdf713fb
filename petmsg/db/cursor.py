"""One SQL text on either driver's cursor. Standard library only.

Texts name their parameters `:like_this`; instants go in and come out as aware UTC datetimes. Where
the two databases differ, the cursor says what is to be done: nobody outside `petmsg.db` asks which
of them it is.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import chain
from typing import Any, TypeVar, cast

from petmsg.db.statements import (
    as_stored,
    bound,
    for_psycopg,
    instant_from_text,
    instants_in,
    is_instant,
    marks,
    numbered,
    parameters_of,
    with_parameters,
    with_surrogates,
    with_values,
)

_Row = TypeVar("_Row", bound=tuple[Any, ...])

_LISTED = 1000
"""The most values in one `IN (…)`; SQLite takes 32,766 parameters in a statement."""
_ADDED = 200
"""The most rows in one `VALUES`."""
_FEW = 20
"""Fewer rows than these are not worth the two more answers that a COPY waits for, nor a plan."""


class Cursor:
    """A DBAPI cursor inside somebody else's transaction."""

    __slots__ = ("_held", "_raw", "_write_held", "is_sqlite")

    def __init__(self, raw: Any, *, is_sqlite: bool) -> None:
        self._raw = raw
        self.is_sqlite = is_sqlite
        self._held: list[Any] = []
        self._write_held: Callable[[Cursor, list[Any]], None] | None = None

    @property
    def has_other_writers(self) -> bool:
        """Whether others may write while this transaction lasts: never on SQLite, which has one
        writer at a time."""
        return not self.is_sqlite

    def row_lock(self, clause: str) -> str:
        """The end of a `SELECT` that locks its rows until the commit, such as `FOR UPDATE`. Empty
        where nobody else can write."""
        return f" {clause}" if self.has_other_writers else ""

    def hold(self, sql: str, /, **parameters: Any) -> None:
        """Execute a statement that locks rows, a table or a number until the commit. Nothing is
        done where nobody else can write."""
        if self.has_other_writers:
            self._execute(sql, parameters)

    def hold_in_list(
        self, sql: str, name: str, values: Sequence[Any], /, **parameters: Any
    ) -> None:
        """`hold` for a statement with `IN (:name)`, for any number of values."""
        if self.has_other_writers:
            self.run_in_list(sql, name, values, **parameters)

    @property
    def writes_together(self) -> bool:
        """Whether one statement can hold several writes, as `WITH … AS (UPDATE …)` does."""
        return not self.is_sqlite

    @property
    def has_standby(self) -> bool:
        """Whether the server may be a standby, which takes no changes."""
        return not self.is_sqlite

    @property
    def has_sequences(self) -> bool:
        """Whether ids come from a sequence, which does not see ids that a statement gave."""
        return not self.is_sqlite

    @property
    def instants_are_text(self) -> bool:
        """Whether `tuples`, `value` and `plain_rows` give an instant as text."""
        return self.is_sqlite

    def as_instant(self, given: Any) -> Any:
        """The instant that `tuples`, `value` or `plain_rows` gave; None for None."""
        return instant_from_text(given) if self.is_sqlite and given is not None else given

    @property
    def byte_order(self) -> str:
        """What orders a text by its bytes, after the column's name."""
        return "" if self.is_sqlite else ' COLLATE "C"'

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
        usual, connection.text_factory = connection.text_factory, with_surrogates
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
        names = self._names()
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
            self._ready().executemany(sql, [bound(row) for row in rows])
        else:
            self._ready().executemany(for_psycopg(sql), rows)

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

        Uses executemany on SQLite and COPY for many rows on PostgreSQL. `beside` is a write to
        another table (a text and its parameters), which PostgreSQL may get in the same statement.
        """
        names = ", ".join((*same, *columns))
        if self.is_sqlite:
            self._ready().executemany(
                f"INSERT INTO {table} ({names}) VALUES {marks('?', same, columns)}",  # noqa: S608
                as_stored(columns, rows, tuple(bound(same).values())),
            )
        elif len(rows) < _FEW:
            self._add_few(table, columns, rows, same=same, beside=beside)
            return
        else:
            common = tuple(same.values())
            with self._ready().copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row((*common, *row))
        # Last, because pysqlite keeps the statement of an executemany open: the log could not be
        # checkpointed when the file is closed, and erased data would stay in it.
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
            filled = as_stored(columns, rows, tuple(bound(same).values()))
        else:
            filled = ((*same.values(), *row) for row in rows)
            if beside is not None:
                text, parameters = beside
                before = f"WITH beside AS ({with_parameters(text, lambda _: '%s')}) "
                values = [parameters[name] for name in parameters_of(text)]
        row = marks("?" if self.is_sqlite else "%s", same, columns)
        self._ready().execute(
            f"{before}INSERT INTO {table} ({names}) VALUES {', '.join([row] * len(rows))} {ending}",  # noqa: S608
            [*values, *chain.from_iterable(filled)],
        )

    def write_later(self, write: Callable[["Cursor", list[Any]], None], values: Any) -> None:
        """Hold a write back until another statement follows, or the savepoint or the transaction
        ends. What was held back until then is given to `write` together, which may raise."""
        if self._write_held is not write:
            self.write_held()
        self._write_held = write
        self._held.append(values)

    def write_held(self) -> None:
        """Write what was held back."""
        held, self._held = self._held, []
        if held and self._write_held is not None:
            self._write_held(self, held)

    def drop_held(self) -> None:
        """Never write what was held back: all that was done since is undone."""
        self._held = []

    def _ready(self) -> Any:
        """The driver's cursor, for the statement that follows what was held back."""
        if self._held:
            self.write_held()
        return self._raw

    def _execute_listed(
        self, sql: str, name: str, values: Sequence[Any], parameters: Mapping[str, Any]
    ) -> None:
        if self.is_sqlite:
            text, others = numbered(sql, name, len(values))
            stored = bound(parameters)
            self._ready().execute(text, (*(stored[each] for each in others), *values))
        else:
            text, listed = with_values(sql, name, values)
            # Many values get a plan of their own: one that the server kept from when a table was
            # small compares each row with each value (measured: ten times as long for an import).
            self._ready().execute(
                for_psycopg(text),
                {**parameters, **listed},
                prepare=None if len(values) < _FEW else False,
            )

    def _execute(self, sql: str, parameters: Mapping[str, Any]) -> None:
        if self.is_sqlite:
            self._ready().execute(sql, bound(parameters))
        else:
            self._ready().execute(for_psycopg(sql), parameters)

    def _names(self) -> tuple[str, ...]:
        """The names of the columns. Not from psycopg's `description`, which makes an object of each
        and takes as long as the statement."""
        if self.is_sqlite:
            return tuple([column[0] for column in self._raw.description])
        result = self._raw.pgresult
        return _decoded(tuple([result.fname(place) for place in range(result.nfields)]))

    def _fetch_as(self, row: type[_Row]) -> list[_Row]:
        names = self._names()
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
        names = self._names()
        rows = [dict(zip(names, row, strict=True)) for row in self._raw.fetchall()]
        if self.is_sqlite:
            instants = instants_in(names)
            for row in rows:
                for name in instants:
                    if row[name] is not None:
                        row[name] = instant_from_text(row[name])
        return rows


@lru_cache(maxsize=512)
def _decoded(names: tuple[bytes, ...]) -> tuple[str, ...]:
    return tuple([name.decode() for name in names])


@lru_cache(maxsize=512)
def _maker(
    row: type[_Row], columns: tuple[str, ...]
) -> tuple[Callable[[Iterable[Any]], _Row], tuple[int, ...]]:
    """What makes such a row of a statement's values, and the places of the instants among them."""
    named = cast("Any", row)
    if named._fields != columns:
        raise TypeError(f"{row.__name__} has {named._fields}, the statement gives {columns}")
    return named._make, tuple(place for place, name in enumerate(columns) if is_instant(name))
