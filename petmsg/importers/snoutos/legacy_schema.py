"""The tables of the old system, as Prisma created them: names in camelCase, IDs as text."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from petmsg.errors import MalformedRow, PetmsgError, quoted

MALFORMED = "?"
"""The prefix of a time that could not be read when it was staged; it sorts after any time."""

_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = datetime(2999, 12, 31, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Table:
    """A table: its required columns, its optional ones, and which columns are times.

    A table that `may_lack` is treated as empty if it does not exist.
    """

    name: str
    columns: tuple[str, ...]
    optional: tuple[str, ...] = ()
    times: frozenset[str] = frozenset()
    may_lack: bool = False

    @property
    def all_columns(self) -> tuple[str, ...]:
        """All columns; a missing one is empty."""
        return (*self.columns, *self.optional)


TABLES = (
    Table("Organization", ("id",), ("name",)),
    Table(
        "Client",
        ("id", "orgId", "name"),
    ),
    Table(
        "ClientContact",
        ("clientId", "e164"),
        ("id", "createdAt"),
        frozenset({"createdAt"}),
    ),
    Table(
        "Sitter",
        ("id", "orgId", "name", "active"),
        ("phone", "e164"),
    ),
    Table(
        "MessageNumber",
        (
            "id",
            "orgId",
            "e164",
            "class",
            "status",
            "assignedSitterId",
            "quarantinedReason",
            "quarantineReleaseAt",
            "providerNumberSid",
            "lastUsedAt",
        ),
        times=frozenset({"quarantineReleaseAt", "lastUsedAt"}),
    ),
    Table(
        "Thread",
        ("id", "orgId", "clientId", "sitterId", "numberId", "status", "createdAt"),
        times=frozenset({"createdAt"}),
    ),
    Table(
        "AssignmentWindow",
        ("id", "orgId", "threadId", "sitterId", "startsAt", "endsAt", "bookingRef"),
        times=frozenset({"startsAt", "endsAt"}),
    ),
    Table(
        "Message",
        (
            "id",
            "orgId",
            "threadId",
            "direction",
            "senderType",
            "body",
            "createdAt",
            "providerMessageSid",
        ),
        times=frozenset({"createdAt"}),
    ),
    Table(
        "MessageDelivery",
        ("id", "messageId", "status"),
        ("attemptNo", "providerErrorCode", "providerErrorMessage", "createdAt"),
        frozenset({"createdAt"}),
        may_lack=True,
    ),
    Table(
        "RoutingOverride",
        ("id", "orgId", "threadId", "startsAt"),
        ("targetType", "endsAt", "removedAt"),
        frozenset({"startsAt", "endsAt", "removedAt"}),
        may_lack=True,
    ),
)


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
