"""Messages of a batch, read together: what is stored is what each would have stored alone."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from petmsg.db.location import locate
from petmsg.enums.opt_outs import Keyword
from petmsg.providers.base import ReceivedMessage
from petmsg.queries import inbound_writes
from petmsg.services.inbound import read_together as together
from petmsg.services.inbound import receive as receiving
from petmsg.services.inbound.receive import receive_each
from petmsg.services.unit_of_work import Failure, UnitOfWork
from petmsg.workflows.environment import Environment
from petmsg.workflows.store import Store
from tests.support.consistency import raw
from tests.support.fixtures import NOW, Cli, looking
from tests.support.texting import ANN, DESK, MAYA, POOL, people_and_visit
from tests.support.unmatched import add_unmatched

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
    "strangers, and a client after them": [
        text("SM1", "+14155550190"),
        text("SM2", "+14155550191"),
        text("SM3", ANN),
        text("SM4", STRANGER),
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


LAST_ID = 7_000_000
"""The last id of a message so far, so that ids of messages are known by their looks."""


@pytest.fixture
def unforwarded(cli: Cli, migrated_url: str) -> str:
    """A company that forwards nothing, so that messages can be written together. Two of them came
    before, when the company had no such number."""
    people_and_visit(cli)
    with raw(migrated_url) as cursor:
        for sid in ("SM1", "SM3"):
            add_unmatched(cursor, sid)
    if not locate(migrated_url).is_sqlite:
        with psycopg.connect(str(locate(migrated_url).dsn)) as connection:
            connection.execute(
                "SELECT setval(pg_get_serial_sequence('message', 'id'), %s)", [LAST_ID]
            )
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


def _by_rank(found: tuple[list[Any], dict[str, Any]]) -> str:
    """What was stored, with each message's id by its rank: some ids may be left out. Without the
    hashes, in which ids take part."""
    told, tables = found
    for row in [*tables["audit_event"], *tables["audit_head"]]:
        row.pop("previous_hash", None)
        row.pop("hash")
    text = repr((told, tables))
    ids = sorted(set(re.findall(r"\b70000\d\d\b", text)))
    return re.sub(r"\b70000\d\d\b", lambda each: f"<{ids.index(each[0])}>", text)


@pytest.mark.parametrize("answers", [False, True], ids=["unanswered", "answered"])
@pytest.mark.parametrize("texts", BATCHES.values(), ids=BATCHES)
def test_and_so_does_one_that_is_written_together(
    cli: Cli, unforwarded: str, texts: Sequence[ReceivedMessage], answers: bool
) -> None:
    """A message that is queued for a client or a stranger stands behind the one that it answers and
    before the next one, as if each message came alone."""
    if answers:
        assert cli("org", "set", "--unknown-reply", "Who is it?").code == 0
    together_ = stored(unforwarded, texts, by=len(texts))
    assert _by_rank(together_) == _by_rank(stored(unforwarded, texts, by=1))


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many messages each write of several has."""
    lengths: list[int] = []
    write = inbound_writes._insert_together

    def counting(cursor: Any, messages: list[Any]) -> None:
        lengths.append(len(messages))
        write(cursor, messages)

    monkeypatch.setattr(inbound_writes, "_insert_together", counting)
    return lengths


MANY = [text(f"SM{place}", ANN if place % 2 else STRANGER) for place in range(30)]


def test_messages_that_ask_for_nothing_are_written_together(
    unforwarded: str, written: list[int]
) -> None:
    stored(unforwarded, MANY, by=len(MANY))
    assert written == ([] if locate(unforwarded).is_sqlite else [30])


def test_nothing_is_written_together_in_a_company_that_forwards(
    company: str, written: list[int]
) -> None:
    stored(company, MANY, by=len(MANY))
    assert written == []


def test_a_message_that_another_process_stored_meanwhile_is_a_duplicate(
    unforwarded: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the batch looked for it, and before its messages are written."""
    if locate(unforwarded).is_sqlite:
        pytest.skip("one writer at a time")
    read = together.read_together

    def read_and_be_overtaken(uow: UnitOfWork, texts: Sequence[ReceivedMessage]) -> Any:
        found = read(uow, texts)
        monkeypatch.setattr(receiving, "read_together", read)
        other = Store(Environment({}, now=NOW), db=unforwarded, actor="web")
        with other.at_end:
            other.write_in("happy-paws", receive_each, [text("SM2", BOB)])
        return found

    monkeypatch.setattr(receiving, "read_together", read_and_be_overtaken)
    store = Store(Environment({}, now=NOW), db=unforwarded, actor="web")
    with store.at_end:
        texts = [text(f"SM{place}", BOB) for place in (1, 2, 3)]
        done: Any = store.write_in("happy-paws", receive_each, texts)
    assert [each.duplicate for each in done] == [False, True, False]
    with looking(unforwarded) as cursor:
        sids = cursor.tuples("SELECT provider_message_id FROM message WHERE direction = 'inbound'")
    assert sorted(sids) == [("SM1",), ("SM2",), ("SM3",)]
