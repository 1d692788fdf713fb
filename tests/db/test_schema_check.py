"""`db check`: silent about a migrated database, and not about one that somebody changed."""

from __future__ import annotations

import psycopg
import pytest

from petmsg.db import migrate
from petmsg.db.location import locate
from tests.support.fixtures import run_cli
from tests.support.migration_support import dump, fill_and_merge, run, upgrade
from tests.support.postgres import Copies

ANYWHERE = {
    "DROP INDEX ix_message_due": "index ix_message_due of message is missing",
    "CREATE INDEX ix_mine ON org (name)": "index ix_mine of org is not petmsg's",
    "ALTER TABLE org ADD COLUMN mine INTEGER": "column org.mine is not petmsg's",
    "ALTER TABLE org DROP COLUMN is_demo": "column org.is_demo is missing",
    "DROP TABLE ref_counter": "table ref_counter is missing",
    "DROP INDEX uq_client_phone_primary;"
    "CREATE UNIQUE INDEX uq_client_phone_primary ON client_phone (client_id)": (
        "index uq_client_phone_primary of client_phone covers the wrong rows"
    ),
}
SQLITE = {
    "DROP TRIGGER thread_no_delete": "trigger thread_no_delete of thread is missing",
    "DROP TRIGGER audit_event_no_delete;CREATE TRIGGER audit_event_no_delete BEFORE DELETE"
    " ON audit_event BEGIN SELECT 1\\; END": (
        "trigger audit_event_no_delete of audit_event is not as petmsg made it"
    ),
    "CREATE TABLE mine (id INTEGER)": "table mine is not petmsg's",
}
POSTGRESQL = {
    "DROP TRIGGER thread_no_delete ON thread": "trigger thread_no_delete of thread is missing",
    "ALTER TABLE audit_event DISABLE TRIGGER audit_event_no_update": (
        "trigger audit_event_no_update of audit_event is not as petmsg made it"
    ),
    "CREATE OR REPLACE FUNCTION petmsg_refuse() RETURNS trigger LANGUAGE plpgsql"
    " AS 'BEGIN RETURN NEW\\; END'": "function petmsg_refuse is not as petmsg made it",
    "ALTER TABLE booking DROP CONSTRAINT ck_booking_span": (
        "check ck_booking_span of booking is missing"
    ),
    "ALTER TABLE booking DROP CONSTRAINT fk_booking_org_id_sitter_id": (
        "foreign key fk_booking_org_id_sitter_id of booking is missing"
    ),
    "ALTER TABLE org DROP CONSTRAINT uq_org_slug": "constraint uq_org_slug of org is missing",
    "ALTER TABLE org ALTER COLUMN name DROP NOT NULL": "nullable of org.name is True, not False",
}


def vandalise(url: str, statements: str) -> None:
    run(url, *split(statements))


def split(statements: str) -> list[str]:
    """The statements between semicolons that no backslash precedes."""
    return [part.replace("\0", ";") for part in statements.replace("\\;", "\0").split(";")]


def test_a_migrated_database_is_as_it_should_be(migrated_url: str) -> None:
    before = dump(migrated_url)
    assert migrate.check(migrated_url) == []
    assert migrate.compare(migrated_url) == []
    assert dump(migrated_url) == before


def test_so_is_one_that_was_merged_and_went_down_and_up(database_copies: Copies) -> None:
    url = database_copies("merged", fill_and_merge)
    migrate.downgrade(url, "0001")
    upgrade(url)
    assert migrate.check(url) == []
    assert migrate.compare(url) == []


@pytest.mark.postgres
@pytest.mark.parametrize("verb", ["DISABLE", "ENABLE REPLICA"])
def test_foreign_keys_that_nobody_enforces_are_named(postgres_template: Copies, verb: str) -> None:
    """As a superuser leaves them who loaded rows in any order."""
    url = postgres_template("migrated", upgrade)
    with psycopg.connect(locate(url).dsn or "", user="postgres") as connection:
        found = connection.execute(
            "SELECT tgname FROM pg_trigger WHERE tgisinternal AND tgrelid = 'media_link'::regclass"
        ).fetchall()
        for (name,) in found:
            connection.execute(f'ALTER TABLE media_link {verb} TRIGGER "{name}"')
    complaint = (
        "1 foreign key from or to media_link not enforced, because triggers are disabled:"
        " ALTER TABLE media_link ENABLE TRIGGER ALL"
    )
    assert migrate.check(url) == [complaint]
    with psycopg.connect(locate(url).dsn or "", user="postgres") as connection:
        for (name,) in found:
            connection.execute(f'ALTER TABLE media_link ENABLE TRIGGER "{name}"')
    assert migrate.check(url) == []


@pytest.mark.postgres
def test_all_triggers_of_a_table_that_are_disabled_are_named(postgres_template: Copies) -> None:
    url = postgres_template("migrated", upgrade)
    for verb in ("DISABLE", "ENABLE"):
        with psycopg.connect(locate(url).dsn or "", user="postgres") as connection:
            connection.execute(f"ALTER TABLE thread {verb} TRIGGER ALL")
        found = migrate.check(url)
        if verb == "DISABLE":
            (keys, *triggers) = found
            assert "to thread not enforced" in keys
            assert "trigger thread_no_delete of thread is not as petmsg made it" in triggers
            ran = run_cli(url, "doctor", "--findings", "-o", "json")
            assert any(keys in str(row) for row in ran.json)
    assert found == []


@pytest.mark.parametrize(("statements", "complaint"), (ANYWHERE | SQLITE).items())
def test_each_difference_is_named_on_sqlite(
    migrated_sqlite: str, statements: str, complaint: str
) -> None:
    vandalise(migrated_sqlite, statements)
    assert migrate.check(migrated_sqlite) == [complaint]


@pytest.mark.postgres
@pytest.mark.parametrize(("statements", "complaint"), (ANYWHERE | POSTGRESQL).items())
def test_each_difference_is_named_on_postgresql(
    postgres_template: Copies, statements: str, complaint: str
) -> None:
    url = postgres_template("migrated", upgrade)
    vandalise(url, statements)
    assert migrate.check(url) == [complaint]


def test_the_old_shape_is_a_difference(database_url: str) -> None:
    upgrade(database_url, "0001")
    found = migrate.check(database_url)
    assert found[0] == f"the schema is at 0001, not at {migrate.head()}"
    assert "column thread.booking_id is not petmsg's" in found
    assert not any("trigger" in difference for difference in found)


def test_an_empty_database_holds_no_tables(migrated_url: str) -> None:
    migrate.downgrade(migrated_url, "base")
    assert migrate.check(migrated_url) == ["the database holds no petmsg tables"]


@pytest.mark.postgres
def test_other_programs_tables_on_a_server_are_not_our_business(postgres_template: Copies) -> None:
    url = postgres_template("migrated", upgrade)
    run(url, "CREATE TABLE theirs (id INTEGER)")
    assert migrate.check(url) == []
