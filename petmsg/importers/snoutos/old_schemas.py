"""The two schemas of the old system, as Prisma created them, and which of them a source has.

Both are staged in the same tables. The older one has the names that are staged; the newer one has
other names for some tables and columns, and says the class, the sitter of a number, the delivery
state and the status of a booking elsewhere.
"""

from dataclasses import dataclass
from enum import StrEnum

from petmsg.errors import Misconfigured
from petmsg.importers.snoutos.legacy_schema import OldTableMissing, Source, Table


class SchemaName(StrEnum):
    """A schema of the old system."""

    OLDER = "older"
    NEWER = "newer"


@dataclass(frozen=True, slots=True)
class OldSchema:
    """A schema: its tables, those that tell it from the other, and the grace inside the end of its
    windows."""

    name: SchemaName
    tables: tuple[Table, ...]
    tells: tuple[str, ...]
    grace_minutes: int


class TablesMixed(Misconfigured):
    code = "old_tables_mixed"


_OVERRIDES = Table(
    "RoutingOverride",
    ("id", "orgId", "threadId", "startsAt"),
    ("targetType", "endsAt", "removedAt", "reason"),
    frozenset({"startsAt", "endsAt", "removedAt"}),
    may_lack=True,
    written={"startsAt": ("startsAt", "startAt"), "endsAt": ("endsAt", "endAt")},
)
_ZONE = {"timezone": ("timezone", "timeZone")}

OLDER = OldSchema(
    SchemaName.OLDER,
    (
        Table("Organization", ("id",), ("name", "timezone"), written=_ZONE),
        Table("Client", ("id", "orgId", "name"), ("deletedAt",), frozenset({"deletedAt"})),
        Table("ClientContact", ("clientId", "e164"), ("id", "createdAt"), frozenset({"createdAt"})),
        Table(
            "Sitter",
            ("id", "orgId", "name", "active"),
            ("personalPhone", "phone", "e164", "deletedAt"),
            frozenset({"deletedAt"}),
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
        _OVERRIDES,
    ),
    tells=("Organization", "Thread"),
    grace_minutes=60,
)

NEWER = OldSchema(
    SchemaName.NEWER,
    (
        Table(
            "Organization",
            ("id",),
            ("name", "timezone"),
            may_lack=True,
            source="Org",
            written=_ZONE,
        ),
        Table(
            "Client",
            ("id", "orgId"),
            ("name", "firstName", "lastName", "phone", "deletedAt"),
            frozenset({"deletedAt"}),
        ),
        Table(
            "ClientContact",
            ("clientId", "e164"),
            ("id", "createdAt"),
            frozenset({"createdAt"}),
            may_lack=True,
        ),
        Table(
            "Sitter",
            ("id", "orgId", "active"),
            ("name", "firstName", "lastName", "personalPhone", "phone", "deletedAt"),
            frozenset({"deletedAt"}),
        ),
        Table(
            "MessageNumber",
            ("id", "orgId", "e164", "class", "status"),
            (
                "poolType",
                "assignedSitterId",
                "quarantinedReason",
                "quarantineReleaseAt",
                "lastUsedAt",
            ),
            frozenset({"quarantineReleaseAt", "lastUsedAt"}),
            written={
                "class": ("numberClass", "class"),
                "lastUsedAt": ("lastUsedAt", "lastAssignedAt"),
            },
        ),
        Table(
            "SitterMaskedNumber",
            ("sitterId", "messageNumberId", "status"),
            ("id", "assignedAt", "deactivatedAt"),
            frozenset({"assignedAt", "deactivatedAt"}),
        ),
        Table(
            "Thread",
            ("id", "orgId", "clientId"),
            ("sitterId", "numberId", "maskedNumberE164", "status", "createdAt"),
            frozenset({"createdAt"}),
            source="MessageThread",
            written={
                "sitterId": ("assignedSitterId", "sitterId"),
                "numberId": ("messageNumberId", "numberId"),
            },
        ),
        Table(
            "AssignmentWindow",
            ("id", "threadId", "sitterId", "startsAt", "endsAt", "bookingRef", "status"),
            ("orgId",),
            frozenset({"startsAt", "endsAt"}),
            written={
                "startsAt": ("startAt", "startsAt"),
                "endsAt": ("endAt", "endsAt"),
                "bookingRef": ("bookingId",),
            },
        ),
        Table(
            "Booking",
            ("id", "orgId", "clientId", "sitterId", "startsAt", "endsAt", "status"),
            ("deletedAt",),
            frozenset({"startsAt", "endsAt", "deletedAt"}),
            written={"startsAt": ("startAt", "startsAt"), "endsAt": ("endAt", "endsAt")},
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
                "deliveryStatus",
            ),
            ("mediaJson", "failureCode", "failureDetail"),
            frozenset({"createdAt"}),
            source="MessageEvent",
            written={
                "senderType": ("actorType",),
                "failureCode": ("failureCode", "providerErrorCode"),
                "failureDetail": ("failureDetail", "providerErrorMessage"),
            },
        ),
        Table(
            "OptOut",
            ("orgId", "phone", "state"),
            ("id", "source", "createdAt", "updatedAt"),
            frozenset({"createdAt", "updatedAt"}),
            source="OptOutState",
            written={"phone": ("phone", "phoneE164")},
        ),
        _OVERRIDES,
    ),
    tells=("Org", "MessageThread", "MessageEvent"),
    grace_minutes=0,
)

SCHEMAS = (OLDER, NEWER)


def schema_of(source: Source) -> OldSchema:
    """Return the schema that a source has.

    Raises `TablesMixed` if it has tables of both, and what the source raises if it has neither. The
    table Message tells nothing: the newer schema has one of another purpose.
    """
    found = {
        schema.name: [table for table in schema.tells if _exists(source, table)]
        for schema in SCHEMAS
    }
    present = [schema for schema in SCHEMAS if found[schema.name]]
    if len(present) == 1:
        return present[0]
    if present:
        raise TablesMixed(
            f"The old system has tables of both its schemas: {_quoted(found[SchemaName.OLDER])} of "
            f"the older one and {_quoted(found[SchemaName.NEWER])} of the newer one.",
            hint="Keep the tables of one schema: name it with ?schema=… in the URL, or put the "
            "CSV files of one schema into a folder of their own.",
        )
    raise source.not_the_old_system(
        f"It has neither the tables {_quoted(OLDER.tells)} of its older schema nor the tables "
        f"{_quoted(NEWER.tells)} of its newer one."
    )


def columns_of(name: str) -> list[str]:
    """Return the columns of a staged table: those of both schemas."""
    return list(
        dict.fromkeys(
            column
            for schema in SCHEMAS
            for table in schema.tables
            if table.name == name
            for column in table.all_columns
        )
    )


STAGED = tuple(dict.fromkeys(table.name for schema in SCHEMAS for table in schema.tables))
"""The names of the staged tables."""


def _exists(source: Source, table: str) -> bool:
    try:
        return bool(source.columns(table))
    except OldTableMissing:
        return False


def _quoted(tables: tuple[str, ...] | list[str]) -> str:
    return ", ".join(f'"{table}"' for table in tables)
