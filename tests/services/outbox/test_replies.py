"""Answers that are not sent or not delivered: what they answer waits again."""

from datetime import timedelta

import pytest

from petmsg.phone import phone_key
from tests.support.fixtures import NOW, Cli, working
from tests.support.incoming import STRANGER, answer, comes, waiting
from tests.support.texting import ANN, DESK, POOL, alerts, people_and_visit, show

MINUTE = timedelta(minutes=1)


@pytest.fixture
def ready(cli: Cli) -> Cli:
    people_and_visit(cli)
    return cli


@pytest.mark.parametrize("end", ["undelivered", "cancelled"])
def test_a_message_whose_answer_did_not_arrive_waits_again(
    ready: Cli, migrated_url: str, end: str
) -> None:
    comes(ready, to=DESK)
    answer(ready, 1, "--queue-only")
    assert waiting(ready) == []
    if end == "cancelled":
        ready("message", "cancel", "2")
    else:
        ready("optout", "add", "C-1", "--reason", "she said so")
        ready("message", "dispatch")
        assert ("relay_failed", "1") in alerts(ready)
    assert waiting(ready) == [1]
    assert ready("inbox", "show", "1", "-o", "json").json["claimed_by"] is None
    assert ready("doctor", "--findings", "-o", "json").json == []


def test_a_strangers_message_whose_answer_failed_waits_again(ready: Cli, migrated_url: str) -> None:
    comes(ready, sender=STRANGER, to=POOL)
    answer(ready, 1, "--queue-only")
    ready("number", "quarantine", POOL, "--reason", "complaints")
    ready("message", "dispatch")
    assert show(ready, 2)["status"] == "failed"
    assert waiting(ready) == [1]
    assert ("relay_failed", "1") in alerts(ready)


def test_a_held_answer_leaves_its_message_in_the_inbox(ready: Cli, migrated_url: str) -> None:
    comes(ready, to=DESK)
    with working(migrated_url) as uow:
        uow.cursor.run(
            "INSERT INTO blocked_pair (org_id, number_id, phone_key, code, blocked_at)"
            " SELECT org_id, id, :key, '21610', :now FROM message_number WHERE e164 = :desk",
            key=phone_key("happy-paws", ANN),
            now=NOW,
            desk=DESK,
        )
    assert answer(ready, 1).code == 4
    assert show(ready, 2)["status"] == "held"
    assert waiting(ready) == [1]
