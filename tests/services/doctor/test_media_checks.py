"""doctor compares pictures and files both ways, and names the command that fixes each finding."""

import os
from pathlib import Path
from typing import Any

import pytest

from tests.support.consistency import raw
from tests.support.fixtures import NOW, Cli
from tests.support.media_rows import TINY_GIF
from tests.workflows.test_forget_client import SENTINEL, kept, left_in, pictured
from tests.workflows.test_prune_media import HOUR, put

__all__ = ["kept"]

CHECKS = ("media_place", "media_lost", "media_erased", "media_bytes", "media_orphans")


@pytest.fixture
def picture(cli: Cli, migrated_url: str, kept: str) -> int:
    """A stored picture of a sent message."""
    first = pictured(cli, migrated_url, kept)[0]
    with raw(migrated_url) as cursor:
        cursor.run("DELETE FROM media WHERE id <> :id", id=first)
        cursor.run("UPDATE message SET media_count = 1")
    return first


def found(cli: Cli, kept: str, *options: str, place: str | None = None) -> list[tuple[str, ...]]:
    environ = {"PETMSG_MEDIA_DIR": kept if place is None else place}
    named = [word for name in CHECKS[1:] for word in ("--check", name)]
    ran = cli("doctor", *named, *options, "-o", "json", **environ)
    rows: list[dict[str, Any]] = ran.json
    return [
        (row["check"], row["result"], row["message"], row["command"])
        for row in rows
        if row["result"] != "ok"
    ]


def file_of(kept: str) -> Path:
    (sha256,) = left_in(kept)
    return Path(kept) / sha256[:2] / sha256


def test_a_picture_with_its_bytes_is_no_finding(cli: Cli, picture: int, kept: str) -> None:
    assert found(cli, kept) == []
    assert found(cli, kept, "--media") == []


def test_missing_bytes_are_found_and_mended(cli: Cli, picture: int, kept: str) -> None:
    """The only copy of a sent picture is gone: the row says so afterwards."""
    file_of(kept).unlink()
    words = f"The bytes of picture {picture} of message 1 are missing"
    command = f"petmsg media fetch {picture}"
    assert found(cli, kept) == [("media_bytes", "problem", words, command)]
    ran = cli(*command.split()[1:], "-o", "json", PETMSG_MEDIA_DIR=kept)
    assert (ran.code, ran.json[0]["status"]) == (10, "lost"), ran.err
    shown = ("media_lost", "warning", f"Picture {picture} of message 1 is lost")
    assert found(cli, kept) == [(*shown, "petmsg message show 1")]


def test_a_file_of_another_size_is_found(cli: Cli, picture: int, kept: str) -> None:
    file_of(kept).write_bytes(b"short")
    ((check, _, words, _),) = found(cli, kept)
    assert check == "media_bytes"
    assert words.endswith(f"are damaged: 5 bytes instead of {len(SENTINEL)}")


def test_a_wrong_hash_is_found_on_request(cli: Cli, picture: int, kept: str) -> None:
    """By default no file is read: doctor stays fast."""
    file_of(kept).write_bytes(SENTINEL[:-1] + b"?")
    assert found(cli, kept) == []
    ((_, _, words, command),) = found(cli, kept, "--media")
    assert words.endswith("are damaged: their hash is wrong")
    cli(*command.split()[1:], PETMSG_MEDIA_DIR=kept)
    assert [check for check, *_ in found(cli, kept, "--media")] == ["media_lost"]


def test_an_old_file_without_a_message_is_found(cli: Cli, picture: int, kept: str) -> None:
    put(kept, TINY_GIF + b"young", HOUR / 2)
    assert found(cli, kept) == []
    put(kept, TINY_GIF + b"old", HOUR * 2)
    words = f"The media store has 1 file ({len(TINY_GIF) + 3} bytes) of no message"
    assert found(cli, kept) == [("media_orphans", "warning", words, "petmsg media prune")]
    cli("media", "prune", PETMSG_MEDIA_DIR=kept)
    assert found(cli, kept) == []


def test_what_a_killed_command_began_to_store_is_found(cli: Cli, picture: int, kept: str) -> None:
    """There is no other file without a message."""
    begun = Path(kept) / "ab" / ".0123456789abcdef.part"
    begun.parent.mkdir(exist_ok=True)
    begun.write_bytes(TINY_GIF)
    young, old = ((NOW - age).timestamp() for age in (HOUR / 2, HOUR * 2))
    os.utime(begun, (young, young))
    assert found(cli, kept) == []
    os.utime(begun, (old, old))
    words = "The media store has 1 file that an interrupted command did not store completely"
    assert found(cli, kept) == [("media_orphans", "warning", words, "petmsg media prune")]
    cli("media", "prune", PETMSG_MEDIA_DIR=kept)
    assert found(cli, kept) == []
    assert not begun.exists()


def test_a_message_that_waits_for_a_lost_picture_is_a_problem(
    cli: Cli, picture: int, migrated_url: str, kept: str
) -> None:
    with raw(migrated_url) as cursor:
        cursor.run("UPDATE media SET status = 'lost', sha256 = NULL")
        cursor.run(
            "UPDATE message SET status = 'queued', provider_message_id = NULL, claimed_at = NULL"
        )
    ((_, result, words, command),) = found(cli, kept)
    assert (result, command) == ("problem", "petmsg message cancel 1")
    assert words.endswith("is lost, and the message waits for it")


def test_erased_pictures_that_are_still_there_are_found(
    cli: Cli, picture: int, migrated_url: str, kept: str
) -> None:
    with raw(migrated_url) as cursor:
        cursor.run("UPDATE media SET status = 'erasing'")
    words = "1 erased picture not deleted yet, here or at the provider"
    assert found(cli, kept) == [("media_erased", "warning", words, "petmsg media fetch")]
    cli("media", "fetch", PETMSG_MEDIA_DIR=kept)
    assert found(cli, kept) == []
    assert left_in(kept) == []


@pytest.mark.postgres
def test_an_unset_place_is_a_warning_on_postgresql(
    cli: Cli, picture: int, migrated_url: str
) -> None:
    ran = cli("doctor", "--check", "media_place", "-o", "json")
    results = [row["result"] for row in ran.json]
    assert results == ([] if migrated_url.startswith("sqlite") else ["warning"])


def test_a_place_that_cannot_be_read_is_a_finding(
    cli: Cli, picture: int, kept: str, tmp_path: Path
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("x")
    assert [check for check, *_ in found(cli, kept, place=str(blocked / "in"))] == ["media_bytes"]
