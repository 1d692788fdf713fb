"""The external checks of `doctor`: files, clocks, SQLite, settings, credentials, the schema."""

import os
import pwd
import shutil
import sqlite3
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from petmsg.clock import now
from petmsg.db import migrate
from petmsg.db.location import locate
from petmsg.db.snapshot import snapshot
from petmsg.db.write_lock import lock_file
from petmsg.enums.alerts import CheckResult
from petmsg.errors import ProviderAccount, ProviderUnavailable
from petmsg.providers.base import ProviderNumber
from petmsg.services.doctor import environment_checks, run_checks
from petmsg.services.doctor.check import CheckContext
from petmsg.services.doctor.run_checks import Checked
from tests.support.consistency import raw
from tests.support.fixtures import ACTOR, NOW, add_org
from tests.support.migration_support import run
from tests.support.postgres import PostgresServer

OK, WARNING, PROBLEM = CheckResult
HOUR = timedelta(hours=1)
SID, TOKEN = "AC" + "0" * 32, "t0ken"


def context(url: str, environ: Mapping[str, str] | None = None, **changes: Any) -> CheckContext:
    given = {"HOME": "/nonexistent", "XDG_CONFIG_HOME": "/nonexistent", **(environ or {})}
    with snapshot(locate(url)) as cursor:
        admitted = run_checks.prepare(cursor, CheckContext(locate(url), NOW, given), None)
    return replace(admitted, **changes)


def examine(context: CheckContext, name: str) -> list[Checked]:
    """The rows of one check, external or not."""
    with snapshot(context.location) as cursor:
        rows = run_checks.run_checks(cursor, context, [name])
    return rows + run_checks.run_environment_checks(context, [name])


def one(context: CheckContext, name: str) -> Checked:
    (row,) = examine(context, name)
    return row


@pytest.fixture
def path(migrated_sqlite: str) -> Path:
    found = locate(migrated_sqlite).path
    assert found is not None
    return found


def test_a_fresh_database_on_this_machine_has_no_findings(migrated_url: str) -> None:
    add_org(migrated_url)
    whole = context(migrated_url)
    with snapshot(whole.location) as cursor:
        rows = run_checks.run_checks(cursor, whole) + run_checks.run_environment_checks(whole)
    allowed = {"sqlite_version", "durable_writes"}  # the tests' server writes without fsync
    assert {row.check for row in rows if row.result is not OK} <= allowed
    names = {row.check for row in rows}
    of_files = {"file_integrity", "local_disk", "sqlite_version"}
    assert of_files & names == (of_files if whole.location.is_sqlite else set())
    of_files |= {
        "provider",
        "provider_account",
        "number_pictures",
        "media_place",
        "media_bytes",
        "media_orphans",
    }
    assert names | of_files == {check.name for check in run_checks.CHECKS}


# -------------------------------------------------------------------------------------------- files


@pytest.mark.parametrize("suffix", ["", ".lock", ".w-0123456789abcde"])
def test_a_file_that_other_users_can_access_is_found(
    migrated_sqlite: str, path: Path, suffix: str
) -> None:
    file = path.with_name(path.name + suffix)
    file.touch()
    file.chmod(0o640)
    row = one(context(migrated_sqlite), "file_modes")
    assert (row.result, row.command) == (PROBLEM, f"chmod 600 {file}")
    assert row.message == f"Other users can access {file} (mode 0640)"
    file.chmod(0o600)
    assert one(context(migrated_sqlite), "file_modes").result is OK


def test_a_wal_that_other_users_can_read_is_found(migrated_sqlite: str, path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:  # whose last reader would take it away
        other.execute("CREATE TABLE mine (id)")
        path.with_name(f"{path.name}-wal").chmod(0o644)
        row = one(context(migrated_sqlite), "file_modes")
    assert (row.result, row.command) == (PROBLEM, f"chmod 600 {path}-wal")


def test_a_file_with_brackets_in_its_name_is_checked_with_those_beside_it(path: Path) -> None:
    named = Path(shutil.copy(path, path.with_name("pets [2026].db")))
    named.chmod(0o600)
    beside = named.with_name(f"{named.name}-journal")
    beside.touch()
    beside.chmod(0o644)
    assert one(context(str(named)), "file_modes").result is PROBLEM


@pytest.mark.parametrize("which", ["folder", "file", "lock"])
def test_what_this_user_may_not_write_to_is_found(
    migrated_sqlite: str, path: Path, which: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = {"folder": path.parent, "file": path, "lock": lock_file(path)}[which]
    lock_file(path).touch(0o600)
    monkeypatch.setattr(os, "access", lambda place, *_, **__: place != closed)
    row = one(context(migrated_sqlite), "file_modes")
    assert (row.result, row.command) == (PROBLEM, f"chmod u+rw {closed}")
    assert row.message.startswith(f"This user may not write to {closed}, ")
    assert one(context(f"{migrated_sqlite}?mode=ro"), "file_modes").result is OK


def test_a_file_of_another_user_is_given_to_this_one(
    migrated_sqlite: str, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda place, *_, **__: place != path)
    for user, name in ((pwd.getpwnam("nobody").pw_uid, "nobody"), (4_000_000, "4000000")):
        monkeypatch.setattr(os, "geteuid", lambda user=user: user)
        assert one(context(migrated_sqlite), "file_modes").command == f"chown {name} {path}"


@pytest.mark.postgres
def test_a_server_that_takes_no_changes_is_found(
    postgres_server: PostgresServer, postgres_url: str
) -> None:
    migrate.upgrade(postgres_url, actor=ACTOR, now=NOW)
    name = postgres_url.rpartition("/")[2]
    postgres_server.execute("ALTER DATABASE {} SET default_transaction_read_only = on", name)
    rows = examine(context(postgres_url), "durable_writes")
    (row,) = (row for row in rows if row.result is PROBLEM)
    assert "read-only" in row.message


def test_other_files_in_the_folder_are_not_checked(migrated_sqlite: str, path: Path) -> None:
    for name in ("notes", "petmsg.dbx", "other.db-wal"):
        path.with_name(name).touch(0o666)
    assert one(context(migrated_sqlite), "file_modes").result is OK


def test_credentials_that_other_users_can_read_are_found(migrated_url: str, tmp_path: Path) -> None:
    file = tmp_path / "my twilio.env"
    file.touch()
    file.chmod(0o644)
    row = one(context(migrated_url, {"PETMSG_TWILIO_CREDENTIALS": str(file)}), "file_modes")
    assert (row.result, row.command) == (PROBLEM, f"chmod 600 '{file}'")


def test_a_network_file_system_is_found(migrated_sqlite: str, path: Path, tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"none / ext4 rw 0 0\nserver:/x {path.parent} nfs4 rw 0 0\n")
    row = one(context(migrated_sqlite, mounts=mounts), "local_disk")
    assert (row.result, row.command) == (PROBLEM, "petmsg db backup /a/local/folder/petmsg.db")
    assert "(nfs4)" in row.message
    mounts.write_text("none / ext4 rw 0 0\n")
    assert one(context(migrated_sqlite, mounts=mounts), "local_disk").result is OK


def test_a_damaged_index_and_a_damaged_row_are_found(migrated_sqlite: str, path: Path) -> None:
    add_org(migrated_sqlite)
    with closing(sqlite3.connect(path, isolation_level=None)) as hand:
        hand.execute("PRAGMA writable_schema=ON")
        hand.execute(
            "UPDATE sqlite_master SET sql = replace(sql, 'active', 'xxx')"
            " WHERE name = 'uq_message_number_front_desk'"
        )
    row = one(context(migrated_sqlite), "file_integrity")
    assert (row.result, row.command) == (PROBLEM, f"sqlite3 {path} REINDEX")
    assert "uq_message_number_front_desk" in row.message


def test_a_row_that_breaks_a_check_is_found_by_sqlite_too(migrated_sqlite: str) -> None:
    add_org(migrated_sqlite)
    with raw(migrated_sqlite, pragmas=("ignore_check_constraints=ON",)) as cursor:
        cursor.run("UPDATE org SET grace_minutes = -1")
    row = one(context(migrated_sqlite), "file_integrity")
    assert (row.result, row.command) == (PROBLEM, "petmsg db check")
    assert "CHECK constraint failed in org" in row.message


def test_a_file_without_a_wal_is_a_warning(migrated_sqlite: str, path: Path) -> None:
    assert one(context(migrated_sqlite), "durable_writes").result is OK
    with closing(sqlite3.connect(path)) as hand:
        hand.execute("PRAGMA journal_mode=DELETE")
    row = one(context(migrated_sqlite), "durable_writes")
    assert row.result is WARNING
    assert row.command == f"sqlite3 {path} 'PRAGMA journal_mode=WAL'"


@pytest.mark.postgres
def test_a_server_that_can_lose_committed_data_is_a_warning(postgres_url: str) -> None:
    """The tests' own server is set up like this, for speed."""
    from petmsg.db import migrate

    migrate.upgrade(postgres_url, actor="x", now=NOW)
    rows = examine(context(postgres_url), "durable_writes")
    assert [(row.result, "fsync is off" in row.message) for row in rows] == [(WARNING, True)]


@pytest.mark.parametrize(
    ("version", "is_bad"),
    [
        ((3, 7, 0), True), ((3, 40, 1), True), ((3, 44, 5), True), ((3, 44, 6), False),
        ((3, 45, 9), True), ((3, 50, 6), True), ((3, 50, 7), False), ((3, 51, 2), True),
        ((3, 51, 3), False), ((3, 52, 0), False), ((4, 0, 0), False),
    ],
)  # fmt: skip
def test_an_sqlite_with_the_wal_bug_is_a_warning(
    migrated_sqlite: str, version: tuple[int, ...], is_bad: bool
) -> None:
    found = list(environment_checks.sqlite_version(context(migrated_sqlite), version))
    assert [each.result for each in found] == ([WARNING] if is_bad else [])


# ------------------------------------------------------------------------------------------- clocks


@pytest.mark.parametrize(
    ("seconds", "result"), [(2, OK), (30, WARNING), (3600, PROBLEM), (-3600, OK)]
)
def test_a_clock_that_was_set_back_is_found_by_the_file_times(
    migrated_sqlite: str, path: Path, seconds: int, result: CheckResult
) -> None:
    then = time.time() + seconds
    os.utime(path, (then, then))
    row = one(context(migrated_sqlite), "clocks")
    assert row.result is result
    if result is not OK:
        assert row.message.endswith("behind the newest of the database's files")


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("apart", "result", "words"),
    [
        (timedelta(0), OK, "agree"),
        (timedelta(seconds=30), WARNING, "ahead of the database server's clock"),
        (-HOUR, PROBLEM, "3600 s behind the database server's clock"),
    ],
)
def test_a_clock_is_compared_with_the_servers(
    postgres_url: str, apart: timedelta, result: CheckResult, words: str
) -> None:
    from petmsg.db import migrate

    migrate.upgrade(postgres_url, actor="x", now=NOW)
    row = one(context(postgres_url, machine_clock=lambda: now() + apart), "clocks")
    assert row.result is result
    assert words in row.message


def test_an_audit_event_in_the_future_is_a_warning(migrated_url: str) -> None:
    add_org(migrated_url)
    assert one(context(migrated_url), "clocks").result is OK
    row = one(context(migrated_url, now=NOW - HOUR), "clocks")
    assert row.result is WARNING
    assert "2026-02-14 15:00 UTC" in row.message


# ----------------------------------------------------------------------- settings and the provider


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PETMSG_TWILIO_TIMEOUT_SECONDS", "soon"),
        ("PETMSG_TWILIO_TIMEOUT_SECONDS", "0"),
        ("PETMSG_TWILIO_API_URL", "https://user:secret@example.org"),
    ],
)
def test_a_setting_that_would_be_refused_is_found(
    migrated_sqlite: str, name: str, value: str
) -> None:
    row = one(context(migrated_sqlite, {name: value}), "configuration")
    assert row.result is PROBLEM
    assert name in row.message
    assert "secret" not in row.message


def test_a_timezone_that_this_machine_does_not_know_is_found(migrated_url: str) -> None:
    add_org(migrated_url)
    with raw(migrated_url) as cursor:
        cursor.run("UPDATE org SET timezone = 'Atlantis/Capital'")
    row = one(context(migrated_url), "timezones")
    assert (row.result, row.org) == (PROBLEM, "happy-paws")
    assert row.command == "petmsg org set --timezone ZONE"


def on_twilio(url: str) -> None:
    add_org(url)
    with raw(url) as cursor:
        cursor.run("UPDATE org SET provider = 'twilio'")


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({}, "Missing Twilio credentials"),
        ({"TWILIO_ACCOUNT_SID": SID}, "TWILIO_AUTH_TOKEN is missing"),
        ({"TWILIO_ACCOUNT_SID": TOKEN, "TWILIO_AUTH_TOKEN": TOKEN}, "malformed"),
    ],
)
def test_missing_credentials_are_a_problem_where_a_provider_needs_them(
    migrated_url: str, environ: dict[str, str], words: str
) -> None:
    add_org(migrated_url, "beta", front_desk=None)
    early = OK if not environ else WARNING
    assert one(context(migrated_url, environ), "credentials").result is early
    on_twilio(migrated_url)
    row = one(context(migrated_url, environ), "credentials")
    assert row.result is PROBLEM
    assert words in row.message
    assert TOKEN not in row.message
    given = {"TWILIO_ACCOUNT_SID": SID, "TWILIO_AUTH_TOKEN": TOKEN}
    assert one(context(migrated_url, given), "credentials").result is OK


class Carrier:
    """A provider that answers or rejects the one request of `doctor`."""

    name = "twilio"

    def __init__(self, problem: Exception | None = None) -> None:
        self.problem = problem
        self.asked = 0

    def numbers(self) -> list[ProviderNumber]:
        self.asked += 1
        if self.problem is not None:
            raise self.problem
        return []


@pytest.mark.parametrize("problem", [ProviderAccount("no."), ProviderUnavailable("silence.")])
def test_a_provider_that_refuses_the_credentials_is_a_problem(
    migrated_sqlite: str, problem: Exception
) -> None:
    on_twilio(migrated_sqlite)
    refusing, friendly = Carrier(problem), Carrier()
    row = one(context(migrated_sqlite, provider_of=lambda _: refusing), "provider")
    assert row.result is PROBLEM
    assert row.message.startswith("twilio: ")
    assert one(context(migrated_sqlite, provider_of=lambda _: friendly), "provider").result is OK
    assert (refusing.asked, friendly.asked) == (1, 1)


PLACEHOLDERS = {"TWILIO_ACCOUNT_SID": "AC…", "TWILIO_AUTH_TOKEN": "…"}


def test_malformed_credentials_are_reported_before_an_org_uses_them(migrated_sqlite: str) -> None:
    add_org(migrated_sqlite)
    carrier = Carrier()
    given = context(migrated_sqlite, PLACEHOLDERS, provider_of=lambda _: carrier)
    row = one(given, "credentials")
    assert row.result is PROBLEM
    assert "TWILIO_ACCOUNT_SID in the environment is malformed" in row.message
    assert one(given, "provider").result is OK
    assert carrier.asked == 0


def test_credentials_are_tried_before_an_org_uses_them(migrated_sqlite: str) -> None:
    add_org(migrated_sqlite)
    environ = {"TWILIO_ACCOUNT_SID": SID, "TWILIO_AUTH_TOKEN": TOKEN}
    refusing, chosen = Carrier(ProviderAccount("no.")), []
    given = context(
        migrated_sqlite, environ, provider_of=lambda org: chosen.append(org.provider) or refusing
    )
    assert one(given, "provider").result is PROBLEM
    assert chosen == ["twilio"]


def test_a_public_url_that_serve_would_refuse_is_found(migrated_sqlite: str) -> None:
    add_org(migrated_sqlite)
    environ = {"PETMSG_PUBLIC_URL": "https://texts.example.com/twilio/inbound"}
    row = one(context(migrated_sqlite, environ), "configuration")
    assert (row.result, "PETMSG_PUBLIC_URL is not usable" in row.message) == (PROBLEM, True)


def test_a_provider_is_asked_once_for_all_its_orgs_and_only_when_requested(
    migrated_sqlite: str,
) -> None:
    on_twilio(migrated_sqlite)
    add_org(migrated_sqlite, "beta", front_desk=None)
    with raw(migrated_sqlite) as cursor:
        cursor.run("UPDATE org SET provider = 'twilio'")
    add_org(migrated_sqlite, "on-the-sandbox", front_desk=None)
    carrier = Carrier()
    assert one(context(migrated_sqlite, provider_of=lambda _: carrier), "provider").result is OK
    assert carrier.asked == 1
    assert examine(context(migrated_sqlite), "provider") == []


# ------------------------------------------------------------------------------------------- schema


@pytest.mark.parametrize(
    ("statements", "complaint"),
    [
        ("DROP INDEX uq_message_in_flight", "Index uq_message_in_flight of message is missing"),
        ("CREATE INDEX ix_mine ON org (name)", "Index ix_mine of org is not petmsg's"),
        (
            "DROP TRIGGER audit_event_no_update ON audit_event",
            "Trigger audit_event_no_update of audit_event is missing",
        ),
    ],
)
def test_a_schema_that_was_changed_is_found(
    migrated_url: str, statements: str, complaint: str
) -> None:
    """`test_schema_check` holds which changes are found and how they are worded."""
    whole = context(migrated_url)
    assert one(whole, "schema").result is OK
    run(
        migrated_url,
        statements.partition(" ON ")[0]
        if whole.location.is_sqlite and "TRIGGER" in statements
        else statements,
    )
    row = one(whole, "schema")
    assert (row.result, row.message, row.command) == (PROBLEM, complaint, "petmsg db check")


def test_a_schema_with_a_different_wording_only_is_not_reported(migrated_url: str) -> None:
    """For example after a downgrade and an upgrade: Alembic finds no difference."""
    with raw(migrated_url) as cursor:
        cursor.run("ALTER TABLE opt_out RENAME TO away")
        cursor.run("ALTER TABLE away RENAME TO opt_out")
        if not cursor.is_sqlite:
            cursor.run("CREATE TABLE theirs (id INTEGER)")
    assert one(context(migrated_url), "schema").result is OK
