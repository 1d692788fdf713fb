"""The plans that PostgreSQL really used, from its own log, and what they cost.

`auto_explain` writes the plan of every statement that was run, those of the ORM and of triggers
among them, with the pages it touched. It does so when the statement is put away, which for the last
one of a connection never happens if that is only closed: it is rolled back before.
"""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest import mock

import psycopg

from tests.support.fixtures import NOW, run_cli
from tests.support.postgres import PostgresServer

BIG = {
    "client", "client_phone", "thread", "booking", "assignment_window", "message",
    "message_attempt", "inbound_text", "audit_event", "call", "media", "alert",
}  # fmt: skip
"""The tables that grow."""
SETTINGS = {
    "session_preload_libraries": "auto_explain",
    "auto_explain.log_min_duration": "0",
    "auto_explain.log_analyze": "on",
    "auto_explain.log_timing": "off",
    "auto_explain.log_buffers": "on",
    "auto_explain.log_nested_statements": "on",
    "auto_explain.log_format": "json",
}
Plan = dict[str, Any]


class Watched:
    """A company in a database whose plans are logged."""

    def __init__(self, server: PostgresServer, url: str) -> None:
        self.url = url
        self._logs, self._admin = server.folder, server.admin
        name = url.rpartition("/")[2]
        for setting, value in SETTINGS.items():
            server.admin.execute(f"ALTER DATABASE {name} SET {setting} = '{value}'")

    def plans(self, line: str, *, now: datetime = NOW, may_fail: bool = False) -> list[Plan]:
        """The plans of all statements of a command."""

        def run() -> None:
            ran = run_cli(self.url, *line.split(), now=now)
            assert ran.code == 0 or may_fail, (line, ran.err)

        return self.logged(run)

    def logged(self, act: Callable[[], object]) -> list[Plan]:
        """The plans of what was done meanwhile."""
        log = max(self._logs.glob("log-*"))
        before, backends = log.stat().st_size, self._backends()
        with _rolled_back_when_closed():
            act()
        deadline = time.monotonic() + 10
        while self._backends() > backends and time.monotonic() < deadline:
            time.sleep(0.01)  # whoever is still there may log
        found = list(_plans(log, before))
        assert found, "nothing was logged"
        return found

    def _backends(self) -> int:
        """How many connections the database has."""
        sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s"
        row = self._admin.execute(sql, [self.url.rpartition("/")[2]]).fetchone()
        return int(row[0])


@contextmanager
def _rolled_back_when_closed() -> Iterator[None]:
    close = psycopg.Connection.close

    def roll_back_and_close(connection: psycopg.Connection) -> None:
        if not connection.closed:
            connection.rollback()
        close(connection)

    with mock.patch.object(psycopg.Connection, "close", roll_back_and_close):
        yield


def _plans(log: Path, offset: int) -> Iterator[Plan]:
    decoder = json.JSONDecoder(strict=False)
    for piece in log.read_bytes()[offset:].decode().split(" plan:\n")[1:]:
        plan, _ = decoder.raw_decode(piece.lstrip())
        yield plan


def nodes(plan: Plan) -> Iterator[Plan]:
    """The node and all below it."""
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)


def scans(plans: list[Plan]) -> list[str]:
    """The big tables that are read from end to end, each with its statement."""
    return [f"{table}: {' '.join(text.split())[:200]}" for table, text in _scans(plans)]


def scanned(plans: list[Plan]) -> set[str]:
    """The big tables that are read from end to end."""
    return {table for table, _ in _scans(plans)}


def _scans(plans: list[Plan]) -> Iterator[tuple[str, str]]:
    for plan in plans:
        for node in nodes(plan["Plan"]):
            if node["Node Type"] == "Seq Scan" and node["Relation Name"] in BIG:
                yield node["Relation Name"], plan["Query Text"]


def rows_read(plans: list[Plan]) -> int:
    """How many rows the steps of the plans gave or threw away."""
    return sum(
        (node["Actual Rows"] + node.get("Rows Removed by Join Filter", 0)) * node["Actual Loops"]
        for plan in plans
        for node in nodes(plan["Plan"])
    )


def pages(plans: list[Plan]) -> int:
    """How many pages the statements touched."""
    return sum(
        plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"] for plan in plans
    )
