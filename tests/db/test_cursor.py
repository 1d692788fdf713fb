"""Rows as the bare cursor gives them, on both databases."""

from datetime import datetime
from typing import NamedTuple

import psycopg
import pytest

from tests.support.consistency import raw
from tests.support.fixtures import NOW

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
            cursor.run(
                "INSERT INTO stray_text (provider_message_id, from_phone, to_e164, media_count,"
                " received_at) VALUES (:sid, '+12025550101', '+14155550101', 0, :now)",
                sid=sid,
                now=NOW,
            )
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
