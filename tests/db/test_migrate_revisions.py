"""Every revision since 0003: up, down, and up again, with rows in all that it adds.

The rows are those of `tests/support/filled_revisions.py`. What is particular to a revision has a
file of its own, `test_migrate_NAME.py`.
"""

from functools import partial

import pytest

from petmsg.db import migrate
from petmsg.db.schema_version import HEAD, REVISIONS
from tests.support.filled_revisions import FIRST, NEW_ROWS, empty_tables, fill_from, run_all
from tests.support.migration_support import (
    broken_links,
    columns_of,
    contents,
    failed_everywhere,
    gist,
    rows,
    upgrade,
)
from tests.support.postgres import Copies

STEPS = REVISIONS[REVISIONS.index(FIRST) + 1 :]
BEFORE = dict(zip(STEPS, REVISIONS[REVISIONS.index(FIRST) :], strict=False))
"""The revision before each."""
AT_LEAST = {"0003_sending": 30, "0004_replies": 15}
"""How many statements a revision has at least that creates tables and moves rows."""

each_revision = pytest.mark.parametrize("revision", STEPS)


def filled(copies: Copies, revision: str) -> str:
    """A copy of a company at this revision."""
    return copies(f"filled {revision}", partial(fill_from, revision=revision))


@pytest.mark.parametrize("revision", REVISIONS)
def test_every_table_has_a_row_that_is_moved(database_copies: Copies, revision: str) -> None:
    """A revision that adds a table adds its rows to `NEW_ROWS`."""
    assert empty_tables(filled(database_copies, revision)) == set()


@each_revision
def test_nothing_is_lost_or_changed_that_was_there(database_copies: Copies, revision: str) -> None:
    url = filled(database_copies, BEFORE[revision])
    columns = columns_of(url)
    before = contents(url, columns)
    upgrade(url, revision)
    assert contents(url, columns) == before
    assert broken_links(url) == []
    upgrade(url, HEAD)
    assert migrate.check(url) == []


@each_revision
def test_down_and_up_again_gives_the_same(database_copies: Copies, revision: str) -> None:
    """Rows in the new tables and columns are dropped with these."""
    url = filled(database_copies, BEFORE[revision])
    before = gist(url)
    upgrade(url, revision)
    here = gist(url)
    run_all(url, *NEW_ROWS.get(revision, ()))
    assert migrate.downgrade(url, BEFORE[revision]) == migrate.Migrated(revision, BEFORE[revision])
    assert gist(url) == before
    upgrade(url, revision)
    assert gist(url) == here


@pytest.mark.slow
@pytest.mark.parametrize("way", ["up", "down"])
@each_revision
def test_a_failure_after_any_statement_leaves_everything_as_it_was(
    database_copies: Copies, revision: str, way: str
) -> None:
    if way == "up":
        url = filled(database_copies, BEFORE[revision])
        statements = failed_everywhere(url, lambda: upgrade(url, revision))
    else:
        url = filled(database_copies, revision)
        statements = failed_everywhere(url, lambda: migrate.downgrade(url, BEFORE[revision]))
    assert len(statements) > AT_LEAST.get(revision, 1)
    assert statements[-1] == "COMMIT"


def test_the_oldest_shape_with_rows_comes_all_the_way(database_copies: Copies) -> None:
    """Each revision is a stop: its audit chains are whole."""
    url = filled(database_copies, REVISIONS[0])
    upgrade(url, FIRST, merge_duplicate_threads=True)
    for revision in STEPS:
        upgrade(url, revision)
        assert broken_links(url) == [], revision
    assert migrate.check(url) == []
    assert rows(url, "SELECT DISTINCT lead_minutes FROM org") == [(0,)]
    windows = (
        "SELECT count(*) FROM assignment_window w JOIN booking b ON b.id = w.booking_id"
        " WHERE w.starts_at <> b.starts_at"
    )
    assert rows(url, windows) == [(0,)]
