"""Two companies to attack with raw SQL, around petmsg, on both databases.

What refuses is the database itself: constraints, unique indexes, foreign keys, triggers.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import psycopg
import pytest

from petmsg.db.cursor import Cursor
from petmsg.db.location import locate
from petmsg.services.people import optout_messages
from tests.support.consistency import problems, raw
from tests.support.fixtures import add_org, run_cli, working
from tests.support.fixtures import build as build_empty
from tests.support.postgres import PostgresServer

Refusals = (sqlite3.IntegrityError, psycopg.errors.IntegrityError, psycopg.errors.RaiseException)


def build(url: str) -> None:
    """Two companies, each with everything: clients, sitters, numbers, windows, messages."""
    build_empty(url)
    for index, slug in enumerate(("alpha", "beta")):
        add_org(url, slug, front_desk=f"+1415555010{index}")
        for line in (
            f"client add Anna --ref C-1 --phone +1202555010{index}",
            f"client add Berta --ref C-2 --phone +1202555011{index}",
            f"sitter add Maya --ref S-1 --phone +1303555010{index}",
            f"sitter add Nora --ref S-2 --phone +1303555011{index}",
            f"number add +1415555011{index} +1415555012{index} --class sitter",
            f"number add +1415555013{index} --class pool",
            f"number add +1415555014{index} --class pool",
            f"number quarantine +1415555014{index} --reason complaints",
            "sitter activate S-1",
            "booking add --ref B-1 --client C-1 --sitter S-1 --start +1d --end +2d",
            "booking add --ref B-2 --client C-2 --sitter S-1 --start +1d --end +2d",
            "booking add --ref B-3 --client C-2 --start +3d --end +4d",
            "booking confirm B-1 B-2",
            "message send C-1 --key k-1 --body Hello",
            "message send C-2 --key k-2 --body Hello",
            "message send C-2 --key k-3 --body Later --queue-only",
            "optout add C-1 --reason asked",
        ):
            ran = run_cli(url, *line.split(), "--org", slug)
            assert ran.code == 0, (line, ran.err)
        with working(url, org=slug) as uow:
            e164 = f"+1415555010{index}"
            number = uow.cursor.value("SELECT id FROM message_number WHERE e164 = :e", e=e164)
            optout_messages.block_pair(  # and an alert that says so
                uow,
                number_id=number,
                number=e164,
                to_e164=f"+1202555011{index}",
                client_ref="C-2",
                code="30004",
            )
    assert problems(url) == []


def add_replies(url: str) -> None:
    """In both a message came in, was forwarded to Maya, and Maya was asked about a reply."""
    for index, slug in enumerate(("alpha", "beta")):
        words = ("--from", f"+1202555011{index}", "--to", f"+1415555010{index}", "--body", "Hi")
        ran = run_cli(url, "message", "receive", *words, "--org", slug)
        assert ran.code == 0, ran.err
        with working(url, org=slug) as uow:
            for statement in _REPLIES:
                uow.cursor.run(statement, o=uow.org.id)


_REPLIES = (
    (
        "UPDATE inbound_text SET addressed_to = 'sitter', sitter_id = ("
        "SELECT id FROM sitter WHERE org_id = :o AND ref = 'S-1') WHERE org_id = :o"
    ),
    (
        "INSERT INTO relay (message_id, org_id, kind, about_id, sitter_id, number_id)"
        " SELECT (SELECT min(id) FROM message WHERE org_id = :o), :o, 'forward', i.message_id,"
        " i.sitter_id, (SELECT min(id) FROM message_number WHERE org_id = :o)"
        " FROM inbound_text i WHERE i.org_id = :o"
    ),
    (
        "INSERT INTO relay_question (org_id, message_id, sitter_id, client_id, options, asked_at)"
        " SELECT :o, i.message_id, i.sitter_id,"
        " (SELECT min(id) FROM client WHERE org_id = :o), '[]', i.received_at"
        " FROM inbound_text i WHERE i.org_id = :o"
    ),
    (
        "INSERT INTO route_override (org_id, thread_id, client_id, starts_at, until_at, reason,"
        " actor) SELECT :o, t.id, t.client_id, i.received_at,"
        " (SELECT max(ends_at) FROM booking WHERE org_id = :o), 'ill', 'ada'"
        " FROM inbound_text i JOIN message m ON m.id = i.message_id"
        " JOIN thread t ON t.id = m.thread_id WHERE i.org_id = :o"
    ),
    (
        "INSERT INTO import_map (org_id, noun, header, target)"
        " VALUES (:o, 'client', 'handy', 'phone')"
    ),
    ("INSERT INTO import_map (org_id, noun, header, target) VALUES (:o, 'client', 'vermerk', '')"),
    (
        "INSERT INTO number_purchase (org_id, kind, status, provider, e164, class, number_id,"
        " monthly_micros, currency, actor, created_at, ended_at) SELECT :o, 'buy', 'done',"
        " 'sandbox', e164, class, id, 1150000, 'USD', 'ada', created_at, created_at"
        " FROM message_number WHERE id = (SELECT min(id) FROM message_number WHERE org_id = :o)"
    ),
    (
        "INSERT INTO sitter_absence (org_id, sitter_id, starts_at, ends_at, reason, actor,"
        " created_at) SELECT :o, min(s.id), min(i.received_at),"
        " (SELECT max(ends_at) FROM booking WHERE org_id = :o), 'ill', 'ada', min(i.received_at)"
        " FROM sitter s JOIN inbound_text i ON i.org_id = s.org_id WHERE s.org_id = :o"
    ),
    (
        "INSERT INTO media (org_id, message_id, position, status, attempts, created_at)"
        " SELECT :o, i.message_id, 0, 'missing', 0, i.received_at"
        " FROM inbound_text i WHERE i.org_id = :o"
    ),
    (
        "INSERT INTO media (org_id, message_id, position, status, attempts, created_at, source_id)"
        " SELECT :o, r.message_id, 0, 'missing', 0, f.created_at, f.id"
        " FROM relay r JOIN media f ON f.message_id = r.about_id WHERE r.org_id = :o"
    ),
    (
        "INSERT INTO notify_channel (org_id, name, severity, created_at)"
        " SELECT :o, 'ops', 'warning', i.received_at FROM inbound_text i WHERE i.org_id = :o"
    ),
    (
        "INSERT INTO notify_delivery (channel_id, alert_id, org_id, told_at)"
        " SELECT (SELECT min(id) FROM notify_channel WHERE org_id = :o), min(id), :o,"
        " min(opened_at) FROM alert WHERE org_id = :o"
    ),
    (
        "INSERT INTO media_link (org_id, message_id, token_hash, created_at, expires_at)"
        " SELECT :o, f.message_id, 'hash of ' || f.message_id, f.created_at, f.created_at"
        " FROM media f WHERE f.org_id = :o AND f.source_id IS NOT NULL"
    ),
    (
        "INSERT INTO template (org_id, name, created_at)"
        " SELECT :o, 'late', o.created_at FROM org o WHERE o.id = :o"
    ),
    (
        "INSERT INTO template_version (org_id, template_id, version, body, actor, created_at)"
        " SELECT :o, t.id, 1, 'We are late', 'ada', t.created_at FROM template t"
        " WHERE t.org_id = :o"
    ),
    (
        "INSERT INTO message_source (message_id, org_id, reply_to_id, template_version_id)"
        " SELECT (SELECT min(id) FROM message WHERE org_id = :o), :o,"
        " (SELECT min(message_id) FROM inbound_text WHERE org_id = :o), v.id"
        " FROM template_version v WHERE v.org_id = :o"
    ),
    (
        "INSERT INTO call (org_id, provider, provider_call_id, number_id, from_phone, caller,"
        " client_id, sitter_id, addressed_to, code, decision, status, started_at, ended_at,"
        " duration_seconds, voicemail_seconds, message_id) SELECT m.org_id, 'twilio',"
        " m.provider_message_id, m.number_id, m.from_e164, 'client', m.client_id, i.sitter_id,"
        " 'sitter', 'SITTER_RINGS', '{}', 'no_answer', m.created_at, m.created_at, 40, 23, m.id"
        " FROM message m JOIN inbound_text i ON i.message_id = m.id WHERE m.org_id = :o"
    ),
)
KEYS = {
    "audit_event": "seq",
    "inbound_text": "message_id",
    "message_source": "message_id",
    "notify_delivery": "alert_id",
    "relay": "message_id",
}
"""What tells the rows of a table apart that has no `id`."""


class Database:
    """A database to attack, in a transaction that is rolled back when the test ends."""

    def __init__(self, url: str, cursor: Cursor) -> None:
        self.url = url
        self.cursor = cursor
        self.is_sqlite = cursor.is_sqlite

    def refuses(self, sql: str, /, **values: Any) -> str:
        """Run an attack; the words it was refused with."""
        self.cursor.run("SAVEPOINT attack")
        with pytest.raises(Refusals) as refusal:
            self.cursor.run(sql, **values)
        self.cursor.run("ROLLBACK TO SAVEPOINT attack")
        return str(refusal.value)

    def accepts(self, sql: str, /, **values: Any) -> None:
        """Run a statement that only looks like an attack, or that clears the way for one."""
        assert self.cursor.run(sql, **values) > 0

    def row(self, table: str, where: str = "1 = 1", **values: Any) -> dict[str, Any]:
        """The first row that fits; one that ends in `DESC` gives the last."""
        order = KEYS.get(table, "id")
        order = f"{order} DESC" if where.endswith(" DESC") else order
        found = self.cursor.one(
            f"SELECT * FROM {table} WHERE {where.removesuffix(' DESC')} ORDER BY {order} LIMIT 1",
            **values,
        )
        assert found is not None, (table, where)
        return found

    def count(self, table: str, where: str, **values: Any) -> int:
        return int(self.cursor.value(f"SELECT count(*) FROM {table} WHERE {where}", **values))

    def copying(
        self, row: dict[str, Any], table: str, *, verb: str = "INSERT", **changes: Any
    ) -> tuple[str, dict[str, Any]]:
        """An INSERT of a copy of a row, with another id and some values changed."""
        values = {name: value for name, value in row.items() if name != "id"} | changes
        bound = ", ".join(f":{name}" for name in values)
        return f"{verb} INTO {table} ({', '.join(values)}) VALUES ({bound})", values


@pytest.fixture(
    scope="session", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]
)
def world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The URL of two companies, on SQLite, then on PostgreSQL."""
    if request.param == "sqlite":
        url = locate(str(tmp_path_factory.mktemp("world") / "petmsg.db")).url
        build(url)
        add_replies(url)
        yield url
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    name = server.create()
    build(server.url(name))
    add_replies(server.url(name))
    yield server.url(name)
    server.drop(name)


@pytest.fixture
def database(world: str) -> Iterator[Database]:
    """Two companies to attack; what a test changes is gone after it."""
    with suppress(RolledBack), raw(world) as cursor:
        yield Database(world, cursor)
        raise RolledBack


class RolledBack(Exception):
    """Ends a test's transaction without a commit."""


def copied(
    database: Database, table: str, where: str, *, verb: str = "INSERT", **changes: Any
) -> tuple[str, dict[str, Any]]:
    """`Database.copying` of the first row that fits."""
    return database.copying(database.row(table, where), table, verb=verb, **changes)
