"""The move to 0004: replies. Messages in every state, there and back."""

from functools import partial

import pytest

from petmsg.db import migrate
from tests.support.filled_revisions import fill
from tests.support.migration_support import broken_links, rows, run, upgrade
from tests.support.postgres import Copies

BEFORE = "0003_sending"
HERE = "0004_replies"


@pytest.fixture
def filled(database_copies: Copies) -> str:
    return database_copies("filled 0003", partial(fill, revision=BEFORE))


@pytest.fixture
def moved(database_copies: Copies) -> str:
    return database_copies("filled 0004", partial(fill, revision=HERE))


# ---------------------------------------------------------------------------------------------- up


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
