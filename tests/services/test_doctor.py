"""`doctor` finds each rule broken in a database that was edited by hand, with nothing in the way.

The two companies of `tests.attacks` are copied into tables without keys, CHECKs, indexes and
triggers. Each fault is planted in a transaction that is rolled back.
"""

import shlex
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import CheckConstraint, Enum, ForeignKeyConstraint, UniqueConstraint

from petmsg.db.cursor import Cursor, instant_to_text
from petmsg.db.liveness import worker
from petmsg.db.location import locate
from petmsg.enums import CheckResult
from petmsg.errors import NotFound, OutOfRange
from petmsg.models import metadata
from petmsg.queries.references import OF_AN_ORG, VOCABULARIES
from petmsg.services import doctor
from petmsg.services.doctor import Checked
from petmsg.services.examined import Patient
from tests.attacks import RolledBack, build
from tests.consistency import raw
from tests.fixtures import NOW, run_cli
from tests.postgres import PostgresServer

THEN = f"'{instant_to_text(NOW)}'"
LATER = f"'{instant_to_text(NOW + timedelta(days=1))}'"
DEAD = "w-0123456789abcde"


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]
)
def bare_world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Two companies in tables that hold nothing back, on SQLite, then on PostgreSQL."""
    if request.param == "sqlite":
        url = locate(str(tmp_path_factory.mktemp("bare") / "petmsg.db")).url
        build(url)
        answer(url)
        strip(url)
        yield url
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    name = server.create()
    build(server.url(name))
    answer(server.url(name))
    strip(server.url(name))
    yield server.url(name)
    server.drop(name)


def answer(url: str) -> None:
    """Texts that came in, were passed on, asked about and paid for, in both companies: stored while
    every constraint still stands."""
    for org, slug in enumerate(("alpha", "beta"), 1):
        client, desk = f"+1202555011{org - 1}", f"+1415555010{org - 1}"
        for body in ("Hi", "And again"):
            ran = run_cli(
                url, "message", "receive", "--from", client, "--to", desk, "--body", body,
                "--org", slug,
            )  # fmt: skip
            assert ran.code == 0, ran.err
        with raw(url) as cursor:
            first, second = (
                row[0]
                for row in cursor.tuples(
                    "SELECT id FROM message WHERE org_id = :org AND direction = 'inbound'"
                    " ORDER BY id",
                    org=org,
                )
            )
            sitter = cursor.value("SELECT id FROM sitter WHERE org_id = :o AND ref = 'S-1'", o=org)
            number = cursor.value("SELECT id FROM message_number WHERE sitter_id = :s", s=sitter)
            berta = cursor.value("SELECT id FROM client WHERE org_id = :o AND ref = 'C-2'", o=org)
            passed_on = cursor.value("SELECT max(id) + 1 FROM message")
            known = {
                "org": org, "first": first, "second": second, "sitter": sitter, "number": number,
                "client": berta, "out": passed_on, "now": NOW, "sid": f"SM-out-{org}",
                "phone": f"+1303555010{org - 1}", "stray": f"SM-in-{org}", "event": f"evt_{org}",
            }  # fmt: skip
            for statement in BUSY:
                used = {name: each for name, each in known.items() if f":{name}" in statement}
                assert cursor.run(statement, **used) == 1
    with raw(url) as cursor:
        cursor.run("INSERT INTO pull_mark (provider, pulled_until) VALUES ('twilio', :at)", at=NOW)
        if not cursor.is_sqlite:  # ids that were given here are given again by no sequence
            cursor.run("SELECT setval('message_id_seq', (SELECT max(id) FROM message))")


BUSY = (
    (
        "UPDATE inbound_text SET addressed_to = 'sitter', sitter_id = :sitter, inbox_at = :now"
        " WHERE message_id = :first"
    ),
    (
        "INSERT INTO message (id, org_id, direction, status, body, to_e164, number_id, decision,"
        " provider, provider_message_id, segments, attempts, actor, created_at, claimed_at)"
        " VALUES (:out, :org, 'outbound', 'sent', 'Berta: Hi', :phone, :number, '{}', 'sandbox',"
        " :sid, 1, 1, 'petmsg', :now, :now)"
    ),
    (
        "INSERT INTO message_attempt (org_id, message_id, attempt, number_id, status,"
        " provider_message_id, claimed_at) VALUES (:org, :out, 1, :number, 'sent', :sid, :now)"
    ),
    (
        "INSERT INTO relay (message_id, org_id, kind, about_id, sitter_id, number_id)"
        " VALUES (:out, :org, 'forward', :first, :sitter, :number)"
    ),
    (
        "INSERT INTO relay_question (org_id, message_id, sitter_id, options, asked_at, closed_at,"
        " outcome, client_id) VALUES (:org, :second, :sitter, '[1]', :now, :now, 'sent', :client)"
    ),
    (
        "INSERT INTO stray_text (provider_message_id, to_e164, received_at, media_count,"
        " adopted_id, adopted_at) VALUES (:stray, '+19995550100', :now, 0, :second, :now)"
    ),
    "INSERT INTO auto_reply (org_id, phone_key, replied_at) VALUES (:org, 'k', :now)",
    (
        "INSERT INTO stripe_event (event_id, org_id, booking, kind, outcome, received_at)"
        " VALUES (:event, :org, 'B-1', 'payment_intent.succeeded', 'confirmed', :now)"
    ),
)


def strip(url: str) -> None:
    """Take every key, CHECK, index and trigger away; the rows stay."""
    with raw(url, pragmas=("foreign_keys=OFF",)) as cursor:
        cascade = "" if cursor.is_sqlite else " CASCADE"
        for table in metadata.tables:
            cursor.run(f"CREATE TABLE bare_{table} AS SELECT * FROM {table}")
            cursor.run(f"DROP TABLE {table}{cascade}")
            cursor.run(f"ALTER TABLE bare_{table} RENAME TO {table}")


@pytest.fixture
def bare(bare_world: str) -> Iterator[Cursor]:
    """A cursor on the two companies; what a test plants is gone after it."""
    with suppress(RolledBack), raw(bare_world, pragmas=("foreign_keys=OFF",)) as cursor:
        yield cursor
        raise RolledBack


def examine(
    cursor: Cursor, url: str, *names: str, org: str | None = None, now: datetime = NOW
) -> list[Checked]:
    patient = doctor.admitted(cursor, Patient(locate(url), now, {}), org)
    return doctor.examine(cursor, patient, names)


def told(rows: list[Checked]) -> list[str]:
    """The checks that found a problem."""
    return sorted({row.check for row in rows if row.result is CheckResult.PROBLEM})


def test_two_companies_are_well_whatever_holds_their_tables(bare: Cursor, bare_world: str) -> None:
    rows = examine(bare, bare_world)
    assert told(rows) == []
    assert len(rows) > 50
    assert len({row.message for row in rows}) == len(rows)


# ------------------------------------------------------------------------ what a constraint holds

# By the constraint's or unique index's name: the check that finds what it would have refused.
HELD: dict[str, tuple[str, str]] = {
    "ck_assignment_window_booked": (
        "window_ends_after_its_start",
        "UPDATE assignment_window SET booked_until = starts_at WHERE id = 1",
    ),
    "ck_assignment_window_grace": (
        "window_ends_after_its_start",
        "UPDATE assignment_window SET ends_at = starts_at WHERE id = 1",
    ),
    "ck_assignment_window_span": (
        "window_ends_after_its_start",
        "UPDATE assignment_window SET booked_until = starts_at, ends_at = starts_at WHERE id = 1",
    ),
    "uq_assignment_window_booking_id": (
        "one_window_per_booking",
        "INSERT INTO assignment_window SELECT * FROM assignment_window WHERE id = 1",
    ),
    "uq_alert_open": ("alert_once", "INSERT INTO alert SELECT * FROM alert WHERE id = 1"),
    "uq_blocked_pair_number_id_phone_key": (
        "block_once",
        "INSERT INTO blocked_pair SELECT * FROM blocked_pair WHERE id = 1",
    ),
    "ck_booking_span": (
        "booking_ends_after_its_start",
        "UPDATE booking SET ends_at = starts_at WHERE ref = 'B-3' AND org_id = 1",
    ),
    "uq_booking_org_id_ref": (
        "ref_once",
        "UPDATE booking SET ref = 'B-2' WHERE ref = 'B-3' AND org_id = 1",
    ),
    "uq_client_org_id_ref": (
        "ref_once",
        "UPDATE client SET ref = 'C-1' WHERE ref = 'C-2' AND org_id = 1",
    ),
    "uq_client_phone_org_id_e164": (
        "phone_once",
        "UPDATE client_phone SET e164 = '+12025550100' WHERE org_id = 1",
    ),
    "uq_client_phone_primary": (
        "one_primary_phone",
        (
            "INSERT INTO client_phone (id, org_id, client_id, e164, is_primary, created_at)"
            " SELECT 99, org_id, client_id, '+12025550199', is_primary, created_at"
            " FROM client_phone WHERE id = 1"
        ),
    ),
    "ck_message_attempts": (
        "tries_counted",
        "UPDATE message SET attempts = -1 WHERE status = 'queued' AND org_id = 1",
    ),
    "ck_message_direction_status": (
        "received_came_in",
        "UPDATE message SET status = 'received' WHERE status = 'queued' AND org_id = 1",
    ),
    "uq_message_in_flight": (
        "one_under_way_per_phone",
        (
            "UPDATE message SET status = 'unknown', in_doubt_at = claimed_at,"
            " to_e164 = '+12025550100' WHERE status = 'sent' AND org_id = 1"
        ),
    ),
    "uq_message_org_id_idempotency_key": (
        "key_once",
        "UPDATE message SET idempotency_key = 'k' WHERE org_id = 1",
    ),
    "uq_message_provider_message_id": (
        "provider_id_once",
        "UPDATE message SET provider_message_id = 'SM1' WHERE status = 'sent'",
    ),
    "ck_inbound_text_sitter": ("addressee_named", "UPDATE inbound_text SET sitter_id = NULL"),
    "ck_inbound_text_claimed": (
        "inbox_agrees",
        "UPDATE inbound_text SET claimed_by = 'ada', claimed_at = NULL WHERE org_id = 1",
    ),
    "ck_inbound_text_done": (
        "inbox_agrees",
        "UPDATE inbound_text SET done_by = 'ada', done_at = NULL WHERE org_id = 1",
    ),
    "ck_inbound_text_was_open": (
        "inbox_agrees",
        f"UPDATE inbound_text SET done_by = 'ada', done_at = {THEN}, inbox_at = NULL",
    ),
    "ck_inbound_text_media_count": ("inbox_agrees", "UPDATE inbound_text SET media_count = -1"),
    "ck_message_attempt_thread_rule": (
        "text_in_its_clients_thread",
        "UPDATE message_attempt SET rule = 'pool' WHERE thread_id IS NULL AND org_id = 1",
    ),
    "ck_relay_sitter": ("relay_fits", "UPDATE relay SET sitter_id = NULL WHERE org_id = 1"),
    "ck_relay_question_closed": (
        "question_fits",
        "UPDATE relay_question SET outcome = NULL WHERE org_id = 1",
    ),
    "uq_relay_question_message_id": (
        "question_fits",
        "INSERT INTO relay_question SELECT * FROM relay_question WHERE org_id = 1",
    ),
    "ck_stray_text_adopted": ("stray_once", "UPDATE stray_text SET adopted_at = NULL"),
    "ck_stray_text_media_count": ("stray_once", "UPDATE stray_text SET media_count = -1"),
    "uq_stray_text_provider_message_id": (
        "stray_once",
        "UPDATE stray_text SET provider_message_id = 'SM1'",
    ),
    "ck_org_open_from_minute": (
        "settings_in_range",
        "UPDATE org SET open_from_minute = 1440, open_until_minute = 0 WHERE id = 1",
    ),
    "ck_org_open_until_minute": (
        "settings_in_range",
        "UPDATE org SET open_from_minute = 60, open_until_minute = 60 WHERE id = 1",
    ),
    "ck_org_office_hours": (
        "settings_in_range",
        "UPDATE org SET open_from_minute = 60, open_until_minute = NULL WHERE id = 1",
    ),
    "uq_message_attempt_message_id_attempt": (
        "tries_counted",
        (
            "INSERT INTO message_attempt (id, org_id, message_id, attempt, thread_id, number_id,"
            " rule, status, claimed_at) SELECT 99, org_id, message_id, attempt, thread_id,"
            " number_id, rule, 'put_back', claimed_at FROM message_attempt WHERE id = 1"
        ),
    ),
    "uq_message_attempt_provider_message_id": (
        "provider_id_once",
        "UPDATE message_attempt SET provider_message_id = 'SM1'",
    ),
    "ck_message_number_holder_class": (
        "held_class",
        "UPDATE message_number SET class = 'pool' WHERE sitter_id = 1",
    ),
    "ck_message_number_holder_first": (
        "number_of_one_sitter",
        "UPDATE message_number SET first_sitter_id = NULL WHERE sitter_id = 1",
    ),
    "ck_message_number_holder_status": (
        "held_not_retired",
        "UPDATE message_number SET status = 'retired' WHERE sitter_id = 1",
    ),
    "ck_message_number_quarantined_until": (
        "quarantine_has_its_terms",
        "UPDATE message_number SET quarantined_until = NULL WHERE org_id = 1",
    ),
    "ck_message_number_quarantine_reason": (
        "quarantine_has_its_terms",
        "UPDATE message_number SET quarantine_reason = NULL WHERE org_id = 1",
    ),
    "ck_message_number_segments_per_second": (
        "settings_in_range",
        "UPDATE message_number SET segments_per_second = 0 WHERE id = 1",
    ),
    "uq_message_number_e164": (
        "number_once",
        "UPDATE message_number SET e164 = '+14155550100' WHERE class = 'front_desk'",
    ),
    "uq_message_number_front_desk": (
        "one_front_desk",
        (
            "UPDATE message_number SET class = 'front_desk'"
            " WHERE class = 'pool' AND status = 'active' AND org_id = 1"
        ),
    ),
    "uq_message_number_holder": (
        "one_number_per_sitter",
        (
            "UPDATE message_number SET sitter_id = 1, first_sitter_id = 1"
            " WHERE class = 'sitter' AND org_id = 1"
        ),
    ),
    "uq_number_custody_number_id_from_at": (
        "ledger_without_overlap",
        "INSERT INTO number_custody SELECT * FROM number_custody WHERE id = 1",
    ),
    "ck_org_freeze_reason": (
        "settings_in_range",
        f"UPDATE org SET frozen_at = {THEN} WHERE id = 1",
    ),
    "ck_org_frozen_until": (
        "settings_in_range",
        f"UPDATE org SET frozen_until = {THEN} WHERE id = 1",
    ),
    "ck_org_grace_minutes": ("settings_in_range", "UPDATE org SET grace_minutes = -1 WHERE id = 1"),
    "ck_org_pool_threads_per_number": (
        "settings_in_range",
        "UPDATE org SET pool_threads_per_number = 0 WHERE id = 1",
    ),
    "ck_org_quarantine_days": (
        "settings_in_range",
        "UPDATE org SET quarantine_days = 0 WHERE id = 1",
    ),
    "ck_org_quiet_from_minute": (
        "settings_in_range",
        "UPDATE org SET quiet_from_minute = 1440, quiet_until_minute = 0 WHERE id = 1",
    ),
    "ck_org_quiet_hours": (
        "settings_in_range",
        "UPDATE org SET quiet_from_minute = 60 WHERE id = 1",
    ),
    "ck_org_quiet_until_minute": (
        "settings_in_range",
        "UPDATE org SET quiet_from_minute = 60, quiet_until_minute = 60 WHERE id = 1",
    ),
    "uq_org_slug": ("ref_once", "UPDATE org SET slug = 'alpha'"),
    "uq_opt_out_standing": ("opt_out_once", "INSERT INTO opt_out SELECT * FROM opt_out"),
    "uq_sandbox_text_provider_message_id": (
        "sandbox_id_once",
        "UPDATE sandbox_text SET provider_message_id = 'SM1'",
    ),
    "uq_sitter_org_id_ref": (
        "ref_once",
        "UPDATE sitter SET ref = 'S-1' WHERE ref = 'S-2' AND org_id = 1",
    ),
    "ck_sitter_activity_span": (
        "activity_ends_after_it_began",
        (
            "INSERT INTO sitter_activity (id, org_id, sitter_id, activated_at, offboarded_at)"
            f" VALUES (99, 1, 1, {LATER}, {THEN})"
        ),
    ),
    "uq_sitter_activity_open": (
        "activity_agrees",
        "INSERT INTO sitter_activity SELECT * FROM sitter_activity WHERE id = 1",
    ),
    "uq_thread_org_id_client_id": (
        "one_thread_per_client",
        (
            "INSERT INTO thread (id, org_id, client_id, created_at)"
            " SELECT 99, org_id, client_id, created_at FROM thread WHERE id = 1"
        ),
    ),
}


def constraints() -> set[str]:
    """The CHECKs, UNIQUEs and unique indexes of the models, without those of vocabularies (below)
    and those that an id alone makes unique."""
    found = set()
    for table in metadata.sorted_tables:
        for each in table.constraints:
            if isinstance(each, CheckConstraint) and not each._type_bound:
                found.add(str(each.name))
        for unique in [
            *(each for each in table.constraints if isinstance(each, UniqueConstraint)),
            *(each for each in table.indexes if each.unique),
        ]:
            columns = [column.name for column in unique.columns]
            if "id" not in columns:
                name = str(unique.name) if unique in table.indexes else None
                found.add(name or f"uq_{table.name}_{'_'.join(columns)}")
    return found


def test_every_constraint_has_a_check_that_does_its_work() -> None:
    assert constraints() == set(HELD)


@pytest.mark.parametrize("constraint", HELD)
def test_what_a_constraint_would_have_refused_is_found(
    bare: Cursor, bare_world: str, constraint: str
) -> None:
    check, fault = HELD[constraint]
    assert bare.run(fault) > 0
    assert told(examine(bare, bare_world, check)) == [check]


# -------------------------------------------------------------- where rows point, and what they say


def references() -> set[tuple[str, str, str]]:
    """Every column that points at another row: (table, column, target table)."""
    found = set()
    for table in metadata.sorted_tables:
        for each in table.constraints:
            if isinstance(each, ForeignKeyConstraint):
                names = [column.name for column in each.columns]
                if each.parent.name == "stray_text":  # of no org: `stray_once` follows it
                    continue
                column = names[0] if names == ["org_id"] else names[1]
                found.add((table.name, column, each.referred_table.name))
    return found


def test_every_foreign_key_is_followed() -> None:
    ours = {(table, column, target) for table, columns in OF_AN_ORG.items()
            for column, target in columns}  # fmt: skip
    ours |= {(table, "org_id", "org") for table in OF_AN_ORG}
    missing = references() - ours
    assert missing == set()
    # Tables without a foreign key of their own to the org reach it by another one.
    assert {each for each in ours - references() if each[1] != "org_id"} == set()


@pytest.mark.parametrize(("table", "column", "target"), sorted(references()))
def test_a_row_that_points_to_nothing_is_found(
    bare: Cursor, bare_world: str, table: str, column: str, target: str
) -> None:
    if table == "ref_counter":  # every ref of theirs was given
        bare.run("INSERT INTO ref_counter (org_id, noun, next_value) VALUES (1, 'client', 1)")
    assert bare.run(f"UPDATE {table} SET {column} = 9999") > 0
    rows = [row for row in examine(bare, bare_world, "pointers") if row.result != CheckResult.OK]
    assert any(
        f"of {table} point by {column} to a {target} that is not there" in row.message
        for row in rows
    )


@pytest.mark.parametrize(
    ("table", "column", "target"), sorted(each for each in references() if each[1] != "org_id")
)
def test_a_row_that_points_into_another_org_is_found(
    bare: Cursor, bare_world: str, table: str, column: str, target: str
) -> None:
    foreign = f"(SELECT max(id) FROM {target} WHERE org_id = 2)"
    assert bare.run(f"UPDATE {table} SET {column} = {foreign} WHERE org_id = 1") > 0
    (row,) = examine(bare, bare_world, "pointers")
    assert row.org == "alpha"
    assert row.message.endswith(f"of {table} point by {column} to a {target} of beta")
    assert examine(bare, bare_world, "pointers", org="beta")[0].result is CheckResult.OK


def vocabularies() -> set[tuple[str, str, tuple[str, ...], bool]]:
    return {
        (table.name, column.name, tuple(column.type.enums), not column.nullable)
        for table in metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, Enum)
    }


def test_every_vocabulary_is_looked_up() -> None:
    ours = {(each.table, each.column, tuple(word.value for word in each.words), each.required)
            for each in VOCABULARIES}  # fmt: skip
    assert ours == vocabularies()


@pytest.mark.parametrize("word", ["'nonsense'", "NULL"])
@pytest.mark.parametrize("vocabulary", VOCABULARIES, ids=lambda each: f"{each[0]}.{each[1]}")
def test_a_word_that_means_nothing_is_found(
    bare: Cursor, bare_world: str, vocabulary: Any, word: str
) -> None:
    table, column, _, required = vocabulary
    bare.run(f"UPDATE {table} SET {column} = {word}")
    rows = examine(bare, bare_world, "words")
    if word == "NULL" and not required:
        assert told(rows) == []
    else:
        assert f"{table} have {column}" in rows[0].message
        assert told(rows) == ["words"]


# ------------------------------------------------------------------- what no constraint could hold

FAULTS: list[tuple[str, str]] = [
    ("id_once", "INSERT INTO sitter SELECT * FROM sitter WHERE ref = 'S-2' AND org_id = 1"),
    ("id_once", "INSERT INTO audit_head SELECT * FROM audit_head WHERE org_id = 1"),
    ("one_primary_phone", "UPDATE client_phone SET is_primary = (1 = 0) WHERE client_id = 1"),
    ("forgotten_wholly", "UPDATE client SET name = NULL WHERE id = 1"),
    ("forgotten_wholly", f"UPDATE client SET forgotten_at = {THEN} WHERE id = 1"),
    ("forgotten_wholly", f"UPDATE client SET forgotten_at = {THEN}, name = NULL WHERE id = 1"),
    ("activity_agrees", "UPDATE sitter SET status = 'active' WHERE ref = 'S-2' AND org_id = 1"),
    ("activity_agrees", f"UPDATE sitter_activity SET offboarded_at = {LATER} WHERE sitter_id = 1"),
    (
        "number_of_one_sitter",
        ("UPDATE number_custody SET sitter_id = 2 WHERE sitter_id IS NULL AND number_id ="
        " (SELECT id FROM message_number WHERE sitter_id = 1)"),
    ),
    ("no_terms_without_quarantine", ("UPDATE message_number SET quarantine_reason = 'x'"
     " WHERE class = 'front_desk' AND org_id = 1")),
    ("no_terms_without_quarantine", (f"UPDATE message_number SET quarantined_until = {LATER},"
     " quarantine_reason = 'x' WHERE id = 1")),
    ("ledger_whole", "DELETE FROM number_custody WHERE number_id = 1"),
    ("ledger_whole", f"UPDATE number_custody SET from_at = {LATER} WHERE number_id = 1"),
    ("ledger_agrees", ("UPDATE message_number SET class = 'pool', sitter_id = NULL"
     " WHERE sitter_id = 1")),
    ("ledger_agrees", (f"UPDATE message_number SET quarantined_until = {LATER}"
     " WHERE status = 'quarantined' AND org_id = 1")),
    ("ledger_agrees", "UPDATE message_number SET sitter_id = NULL WHERE sitter_id = 1"),
    (
        "window_in_its_clients_thread",
        ("UPDATE assignment_window SET thread_id = (SELECT min(id) FROM thread WHERE org_id = 1 AND"
        " client_id <> assignment_window.client_id) WHERE id = 1"),
    ),
    ("confirmed_has_a_window", "UPDATE booking SET status = 'confirmed' WHERE ref = 'B-3'"),
    ("pending_has_no_window", "UPDATE booking SET status = 'pending' WHERE ref = 'B-1'"),
    ("window_follows_its_booking", "UPDATE assignment_window SET sitter_id = 2 WHERE id = 1"),
    ("window_follows_its_booking", f"UPDATE assignment_window SET starts_at = {THEN} WHERE id = 1"),
    ("window_follows_its_booking", "UPDATE assignment_window SET booked_until = ends_at"),
    (
        "text_in_its_clients_thread",
        ("UPDATE message SET client_id = (SELECT id FROM client WHERE ref = 'C-1' AND org_id = 1)"
        " WHERE org_id = 1 AND status = 'queued'"),
    ),
    (
        "text_in_its_clients_thread",
        "UPDATE message_attempt SET thread_id = 9999 WHERE id = 1",
    ),
    ("sent_with_a_decision", "UPDATE message SET decision = NULL WHERE id = 1"),
    ("taken_with_an_id", "UPDATE message SET provider_message_id = NULL WHERE id = 1"),
    ("taken_with_an_id", "UPDATE message_attempt SET provider_message_id = 'x' WHERE id = 1"),
    ("tries_counted", "UPDATE message SET attempts = 2 WHERE id = 1"),
    ("waiting_has_its_time", "UPDATE message SET due_at = NULL WHERE status = 'queued'"),
    ("waiting_has_its_time", "UPDATE message SET send_at = NULL WHERE status = 'queued'"),
    ("waiting_was_not_taken", (f"UPDATE message SET status = 'queued', send_at = {LATER},"
     f" due_at = {LATER} WHERE id = 1")),
    ("doubt_has_its_time", "UPDATE message SET status = 'unknown' WHERE id = 1"),
    ("held_was_told", "UPDATE message SET status = 'held' WHERE status = 'queued'"),
    ("received_is_addressed", "DELETE FROM inbound_text WHERE org_id = 1"),
    ("received_is_addressed", "INSERT INTO inbound_text SELECT * FROM inbound_text"),
    ("received_is_addressed", "UPDATE inbound_text SET message_id = 1 WHERE org_id = 1"),
    ("nobodys_text_has_its_why", "DELETE FROM relay WHERE org_id = 1"),
    ("relay_fits", "INSERT INTO relay SELECT * FROM relay WHERE org_id = 1"),
    ("relay_fits", "UPDATE relay SET about_id = message_id WHERE org_id = 1"),
    ("relay_fits", "UPDATE relay SET message_id = about_id WHERE org_id = 1"),
    ("question_fits", "UPDATE relay_question SET message_id = 1 WHERE org_id = 1"),
    ("stray_once", "UPDATE stray_text SET adopted_id = 9999"),
    ("stray_once", "UPDATE stray_text SET adopted_id = 1"),
    ("id_once", "UPDATE stray_text SET id = 1"),
    ("id_once", "UPDATE relay_question SET id = 1"),
    ("told_once", "INSERT INTO pull_mark SELECT * FROM pull_mark"),
    ("told_once", "INSERT INTO auto_reply SELECT * FROM auto_reply WHERE org_id = 1"),
    ("told_once", "UPDATE stripe_event SET event_id = 'evt_1'"),
    ("text_in_its_clients_thread", ("UPDATE message SET client_id = NULL"
     " WHERE status = 'queued' AND org_id = 1")),
    ("audit_chain", "UPDATE audit_event SET payload = '{}' WHERE seq = 3 AND org_id = 2"),
    ("audit_chain", "DELETE FROM audit_event WHERE seq = 3 AND org_id = 2"),
    ("audit_chain", "UPDATE audit_event SET actor = 'x' WHERE seq = 1 AND org_id = 1"),
]  # fmt: skip
TOGETHER: dict[str, set[str]] = {
    "id_once": {"ref_once"},
    "no_terms_without_quarantine": {"ledger_agrees"},
    "relay_fits": {"nobodys_text_has_its_why"},
}
"""What a fault breaks besides."""


@pytest.mark.parametrize(("check", "fault"), FAULTS)
def test_a_fault_is_found_by_its_check_and_no_other(
    bare: Cursor, bare_world: str, check: str, fault: str
) -> None:
    assert bare.run(fault) > 0
    found = told(examine(bare, bare_world))
    assert check in found
    assert set(found) - {check} <= TOGETHER.get(check, set())


def test_every_check_of_the_database_has_its_fault() -> None:
    planted = {check for check, _ in HELD.values()} | {check for check, _ in FAULTS}
    elsewhere = {
        "clocks", "doubts_settled", "durable_writes", "file_integrity", "leaver_has_no_window",
        "leaver_holds_nothing", "orgs", "pointers", "quarantines_ended", "queue_moves",
        "senders_alive", "sent_by_somebody", "words",
    }  # fmt: skip
    assert {check.name for check in doctor.CHECKS if not check.around} == planted | elsewhere


# -------------------------------------------------------------------- what runs, or should have run


def test_a_sitter_who_left_has_neither_number_nor_window(bare: Cursor, bare_world: str) -> None:
    bare.run("UPDATE sitter SET status = 'offboarded' WHERE id = 1")
    found = told(examine(bare, bare_world))
    assert found == ["activity_agrees", "leaver_has_no_window", "leaver_holds_nothing"]
    rows = examine(bare, bare_world, "leaver_has_no_window", org="alpha")
    assert [row.message for row in rows] == [
        f"The window of booking {ref} is of sitter S-1, who is offboarded" for ref in ("B-1", "B-2")
    ]
    assert rows[0].command == "petmsg booking reassign B-1 --org alpha --sitter SITTER"
    over = NOW + timedelta(days=3)
    assert "leaver_has_no_window" not in told(examine(bare, bare_world, now=over))


def send(cursor: Cursor, token: str | None) -> None:
    """Text 1 is being sent by that worker."""
    cursor.run("UPDATE message SET status = 'sending', worker = :w WHERE id = 1", w=token)
    cursor.run(
        "UPDATE message_attempt SET status = 'sending', worker = :w WHERE message_id = 1", w=token
    )


def test_a_text_whose_sender_is_alive_is_left_alone(bare: Cursor, bare_world: str) -> None:
    with worker(locate(bare_world)) as alive:
        send(bare, alive.token)
        assert told(examine(bare, bare_world)) == []


@pytest.mark.parametrize("token", [DEAD, None])
def test_a_text_whose_sender_is_dead_is_found(
    bare: Cursor, bare_world: str, token: str | None
) -> None:
    send(bare, token)
    found = told(examine(bare, bare_world))
    assert found == sorted(["senders_alive", *(["sent_by_somebody"] if token is None else [])])
    (row,) = examine(bare, bare_world, "senders_alive")
    assert row.message == "Text 1 is being sent, and its sender is dead"
    assert row.command == "petmsg reconcile --org alpha"


def test_a_text_without_an_open_try_is_sent_by_nobody(bare: Cursor, bare_world: str) -> None:
    with worker(locate(bare_world)) as alive:
        send(bare, alive.token)
        bare.run("UPDATE message_attempt SET status = 'sent' WHERE message_id = 1")
        assert told(examine(bare, bare_world)) == ["sent_by_somebody"]


@pytest.mark.parametrize(
    ("late", "result"),
    [
        (timedelta(seconds=-1), CheckResult.OK),
        (timedelta(0), CheckResult.WARNING),
        (timedelta(hours=1), CheckResult.WARNING),
        (timedelta(hours=1, seconds=1), CheckResult.PROBLEM),
    ],
)
def test_a_quarantine_that_is_over_is_a_problem_once_cron_is_late(
    bare: Cursor, bare_world: str, late: timedelta, result: CheckResult
) -> None:
    until = bare.rows("SELECT max(quarantined_until) AS at FROM message_number")[0]["at"]
    rows = examine(bare, bare_world, "quarantines_ended", now=until + late)
    assert {row.result for row in rows} == {result}
    if result is not CheckResult.OK:
        assert [row.command for row in rows] == [
            f"petmsg number release-due --org {org}" for org in ("alpha", "beta")
        ]


def test_a_queue_that_stands_still_is_a_warning(bare: Cursor, bare_world: str) -> None:
    rows = examine(bare, bare_world, "queue_moves", now=NOW + timedelta(minutes=29))
    assert rows[0].result is CheckResult.OK
    rows = examine(bare, bare_world, "queue_moves", now=NOW + timedelta(minutes=31), org="beta")
    assert [(row.result, row.org, row.command) for row in rows] == [
        (CheckResult.WARNING, "beta", "petmsg message dispatch --org beta")
    ]
    assert rows[0].message == "1 text(s) are due, the first for 31 minute(s)"


def test_a_doubt_that_nobody_settles_is_a_warning(bare: Cursor, bare_world: str) -> None:
    bare.run("UPDATE message SET status = 'unknown', in_doubt_at = claimed_at WHERE id = 1")
    rows = examine(bare, bare_world, "doubts_settled", now=NOW + timedelta(minutes=59))
    assert rows[0].result is CheckResult.OK
    (row,) = examine(bare, bare_world, "doubts_settled", now=NOW + timedelta(hours=50))
    assert (row.result, row.message) == (
        CheckResult.WARNING,
        "1 text(s) are in doubt, the first for 2 day(s)",
    )


# ------------------------------------------------------------------------------ what cannot be told


@pytest.mark.parametrize(
    ("damage", "checks"),
    [
        ("DROP TABLE thread", {"one_thread_per_client", "pointers", "id_once"}),
        ("ALTER TABLE message_number DROP COLUMN first_sitter_id", {"number_of_one_sitter"}),
        ("ALTER TABLE org RENAME COLUMN slug TO name_of_it", {"orgs", "ref_once"}),
        ("UPDATE org SET pool_for = 'nobody'", {"orgs", "words"}),
    ],
)
def test_a_check_that_cannot_be_made_says_so_and_the_others_go_on(
    bare: Cursor, bare_world: str, damage: str, checks: set[str]
) -> None:
    bare.run(damage)
    bare.run("UPDATE booking SET ends_at = starts_at WHERE ref = 'B-3' AND org_id = 1")
    rows = examine(bare, bare_world)
    assert checks | {"booking_ends_after_its_start"} <= set(told(rows))
    for row in rows:
        if row.message.startswith("This cannot be told"):
            assert row.command == "petmsg db check"


@pytest.mark.parametrize("nonsense", ["2026-02-31", "x", 5, b"\xff"])
def test_a_time_that_is_none_is_told_by_those_who_read_it(
    bare: Cursor, bare_world: str, nonsense: Any
) -> None:
    if not bare.is_sqlite:
        pytest.skip("PostgreSQL stores no such thing")
    bare.run(
        "UPDATE message_number SET quarantined_until = :x WHERE status = 'quarantined'", x=nonsense
    )
    bare.run("UPDATE org SET created_at = :x", x=nonsense)
    assert {"orgs", "ledger_agrees"} <= set(told(examine(bare, bare_world)))


# ----------------------------------------------------------------------------------- how it is told


def test_a_finding_names_its_org_and_the_command_as_it_stands(
    bare: Cursor, bare_world: str
) -> None:
    bare.run("UPDATE booking SET ref = 'it''s; rm -rf $HOME' WHERE ref = 'B-3' AND org_id = 1")
    bare.run("UPDATE booking SET status = 'confirmed' WHERE ref LIKE 'it%' AND org_id = 1")
    (row,) = examine(bare, bare_world, "confirmed_has_a_window")
    assert row.org == "alpha"
    assert row.message == "Booking it's; rm -rf $HOME is confirmed and has no window"
    assert row.command is not None
    assert shlex.split(row.command) == [
        "petmsg", "booking", "confirm", "it's; rm -rf $HOME", "--org", "alpha"
    ]  # fmt: skip


def test_one_org_alone_needs_no_org_in_its_commands(bare: Cursor, bare_world: str) -> None:
    bare.run("DELETE FROM org WHERE id = 2")
    bare.run("UPDATE booking SET status = 'confirmed' WHERE ref = 'B-3' AND org_id = 1")
    (row,) = examine(bare, bare_world, "confirmed_has_a_window", org="alpha")
    assert row.command == "petmsg booking confirm B-3"


def test_a_chosen_org_is_told_nothing_of_the_other(bare: Cursor, bare_world: str) -> None:
    for fault in [fault for _, fault in HELD.values() if "org_id = 1" in fault]:
        bare.run(fault)
    assert told(examine(bare, bare_world, org="alpha")) != []
    assert told(examine(bare, bare_world, org="beta")) == []


def test_ten_findings_are_told_and_how_many_more_there_are(bare: Cursor, bare_world: str) -> None:
    for index in range(25):
        bare.run(
            "INSERT INTO booking (id, org_id, ref, client_id, status, starts_at, ends_at,"
            " created_at) SELECT :id, org_id, :ref, client_id, 'confirmed', starts_at, ends_at,"
            " created_at FROM booking WHERE ref = 'B-3' AND org_id = 1",
            id=100 + index,
            ref=f"M-{index}",
        )
    bare.run("UPDATE booking SET status = 'confirmed' WHERE ref = 'B-3' AND org_id = 2")
    rows = examine(bare, bare_world, "confirmed_has_a_window")
    assert [row.org for row in rows] == ["beta", *["alpha"] * 11]
    assert rows[-1].message == "And 15 more like these"


def test_an_org_that_is_not_there_is_refused(bare: Cursor, bare_world: str) -> None:
    with pytest.raises(NotFound):
        examine(bare, bare_world, org="gamma")


def test_an_unknown_check_is_refused() -> None:
    doctor.require_known(["schema", "one_thread_per_client"])
    with pytest.raises(OutOfRange, match="schemas"):
        doctor.require_known(["schemas"])
