"""The move to 0010: nobody is rung yet, and a downgrade names the calls that would be lost."""

from functools import partial

import pytest

from petmsg.db import migrate
from petmsg.errors import DataWouldBeLost
from petmsg.models import metadata
from tests.support.filled_revisions import fill
from tests.support.migration_support import rows, upgrade
from tests.support.postgres import Copies

BEFORE = "0009_account"
HERE = "0010_calls"


def test_settings_begin_as_they_were(database_copies: Copies) -> None:
    url = database_copies("filled 0009", partial(fill, revision=BEFORE))
    upgrade(url, HERE)
    settings = (
        "SELECT DISTINCT desk_phone, voicemail, greeting, ring_seconds, missed_call_reply,"
        " calls_per_hour FROM org"
    )
    assert rows(url, settings) == [(None, False, None, 20, None, 20)]
    assert rows(url, "SELECT DISTINCT is_call FROM stray_text") == [(False,)]
    assert rows(url, "SELECT count(*) FROM call") == [(0,)]


def test_on_the_way_down_the_new_table_and_columns_are_dropped(database_copies: Copies) -> None:
    url = database_copies("filled 0010", partial(fill, revision=HERE))
    with pytest.raises(DataWouldBeLost, match="1 row of call"):
        migrate.downgrade(url, BEFORE, tables=metadata.tables)
    lost = migrate.downgrade(url, BEFORE, tables=metadata.tables, discard_data=True).lost
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
