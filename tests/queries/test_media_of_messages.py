"""The pictures of the messages of a page are read by one statement, or by none."""

from petmsg.db.location import locate
from petmsg.db.snapshot import snapshot
from petmsg.queries.inbox import find_item, list_inbox
from petmsg.queries.media_of_messages import of_messages
from petmsg.queries.message import list_messages, show_message
from petmsg.queries.org import find_org
from petmsg.queries.page import Page
from petmsg.queries.thread import show_thread
from tests.support.consistency import raw
from tests.support.fixtures import NOW, Cli
from tests.support.incoming import comes
from tests.support.media_rows import add_media
from tests.support.texting import people


def company(cli: Cli, url: str, pictures: int) -> None:
    people(cli)
    for number in range(4):
        cli("message", "send", "C-1", "--body", f"out {number}", "--key", f"k{number}")
        comes(cli, f"in {number}", sender="+14155551001", to="+14155550100")
    for message in range(1, pictures + 1):
        add_media(url, message, name=f"{message}.jpg")
        add_media(url, message)


class Counted:
    """A cursor that counts the statements on media."""

    def __init__(self, raw_cursor: object) -> None:
        self.raw, self.statements = raw_cursor, list[str]()

    def execute(self, sql: str, *rest: object, **options: object) -> object:
        self.statements.append(sql)
        return self.raw.execute(sql, *rest, **options)  # type: ignore[attr-defined]

    def __getattr__(self, name: str) -> object:
        return getattr(self.raw, name)


def statements_of(url: str) -> dict[str, list[str]]:
    """The statements that read pictures, by the query that runs them."""
    asked = {
        "messages": lambda cursor, org: list_messages(cursor, org, Page()),
        "message": lambda cursor, org: show_message(cursor, org, 2),
        "thread": lambda cursor, org: show_thread(cursor, org, "C-1", Page(), now=NOW),
        "inbox": lambda cursor, org: list_inbox(cursor, org, Page(), now=NOW),
        "item": lambda cursor, org: find_item(cursor, org, 2, now=NOW),
    }
    found = {}
    for name, ask in asked.items():
        with raw(url) as cursor:
            org = find_org(cursor, None)
            counted = Counted(cursor._raw)
            cursor._raw = counted
            ask(cursor, org)
            found[name] = [sql for sql in counted.statements if "FROM media x" in sql]
    return found


def test_without_pictures_no_statement_reads_any(cli: Cli, migrated_url: str) -> None:
    company(cli, migrated_url, 0)
    assert set(map(len, statements_of(migrated_url).values())) == {0}


def test_with_pictures_one_statement_reads_all_of_them(cli: Cli, migrated_url: str) -> None:
    company(cli, migrated_url, 8)
    assert {name: len(each) for name, each in statements_of(migrated_url).items()} == dict.fromkeys(
        ("messages", "message", "thread", "inbox", "item"), 1
    )


def test_every_message_has_its_own_in_their_order(cli: Cli, migrated_url: str) -> None:
    company(cli, migrated_url, 3)
    with snapshot(locate(migrated_url)) as cursor:
        org = find_org(cursor, None)
        by_message = {1: [1, 2], 2: [3, 4], 3: [5, 6]}
        assert {
            message: [each.media for each in media]
            for message, media in of_messages(cursor, [1, 2, 3, 4]).items()
        } == by_message
        thread = show_thread(cursor, org, "C-1", Page(), now=NOW)
        assert [[each.media for each in row.media or ()] for row in thread.messages] == [
            *by_message.values(),
            *[[]] * 5,
        ]
        assert [row.media_count for row in thread.messages] == [2, 2, 2, *[0] * 5]
        assert [row.media_count for row in list_messages(cursor, org, Page())][-3:] == [2, 2, 2]
        assert [each.name for each in show_message(cursor, org, 3).media or ()] == ["3.jpg", None]


def test_more_messages_than_a_statement_takes(cli: Cli, migrated_url: str) -> None:
    company(cli, migrated_url, 1)
    with snapshot(locate(migrated_url)) as cursor:
        assert list(of_messages(cursor, range(1, 2500))) == [1]
