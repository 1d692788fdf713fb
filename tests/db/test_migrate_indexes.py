"""The move to 0011: indexes are added and dropped, and no row changes."""

import pytest

from petmsg.db import migrate
from petmsg.db.schema_version import HEAD
from petmsg.models import metadata
from tests.db.test_migrate_calls import fill_0009
from tests.support.migration_support import columns_of, contents, failed_everywhere, gist, upgrade
from tests.support.postgres import Copies

BEFORE = "0010_calls"
HERE = "0011_indexes"


def fill_0010(url: str) -> None:
    """A company at 0010."""
    fill_0009(url)
    upgrade(url, BEFORE)


@pytest.fixture
def filled(database_copies: Copies) -> str:
    return database_copies("0010", fill_0010)


def test_both_ways_change_no_row(filled: str) -> None:
    columns = columns_of(filled)
    rows, before = contents(filled, columns), gist(filled)
    upgrade(filled, HERE)
    here = gist(filled)
    assert contents(filled, columns) == rows
    assert migrate.downgrade(filled, BEFORE, tables=metadata.tables).lost == []
    assert (contents(filled, columns), gist(filled)) == (rows, before)
    upgrade(filled, HERE)
    assert gist(filled) == here
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
