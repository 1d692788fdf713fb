"""The look-up that every fetch of a picture costs: until when a link is good, and for what."""

from datetime import timedelta

import pytest

from petmsg.enums.media import MediaStatus
from petmsg.enums.messages import MessageStatus
from petmsg.models import Media
from petmsg.queries.media_link import LinkedFile, NewLink, add_links, file_of_link
from tests.support.fixtures import NOW, looking, working
from tests.support.queueing import company, queue

DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)
FILE = LinkedFile("a" * 64, "image/jpeg", 1234, "rex.jpg")


@pytest.fixture
def linked(migrated_url: str) -> str:
    """A message with a picture at position 0 and one still to be fetched at 1, and its link."""
    company(migrated_url)
    message = queue(migrated_url)
    with working(migrated_url) as uow:
        for position, status in enumerate((MediaStatus.STORED, MediaStatus.MISSING)):
            stored = status is MediaStatus.STORED
            uow.session.add(
                Media(
                    org_id=uow.org.id,
                    message_id=message,
                    position=position,
                    status=status,
                    sha256=FILE.sha256 if stored else None,
                    content_type=FILE.content_type,
                    size=FILE.size,
                    name=FILE.name,
                    created_at=NOW,
                )
            )
        uow.session.flush()
        add_links(uow.cursor, [NewLink(uow.org.id, message, "b" * 64, NOW, NOW + DAY)])
    return migrated_url


def found(url: str, **changes: object) -> LinkedFile | None:
    asked = {"token_hash": "b" * 64, "position": 0, "now": NOW} | changes
    with looking(url) as cursor:
        return file_of_link(cursor, **asked)  # type: ignore[arg-type] # each has its own type


def test_a_link_gives_the_stored_file_until_it_expires(linked: str) -> None:
    assert found(linked) == FILE
    assert found(linked, now=NOW + DAY - TICK) == FILE
    assert found(linked, now=NOW + DAY) is None


def test_an_unknown_token_another_place_and_a_missing_file_give_nothing(linked: str) -> None:
    assert found(linked, token_hash="c" * 64) is None
    assert found(linked, position=1) is None
    assert found(linked, position=2) is None


@pytest.mark.parametrize("status", [each for each in MessageStatus if each != "received"])
def test_a_link_ends_when_its_message_is_final(linked: str, status: MessageStatus) -> None:
    with working(linked) as uow:
        uow.cursor.run("UPDATE message SET status = :status", status=status.value)
    final = status in ("delivered", "undelivered", "failed", "cancelled")
    assert (found(linked) is None) is final
