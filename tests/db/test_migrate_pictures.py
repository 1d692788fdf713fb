"""The move to 0006: columns and tables are added, and nothing that was there is lost."""

import pytest

from petmsg.db import migrate
from tests.db.test_migrate_replies import fill_0004
from tests.support.migration_support import (
    broken_links,
    columns_of,
    contents,
    failed_everywhere,
    gist,
    upgrade,
)
from tests.support.postgres import Copies

BEFORE = "0005_safeguards"
HERE = "0006_pictures"


def fill_0005(url: str) -> None:
    fill_0004(url)
    upgrade(url, BEFORE)


@pytest.fixture
def filled(database_copies: Copies) -> str:
    return database_copies("0005", fill_0005)


def test_nothing_is_lost_or_changed_that_was_there(filled: str) -> None:
    columns = columns_of(filled)
    before = contents(filled, columns)
    upgrade(filled, HERE)
    assert contents(filled, columns) == before
    assert broken_links(filled) == []


def test_down_and_up_again_gives_the_same(filled: str) -> None:
    before = gist(filled)
    upgrade(filled, HERE)
    here = gist(filled)
    assert migrate.downgrade(filled, BEFORE) == migrate.Migrated(HERE, BEFORE)
    assert gist(filled) == before
    upgrade(filled, HERE)
    assert gist(filled) == here


@pytest.mark.slow
@pytest.mark.parametrize("way", ["up", "down"])
def test_a_failure_after_any_statement_leaves_everything_as_it_was(filled: str, way: str) -> None:
    if way == "up":
        statements = failed_everywhere(filled, lambda: upgrade(filled, HERE))
    else:
        upgrade(filled, HERE)
        statements = failed_everywhere(filled, lambda: migrate.downgrade(filled, BEFORE))
    assert statements[-1] == "COMMIT"
