"""What the server's writer asks the database for each webhook: counted, because a busy machine
changes no count."""

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

import psycopg
import pytest

from petmsg.db.backup_mark import mark
from petmsg.db.location import locate
from petmsg.providers.base import Delivery, DeliveryReport, ReceivedMessage
from petmsg.workflows.environment import Environment
from petmsg.workflows.store import Store
from petmsg.workflows.store_webhooks import WebhookStore
from petmsg.workflows.webhook_outcome import SignedMessage, SignedReport
from tests.support.fixtures import NOW, Cli
from tests.support.texting import ANN, POOL, people

OURS: frozenset[str | None] = frozenset({None})
STRANGER = "+16175550199"


class Asked(list[str]):
    """The statements that went to the database since the last `clear`."""

    @property
    def transactions(self) -> list[str]:
        return [each for each in self if each.startswith("BEGIN")]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    found = Asked()
    connect, execute = sqlite3.connect, psycopg.Cursor.execute
    begin = psycopg.Connection.connect.__func__  # type: ignore[attr-defined] # a class method

    def opening(*where: Any, **how: Any) -> sqlite3.Connection:
        found.append("open")
        connection = connect(*where, **how)
        connection.set_trace_callback(found.append)
        return connection

    def connecting(cls: type, *where: Any, **how: Any) -> Any:
        found.append("open")
        return begin(cls, *where, **how)

    def executing(cursor: Any, query: str, *values: Any, **how: Any) -> Any:
        found.append(query)
        return execute(cursor, query, *values, **how)

    monkeypatch.setattr(sqlite3, "connect", opening)
    monkeypatch.setattr(psycopg.Connection, "connect", classmethod(connecting))
    monkeypatch.setattr(psycopg.Cursor, "execute", executing)
    return found


@pytest.fixture
def keep(cli: Cli, migrated_url: str, asked: Asked) -> Iterator[WebhookStore]:
    people(cli)
    store = Store(Environment({}, now=NOW), db=migrated_url, actor="web")
    store.is_service = True
    with store.at_end:
        keep = WebhookStore(store)
        # A first message has a thread made, and each statement prepared.
        words(keep, [text("SM0", ANN), text("SM00", STRANGER)])
        asked.clear()
        yield keep


def text(sid: str, sender: str) -> SignedMessage:
    return SignedMessage(ReceivedMessage(sid, sender, POOL, "Is Rex fine?"), OURS)


def words(
    keep: WebhookStore, texts: Sequence[SignedMessage | SignedReport]
) -> list[tuple[int, str]]:
    return [(each.status, each.word) for each in keep(texts)]


def test_a_webhook_reads_once_and_writes_once_on_what_is_open(
    keep: WebhookStore, asked: Asked
) -> None:
    assert words(keep, [text("SM1", ANN)]) == [(200, "stored")]
    assert "open" not in asked
    assert len(asked.transactions) == 2


def test_sqlite_compiles_no_statement_twice(sqlite_cli: Cli, migrated_sqlite: str) -> None:
    """Compiling takes longer than executing. The authorizer is asked whenever it happens."""
    people(sqlite_cli)
    store = Store(Environment({}, now=NOW), db=migrated_sqlite, actor="web")
    store.is_service = True
    compiled: list[int] = []

    def look(action: int, *_: object) -> int:
        if action != sqlite3.SQLITE_TRANSACTION:  # Python compiles each COMMIT anew
            compiled.append(action)
        return sqlite3.SQLITE_OK

    with store.at_end:
        keep = WebhookStore(store)
        words(keep, [text("SM1", ANN)])
        with store.engine.connection() as connection:
            connection.set_authorizer(look)
        words(keep, [text("SM2", ANN)])
        compiled.clear()
        assert words(keep, [text("SM3", ANN)]) == [(200, "stored")]
        assert compiled == []


def test_one_message_more_in_a_batch_is_only_written(
    keep: WebhookStore, asked: Asked, migrated_url: str
) -> None:
    """What is read is read for all. On PostgreSQL, where each statement is an answer to wait for,
    messages are written together, too; SQLite's five are the message, its inbox entry, the
    unmatched one, the event and that one's trigger."""
    counts = []
    for batch, size in ((1, 6), (2, 12)):
        asked.clear()
        texts = [text(f"SM{batch}-{each}", f"+1617555{each:04}") for each in range(size)]
        assert words(keep, texts) == [(200, "stored")] * size
        counts.append(len(asked))
    assert (counts[1] - counts[0]) / 6 == (5 if locate(migrated_url).is_sqlite else 0)


@pytest.mark.parametrize("is_open", [True, False])
def test_a_backup_that_was_not_reviewed_answers_no_webhook(
    cli: Cli, migrated_sqlite: str, is_open: bool
) -> None:
    """Whether a message of a receipt is unknown cannot be said: it may have been sent since."""
    people(cli)
    path = migrated_sqlite.removeprefix("sqlite:///")
    store = Store(Environment({}, now=NOW), db=migrated_sqlite, actor="web")
    store.is_service = True
    receipt = SignedReport(DeliveryReport("SM99", Delivery.DELIVERED), OURS)
    with store.at_end:
        keep = WebhookStore(store)
        if is_open:
            assert words(keep, [receipt]) == [(204, "unknown")]
        with sqlite3.connect(path) as other:
            mark(other, NOW)
        other.close()
        both = [receipt, text("SM1", ANN)]
        assert words(keep, both) == [(503, "backup_not_restored")] * 2
