"""The move to 0007, which makes a table again: settings, an operator's own parts, the way down."""

from functools import partial

import pytest

from petmsg.db import migrate
from petmsg.db.schema_version import HEAD
from tests.support.filled_revisions import direct, fill
from tests.support.migration_support import rows, run, upgrade
from tests.support.postgres import Copies

BEFORE = "0006_pictures"
HERE = "0007_voices"


def add_own_parts(url: str) -> None:
    """An operator's own index, view and trigger of the table that is created again."""
    run(
        url,
        "CREATE INDEX ours_by_kind ON relay (kind, org_id)",
        "CREATE VIEW ours AS SELECT kind, count(*) AS messages FROM relay GROUP BY kind",
    )
    if url.startswith("sqlite"):
        run(
            url,
            "CREATE TABLE ours_seen (message_id INTEGER)",
            "CREATE TRIGGER ours_new AFTER INSERT ON relay BEGIN"
            " INSERT INTO ours_seen VALUES (new.message_id); END",
        )


@pytest.fixture
def filled(database_copies: Copies) -> str:
    return database_copies("filled 0006", partial(fill, revision=BEFORE))


KINDS = "SELECT kind, count(*) FROM relay GROUP BY kind ORDER BY kind"
AT_FIRST = [("auto_reply", 1), ("forward", 1), ("notice", 1), ("reply", 1)]


@pytest.mark.parametrize("way", ["up", "down"])
def test_an_operators_own_parts_of_the_table_are_kept(filled: str, way: str) -> None:
    add_own_parts(filled)
    upgrade(filled, HERE)
    if way == "down":
        migrate.downgrade(filled, BEFORE)
    assert rows(filled, "SELECT kind, messages FROM ours ORDER BY kind") == AT_FIRST
    if filled.startswith("sqlite"):
        named = "SELECT name FROM sqlite_master WHERE tbl_name = 'relay' AND name LIKE 'ours%'"
        assert sorted(rows(filled, named)) == [("ours_by_kind",), ("ours_new",)]
        assert rows(filled, "SELECT count(*) FROM ours_seen") == [(0,)], "a copy is no new row"
        direct(filled, 41, "queued", kind="notice")
        assert rows(filled, "SELECT message_id FROM ours_seen") == [(41,)]
    else:
        indexes = "SELECT indexname FROM pg_indexes WHERE tablename = 'relay'"
        assert ("ours_by_kind",) in rows(filled, indexes)


def test_settings_begin_as_they_were(filled: str) -> None:
    """No lead, the usual times of unanswered messages, and nobody chose a number."""
    upgrade(filled, HERE)
    assert rows(filled, "SELECT DISTINCT lead_minutes, unanswered_minutes FROM org") == [(0, None)]
    assert rows(filled, "SELECT DISTINCT lead_minutes FROM booking") == [(None,)]
    assert rows(filled, "SELECT DISTINCT voice FROM message") == [(None,)]


@pytest.mark.parametrize("voice", ["desk", "reply"])
def test_on_the_way_down_what_a_person_chose_a_number_for_is_not_sent(
    filled: str, voice: str
) -> None:
    """0006 would send it from the sitter's number."""
    upgrade(filled, HERE)
    states = ("queued", "held", "failed", "sent", "delivered", "cancelled")
    for id_, status in enumerate(states, 51):
        direct(filled, id_, status, kind=None, voice=voice)
    direct(filled, 61, "queued", kind=None)
    migrate.downgrade(filled, BEFORE)
    found = rows(filled, "SELECT status, due_at FROM message WHERE id BETWEEN 51 AND 56 ORDER BY 1")
    assert [status for status, _ in found] == [*["cancelled"] * 4, "delivered", "sent"]
    assert {due_at for _, due_at in found} == {None}
    ((status, due_at),) = rows(filled, "SELECT status, due_at FROM message WHERE id = 61")
    assert status == "queued"
    assert due_at is not None


def test_on_the_way_down_messages_to_staff_and_strangers_keep_their_rows(filled: str) -> None:
    upgrade(filled, HERE)
    direct(filled, 51, "sent", kind="staff")
    direct(filled, 52, "queued", kind="answer")
    migrate.downgrade(filled, BEFORE)
    assert rows(filled, KINDS) == [("auto_reply", 2), ("forward", 1), ("notice", 2), ("reply", 1)]
    columns = "message_id, about_id, sitter_id, number_id"
    assert rows(filled, f"SELECT {columns} FROM relay WHERE message_id > 50 ORDER BY 1") == [
        (51, None, 1, None),
        (52, 11, None, 1),
    ]
    upgrade(filled, HERE)
    upgrade(filled, HEAD)
    assert migrate.check(filled) == []
