"""One SQL text on either driver's cursor. Standard library only.

Texts name their parameters `:like_this`; on psycopg they become `%(like_this)s`. Instants go in
and come out as aware UTC datetimes: on SQLite, where they are stored as text, a column is an
instant when its name is `at` or ends in `_at` or `_until` (the naming rule of the house).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from petmsg.errors import DatabaseUnusable

_PARAMETER = re.compile(r"(?<![:\w]):([a-z_][a-z0-9_]*)")


@lru_cache(maxsize=512)
def _for_psycopg(sql: str) -> str:
    return _PARAMETER.sub(r"%(\1)s", sql.replace("%", "%%"))


def instant_to_text(instant: datetime) -> str:
    """How SQLite stores an instant: `2026-02-14 15:00:00.000000`, UTC."""
    if instant.tzinfo is not UTC:
        instant = instant.astimezone(UTC)
    return instant.isoformat(" ", "microseconds")[:26]


class DamagedInstant(DatabaseUnusable, ValueError):
    """A stored time that is none: somebody, or a failing disk, wrote over it."""

    code = "database_corrupt"
    hint = "Check the database: petmsg audit verify; then restore the last backup."


def instant_from_text(text: str) -> datetime:
    """The instant that SQLite's text means. Raises `DamagedInstant`."""
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

    def rows(self, sql: str, /, **parameters: Any) -> list[dict[str, Any]]:
        """All rows as dicts, instants decoded."""
        self._execute(sql, parameters)
        return self._fetch()

    def one(self, sql: str, /, **parameters: Any) -> dict[str, Any] | None:
        """The first row as a dict, None if there is none."""
        found = self.rows(sql, **parameters)
        return found[0] if found else None

    def value(self, sql: str, /, **parameters: Any) -> Any:
        """The first column of the first row, undecoded; None if there is no row."""
        self._execute(sql, parameters)
        row = self._raw.fetchone()
        return None if row is None else row[0]

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
        """Rows of a text with `IN (:name)`, for any number of values (in slices of 500)."""
        found: list[dict[str, Any]] = []
        for start in range(0, len(values), 500):
            piece = values[start : start + 500]
            names = {f"{name}_{index}": value for index, value in enumerate(piece)}
            listed = ", ".join(f":{each}" for each in names)
            found += self.rows(sql.replace(f":{name}", listed), **names, **parameters)
        return found

    def _execute(self, sql: str, parameters: Mapping[str, Any]) -> None:
        if self.is_sqlite:
            self._raw.execute(sql, _bound(parameters))
        else:
            self._raw.execute(_for_psycopg(sql), parameters)

    def _fetch(self) -> list[dict[str, Any]]:
        names = [column[0] for column in self._raw.description]
        rows = [dict(zip(names, row, strict=True)) for row in self._raw.fetchall()]
        if self.is_sqlite:
            instants = [name for name in names if name == "at" or name.endswith(("_at", "_until"))]
            for row in rows:
                for name in instants:
                    if row[name] is not None:
                        row[name] = instant_from_text(row[name])
        return rows


def _bound(parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: instant_to_text(value) if isinstance(value, datetime) else value
        for name, value in parameters.items()
    }
