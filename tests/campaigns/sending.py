"""Sending under kills and faults: what the provider took, compared with what was asked for.

`python -m tests.campaigns.sending --kills 10000 --seed 7` kills workers at random moments (kill -9)
while 15 % of the requests meet a fault, then lets them drain the queue, and prints its seed and a
verdict: none lost, none twice, none stuck, each thread in its order. `--control blind-requeue` and
`--control mark-then-drop` take away what holds that together, and must fail.
"""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from petmsg.db.location import locate
from tests.campaigns.company import Customers, build
from tests.campaigns.verdict import Verdict, happened, judge, unsettled
from tests.campaigns.workers import CONTROLS, Nursery, Storm
from tests.support.fixtures import looking
from tests.support.twilio_process import FakeProcess, running_fake

FAULT_RATE = 0.15
LATE = 0.1
LATE_LIST = 0.1
"""Together less than the second look: what the fake took is listed in time for one of two looks."""
LATENCY = 0.02
BACKLOG = 40
WORKERS = 4
DRAIN_SECONDS = 120.0
PATIENCE = 5.0
"""How many times longer the waits of the last workers are: they must come to an end."""


@dataclass(frozen=True)
class Campaign:
    """What is to be done: kills in all, the seed of every chance, and a control or None."""

    kills: int
    seed: int
    control: str | None = None
    workers: int = WORKERS


@dataclass(frozen=True)
class Outcome:
    """What came of a campaign. `events` is what the audit counted, `said` what workers printed."""

    campaign: Campaign
    verdict: Verdict
    texts: int
    storm: Storm
    codes: list[int]
    seconds: Mapping[str, float]
    events: Mapping[str, int] = field(default_factory=dict)
    faults: Mapping[str, int] = field(default_factory=dict)
    said: str = ""

    def __str__(self) -> str:
        campaign = self.campaign
        control = f" with {campaign.control}" if campaign.control else ""
        faults, seconds = sum(self.faults.values()), sum(self.seconds.values())
        return (
            f"seed {campaign.seed}{control}: {self.storm.kills} kills, {self.texts} texts,"
            f" {faults} faults, {seconds:.0f} s: {self.verdict}"
        )


def run(url: str, campaign: Campaign, folder: Path) -> Outcome:
    """Fill the empty database at `url`, storm it, drain it and judge. `folder` takes a log."""
    seconds: dict[str, float] = {}
    began = time.monotonic()
    build(url)
    customers = Customers(url, campaign.seed)
    customers.ask(BACKLOG)
    log = folder / "workers.log"
    log.touch()
    with ExitStack() as stack:
        fake = stack.enter_context(
            running_fake(
                seed=campaign.seed,
                fault_rate=FAULT_RATE,
                late_seconds=LATE,
                late_list_seconds=LATE_LIST,
                latency_seconds=LATENCY,
                any_number=True,
            )
        )
        nursery = stack.enter_context(
            Nursery(url, fake.environ, log, control=campaign.control, patience=PATIENCE)
        )

        def keep_asking() -> None:
            with looking(url) as cursor:
                waiting = unsettled(cursor)
            if waiting < BACKLOG:
                customers.ask(BACKLOG - waiting)

        seconds["start"] = time.monotonic() - began
        storm = nursery.storm(campaign.kills, campaign.workers, campaign.seed, keep_asking)
        seconds["storm"] = time.monotonic() - began - sum(seconds.values())
        fake.change(fault_rate=0.0, late_list_seconds=0.0)
        with nursery.calm(campaign.workers) as codes:
            _wait_until_settled(url)
        seconds["calm"] = time.monotonic() - began - sum(seconds.values())
        return Outcome(
            campaign,
            judge(url, customers.asked, fake.accepted()),
            customers.asked.total(),
            storm,
            codes,
            seconds,
            happened(url),
            _faults(fake),
            log.read_text(errors="replace"),
        )


def _wait_until_settled(url: str) -> None:
    deadline = time.monotonic() + DRAIN_SECONDS
    while time.monotonic() < deadline:
        with looking(url) as cursor:
            if not unsettled(cursor):
                return
        time.sleep(0.1)


def _faults(fake: FakeProcess) -> dict[str, int]:
    found: dict[str, int] = fake.stats()["faults"]
    return found


def main() -> int:
    """Run one campaign and print it; 0 if it went as it must."""
    options = _parser().parse_args()
    campaign = Campaign(options.kills, options.seed, options.control, options.workers)
    print(f"seed {campaign.seed} …", flush=True)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="petmsg-campaign-")))
        outcome = run(database_of(options.database, folder, stack), campaign, folder)
    for what, counts in (("faults", outcome.faults), ("events", outcome.events)):
        print(f"{what}: " + ", ".join(f"{name} {count}" for name, count in sorted(counts.items())))
    spans = ", ".join(f"{name} {span:.1f} s" for name, span in outcome.seconds.items())
    print(f"{spans}; lives in units of {outcome.storm.unit * 1000:.0f} ms")
    print(f"workers that ended by themselves: {dict(outcome.storm.exits)}, at the end: ", end="")
    print(outcome.codes)
    for name in outcome.verdict.faults:
        print(f"{name}: {getattr(outcome.verdict, name)[:5]}")
    if "Traceback" in outcome.said:
        print(outcome.said[-5000:])
    print(outcome)
    return int(bool(outcome.verdict.faults) != (campaign.control is not None))


def database_of(kind: str, folder: Path, stack: ExitStack) -> str:
    """The URL of an empty database in the folder, or on a server that ends with the stack."""
    if kind == "sqlite":
        return locate(str(folder / "petmsg.db")).url
    from tests.support.postgres import running_server

    server = stack.enter_context(running_server(autovacuum=True))
    return server.url(server.create())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.campaigns.sending", description=__doc__)
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--control", choices=sorted(CONTROLS))
    parser.add_argument("--workers", type=int, default=WORKERS)
    return parser


if __name__ == "__main__":
    sys.exit(main())
