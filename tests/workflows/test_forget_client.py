"""client forget: the bytes of pictures go too, also after a kill between the two steps."""

from pathlib import Path
from typing import Any

import pytest

from petmsg.cli.context import Context
from petmsg.db.location import default_media_place, locate
from petmsg.media.open_store import open_store
from petmsg.services.people import erase
from petmsg.workflows import forget_client
from petmsg.workflows.environment import Environment
from tests.cli.commands.test_client import ANN, FORGET
from tests.support.consistency import raw
from tests.support.fixtures import ACTOR, NOW, Cli, looking, working
from tests.support.media_rows import TINY_GIF, add_link, add_media

SENTINEL = TINY_GIF + b"Rex-by-the-lake-5551001"


def pictured(cli: Cli, url: str, place: str | None = None) -> list[int]:
    """Ann with a sent message that has a stored, a linked and a lost picture."""
    cli(*ANN)
    assert cli("message", "send", "C-1", "--body", "Rex is well").code == 0
    with looking(url) as cursor:
        message = cursor.value("SELECT id FROM message")
    add_link(url, message, token_hash="ab" * 32, expires_at=NOW)
    return [
        add_media(url, message, content=SENTINEL, place=place, name="ann.jpg", removed="position"),
        add_media(url, message, status="linked", url="https://example.com/ann.jpg"),
        add_media(url, message, status="lost", error="gone: ann", name="ann-2.jpg"),
    ]


def rows(url: str, columns: str = "status, name, url, removed, sha256, error") -> list[Any]:
    with looking(url) as cursor:
        return cursor.rows(f"SELECT {columns} FROM media ORDER BY id")


@pytest.fixture
def kept(migrated_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A folder of this test's own for the pictures."""
    place = str(tmp_path / "pictures")
    monkeypatch.setenv("PETMSG_MEDIA_DIR", place)
    return place


def store_of(url: str, place: str) -> Context:
    environ = {"PETMSG_DATABASE_URL": url, "PETMSG_MEDIA_DIR": place, "PETMSG_ACTOR": ACTOR}
    return Context(Environment(environ=environ, now=NOW))


def forget(url: str, place: str) -> tuple[erase.Forgotten, list[str]]:
    store = store_of(url, place)
    with store.at_end:
        return forget_client.forget(store, "C-1", reason="she asked")


def left_in(place: str) -> list[str]:
    return [each.sha256 for each in open_store(place).listed()]


def test_rows_and_bytes_of_all_pictures_are_erased(cli: Cli, migrated_url: str, kept: str) -> None:
    pictured(cli, migrated_url, kept)
    done, left = forget(migrated_url, kept)
    assert (done.media, left) == (3, [])
    empty = {"name": None, "url": None, "removed": None, "sha256": None, "error": None}
    assert rows(migrated_url) == [{"status": "erased", **empty}] * 3
    assert left_in(kept) == []
    with looking(migrated_url) as cursor:
        assert cursor.value("SELECT count(*) FROM media_link") == 0


def test_no_byte_of_a_picture_is_left_in_database_wal_or_store(
    sqlite_cli: Cli, migrated_sqlite: str
) -> None:
    pictured(sqlite_cli, migrated_sqlite)
    path = Path(migrated_sqlite.removeprefix("sqlite:///"))
    place = Path(default_media_place(locate(migrated_sqlite)))
    (sha256,) = left_in(str(place))

    def everything() -> bytes:
        files = [*path.parent.glob(f"{path.name}*"), *place.rglob("*")]
        return b"".join(each.read_bytes() for each in files if each.is_file())

    secrets = (b"Rex-by-the-lake", b"ann.jpg", b"ann-2", sha256.encode(), b"gone: ann")
    assert [each for each in secrets if each not in everything()] == []
    ran = sqlite_cli(*FORGET, "-o", "json")
    assert (ran.code, ran.json["media"]) == (0, 3)
    assert [each for each in secrets if each in everything()] == []


def test_bytes_that_another_client_has_too_stay(cli: Cli, migrated_url: str, kept: str) -> None:
    pictured(cli, migrated_url, kept)
    cli("client", "add", "Bo", "--phone", "+14155551009", "--ref", "C-9")
    assert cli("message", "send", "C-9", "--body", "Bo's").code == 0
    with looking(migrated_url) as cursor:
        message = cursor.value("SELECT max(id) FROM message")
    add_media(migrated_url, message, content=SENTINEL, place=kept)
    forget(migrated_url, kept)
    assert [row["status"] for row in rows(migrated_url)] == ["erased"] * 3 + ["stored"]
    assert len(left_in(kept)) == 1


def test_what_was_relayed_of_a_picture_is_erased_too(
    cli: Cli, migrated_url: str, kept: str
) -> None:
    first, *_ = pictured(cli, migrated_url, kept)
    cli("client", "add", "Bo", "--phone", "+14155551009", "--ref", "C-9")
    assert cli("message", "send", "C-9", "--body", "Ann's").code == 0
    with looking(migrated_url) as cursor:
        relayed = cursor.value("SELECT max(id) FROM message")
    add_media(migrated_url, relayed, content=SENTINEL, place=kept, source_id=first)
    done, _ = forget(migrated_url, kept)
    assert done.media == 4
    assert [row["status"] for row in rows(migrated_url)] == ["erased"] * 4
    assert left_in(kept) == []


def test_after_a_kill_between_commit_and_deletion_the_command_is_repeated(
    cli: Cli, migrated_url: str, kept: str
) -> None:
    pictured(cli, migrated_url, kept)
    with working(migrated_url) as uow:
        erase.forget(uow, "C-1", reason="she asked")
    assert [row["status"] for row in rows(migrated_url)] == ["erasing", "erased", "erased"]
    assert len(left_in(kept)) == 1
    done, _ = forget(migrated_url, kept)
    assert done.reused
    assert [row["status"] for row in rows(migrated_url)] == ["erased"] * 3
    assert left_in(kept) == []


def test_a_dry_run_erases_nothing(cli: Cli, migrated_url: str, kept: str) -> None:
    pictured(cli, migrated_url, kept)
    before = rows(migrated_url)
    context = store_of(migrated_url, kept)
    context.dry_run = True
    with context.at_end:
        done, left = forget_client.forget(context, "C-1", reason="she asked")
    assert (done.media, left, rows(migrated_url)) == (3, [], before)
    assert len(left_in(kept)) == 1


def test_what_a_real_provider_was_given_is_to_be_deleted_there(
    cli: Cli, migrated_url: str, kept: str
) -> None:
    pictured(cli, migrated_url, kept)
    with raw(migrated_url) as cursor:
        cursor.run("UPDATE message SET provider = 'twilio', provider_message_id = 'SM1'")
    _, left = forget(migrated_url, kept)
    assert left[0] == "The provider may still have copies of 3 pictures."
    with looking(migrated_url) as cursor:
        assert cursor.value("SELECT count(*) FROM media WHERE provider_delete_at IS NULL") == 0


def test_a_store_that_cannot_be_read_leaves_the_rest_to_be_repeated(
    cli: Cli, migrated_url: str, kept: str, tmp_path: Path
) -> None:
    pictured(cli, migrated_url, kept)
    broken = tmp_path / "file"
    broken.write_text("not a folder")
    _, left = forget(migrated_url, str(broken / "x"))
    assert [row["status"] for row in rows(migrated_url)][1:] == ["erased", "erased"]
    assert left[-1] == "To delete them: petmsg media fetch"


def test_the_provider_is_asked_to_delete_its_copies(cli: Cli, migrated_url: str, kept: str) -> None:
    """The sandbox deletes them at once."""
    pictured(cli, migrated_url, kept)
    ran = cli("message", "receive", "--from", "+14155551001", "--to", "+14155550100", "--body", "x")
    assert ran.code == 0, ran.err
    with raw(migrated_url) as cursor:
        message = cursor.value("SELECT max(id) FROM message")
        cursor.run(
            "UPDATE message SET provider = 'sandbox', provider_message_id = 'SB-in' WHERE id = :id",
            id=message,
        )
    add_media(migrated_url, message, content=SENTINEL + b"2", place=kept)
    _, left = forget(migrated_url, kept)
    assert left == []
    found = rows(migrated_url, "status, provider_delete_at, provider_deleted_at")[-1]
    assert found == {"status": "erased", "provider_delete_at": NOW, "provider_deleted_at": NOW}
