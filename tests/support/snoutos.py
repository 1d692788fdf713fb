"""The old system as tests need it: its tables on a real PostgreSQL, and the same as CSV files.

The shape is what Prisma makes of its models: ids that are texts, camelCase in quotes, and
`timestamp(3)` without a zone, which holds UTC.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

TABLES = {
    "Organization": {"id": "text PRIMARY KEY", "name": "text", "createdAt": "timestamp(3)"},
    "Client": {
        "id": "text PRIMARY KEY",
        "orgId": "text",
        "name": "text",
        "createdAt": "timestamp(3)",
        "updatedAt": "timestamp(3)",
    },
    "ClientContact": {
        "id": "text PRIMARY KEY",
        "clientId": "text",
        "e164": "text",
        "label": "text",
        "verified": "boolean",
        "createdAt": "timestamp(3)",
    },
    "Sitter": {
        "id": "text PRIMARY KEY",
        "orgId": "text",
        "userId": "text",
        "name": "text",
        "active": "boolean",
    },
    "MessageNumber": {
        "id": "text PRIMARY KEY",
        "orgId": "text",
        "e164": "text",
        "class": "text",
        "status": "text",
        "assignedSitterId": "text",
        "quarantinedReason": "text",
        "quarantineReleaseAt": "timestamp(3)",
        "providerNumberSid": "text",
        "purchaseCostCents": "integer",
        "lastUsedAt": "timestamp(3)",
    },
    "Thread": {
        "id": "text PRIMARY KEY",
        "orgId": "text",
        "clientId": "text",
        "sitterId": "text",
        "numberId": "text",
        "status": "text",
        "createdAt": "timestamp(3)",
    },
    "AssignmentWindow": {
        "id": "text PRIMARY KEY",
        "orgId": "text",
        "threadId": "text",
        "sitterId": "text",
        "startsAt": "timestamp(3)",
        "endsAt": "timestamp(3)",
        "bookingRef": "text",
    },
    "Message": {
        "id": "text PRIMARY KEY",
        "orgId": "text",
        "threadId": "text",
        "direction": "text",
        "senderType": "text",
        "body": "text",
        "createdAt": "timestamp(3)",
        "providerMessageSid": "text",
    },
}

Rows = Mapping[str, Sequence[Mapping[str, Any]]]
"""Rows by table."""

DESK, MAYA, OLGA, POOL, OLD = (f"+1415555010{n}" for n in range(5))
ORG = "org-1"


def sid(number: int) -> str:
    """An id as Twilio gives to a message."""
    return f"SM{number:032x}"


def of(rows: Sequence[Mapping[str, Any]], **same: Any) -> list[dict[str, Any]]:
    return [{**same, **row} for row in rows]


def sound() -> dict[str, list[dict[str, Any]]]:
    """A company without a flaw: a client with three threads, one with one, two sitters."""
    return {
        "Organization": [{"id": ORG, "name": "Happy Paws"}],
        "Client": of(
            [{"id": "c-ann", "name": "Ann Ivers"}, {"id": "c-bob", "name": "Bob"}], orgId=ORG
        ),
        "ClientContact": [
            {"id": "k1", "clientId": "c-ann", "e164": "+12125550101", "createdAt": "2025-01-01"},
            {"id": "k0", "clientId": "c-ann", "e164": "+12125550102", "createdAt": "2025-06-01"},
            {"id": "k2", "clientId": "c-bob", "e164": "+1 (212) 555-0103"},
        ],
        "Sitter": of(
            [
                {"id": "s-maya", "name": "Maya Lee", "active": True},
                {"id": "s-olga", "name": "Olga Roy", "active": False},
            ],
            orgId=ORG,
        ),
        "MessageNumber": of(
            [
                {"id": "n-desk", "e164": DESK, "class": "front_desk", "status": "active"},
                {"id": "n-maya", "e164": MAYA, "class": "sitter", "status": "active",
                 "assignedSitterId": "s-maya", "lastUsedAt": "2026-02-13 09:30:00.123"},
                {"id": "n-olga", "e164": OLGA, "class": "SITTER", "status": "QUARANTINED",
                 "assignedSitterId": "s-olga", "quarantinedReason": "filtered  as spam",
                 "quarantineReleaseAt": "2026-03-01 12:00:00"},
                {"id": "n-pool", "e164": POOL, "class": "pool", "status": "active"},
                {"id": "n-old", "e164": OLD, "class": "Pool", "status": "inactive"},
            ],
            orgId=ORG,
        ),
        "Thread": of(
            [
                {"id": "t-1", "clientId": "c-ann", "sitterId": "s-olga", "numberId": "n-olga",
                 "createdAt": "2025-03-01 08:00"},
                {"id": "t-2", "clientId": "c-ann", "sitterId": "s-maya", "numberId": "n-maya",
                 "createdAt": "2025-09-01 08:00"},
                {"id": "t-3", "clientId": "c-ann", "numberId": "n-pool",
                 "createdAt": "2025-05-01 08:00"},
                {"id": "t-4", "clientId": "c-bob", "numberId": "n-desk",
                 "createdAt": "2026-01-01 08:00"},
            ],
            orgId=ORG,
            status="active",
        ),
        "AssignmentWindow": of(
            [
                {"id": "w-1", "threadId": "t-2", "sitterId": "s-maya", "bookingRef": "BK-1",
                 "startsAt": "2026-02-14 14:00", "endsAt": "2026-02-14 16:00"},
                {"id": "w-2", "threadId": "t-1", "sitterId": "s-olga", "bookingRef": "BK-2",
                 "startsAt": "2025-03-02 14:00", "endsAt": "2025-03-02 16:00"},
                {"id": "w-3", "threadId": "t-4", "sitterId": "s-maya", "bookingRef": "BK-3",
                 "startsAt": "2026-03-01 14:00:00.500", "endsAt": "2026-03-01 16:00"},
            ],
            orgId=ORG,
        ),
        "Message": of(
            [
                {"id": "m-1", "threadId": "t-1", "direction": "inbound", "senderType": "client",
                 "body": "Hello? =1+1", "createdAt": "2025-03-01 08:00:01.250",
                 "providerMessageSid": sid(1)},
                {"id": "m-2", "threadId": "t-1", "direction": "outbound", "senderType": "sitter",
                 "body": "Rex is fine,\n\"really\" 🐕", "createdAt": "2025-03-02 14:10",
                 "providerMessageSid": sid(2)},
                {"id": "m-3", "threadId": "t-3", "direction": "OUTBOUND", "senderType": "owner",
                 "body": "Your invoice", "createdAt": "2025-05-01 08:00",
                 "providerMessageSid": sid(3)},
                {"id": "m-4", "threadId": "t-2", "direction": "outbound", "senderType": "sitter",
                 "body": "On my way", "createdAt": "2026-02-14 14:05",
                 "providerMessageSid": sid(4)},
                {"id": "m-5", "threadId": "t-2", "direction": "inbound", "senderType": "client",
                 "body": None, "createdAt": "2026-02-14 14:06", "providerMessageSid": None},
                {"id": "m-6", "threadId": "t-4", "direction": "outbound", "senderType": "system",
                 "body": "Welcome, Bob", "createdAt": "2026-01-01 08:00",
                 "providerMessageSid": None},
            ],
            orgId=ORG,
        ),
    }  # fmt: skip


Shape = Mapping[str, Mapping[str, str]]
"""The columns of each table with their types."""


def create(
    url: str,
    rows: Rows,
    *,
    schema: str = "public",
    constraints: bool = True,
    tables: Shape = TABLES,
    enums: Mapping[str, Sequence[str]] | None = None,
) -> None:
    """Make the old tables in the database at `url`, and fill them."""
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(schema)))
        for name, words in (enums or {}).items():
            listed = ", ".join(f"'{word}'" for word in words)
            connection.execute(f'CREATE TYPE "{schema}"."{name}" AS ENUM ({listed})')
        for table, columns in tables.items():
            listed = ", ".join(
                f'"{name}" {kind if constraints else kind.replace(" PRIMARY KEY", "")}'
                for name, kind in columns.items()
            )
            connection.execute(f'CREATE TABLE "{schema}"."{table}" ({listed})')
        add(url, rows, schema=schema)


def add(url: str, rows: Rows, *, schema: str = "public") -> None:
    """Fill in further rows."""
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        for table, each in rows.items():
            for row in each:
                connection.execute(
                    sql.SQL("INSERT INTO {}.{} ({}) VALUES ({})").format(
                        sql.Identifier(schema),
                        sql.Identifier(table),
                        sql.SQL(", ").join(map(sql.Identifier, row)),
                        sql.SQL(", ").join(sql.Placeholder() * len(row)),
                    ),
                    list(row.values()),
                )


def copy_out(url: str, folder: Path, tables: Shape = TABLES) -> Path:
    """The tables as CSV files, written by PostgreSQL's own COPY."""
    folder.mkdir()
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        for table in tables:
            with (folder / f"{table}.csv").open("wb") as file, connection.cursor() as cursor:
                copy = f'COPY "{table}" TO STDOUT WITH (FORMAT csv, HEADER)'
                with cursor.copy(copy) as out:
                    for piece in out:
                        file.write(piece)
    return folder


def write_csv(rows: Rows, folder: Path, tables: Shape = TABLES) -> Path:
    """The tables as CSV files, without any database."""
    import csv

    folder.mkdir()
    for table, columns in tables.items():
        with (folder / f"{table}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(columns))
            writer.writeheader()
            writer.writerows(rows.get(table, ()))
    return folder
