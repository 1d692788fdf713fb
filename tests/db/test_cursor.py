"""Rows as the bare cursor gives them, on both databases."""

from datetime import datetime
from typing import Any, NamedTuple

import psycopg
import pytest

from petmsg.db.cursor import Cursor
from tests.support.consistency import raw
from tests.support.fixtures import NOW
from tests.support.unmatched import ADD_UNMATCHED, add_unmatched

UNMATCHED = "SELECT provider_message_id, received_at, adopted_at FROM stray_text ORDER BY id"


class Unmatched(NamedTuple):
    provider_message_id: str
    received_at: datetime
    adopted_at: datetime | None


class Sid(NamedTuple):
    provider_message_id: str


@pytest.fixture
def url(migrated_url: str) -> str:
    with raw(migrated_url) as cursor:
        for sid in ("SM1", "SM2"):
            add_unmatched(cursor, sid)
    return migrated_url


def test_typed_rows_have_their_instants_decoded(url: str) -> None:
    with raw(url) as cursor:
        assert cursor.all(Unmatched, UNMATCHED) == [
            Unmatched("SM1", NOW, None),
            Unmatched("SM2", NOW, None),
        ]
        assert cursor.first(Unmatched, UNMATCHED) == Unmatched("SM1", NOW, None)


def test_no_row_is_none_or_an_empty_list(migrated_url: str) -> None:
    with raw(migrated_url) as cursor:
        assert cursor.all(Unmatched, UNMATCHED) == []
        assert cursor.first(Unmatched, UNMATCHED) is None


def test_typed_rows_of_a_list_of_any_length(url: str) -> None:
    text = "SELECT provider_message_id FROM stray_text WHERE provider_message_id IN (:sids)"
    sids = [f"SM{number}" for number in range(2500)]
    with raw(url) as cursor:
        found = cursor.all_in_list(Sid, text, "sids", sids)
    assert sorted(found) == [Sid("SM1"), Sid("SM2")]


def test_a_row_whose_fields_are_not_the_columns_is_refused(url: str) -> None:
    with raw(url) as cursor, pytest.raises(TypeError, match=r"Sid has .* the statement gives"):
        cursor.all(Sid, UNMATCHED)


def test_no_objects_of_columns_are_made(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """psycopg makes one for each column of each answer, which takes as long as the statement."""

    def make(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(psycopg.Column, "__init__", make)
    with raw(url) as cursor:
        assert cursor.first(Unmatched, UNMATCHED) == Unmatched("SM1", NOW, None)
        assert [row["received_at"] for row in cursor.rows(UNMATCHED)] == [NOW, NOW]


SIDS = "SELECT provider_message_id FROM stray_text ORDER BY id"


def add_all(cursor: Cursor, sids: list[Any]) -> None:
    assert sids, "there is nothing to write"
    for sid in sids:
        add_unmatched(cursor, sid)


def add_backwards(cursor: Cursor, sids: list[Any]) -> None:
    add_all(cursor, sids[::-1])


def test_what_was_held_back_is_written_before_the_next_statement(url: str) -> None:
    with raw(url) as cursor:
        for sid in ("SM3", "SM4"):
            cursor.write_later(add_all, sid)
        cursor.write_later(add_backwards, "SM5")
        cursor.write_later(add_backwards, "SM6")
        assert [sid for (sid,) in cursor.tuples(SIDS)] == ["SM1", "SM2", "SM3", "SM4", "SM6", "SM5"]
        cursor.write_held()
        assert len(cursor.tuples(SIDS)) == 6


@pytest.mark.parametrize("way", ["run", "run_many", "run_in_list", "add", "all_in_list"])
def test_each_kind_of_statement_is_one(url: str, way: str) -> None:
    row = {"sid": "SM9", "now": NOW}
    ways = {
        "run": lambda cursor: cursor.run(ADD_UNMATCHED, **row),
        "run_many": lambda cursor: cursor.run_many(ADD_UNMATCHED, [row]),
        "run_in_list": lambda cursor: cursor.run_in_list(
            "UPDATE stray_text SET media_count = 1 WHERE provider_message_id IN (:sids)",
            "sids",
            ["SM3"],
        ),
        "add": lambda cursor: cursor.add(
            "stray_text",
            ("provider_message_id",),
            [(f"SN{place}",) for place in range(30)],
            from_phone="+12025550101",
            to_e164="+14155550101",
            media_count=0,
            received_at=NOW,
        ),
        "all_in_list": lambda cursor: cursor.all_in_list(
            Sid,
            "SELECT provider_message_id FROM stray_text WHERE provider_message_id IN (:sids)",
            "sids",
            ["SM3"],
        ),
    }
    with raw(url) as cursor:
        cursor.write_later(add_all, "SM3")
        ways[way](cursor)
        cursor.drop_held()
        found = [sid for (sid,) in cursor.tuples(SIDS)]
        assert found[:3] == ["SM1", "SM2", "SM3"]


def test_what_was_dropped_is_never_written(url: str) -> None:
    with raw(url) as cursor:
        cursor.write_later(add_all, "SM3")
        cursor.drop_held()
        cursor.write_held()
        assert cursor.tuples(SIDS) == [("SM1",), ("SM2",)]
