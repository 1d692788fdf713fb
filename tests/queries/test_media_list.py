"""Pictures in lists and one by one, on both databases."""

from datetime import timedelta
from typing import Any

import pytest

from petmsg.db.location import locate
from petmsg.db.snapshot import snapshot
from petmsg.enums.media import MediaStatus
from petmsg.errors import NotFound, OutOfRange
from petmsg.queries.media_list import find_media, list_media, media_id, newest_link
from petmsg.queries.org import find_org
from petmsg.queries.page import Page
from tests.support.consistency import raw
from tests.support.fixtures import NOW, Cli, add_org
from tests.support.incoming import comes
from tests.support.media_rows import add_link, add_media
from tests.support.texting import people

KEPT = {"status": MediaStatus.STORED, "sha256": "ab" * 32, "content_type": "image/jpeg"}


@pytest.fixture
def company(cli: Cli, migrated_url: str) -> str:
    """Message 1 to C-1 with two pictures, 2 to C-2 with one, 3 from C-1 with a missing and a lost
    one, and 4 from a stranger with an erased one."""
    people(cli)
    cli("message", "send", "C-1", "--body", "Look")
    cli("message", "send", "C-2", "--body", "Hello")
    comes(cli, "Nice", sender="+14155551001", to="+14155550100")
    comes(cli, "Hi", sender="+16175550199", to="+14155550100")
    add_media(migrated_url, 1, name="rex.jpg", size=9, **KEPT)
    add_media(migrated_url, 1, status=MediaStatus.LINKED, url="https://pets.example/rex.png")
    add_media(migrated_url, 2, **KEPT)
    add_media(migrated_url, 3, content_type="image/png", due_at=NOW)
    add_media(migrated_url, 3, status=MediaStatus.LOST, error="HTTP 404")
    add_media(migrated_url, 4, status=MediaStatus.ERASED)
    return migrated_url


def listed(
    url: str, page: Page | None = None, org: str = "happy-paws", **options: Any
) -> list[int]:
    with snapshot(locate(url)) as cursor:
        found = list_media(cursor, find_org(cursor, org), page or Page(), **options)
    return [row.media for row in found]


def test_all_are_listed_the_newest_first_and_by_page(company: str) -> None:
    assert listed(company) == [6, 5, 4, 3, 2, 1]
    assert listed(company, Page(2)) == [6, 5]
    assert listed(company, Page(2, before="5")) == [4, 3]


def test_a_clients_pictures_are_those_sent_and_those_received(company: str) -> None:
    assert listed(company, client="C-1") == [5, 4, 2, 1]
    assert listed(company, client="C-2") == [3]
    with pytest.raises(NotFound, match="client"):
        listed(company, client="C-404")


def test_a_messages_pictures(company: str) -> None:
    assert listed(company, message=1) == [2, 1]
    assert listed(company, message=3) == [5, 4]
    for unknown in (404, 0, 2**40):
        with pytest.raises(NotFound, match="message"):
            listed(company, message=unknown)


def test_missing_ones_are_those_without_bytes_that_should_have_some(company: str) -> None:
    assert listed(company, missing=True) == [5, 4]
    assert listed(company, missing=True, client="C-2") == []


def test_missing_ones_are_read_by_their_index(company: str) -> None:
    with raw(company) as cursor:
        if not cursor.is_sqlite:
            cursor.run("SET LOCAL enable_seqscan = off")
        plan = cursor.tuples(
            f"EXPLAIN {'QUERY PLAN' if cursor.is_sqlite else ''} SELECT x.id FROM media x"
            " WHERE x.org_id = 1 AND x.status IN ('missing', 'lost') ORDER BY x.id DESC LIMIT 9"
        )
    assert "ix_media_not_there" in str(plan)


def test_another_orgs_pictures_are_neither_listed_nor_found(company: str) -> None:
    add_org(company, "tail-waggers", front_desk="+14155550200")
    assert listed(company, org="tail-waggers") == []
    with snapshot(locate(company)) as cursor:
        other = find_org(cursor, "tail-waggers")
        with pytest.raises(NotFound, match="media"):
            find_media(cursor, other, 1)
        with pytest.raises(NotFound, match="message"):
            list_media(cursor, other, Page(), message=1)


def test_one_is_found_with_all_that_is_stored_of_it(company: str) -> None:
    with snapshot(locate(company)) as cursor:
        org = find_org(cursor, None)
        row = find_media(cursor, org, 4)
        assert (row.message, row.position, row.client, row.direction) == (3, 0, "C-1", "inbound")
        assert (row.content_type, row.due_at, row.created_at) == ("image/png", NOW, NOW)
        assert find_media(cursor, org, 6).client is None
        for unknown in (404, 0, -1, 2**31):
            with pytest.raises(NotFound, match="media"):
                find_media(cursor, org, unknown)


def test_the_newest_link_of_a_message(company: str) -> None:
    for hours, token in ((1, "aa"), (2, "bb")):
        add_link(company, 1, token_hash=token * 32, expires_at=NOW + timedelta(hours=hours))
    with snapshot(locate(company)) as cursor:
        link = newest_link(cursor, 1)
        assert link is not None
        assert (link.created_at, link.expires_at) == (NOW, NOW + timedelta(hours=2))
        assert newest_link(cursor, 2) is None


@pytest.mark.parametrize("text", ["", "x", "-1", "1.0", "٣", "1" * 19])
def test_what_is_no_id_is_refused_with_the_command_that_lists(text: str) -> None:
    with pytest.raises(OutOfRange) as refused:
        media_id(text)
    assert "petmsg media list" in refused.value.hint
