"""0003: a queue with texts in every state gets what sending needs, and gives it back."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from sqlalchemy import text

from petmsg.db import migrate
from petmsg.errors import DatabaseUnusable
from petmsg.phone import phone_key
from tests.support.migration_support import (
    Book,
    add_event,
    at,
    begun,
    broken_links,
    columns_of,
    contents,
    dump,
    failed_everywhere,
    gist,
    rows,
    run,
    upgrade,
)
from tests.support.postgres import Copies

BEFORE = "0002_one_thread_per_client"
HERE = "0003_sending"

# Each text: id, client, status, attempts, and what else is stored of it.
CLAIMED: dict[str, Any] = {"number_id": 1, "from_e164": "+14156660001", "rule": "pool"}
TEXTS: tuple[tuple[int, int, str, int, dict[str, Any]], ...] = (
    (1, 1, "sent", 1, {"provider_message_id": "SB-1", "sent_at": at(2), "claimed_at": at(1)}),
    (2, 1, "queued", 0, {}),
    (3, 1, "queued", 2, {"claimed_at": at(3), "error_code": "20429", "number_id": 2}),
    (4, 2, "sending", 1, {"claimed_at": at(4)}),
    (5, 3, "unknown", 1, {"claimed_at": at(5), "error_code": "timeout"}),
    (6, 1, "failed", 3, {"claimed_at": at(6), "error_code": "30007", "rule": "front_desk"}),
    (7, 1, "cancelled", 0, {}),
    (8, 1, "cancelled", 1, {"claimed_at": at(8)}),
    (9, 1, "queued", 1, {"claimed_at": at(9), "error_code": "21211"}),
    (10, 1, "queued", 1, {"claimed_at": at(10), "error_code": "timeout"}),
)
TOLD = (
    (3, "message.failed"),
    (3, "message.put_back"),
    (9, "message.put_back"),
    (9, "message.failed"),
    (9, "message.retried"),
    (10, "message.outcome_unknown"),
)
"""What the audit tells of texts, in this order."""


def fill_0002(url: str) -> None:
    """A company at 0002 with texts in every state, two that came in and a stray."""
    upgrade(url, BEFORE)
    with begun(url) as connection:
        book = Book(connection)
        book.org(1, "happy-paws")
        for number in (1, 2):
            book.pool_number(number)
        for client in (1, 2, 3):
            book.client(client, f"C-{client}")
            book.thread(client, client, None, pool_number_id=1)
        for id_, client, status, attempts, stored in TEXTS:
            book.message(
                client,
                client,
                f"text {id_}",
                **{
                    "id": id_,
                    "direction": "outbound",
                    "status": status,
                    "attempts": attempts,
                    "to_e164": f"+1415555{client:04d}",
                    "created_at": at(id_),
                }
                | (CLAIMED if attempts else {})
                | stored,
            )
        book.message(1, 1, "thanks!", id=11)
        book.message(None, None, "a stray", id=12)
        for seq, (message, told) in enumerate(TOLD, start=1):
            add_event(
                connection,
                org=1,
                slug="happy-paws",
                seq=seq,
                event=told,
                entity="message",
                ref=str(message),
            )


def fill_and_move(url: str) -> None:
    """The same at 0003."""
    fill_0002(url)
    upgrade(url, HERE)


@pytest.fixture
def filled(database_copies: Copies) -> str:
    return database_copies("0002", fill_0002)


@pytest.fixture
def moved(database_copies: Copies) -> str:
    return database_copies("0003", fill_and_move)


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
    """Every text of ours, whatever became of it, has the time at which it was meant to leave."""
    placed = "SELECT count(*) FROM message WHERE direction = 'outbound' AND send_at = created_at"
    assert rows(moved, placed) == [(len(TEXTS),)]
    came_in = "SELECT count(*) FROM message WHERE direction = 'inbound' AND send_at IS NULL"
    assert rows(moved, came_in) == [(2,)]


def test_the_outcome_of_a_text_is_unknown_since_its_claim(moved: str) -> None:
    doubtful = "SELECT id FROM message WHERE in_doubt_at IS NOT NULL"
    assert rows(moved, doubtful) == [(5,)]
    assert rows(moved, doubtful + " AND in_doubt_at = claimed_at") == [(5,)]


def test_nothing_is_lost_or_changed_that_was_there(filled: str) -> None:
    columns = columns_of(filled)
    before = contents(filled, columns)
    upgrade(filled, HERE)
    assert contents(filled, columns) == before
    assert broken_links(filled) == []


@pytest.mark.postgres
def test_an_upgrade_waits_for_a_sender_and_moves_what_it_wrote(postgres_template: Copies) -> None:
    postgres_url = postgres_template("0002", fill_0002)
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


def test_down_and_up_again_gives_the_same(filled: str) -> None:
    before = gist(filled)
    upgrade(filled, HERE)
    at_0003 = gist(filled)
    assert migrate.downgrade(filled, BEFORE) == migrate.Migrated(HERE, BEFORE)
    assert gist(filled) == before
    upgrade(filled, HERE)
    assert gist(filled) == at_0003


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


@pytest.mark.slow
@pytest.mark.parametrize("way", ["up", "down"])
def test_a_failure_after_any_statement_leaves_a_full_queue_as_it_was(
    database_copies: Copies, way: str
) -> None:
    if way == "up":
        url = database_copies("0002", fill_0002)
        statements = failed_everywhere(url, lambda: upgrade(url, HERE))
    else:
        url = database_copies("0003", fill_and_move)
        statements = failed_everywhere(url, lambda: migrate.downgrade(url, BEFORE))
    assert len(statements) > 30
    assert statements[-1] == "COMMIT"


def test_an_attempt_whose_text_is_gone_stops_an_upgrade(sqlite_url: str) -> None:
    """Foreign keys are off while migrating; they are all checked before the commit."""
    fill_0002(sqlite_url)
    run(sqlite_url, "UPDATE message SET number_id = 77 WHERE id = 1")
    before = dump(sqlite_url)
    with pytest.raises(DatabaseUnusable, match="message, message_attempt"):
        upgrade(sqlite_url, HERE)
    assert dump(sqlite_url) == before
