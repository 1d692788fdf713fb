"""Rows of the old system as they are read and staged: IDs as text, times in UTC."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from petmsg.errors import MalformedRow, PetmsgError, quoted

MALFORMED = "?"
"""The prefix of a time that could not be read when it was staged; it sorts after any time."""

_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = datetime(2999, 12, 31, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Table:
    """A table: its name and columns as they are staged, and which columns are times.

    `columns` are required, `optional` ones are empty if they do not exist. `source` is its name in
    the old system, and `written` the names of columns there, if they are others; of several the
    first that exists is read. A table that `may_lack` is treated as empty if it does not exist.
    """

    name: str
    columns: tuple[str, ...]
    optional: tuple[str, ...] = ()
    times: frozenset[str] = frozenset()
    may_lack: bool = False
    source: str = ""
    written: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def all_columns(self) -> tuple[str, ...]:
        """All columns; a missing one is empty."""
        return (*self.columns, *self.optional)

    @property
    def old_name(self) -> str:
        """Its name in the old system."""
        return self.source or self.name

    def old_column(self, column: str, existing: Sequence[str]) -> str | None:
        """The name of a column in the old system, None if none of its names exists there."""
        names = self.written.get(column, (column,))
        return next((name for name in names if name in existing), None)


@dataclass(frozen=True, slots=True)
class OldRow:
    """An old row with its values in the requested order, or what is wrong with it.

    `line` is its line in its file; 0 for a database.
    """

    line: int
    values: tuple[str | None, ...]
    problem: str | None = None


class OldTableMissing(PetmsgError):
    """The old system does not have this table."""


class Source(Protocol):
    """The source of the old tables: a database, or a folder of files."""

    def columns(self, table: str) -> Sequence[str]:
        """Return the columns of a table. Raises `OldTableMissing` if it does not exist."""
        ...

    def rows(self, table: str, columns: Sequence[str]) -> Iterator[OldRow]:
        """Yield the table's rows."""
        ...

    def not_the_old_system(self, why: str) -> PetmsgError:
        """Return the error that these are not the tables of the old system."""
        ...


def staged_time(text: str) -> str:
    """Return a time as it is staged, so that its text sorts like the time: UTC, to the microsecond.

    A time without an offset is UTC, as Prisma writes it. An invalid time is kept as it is, after a
    prefix that sorts after every time.
    """
    try:
        instant = datetime.fromisoformat(text.strip())
        if instant.tzinfo is None:
            instant = instant.replace(tzinfo=UTC)
        if not _EARLIEST <= instant <= _LATEST:
            return MALFORMED + text
        return instant.astimezone(UTC).isoformat(timespec="microseconds")
    except (ValueError, OverflowError):
        return MALFORMED + text


def time_of(staged: str | None, name: str) -> datetime:
    """Return the instant of a staged time (aware UTC). Raises `MalformedRow`."""
    if staged is None:
        raise MalformedRow(f"{name} is empty.")
    if staged.startswith(MALFORMED):
        raise MalformedRow(f"{name} {quoted(staged[1:])} is not a time.")
    return datetime.fromisoformat(staged)


def word_of(written: str | None) -> str:
    """Return a word of an enum in any spelling: `FRONT_DESK`, `front-desk`, `frontDesk`."""
    text = (written or "").strip()
    if any(c.islower() for c in text):
        text = "".join(f"_{c}" if c.isupper() else c for c in text).lstrip("_")
    return text.lower().replace("-", "_").replace(" ", "_").replace("__", "_")
