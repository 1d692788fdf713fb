"""petmsg doctor: for cron and for a person, on databases that are well, hurt, old or locked."""

import shlex
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from petmsg.db import migrate
from petmsg.db.location import locate
from petmsg.db.statements import instant_to_text
from petmsg.enums.alerts import AlertKind, AlertSeverity
from petmsg.services.alert import raise_alert
from petmsg.services.doctor import run_checks
from tests.support.bad_databases import assert_told, attempt
from tests.support.calls import add_call
from tests.support.consistency import raw
from tests.support.fixtures import NOW, Ran, add_org, migrated_and, run_cli, working
from tests.support.pictures import photo
from tests.support.postgres import Copies

THEN = f"'{instant_to_text(NOW)}'"
YESTERDAY = f"'{instant_to_text(NOW - timedelta(days=1))}'"
DEAD = "w-0123456789abcde"
DESK, N1, N2, POOL = "+14155550100", "+14155550101", "+14155550102", "+14155550150"


@pytest.fixture
def url(refilled: Copies) -> str:
    return refilled("doctor", migrated_and(company))


@pytest.fixture
def on_sqlite(sqlite_refilled: Copies) -> str:
    return sqlite_refilled("doctor", migrated_and(company))


def company(url: str) -> str:
    add_org(url, front_desk=DESK)
    for line in (
        f"number add {N1} {N2} --class sitter",
        f"number add {POOL} --class pool",
        "client add Anna --ref C-1 --phone +12025550101",
        "sitter add Maya --ref S-1 --phone +13035550101",
        "sitter add Nora --ref S-2 --phone +13035550102",
        "sitter activate S-1",
        "booking add --ref B-1 --client C-1 --sitter S-1 --start +1d --end +2d",
        "booking confirm B-1",
        "message send C-1 --body Hello",
    ):
        ran = run_cli(url, *line.split())
        assert ran.code == 0, ran.err
    return url


def examined(url: str, *arguments: str, **options: Any) -> Ran:
    return run_cli(url, "doctor", *arguments, "-o", "json", **options)


def problems(ran: Ran) -> dict[str, str | None]:
    """The checks that found a problem, with the command of each."""
    return {row["check"]: row["command"] for row in ran.json if row["result"] == "problem"}


def test_a_company_is_well_and_every_check_says_so(url: str) -> None:
    ran = examined(url)
    assert ran.code == 0, ran.err
    assert problems(ran) == {}
    assert [*ran.json[0]] == ["check", "result", "org", "message", "command"]
    told = {row["check"] for row in ran.json}
    of_files = {"file_integrity", "local_disk", "media_place", "sqlite_version"}
    assert told | of_files | {"provider", "provider_account", "number_pictures"} == {
        check.name for check in run_checks.CHECKS
    }


def test_a_problem_is_an_exit_of_ten_and_comes_last(url: str) -> None:
    with raw(url) as cursor:
        cursor.run("DELETE FROM assignment_window")
    ran = examined(url)
    assert ran.code == 10
    assert ran.json[-1] == {
        "check": "confirmed_has_a_window",
        "result": "problem",
        "org": "happy-paws",
        "message": "Booking B-1 is confirmed but has no window",
        "command": "petmsg booking confirm B-1",
    }
    assert [row for row in ran.json if row["result"] == "problem"] == ran.json[-1:]


def test_a_warning_alone_does_not_change_the_exit_code(url: str) -> None:
    late = NOW + timedelta(minutes=40)
    assert run_cli(url, "message", "send", "C-1", "--body", "Hi", "--queue-only").code == 0
    ran = examined(url, now=late)
    assert ran.code == 0
    (row,) = [row for row in ran.json if row["check"] == "queue_moves"]
    assert (row["result"], row["command"]) == ("warning", "petmsg message dispatch")


def test_findings_alone_are_nothing_to_read_while_all_is_well(url: str) -> None:
    run = ("doctor", "--findings", "-o", "jsonl")
    ran = run_cli(url, *run)
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    with raw(url) as cursor:
        cursor.run("DELETE FROM assignment_window")
    ran = run_cli(url, *run)
    assert (ran.code, len(ran.out.splitlines())) == (10, 1)


def test_a_person_reads_how_many_there_are(url: str) -> None:
    with raw(url) as cursor:
        cursor.run("DELETE FROM assignment_window")
    ran = run_cli(url, "doctor", "--check", "confirmed_has_a_window", "--check", "words",
                  "-o", "table")  # fmt: skip
    assert ran.code == 10
    assert ran.err == "1 problem, 0 warnings; 1 check passed.\n"
    assert ran.out.strip().splitlines()[-1].split()[:3] == [
        "confirmed_has_a_window", "problem", "happy-paws"
    ]  # fmt: skip


def test_one_check_alone_may_be_asked_for(url: str) -> None:
    ran = examined(url, "--check", "audit_chain")
    assert [row["check"] for row in ran.json] == ["audit_chain"]
    ran = examined(url, "--check", "audit_chains")
    assert (ran.code, ran.error["code"]) == (2, "out_of_range")
    assert "audit_chain" in ran.error["hint"]


def test_all_orgs_are_examined_unless_one_is_named(url: str) -> None:
    add_org(url, "tail-waggers", front_desk=None)
    with raw(url) as cursor:
        cursor.run("DELETE FROM assignment_window")
    command = "petmsg booking confirm B-1 --org happy-paws"
    assert problems(examined(url)) == {"confirmed_has_a_window": command}
    assert problems(examined(url, "--org", "happy-paws")) == {"confirmed_has_a_window": command}
    assert problems(examined(url, "--org", "tail-waggers")) == {}
    assert (examined(url, "--org", "gone").code, examined(url, "--org", "gone").out) == (3, "")


def test_a_database_without_an_org_is_well(migrated_url: str) -> None:
    assert examined(migrated_url).code == 0


# ----------------------------------------------------------------------------- what fixes a problem

# Planted with what would refuse it out of the way; fixed by the command it is reported with.
MENDED = {
    "confirmed_has_a_window": ["DELETE FROM assignment_window"],
    "window_follows_its_booking": ["UPDATE assignment_window SET sitter_id = NULL"],
    "window_ends_after_its_start": ["UPDATE assignment_window SET ends_at = starts_at"],
    "one_number_per_sitter": [
        "DROP INDEX uq_message_number_holder",
        f"UPDATE message_number SET sitter_id = 1, first_sitter_id = 1 WHERE e164 = '{N2}'",
    ],
    "held_class": ["UPDATE message_number SET class = 'pool' WHERE sitter_id = 1"],
    "one_front_desk": [
        "DROP INDEX uq_message_number_front_desk",
        f"UPDATE message_number SET class = 'front_desk' WHERE e164 = '{POOL}'",
    ],
    "quarantine_has_its_terms": [
        f"UPDATE message_number SET status = 'quarantined' WHERE e164 = '{POOL}'"
    ],
    "no_terms_without_quarantine": [
        f"UPDATE message_number SET quarantine_reason = 'x' WHERE e164 = '{POOL}'"
    ],
    "leaver_holds_nothing": [
        "UPDATE sitter SET status = 'offboarded' WHERE ref = 'S-1'",
        "UPDATE sitter_activity SET offboarded_at = activated_at",
    ],
    "leaver_has_no_window": [
        "UPDATE sitter SET status = 'offboarded' WHERE ref = 'S-1'",
        "UPDATE sitter_activity SET offboarded_at = activated_at",
    ],
    "one_primary_phone": ["UPDATE client_phone SET is_primary = (1 = 0)"],
    "waiting_has_its_time": [
        (
            "INSERT INTO message (org_id, thread_id, client_id, direction, status, to_e164,"
            " segments, attempts, actor, created_at, urgent) SELECT org_id, thread_id, client_id,"
            " direction, 'queued', to_e164, 1, 0, 'x', created_at, urgent FROM message"
        )
    ],
    "booking_ends_after_its_start": ["UPDATE booking SET ends_at = starts_at"],
    "waiting_was_not_taken": [
        "UPDATE message SET status = 'queued', send_at = created_at, due_at = created_at"
    ],
    "sent_by_somebody": [
        "UPDATE message SET status = 'sending', worker = NULL",
        "UPDATE message_attempt SET status = 'sending'",
    ],
    "senders_alive": [
        f"UPDATE message SET status = 'sending', worker = '{DEAD}'",
        f"UPDATE message_attempt SET status = 'sending', worker = '{DEAD}'",
    ],
    "alert_once": [
        "DROP INDEX uq_alert_open",
        *[
            (
                "INSERT INTO alert (org_id, severity, kind, entity, ref, message, count, opened_at,"
                " last_at)"
                f" VALUES (1, 'info', 'no_number', 'client', 'C-1', 'x', 1, {THEN}, {THEN})"
            )
        ]
        * 2,
    ],
    "quarantines_ended": [
        (
            f"UPDATE message_number SET status = 'quarantined', quarantined_until = {YESTERDAY},"
            f" quarantine_reason = 'x' WHERE e164 = '{POOL}'"
        )
    ],
}
PLACEHOLDERS = {"…": "asked", "SITTER": "S-2", "E164": "+12025550101", "--start T": "--start +3d",
                "--end T": "--end +4d"}  # fmt: skip


@pytest.mark.parametrize("check", MENDED)
def test_the_command_of_a_problem_fixes_it(on_sqlite: str, check: str) -> None:
    pragmas = ("ignore_check_constraints=ON", "foreign_keys=OFF")
    with raw(on_sqlite, pragmas=pragmas) as cursor:
        for statement in MENDED[check]:
            cursor.run(statement)
    found = problems(examined(on_sqlite))
    assert check in found
    command = found[check]
    assert command is not None
    for placeholder, word in PLACEHOLDERS.items():
        command = command.replace(placeholder, word)
    for line in command.split(" && "):
        asks = ("sitter deactivate", "number retire")  # a person, at a terminal
        yes = ["--yes"] if any(each in line for each in asks) else []
        ran = run_cli(on_sqlite, *shlex.split(line)[1:], *yes, now=NOW + timedelta(seconds=1))
        assert ran.code in (0, 10), (line, ran.err)  # 10: reconcile, which is still asking
    assert check not in problems(examined(on_sqlite, now=NOW + timedelta(seconds=2)))


def test_every_command_is_one_that_petmsg_has(on_sqlite: str, tmp_path: Path) -> None:
    """Those that only show are run on a database that is well; the others were run above."""
    (tmp_path / "rex.jpg").write_bytes(photo())
    sent = run_cli(on_sqlite, "message", "send", "C-1", "--media", str(tmp_path / "rex.jpg"))
    assert sent.code == 0, sent.err
    with working(on_sqlite) as uow:
        raise_alert(
            uow,
            AlertKind.NUMBER_GONE,
            severity=AlertSeverity.WARNING,
            entity="number",
            ref=N1,
            message="The provider does not list it",
        )
    show = {"ref": "C-1", "client": "C-1", "sitter": "S-1", "number": N1, "booking": "B-1",
            "message": "1", "first": DESK, "alert": "1", "noun": "client",
            "media": "1", "call": str(add_call(on_sqlite, number=DESK))}  # fmt: skip
    for invariant in run_checks.INVARIANTS:
        if invariant.command is None or invariant.name in MENDED:
            continue
        line = invariant.command.format(org="", **show)
        words = shlex.split(line)[1:]
        assert run_cli(on_sqlite, *words).code == 0, line


# ------------------------------------------------------------------ databases that cannot be opened


def test_a_missing_database_is_reported_as_everywhere(tmp_path: Path) -> None:
    assert_told(attempt(str(tmp_path / "no.db"), "doctor"), "database_missing")


def test_an_old_database_is_reported_with_the_upgrade_command(migrated_url: str) -> None:
    migrate.downgrade(migrated_url, "0001")
    ran = attempt(migrated_url, "doctor")
    assert_told(ran, "schema_behind")
    assert "petmsg db upgrade" in ran.error["hint"]


def test_a_database_that_was_never_migrated_is_reported(database_url: str) -> None:
    path = locate(database_url).path
    if path is not None:
        path.touch()
    assert_told(attempt(database_url, "doctor"), "schema_behind")


@pytest.mark.postgres
def test_a_locked_table_is_busy_and_not_waited_for_by_every_check(postgres_url: str) -> None:
    migrate.upgrade(postgres_url, actor="x", now=NOW)
    with raw(postgres_url) as cursor:
        cursor.run("LOCK TABLE booking IN ACCESS EXCLUSIVE MODE")
        assert_told(attempt(postgres_url, "doctor"), "busy", 75)


def test_a_writer_does_not_keep_doctor_waiting(on_sqlite: str) -> None:
    with closing(sqlite3.connect(str(locate(on_sqlite).path), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("UPDATE client SET name = 'half'")
        assert attempt(on_sqlite, "doctor").code == 0


def test_damaged_pages_are_reported_by_the_checks_that_meet_them(on_sqlite: str) -> None:
    """Each page in turn: a clear error, or findings; never a traceback."""
    path = locate(on_sqlite).path
    assert path is not None
    with closing(sqlite3.connect(path)) as hand:
        hand.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    whole = path.read_bytes()
    codes = set()
    for start in range(0, len(whole), 4096):
        at = start + (100 if start == 0 else 0)
        for suffix in ("-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        path.write_bytes(whole[:at] + b"\xff" * 8 + whole[at + 8 :])
        ran = attempt(str(path), "doctor")
        codes.add(ran.code)
        if ran.code == 5:
            assert_told(ran, "database_corrupt")
        else:
            assert ran.code == 10, (start, ran.out)
            assert "file_integrity" in problems(ran)
    assert 10 in codes
