"""`petmsg message dispatch` through Twilio's SDK, against a server that plays Twilio."""

import time
from collections import Counter
from datetime import datetime
from typing import Any

import pytest

from petmsg.clock import now
from petmsg.enums.messages import MessageStatus
from petmsg.services.orgs import org as orgs
from tests.providers.sending import unused_port
from tests.support.fixtures import run_cli, working
from tests.support.twilio_fake import ACCOUNT_SID, AUTH_TOKEN, TwilioFake
from tests.support.twilio_shapes import Request, throttled
from tests.workflows.worker.crew import crowd, queue, statuses


@pytest.fixture
def url(migrated_url: str) -> str:
    return migrated_url


def keys(url: str) -> dict[str, str]:
    return {
        "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
        "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
        "PETMSG_TWILIO_API_URL": url,
        "PETMSG_TWILIO_TIMEOUT_SECONDS": "5",
    }


def dispatch(url: str, *words: str, **environ: str) -> Any:
    return run_cli(url, "message", "dispatch", "-o", "json", *words, now=None, **environ)


def test_dispatch_drains_sixty_texts_through_twilios_sdk_once_each(url: str) -> None:
    crowd(url, clients=30, numbers=6)
    for each in "ab":
        queue(url, [(at, f"{at} {each}") for at in range(30)])
    with working(url) as uow:
        orgs.change(uow, provider="twilio")
    with TwilioFake(numbers=[f"+1415555{at:04}" for at in range(6)]) as fake:
        fake.faults.extend([throttled("1"), None, None])
        ran = dispatch(url, "--workers", "6", **keys(fake.url))
        left = statuses(url)["queued"]
        if left:  # those that were put back wait for their time
            time.sleep(4)
            dispatch(url, **keys(fake.url))
        texts = sorted(fake.messages.values(), key=lambda each: each.accepted)
    assert (ran.code, statuses(url)) == (75, {"sent": 60})
    assert Counter(text.body for text in texts) == {
        f"{at} {each}": 1 for at in range(30) for each in "ab"
    }
    for at in range(30):
        assert [text.body for text in texts if text.body.startswith(f"{at} ")] == [
            f"{at} a",
            f"{at} b",
        ]


def test_dispatch_with_twilio_out_of_reach_ends_with_75_and_leaves_all_queued(url: str) -> None:
    crowd(url, clients=5, numbers=5)
    queue(url, [(at, "Hi") for at in range(5)])
    with working(url) as uow:
        orgs.change(uow, provider="twilio")
    nobody = keys(f"http://127.0.0.1:{unused_port()}")
    at = datetime(2026, 12, 24, 12, tzinfo=now().tzinfo)
    with working(url) as uow:
        uow.cursor.run("UPDATE message SET send_at = :at, due_at = :at", at=at)
    ran = run_cli(url, "message", "dispatch", "-o", "json", now=at, **nobody)
    assert (ran.code, statuses(url)) == (75, {"queued": 5})


def test_dispatch_of_a_refused_account_exits_5_and_other_orgs_go_on(url: str) -> None:
    crowd(url, clients=2, numbers=2)
    crowd(url, clients=2, numbers=2, org="other-paws", first=100)
    for org in ("happy-paws", "other-paws"):
        queue(url, [(0, org), (1, org)], org=org)
    with working(url, org="happy-paws") as uow:
        orgs.change(uow, provider="twilio")
    with TwilioFake() as fake:
        fake.auth_token = "another"

        def ran() -> Any:
            return dispatch(url, **keys(fake.url) | {"TWILIO_AUTH_TOKEN": "0" * 32})

        first = ran()
        requests: list[Request] = list(fake.requests)
    assert (first.code, statuses(url)) == (5, {"queued": 2, "sent": 2})
    assert len(requests) <= 2
    assert MessageStatus.SENT in first.out
