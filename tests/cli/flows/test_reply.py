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
    said = "1 other message from the same sender waits in the inbox. If your answer covers it: "
    assert f"{said}petmsg inbox done 1" in ran.err
    assert waiting(ready, now=at) == [1]


def test_the_alert_about_a_client_who_opted_out_names_no_reply(ready: Cli) -> None:
    comes(ready, to=DESK)
    assert "opted out" not in ready("inbox", "show", "1").err
    ready("optout", "add", "C-1", "--reason", "asked for it")
    said = ready("inbox", "show", "1").err
    assert said == "Its sender has opted out of messages: petmsg optout show 1\n"
    assert ready("optout", "show", "1").code == 0
    at = NOW + 16 * MINUTE
    ready("message", "dispatch", now=at)
    (alert,) = ready("alert", "list", "-o", "json", now=at).json
    assert alert["message"].endswith(" They have opted out of messages: call them.")
    assert alert["command"] == ("petmsg inbox show 1; petmsg optout show C-1; petmsg inbox claim 1")
    for command in alert["command"].split("; "):
        assert ready(*command.split()[1:], now=at).code == 0


def test_several_other_messages_are_named_in_the_plural(ready: Cli) -> None:
    for later in range(3):
        comes(ready, to=DESK, now=NOW + later * MINUTE)
    ran = answer(ready, 3, now=NOW + 3 * MINUTE)
    said = "2 other messages from the same sender wait in the inbox. If your answer covers them: "
    assert f"{said}petmsg inbox done 1 2" in ran.err
