"""Healthy is a database that webhooks can be stored in now."""

import sqlite3
from contextlib import closing
from pathlib import Path

from petmsg.db.backup_mark import mark
from petmsg.db.location import locate
from petmsg.workflows.health import why_unhealthy
from tests.support.fixtures import NOW, Cli, add_org


def read_only(url: str) -> str:
    """The address of the same database, with which nobody may write."""
    if url.startswith("sqlite"):
        return f"{url}?mode=ro"
    return f"{url}{'&' if '?' in url else '?'}options=-cdefault_transaction_read_only%3Don"


def test_a_database_that_takes_changes_is_healthy(migrated_url: str) -> None:
    add_org(migrated_url)
    assert why_unhealthy(locate(migrated_url)) is None


def test_one_that_takes_none_is_not(migrated_url: str) -> None:
    add_org(migrated_url)
    assert why_unhealthy(locate(read_only(migrated_url))) == "database_read_only"


def test_one_of_an_older_schema_is_not(cli: Cli, migrated_url: str) -> None:
    assert cli("db", "downgrade", "0010", "--no-backup", "--yes").code == 0
    assert why_unhealthy(locate(migrated_url)) == "schema_behind"


def test_one_that_is_gone_is_not(tmp_path: Path) -> None:
    assert why_unhealthy(locate(str(tmp_path / "none.db"))) == "database_missing"


def test_a_restored_backup_is_healthy_once_its_messages_were_reviewed(
    sqlite_cli: Cli, migrated_sqlite: str
) -> None:
    add_org(migrated_sqlite)
    location = locate(migrated_sqlite)
    assert location.path is not None
    with closing(sqlite3.connect(location.path)) as connection:
        mark(connection, NOW)
        connection.commit()
    assert why_unhealthy(location) == "backup_not_restored"
    assert sqlite_cli("db", "restored").code == 0
    assert why_unhealthy(location) is None
