"""`message send --media`: files and links, on the sandbox and on Twilio."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.fixtures import NOW, Cli, looking, working
from tests.support.on_twilio import ANN, DESK, company, keys
from tests.support.pictures import photo_with_position
from tests.support.texting import people, send
from tests.support.twilio_fake import TwilioFake

LINK = "https://example.com/rex.png"
PUBLIC = "https://texts.example.com"


@pytest.fixture
def rex(tmp_path: Path) -> str:
    path = tmp_path / "rex.jpg"
    path.write_bytes(photo_with_position())
    return str(path)


def rows(url: str, table: str) -> list[dict[str, Any]]:
    with looking(url) as cursor:
        return cursor.rows(f"SELECT * FROM {table} ORDER BY id")


def test_the_sandbox_sends_a_picture_with_nothing_set_up(
    sqlite_cli: Cli, migrated_sqlite: str, rex: str
) -> None:
    people(sqlite_cli)
    ran = send(sqlite_cli, "--media", rex, "--media", LINK, body="Walked and fed")
    assert ran.code == 0, ran.err
    assert (ran.json["status"], ran.json["segments"]) == ("sent", 1)
    picture, link = rows(migrated_sqlite, "media")
    assert (picture["status"], picture["name"], link["status"]) == ("stored", "rex.jpg", "linked")
    assert "position" in picture["removed"]
    [taken] = rows(migrated_sqlite, "sandbox_text")
    assert json.loads(taken["media"]) == [
        {"content_type": "image/jpeg", "sha256": picture["sha256"]},
        {"content_type": None, "url": LINK},
    ]
    folder = Path(migrated_sqlite.partition("///")[2] + "-media")
    [stored] = [path for path in folder.rglob("*") if path.is_file()]
    assert picture["sha256"] in stored.name
    assert len(stored.read_bytes()) == picture["size"]


def test_a_picture_alone_is_a_message(sqlite_cli: Cli, migrated_sqlite: str, rex: str) -> None:
    people(sqlite_cli)
    ran = sqlite_cli("message", "send", "C-1", "--media", rex, "-o", "json")
    assert (ran.code, ran.json["status"]) == (0, "sent"), ran.err
    assert rows(migrated_sqlite, "message")[0]["body"] == ""


def test_the_same_key_with_another_picture_is_refused(sqlite_cli: Cli, rex: str) -> None:
    people(sqlite_cli)
    first = send(sqlite_cli, "--media", rex, "--key", "k-1")
    assert send(sqlite_cli, "--media", rex, "--key", "k-1").json["message"] == first.json["message"]
    ran = send(sqlite_cli, "--media", LINK, "--key", "k-1")
    assert (ran.code, ran.error["code"]) == (4, "key_reused")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ((), 2),
        (("--keep-metadata", "--reason", "why", "--body", "Hi"), 2),
        (("--media", LINK, "--keep-metadata"), 2),
        (("--media", LINK, "--reason", "why"), 2),
        (("--media", "http://example.com/rex.png"), 2),
        (("--media", "/nowhere/rex.jpg"), 2),
        (("--media", __file__), 4),
        (("--media", LINK) * 11, 2),
    ],
)
def test_what_does_not_go_together_is_refused_and_nothing_is_queued(
    sqlite_cli: Cli, words: tuple[str, ...], code: int
) -> None:
    people(sqlite_cli)
    ran = sqlite_cli("message", "send", "C-1", *words, "-o", "json")
    assert ran.code == code, ran.err
    assert sqlite_cli("message", "list", "-o", "json").json == []


def test_metadata_is_kept_for_a_reason_that_the_audit_keeps(
    sqlite_cli: Cli, migrated_sqlite: str, rex: str
) -> None:
    people(sqlite_cli)
    ran = send(sqlite_cli, "--media", rex, "--keep-metadata", "--reason", "the vet asked")
    assert ran.code == 0, ran.err
    [picture] = rows(migrated_sqlite, "media")
    assert picture["size"] == picture["original_size"] == Path(rex).stat().st_size
    [queued] = [
        event
        for event in sqlite_cli("audit", "list", "--entity", "message", "-o", "json").json
        if event["event"] == "message.queued"
    ]
    assert queued["reason"] == "the vet asked"


def test_a_dry_run_stores_neither_row_nor_file(
    sqlite_cli: Cli, migrated_sqlite: str, rex: str, tmp_path: Path
) -> None:
    people(sqlite_cli)
    store = tmp_path / "store"
    ran = send(sqlite_cli, "--media", rex, "--dry-run", PETMSG_MEDIA_DIR=str(store))
    assert ran.code == 0, ran.err
    assert rows(migrated_sqlite, "media") == []
    assert not store.exists()


# ------------------------------------------------------------------------------------------ Twilio


def test_twilio_is_given_links_and_no_empty_body(sqlite_cli: Cli, rex: str) -> None:
    with TwilioFake(numbers=[DESK]) as fake:
        company(sqlite_cli)
        environ = keys(fake, PETMSG_PUBLIC_URL=PUBLIC)
        ran = sqlite_cli(
            "message", "send", "C-1", "--media", rex, "--media", LINK, "-o", "json", **environ
        )
        assert ran.code == 0, ran.err
        [message] = fake.messages.values()
        posted = [request for request in fake.requests if request.method == "POST"]
    first, second = message.media_urls
    assert first.startswith(f"{PUBLIC}/media/")
    assert first.endswith("/picture-1.jpg")
    assert second == LINK
    assert (message.to, message.body, message.media_count) == (ANN, "", 2)
    assert "Body" not in posted[0].form


def test_twilio_without_a_public_url_refuses_a_file_before_anything_is_queued(
    sqlite_cli: Cli, rex: str
) -> None:
    with TwilioFake(numbers=[DESK]) as fake:
        company(sqlite_cli)
        for words in ((), ("--queue-only",)):
            ran = sqlite_cli(
                "message", "send", "C-1", "--media", rex, "-o", "json", *words, **keys(fake)
            )
            assert (ran.code, ran.error["code"]) == (4, "no_public_url")
            assert "petmsg serve" in ran.error["hint"]
        preview = sqlite_cli(
            "message", "send", "C-1", "--media", rex, "--preview", "-o", "json", **keys(fake)
        )
        assert "PETMSG_PUBLIC_URL" in preview.json["refused"]
        assert sqlite_cli("message", "list", "-o", "json").json == []
        ran = sqlite_cli("message", "send", "C-1", "--media", LINK, "-o", "json", **keys(fake))
        assert (ran.code, ran.json["status"]) == (0, "sent"), ran.err
        assert len(fake.messages) == 1


def test_a_dispatcher_without_a_public_url_lets_a_picture_wait_and_one_with_it_sends_it(
    sqlite_cli: Cli, rex: str
) -> None:
    with TwilioFake(numbers=[DESK]) as fake:
        company(sqlite_cli)
        environ = keys(fake, PETMSG_PUBLIC_URL=PUBLIC)
        queued = ("message", "send", "C-1", "--media", rex, "--queue-only")
        assert sqlite_cli(*queued, **environ).code == 0
        sqlite_cli("message", "dispatch", **keys(fake))
        assert not fake.messages
        found = sqlite_cli("alert", "list", "-o", "json").json
        assert [alert["kind"] for alert in found] == ["no_public_url"]
        ran = sqlite_cli("message", "dispatch", **environ)
        assert ran.code == 0, ran.err
        assert [message.media_count for message in fake.messages.values()] == [1]
        assert sqlite_cli("alert", "list", "-o", "json").json == []


def test_explaining_a_route_with_pictures_leaves_out_numbers_without_mms(
    sqlite_cli: Cli, migrated_sqlite: str
) -> None:
    people(sqlite_cli)
    with working(migrated_sqlite) as uow:
        uow.cursor.run("UPDATE message_number SET mms = false WHERE class = 'pool'")
    later = NOW + timedelta(hours=1)
    for at in ("now", "-30m"):
        words = ("route", "explain", "C-1", "--at", at, "-o", "json")
        explained = sqlite_cli(*words, "--with-media", now=later)
        codes = [step["code"] for step in explained.json["trace"]]
        assert codes[1:] == ["NUMBER_WITHOUT_MMS", "FRONT_DESK"]
        assert sqlite_cli(*words, now=later).json["number"]["class"] == "pool"
