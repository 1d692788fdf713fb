"""The conversation of a sitter and the front desk holds what was for the desk, and nothing else."""

import pytest

from petmsg.errors import NotFound
from petmsg.queries.org import find_org
from petmsg.queries.staff_conversation import staff_conversation
from petmsg.services.outbox.staff_messages import queue_to_sitter
from tests.support.fixtures import looking, working
from tests.support.queueing import company, queue


def said(url: str, who: str = "S-1", **options: int) -> list[str | None]:
    with looking(url) as cursor:
        org = find_org(cursor, None)
        return [each.body for each in staff_conversation(cursor, org, who, **options)]


def test_the_newest_come_last_and_clients_are_not_in_it(migrated_url: str) -> None:
    company(migrated_url)
    queue(migrated_url, "C-1", body="For Ann")
    with working(migrated_url) as uow:
        for body in ("One", "Two", "Three"):
            queue_to_sitter(uow, "S-1", body=body)
    assert said(migrated_url) == ["One", "Two", "Three"]
    assert said(migrated_url, limit=2) == ["Two", "Three"]
    assert said(migrated_url, "Maya Lee") == ["One", "Two", "Three"]
    with pytest.raises(NotFound):
        said(migrated_url, "S-404")
