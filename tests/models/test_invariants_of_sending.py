"""What the database itself holds about sending, attacked by raw SQL on both databases."""

from datetime import timedelta
from typing import Any

import pytest

from petmsg.enums.alerts import AlertSeverity
from petmsg.enums.messages import AttemptStatus
from petmsg.enums.opt_outs import OptOutSource
from tests.support.attacks import Database, copied
from tests.support.fixtures import NOW

FROZEN = {"frozen_at": NOW, "freeze_reason": "an incident"}


def set_org(database: Database, **values: Any) -> str:
    return f"UPDATE org SET {', '.join(f'{name} = :{name}' for name in values)} WHERE id = 1"


# ------------------------------------------------------------------------------------- an org's own


@pytest.mark.parametrize(
    ("from_minute", "until_minute"),
    [
        (None, 0), (0, None), (-1, 60), (60, -1), (1440, 60), (60, 1440), (480, 480),
    ],
)  # fmt: skip
def test_quiet_hours_are_two_different_minutes_of_a_day_or_none(
    database: Database, from_minute: int | None, until_minute: int | None
) -> None:
    values = {"quiet_from_minute": from_minute, "quiet_until_minute": until_minute}
    assert "quiet" in database.refuses(set_org(database, **values), **values)


@pytest.mark.parametrize(
    ("from_minute", "until_minute"), [(0, 1439), (1439, 0), (1260, 480), (None, None)]
)
def test_quiet_hours_may_pass_midnight_and_be_taken_away(
    database: Database, from_minute: int | None, until_minute: int | None
) -> None:
    values = {"quiet_from_minute": from_minute, "quiet_until_minute": until_minute}
    database.accepts(set_org(database, **values), **values)


@pytest.mark.parametrize(
    "values",
    [
        {"frozen_at": NOW},
        {"freeze_reason": "an incident"},
        {"frozen_until": NOW},
        {"frozen_until": NOW, "freeze_reason": "an incident"},
    ],
    ids=["no reason", "no start", "an end only", "an end and a reason"],
)
def test_a_freeze_has_a_start_and_a_reason(database: Database, values: dict[str, Any]) -> None:
    assert "fr" in database.refuses(set_org(database, **values), **values)
    database.accepts(set_org(database, **FROZEN), **FROZEN)
    whole = FROZEN | {"frozen_until": NOW + timedelta(days=1)}
    database.accepts(set_org(database, **whole), **whole)


@pytest.mark.parametrize("pace", [0, -1, 1000.5, float("inf")])
def test_a_numbers_pace_is_a_speed(database: Database, pace: float) -> None:
    change = "UPDATE message_number SET segments_per_second = :pace WHERE org_id = 1"
    assert "segments_per_second" in database.refuses(change, pace=pace)
    database.accepts(change, pace=0.1)
    database.accepts(change, pace=1000)


# ------------------------------------------------------------------------------------- vocabularies


@pytest.mark.parametrize(
    ("table", "column", "words"),
    [
        ("message_attempt", "status", AttemptStatus),
        ("opt_out", "source", OptOutSource),
        ("alert", "severity", AlertSeverity),
    ],
)
def test_a_closed_vocabulary_has_no_other_word(
    database: Database, table: str, column: str, words: type[Any]
) -> None:
    change = f"UPDATE {table} SET {column} = :word WHERE org_id = 1"
    for word in ("", "SENT", "sent ", "queued"):
        assert column in database.refuses(change, word=word)
    for word in words:
        database.accepts(change, word=word.value)


def test_an_attempt_left_by_a_rule(database: Database) -> None:
    change = "UPDATE message_attempt SET rule = :rule WHERE org_id = 1"
    assert "rule" in database.refuses(change, rule="luck")
    database.refuses(change, rule=None)


# ----------------------------------------------------------------------------------------- attempts


def test_an_attempt_of_a_text_stands_once(database: Database) -> None:
    sql, values = copied(database, "message_attempt", "org_id = 1", provider_message_id=None)
    assert "attempt" in database.refuses(sql, **values)
    values["attempt"] += 1
    database.accepts(sql, **values)


def test_a_providers_id_is_one_attempts(database: Database) -> None:
    """Also of another message, and of another org."""
    first = database.row("message_attempt", "org_id = 1")
    for org in (1, 2):
        other = database.row("message_attempt", "org_id = :o AND id <> :i", o=org, i=first["id"])
        words = database.refuses(
            "UPDATE message_attempt SET provider_message_id = :sid WHERE id = :id",
            sid=first["provider_message_id"],
            id=other["id"],
        )
        assert "provider_message_id" in words


def test_an_attempts_thread_is_its_texts(database: Database) -> None:
    attempt = database.row("message_attempt", "org_id = 1")
    other = database.row("thread", "org_id = 1 AND id <> :id", id=attempt["thread_id"])
    words = database.refuses(
        "UPDATE message_attempt SET thread_id = :t WHERE id = :id", t=other["id"], id=attempt["id"]
    )
    assert "foreign key" in words.lower()


def test_a_text_that_was_tried_is_not_deleted(database: Database) -> None:
    words = database.refuses("DELETE FROM message WHERE org_id = 1 AND attempts > 0")
    assert "foreign key" in words.lower()
    database.accepts("DELETE FROM message WHERE org_id = 1 AND status = 'queued'")


@pytest.mark.parametrize("status", ["sending", "unknown"])
@pytest.mark.parametrize("other", ["sending", "unknown"])
def test_one_text_is_under_way_to_a_phone_of_an_org(
    database: Database, status: str, other: str
) -> None:
    waiting = database.row("message", "org_id = 1 AND status = 'queued'")
    change = "UPDATE message SET status = :status WHERE org_id = 1 AND to_e164 = :to AND {}"
    database.accepts(change.format("status = 'sent'"), status=status, to=waiting["to_e164"])
    words = database.refuses(
        change.format("status = 'queued'"), status=other, to=waiting["to_e164"]
    )
    assert "to_e164" in words
    database.accepts(change.format("status <> 'queued'"), status="delivered", to=waiting["to_e164"])
    database.accepts(change.format("status = 'queued'"), status=other, to=waiting["to_e164"])


def test_the_same_phone_may_be_texted_by_two_orgs_at_once(database: Database) -> None:
    for org in (1, 2):
        row = database.row("message", "org_id = :org AND status = 'sent'", org=org)
        database.accepts(
            "UPDATE message SET status = 'sending', to_e164 = '+12025550100' WHERE id = :id",
            id=row["id"],
        )


# ------------------------------------------------------------------------------- opt-outs and pairs


def test_an_opt_out_of_a_phone_stands_once(database: Database) -> None:
    sql, values = copied(database, "opt_out", "org_id = 1")
    assert "phone_key" in database.refuses(sql, **values)
    ended = values | {"ended_at": NOW}
    database.accepts(sql, **ended)
    database.accepts(sql, **ended)
    sql, values = copied(database, "opt_out", "org_id = 1", org_id=2)
    database.accepts(sql, **values)


def test_an_ended_opt_out_does_not_begin_again_beside_another(database: Database) -> None:
    sql, values = copied(database, "opt_out", "org_id = 1", ended_at=NOW)
    database.accepts(sql, **values)
    assert "phone_key" in database.refuses("UPDATE opt_out SET ended_at = NULL WHERE org_id = 1")


def test_an_opt_out_has_a_reason_and_a_key(database: Database) -> None:
    for column in ("phone_key", "reason", "actor", "opted_out_at", "source"):
        assert column in database.refuses(f"UPDATE opt_out SET {column} = NULL")
    database.accepts("UPDATE opt_out SET e164 = NULL")


def test_a_pair_of_numbers_is_blocked_once(database: Database) -> None:
    sql, values = copied(database, "blocked_pair", "org_id = 1")
    assert "phone_key" in database.refuses(sql, **values)
    values["phone_key"] = "another"
    database.accepts(sql, **values)


# ------------------------------------------------------------------------------------------- alerts


def test_a_matter_has_one_open_alert(database: Database) -> None:
    sql, values = copied(database, "alert", "org_id = 1")
    assert "kind" in database.refuses(sql, **values)
    database.accepts(sql, **(values | {"ref": "another"}))
    database.accepts("UPDATE alert SET done_at = opened_at WHERE org_id = 1")
    database.accepts(sql, **values)
    assert "kind" in database.refuses("UPDATE alert SET done_at = NULL WHERE org_id = 1")


def test_replacing_an_open_alert_or_an_opt_out_leaves_one(database: Database) -> None:
    if not database.is_sqlite:
        pytest.skip("PostgreSQL has no INSERT OR REPLACE")
    database.accepts("DELETE FROM notify_delivery")  # a channel that was told holds the alert
    for table in ("alert", "opt_out", "blocked_pair"):
        before = database.count(table, "1 = 1")
        sql, values = copied(database, table, "org_id = 1", verb="INSERT OR REPLACE")
        database.accepts(sql, **values)
        assert database.count(table, "1 = 1") == before
