"""The fake Twilio as a process of its own, for campaigns and benchmarks.

    with running_fake(seed=7, fault_rate=0.15, late_seconds=0.2, any_number=True) as fake:
        subprocess.run([…"petmsg", "message", "dispatch"…], env={**os.environ, **fake.environ})
        for text in fake.accepted(): …  # one dict per message the fake took: FakeMessage.record
        fake.stats()                    # requests, peaks, faults dealt, CPU seconds
        fake.change(fault_rate=0.0)     # any option of `running_fake`, while it runs

By hand: `python -m tests.support.twilio_process --port-file F --seed 7 --fault-rate 0.15
--any-number`. It answers the API on loopback at the port it wrote into F, as account and token of
tests.support.twilio_fake, and without any token `GET /fake/accepted`, `GET /fake/stats`, `POST
/fake/change` with options as JSON. On SIGTERM and Ctrl-C, and when its stdin closes with
`--until-stdin-closes`, it takes what is late, writes accepted and stats to `--dump F` and ends.
"""

import argparse
import json
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import ROOT
from tests.support.twilio_fake import ACCOUNT_SID, AUTH_TOKEN, TwilioFake
from tests.support.twilio_faults import CREATING, SeededFaults
from tests.support.twilio_shapes import Request

START_SECONDS = 20.0
STOP_SECONDS = 20.0
# Straight to loopback, whatever proxy the machine has.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class FakeProcess:
    """A fake that runs in another process."""

    url: str
    pid: int

    @property
    def environ(self) -> dict[str, str]:
        """What a petmsg needs to talk to it."""
        return {
            "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
            "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
            "PETMSG_TWILIO_API_URL": self.url,
        }

    def accepted(self) -> list[dict[str, Any]]:
        """Every message it took, in order (see `FakeMessage.record`), the late ones too."""
        found: list[dict[str, Any]] = self._ask("accepted")
        return found

    def stats(self) -> dict[str, Any]:
        """Requests, faults dealt, peaks and CPU seconds. `late` is how many are yet to be taken."""
        found: dict[str, Any] = self._ask("stats")
        return found

    def change(self, **options: object) -> None:
        """Change options of `running_fake` for the requests that follow."""
        self._ask("change", json.dumps(options).encode())

    def _ask(self, what: str, body: bytes | None = None) -> Any:
        request = urllib.request.Request(f"{self.url}/fake/{what}", body)  # noqa: S310 - loopback
        if body is not None:
            request.add_header("Content-Type", "application/json")
        with _opener.open(request, timeout=30) as answer:
            return json.loads(answer.read())


@contextmanager
def running_fake(
    *,
    seed: int = 0,
    fault_rate: float = 0.0,
    kinds: Sequence[str] = tuple(CREATING),
    late_seconds: float = 0.05,
    late_list_seconds: float = 0.0,
    latency_seconds: float = 0.0,
    numbers: Sequence[str] = (),
    any_number: bool = False,
    outcomes: dict[str, tuple[str, int | None]] | None = None,
) -> Iterator[FakeProcess]:
    """A fake in a process of its own, which ends with the block and with this process.

    `fault_rate` of the requests meet a fault (tests.support.twilio_faults; `kinds` for creations).
    What is taken late is taken within `late_seconds`; as many messages stay out of lists for up to
    `late_list_seconds`. Every answer takes `latency_seconds`. It owns `numbers`, or `any_number`.
    `outcomes`: what becomes of messages to a phone, such as `{"+1…": ("undelivered", 30003)}`.
    """
    options = {
        "seed": seed,
        "fault_rate": fault_rate,
        "kinds": [*kinds],
        "late_seconds": late_seconds,
        "late_list_seconds": late_list_seconds,
        "latency_seconds": latency_seconds,
        "numbers": [*numbers],
        "any_number": any_number,
        "outcomes": outcomes or {},
    }
    with tempfile.TemporaryDirectory() as folder:
        port_file = Path(folder, "port")
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.support.twilio_process", "--until-stdin-closes"),
                *("--port-file", str(port_file), "--options", json.dumps(options)),
            ],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            start_new_session=True,  # so that Ctrl-C reaches the campaign, which then ends it
        )
        assert process.stdin is not None
        try:
            yield FakeProcess(f"http://127.0.0.1:{_port_of(process, port_file)}", process.pid)
        finally:
            process.stdin.close()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _port_of(process: subprocess.Popen[bytes], port_file: Path) -> int:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if port_file.exists():
            return int(port_file.read_text())
        if process.poll() is not None:
            break
        time.sleep(0.01)
    raise RuntimeError("The fake Twilio did not start.")


# ------------------------------------------------------------------------------------ the process


class Served:
    """The fake inside its process, with its options and its admin."""

    def __init__(self, port: int, options: dict[str, Any]) -> None:
        self.faults = SeededFaults(0, 0.0)
        self.fake = TwilioFake(
            port=port,
            choose_fault=self.faults.choose,
            choose_quickly=True,
            keep_requests=False,
            hide_for=self.faults.hide_for,
            admin=self._admin,
        )
        self.change(options)

    def change(self, options: dict[str, Any]) -> None:
        """Set options by name; an unknown one is an error."""
        names = {"fault_rate": "rate"}
        of_faults = {"seed", "fault_rate", "kinds", "late_seconds", "late_list_seconds"}
        of_fake = {"latency_seconds", "numbers", "any_number", "outcomes", "voice_only"}
        if unknown := set(options) - of_faults - of_fake:
            raise ValueError(f"no such options: {sorted(unknown)}")
        for name, value in options.items():
            setattr(self.faults if name in of_faults else self.fake, names.get(name, name), value)

    def report(self) -> dict[str, Any]:
        """All it took and saw. In the fake's own thread."""
        return {"accepted": self._accepted(), "stats": self._stats()}

    def _accepted(self) -> list[dict[str, object]]:
        return [message.record() for message in self.fake.messages.values()]

    def _stats(self) -> dict[str, object]:
        return {**self.fake.stats(), "faults": dict(self.faults.dealt)}

    def _admin(self, request: Request, raw: bytes) -> object:
        match request.path:
            case "/fake/accepted":
                self.fake.accept_what_is_late()
                return self._accepted()
            case "/fake/stats":
                return self._stats()
            case "/fake/change":
                self.change(json.loads(raw))
                return {}
        return {"error": "accepted, stats or change"}


def main() -> int:
    """Run a fake until it is told to end."""
    parser = argparse.ArgumentParser(description="A Twilio on loopback.")
    parser.add_argument("--port-file", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--fault-rate", type=float)
    parser.add_argument("--late-seconds", type=float)
    parser.add_argument("--late-list-seconds", type=float)
    parser.add_argument("--latency-seconds", type=float)
    parser.add_argument("--any-number", action="store_true", default=None)
    parser.add_argument("--options", type=json.loads, default={}, help="any of them, as JSON")
    parser.add_argument("--dump", type=Path)
    parser.add_argument("--until-stdin-closes", action="store_true")
    given = vars(parser.parse_args())
    port_file, port, dump = (given.pop(name) for name in ("port_file", "port", "dump"))
    until_stdin_closes, options = given.pop("until_stdin_closes"), given.pop("options")
    served = Served(port, options | {name: v for name, v in given.items() if v is not None})
    ended = threading.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: ended.set())
    if until_stdin_closes:

        def wait_for_the_end() -> None:
            sys.stdin.buffer.read()
            ended.set()

        threading.Thread(target=wait_for_the_end, daemon=True).start()
    with served.fake as fake:
        part = port_file.with_name(port_file.name + ".part")
        part.write_text(str(fake.port))
        part.replace(port_file)
        while not ended.wait(1.0):  # a wait without end would not see signals everywhere
            continue
        fake.call(fake.accept_what_is_late)
        report = fake.call(served.report)
    if dump is not None:
        dump.write_text(json.dumps(report))
    return 0


if __name__ == "__main__":
    sys.exit(main())
