"""Exporting and restoring an org loses nothing, on either database."""

import csv
import json
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import pytest

from petmsg.db import migrate
from petmsg.db.location import locate
from petmsg.db.schema_version import HEAD
from petmsg.models import metadata
from petmsg.services.transfer.table_schema import EXCLUDED, table_schemas
from petmsg.text_inputs import FORMULA_STARTS
from tests.support.consistency import content, problems, raw
from tests.support.exported_company import ODD_TEXTS, command_line, fill, held_message, text_of
from tests.support.fixtures import NOW, Ran, add_org, run_cli

LATER = NOW.replace(hour=23)
Copy = Callable[[], str]


@pytest.fixture(scope="module")
def company(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The database of two orgs, which these tests only read."""
    path = tmp_path_factory.mktemp("company") / "petmsg.db"
    shutil.copy(_sqlite_template, path)
    fill(locate(str(path)).url)
    return locate(str(path)).url


def store_of(url: str) -> dict[str, str]:
    """Where the pictures of a database are, if not beside it."""
    place = Path(gettempdir()) / f"pictures-of-{url.rsplit('/', maxsplit=1)[-1]}"
    return {} if url.startswith("sqlite") else {"PETMSG_MEDIA_DIR": str(place)}


def export(url: str, folder: Path, *options: str, **given: Any) -> Ran:
    given = store_of(url) | given
    return run_cli(url, "export", str(folder), "-o", "json", *options, **given)


def take_back(url: str, folder: Path, *options: str, **given: Any) -> Ran:
    given = store_of(url) | given
    return run_cli(url, "import", "petmsg", str(folder), "-o", "json", *options, **given)


@pytest.fixture(scope="module")
def exported(company: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its export, as CSV; tests that change it copy it first."""
    folder = tmp_path_factory.mktemp("exported") / "all"
    assert export(company, folder).code == 0
    return folder


@pytest.fixture
def copied(exported: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(exported, tmp_path / "copied"))


def files_of(folder: Path) -> set[str]:
    """The files of a folder and of the folders in it."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def same_but_ids(one: Path, other: Path, *orgs: str) -> bool:
    """Whether the orgs' files are equal byte for byte, except for the ids."""
    for org in orgs:
        names = files_of(one / org)
        assert names == files_of(other / org)
        for name in names - {"ids.csv", "ids.jsonl"}:
            if (one / org / name).read_bytes() != (other / org / name).read_bytes():
                return False
    return True


# ---------------------------------------------------------------------------------- there and back


def test_the_exported_org_has_a_row_in_every_table(company: str) -> None:
    """Otherwise the tests of this file would not cover every table."""
    rows = content(company)
    assert {name for name in metadata.tables if not rows[name]} == set()
    assert problems(company) == []


@pytest.mark.parametrize("file_format", ["csv", "jsonl"])
def test_an_export_restored_to_an_empty_database_is_complete(
    company: str, migrated_url: str, tmp_path: Path, file_format: str
) -> None:
    """From SQLite to SQLite and to PostgreSQL: every row and every id."""
    assert export(company, tmp_path / "one", "--format", file_format).code == 0
    taken = take_back(migrated_url, tmp_path / "one")
    assert taken.code == 0, taken.err
    assert export(migrated_url, tmp_path / "two", "--format", file_format, now=LATER).code == 0
    assert same_but_ids(tmp_path / "one", tmp_path / "two", "happy-paws", "other")
    for org in ("happy-paws", "other"):
        ids = f"{org}/ids.{file_format}"
        assert (tmp_path / "one" / ids).read_text() == (tmp_path / "two" / ids).read_text()
    assert problems(migrated_url) == []


def test_rows_restored_to_the_same_kind_of_database_are_identical(
    company: str, exported: Path, migrated_sqlite: str
) -> None:
    take_back(migrated_sqlite, exported)
    before, after = content(company), content(migrated_sqlite)
    assert {name for name in before if before[name] != after[name]} == set(EXCLUDED)


def test_an_export_from_postgresql_is_restored_to_sqlite(
    company: str, exported: Path, tmp_path: Path, postgres_template: Any
) -> None:
    """An export of the third database equals the first export."""
    url = postgres_template("migrated", lambda u: migrate.upgrade(u, actor="test", now=NOW))
    take_back(url, exported)
    assert export(url, tmp_path / "two", now=LATER).code == 0
    new = locate(str(tmp_path / "new.db")).url
    assert take_back(new, tmp_path / "two").code == 0
    assert content(new) == content(company) | {name: [] for name in EXCLUDED}


def test_beside_another_org_rows_get_new_ids_and_the_files_stay_the_same(
    exported: Path, company: str, migrated_url: str, tmp_path: Path
) -> None:
    add_org(migrated_url, "first", front_desk="+14155550800")
    first = command_line(migrated_url, "first")
    first("client", "add", "Zoe", "--phone", "+14155551001")
    for _ in range(30):
        first("message", "send", "C-1", "--body", "Hi", "--queue-only")
    taken = take_back(migrated_url, exported)
    assert taken.code == 0, taken.err
    assert [row["same_ids"] for row in taken.json] == [False, False]
    assert "maps the old IDs, which the audit log uses, to the new" in taken.err
    assert export(migrated_url, tmp_path / "two", now=LATER).code == 0
    assert same_but_ids(exported, tmp_path / "two", "happy-paws", "other")
    assert problems(migrated_url) == []
    ids = [
        (folder / "happy-paws" / "ids.csv").read_text() for folder in (exported, tmp_path / "two")
    ]
    assert ids[0] != ids[1]


def test_an_alert_names_the_same_message_after_it_got_another_id(
    exported: Path, company: str, migrated_url: str
) -> None:
    add_org(migrated_url, "first", front_desk=None)
    first = command_line(migrated_url, "first")
    first("client", "add", "Zoe", "--phone", "+14155551001")
    for _ in range(5):
        first("message", "send", "C-1", "--body", "Hi", "--queue-only")
    take_back(migrated_url, exported)
    then, now = held_message(company), held_message(migrated_url)
    assert then != now
    (alert,) = [
        row
        for row in command_line(migrated_url)("alert", "list", "-o", "json").json
        if row["kind"] == "message_held"
    ]
    assert alert["ref"] == str(now)
    assert alert["message"] == f"Message {now} is held: she said <row 7> and <row =7>, twice."
    assert alert["command"].startswith(f"petmsg message retry {now} ")
    assert alert["command"].endswith(f"petmsg message cancel {now})")


def test_a_restored_org_can_be_used(exported: Path, migrated_url: str) -> None:
    """New rows get ids after the restored ones."""
    take_back(migrated_url, exported)
    cli = command_line(migrated_url)
    assert cli("audit", "verify", "-o", "json").json[0]["ok"]
    added = cli("client", "add", "New", "--phone", "+14155551077", "-o", "json")
    assert added.json["client"] == "C-4", "made-up refs count on as well"
    assert cli("message", "send", "C-4", "--body", "Welcome").code == 0
    assert cli("route", "explain", "C-1").code == 0
    assert (
        command_line(migrated_url, "other")("sitter", "add", "Z", "--phone", "+14155551078").code
        == 0
    )
    assert problems(migrated_url) == []


# ----------------------------------------------------------------------------- what an export holds


def test_the_export_of_one_org_contains_no_row_of_another(company: str, tmp_path: Path) -> None:
    assert export(company, tmp_path / "one", "--org", "other").code == 0
    assert sorted(path.name for path in (tmp_path / "one").iterdir()) == ["manifest.json", "other"]
    written = text_of(tmp_path / "one")
    assert "from the other company" in written
    assert "between two of happy-paws" in written
    for text in ("happy-paws.", "Maya Lee", "See you", "+14155550100"):
        assert text not in written


def test_message_bodies_are_exported_unchanged(exported: Path) -> None:
    with (exported / "happy-paws" / "message.csv").open(newline="", encoding="utf-8") as file:
        bodies = [row["body"] for row in csv.DictReader(file, strict=True)]
    for body, text in zip(bodies, ODD_TEXTS, strict=False):
        assert body in (text, f"'{text}")
    assert len(bodies) > len(ODD_TEXTS)


def test_no_cell_of_any_file_is_a_formula(exported: Path) -> None:
    seen = 0
    for path in exported.rglob("*.csv"):
        with path.open(newline="", encoding="utf-8") as file:
            for row in csv.reader(file, strict=True):
                for cell in row:
                    seen += 1
                    plain = cell[:1] == "+" and cell[1:].isdigit()
                    assert cell[:1] not in FORMULA_STARTS or not cell or plain, (path.name, cell)
    assert seen > 1000


def test_the_files_contain_names_and_no_database_ids(exported: Path) -> None:
    with (exported / "happy-paws" / "assignment_window.csv").open(encoding="utf-8") as file:
        (window,) = csv.DictReader(file)
    assert (window["thread"], window["client"], window["booking"], window["sitter"]) == (
        "C-1",
        "C-1",
        "B-1",
        "S-1",
    )
    with (exported / "happy-paws" / "message_attempt.csv").open(encoding="utf-8") as file:
        attempt = next(csv.DictReader(file))
    assert attempt["message"] == str(len(ODD_TEXTS) + 1), "the place of the text in its file"


def test_only_the_owner_can_access_the_folder(exported: Path) -> None:
    for path in (exported, *exported.rglob("*")):
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600), path


def test_the_manifest_lists_the_files_and_the_version(company: str, exported: Path) -> None:
    manifest = json.loads((exported / "manifest.json").read_text())
    assert manifest["schema"] == HEAD
    assert manifest["petmsg"]
    assert manifest["written_at"] == "2026-02-14T15:00:00Z"
    assert set(manifest["excluded"]) == set(EXCLUDED)
    pictures = {f"{org['org']}/media/{name}" for org in manifest["media"] for name in org["files"]}
    assert {each["file"] for each in manifest["files"]} | pictures | {"manifest.json"} == {
        path.relative_to(exported).as_posix() for path in exported.rglob("*") if path.is_file()
    }
    rows = content(company)
    for schema in table_schemas():
        counted = [each["rows"] for each in manifest["files"] if each["table"] == schema.table]
        assert sum(counted) == len(rows[schema.table]), schema.table


def test_export_warns_that_it_contains_personal_phones(company: str, tmp_path: Path) -> None:
    ran = export(company, tmp_path / "one")
    assert "personal phones" in ran.err
    assert "+1415555100" not in ran.out + ran.err


@pytest.mark.parametrize("there", ["a file", "a folder with a file", "a file at the path"])
def test_export_overwrites_nothing(company: str, tmp_path: Path, there: str) -> None:
    folder = tmp_path / "one"
    if there == "a file at the path":
        folder.write_text("mine")
    else:
        folder.mkdir()
        (folder / "mine").write_text("mine")
    ran = export(company, folder)
    assert (ran.code, ran.error["code"]) == (4, "folder_not_empty")
    assert [path.name for path in tmp_path.iterdir()] == ["one"]


def test_an_empty_folder_becomes_the_export(company: str, tmp_path: Path) -> None:
    (tmp_path / "one").mkdir(mode=0o755)
    assert export(company, tmp_path / "one").code == 0
    assert stat.S_IMODE((tmp_path / "one").stat().st_mode) == 0o700


def test_a_damaged_database_leaves_no_incomplete_export(
    company: str, tmp_path: Path, migrated_sqlite: str
) -> None:
    path = locate(migrated_sqlite).path
    assert path is not None
    shutil.copy(str(locate(company).path), path)
    with raw(migrated_sqlite, pragmas=("foreign_keys=OFF",)) as cursor:
        cursor.run("UPDATE booking SET sitter_id = 4711")
    ran = export(migrated_sqlite, tmp_path / "one")
    assert (ran.code, ran.error["code"]) == (1, "bug")
    assert "petmsg doctor" in ran.error["hint"]
    found = run_cli(migrated_sqlite, "doctor", "--check", "pointers", "-o", "json")
    assert "sitter_id of 1 row in booking" in found.json[0]["message"]
    assert not (tmp_path / "one").exists()
    assert [each for each in tmp_path.iterdir() if each.name.endswith(".partial")] == []


def test_a_database_without_an_org_has_nothing_to_export(
    migrated_sqlite: str, tmp_path: Path
) -> None:
    ran = export(migrated_sqlite, tmp_path / "one")
    assert (ran.code, ran.error["code"]) == (3, "no_org")
    assert not (tmp_path / "one").exists()
