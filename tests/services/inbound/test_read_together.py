"""Messages of a batch, read together: what is stored is what each would have stored alone."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from petmsg.db.location import locate
from petmsg.enums.opt_outs import Keyword
from petmsg.providers.base import ReceivedMessage
from petmsg.services.inbound import read_together as together
from petmsg.services.inbound.receive import receive_each
from petmsg.services.unit_of_work import Failure, UnitOfWork
from petmsg.workflows.environment import Environment
from petmsg.workflows.store import Store
from tests.support.fixtures import NOW, Cli, looking
from tests.support.texting import ANN, DESK, MAYA, POOL, people_and_visit

BOB, STRANGER, MAYAS_OWN = "+14155551002", "+16175550199", "+14155552001"
TABLES = (
    "message", "inbound_text", "thread", "opt_out", "relay", "auto_reply", "alert", "audit_event",
    "audit_head", "stray_text",
)  # fmt: skip
ORDER = {
    "audit_event": "seq", "audit_head": "org_id", "inbound_text": "message_id",
    "relay": "message_id", "auto_reply": "org_id",
}  # fmt: skip


def text(sid: str, sender: str, to: str = POOL, body: str = "Is Rex fine?", **more: Any) -> Any:
    return ReceivedMessage(sid, sender, to, body, **more)


BATCHES = {
    "a client in a visit, one outside, a sitter and a stranger": [
        text("SM1", ANN, MAYA),
        text("SM2", BOB),
        text("SM3", MAYAS_OWN, MAYA),
        text("SM4", STRANGER),
        text("SM5", MAYAS_OWN, POOL),
    ],
    "twice the same message, and a client's first two": [
        text("SM1", BOB),
        text("SM1", BOB),
        text("SM2", BOB, body="And Tom?"),
        text("SM3", BOB, DESK),
    ],
    "what the one before decides": [
        text("SM1", ANN, body="STOP"),
        text("SM2", ANN, body="yes"),
        text("SM3", BOB, body="Stop", opt_out_type=Keyword.STOP),
        text("SM4", BOB, body="START"),
    ],
    "some of yesterday": [
        text("SM1", ANN, MAYA, received_at=NOW - timedelta(days=1)),
        text("SM2", ANN, MAYA, received_at=NOW - timedelta(minutes=5)),
        text("SM3", ANN, MAYA),
    ],
    "what no database takes, and a number of nobody": [
        text("SM\0", ANN),
        text("SM2", "Anné\0"),
        text("SM3", ANN, "+19995550100"),
        text("SM4", "x" * 90),
        text("SM\ud800", BOB),
        text("SM6", ANN, body="\0"),
    ],
}


@pytest.fixture
def company(cli: Cli, migrated_url: str) -> str:
    people_and_visit(cli, "--relay", "on", "--unknown-reply", "Who is it?")
    until = ("--until", "2026-02-15T12:00Z", "--reason", "a call")
    assert cli("route", "override", "C-2", *until).code == 0
    return migrated_url


def stored(
    url: str, texts: Sequence[ReceivedMessage], *, by: int
) -> tuple[list[Any], dict[str, Any]]:
    """The results and the tables after these messages came in so many at a time; rolled back."""
    store = Store(Environment({}, now=NOW), db=url, actor="web")
    store.dry_run = True
    ordered = sorted(texts, key=lambda each: each.from_phone)

    def receive(uow: UnitOfWork) -> tuple[list[Any], dict[str, Any]]:
        found: list[Any] = []
        for start in range(0, len(ordered), by):
            found += receive_each(uow, ordered[start : start + by])
        uow.finish()
        return [_told(each) for each in found], {
            table: uow.cursor.rows(f"SELECT * FROM {table} ORDER BY {ORDER.get(table, 'id')}")
            for table in TABLES
        }

    with store.at_end, _same_ids(url):
        return store.write_in("happy-paws", receive)


def _told(result: object) -> object:
    return (result.ref, type(result.error)) if isinstance(result, Failure) else result


@contextmanager
def _same_ids(url: str) -> Iterator[None]:
    """PostgreSQL's sequences go on after what is rolled back: set them back."""
    with looking(url) as cursor:
        kept: list[Any] = []
        if not cursor.is_sqlite:
            kept = cursor.tuples("SELECT sequencename, last_value FROM pg_sequences")
    yield
    if kept:
        with psycopg.connect(str(locate(url).dsn)) as connection:
            for name, last in kept:
                connection.execute("SELECT setval(%s, %s, %s)", (name, last or 1, last is not None))


@pytest.mark.parametrize("texts", BATCHES.values(), ids=BATCHES)
def test_a_batch_stores_what_its_messages_store_alone(
    company: str, texts: Sequence[ReceivedMessage]
) -> None:
    assert stored(company, texts, by=len(texts)) == stored(company, texts, by=1)


def test_the_comparison_finds_an_answer_that_is_used_twice(
    company: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    look: Callable[..., Any] = together.ReadTogether.take_stored

    def keeping(self: together.ReadTogether, provider_message_id: str) -> Any:
        found = look(self, provider_message_id)
        self._stored[provider_message_id] = found
        return found

    texts = BATCHES["twice the same message, and a client's first two"]
    alone = stored(company, texts, by=1)
    monkeypatch.setattr(together.ReadTogether, "take_stored", keeping)
    assert stored(company, texts, by=len(texts)) != alone
