"""Every receipt with an unknown ID asks for the message it may be about: by an index."""

import pytest

from petmsg.queries import unknown_outcomes as queries
from tests.support.fixtures import NOW, looking


@pytest.mark.parametrize(
    ("text", "index"),
    [
        (queries.ANY_UNKNOWN, "uq_message_in_flight"),
        (queries.WITHOUT_ID, "ix_message_attempt_number_id_claimed_at"),
    ],
)
def test_only_messages_of_the_phone_or_the_number_are_read(
    migrated_sqlite: str, text: str, index: str
) -> None:
    values = {"from_e164": "+14155550201", "to_e164": "+14155551001", "since": NOW}
    named = {name: value for name, value in values.items() if f":{name}" in text}
    with looking(migrated_sqlite) as cursor:
        plan = [row[3] for row in cursor.tuples(f"EXPLAIN QUERY PLAN {text}", **named)]
    assert any(index in step for step in plan), plan
    assert not any("provider_message_id" in step for step in plan), plan
