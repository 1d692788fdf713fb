"""Calls in a client's thread, among the messages and by page, on both databases."""

from datetime import timedelta

import pytest

from petmsg.db.location import locate
from petmsg.db.snapshot import snapshot
from petmsg.enums.calls import AnsweredBy, CallerKind, CallStatus
from petmsg.queries.org import find_org
from petmsg.queries.page import Page
from petmsg.queries.thread import ThreadDetails, show_thread
from tests.support.calls import add_call
from tests.support.consistency import raw
from tests.support.fixtures import NOW, Cli
from tests.support.incoming import comes
from tests.support.texting import ANN, MAYA, people_and_visit

MINUTE = timedelta(minutes=1)


@pytest.fixture
def company(cli: Cli, migrated_url: str) -> str:
    """Message 1, then call 1 (missed: message 2), call 2 (talked), message 3, call 3 of the sitter,
    and call 4, which rings; a minute between them. C-2 has a call of their own."""
    people_and_visit(cli)
    comes(cli, "Hello", sender=ANN, to=MAYA)
    add_call(
        migrated_url, number=MAYA, client="C-1", sitter="S-1", status=CallStatus.NO_ANSWER,
        voicemail=23, started_at=NOW + MINUTE,
    )  # fmt: skip
    talked = {"client": "C-1", "sitter": "S-1", "number": MAYA, "seconds": 60}
    add_call(migrated_url, started_at=NOW + 2 * MINUTE, **talked)
    cli("message", "receive", "--from", ANN, "--to", MAYA, "--body", "Bye", now=NOW + 3 * MINUTE)
    add_call(
        migrated_url, started_at=NOW + 4 * MINUTE, caller=CallerKind.SITTER,
        answered_by=AnsweredBy.CLIENT, **talked,
    )  # fmt: skip
    talking = {"number": MAYA, "status": CallStatus.RINGING}
    add_call(migrated_url, client="C-1", started_at=NOW + 5 * MINUTE, **talking)
    add_call(migrated_url, client="C-2", started_at=NOW + 5 * MINUTE, **talking)
    return migrated_url


def thread(url: str, page: Page | None = None) -> ThreadDetails:
    with snapshot(locate(url)) as cursor:
        org = find_org(cursor, None)
        return show_thread(cursor, org, "C-1", page or Page(), now=NOW + 10 * MINUTE)


def order(found: ThreadDetails) -> list[tuple[str, int | None, int | None]]:
    return [(each.kind, each.message, each.call) for each in found.entries]


ALL = [
    ("message", 1, None), ("call", 2, 1), ("call", None, 2), ("message", 3, None),
    ("call", None, 3), ("call", None, 4),
]  # fmt: skip


def test_calls_stand_among_the_messages_and_a_missed_one_stands_once(company: str) -> None:
    found = thread(company)
    assert order(found) == ALL
    assert [each.at for each in found.entries] == sorted(each.at for each in found.entries)
    assert [row.message for row in found.messages] == [1, 3]
    assert [row.call for row in found.calls] == [1, 2, 3, 4]
    assert (found.message_count, found.call_count) == (2, 4)
    missed = found.calls[0]
    assert (missed.voicemail_seconds, missed.status) == (23, "no_answer")
    assert missed.media is not None
    assert [each.content_type for each in missed.media] == ["audio/mpeg"]


def test_pages_have_every_entry_once(company: str) -> None:
    assert order(thread(company, Page(None))) == ALL
    for limit in range(3, 8):
        first = thread(company, Page(limit))
        assert order(first) == ALL[-len(first.entries) :]
        assert len(first.entries) <= limit
        if len(first.entries) == len(ALL):
            continue
        last = next(each.message for each in first.entries if each.message is not None)
        rest = thread(company, Page(10, before=str(last)))
        assert order(rest) + order(first) == ALL


def test_a_page_of_calls_alone_shows_the_newest(company: str) -> None:
    assert order(thread(company, Page(1))) == ALL[-1:]
    assert order(thread(company, Page(2))) == ALL[-2:]


def test_a_missed_call_whose_caller_was_not_known_stands_where_its_message_is(
    company: str,
) -> None:
    """As `inbox assign` leaves it, which moves messages."""
    with raw(company) as cursor:
        cursor.run("UPDATE call SET client_id = NULL, caller = 'unknown' WHERE id = 1")
    assert order(thread(company)) == ALL


def test_only_the_newest_calls_are_read(company: str) -> None:
    for place in range(30):
        add_call(company, number=MAYA, client="C-1", started_at=NOW - place * timedelta(hours=1))
    found = thread(company, Page(5))
    assert order(found) == ALL[-5:]
    assert found.call_count == 34
