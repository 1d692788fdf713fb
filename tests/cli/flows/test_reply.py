"""What `inbox reply` says beside its result."""

from datetime import timedelta

import pytest

from tests.support.fixtures import NOW, Cli
from tests.support.incoming import answer, comes, waiting
from tests.support.texting import DESK, POOL, alerts, people_and_visit

MINUTE = timedelta(minutes=1)


@pytest.fixture
def ready(cli: Cli) -> Cli:
    people_and_visit(cli)
    return cli


def test_the_alert_names_the_command_that_answers_and_ends_with_it(ready: Cli) -> None:
    comes(ready, to=DESK)
    comes(ready, to=POOL, now=NOW + MINUTE)
    at = NOW + 16 * MINUTE
    ready("message", "dispatch", now=at)
    (alert,) = ready("alert", "list", "-o", "json", now=at).json
    assert alert["command"] == (
        "petmsg inbox reply 2 --body '…'; petmsg inbox show 1; petmsg inbox claim 1 2"
    )
    ran = answer(ready, 2, now=at)
    assert alerts(ready) == []
    assert "1 other message of the same sender waits in the inbox" in ran.err
    assert "petmsg inbox done 1" in ran.err
    assert waiting(ready, now=at) == [1]
