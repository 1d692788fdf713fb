"""The rows of a day: what they hold, and by which index they are read."""

from typing import Any

import pytest

from petmsg.queries import absence, today
from tests.support.consistency import raw
from tests.support.fixtures import NOW

INSTANTS = ("since", "until", "now", "ended", "earliest", "latest")


@pytest.mark.parametrize(
    ("text", "index"),
    [
        (today.VISITS, "ix_booking_org_id_ends_at"),
        (absence.BETWEEN, "ix_sitter_absence_org_id_ends_at"),
        (today.NAMES_OF_WAITING, "ix_inbound_text_open"),
    ],
    ids=["visits", "absences", "names of waiting"],
)
def test_a_day_is_read_by_an_index_whatever_was_before(
    migrated_url: str, text: str, index: str
) -> None:
    assert is_read_by(migrated_url, text, index)


def is_read_by(url: str, text: str, index: str) -> bool:
    """Whether the plan of a text has the index. On PostgreSQL an empty table would be read from end
    to end if that were allowed."""
    with raw(url) as cursor:
        if not cursor.is_sqlite:
            cursor.run("SET LOCAL enable_seqscan = off")
            cursor.run("SET LOCAL enable_bitmapscan = off")
        verb = "EXPLAIN QUERY PLAN" if cursor.is_sqlite else "EXPLAIN"
        values: dict[str, Any] = {"org_id": 1, **dict.fromkeys(INSTANTS, NOW)}
        wanted = {name: value for name, value in values.items() if f":{name}" in text}
        return index in repr(cursor.tuples(f"{verb} {text}", **wanted))
