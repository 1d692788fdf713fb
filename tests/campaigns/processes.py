"""`petmsg message dispatch` as real processes of the machine, at its usual rhythm."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from tests.support.fixtures import ACTOR, add_org, looking, run_cli
from tests.support.swarm import ROOT
from tests.support.twilio_process import FakeProcess

DESK = "+14155550100"
PATIENCE = 30.0
"""Seconds after which something that should happen has not."""


def one_number(url: str, phones: Sequence[str]) -> None:
    """An org whose messages are all sent from its front desk through Twilio, and clients `C-0`…"""
    add_org(url, front_desk=DESK)
    assert run_cli(url, "org", "set", "--yes", "--force", "--provider", "twilio").code == 0
    for i, phone in enumerate(phones):
        added = run_cli(url, "client", "add", f"Client {i}", "--ref", f"C-{i}", "--phone", phone)
        assert added.code == 0, added.err


def queue(url: str, client: str, body: str) -> None:
    """A message that is due now."""
    ran = run_cli(url, "message", "send", client, "--body", body, "--queue-only", now=None)
    assert ran.code == 0, ran.err


def states(url: str) -> list[str]:
    """The messages' states, by id."""
    with looking(url) as cursor:
        return [row[0] for row in cursor.tuples("SELECT status FROM message ORDER BY id")]


@contextmanager
def dispatching(
    url: str, fake: FakeProcess, *options: str, timeout_seconds: float = 15.0
) -> Iterator[subprocess.Popen[str]]:
    """A running `message dispatch`, which is killed at the end if it still runs."""
    usual = {name: value for name, value in os.environ.items() if "PETMSG" not in name}
    with subprocess.Popen(
        [sys.executable, "-m", "petmsg", "message", "dispatch", "-o", "jsonl", *options],
        cwd=ROOT,
        env={
            **usual,
            **fake.environ,
            "PETMSG_ACTOR": ACTOR,
            "PETMSG_DATABASE_URL": url,
            "PETMSG_TWILIO_TIMEOUT_SECONDS": str(timeout_seconds),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_until(seen: Callable[[], bool], what: str) -> None:
    """Raises if it is not seen in good time."""
    deadline = time.monotonic() + PATIENCE
    while not seen():
        assert time.monotonic() < deadline, f"never: {what}"
        time.sleep(0.02)
