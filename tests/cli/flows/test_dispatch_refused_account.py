"""petmsg message dispatch for a company of 12 numbers whose Twilio account answers one code to
everything, as on its first morning."""

import json
from collections.abc import Iterator

import pytest

from petmsg.providers.twilio_errors import look_up
from petmsg.rules.repeated_codes import STOP_AT
from petmsg.services.orgs import org
from petmsg.services.outbox import queue
from tests.support.fixtures import NOW, Cli, migrated_and, working
from tests.support.on_twilio import keys
from tests.support.postgres import Copies
from tests.support.queueing import MINUTE
from tests.support.twelve_numbers import (
    CLIENTS,
    all_in_place,
    company,
    open_alerts,
    statuses,
)
from tests.support.twilio_fake import TwilioFake
from tests.support.twilio_shapes import Request, refusal


@pytest.fixture
def fake() -> Iterator[TwilioFake]:
    with TwilioFake(any_number=True) as running:
        yield running


@pytest.fixture
def waiting(sqlite_cli: Cli, sqlite_refilled: Copies) -> str:
    """The company; a message to each of its clients waits."""
    url = sqlite_refilled("provider holds", migrated_and(company))
    with working(url) as uow:
        org.change(uow, provider="twilio")
        for ref in CLIENTS:
            queue.queue(uow, ref, body="Good morning")
    return url


def refuse_everything(fake: TwilioFake, code: int) -> list[str]:
    """What is asked for from now on: the senders of all requests that would create a message."""
    asked: list[str] = []

    def choose(request: Request):  # type: ignore[no-untyped-def]
        if request.method != "POST":
            return None
        asked.append(request.form["From"])
        return refusal(code)

    fake.choose_fault, fake.choose_quickly = choose, True
    return asked


@pytest.mark.parametrize("code", [30032, 30034, 39999, 21614])
def test_one_alert_all_numbers_in_place_and_the_queue_waits(
    sqlite_cli: Cli, waiting: str, fake: TwilioFake, code: int
) -> None:
    asked = refuse_everything(fake, code)
    sqlite_cli("message", "dispatch", "-o", "json", now=NOW, **keys(fake))
    assert all_in_place(waiting)
    assert len(open_alerts(waiting)) == 1
    assert open_alerts(waiting)[0][1] == "critical"
    found = statuses(waiting)
    registers = look_up(code).rejection_class == "registration"
    most = 12 if registers else STOP_AT + 8  # as many as were on their way already
    assert len(asked) <= most
    queued = sum(count for (status, _), count in found.items() if status == "queued")
    assert queued == 12 if registers else queued >= 1
    shown = json.loads(sqlite_cli("status", "-o", "json", now=NOW).out)[0]
    assert shown["held"][0]["code"] == str(code)


def test_it_goes_on_by_itself_once_the_account_is_in_order(
    sqlite_cli: Cli, waiting: str, fake: TwilioFake
) -> None:
    asked = refuse_everything(fake, 30034)
    sqlite_cli("message", "dispatch", "-o", "json", now=NOW, **keys(fake))
    before = len(asked)
    sqlite_cli("message", "dispatch", "-o", "json", now=NOW + MINUTE, **keys(fake))
    assert len(asked) == before  # nothing is tried during the pause
    fake.choose_fault = None
    at = NOW + 6 * MINUTE
    sqlite_cli("message", "dispatch", "-o", "json", now=at, **keys(fake))
    assert len(fake.messages) == 1
    for later in (at + 6 * MINUTE, at + 7 * MINUTE):
        sqlite_cli("message", "dispatch", "-o", "json", now=later, **keys(fake))
    assert len(fake.messages) == 12
    assert open_alerts(waiting) == []


def test_the_alert_says_in_sentences_what_to_do(
    sqlite_cli: Cli, waiting: str, fake: TwilioFake
) -> None:
    refuse_everything(fake, 20003)
    ran = sqlite_cli("message", "dispatch", now=NOW, **keys(fake))
    assert ": Authenticate. Check the settings" in ran.err
    (alert,) = sqlite_cli("alert", "list", "-o", "json", now=NOW).json
    assert "auth token: petmsg config show. Messages stay queued." in alert["message"]
