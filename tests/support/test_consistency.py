"""`tests.support.consistency` notices what it is there for: each thing broken by raw SQL is
named."""

import pytest

from petmsg.db.statements import instant_to_text
from petmsg.providers.base import RejectionClass, Unknown
from tests.support.consistency import problems, raw
from tests.support.fixtures import NOW
from tests.support.queueing import HOUR, accepted, claimed, company, queue, record, refused

THEN = f"'{instant_to_text(NOW)}'"


@pytest.fixture
def texted(migrated_sqlite: str) -> str:
    """Message 1 was sent, 2 is of unknown outcome, 3 waits behind it, 4 failed, 5 is on its way."""
    company(migrated_sqlite)
    record(migrated_sqlite, claimed(migrated_sqlite, queue(migrated_sqlite)), accepted())
    taken = claimed(migrated_sqlite, queue(migrated_sqlite, "C-2"))
    record(migrated_sqlite, taken, Unknown("timeout", "no answer"))
    queue(migrated_sqlite, "C-2")
    taken = claimed(migrated_sqlite, queue(migrated_sqlite, "C-3"), ahead=HOUR)
    record(migrated_sqlite, taken, refused(30007, RejectionClass.FILTERED))
    claimed(migrated_sqlite, queue(migrated_sqlite, "C-3"), ahead=HOUR)
    return migrated_sqlite


def test_a_company_whose_texts_are_everywhere_on_their_way_is_whole(texted: str) -> None:
    with raw(texted) as cursor:
        statuses = cursor.tuples("SELECT status FROM message ORDER BY id")
    assert [status for (status,) in statuses] == ["sent", "unknown", "queued", "failed", "sending"]
    assert problems(texted) == []


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        ("UPDATE message SET attempts = 2 WHERE id = 1", "a text's tries are not counted right"),
        ("UPDATE message SET attempts = 1 WHERE id = 3", "a text's tries are not counted right"),
        ("DELETE FROM message_attempt WHERE message_id = 4",
         "a text's tries are not counted right"),
        ("UPDATE message SET worker = NULL WHERE id = 5", "a text is being sent by nobody"),
        ("UPDATE message SET worker = 'w-2' WHERE id = 5", "a text is being sent by nobody"),
        ("UPDATE message_attempt SET status = 'unknown' WHERE message_id = 5",
         "a text is being sent by nobody"),
        ("UPDATE message SET provider_message_id = NULL WHERE id = 1",
         "a text was taken and its carrier's id is missing"),
        ("UPDATE message_attempt SET provider_message_id = 'SM0' WHERE message_id = 1",
         "a text was taken and its carrier's id is missing"),
        ("UPDATE message SET status = 'delivered' WHERE id = 4",
         "a text was taken and its carrier's id is missing"),
        ("UPDATE message SET due_at = NULL WHERE id = 3",
         "a text waits without its place and time"),
        ("UPDATE message SET send_at = NULL WHERE id = 3",
         "a text waits without its place and time"),
        ("UPDATE message SET in_doubt_at = NULL WHERE id = 2",
         "a text is in doubt, nobody knows since when"),
        (f"UPDATE message SET status = 'queued', send_at = {THEN}, due_at = {THEN} WHERE id = 1",
         "a text that waits was taken before"),
        ("UPDATE message SET decision = NULL WHERE id = 2",
         "a text was sent without what it was sent with"),
        ("UPDATE message SET status = 'held' WHERE id = 3", "a text is held and nobody was told"),
        (f"UPDATE client SET name = NULL, forgotten_at = {THEN} WHERE ref = 'C-1'",
         "a client was forgotten by half"),
    ],
)  # fmt: skip
def test_what_is_broken_is_named(texted: str, damage: str, problem: str) -> None:
    with raw(texted) as cursor:
        assert cursor.run(damage) == 1
    found = problems(texted)
    assert [each.partition(":")[0] for each in found] == [problem]


def test_half_a_forgetting_is_noticed(texted: str) -> None:
    """A message to an erased client that still waits."""
    with raw(texted) as cursor:
        cursor.run("DELETE FROM client_phone")
        cursor.run("UPDATE client SET name = NULL, forgotten_at = created_at")
        cursor.run("UPDATE message SET body = NULL, to_e164 = NULL")
    assert "a client was forgotten by half" in problems(texted)[0]


@pytest.mark.parametrize(
    ("index", "table", "problem"),
    [
        ("uq_alert_open", "alert", "a matter has two open alerts"),
        ("uq_opt_out_standing", "opt_out", "a phone opted out twice"),
    ],
)
def test_what_an_index_holds_is_looked_up_all_the_same(
    texted: str, index: str, table: str, problem: str
) -> None:
    rows = {
        "alert": "(org_id, severity, kind, entity, ref, message, count, opened_at, last_at)"
        f" VALUES (1, 'info', 'no_number', 'client', 'C-1', 'x', 1, {THEN}, {THEN})",
        "opt_out": "(org_id, phone_key, source, reason, actor, opted_out_at)"
        f" VALUES (1, 'k', 'operator', 'asked', 'ada', {THEN})",
    }
    with raw(texted) as cursor:
        cursor.run(f"DROP INDEX {index}")
        for _ in range(2):
            cursor.run(f"INSERT INTO {table} {rows[table]}")
    assert [each.partition(":")[0] for each in problems(texted)] == [problem]


def test_two_texts_under_way_to_one_phone_are_noticed(texted: str) -> None:
    with raw(texted) as cursor:
        cursor.run("DROP INDEX uq_message_in_flight")
        cursor.run("UPDATE message SET to_e164 = '+14155551002' WHERE id = 5")
    assert [each.partition(":")[0] for each in problems(texted)] == [
        "two texts are under way to one phone"
    ]
