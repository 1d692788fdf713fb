"""The fake Twilio as a process of its own: what campaigns and benchmarks rely on."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from petmsg.providers.base import Accepted, OutgoingMessage, SendOutcome
from petmsg.providers.twilio import TwilioProvider
from tests.providers.sending import GOOD
from tests.support.twilio_process import ROOT, FakeProcess, running_fake

OURS, CLIENTS_PHONE = "+14155550101", "+14155550142"


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeProcess]:
    with running_fake(any_number=True, late_seconds=0.2) as running:
        yield running


def sent(fake: FakeProcess, *bodies: str, timeout_seconds: float = 10.0) -> list[SendOutcome]:
    provider = TwilioProvider(GOOD, timeout_seconds=timeout_seconds, api_url=fake.url)
    try:
        return [provider.send(OutgoingMessage(OURS, CLIENTS_PHONE, body)) for body in bodies]
    finally:
        provider.close()


def test_it_tells_another_process_what_it_took_and_when(fake: FakeProcess) -> None:
    before = time.monotonic()
    [outcome] = sent(fake, "x" * 161)
    [taken] = fake.accepted()
    assert isinstance(outcome, Accepted)
    assert taken["sid"] == outcome.provider_message_id
    assert (taken["from"], taken["to"], taken["body"]) == (OURS, CLIENTS_PHONE, "x" * 161)
    assert taken["segments"] == 2
    assert before < taken["arrived"] <= taken["accepted"] < time.monotonic()


def test_its_options_change_while_it_runs(fake: FakeProcess) -> None:
    fake.change(fault_rate=1.0, kinds=["unavailable"])
    assert not isinstance(sent(fake, "one")[0], Accepted)
    fake.change(fault_rate=0.0, latency_seconds=0.2)
    began = time.monotonic()
    assert isinstance(sent(fake, "one")[0], Accepted)
    assert time.monotonic() - began >= 0.2
    stats = fake.stats()
    assert stats["faults"] == {"create unavailable": 1}
    assert (stats["requests"], stats["accepted"], stats["peak_requests"]) == (2, 1, 1)


def test_a_request_is_processed_though_its_sender_is_gone(fake: FakeProcess) -> None:
    fake.change(latency_seconds=1.0)
    sent(fake, "gone", timeout_seconds=0.1)
    assert fake.stats()["accepted"] == 0
    deadline = time.monotonic() + 10
    while not fake.stats()["accepted"] and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [text["body"] for text in fake.accepted()] == ["gone"]


def test_a_text_may_be_taken_after_its_connection_broke(fake: FakeProcess) -> None:
    fake.change(fault_rate=1.0, kinds=["reset_accepted_late"], late_seconds=60.0)
    sent(fake, "late")
    stats = fake.stats()
    assert (stats["accepted"], stats["late"]) == (0, 1)
    assert [text["body"] for text in fake.accepted()] == ["late"], "asking waits for nobody"


def test_a_seed_deals_the_same_faults_to_the_same_texts_in_any_order() -> None:
    def dealt(seed: int, *bodies: str) -> dict[str, int]:
        with running_fake(seed=seed, fault_rate=0.5, any_number=True) as fake:
            sent(fake, *bodies, timeout_seconds=0.3)
            faults: dict[str, int] = fake.stats()["faults"]
            return faults

    bodies = [f"Visit {at}" for at in range(12)]
    first = dealt(11, *bodies)
    assert first == dealt(11, *reversed(bodies))
    assert first != dealt(12, *bodies)
    assert 2 < sum(first.values()) < 12


def test_outcomes_of_a_recipient_are_what_a_fetch_ends_with() -> None:
    with running_fake(any_number=True, outcomes={CLIENTS_PHONE: ("undelivered", 30003)}) as fake:
        [outcome] = sent(fake, "one")
        assert isinstance(outcome, Accepted)
        provider = TwilioProvider(GOOD, api_url=fake.url)
        last = [provider.fetch(outcome.provider_message_id) for _ in range(3)][-1]
        provider.close()
    assert last is not None
    assert (str(last.delivery), last.code) == ("undelivered", "30003")


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_ended_by_a_signal_it_leaves_what_it_took_in_a_file(tmp_path: Path, how: int) -> None:
    port, dump = tmp_path / "port", tmp_path / "dump.json"
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "tests.support.twilio_process", "--port-file", str(port)),
            *("--dump", str(dump), "--any-number", "--seed", "1", "--fault-rate", "0"),
        ],
        cwd=ROOT,
    )
    deadline = time.monotonic() + 20
    while not port.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    sent(FakeProcess(f"http://127.0.0.1:{port.read_text()}", process.pid), "one", "two")
    process.send_signal(how)
    assert process.wait(10) == 0
    left = json.loads(dump.read_text())
    assert [text["body"] for text in left["accepted"]] == ["one", "two"]
    assert left["stats"]["accepted"] == 2


def test_it_ends_with_whoever_started_it() -> None:
    code = (
        "import sys\nfrom tests.support.twilio_process import running_fake\n"
        "with running_fake() as fake:\n    print(fake.pid, flush=True)\n    sys.stdin.read()"
    )
    starter = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert starter.stdin is not None
    assert starter.stdout is not None
    pid = int(starter.stdout.readline())
    starter.kill()
    starter.wait()
    starter.stdin.close()
    starter.stdout.close()
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and running(pid):
        time.sleep(0.05)
    assert not running(pid)


def running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # An orphan that ended may wait for its new parent to notice.
    status = Path(f"/proc/{pid}/status")
    return not status.exists() or "State:\tZ" not in status.read_text()
