"""The move to 0007: columns and tables are added, and nothing that was there is lost."""

import pytest
from sqlalchemy import text

from petmsg.db import migrate
from petmsg.db.schema_version import HEAD
from tests.db.test_migrate_pictures import fill_0005
from tests.db.test_migrate_replies import DIRECT
from tests.support.migration_support import (
    Book,
    at,
    begun,
    broken_links,
    columns_of,
    contents,
    failed_everywhere,
    fill_old_shape,
    gist,
    rows,
    run,
    upgrade,
)
from tests.support.postgres import Copies

BEFORE = "0006_pictures"
HERE = "0007_voices"


def direct(url: str, id_: int, status: str, *, kind: str | None, **voice: str) -> None:
    """A message that petmsg or a person wrote; of a `kind` outside any thread, with its relay
    row."""
    columns = "".join(f", {name}" for name in voice)
    values = "".join(f", '{word}'" for word in voice.values())
    with begun(url) as connection:
        connection.execute(
            text(
                f"{DIRECT} actor, created_at, send_at, due_at, urgent{columns}) VALUES (:id, 1,"
                " 'outbound', :status, 'Hi', '+14155552001', 1, 0, 'ada', :at, :at, :due, :urgent"
                f"{values})"
            ),
            {"id": id_, "status": status, "at": at(1), "urgent": False,
             "due": at(1) if status == "queued" else None},
        )  # fmt: skip
        if kind is not None:
            connection.execute(
                text(
                    "INSERT INTO relay (message_id, org_id, kind, about_id, sitter_id, number_id)"
                    " VALUES (:id, 1, :kind, :about, :sitter, :number)"
                ),
                {
                    "id": id_,
                    "kind": kind,
                    "about": None if kind == "staff" else 11,
                    "sitter": None if kind in ("auto_reply", "answer") else 1,
                    "number": 1 if kind in ("auto_reply", "answer") else None,
                },
            )


def fill_0006(url: str) -> None:
    """A company at 0006 with a relayed message of each kind, a done alert and an open one, and a
    confirmed booking."""
    fill_0005(url)
    upgrade(url, BEFORE)
    for id_, kind in ((31, "reply"), (32, "notice"), (33, "auto_reply")):
        direct(url, id_, "queued", kind=kind)
    with begun(url) as connection:
        for id_, done_at in ((71, None), (72, at(3))):
            connection.execute(
                text(
                    "INSERT INTO alert (id, org_id, severity, kind, entity, ref, message, count,"
                    " opened_at, last_at, done_at, done_by) VALUES (:id, 1, 'warning',"
                    " 'message_held', 'message', '21', 'held', 1, :at, :at, :done_at, :done_by)"
                ),
                {"id": id_, "at": at(2), "done_at": done_at, "done_by": done_at and "ada"},
            )
        book = Book(connection)
        book.booking(1, 1)
        book.window(1, 1, 1)


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
    return database_copies("0006", fill_0006)


def test_nothing_is_lost_or_changed_that_was_there(filled: str) -> None:
    columns = columns_of(filled)
    before = contents(filled, columns)
    upgrade(filled, HERE)
    assert contents(filled, columns) == before
    assert broken_links(filled) == []
    upgrade(filled, HEAD)
    assert migrate.check(filled) == []


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


def test_on_the_way_down_rows_of_every_new_table_and_column_are_dropped(filled: str) -> None:
    before = gist(filled)
    upgrade(filled, HERE)
    with begun(filled) as connection:
        for statement in (
            "UPDATE org SET lead_minutes = 30, unanswered_minutes = 20",
            "UPDATE booking SET lead_minutes = 45",
            (
                "INSERT INTO route_override (id, org_id, thread_id, client_id, starts_at, until_at,"
                " reason, actor) SELECT 1, org_id, id, client_id, :at, :later, 'complaint', 'ada'"
                " FROM thread WHERE org_id = 1 ORDER BY id LIMIT 1"
            ),
            ("INSERT INTO template (id, org_id, name, created_at) VALUES (1, 1, 'arrival', :at)"),
            (
                "INSERT INTO template_version (id, org_id, template_id, version, body, actor,"
                " created_at) VALUES (1, 1, 1, 1, 'Hi', 'ada', :at)"
            ),
            (
                "INSERT INTO message_source (message_id, org_id, reply_to_id, template_version_id)"
                " VALUES (31, 1, 11, 1)"
            ),
            (
                "INSERT INTO notify_channel (id, org_id, name, severity, created_at)"
                " VALUES (1, 1, 'phone', 'warning', :at)"
            ),
            (
                "INSERT INTO notify_delivery (channel_id, alert_id, org_id, told_at)"
                " VALUES (1, 71, 1, :at)"
            ),
        ):
            values = {"at": at(3), "later": at(9)}
            given = {name: value for name, value in values.items() if f":{name}" in statement}
            assert connection.execute(text(statement), given).rowcount > 0
    migrate.downgrade(filled, BEFORE)
    assert gist(filled) == before


def test_the_oldest_shape_with_rows_comes_all_the_way(database_copies: Copies) -> None:
    url = database_copies("0001 in its old shape", fill_old_shape)
    upgrade(url, HERE, merge_duplicate_threads=True)
    upgrade(url, HEAD)
    assert migrate.check(url) == []
    assert broken_links(url) == []
    assert rows(url, "SELECT DISTINCT lead_minutes FROM org") == [(0,)]
    windows = (
        "SELECT count(*) FROM assignment_window w JOIN booking b ON b.id = w.booking_id"
        " WHERE w.starts_at <> b.starts_at"
    )
    assert rows(url, windows) == [(0,)]
