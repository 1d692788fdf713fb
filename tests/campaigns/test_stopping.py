"""A running dispatch is asked to stop: what is on its way is finished, nothing else is begun."""

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from petmsg.db.location import locate
from tests.campaigns.processes import dispatching, one_number, queue, states, wait_until
from tests.support.consistency import problems
from tests.support.fixtures import run_cli
from tests.support.twilio_process import FakeProcess, running_fake

PHONES = [f"+120255501{i:02}" for i in range(6)]
LATENCY = 1.0
SOON = 2.5
"""Seconds that a process may need to end, besides its requests."""

pytestmark = pytest.mark.slow


@pytest.fixture
def fake() -> Iterator[FakeProcess]:
    with running_fake(any_number=True, latency_seconds=LATENCY) as running:
        yield running


@pytest.fixture
def url(migrated_url: str) -> str:
    """An org with a message to each of its clients."""
    one_number(migrated_url, PHONES)
    for i in range(len(PHONES)):
        queue(migrated_url, f"C-{i}", f"Text {i}")
    return migrated_url


def in_flight(fake: FakeProcess) -> int:
    count: int = fake.stats()["in_flight"]
    return count


def no_worker_is_left(url: str) -> bool:
    path = locate(url).path
    return path is None or not [*path.parent.glob(f"{path.name}.w-*")]


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)], ids=["SIGTERM", "Ctrl-C"]
)
def test_it_finishes_what_it_began_and_leaves_the_rest_queued(
    url: str, fake: FakeProcess, number: signal.Signals, code: int
) -> None:
    with dispatching(url, fake, "--watch") as process:
        wait_until(lambda: in_flight(fake) > 0, "a text on its way")
        process.send_signal(number)
        asked_at = time.monotonic()
        out, err = process.communicate(timeout=30)
        assert time.monotonic() - asked_at < LATENCY + SOON
    assert process.returncode == code, err
    told = [json.loads(line)["status"] for line in out.splitlines()]
    accepted = len(fake.accepted())
    assert told == ["sent"] * accepted
    assert sorted(states(url)) == ["queued"] * (len(PHONES) - accepted) + ["sent"] * accepted
    assert 0 < accepted < len(PHONES)
    assert problems(url) == []
    assert no_worker_is_left(url)


def test_it_stops_at_once_while_it_has_nothing_to_do(migrated_url: str, fake: FakeProcess) -> None:
    one_number(migrated_url, PHONES[:1])
    with dispatching(migrated_url, fake, "--watch") as process:
        queue(migrated_url, "C-0", "Hello")
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["status"] == "sent"
        process.send_signal(signal.SIGTERM)
        asked_at = time.monotonic()
        assert process.wait(30) == 0
        assert time.monotonic() - asked_at < SOON


def test_a_request_that_hangs_is_waited_for_no_longer_than_its_time_out(
    url: str, fake: FakeProcess
) -> None:
    fake.change(fault_rate=1.0, kinds=["hang"])
    with dispatching(url, fake, "--watch", timeout_seconds=1.0) as process:
        wait_until(lambda: "create hang" in fake.stats()["faults"], "a request that hangs")
        process.send_signal(signal.SIGTERM)
        asked_at = time.monotonic()
        _, err = process.communicate(timeout=30)
        assert time.monotonic() - asked_at < 1.0 + SOON
    assert process.returncode == 6, err  # an outcome is unknown: somebody should know
    assert sorted(set(states(url))) == ["queued", "unknown"]


def test_a_second_ctrl_c_breaks_off_and_the_next_dispatch_finds_out(
    url: str, fake: FakeProcess
) -> None:
    fake.change(fault_rate=1.0, kinds=["hang_but_accepted"])
    with dispatching(url, fake, "--watch") as process:
        wait_until(lambda: len(fake.accepted()) > 0, "a text that was taken")
        process.send_signal(signal.SIGINT)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.7)
        process.send_signal(signal.SIGINT)
        asked_at = time.monotonic()
        _, err = process.communicate(timeout=30)
        assert time.monotonic() - asked_at < SOON
    assert process.returncode == 130
    assert "Traceback" not in err
    assert "sending" in states(url)
    fake.change(fault_rate=0.0)
    time.sleep(2.0)  # what was taken and not begun is due again then
    # One that was begun and never reached the provider is unknown for its grace and a second look.
    codes = []
    for seconds in (0, 130, 200):
        later = datetime.now(UTC) + timedelta(seconds=seconds)
        ran = run_cli(url, "message", "dispatch", "-o", "json", now=later, **fake.environ)
        codes.append(ran.code)
    assert codes[-1] == 0
    assert states(url) == ["sent"] * len(PHONES)
    bodies = sorted(text["body"] for text in fake.accepted())
    assert bodies == [f"Text {i}" for i in range(len(PHONES))]
    assert problems(url) == []
