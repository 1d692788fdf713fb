"""The files that wait are read by their partial indexes, however many files an org has."""

import pytest

from petmsg.queries import media_fetch
from tests.support.fixtures import NOW, looking


@pytest.mark.parametrize(
    ("text", "index", "values"),
    [
        (media_fetch.DUE, "ix_media_waiting", {"now": NOW}),
        (media_fetch.TO_DELETE, "ix_media_to_delete", {}),
    ],
    ids=["due", "to delete"],
)
def test_files_that_wait_are_read_by_their_partial_index(
    migrated_sqlite: str, text: str, index: str, values: dict[str, object]
) -> None:
    listed = text.replace(":org_ids", "1, 2")
    with looking(migrated_sqlite) as cursor:
        plan = repr(cursor.tuples(f"EXPLAIN QUERY PLAN {listed}", most=100, **values))
    assert f"f USING INDEX {index}" in plan
