"""Queueing the rows of a file: each in its own right, on both databases."""

import pytest

from petmsg.enums.media import MediaStatus
from petmsg.errors import MalformedRow
from petmsg.services.outbox.outgoing_media import NewMedia
from petmsg.services.outbox.preview import SendOptions
from petmsg.services.outbox.queue_rows import MessageRow, QueuedRow, files_of, queue_rows
from petmsg.services.transfer.row_files import BatchRow
from petmsg.services.unit_of_work import Failure
from tests.support.fixtures import looking, working
from tests.support.queueing import company

LINK = NewMedia(name="rex.png", url="https://example.com/rex.png")


def row(line: int, **cells: str) -> BatchRow:
    return BatchRow(line, cells)


def take(url: str, *rows: MessageRow) -> list[QueuedRow | Failure]:
    with working(url) as uow:
        return queue_rows(uow, rows, options=SendOptions())


def test_a_refused_row_leaves_nothing_and_stops_no_other(migrated_url: str) -> None:
    company(migrated_url)
    first, unknown, malformed, last = take(
        migrated_url,
        MessageRow(row(2, client="C-1", body="One")),
        MessageRow(row(3, client="C-404", body="Two"), [LINK]),
        MessageRow(row(4, client="C-1"), problem=MalformedRow("No body.")),
        MessageRow(row(5, client="C-1", body=""), [LINK]),
    )
    assert isinstance(first, QueuedRow)
    assert isinstance(last, QueuedRow)
    assert (first.row, last.row) == (2, 5)
    assert isinstance(unknown, Failure)
    assert isinstance(malformed, Failure)
    assert [(each.row, each.error.code) for each in (unknown, malformed)] == [
        (3, "client_not_found"),
        (4, MalformedRow.code),
    ]
    with looking(migrated_url) as cursor:
        messages = cursor.rows("SELECT id, body, media_count FROM message ORDER BY id")
        media = cursor.rows("SELECT message_id, status FROM media")
    assert [(each["body"], each["media_count"]) for each in messages] == [("One", 0), ("", 1)]
    assert [(each["message_id"], each["status"]) for each in media] == [
        (last.message, MediaStatus.LINKED)
    ]


def test_a_key_is_queued_once_within_a_file_and_between_two(migrated_url: str) -> None:
    company(migrated_url)
    same = MessageRow(row(2, client="C-1", body="Hi", key="k-1"), [LINK])
    other = MessageRow(row(4, client="C-1", body="Other", key="k-1"))
    results = [*take(migrated_url, same, same, other), *take(migrated_url, same)]
    first, again, refused, later = results
    assert isinstance(first, QueuedRow)
    assert isinstance(again, QueuedRow)
    assert isinstance(later, QueuedRow)
    assert isinstance(refused, Failure)
    assert [each.reused for each in (first, again, later)] == [False, True, True]
    assert first.message == again.message == later.message
    assert refused.error.code == "key_reused"
    with looking(migrated_url) as cursor:
        assert cursor.value("SELECT count(*) FROM message") == 1


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ({"body": "Hi"}, "client is missing"),
        ({"client": "C-1"}, "body and the media are missing"),
        ({"client": "C-1", "media": " | "}, "body and the media are missing"),
    ],
)
def test_a_row_needs_a_client_and_something_to_send(cells: dict[str, str], words: str) -> None:
    with pytest.raises(MalformedRow, match=words):
        files_of(row(2, **cells))


def test_files_are_separated_by_a_bar() -> None:
    assert files_of(row(2, client="C-1", media="a.jpg| b c.jpg |")) == ["a.jpg", "b c.jpg"]
