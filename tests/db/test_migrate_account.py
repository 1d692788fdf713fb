"""The move to 0009: columns and a table are added, and nothing that was there is lost."""

import pytest
from sqlalchemy import text

from petmsg.db import migrate
from petmsg.db.schema_version import HEAD
from tests.db.test_migrate_company import fill_0007
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

BEFORE = "0008_company"
HERE = "0009_account"


def fill_0008(url: str) -> None:
    """A company at 0008 with a country, a calendar, a header map and an absence."""
    fill_0007(url)
    upgrade(url, BEFORE)
    run_all(
        url,
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
    )


def run_all(url: str, *statements: str) -> None:
    """Run statements, each of which must change something."""
    with begun(url) as connection:
        for statement in statements:
            values = {"at": at(3), "later": at(9), "yes": True}
            given = {name: value for name, value in values.items() if f":{name}" in statement}
            assert connection.execute(text(statement), given).rowcount > 0


@pytest.fixture
def filled(database_copies: Copies) -> str:
    return database_copies("0008", fill_0008)


def test_nothing_is_lost_or_changed_that_was_there(filled: str) -> None:
    columns = columns_of(filled)
    before = contents(filled, columns)
    upgrade(filled, HERE)
    assert contents(filled, columns) == before
    assert broken_links(filled) == []
    assert rows(filled, "SELECT DISTINCT twilio_account FROM org") == [(None,)]
    assert rows(filled, "SELECT DISTINCT price_micros, price_currency FROM message") == [
        (None, None)
    ]
    assert rows(
        filled,
        "SELECT DISTINCT provider_number_id, messaging_service, voice FROM message_number",
    ) == [(None, None, None)]
    assert rows(filled, "SELECT DISTINCT provider, account FROM pull_mark") == [("twilio", "")]
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


def test_on_the_way_down_the_new_table_and_columns_are_dropped(filled: str) -> None:
    before = gist(filled)
    upgrade(filled, HERE)
    here = gist(filled)
    run_all(
        filled,
        "UPDATE org SET twilio_account = 'main'",
        (
            "UPDATE message_number SET provider_number_id = 'PN1', messaging_service = 'MG1',"
            " voice = :yes"
        ),
        "UPDATE message SET price_micros = 7900, price_currency = 'USD'",
        (
            "INSERT INTO number_purchase (id, org_id, kind, status, provider, account, e164, class,"
            " number_id, monthly_micros, currency, actor, created_at, ended_at) SELECT 1, org_id,"
            " 'buy', 'done', 'twilio', 'main', e164, class, id, 1150000, 'USD', 'ada', :at, :later"
            " FROM message_number WHERE id = 1"
        ),
    )
    run_all(
        filled,
        "INSERT INTO pull_mark (provider, account, pulled_until) VALUES ('twilio', 'main', :later)",
    )
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
