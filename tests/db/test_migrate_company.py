"""The move to 0008: columns and tables are added, and nothing that was there is lost."""

import pytest
from sqlalchemy import text

from petmsg.db import migrate
from petmsg.db.schema_version import HEAD
from tests.db.test_migrate_voices import fill_0006
from tests.support.migration_support import (
    at,
    begun,
    broken_links,
    columns_of,
    contents,
    failed_everywhere,
    fill_old_shape,
    gist,
    rows,
    upgrade,
)
from tests.support.postgres import Copies

BEFORE = "0007_voices"
HERE = "0008_company"


def fill_0007(url: str) -> None:
    """A company at 0007 with lead times, an override and a notification channel."""
    fill_0006(url)
    upgrade(url, BEFORE)
    with begun(url) as connection:
        for statement in (
            "UPDATE org SET lead_minutes = 30",
            "UPDATE booking SET lead_minutes = 45",
            (
                "INSERT INTO route_override (id, org_id, thread_id, client_id, starts_at, until_at,"
                " reason, actor) SELECT 1, org_id, id, client_id, :at, :later, 'complaint', 'ada'"
                " FROM thread WHERE org_id = 1 ORDER BY id LIMIT 1"
            ),
        ):
            values = {"at": at(3), "later": at(9)}
            given = {name: value for name, value in values.items() if f":{name}" in statement}
            assert connection.execute(text(statement), given).rowcount > 0


@pytest.fixture
def filled(database_copies: Copies) -> str:
    return database_copies("0007", fill_0007)


def test_nothing_is_lost_or_changed_that_was_there(filled: str) -> None:
    columns = columns_of(filled)
    before = contents(filled, columns)
    upgrade(filled, HERE)
    assert contents(filled, columns) == before
    assert broken_links(filled) == []
    assert rows(filled, "SELECT DISTINCT country FROM org") == [(None,)]
    assert rows(filled, "SELECT DISTINCT feed FROM booking") == [(None,)]
    upgrade(filled, HEAD)
    assert migrate.check(filled) == []


@pytest.mark.slow
@pytest.mark.parametrize("way", ["up", "down"])
def test_a_failure_after_any_statement_leaves_everything_as_it_was(filled: str, way: str) -> None:
    if way == "up":
        statements = failed_everywhere(filled, lambda: upgrade(filled, HERE))
    else:
        upgrade(filled, HERE)
        statements = failed_everywhere(filled, lambda: migrate.downgrade(filled, BEFORE))
    assert statements[-1] == "COMMIT"


def test_on_the_way_down_rows_of_every_new_table_and_column_are_dropped(filled: str) -> None:
    before = gist(filled)
    upgrade(filled, HERE)
    here = gist(filled)
    with begun(filled) as connection:
        for statement in (
            "UPDATE org SET country = 'US'",
            "UPDATE booking SET feed = 'Visits'",
            (
                "INSERT INTO import_map (id, org_id, noun, header, target)"
                " VALUES (1, 1, 'client', 'owner', 'name')"
            ),
            (
                "INSERT INTO sitter_absence (id, org_id, sitter_id, starts_at, ends_at, reason,"
                " actor, created_at) VALUES (1, 1, 1, :at, :later, 'ill', 'ada', :at)"
            ),
        ):
            values = {"at": at(3), "later": at(9)}
            given = {name: value for name, value in values.items() if f":{name}" in statement}
            assert connection.execute(text(statement), given).rowcount > 0
    migrate.downgrade(filled, BEFORE)
    assert gist(filled) == before
    upgrade(filled, HERE)
    assert gist(filled) == here


def test_the_oldest_shape_with_rows_comes_all_the_way(database_copies: Copies) -> None:
    url = database_copies("0001 in its old shape", fill_old_shape)
    upgrade(url, HERE, merge_duplicate_threads=True)
    assert broken_links(url) == []
    upgrade(url, HEAD)
    assert migrate.check(url) == []
