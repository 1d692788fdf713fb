"""A year of a company: `serve`, two dispatchers and what cron runs, under a clock that is set on.

    python -m tests.campaigns.soak --days 365 --seed 7 --database postgresql

Forty sitters, a hundred and twenty clients; sixteen visits are booked a day, and some eighty
messages go and come. The clock goes on by two hours whenever nothing is left to do. Every day one
of the long-lived processes is killed (kill -9) and started again, but for the last days (`--calm`):
whatever grows in a process, grows then. At the end of each day their memory and open files are
noted, the connections of the database and its size. A verdict compares the database with what the
carrier and the channel saw. `--control NAME` takes away or leaks something, and must be noticed.
"""

import argparse
import json
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.campaigns.sending import database_of
from tests.campaigns.soak_carrier import Carrier
from tests.campaigns.soak_days import ALERT_SECONDS, Office
from tests.campaigns.soak_verdict import (
    Note,
    Sample,
    Space,
    Verdict,
    growth,
    judge_messages,
    judge_notes,
    judge_webhooks,
    lives,
    look_at,
    said_wrong,
    space_of,
)
from tests.campaigns.soak_workers import CONTROLS, SharedClock, Staff
from tests.campaigns.workers import DISPATCH
from tests.support.consistency import problems
from tests.support.fixtures import run_cli
from tests.support.on_twilio import keys
from tests.support.postgres import free_port
from tests.support.twilio_fake import TwilioFake
from tests.support.twilio_faults import SeededFaults
from tests.support.twilio_media import storage_host

FIRST_DAY = datetime(2026, 3, 2, 5, 0, tzinfo=UTC)
"""A Monday's midnight in New York."""
STEP_HOURS = 2
FAULT_RATE = 0.01
LATE, LATE_LIST = 0.1, 0.1
LONG_LIVED = ("serve", "dispatch 1", "dispatch 2")


@dataclass(frozen=True)
class Campaign:
    """What is to be done: how many days, the seed of every chance, and a control or None. In the
    last `calm` days nothing is killed."""

    days: int
    seed: int
    control: str | None = None
    calm: int = 30


@dataclass
class Outcome:
    """What came of a soak."""

    campaign: Campaign
    verdict: Verdict
    samples: list[Sample] = field(default_factory=list)
    spaces: list[Space] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    codes: Counter[str] = field(default_factory=Counter)
    kills: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    said: str = ""

    def __str__(self) -> str:
        campaign = self.campaign
        control = f" with {campaign.control}" if campaign.control else ""
        counts = ", ".join(f"{count} {what}" for what, count in self.counts.items())
        return (
            f"seed {campaign.seed}{control}: {campaign.days} days, {self.kills.total()} kills, "
            f"{counts}, {self.faults.total()} faults, {self.seconds:.0f} s:\n{self.verdict}"
        )


def run(url: str, campaign: Campaign, folder: Path, *, report: bool = False) -> Outcome:
    """Let a company live for so many days on the empty database at `url`. `folder` takes pictures,
    backups and a log; `report` prints a line each week."""
    with ExitStack() as stack:
        return _Soak(url, campaign, folder, stack, report=report).run()


class _Soak:
    def __init__(
        self, url: str, campaign: Campaign, folder: Path, stack: ExitStack, *, report: bool
    ) -> None:
        self.url, self.campaign, self.folder, self._report = url, campaign, folder, report
        self.log = folder / "processes.log"
        self.log.touch()
        self.clock = SharedClock(folder / "clock")
        self.clock.set(FIRST_DAY - timedelta(days=1))
        self.faults = SeededFaults(campaign.seed, 0.0, LATE, LATE_LIST)
        self.fake = stack.enter_context(
            TwilioFake(
                any_number=True,
                choose_fault=self.faults.choose,
                choose_quickly=True,
                keep_requests=False,
                hide_for=self.faults.hide_for,
                clock=self.clock.now,
            )
        )
        storage = stack.enter_context(storage_host())
        self.fake.media.storage = storage.url
        self.notes: list[Note] = []
        channel = stack.enter_context(_Channel(self.notes, self.clock))
        port = free_port()
        self.environ = keys(
            self.fake,
            PETMSG_MEDIA_DIR=str(folder / "pictures"),
            PETMSG_PUBLIC_URL=f"http://127.0.0.1:{port}",
            PETMSG_NOTIFY_FILE=str(folder / "notify.json"),
        )
        self.staff = stack.enter_context(
            Staff(url, self.environ, self.log, folder / "clock", control=campaign.control)
        )
        self.carrier = Carrier(self.fake, storage, self.clock, port)
        self.office = Office(
            url,
            campaign.seed,
            self.clock,
            self.staff,
            self.carrier,
            self.environ,
            folder,
            ALERT_SECONDS if campaign.control is None else ALERT_SECONDS / 10,
        )
        self.office.open(channel.url)
        self.dice = random.Random(f"{campaign.seed} kills")
        self.lines = {
            "serve": ("serve", "--port", str(port)),
            **dict.fromkeys(LONG_LIVED[1:], DISPATCH),
        }
        self.living: dict[str, int] = {}
        verdict = Verdict(broken=self.office.trouble, not_alerted=self.office.not_alerted)
        self.outcome = Outcome(campaign, verdict, codes=self.office.codes, faults=self.faults.dealt)

    def run(self) -> Outcome:
        began = time.monotonic()
        for name in LONG_LIVED:
            self._start(name)
        self.faults.rate = FAULT_RATE
        for day in range(self.campaign.days):
            self._day(day)
            if self._report and (day % 7 == 6 or self.campaign.days < 30):
                self._print(day, time.monotonic() - began)
        self._end()
        self.outcome.seconds = time.monotonic() - began
        return self.outcome

    # --- a day ------------------------------------------------------------------------------

    def _day(self, day: int) -> None:
        midnight = FIRST_DAY + timedelta(days=day)
        victim, hour = self.dice.choice(LONG_LIVED), self.dice.choice(range(8, 22, STEP_HOURS))
        calm = day >= self.campaign.days - self.campaign.calm
        for now in range(0, 24, STEP_HOURS):
            self.clock.set(midnight + timedelta(hours=now))
            self.office.settle()  # whoever waits too long is told of, before the desk answers
            self.office.step(midnight, now)
            if now == hour and not calm:
                time.sleep(self.dice.uniform(0, 0.15))
                self._kill(victim)
            self.office.settle()
            self.office.answer()
        self._look(day)

    def _start(self, name: str) -> None:
        self.living[name] = self.staff.start(self.lines[name])

    def _kill(self, name: str) -> None:
        code = self.staff.kill(self.living[name])
        if code != -9:
            self.outcome.verdict.broken.append(f"{name} had ended with {code}")
        self.outcome.kills[name] += 1
        self._start(name)

    def _look(self, day: int) -> None:
        """What the processes have when they have nothing to do."""
        samples = [look_at(day, name, pid) for name, pid in self.living.items()]
        self.outcome.samples += samples
        self.outcome.spaces.append(space_of(day, self.url))

    def _print(self, day: int, seconds: float) -> None:
        space = self.outcome.spaces[-1]
        last = self.outcome.samples[-len(LONG_LIVED) :]
        each = ", ".join(
            f"{one.name} {one.memory} kB {one.files} files {one.sockets} sockets" for one in last
        )
        print(
            f"day {day + 1}, {seconds:.0f} s: {each}; {space.rows} rows, {space.bytes} bytes, log "
            f"{space.log_bytes}, {space.connections} connections; "
            f"wrong so far: {self.outcome.verdict.faults or 'nothing'}",
            flush=True,
        )
        if self.outcome.verdict.faults:
            print(self.outcome.verdict, flush=True)

    # --- the end ----------------------------------------------------------------------------

    def _end(self) -> None:
        self.faults.rate, self.faults.late_list_seconds = 0.0, 0.0
        self.clock.set(self.clock.now() + timedelta(hours=STEP_HOURS))
        self.office.settle()
        self.staff.run([("message", "sync")])
        verdict = self.outcome.verdict
        for name, pid in self.living.items():
            code = self.staff.stop(pid)
            self.outcome.codes[f"end of {name}: {code}"] += 1
            # What a message came to is the dispatcher's exit code: 6, an outcome was unknown.
            if code not in (0, 6, 75):
                verdict.broken.append(f"{name} ended with {code}")
        verdict.grown += growth(self.outcome.samples, self.outcome.spaces)
        carrier = self.carrier
        judge_messages(verdict, self.url, self.fake, self.office.expected)
        judge_webhooks(verdict, self.url, carrier.answered, carrier.answered_calls)
        judge_notes(verdict, self.url, self.notes, repeats=self.outcome.kills.total())
        verdict.broken += problems(self.url)
        verdict.broken += self._doctor()
        self.outcome.said = self.log.read_text(errors="replace")
        verdict.broken += said_wrong(self.outcome.said)
        taken = sum(not each.came_in for each in self.fake.messages.values())
        self.outcome.counts = {
            "messages sent": taken,
            "webhooks of messages": len(carrier.answered),
            "of calls": len(carrier.answered_calls),
            "notes": len(self.notes),
            "visits": self.office.booked,
        }

    def _doctor(self) -> list[str]:
        ran = run_cli(
            self.url, "doctor", "--media", "-o", "json", now=self.clock.now(), **self.environ
        )
        return [
            f"doctor: {row['check']}: {row['message']}"
            for row in ran.json
            if row["result"] == "problem"
        ]


class _Channel:
    """A server that takes the notes of a channel."""

    def __init__(self, notes: list[Note], clock: SharedClock) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                note = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                notes.append(Note(clock.now(), note["body"]))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"json://127.0.0.1:{self._http.server_port}/ops"

    def __enter__(self) -> "_Channel":
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()


def main() -> int:
    """Run one campaign and print it; 0 if it went as it must."""
    options = _parser().parse_args()
    campaign = Campaign(options.days, options.seed, options.control, options.calm)
    print(f"soak: seed {campaign.seed}, {campaign.days} days …", flush=True)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="petmsg-soak-")))
        url = database_of(options.database, folder, stack)
        outcome = run(url, campaign, folder, report=True)
    for what, counts in (
        ("faults", outcome.faults),
        ("killed", outcome.kills),
        ("ended", outcome.codes),
    ):
        print(f"{what}: " + ", ".join(f"{name} {count}" for name, count in sorted(counts.items())))
    for life in lives(outcome.samples):
        print(life)
    if outcome.verdict.broken:
        print(outcome.said[-5000:])
    print(outcome)
    return int(bool(outcome.verdict.faults) != (campaign.control is not None))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.campaigns.soak", description=__doc__)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--calm", type=int, default=30, help="days at the end without kills")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--control", choices=sorted(CONTROLS))
    return parser


if __name__ == "__main__":
    sys.exit(main())
