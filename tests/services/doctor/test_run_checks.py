"""`doctor` finds every broken rule in a database that was edited by hand, without any constraint.

Each fault is planted in a transaction that is rolled back. Faults that a constraint would have
prevented are in `test_run_checks_constraints`.
"""

import shlex
from datetime import timedelta
from typing import Any

import pytest

from petmsg.db.cursor import Cursor
from petmsg.db.liveness import worker
from petmsg.db.location import locate
from petmsg.enums.alerts import CheckResult
from petmsg.errors import NotFound, OutOfRange
from petmsg.services.doctor import run_checks
from tests.services.doctor.prevented_faults import HELD
from tests.support.fixtures import NOW
from tests.support.unguarded import DEAD, LATER, THEN, examine, told


def test_two_orgs_have_no_findings(bare: Cursor, bare_world: str) -> None:
    rows = examine(bare, bare_world)
    assert told(rows) == []
    assert len(rows) > 50
    assert len({row.message for row in rows}) == len(rows)


# --------------------------------------------------------------- faults that no constraint prevents

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
    ("media_in_order", "UPDATE media SET position = 3 WHERE id = 1"),
    ("media_counted", "UPDATE inbound_text SET media_count = 2 WHERE media_count = 1"),
    ("media_counted", "UPDATE message SET media_count = 0 WHERE media_count = 1"),
    ("media_counted", "DELETE FROM media WHERE source_id IS NOT NULL"),
    ("media_agrees", "UPDATE media SET source_id = id WHERE source_id IS NOT NULL"),
    ("channel_failing", "UPDATE notify_channel SET failed_at = NULL WHERE name = 'owner'"),
    ("channel_failing", "UPDATE notify_channel SET failures = 1 WHERE name = 'ops'"),
    ("delivery_once", "INSERT INTO notify_delivery SELECT * FROM notify_delivery"),
    ("override_span", ("UPDATE route_override SET ended_at = until_at, ended_by = NULL"
     " WHERE ended_at IS NULL")),
    ("override_in_its_clients_thread", ("UPDATE route_override SET thread_id ="
     " (SELECT min(id) FROM thread WHERE org_id = 1 AND client_id <> route_override.client_id)"
     " WHERE org_id = 1 AND ended_at IS NULL")),
    ("absence_span", (f"UPDATE sitter_absence SET ended_at = {LATER}"
     " WHERE org_id = 1 AND ended_at IS NOT NULL")),
    ("absence_span", ("UPDATE sitter_absence SET ends_at = starts_at"
     " WHERE org_id = 1 AND ended_at IS NULL")),
    ("one_absence_at_a_time", ("UPDATE sitter_absence SET ended_at = NULL, ended_by = NULL"
     " WHERE org_id = 1")),
    ("id_once", ("INSERT INTO call SELECT id, org_id, provider, 'CA-new', number_id, from_phone,"
     " caller, client_id, sitter_id, addressed_to, code, decision, ring_results, status,"
     " answered_by, started_at, answered_at, ended_at, duration_seconds, NULL, NULL"
     " FROM call WHERE id = 1")),
    ("call_agrees", "UPDATE call SET answered_by = 'client' WHERE status = 'no_answer'"),
    ("call_agrees", "UPDATE call SET answered_at = NULL WHERE status = 'completed'"),
    ("call_agrees", "UPDATE call SET status = 'rejected' WHERE answered_by IS NOT NULL"),
    ("call_agrees", "UPDATE call SET voicemail_seconds = -1 WHERE voicemail_seconds = 23"),
    ("call_agrees", f"UPDATE call SET ended_at = {LATER} WHERE status = 'ringing'"),
    ("call_names_people", "UPDATE call SET client_id = NULL WHERE answered_by = 'client'"),
    ("call_names_people", "UPDATE call SET sitter_id = NULL WHERE caller = 'sitter'"),
    ("call_names_people", "UPDATE call SET sitter_id = NULL WHERE addressed_to = 'sitter'"),
    ("call_once", ("UPDATE call SET provider_call_id = 'CA1'"
     " WHERE status IN ('ringing', 'completed')")),
    ("call_in_inbox", ("UPDATE call SET client_id = (SELECT min(id) FROM client WHERE org_id = 1"
     " AND ref = 'C-1') WHERE caller = 'client' AND org_id = 1")),
    ("call_in_inbox", "UPDATE call SET provider_call_id = 'CA1' WHERE id = 1"),
    ("call_in_inbox", ("UPDATE call SET number_id = (SELECT max(id) FROM message_number"
     " WHERE org_id = 1) WHERE message_id IS NOT NULL AND org_id = 1")),
    ("call_in_inbox", ("UPDATE call SET message_id = (SELECT min(id) FROM message"
     " WHERE direction = 'outbound' AND org_id = 1) WHERE answered_by IS NOT NULL AND org_id = 1")),
    ("call_in_inbox", ("UPDATE call SET message_id = (SELECT max(message_id) FROM inbound_text"
     " WHERE org_id = 1) WHERE message_id IS NOT NULL AND org_id = 1")),
    ("call_in_inbox", "UPDATE call SET status = 'rejected' WHERE voicemail_seconds IS NOT NULL"),
    ("settings_in_range", "UPDATE org SET desk_phone = (SELECT max(e164) FROM message_number)"),
    ("stray_once", "UPDATE stray_text SET is_call = (1 = 1)"),
    ("forgotten_wholly", ("UPDATE client SET forgotten_at = (SELECT max(created_at) FROM message)"
     " WHERE id IN (SELECT client_id FROM call WHERE caller = 'client')")),
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
    "id_once": {"call_once", "ref_once"},
    "no_terms_without_quarantine": {"ledger_agrees"},
    "pending_has_no_window": {"events_stand"},
    "relay_fits": {"nobodys_text_has_its_why"},
}
"""Other checks that also find a fault."""


@pytest.mark.parametrize(("check", "fault"), FAULTS)
def test_a_fault_is_found_by_its_check_and_no_other(
    bare: Cursor, bare_world: str, check: str, fault: str
) -> None:
    assert bare.run(fault) > 0
    found = told(examine(bare, bare_world))
    assert check in found
    assert set(found) - {check} <= TOGETHER.get(check, set())


def test_every_check_of_the_database_has_a_planted_fault() -> None:
    planted = {check for check, _ in HELD.values()} | {check for check, _ in FAULTS}
    elsewhere = {
        "calls_ended", "clients_answered", "clocks", "doubts_settled", "durable_writes",
        "events_stand", "file_integrity", "leaver_has_no_window", "leaver_holds_nothing",
        "media_erased", "media_lost", "media_place", "orgs", "pointers", "purchases_settled",
        "quarantines_ended", "queue_moves", "senders_alive", "sent_by_somebody", "webhooks_signed",
        "words",
    }  # fmt: skip
    assert {
        check.name for check in run_checks.CHECKS if not check.is_external
    } == planted | elsewhere


# -------------------------------------------------------------------- what runs, or should have run


def test_a_sitter_who_left_has_neither_number_nor_window(bare: Cursor, bare_world: str) -> None:
    bare.run("UPDATE sitter SET status = 'offboarded' WHERE id = 1")
    found = told(examine(bare, bare_world))
    assert found == [
        "activity_agrees",
        "events_stand",
        "leaver_has_no_window",
        "leaver_holds_nothing",
    ]
    rows = examine(bare, bare_world, "leaver_has_no_window", org="alpha")
    assert [row.message for row in rows] == [
        f"The window of booking {ref} belongs to sitter S-1, who is offboarded"
        for ref in ("B-1", "B-2")
    ]
    assert rows[0].command == "petmsg booking reassign B-1 SITTER --org alpha"
    over = NOW + timedelta(days=3)
    assert "leaver_has_no_window" not in told(examine(bare, bare_world, now=over))


def send(cursor: Cursor, token: str | None) -> None:
    """Message 1 is being sent by that worker."""
    cursor.run("UPDATE message SET status = 'sending', worker = :w WHERE id = 1", w=token)
    cursor.run(
        "UPDATE message_attempt SET status = 'sending', worker = :w WHERE message_id = 1", w=token
    )


def test_a_text_whose_sender_is_alive_is_left_alone(bare: Cursor, bare_world: str) -> None:
    with worker(locate(bare_world)) as alive:
        send(bare, alive.token)
        assert told(examine(bare, bare_world)) == []


@pytest.mark.parametrize("token", [DEAD, None])
def test_a_message_whose_sending_process_died_is_found(
    bare: Cursor, bare_world: str, token: str | None
) -> None:
    send(bare, token)
    found = told(examine(bare, bare_world))
    assert found == sorted(["senders_alive", *(["sent_by_somebody"] if token is None else [])])
    (row,) = examine(bare, bare_world, "senders_alive")
    assert row.message == "Message 1 is being sent by a process that has died"
    assert row.command == "petmsg reconcile --org alpha"


def test_a_message_being_sent_without_an_open_attempt_is_found(
    bare: Cursor, bare_world: str
) -> None:
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
def test_a_quarantine_that_was_not_ended_becomes_a_problem_after_an_hour(
    bare: Cursor, bare_world: str, late: timedelta, result: CheckResult
) -> None:
    until = bare.rows("SELECT max(quarantined_until) AS at FROM message_number")[0]["at"]
    rows = examine(bare, bare_world, "quarantines_ended", now=until + late)
    assert {row.result for row in rows} == {result}
    if result is not CheckResult.OK:
        assert [row.command for row in rows] == [
            f"petmsg number release-due --org {org}" for org in ("alpha", "beta")
        ]


@pytest.mark.parametrize("minutes", [9, 11])
def test_a_purchase_without_an_outcome_is_found_after_ten_minutes(
    bare: Cursor, bare_world: str, minutes: int
) -> None:
    bare.run(
        "INSERT INTO number_purchase (org_id, kind, status, provider, e164, actor, created_at)"
        " VALUES (1, 'buy', 'intended', 'sandbox', '+14155550999', 'x', :now)",
        now=NOW,
    )
    now = NOW + timedelta(minutes=minutes)
    rows = examine(bare, bare_world, "purchases_settled", now=now, org="alpha")
    found = {row.command for row in rows if row.result is not CheckResult.OK}
    assert found == ({"petmsg number settle --org alpha"} if minutes > 10 else set())


def test_a_call_without_an_end_is_a_warning_after_a_day(bare: Cursor, bare_world: str) -> None:
    rows = examine(bare, bare_world, "calls_ended", now=NOW + timedelta(hours=24))
    assert {row.result for row in rows} == {CheckResult.OK}
    rows = examine(bare, bare_world, "calls_ended", now=NOW + timedelta(hours=26), org="alpha")
    assert [(row.result, row.message, row.command) for row in rows] == [
        (
            CheckResult.WARNING,
            "1 call without an end; the first began 1 day ago",
            "petmsg reconcile --org alpha",
        )
    ]


def test_an_overdue_message_is_a_warning_after_30_minutes(bare: Cursor, bare_world: str) -> None:
    rows = examine(bare, bare_world, "queue_moves", now=NOW + timedelta(minutes=29))
    assert rows[0].result is CheckResult.OK
    rows = examine(bare, bare_world, "queue_moves", now=NOW + timedelta(minutes=31), org="beta")
    assert [(row.result, row.org, row.command) for row in rows] == [
        (CheckResult.WARNING, "beta", "petmsg message dispatch --org beta")
    ]
    assert (
        rows[0].message == "The queue has 1 overdue message; the first has been due for 31 minutes"
    )


def test_an_old_unknown_outcome_is_a_warning(bare: Cursor, bare_world: str) -> None:
    bare.run("UPDATE message SET status = 'unknown', in_doubt_at = claimed_at WHERE id = 1")
    rows = examine(bare, bare_world, "doubts_settled", now=NOW + timedelta(minutes=59))
    assert rows[0].result is CheckResult.OK
    (row,) = examine(bare, bare_world, "doubts_settled", now=NOW + timedelta(hours=50))
    assert (row.result, row.message) == (
        CheckResult.WARNING,
        "1 unknown outcome; the first has been unknown for 2 days",
    )


# --------------------------------------------------------------------------------- checks that fail


@pytest.mark.parametrize(
    ("damage", "checks"),
    [
        ("DROP TABLE thread", {"one_thread_per_client", "pointers", "id_once"}),
        ("ALTER TABLE message_number DROP COLUMN first_sitter_id", {"number_of_one_sitter"}),
        ("ALTER TABLE org RENAME COLUMN slug TO name_of_it", {"orgs", "ref_once"}),
        ("UPDATE org SET pool_for = 'nobody'", {"orgs", "words"}),
    ],
)
def test_a_check_that_fails_is_reported_and_the_others_still_run(
    bare: Cursor, bare_world: str, damage: str, checks: set[str]
) -> None:
    bare.run(damage)
    bare.run("UPDATE booking SET ends_at = starts_at WHERE ref = 'B-3' AND org_id = 1")
    rows = examine(bare, bare_world)
    assert checks | {"booking_ends_after_its_start"} <= set(told(rows))
    for row in rows:
        if row.message.startswith("This check failed: "):
            assert row.command == "petmsg db check"


@pytest.mark.parametrize("nonsense", ["2026-02-31", "x", 5, b"\xff"])
def test_a_stored_value_that_is_no_time_is_reported_by_the_checks_that_read_it(
    bare: Cursor, bare_world: str, nonsense: Any
) -> None:
    if not bare.is_sqlite:
        pytest.skip("PostgreSQL stores no such thing")
    bare.run(
        "UPDATE message_number SET quarantined_until = :x WHERE status = 'quarantined'", x=nonsense
    )
    bare.run("UPDATE org SET created_at = :x", x=nonsense)
    assert {"orgs", "ledger_agrees"} <= set(told(examine(bare, bare_world)))


# -------------------------------------------------------------------------- how findings are worded


def test_a_finding_names_its_org_and_a_command_that_can_be_run(
    bare: Cursor, bare_world: str
) -> None:
    bare.run("UPDATE booking SET ref = 'it''s; rm -rf $HOME' WHERE ref = 'B-3' AND org_id = 1")
    bare.run("UPDATE booking SET status = 'confirmed' WHERE ref LIKE 'it%' AND org_id = 1")
    (row,) = examine(bare, bare_world, "confirmed_has_a_window")
    assert row.org == "alpha"
    assert row.message == "Booking it's; rm -rf $HOME is confirmed but has no window"
    assert row.command is not None
    assert shlex.split(row.command) == [
        "petmsg", "booking", "confirm", "it's; rm -rf $HOME", "--org", "alpha"
    ]  # fmt: skip


def test_commands_do_not_name_the_org_if_there_is_only_one(bare: Cursor, bare_world: str) -> None:
    bare.run("DELETE FROM org WHERE id = 2")
    bare.run("UPDATE booking SET status = 'confirmed' WHERE ref = 'B-3' AND org_id = 1")
    (row,) = examine(bare, bare_world, "confirmed_has_a_window", org="alpha")
    assert row.command == "petmsg booking confirm B-3"


def test_only_findings_of_the_chosen_org_are_reported(bare: Cursor, bare_world: str) -> None:
    for fault in [fault for _, fault in HELD.values() if "org_id = 1" in fault]:
        bare.run(fault)
    assert told(examine(bare, bare_world, org="alpha")) != []
    assert told(examine(bare, bare_world, org="beta")) == []


def test_ten_findings_are_reported_and_the_rest_is_counted(bare: Cursor, bare_world: str) -> None:
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
    assert rows[-1].message == "And 15 more of the same kind"


def test_an_unknown_org_is_refused(bare: Cursor, bare_world: str) -> None:
    with pytest.raises(NotFound):
        examine(bare, bare_world, org="gamma")


def test_an_unknown_check_is_refused() -> None:
    run_checks.require_known(["schema", "one_thread_per_client"])
    with pytest.raises(OutOfRange, match="schemas"):
        run_checks.require_known(["schemas"])
