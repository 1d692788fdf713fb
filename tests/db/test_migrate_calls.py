"""The move to 0010: columns and a table are added, and nothing that was there is lost."""

import pytest

from petmsg.db import migrate
from petmsg.db.schema_version import HEAD
from petmsg.errors import DataWouldBeLost
from petmsg.models import metadata
from tests.db.test_migrate_account import fill_0008, run_all
from tests.support.migration_support import (
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

BEFORE = "0009_account"
HERE = "0010_calls"


def fill_0009(url: str) -> None:
    """A company at 0009 with an account, prices and a number that was bought."""
    fill_0008(url)
    upgrade(url, BEFORE)
    run_all(
        url,
        "UPDATE org SET twilio_account = 'main'",
        "UPDATE message_number SET provider_number_id = 'PN1', voice = :yes",
        "UPDATE message SET price_micros = 7900, price_currency = 'USD'",
        (
            "INSERT INTO number_purchase (id, org_id, kind, status, provider, account, e164, class,"
            " number_id, monthly_micros, currency, actor, created_at, ended_at) SELECT 1, org_id,"
            " 'buy', 'done', 'twilio', 'main', e164, class, id, 1150000, 'USD', 'ada', :at, :later"
            " FROM message_number WHERE id = 1"
        ),
    )


@pytest.fixture
def filled(database_copies: Copies) -> str:
    return database_copies("0009", fill_0009)


def test_nothing_is_lost_or_changed_that_was_there(filled: str) -> None:
    columns = columns_of(filled)
    before = contents(filled, columns)
    upgrade(filled, HERE)
    assert contents(filled, columns) == before
    assert broken_links(filled) == []
    settings = (
        "SELECT DISTINCT desk_phone, voicemail, greeting, ring_seconds, missed_call_reply,"
        " calls_per_hour FROM org"
    )
    assert rows(filled, settings) == [(None, False, None, 20, None, 20)]
    assert rows(filled, "SELECT DISTINCT is_call FROM stray_text") == [(False,)]
    assert rows(filled, "SELECT count(*) FROM call") == [(0,)]
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
        (
            "UPDATE org SET desk_phone = '+12125550100', voicemail = :yes, greeting = 'Hello',"
            " ring_seconds = 25, missed_call_reply = 'We missed you', calls_per_hour = 9"
        ),
        "UPDATE stray_text SET is_call = :yes",
        (
            "INSERT INTO call (id, org_id, provider, provider_call_id, number_id, from_phone,"
            " caller, client_id, addressed_to, code, decision, status, started_at, ended_at,"
            " duration_seconds, message_id) SELECT 1, m.org_id, 'twilio', 'CA1', n.id,"
            " '+14155550001', 'client', m.client_id, 'front_desk', 'NO_ACTIVE_WINDOW', '{}',"
            " 'no_answer', :at, :later, 21, m.id FROM message m JOIN message_number n ON n.id = 1"
            " WHERE m.id = 1"
        ),
    )
    with pytest.raises(DataWouldBeLost, match="1 row of call"):
        migrate.downgrade(filled, BEFORE, tables=metadata.tables)
    lost = migrate.downgrade(filled, BEFORE, tables=metadata.tables, discard_data=True).lost
    assert {(each.table, each.column) for each in lost} == {
        ("call", None),
        ("org", "calls_per_hour"),
        ("org", "desk_phone"),
        ("org", "greeting"),
        ("org", "missed_call_reply"),
        ("org", "ring_seconds"),
        ("org", "voicemail"),
        ("stray_text", "is_call"),
    }
    assert gist(filled) == before
    upgrade(filled, HERE)
    assert gist(filled) == here


def test_the_oldest_shape_with_rows_comes_all_the_way(database_copies: Copies) -> None:
    url = database_copies("0001 in its old shape", fill_old_shape)
    upgrade(url, HERE, merge_duplicate_threads=True)
    assert broken_links(url) == []
    upgrade(url, HEAD)
    assert migrate.check(url) == []
