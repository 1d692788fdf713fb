"""What changed an org's account is found in its audit log without reading all of it."""

import pytest

from petmsg.queries import former_accounts, rejections
from tests.support.fixtures import looking


@pytest.mark.parametrize("text", [former_accounts.CHANGES, rejections.ACCOUNT_CHANGED])
def test_only_the_orgs_own_events_are_read(migrated_sqlite: str, text: str) -> None:
    with looking(migrated_sqlite) as cursor:
        plan = cursor.tuples(f"EXPLAIN QUERY PLAN {text}", org_id=1, org="happy-paws")
    assert "(org_id=? AND entity=? AND ref=?)" in repr(plan), plan
    assert "TEMP B-TREE" not in repr(plan), plan
