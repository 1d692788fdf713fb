"""The calls that reconcile asks about are found by an index, however many calls there were."""

import pytest

from petmsg.queries.call_reconcile import NOT_TAKEN, OPEN
from tests.support.fixtures import NOW, Cli, looking


@pytest.mark.parametrize(
    ("statement", "index", "values"),
    [
        (OPEN, "ix_call_open", {"after": 0, "before": NOW, "most": 50}),
        (NOT_TAKEN, "ix_call_org_id_started_at", {"since": NOW, "most": 50}),
    ],
    ids=["open", "not taken"],
)
def test_no_read_looks_at_every_call(
    sqlite_cli: Cli, sqlite_url: str, statement: str, index: str, values: dict[str, object]
) -> None:
    with looking(sqlite_url) as cursor:
        plan = cursor.tuples(f"EXPLAIN QUERY PLAN {statement}", org_id=1, **values)

    told = [row[-1] for row in plan]
    assert len(told) == 1
    assert index in told[0]
