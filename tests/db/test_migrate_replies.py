"""The move to 0004: replies. Texts in every state, there and back."""

import pytest
from sqlalchemy import text

from petmsg.db import migrate
from tests.db.test_migrate_sending import fill_0002
from tests.support.migration_support import (
    at,
    begun,
    broken_links,
    columns_of,
    contents,
    failed_everywhere,
    gist,
    rows,
    run,
    upgrade,
)
from tests.support.postgres import Copies

BEFORE = "0003_sending"
HERE = "0004_replies"

DIRECT = "INSERT INTO message (id, org_id, direction, status, body, to_e164, segments, attempts,"


def fill_0003(url: str) -> None:
    """A company at 0003 with texts in every state, two that came in and a stray's."""
    fill_0002(url)
    upgrade(url, BEFORE)


def fill_0004(url: str) -> None:
    """The same at 0004, with texts to nobody's thread: one that left, one that waits, one that
    failed; a row in every new table."""
    fill_0003(url)
    upgrade(url, HERE)
    with begun(url) as connection:
        for id_, status in ((21, "sent"), (22, "queued"), (23, "failed")):
            connection.execute(
                text(
                    f"{DIRECT} actor, created_at, send_at, urgent) VALUES (:id, 1, 'outbound',"
                    " :status, 'passed on', '+14155552001', 1, :tries, 'ada', :at, :at, :urgent)"
                ),
                {"id": id_, "status": status, "tries": int(status != "queued"), "at": at(1),
                 "urgent": True},
            )  # fmt: skip
        connection.execute(
            text(
                "INSERT INTO message_attempt (org_id, message_id, attempt, number_id, status,"
                " claimed_at) VALUES (1, 21, 1, 1, 'sent', :at)"
            ),
            {"at": at(2)},
        )
        for statement in (
            (
                "INSERT INTO sitter (id, org_id, ref, name, phone, status, created_at)"
                " VALUES (1, 1, 'S-1', 'Maya', '+14155552001', 'active', :at)"
            ),
            (
                "INSERT INTO stray_text (provider_message_id, to_e164, received_at, media_count)"
                " VALUES ('SM-9', '+19995550100', :at, 0)"
            ),
            "INSERT INTO pull_mark (provider, pulled_until) VALUES ('twilio', :at)",
            (
                "INSERT INTO relay (message_id, org_id, kind, about_id, sitter_id)"
                " VALUES (21, 1, 'forward', 11, 1)"
            ),
            (
                "INSERT INTO relay_question (org_id, message_id, sitter_id, options, asked_at)"
                " VALUES (1, 12, 1, '[1, 2]', :at)"
            ),
            "INSERT INTO auto_reply (org_id, phone_key, replied_at) VALUES (1, 'k', :at)",
            (
                "INSERT INTO stripe_event (event_id, org_id, booking, kind, outcome, received_at)"
                " VALUES ('evt_1', 1, 'B-1', 'payment_intent.succeeded', 'confirmed', :at)"
            ),
            "UPDATE org SET relay = :yes, closed_reply = 'Closed'",
        ):
            values = {"at": at(3), "yes": True}
            connection.execute(
                text(statement), {k: v for k, v in values.items() if f":{k}" in statement}
            )


@pytest.fixture
def filled(database_copies: Copies) -> str:
    return database_copies("0003", fill_0003)


@pytest.fixture
def moved(database_copies: Copies) -> str:
    return database_copies("0004", fill_0004)


# ---------------------------------------------------------------------------------------------- up


def test_nothing_is_lost_or_changed_that_was_there(filled: str) -> None:
    columns = columns_of(filled)
    before = contents(filled, columns)
    upgrade(filled, HERE)
    assert contents(filled, columns) == before
    assert broken_links(filled) == []


def test_texts_that_came_in_before_wait_for_nobody(filled: str) -> None:
    upgrade(filled, HERE)
    query = "SELECT message_id, addressed_to, code, inbox_at, done_at FROM inbound_text ORDER BY 1"
    assert rows(filled, query) == [
        (11, "front_desk", "KNOWN_CLIENT", None, None),
        (12, "unrouted", "UNKNOWN_SENDER", None, None),
    ]
    same = (
        "SELECT count(*) FROM inbound_text i JOIN message m ON m.id = i.message_id"
        " WHERE i.received_at = m.created_at"
    )
    assert rows(filled, same) == [(2,)]


def test_an_org_relays_nothing_until_it_is_enabled(filled: str) -> None:
    upgrade(filled, HERE)
    assert rows(filled, "SELECT count(*) FROM org WHERE NOT relay AND closed_reply IS NULL") == [
        (1,)
    ]


# -------------------------------------------------------------------------------------------- down


def test_down_and_up_again_gives_the_same(filled: str) -> None:
    before = gist(filled)
    upgrade(filled, HERE)
    here = gist(filled)
    assert migrate.downgrade(filled, BEFORE) == migrate.Migrated(HERE, BEFORE)
    assert gist(filled) == before
    upgrade(filled, HERE)
    assert gist(filled) == here


def test_texts_to_nobodys_thread_do_not_leave_after_going_down(moved: str) -> None:
    """0003 would not know whom they are for. What left stays said."""
    migrate.downgrade(moved, BEFORE)
    query = "SELECT id, status FROM message WHERE id > 20 ORDER BY id"
    assert rows(moved, query) == [(21, "sent"), (22, "cancelled"), (23, "cancelled")]
    assert rows(moved, "SELECT count(*) FROM message_attempt WHERE message_id > 20") == [(0,)]
    assert broken_links(moved) == []


def test_the_threads_texts_are_the_same_after_going_down(moved: str) -> None:
    query = "SELECT id, status, body, due_at FROM message WHERE id < 20 ORDER BY id"
    attempts = "SELECT message_id, attempt, status, rule FROM message_attempt WHERE thread_id > 0"
    before = rows(moved, query), sorted(rows(moved, attempts))
    migrate.downgrade(moved, BEFORE)
    assert (rows(moved, query), sorted(rows(moved, attempts))) == before


# ---------------------------------------------------------------------------------- all or nothing


@pytest.mark.slow
@pytest.mark.parametrize("way", ["up", "down"])
def test_a_failure_after_any_statement_leaves_everything_as_it_was(
    database_copies: Copies, way: str
) -> None:
    if way == "up":
        url = database_copies("0003", fill_0003)
        statements = failed_everywhere(url, lambda: upgrade(url, HERE))
    else:
        url = database_copies("0004", fill_0004)
        statements = failed_everywhere(url, lambda: migrate.downgrade(url, BEFORE))
    assert len(statements) > 15
    assert statements[-1] == "COMMIT"


# ----------------------------------------------------------------------- what the tables hold out


@pytest.mark.parametrize(
    "statement",
    [
        ("INSERT INTO inbound_text (message_id, org_id, received_at, addressed_to, code,"
        " media_count) VALUES (11, 1, '2026-01-01', 'front_desk', 'NO_ACTIVE_WINDOW', 0)"),
        "UPDATE inbound_text SET addressed_to = 'nobody' WHERE message_id = 11",
        "UPDATE inbound_text SET addressed_to = 'sitter' WHERE message_id = 11",
        "UPDATE inbound_text SET done_at = '2026-01-01', done_by = 'a' WHERE message_id = 11",
        ("INSERT INTO stray_text (provider_message_id, to_e164, received_at, media_count)"
        " VALUES ('SM-9', '+19995550101', '2026-01-01', 0)"),
        ("INSERT INTO stripe_event (event_id, org_id, booking, kind, outcome, received_at)"
        " VALUES ('evt_1', 1, 'B-2', 'payment_intent.succeeded', 'confirmed', '2026-01-01')"),
        ("INSERT INTO relay (message_id, org_id, kind, about_id, sitter_id)"
        " VALUES (21, 1, 'forward', 12, 1)"),
        "INSERT INTO relay (message_id, org_id, kind, about_id) VALUES (22, 1, 'gossip', 12)",
        "UPDATE message_attempt SET rule = 'pool' WHERE message_id = 21",
        "UPDATE org SET open_from_minute = 540",
    ],
    ids=["twice", "a word", "without a sitter", "done, never waiting", "stray twice",
         "event twice", "passed on twice", "a kind", "a rule without a thread", "half a span"],
)  # fmt: skip
def test_the_database_refuses(moved: str, statement: str) -> None:
    with pytest.raises(Exception, match=r"(?i)constraint|violates"):
        run(moved, statement)
