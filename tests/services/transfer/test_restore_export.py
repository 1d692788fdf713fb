"""A damaged or incompatible export is refused, and the error names the line."""

import csv
import hashlib
import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from petmsg.db import migrate
from petmsg.db.location import locate
from petmsg.models import metadata
from tests.support.consistency import content
from tests.support.exported_company import command_line, fill
from tests.support.fixtures import NOW, Ran, add_org, run_cli

Change = Callable[[list[list[str]]], object]


@pytest.fixture(scope="module")
def exported(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The export of two orgs; tests that change it copy it first."""
    folder = tmp_path_factory.mktemp("exported")
    shutil.copy(_sqlite_template, folder / "petmsg.db")
    url = locate(str(folder / "petmsg.db")).url
    fill(url)
    assert run_cli(url, "export", str(folder / "all")).code == 0
    return folder / "all"


@pytest.fixture
def copied(exported: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(exported, tmp_path / "copied"))


def take_back(url: str, folder: Path, *options: str, **given: Any) -> Ran:
    return run_cli(url, "import", "petmsg", str(folder), "-o", "json", *options, **given)


def rewrite(folder: Path, name: str, change: Change, org: str = "happy-paws") -> None:
    """Change cells of a file and adapt the manifest's SHA-256 and count, as a forger would."""
    path = folder / org / f"{name}.csv"
    rows = list(csv.reader(io.StringIO(path.read_text("utf-8"), newline=""), strict=True))
    change(rows)
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    path.write_text(out.getvalue(), "utf-8")
    manifest = json.loads((folder / "manifest.json").read_text())
    for each in manifest["files"]:
        if each["file"] == f"{org}/{name}.csv":
            each["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
            each["rows"] = len(rows) - 1
    (folder / "manifest.json").write_text(json.dumps(manifest))


def put(rows: list[list[str]], line: int, column: str, cell: str) -> None:
    rows[line - 1][rows[0].index(column)] = cell


def refused(url: str, folder: Path, *options: str) -> dict[str, str]:
    """The error of an import that must leave nothing behind."""
    before = content(url)
    ran = take_back(url, folder, *options)
    assert ran.code in (2, 4), ran.out + ran.err
    assert ran.out == ""
    assert content(url) == before, "something was imported"
    return ran.error


def empty(url: str) -> bool:
    return not any(content(url).values())


# ----------------------------------------------------------------------- not as it was written


def test_a_changed_byte_is_found_before_anything_is_written(
    copied: Path, migrated_sqlite: str
) -> None:
    path = copied / "other" / "audit_event.csv"
    path.write_bytes(path.read_bytes().replace(b"client.added", b"client.adder", 1))
    error = refused(migrated_sqlite, copied)
    assert error["code"] == "broken_export"
    assert "other/audit_event.csv: its SHA-256 is not the one in the manifest" in error["message"]


def test_a_truncated_file_is_found(copied: Path, migrated_sqlite: str) -> None:
    path = copied / "happy-paws" / "message.csv"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-1]))
    assert "happy-paws/message.csv" in refused(migrated_sqlite, copied)["message"]


def test_a_missing_file_is_found(copied: Path, migrated_sqlite: str) -> None:
    (copied / "happy-paws" / "client.csv").unlink()
    assert "happy-paws/client.csv cannot be read" in refused(migrated_sqlite, copied)["message"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "broken_export"),
        ("[]", "broken_export"),
        ('{"format": "petmsg-export/2"}', "broken_export"),
        ("\x00\x01", "broken_export"),
        (None, "malformed_file"),
    ],
)
def test_a_folder_without_a_petmsg_manifest_is_refused(
    copied: Path, migrated_sqlite: str, text: str | None, code: str
) -> None:
    if text is None:
        (copied / "manifest.json").unlink()
    else:
        (copied / "manifest.json").write_text(text)
    assert refused(migrated_sqlite, copied)["code"] == code


def change_manifest(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    change(manifest)
    (folder / "manifest.json").write_text(json.dumps(manifest))


def test_an_export_of_another_schema_is_refused(copied: Path, migrated_sqlite: str) -> None:
    change_manifest(copied, lambda manifest: manifest.update(schema="0002_one_thread_per_client"))
    error = refused(migrated_sqlite, copied)
    assert error["code"] == "other_schema"
    assert "petmsg db upgrade" in error["hint"]


def test_a_manifest_without_one_of_the_tables_is_refused(
    copied: Path, migrated_sqlite: str
) -> None:
    change_manifest(copied, lambda manifest: manifest["files"].pop(3))
    assert "lists no file for the table" in refused(migrated_sqlite, copied)["message"]


def test_a_manifest_cannot_name_files_outside_its_folder(
    copied: Path, migrated_sqlite: str
) -> None:
    def change(manifest: dict[str, Any]) -> None:
        for each in manifest["files"]:
            each["org"] = each["org"].replace("other", "../other")

    change_manifest(copied, change)
    assert "invalid slug" in refused(migrated_sqlite, copied)["message"]


# ------------------------------------------------------------------- well written, and still wrong

WRONG: list[tuple[str, Change, str]] = [
    (
        "client",
        lambda rows: [row.pop(0) for row in rows],
        "happy-paws/client.csv, line 1: the column ref is missing.",
    ),
    (
        "client",
        lambda rows: [row.append("x") for row in rows],
        "happy-paws/client.csv, line 1: unknown or repeated column 'x'.",
    ),
    (
        "client",
        lambda rows: rows[2].pop(),
        "happy-paws/client.csv, line 3: it has 5 cells, the header has 6.",
    ),
    (
        "booking",
        lambda rows: put(rows, 2, "starts_at", "tomorrow"),
        "happy-paws/booking.csv, line 2: starts_at cannot be 'tomorrow'.",
    ),
    (
        "booking",
        lambda rows: put(rows, 2, "status", "perhaps"),
        "happy-paws/booking.csv, line 2: status must be one of cancelled, confirmed, pending.",
    ),
    (
        "booking",
        lambda rows: put(rows, 2, "client", ""),
        "happy-paws/booking.csv, line 2: client is empty.",
    ),
    (
        "message",
        lambda rows: put(rows, 4, "row", "7"),
        "its row is not 3.",
    ),
    (
        "org",
        lambda rows: put(rows, 2, "slug", "another"),
        "happy-paws/org.csv: it must contain org happy-paws and no other.",
    ),
    (
        "booking",
        lambda rows: put(rows, 2, "client", "C-77"),
        "happy-paws/booking.csv, line 2: client names no client of the export.",
    ),
    (
        "message_attempt",
        lambda rows: put(rows, 2, "message", "812"),
        "happy-paws/message_attempt.csv, line 2: the export has no row 812 of message.",
    ),
    (
        "booking",
        lambda rows: put(rows, 2, "ends_at", "2020-01-01T00:00:00Z"),
        "happy-paws/booking.csv, line 2: The database refused a row that violates ",
    ),
    (
        "client_phone",
        lambda rows: put(rows, 3, "e164", rows[1][rows[0].index("e164")]),
        "happy-paws/client_phone.csv, line 3: The database refused a row that violates ",
    ),
    (
        "number_custody",
        lambda rows: rows.insert(1, rows.pop()),
        "happy-paws/number_custody.csv, line",
    ),
    (
        "audit_event",
        lambda rows: put(rows, 5, "actor", "somebody else"),
        "The audit log of org happy-paws is not intact: event 4, its content was changed.",
    ),
    (
        "audit_event",
        lambda rows: rows.pop(),
        "The audit log of org happy-paws is not intact",
    ),
    (
        "audit_event",
        lambda rows: rows.pop(3),
        "happy-paws/audit_event.csv, line 4:",
    ),
    (
        "ids",
        lambda rows: put(rows, 3, "row", "2"),
        "happy-paws/ids.csv, line 3: its rows do not follow the line before.",
    ),
    (
        "ids",
        lambda rows: rows.pop(),
        "some rows of relay_question have no id.",
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "change", "words"), WRONG, ids=[f"{each[0]}-{i}" for i, each in enumerate(WRONG)]
)
def test_an_invalid_line_is_named_and_nothing_is_imported(
    copied: Path, migrated_sqlite: str, name: str, change: Change, words: str
) -> None:
    rewrite(copied, name, change)
    assert words in refused(migrated_sqlite, copied)["message"]


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        *[each for each in WRONG if "The database refused" in each[2]],
        (
            "client",
            lambda rows: put(rows, 2, "name", "nul\0"),
            "happy-paws/client.csv, line 2: A value is not valid UTF-8.",
        ),
        (
            "org",
            lambda rows: put(rows, 2, "pool_threads_per_number", "123456789012"),
            "happy-paws/org.csv, line 2: A number is too large.",
        ),
    ],
)
def test_a_line_that_postgresql_refuses_is_named(
    copied: Path, postgres_template: Any, name: str, change: Change, words: str
) -> None:
    url = postgres_template("migrated", lambda fresh: migrate.upgrade(fresh, actor="a", now=NOW))
    rewrite(copied, name, change)
    assert words in refused(url, copied)["message"]


# -------------------------------------------------------------------------------- does not fit here


def test_an_existing_org_is_never_merged(exported: Path, migrated_url: str) -> None:
    assert take_back(migrated_url, exported, "--org", "other").code == 0
    for options in ([], ["--org", "other"]):
        error = refused(migrated_url, exported, *options)
        assert error["code"] == "already_exists"
        assert "other" in error["message"]


def test_a_number_of_another_org_is_refused(exported: Path, migrated_url: str) -> None:
    add_org(migrated_url, "first", front_desk="+14155550100")
    error = refused(migrated_url, exported)
    assert (error["code"], "+14155550100" in error["message"]) == ("number_taken", True)


def test_an_org_that_is_not_in_the_export_is_not_found(
    exported: Path, migrated_sqlite: str
) -> None:
    ran = take_back(migrated_sqlite, exported, "--org", "nobody")
    assert (ran.code, ran.error["code"]) == (3, "org_not_found")
    assert "happy-paws, other" in ran.error["hint"]


def test_one_org_of_several_can_be_restored(exported: Path, migrated_url: str) -> None:
    assert take_back(migrated_url, exported, "--org", "other").code == 0
    rows = run_cli(migrated_url, "org", "list", "-o", "json").json
    assert [row["org"] for row in rows] == ["other"]
    assert command_line(migrated_url, "other")("client", "show", "C-1", "-o", "json").code == 0


def test_a_dry_run_restores_everything_and_rolls_back(exported: Path, migrated_url: str) -> None:
    ran = take_back(migrated_url, exported, "--dry-run")
    assert ran.code == 0
    assert [row["org"] for row in ran.json] == ["happy-paws", "other"]
    assert empty(migrated_url)


def test_a_missing_database_is_created(exported: Path, tmp_path: Path) -> None:
    url = locate(str(tmp_path / "deep" / "new.db")).url
    dry = take_back(url, exported, "--dry-run")
    assert dry.code == 0
    assert "Would create" in dry.err
    assert not (tmp_path / "deep").exists()
    assert take_back(url, exported).code == 0
    assert len(content(url)["org"]) == 2
    path = locate(url).path
    assert path is not None
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_damaged_export_creates_no_database(copied: Path, tmp_path: Path) -> None:
    (copied / "other" / "client.csv").write_text("ref\n")
    ran = take_back(locate(str(tmp_path / "new.db")).url, copied)
    assert ran.code == 2
    assert not (tmp_path / "new.db").exists()


@pytest.mark.postgres
def test_an_empty_postgresql_database_gets_its_tables(exported: Path, postgres_url: str) -> None:
    assert take_back(postgres_url, exported).code == 0
    assert {name for name, rows in content(postgres_url).items() if rows} >= {"org", "audit_event"}
    assert set(metadata.tables) == set(content(postgres_url))


def test_waiting_messages_are_reported_because_two_databases_would_send_them(
    exported: Path, migrated_sqlite: str
) -> None:
    ran = take_back(migrated_sqlite, exported)
    assert "dispatch from one database only" in ran.err


def test_a_restore_is_no_audit_event(exported: Path, migrated_sqlite: str) -> None:
    """So that the checkpoints an operator keeps in a safe place stay valid."""
    take_back(migrated_sqlite, exported)
    heads = command_line(migrated_sqlite)("audit", "export", "--head").out
    with (exported / "happy-paws" / "audit_head.csv").open() as file:
        (head,) = csv.DictReader(file)
    assert json.loads(heads)["hash"] == head["hash"]


def test_a_channel_without_its_url_is_told_of(
    exported: Path, migrated_sqlite: str, tmp_path: Path
) -> None:
    """The URL is a secret: it is in no export."""
    file = tmp_path / "notify.json"
    ran = take_back(migrated_sqlite, exported, PETMSG_NOTIFY_FILE=str(file))
    assert ran.code == 0
    assert (
        "The URL of channel =ops of org happy-paws is not in an export. Add it: petmsg notify add "
        "=ops - --org happy-paws\n"
    ) in ran.err
    assert not file.exists()
