"""0003: a queue with messages in every state gets what sending needs, and gives it back."""

from __future__ import annotations

import threading
from functools import partial

import pytest
from sqlalchemy import text

from petmsg.db import migrate
from petmsg.errors import DatabaseUnusable
from petmsg.phone import phone_key
from tests.support.filled_revisions import TEXTS, fill
from tests.support.migration_support import Book, at, begun, dump, rows, run, upgrade
from tests.support.postgres import Copies

BEFORE = "0002_one_thread_per_client"
HERE = "0003_sending"


@pytest.fixture
def moved(database_copies: Copies) -> str:
    return database_copies("filled 0003", partial(fill, revision=HERE))


# ---------------------------------------------------------------------------------------------- up


def test_every_text_that_was_ever_claimed_gets_one_attempt(moved: str) -> None:
    """What became of one that waits again, or was cancelled, is what the audit says, else it is
    unknown."""
    query = (
        "SELECT message_id, attempt, thread_id, number_id, rule, status, code, worker,"
        " provider_message_id FROM message_attempt ORDER BY message_id"
    )
    assert rows(moved, query) == [
        (1, 1, 1, 1, "pool", "sent", None, None, "SB-1"),
        (3, 2, 1, 2, "pool", "put_back", "20429", None, None),
        (4, 1, 2, 1, "pool", "sending", None, None, None),
        (5, 1, 3, 1, "pool", "unknown", "timeout", None, None),
        (6, 3, 1, 1, "front_desk", "failed", "30007", None, None),
        (8, 1, 1, 1, "pool", "unknown", None, None, None),
        (9, 1, 1, 1, "pool", "failed", "21211", None, None),
        (10, 1, 1, 1, "pool", "unknown", "timeout", None, None),
    ]
    assert rows(
        moved,
        "SELECT count(*) FROM message_attempt a JOIN message m ON m.id = a.message_id"
        " WHERE a.claimed_at = m.claimed_at AND a.attempt = m.attempts AND a.org_id = m.org_id",
    ) == [(8,)]
    ended = "SELECT message_id FROM message_attempt WHERE ended_at IS NOT NULL"
    assert rows(moved, ended) == [(1,)]


def test_texts_in_the_queue_become_due_at_once_in_the_order_they_had(moved: str) -> None:
    due = (
        "SELECT id FROM message WHERE status = 'queued' AND due_at = created_at"
        " AND send_at = created_at AND NOT urgent ORDER BY due_at, id"
    )
    assert rows(moved, due) == [(2,), (3,), (9,), (10,)]
    others = "SELECT count(*) FROM message WHERE status <> 'queued' AND due_at IS NOT NULL"
    assert rows(moved, others) == [(0,)]


def test_a_text_that_may_be_queued_again_keeps_its_place(moved: str) -> None:
    """Every message of ours, whatever became of it, has the time at which it was due."""
    placed = "SELECT count(*) FROM message WHERE direction = 'outbound' AND send_at = created_at"
    assert rows(moved, placed) == [(len(TEXTS),)]
    came_in = "SELECT count(*) FROM message WHERE direction = 'inbound' AND send_at IS NULL"
    assert rows(moved, came_in) == [(2,)]


def test_the_outcome_of_a_text_is_unknown_since_its_claim(moved: str) -> None:
    doubtful = "SELECT id FROM message WHERE in_doubt_at IS NOT NULL"
    assert rows(moved, doubtful) == [(5,)]
    assert rows(moved, doubtful + " AND in_doubt_at = claimed_at") == [(5,)]


@pytest.mark.postgres
def test_an_upgrade_waits_for_a_sender_and_moves_what_it_wrote(postgres_template: Copies) -> None:
    postgres_url = postgres_template("filled 0002", partial(fill, revision=BEFORE))
    upgrading = threading.Thread(target=upgrade, args=(postgres_url, HERE))
    with begun(postgres_url) as connection:
        connection.execute(text("SELECT id FROM org"))
        upgrading.start()
        upgrading.join(timeout=0.5)
        assert upgrading.is_alive()
        # Whoever queued up for the org behind the upgrade would make this one a deadlock.
        Book(connection).message(
            1, 1, "late", id=13, direction="outbound", status="queued", to_e164="+14155550001"
        )
        connection.execute(
            text(
                "UPDATE message SET status = 'sent', provider_message_id = 'SB-4', sent_at = now()"
                " WHERE id = 4"
            )
        )
    upgrading.join(timeout=20)
    assert not upgrading.is_alive()
    assert rows(postgres_url, "SELECT id FROM message WHERE due_at IS NOT NULL ORDER BY 1")[-1] == (
        13,
    )
    attempt = "SELECT status, provider_message_id FROM message_attempt WHERE message_id = 4"
    assert rows(postgres_url, attempt) == [("sent", "SB-4")]


# -------------------------------------------------------------------------------------------- down


def held_after_down(url: str) -> list[int]:
    migrate.downgrade(url, BEFORE)
    return [row[0] for row in rows(url, "SELECT id FROM message WHERE status = 'held' ORDER BY 1")]


@pytest.mark.parametrize(
    ("change", "held"),
    [
        ("UPDATE message SET send_at = '2999-01-01', due_at = '2999-01-01' WHERE id = 2", [2]),
        ("UPDATE message SET expires_at = '2020-01-01' WHERE id = 3", [3]),
        ("UPDATE message SET due_at = '2999-01-01' WHERE id = 3", []),
        ("UPDATE org SET frozen_at = '2026-01-01', freeze_reason = 'x'", [2, 3, 9, 10]),
        (("UPDATE org SET frozen_at = '2020-01-01', freeze_reason = 'x',"
          " frozen_until = '2020-01-02'"), []),
        ("UPDATE client_phone SET not_textable_at = '2026-01-01' WHERE client_id = 1",
         [2, 3, 9, 10]),
        ("UPDATE client_phone SET not_textable_at = '2026-01-01' WHERE client_id = 2", []),
    ],
    ids=["scheduled", "expires", "backing off", "frozen", "thawed", "not textable", "another's"],
)  # fmt: skip
def test_down_holds_texts_that_would_otherwise_leave_though_they_may_not(
    moved: str, change: str, held: list[int]
) -> None:
    run(moved, change)
    assert held_after_down(moved) == held


@pytest.mark.parametrize("stands", [True, False])
def test_down_holds_the_texts_of_whoever_opted_out(moved: str, stands: bool) -> None:
    with begun(moved) as connection:
        Book(connection).add(
            "opt_out",
            id=2,
            org_id=1,
            phone_key=phone_key("happy-paws", "+14155550001"),
            e164="+14155550001",
            source="operator",
            reason="asked",
            actor="ada",
            opted_out_at=at(1),
            ended_at=None if stands else at(2),
        )
    assert held_after_down(moved) == ([2, 3, 9, 10] if stands else [])


def test_a_text_held_by_going_down_stays_held_on_the_way_up(moved: str) -> None:
    run(moved, "UPDATE message SET expires_at = '2020-01-01' WHERE id = 3")
    assert held_after_down(moved) == [3]
    upgrade(moved, HERE)
    assert rows(moved, "SELECT id FROM message WHERE status = 'held'") == [(3,)]


# ---------------------------------------------------------------------------------- all or nothing


def test_an_attempt_whose_text_is_gone_stops_an_upgrade(sqlite_url: str) -> None:
    """Foreign keys are off while migrating; they are all checked before the commit."""
    fill(sqlite_url, BEFORE)
    run(sqlite_url, "UPDATE message SET number_id = 77 WHERE id = 1")
    before = dump(sqlite_url)
    with pytest.raises(DatabaseUnusable, match="message, message_attempt"):
        upgrade(sqlite_url, HERE)
    assert dump(sqlite_url) == before
