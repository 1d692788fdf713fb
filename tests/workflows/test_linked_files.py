"""What a provider's links give: for how long, and at what cost to the database."""

from datetime import timedelta

import pytest

from petmsg.db.location import locate
from petmsg.media.links import AskedFile, asked_file, new_token, path_of
from petmsg.queries.media_link import FILE_OF_LINK, LinkedFile
from petmsg.workflows.linked_files import find_linked_files
from tests.support.consistency import raw
from tests.support.fixtures import NOW, working
from tests.support.linked_media import JPEG, PDF, link, store_of
from tests.support.queueing import company

DAY = timedelta(hours=24)
TICK = timedelta(microseconds=1)


def asked(token: str, position: int = 0, content_type: str = "image/jpeg") -> AskedFile:
    found = asked_file(path_of(token, position=position, content_type=content_type))
    assert found is not None
    return found


def sizes(url: str, *files: AskedFile, ago: timedelta = timedelta(0)) -> list[int | None]:
    found = find_linked_files(locate(url), lambda: NOW + ago, files)
    return [None if file is None else file.size for file in found]


@pytest.fixture
def token(migrated_url: str) -> str:
    company(migrated_url)
    return link(migrated_url, (JPEG, "image/jpeg"), (PDF, "application/pdf"))


def test_many_files_are_answered_in_their_order(migrated_url: str, token: str) -> None:
    files = [asked(new_token()), asked(token, 1), asked(token, 2), asked(token, 0)]
    assert sizes(migrated_url, *files) == [None, len(PDF), None, len(JPEG)]
    found = find_linked_files(locate(migrated_url), lambda: NOW, files)
    assert isinstance(found[3], LinkedFile)
    assert store_of(migrated_url).read(found[3].sha256) == JPEG


def test_a_link_ends_after_24_hours(migrated_url: str, token: str) -> None:
    assert sizes(migrated_url, asked(token), ago=DAY - TICK) == [len(JPEG)]
    assert sizes(migrated_url, asked(token), ago=DAY) == [None]


@pytest.mark.parametrize(
    ("change", "is_open"),
    [
        ("UPDATE message SET status = 'sending'", True),
        ("UPDATE message SET status = 'sent'", True),
        ("UPDATE message SET status = 'unknown'", True),
        ("UPDATE message SET status = 'delivered'", False),
        ("UPDATE message SET status = 'undelivered'", False),
        ("UPDATE message SET status = 'failed'", False),
        ("UPDATE message SET status = 'cancelled'", False),
        ("UPDATE media SET status = 'erasing'", False),
        ("UPDATE media SET status = 'erased', sha256 = NULL", False),
        ("UPDATE media SET status = 'lost', sha256 = NULL", False),
    ],
)
def test_a_link_ends_with_its_message_and_its_file(
    migrated_url: str, token: str, change: str, *, is_open: bool
) -> None:
    with working(migrated_url) as uow:
        uow.cursor.run(change)
    assert sizes(migrated_url, asked(token)) == [len(JPEG) if is_open else None]


def test_a_look_up_reads_no_table_from_end_to_end(migrated_url: str, token: str) -> None:
    """On PostgreSQL a small table would be read from end to end if that were allowed."""
    assert token
    with raw(migrated_url) as cursor:
        verb = "EXPLAIN QUERY PLAN" if cursor.is_sqlite else "EXPLAIN"
        if not cursor.is_sqlite:
            cursor.run("SET LOCAL enable_seqscan = off")
        values = {"token_hash": "a" * 64, "position": 0, "now": NOW}
        plan = repr(cursor.tuples(f"{verb} {FILE_OF_LINK}", **values))
    assert "SCAN l" not in plan
    assert "Seq Scan" not in plan
    assert "media_link" in plan
    assert "token_hash" in plan
