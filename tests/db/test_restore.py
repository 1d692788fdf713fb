"""Going back to a backup: nothing that was queued then is sent a second time."""

import resource
import shutil
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from petmsg.db import migrate
from petmsg.db.location import locate
from petmsg.db.restore import restore
from petmsg.db.schema_version import REVISIONS
from petmsg.db.write_lock import write_lock
from petmsg.errors import Busy
from tests.support.consistency import raw
from tests.support.fixtures import NOW, Cli, looking, run_cli, working
from tests.support.texting import alerts, kept, left_by_the_dead, people, send, show

MINUTE = timedelta(minutes=1)


def backup_of(cli: Cli, folder: Path) -> Path:
    file = folder / "backup.db"
    assert cli("db", "backup", str(file)).code == 0
    return file


def queue(cli: Cli, body: str, **options: Any) -> int:
    ran = send(cli, "--queue-only", body=body, **options)
    assert ran.code == 0, ran.err
    number: int = ran.json["message"]
    return number


def dispatch(cli: Cli, at: datetime) -> int:
    return cli("message", "dispatch", now=at).code


def keep_the_carriers_memory(url: str) -> list[dict[str, Any]]:
    """A carrier does not go back with petmsg's database: what the sandbox has."""
    with looking(url) as cursor:
        return cursor.rows("SELECT * FROM sandbox_text ORDER BY id")


def give_it_back(url: str, rows: list[dict[str, Any]]) -> None:
    """As a carrier's memory it is nothing that petmsg writes: past its guard."""
    with working(url) as uow:
        uow.cursor.run("DELETE FROM sandbox_text")
        for row in rows:
            uow.cursor.run(
                "INSERT INTO sandbox_text (id, provider_message_id, from_e164, to_e164, body,"
                " accepted_at) VALUES (:id, :provider_message_id, :from_e164, :to_e164, :body,"
                " :accepted_at)",
                **row,
            )


@pytest.fixture
def company(sqlite_cli: Cli) -> Cli:
    people(sqlite_cli)
    return sqlite_cli


def status(cli: Cli, message: int) -> str:
    found: str = show(cli, message)["status"]
    return found


def test_what_was_sent_since_the_backup_is_not_sent_again(
    company: Cli, migrated_sqlite: str, tmp_path: Path
) -> None:
    sent, lost = queue(company, "Rex is well"), queue(company, "Luna too", client="C-2")
    file = backup_of(company, tmp_path)
    company("message", "cancel", str(lost))
    assert dispatch(company, NOW + MINUTE) == 0
    assert kept(migrated_sqlite) == ["Rex is well"]
    carrier = keep_the_carriers_memory(migrated_sqlite)

    ran = company("db", "restore", str(file), "--yes", "-o", "json", now=NOW + 5 * MINUTE)
    assert ran.code == 0, ran.err
    assert "petmsg message pull --since 2026-02-14T15:00:00Z" in ran.err
    assert Path(ran.json["kept"]).exists()
    assert [status(company, each) for each in (sent, lost)] == ["held", "held"]
    give_it_back(migrated_sqlite, carrier)

    for minute in (6, 7, 9, 10):
        dispatch(company, NOW + minute * MINUTE)
    assert kept(migrated_sqlite) == ["Rex is well", "Luna too"]
    assert [status(company, each) for each in (sent, lost)] == ["sent", "sent"]
    assert show(company, sent)["from"] == carrier[0]["from_e164"]
    assert alerts(company) == []
    assert company("audit", "verify").code == 0
    ran = company("doctor", "--findings", "-o", "json", now=NOW + 10 * MINUTE)
    assert (ran.code, ran.json) == (0, [])


def test_what_the_provider_does_not_have_waits_for_two_looks(
    company: Cli, migrated_sqlite: str, tmp_path: Path
) -> None:
    message = queue(company, "Rex is well")
    file = backup_of(company, tmp_path)
    assert company("db", "restore", str(file), "--yes").code == 0
    dispatch(company, NOW + MINUTE)
    dispatch(company, NOW + 2 * MINUTE)
    assert (status(company, message), kept(migrated_sqlite)) == ("held", [])
    dispatch(company, NOW + 3 * MINUTE)
    dispatch(company, NOW + 4 * MINUTE)
    assert (status(company, message), kept(migrated_sqlite)) == ("sent", ["Rex is well"])


def test_other_words_to_the_same_phone_are_for_a_person(
    company: Cli, migrated_sqlite: str, tmp_path: Path
) -> None:
    """A trial account puts a line before the body: it may be this message."""
    message = queue(company, "Rex is well")
    file = backup_of(company, tmp_path)
    dispatch(company, NOW + MINUTE)
    carrier = keep_the_carriers_memory(migrated_sqlite)
    assert company("db", "restore", str(file), "--yes", now=NOW + 5 * MINUTE).code == 0
    give_it_back(
        migrated_sqlite, [{**row, "body": f"Trial account: {row['body']}"} for row in carrier]
    )
    for minute in (6, 9, 12):
        dispatch(company, NOW + minute * MINUTE)
    assert (status(company, message), len(kept(migrated_sqlite))) == ("held", 1)
    assert ("message_held", str(message)) in alerts(company)


def test_sending_messages_and_unknown_outcomes_are_looked_up_from_every_number(
    company: Cli, migrated_sqlite: str, tmp_path: Path
) -> None:
    """It may have been tried again since, from another number."""
    message = queue(company, "Rex is well")
    left_by_the_dead(migrated_sqlite, message)
    file = backup_of(company, tmp_path)
    assert company("db", "restore", str(file), "--yes", now=NOW + 5 * MINUTE).code == 0
    other = {
        "id": 9, "provider_message_id": "SB" + "9" * 32, "from_e164": "+14155550151",
        "to_e164": "+14155551001", "body": "Rex is well", "accepted_at": NOW + 2 * MINUTE,
    }  # fmt: skip
    give_it_back(migrated_sqlite, [other])
    dispatch(company, NOW + 6 * MINUTE)
    found = show(company, message)
    assert (found["status"], found["from"]) == ("sent", "+14155550151")
    assert kept(migrated_sqlite) == ["Rex is well"]


def test_a_held_message_that_cannot_be_reconciled_keeps_no_other_from_it(
    company: Cli, migrated_sqlite: str, tmp_path: Path
) -> None:
    """Its count of attempts was changed by hand: what is found would be its first one again."""
    broken, text = queue(company, "Rex is well"), queue(company, "Luna too", client="C-2")
    left_by_the_dead(migrated_sqlite, broken)
    file = backup_of(company, tmp_path)
    assert company("db", "restore", str(file), "--yes", now=NOW + 5 * MINUTE).code == 0
    with raw(migrated_sqlite) as cursor:
        cursor.run("UPDATE message SET attempts = 0 WHERE id = :id", id=broken)
    found = [
        {
            "id": number, "provider_message_id": f"SB{number:032}", "from_e164": "+14155550151",
            "to_e164": phone, "body": body, "accepted_at": NOW + 2 * MINUTE,
        }
        for number, phone, body in (
            (8, "+14155551001", "Rex is well"), (9, "+14155551002", "Luna too"),
        )
    ]  # fmt: skip
    give_it_back(migrated_sqlite, found)
    dispatch(company, NOW + 6 * MINUTE)
    assert [status(company, each) for each in (broken, text)] == ["held", "sent"]
    assert alerts(company) == [("message_held", str(broken))]


def test_a_held_message_of_another_provider_is_for_a_person(
    company: Cli, migrated_sqlite: str, tmp_path: Path
) -> None:
    """The company's own provider cannot say whether the former one has it."""
    message = queue(company, "Rex is well")
    file = backup_of(company, tmp_path)
    assert company("db", "restore", str(file), "--yes").code == 0
    with raw(migrated_sqlite) as cursor:
        cursor.run("UPDATE message SET provider = 'twilio' WHERE id = :id", id=message)
    for minute in (1, 4, 7):
        dispatch(company, NOW + minute * MINUTE)
    held = show(company, message)
    assert (held["status"], held["error"]["code"]) == ("held", "other_provider")
    assert kept(migrated_sqlite) == []


def test_what_is_not_due_yet_was_not_sent_and_waits_for_its_time(
    company: Cli, migrated_sqlite: str, tmp_path: Path
) -> None:
    send(company, "--at", "+2h", body="Later")
    file = backup_of(company, tmp_path)
    assert company("db", "restore", str(file), "--yes").code == 0
    assert status(company, 1) == "queued"


def test_a_backup_that_was_copied_into_place_sends_nothing_until_it_was_looked_at(
    company: Cli, migrated_sqlite: str, tmp_path: Path
) -> None:
    message = queue(company, "Rex is well")
    file = backup_of(company, tmp_path)
    place = Path(migrated_sqlite.removeprefix("sqlite:///"))
    for suffix in ("", "-wal", "-shm"):
        place.with_name(place.name + suffix).unlink(missing_ok=True)
    shutil.copy(file, place)
    for line in (("message", "dispatch"), ("message", "send", "C-2", "--body", "Hi")):
        ran = company(*line, "-o", "json")
        assert (ran.code, ran.error["code"]) == (5, "backup_not_restored")
        assert "petmsg db restored" in ran.error["hint"]
    assert company("message", "list").code == 0
    ran = company("db", "restored", "-o", "json")
    assert (ran.code, ran.json) == (0, [{"org": "happy-paws", "messages": 1}])
    assert status(company, message) == "held"
    dispatch(company, NOW + MINUTE)
    assert (status(company, message), kept(migrated_sqlite)) == ("held", [])


def test_after_pg_restore_the_time_is_given_as_an_option(cli: Cli, migrated_url: str) -> None:
    people(cli)
    message = queue(cli, "Rex is well")
    ran = cli("db", "restored", "-o", "json")
    assert (ran.code, "--since" in ran.error["hint"]) == (2, True)
    since = ("--since", "2026-02-14T14:30")
    dry = cli("db", "restored", *since, "--dry-run", "-o", "json")
    assert (dry.json, status(cli, message)) == ([{"org": "happy-paws", "messages": 1}], "queued")
    assert cli("db", "restored", *since).code == 0
    assert status(cli, message) == "held"
    for minute in (1, 4, 5):
        dispatch(cli, NOW + minute * MINUTE)
    assert kept(migrated_url) == ["Rex is well"]


def test_restoring_asks_first_and_keeps_what_was_there(
    company: Cli, migrated_sqlite: str, tmp_path: Path
) -> None:
    file = backup_of(company, tmp_path)
    company("client", "add", "Eve", "--phone", "+14155551007", "--ref", "C-7")
    ran = company("db", "restore", str(file), "-o", "json")
    assert (ran.code, ran.error["code"]) == (2, "not_confirmed")
    assert company("client", "show", "C-7").code == 0
    done = company("db", "restore", str(file), "--yes", "-o", "json")
    assert company("client", "show", "C-7").code == 3
    assert run_cli(done.json["kept"], "client", "show", "C-7").code == 0


def test_the_database_is_kept_and_replaced_behind_one_lock(
    company: Cli, migrated_sqlite: str, tmp_path: Path
) -> None:
    """A copy that is made before the lock would lack what is written until it is held."""
    file = backup_of(company, tmp_path)
    place = Path(migrated_sqlite.removeprefix("sqlite:///"))
    location = locate(migrated_sqlite)._replace(wait_seconds=0.0)
    with write_lock(place), pytest.raises(Busy):
        restore(location, file, since=None, now=NOW)
    assert list(place.parent.glob("*-before-restore-*")) == []


def test_a_damaged_database_is_kept_as_it_is_and_replaced(
    company: Cli, migrated_sqlite: str, tmp_path: Path
) -> None:
    file = backup_of(company, tmp_path)
    place = Path(migrated_sqlite.removeprefix("sqlite:///"))
    place.write_bytes(place.read_bytes()[:5000])
    ran = company("db", "restore", str(file), "--yes", "-o", "json")
    assert ran.code == 0, ran.err
    assert Path(ran.json["kept"]).stat().st_size == 5000
    assert company("client", "list").code == 0


def test_where_nothing_is_a_backup_is_put_without_a_question(company: Cli, tmp_path: Path) -> None:
    file = backup_of(company, tmp_path)
    url = str(tmp_path / "new" / "petmsg.db")
    assert run_cli(url, "db", "restore", str(file)).code == 0
    assert run_cli(url, "client", "show", "C-1").code == 0


def test_an_older_schema_is_upgraded_first(tmp_path: Path) -> None:
    url, file = str(tmp_path / "old.db"), tmp_path / "backup.db"
    migrate.upgrade(url, revision=REVISIONS[-2], actor="a", now=NOW, create=True)
    assert run_cli(url, "db", "backup", str(file)).code == 0
    there = str(tmp_path / "there.db")
    ran = run_cli(there, "db", "restore", str(file))
    assert (ran.code, "petmsg db upgrade && petmsg db restored" in ran.err) == (0, True)


@pytest.mark.parametrize("content", [b"", b"no database at all, but long enough to be one"])
def test_what_is_no_backup_is_refused(company: Cli, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "file.db"
    file.write_bytes(content)
    assert company("db", "restore", str(file), "--yes").code in (4, 5)
    assert company("client", "show", "C-1").code == 0


def damage(file: Path) -> None:
    """Overwrite the page that has the schema, behind the header."""
    content = bytearray(file.read_bytes())
    content[100:4096] = b"\xff" * 3996
    file.write_bytes(content)


def test_a_backup_that_is_not_there_is_no_reason_to_create_one(
    company: Cli, tmp_path: Path
) -> None:
    ran = company("db", "restore", str(tmp_path / "nothing.db"), "--yes", "-o", "json")
    assert (ran.code, ran.error["code"]) == (5, "database_missing")
    assert ran.error["message"] == f"There is no backup at {tmp_path / 'nothing.db'}."
    assert "petmsg init" not in ran.error["hint"]


@pytest.mark.parametrize("dry", [(), ("--dry-run",)])
def test_a_damaged_backup_leaves_nothing_where_nothing_was(
    company: Cli, tmp_path: Path, dry: tuple[str, ...]
) -> None:
    file = backup_of(company, tmp_path)
    content = bytearray(file.read_bytes())
    content[-4096:] = b"\xff" * 4096
    file.write_bytes(content)
    place = tmp_path / "new" / "petmsg.db"
    assert run_cli(str(place), "db", "restore", str(file), *dry).code == 5
    assert not place.parent.exists()


def test_a_damaged_backup_is_named(company: Cli, tmp_path: Path) -> None:
    """Not the database, which is in order."""
    file = backup_of(company, tmp_path)
    damage(file)
    ran = company("db", "restore", str(file), "--yes")
    assert (ran.code, f"The backup {file} is damaged." in ran.err) == (5, True)


def test_a_backup_that_only_the_check_finds_damaged_is_refused(
    company: Cli, tmp_path: Path
) -> None:
    file = backup_of(company, tmp_path)
    with closing(sqlite3.connect(file)) as backup:
        backup.execute("PRAGMA ignore_check_constraints = ON")
        backup.execute("UPDATE org SET grace_minutes = -1")
        backup.commit()
    ran = company("db", "restore", str(file), "--yes")
    assert (ran.code, f"The backup {file} is damaged." in ran.err) == (5, True)


def test_a_full_disk_leaves_no_empty_database(company: Cli, tmp_path: Path) -> None:
    file = backup_of(company, tmp_path)
    place = tmp_path / "petmsg-2.db"
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (65_536, usual[1]))
    try:
        ran = run_cli(str(place), "db", "restore", str(file), "-o", "json")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)
    assert ran.code == 5, ran.err
    assert not place.exists()


def test_a_damaged_backup_leaves_a_damaged_database(
    company: Cli, migrated_sqlite: str, tmp_path: Path
) -> None:
    file = backup_of(company, tmp_path)
    place = Path(migrated_sqlite.removeprefix("sqlite:///"))
    damage(place)
    damage(file)
    before = place.read_bytes()
    assert company("db", "restore", str(file), "--yes").code == 5
    assert place.read_bytes() == before


def test_a_database_without_a_readable_schema_is_kept_and_replaced(
    company: Cli, migrated_sqlite: str, tmp_path: Path
) -> None:
    file = backup_of(company, tmp_path)
    place = Path(migrated_sqlite.removeprefix("sqlite:///"))
    damage(place)
    before = place.read_bytes()
    ran = company("db", "restore", str(file), "--yes", "-o", "json")
    assert ran.code == 0, ran.err
    assert Path(ran.json["kept"]).read_bytes() == before
