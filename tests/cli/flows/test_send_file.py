"""`message send --file`: one result per row, and nothing sent twice."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from petmsg.db.cursor import Cursor
from petmsg.workflows.outgoing_files import OutgoingFile, prepare_files
from tests.support.fixtures import Cli, lines, looking
from tests.support.pictures import photo_with_position
from tests.support.texting import people

HEADER = ("client", "body", "media", "key", "as")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with two pictures, which is not the current folder."""
    folder = tmp_path / "today"
    folder.mkdir()
    for name in ("rex.jpg", "luna.jpg"):
        (folder / name).write_bytes(photo_with_position())
    return folder


def test_each_row_is_queued_and_dispatch_sends_it(
    sqlite_cli: Cli, migrated_sqlite: str, folder: Path
) -> None:
    people(sqlite_cli)
    file = folder / "messages.csv"
    file.write_text(
        lines(
            HEADER,
            ("C-1", "Walked and fed", "rex.jpg|luna.jpg", "k-1", ""),
            ("C-404", "Nobody", "rex.jpg", "k-2", ""),
            ("C-2", "", str(folder / "rex.jpg"), "k-3", ""),
            ("C-2", "", "gone.jpg", "k-4", ""),
            ("C-2", "", "", "k-5", ""),
            ("C-2", "Only words", "", "k-6", ""),
        )
    )
    ran = sqlite_cli("message", "send", "--file", str(file), "-o", "json")
    assert ran.code == 4, ran.err
    assert [(row["row"], row.get("status", "refused")) for row in ran.json] == [
        (2, "queued"), (3, "refused"), (4, "queued"), (5, "refused"), (6, "refused"), (7, "queued"),
    ]  # fmt: skip
    assert "petmsg message dispatch sends the queued messages." in ran.err
    with looking(migrated_sqlite) as cursor:
        counts = cursor.rows("SELECT media_count FROM message ORDER BY id")
        removed = cursor.rows("SELECT removed FROM media")
    assert [each["media_count"] for each in counts] == [2, 1, 0]
    assert all("position" in each["removed"] for each in removed)
    sent = sqlite_cli("message", "dispatch", "-o", "json")
    assert [row["status"] for row in sent.json] == ["sent"] * 3, sent.err


def test_the_same_file_with_keys_sends_nothing_twice(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    file = lines(HEADER, ("C-1", "One", "", "k-1", ""), ("C-2", "Two", "", "k-2", ""))
    words = ("message", "send", "--file", "-", "--queue-only", "-o", "json")
    first, again = sqlite_cli(*words, stdin=file), sqlite_cli(*words, stdin=file)
    assert (first.code, again.code) == (0, 0), first.err + again.err
    assert [row["reused"] for row in again.json] == [True, True]
    assert [row["message"] for row in again.json] == [row["message"] for row in first.json]
    assert "dispatch" not in again.err
    assert len(sqlite_cli("message", "list", "-o", "json").json) == 2


def test_paths_on_stdin_begin_at_the_current_folder(
    sqlite_cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    people(sqlite_cli)
    monkeypatch.chdir(folder)
    row = json.dumps({"client": "C-1", "media": "rex.jpg"}) + "\n"
    ran = sqlite_cli("message", "send", "--file", "-", "-o", "json", stdin=row)
    assert (ran.code, ran.json[0]["row"]) == (0, 1), ran.err


def test_a_dry_run_queues_and_stores_nothing(
    sqlite_cli: Cli, migrated_sqlite: str, folder: Path
) -> None:
    people(sqlite_cli)
    file = folder / "messages.csv"
    file.write_text(lines(HEADER, ("C-1", "Hi", "rex.jpg", "", "")))
    ran = sqlite_cli("message", "send", "--file", str(file), "--dry-run", "-o", "json")
    assert (ran.code, len(ran.json)) == (0, 1), ran.err
    assert sqlite_cli("message", "list", "-o", "json").json == []
    assert not Path(migrated_sqlite.partition("///")[2] + "-media").exists()


def test_a_dry_run_prepares_each_file_once(
    sqlite_cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    people(sqlite_cli)
    prepared: list[Sequence[str]] = []

    def prepare(files: Sequence[str], *, keep_metadata: bool) -> list[OutgoingFile]:
        prepared.append(files)
        return prepare_files(files, keep_metadata=keep_metadata)

    monkeypatch.setattr("petmsg.workflows.outgoing_files.prepare_files", prepare)
    file = folder / "messages.csv"
    file.write_text(lines(HEADER, ("C-1", "Hi", "rex.jpg", "", "")))
    assert sqlite_cli("message", "send", "--file", str(file), "--dry-run").code == 0
    assert prepared == [[str(folder / "rex.jpg")]]


@pytest.mark.parametrize("is_still_there", [True, False])
def test_bytes_that_another_process_deleted_are_stored_again_or_the_row_is_refused(
    sqlite_cli: Cli,
    migrated_sqlite: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    is_still_there: bool,
) -> None:
    people(sqlite_cli)
    store = Path(migrated_sqlite.partition("///")[2] + "-media")

    def stored() -> list[Path]:
        return [each for each in store.rglob("*") if each.is_file() and len(each.name) >= 32]

    def delete(cursor: Cursor, hashes: Iterable[str]) -> None:
        for each in stored():
            each.unlink()
        if not is_still_there:
            (folder / "rex.jpg").unlink()

    monkeypatch.setattr("petmsg.cli.flows.send_file.lock_bytes", delete)
    file = folder / "messages.csv"
    file.write_text(lines(HEADER, ("C-1", "Hi", "rex.jpg", "", ""), ("C-2", "Hi", "", "", "")))
    ran = sqlite_cli("message", "send", "--file", str(file), "-o", "json")
    queued = [row["row"] for row in ran.json if row.get("status") == "queued"]
    assert (queued, len(stored())) == (([2, 3], 1) if is_still_there else ([3], 0))


def test_contact_details_are_a_warning_of_their_line(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    file = lines(HEADER, ("C-1", "Call 415-555-2001", "", "", ""))
    ran = sqlite_cli("message", "send", "--file", "-", "-o", "json", stdin=file)
    assert (ran.code, len(ran.json[0]["warnings"])) == (0, 1), ran.err
    assert "Warning: line 2: The body contains" in ran.err


def test_an_unknown_column_is_refused_before_anything_is_queued(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    ran = sqlite_cli("message", "send", "--file", "-", "-o", "json", stdin="client,text\nC-1,Hi\n")
    assert (ran.code, ran.error["code"]) == (2, "malformed_file"), ran.err
