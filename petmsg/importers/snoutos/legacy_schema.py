"""The tables of the old system, as Prisma made them: names in camelCase, ids that are texts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from petmsg.errors import MalformedRow, PetmsgError, quoted

MALFORMED = "?"
"""What a time begins with that could not be read when it was staged: later than any time."""

_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = datetime(2999, 12, 31, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Table:
    """A table: the columns petmsg needs, those it takes where they are, and which are times.

    One that `may_lack` is empty where it is not there.
    """

    name: str
    columns: tuple[str, ...]
    optional: tuple[str, ...] = ()
    times: frozenset[str] = frozenset()
    may_lack: bool = False

    @property
    def all_columns(self) -> tuple[str, ...]:
        """All of them; one that is not there is empty."""
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
    """A row as it came, its values in the order that was asked for; or what is wrong with it.

    `line` is where it stands in its file, 0 in a database.
    """

    line: int
    values: tuple[str | None, ...]
    problem: str | None = None


class OldTableMissing(PetmsgError):
    """The old system has no such table."""


class Source(Protocol):
    """Where the old tables are: a database, or a folder of files."""

    def columns(self, table: str) -> Sequence[str]:
        """The columns a table has. Raises `OldTableMissing` where there is no such table."""
        ...

    def rows(self, table: str, columns: Sequence[str]) -> Iterator[OldRow]:
        """Its rows, one after the other."""
        ...


def staged_time(text: str) -> str:
    """A time as it is staged, so that texts sort as times do: UTC, to the microsecond.

    One without an offset is UTC, as Prisma writes it. What cannot be read is kept as it is, after
    a mark that sorts behind every time.
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
    """The instant of a staged time. Raises `MalformedRow`."""
    if staged is None:
        raise MalformedRow(f"{name} is empty.")
    if staged.startswith(MALFORMED):
        raise MalformedRow(f"{name} {quoted(staged[1:])} is not a time.")
    return datetime.fromisoformat(staged)
