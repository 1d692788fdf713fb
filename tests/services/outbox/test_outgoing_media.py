"""Messages with pictures: queued with their files, claimed with links, or waiting for them."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from petmsg.db.cursor import Cursor
from petmsg.enums.orgs import ProviderName
from petmsg.errors import MalformedText, OutOfRange
from petmsg.media.links import hash_of_token
from petmsg.providers.base import MOST_MEDIA
from petmsg.queries.media_link import file_of_link
from petmsg.services.outbox.claimed import Claim, Ended, Waiting
from petmsg.services.outbox.outgoing_media import (
    LINK_LASTS,
    NewMedia,
)
from petmsg.services.outbox.preview import SendOptions
from petmsg.services.outbox.queue import KeyReused
from petmsg.services.outbox.queue import queue as queue_it
from tests.support.fixtures import NOW, looking, working
from tests.support.queueing import company, queue, stored, take, visit

JPEG = NewMedia(
    name="rex.jpg",
    content_type="image/jpeg",
    size=1234,
    sha256="a" * 64,
    removed=("position", "camera"),
    original_size=5678,
)
LINK = NewMedia(name="rex.png", url="https://example.com/rex.png")
COMING = NewMedia(content_type="image/jpeg")
PUBLIC = "https://texts.example.com/petmsg"


@pytest.fixture
def url(migrated_url: str) -> str:
    company(migrated_url)
    return migrated_url


def queued(url: str, *media: NewMedia, body: str = "", **options: Any) -> int:
    with working(url) as uow:
        return queue_it(uow, "C-1", body=body, options=SendOptions(**options), media=media).message


def use_twilio(url: str) -> None:
    with working(url) as uow:
        uow.cursor.run("UPDATE org SET provider = 'twilio'")


def claimed_on_twilio(url: str, message: int, **options: Any) -> Claim:
    taken = take(url, message, provider=ProviderName.TWILIO, public_url=PUBLIC, **options)
    assert isinstance(taken, Claim), taken
    return taken


def rows(url: str, table: str) -> list[dict[str, Any]]:
    with looking(url) as cursor:
        return cursor.rows(f"SELECT * FROM {table} ORDER BY id")


# ----------------------------------------------------------------------------------------- queueing


def test_a_message_is_stored_with_its_files_in_their_order(url: str) -> None:
    message = queued(url, JPEG, LINK, body="Walked and fed")
    assert (stored(url, message)["media_count"], stored(url, message)["segments"]) == (2, 1)
    first, second = rows(url, "media")
    assert (first["position"], first["status"], first["sha256"]) == (0, "stored", "a" * 64)
    assert (first["removed"], first["size"], first["original_size"]) == (
        "position,camera", 1234, 5678,
    )  # fmt: skip
    assert first["stored_at"] == NOW
    assert (second["position"], second["status"], second["url"]) == (1, "linked", LINK.url)
    assert (second["sha256"], second["stored_at"]) == (None, None)


def test_a_long_body_with_a_picture_is_one_segment(url: str) -> None:
    assert stored(url, queued(url, JPEG, body="x" * 700))["segments"] == 1
    assert stored(url, queued(url, body="x" * 700))["segments"] == 5


def test_the_body_may_be_empty_with_a_file_only(url: str) -> None:
    assert stored(url, queued(url, JPEG, body=" \n"))["body"] == ""
    with pytest.raises(MalformedText):
        queued(url, body="")


def test_eleven_files_are_too_many(url: str) -> None:
    queued(url, *[LINK] * MOST_MEDIA)
    with pytest.raises(OutOfRange, match="11 files"):
        queued(url, *[LINK] * (MOST_MEDIA + 1))
    assert len(rows(url, "media")) == MOST_MEDIA


@pytest.mark.parametrize(
    "others", [(), (LINK,), (JPEG,), (LINK, JPEG), (replace(JPEG, sha256="b" * 64), LINK)]
)
def test_a_key_is_good_for_the_same_files_only(url: str, others: tuple[NewMedia, ...]) -> None:
    message = queued(url, JPEG, LINK, body="Hi", key="k-1")
    assert queued(url, replace(JPEG, name="other.jpg"), LINK, body="Hi", key="k-1") == message
    with pytest.raises(KeyReused, match="other pictures or files"):
        queued(url, *others, body="Hi", key="k-1")


def test_the_audit_counts_the_files_of_messages_that_have_some(url: str) -> None:
    queued(url, JPEG, LINK, body="Hi")
    queued(url, body="Hi")
    queued(url, JPEG, metadata_reason="the vet asked")
    with looking(url) as cursor:
        found = cursor.rows(
            "SELECT payload, reason FROM audit_event WHERE event = 'message.queued' ORDER BY seq"
        )
    first, plain, kept = (json.loads(row["payload"]) for row in found)
    assert (first["media"], first["keep_metadata"]) == (2, False)
    assert not {"media", "keep_metadata"} & set(plain)
    assert (kept["keep_metadata"], found[2]["reason"]) == (True, "the vet asked")


# ----------------------------------------------------------------------------------------- claiming


def test_the_sandbox_gets_the_hashes_and_no_link_is_made(url: str) -> None:
    taken = take(url, queued(url, JPEG, LINK))
    assert isinstance(taken, Claim)
    assert [(each.content_type, each.sha256, each.url) for each in taken.text.media] == [
        ("image/jpeg", "a" * 64, None),
        (None, None, LINK.url),
    ]
    assert rows(url, "media_link") == []


def test_twilio_gets_links_that_are_good_for_a_day(url: str) -> None:
    use_twilio(url)
    taken = claimed_on_twilio(url, queued(url, JPEG, LINK, body="Hi"))
    first, second = taken.text.media
    assert second.url == LINK.url
    assert first.url is not None
    start, token, name = first.url.rsplit("/", 2)
    assert (start, name) == (f"{PUBLIC}/media", "picture-1.jpg")
    assert len(token) >= 43
    [link] = rows(url, "media_link")
    assert link["token_hash"] == hash_of_token(token)
    assert link["expires_at"] == NOW + LINK_LASTS == NOW + timedelta(hours=24)
    assert token not in str(link)
    with looking(url) as cursor:
        found = file_of_link(cursor, token_hash=hash_of_token(token), position=0, now=NOW)
    assert found is not None
    assert (found.sha256, found.size) == ("a" * 64, 1234)


def test_each_claim_has_a_token_of_its_own(url: str) -> None:
    use_twilio(url)
    message = queued(url, JPEG)
    one = claimed_on_twilio(url, message)
    with working(url) as uow:
        uow.cursor.run("UPDATE message SET status = 'queued'")
    other = claimed_on_twilio(url, message, now=NOW + timedelta(minutes=1))
    assert one.text.media != other.text.media
    assert len({link["token_hash"] for link in rows(url, "media_link")}) == 2


def test_a_link_on_the_web_needs_no_public_url(url: str) -> None:
    use_twilio(url)
    taken = take(url, queued(url, LINK), provider=ProviderName.TWILIO)
    assert isinstance(taken, Claim)
    assert rows(url, "media_link") == []


def test_without_a_public_url_a_picture_waits_and_an_alert_says_so(url: str) -> None:
    use_twilio(url)
    message = queued(url, JPEG)
    for _ in range(2):
        taken = take(url, message, provider=ProviderName.TWILIO)
        assert isinstance(taken, Waiting)
        assert "PETMSG_PUBLIC_URL" in taken.why
    assert stored(url, message)["status"] == "queued"
    [alert] = rows(url, "alert")
    assert (alert["kind"], alert["count"]) == ("no_public_url", 2)
    claimed_on_twilio(url, message)


def test_a_picture_that_is_still_to_be_fetched_is_waited_for(url: str) -> None:
    message = queued(url, JPEG, COMING)
    taken = take(url, message)
    assert isinstance(taken, Waiting)
    assert "have not been fetched" in taken.why
    assert taken.until == NOW + timedelta(seconds=2)
    with working(url) as uow:
        uow.cursor.run(
            "UPDATE media SET status = 'stored', sha256 = :sha256 WHERE status = 'missing'",
            sha256="c" * 64,
        )
    taken = take(url, message)
    assert isinstance(taken, Claim)
    assert [each.sha256 for each in taken.text.media] == ["a" * 64, "c" * 64]


@pytest.mark.parametrize("status", ["lost", "erased"])
def test_a_message_whose_picture_is_gone_is_held_and_does_not_wait_for_ever(
    url: str, status: str
) -> None:
    message = queued(url, JPEG, body="Look!")
    with working(url) as uow:
        uow.cursor.run("UPDATE media SET status = :status, sha256 = NULL", status=status)
    taken = take(url, message)
    assert isinstance(taken, Ended)
    assert (taken.status, taken.why) == ("held", "the bytes of one of its pictures are lost")
    assert ("message_held", str(message)) in [
        (row["kind"], row["ref"]) for row in rows(url, "alert")
    ]


def test_a_number_that_cannot_send_pictures_is_passed_over(url: str) -> None:
    visit(url)
    with working(url) as uow:
        uow.cursor.run("UPDATE message_number SET mms = false WHERE class = 'sitter'")
    message = queued(url, JPEG, body="Hi")
    taken = take(url, message)
    assert isinstance(taken, Claim)
    assert taken.decision.trace[0].code == "NUMBER_WITHOUT_MMS"
    with working(url) as uow:
        uow.cursor.run("UPDATE message SET status = 'delivered'")
    words = take(url, queue(url), now=NOW + timedelta(minutes=1))
    assert isinstance(words, Claim)
    assert words.decision.trace[0].code == "WINDOW_ACTIVE"


def statements_of_a_claim(url: str, message: int, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The statements on the bare cursor; those of the ORM are the same for every message."""
    seen: list[str] = []
    with monkeypatch.context() as patched:
        for name in ("_execute", "run_many"):
            run = getattr(Cursor, name)

            def counted(self: Cursor, sql: str, given: Any, run: Any = run) -> None:
                seen.append(sql)
                run(self, sql, given)

            patched.setattr(Cursor, name, counted)
        claimed_on_twilio(url, message)
    return seen


def test_a_claim_costs_three_statements_more_with_pictures_and_none_without(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_twilio(url)
    one, other = queued(url, body="Hi"), queued(url, JPEG, LINK, body="Hi")
    plain = statements_of_a_claim(url, one, monkeypatch)
    with working(url) as uow:
        uow.cursor.run("UPDATE message SET status = 'delivered' WHERE id = :id", id=one)
        uow.cursor.run("UPDATE message_number SET free_at = NULL")
    pictured = statements_of_a_claim(url, other, monkeypatch)
    assert not any("FROM media" in sql or "INTO media" in sql for sql in plain)
    assert len(pictured) == len(plain) + 3
