"""Many processes at once on the same few rows; on PostgreSQL, if asked, while the server fails.

    python -m tests.campaigns.racing confirms --each 500
    python -m tests.campaigns.racing mixed --each 1000 --database postgresql --storm

`confirms`: sixteen processes confirm the same bookings of a hundred clients, each in its own order.
`mixed`: activate, quarantine, restore, renumber, confirm and send, all at once. `overrides`: route
overrides, replies, claims and messages on three threads. `absences`: who is away, hand-overs and
reassignments of the same visits. In a `--storm`
backends are terminated and the server is ended in immediate mode, both at random; a command that
lost its database is run again, as it says. What a command acknowledged must be there at the end.
A `--control` takes away one thing that holds it together, and must fail.
"""

import argparse
import random
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, fields
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

from petmsg import clock
from petmsg.db import migrate
from petmsg.db.location import locate
from petmsg.errors import BUSY, CONFIGURATION, DONE, PROVIDER, REFUSED
from petmsg.services.outbox.unknown_outcomes import GRACE, SECOND_LOOK
from tests.campaigns.crowd import book, company, load, number, quick, shuffled, watch_claims
from tests.campaigns.promises import acknowledged, lost, not_sent, sent_twice, shared
from tests.campaigns.storm import Storm, storming
from tests.support.consistency import problems, raw
from tests.support.fixtures import ACTOR, NOW, Ran, looking, run_cli
from tests.support.postgres import PostgresServer, running_server
from tests.support.swarm import Hive, Line, Swarm
from tests.system import test_races_absence, test_races_override

PROCESSES = 16
EACH = {"confirms": 500, "mixed": 1000, "overrides": 200, "absences": 100}
CLIENTS = 100
WORST_SECONDS = 1.0
"""How long a single confirmation may take beside fifteen other processes."""
PATIENCE = 3 * 3600.0
AGAIN_SECONDS = 300.0
"""How long a command that lost its database is run again, also on a busy machine."""
POOL = [f"+141555700{i:02}" for i in range(8)]
"""Numbers of nobody's; half of them are quarantined now and then, so that one always speaks."""
REFUSALS = frozenset(
    {"number_not_quarantined", "no_number_free", "sitter_not_active", "number_retired", "refused"}
)
"""What a mixed command may be refused for."""
ALWAYS = "synchronous_commit off"
"""A control of the server, not of petmsg: it acknowledges a commit before it is written."""
CONTROLS = {
    "deferred begin": "failed",
    "threads without conflict": "miscounted",
    "no row locks": "shared",
    "routes remembered": "spoke",
    "commits unseen": "lost",
    ALWAYS: "lost",
}
"""What each of them must make a campaign find."""


@dataclass(frozen=True)
class Campaign:
    """What is to be done: so many processes with so many commands each."""

    what: str
    each: int
    seed: int
    control: str | None = None
    processes: int = PROCESSES

    @property
    def total(self) -> int:
        return self.processes * self.each


@dataclass(frozen=True)
class Verdict:
    """Everything that is wrong. Nothing, and the campaign was passed.

    `failed` ended neither well nor with a refusal that may be; `lost` were acknowledged and are not
    there; `shared` are numbers told to two sitters; `spoke` are messages claimed for a number that
    was
    not active; `miscounted` are rows that are there too often or too rarely.
    """

    failed: list[Any] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    shared: list[Any] = field(default_factory=list)
    spoke: list[Any] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    unsent: list[Any] = field(default_factory=list)
    miscounted: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    @property
    def faults(self) -> dict[str, int]:
        """How many of each kind, only those there are."""
        counts = {each.name: len(getattr(self, each.name)) for each in fields(self)}
        return {name: count for name, count in counts.items() if count}


@dataclass(frozen=True)
class Outcome:
    """What came of a campaign."""

    campaign: Campaign
    verdict: Verdict
    swarm: Swarm
    seconds: float
    storm: Storm | None = None

    @property
    def first_seconds(self) -> float:
        """The slowest of the processes' first commands: each of them fills its caches at once."""
        return max(self.swarm.seconds[:: self.campaign.each])

    @property
    def worst_seconds(self) -> float:
        """How long the slowest of all others took, from its start to its end."""
        each = self.campaign.each
        return max(took for place, took in enumerate(self.swarm.seconds) if place % each)

    def __str__(self) -> str:
        times, storm = sorted(self.swarm.seconds), self.storm
        half, most = times[len(times) // 2], times[len(times) * 99 // 100]
        endings = Counter(
            " ".join([str(ran.code), *re.findall(r'"error": {"code": "(\w+)"', ran.err)])
            for ran in self.swarm.ran
        )
        storms = (
            f"; {storm.terminated} backends terminated, {storm.crashes} crashes,"
            f" {self.swarm.repeats} commands run again"
            if storm is not None
            else ""
        )
        return (
            f"{len(times)} commands of {self.campaign.processes} processes in {self.seconds:.0f} s"
            f"{storms}; endings {dict(endings)}; half within {half * 1000:.0f} ms, 99 % within"
            f" {most * 1000:.0f} ms, worst {self.worst_seconds * 1000:.0f} ms"
            f" (of first commands {self.first_seconds * 1000:.0f} ms):"
            f" {self.verdict.faults or 'nothing lost, nothing twice, everything whole'}"
        )


def run(url: str, hive: Hive, campaign: Campaign, server: PostgresServer | None = None) -> Outcome:
    """A campaign on a migrated database without orgs; a storm on `server`, if it is given."""
    prepare, judge = _KINDS[campaign.what]
    jobs = prepare(url, campaign)
    _take_away(url, campaign.control)
    began = time.monotonic()
    with ExitStack() as stack:
        storm = (
            None if server is None else stack.enter_context(storming(server, url, campaign.seed))
        )
        swarm = hive.run(
            url,
            jobs,
            seconds=PATIENCE,
            sabotage=None if campaign.control == ALWAYS else campaign.control,
            again_seconds=0.0 if server is None else AGAIN_SECONDS,
            environ={"PETMSG_OUTPUT": "json"},
        )
    seconds = time.monotonic() - began
    done = [line for job in jobs for line in job]
    return Outcome(campaign, judge(url, campaign, done, swarm, storm), swarm, seconds, storm)


def _take_away(url: str, control: str | None) -> None:
    """What the database itself would refuse, for a control that wants to go wrong."""
    if locate(url).is_sqlite:
        return
    statements = {
        "threads without conflict": [
            "ALTER TABLE thread DROP CONSTRAINT uq_thread_org_id_client_id CASCADE"
        ],
        "no row locks": [
            "DROP INDEX uq_message_number_holder",
            "DROP TRIGGER message_number_first_sitter ON message_number",
        ],
    }
    with raw(url) as cursor:
        for statement in statements.get(control or "", []):
            cursor.run(statement)


@contextmanager
def without_waiting(server: PostgresServer) -> Iterator[None]:
    """Let the server acknowledge commits that are written ten seconds later."""
    server.execute("ALTER SYSTEM SET synchronous_commit = off")
    server.execute("ALTER SYSTEM SET wal_writer_delay = '10s'")
    server.execute("SELECT pg_reload_conf()")
    try:
        yield
    finally:
        server.execute("ALTER SYSTEM RESET ALL")
        server.execute("SELECT pg_reload_conf()")


# -------------------------------------------------------------------------------------- confirming


def confirming(url: str, campaign: Campaign) -> list[list[Line]]:
    """The same bookings for every process, each in its own order, one command each."""
    clients = _clients(campaign)
    company(url, clients=clients, sitters=2)
    refs = book(url, campaign.each, clients=clients, sitters=2)
    orders = (shuffled(refs, campaign.seed + process) for process in range(campaign.processes))
    return [[["booking", "confirm", ref] for ref in order] for order in orders]


def _clients(campaign: Campaign) -> int:
    """A fifth of the bookings' number: what races is a client's first thread."""
    return min(CLIENTS, max(1, campaign.each // 5))


def judge_confirming(
    url: str, campaign: Campaign, done: list[Line], swarm: Swarm, _storm: Storm | None
) -> Verdict:
    told = acknowledged(done, swarm.ran)
    made = Counter(row["window"] for _, rows in told for row in rows if not row["reused"]["window"])
    wanted = {
        "thread": _clients(campaign),
        "assignment_window": campaign.each,
        "booking WHERE status = 'confirmed'": campaign.each,
        "audit_event WHERE event = 'booking.confirmed'": campaign.each,
    }
    with looking(url) as cursor:
        counts = {what: cursor.value(f"SELECT count(*) FROM {what}") for what in wanted}
        return Verdict(
            failed=[(ran.code, ran.err) for ran in swarm.ran if ran.code],
            lost=lost(cursor, told),
            miscounted=[
                f"{what}: {counts[what]} instead of {count}"
                for what, count in wanted.items()
                if counts[what] != count
            ]
            + [
                f"window {window} was made {times} times"
                for window, times in made.items()
                if times > 1
            ]
            + [f"{len(made)} windows were made"] * (len(made) != campaign.each),
            broken=problems(url),
        )


# ------------------------------------------------------------------------------ everything at once


def mixing(url: str, campaign: Campaign) -> list[list[Line]]:
    """Half the commands are about six sitters, twenty numbers and six clients, half about all.

    Everybody begins with an activation: for some of the sitters, of all the free numbers.
    """
    total = campaign.total
    sitters, clients, bookings = max(16, total // 100), max(8, total // 200), max(24, total // 8)
    numbers = sitters + total // 16
    company(url, sitters=sitters, numbers=numbers, clients=clients)
    load(url, "number", ("e164", "class"), *((each, "pool") for each in POOL))
    quick(url)
    now = clock.now()
    rows = []
    for i in range(1, bookings + 1):
        start = now - timedelta(days=1) if i % 2 else now + timedelta(hours=i)
        end = start + timedelta(days=30 if i % 2 else 0, hours=1)
        refs = (f"B-{i}", f"C-{i % clients + 1}", f"S-{i % sitters + 1}")
        rows.append((*refs, clock.iso_utc(start), clock.iso_utc(end)))
    load(url, "booking", ("ref", "client", "sitter", "starts_at", "ends_at"), *rows)
    active = [f"S-{i}" for i in range(1, sitters // 2 + 1)]
    assert run_cli(url, "sitter", "activate", *active).code == 0
    watch_claims(url)
    many = Many(sitters, numbers, clients, bookings)
    return [_mixed(campaign, process, many) for process in range(campaign.processes)]


class Many(NamedTuple):
    """How many there are of each: `S-1` is the first."""

    sitters: int
    numbers: int
    clients: int
    bookings: int


def _mixed(campaign: Campaign, process: int, many: Many) -> list[Line]:
    dice = random.Random(f"{campaign.seed} {process}")

    def one(few: int, most: int) -> int:
        return dice.randint(1, min(few, most) if dice.random() < 0.5 else most)

    uow: list[Line] = []
    for step in range(campaign.each):
        tag = f"{process}-{step}"
        e164, sitter, client = (
            number(one(20, many.numbers)) if dice.random() < 0.7 else dice.choice(POOL[:4]),
            f"S-{one(6, many.sitters)}",
            one(6, many.clients),
        )
        body = ["--body", f"Text {tag}", "--key", tag]
        kinds: dict[str, tuple[int, Line]] = {
            "activate": (16, ["sitter", "activate", sitter]),
            "quarantine": (16, ["number", "quarantine", e164, "--days", "1", "--reason", tag]),
            "restore": (16, ["number", "restore", e164, "--reason", tag]),
            "renumber": (12, ["sitter", "renumber", sitter, "--reason", tag]),
            "confirm": (20, ["booking", "confirm", f"B-{one(12, many.bookings)}"]),
            "send": (20, ["message", "send", f"C-{client}", *body]),
            "dispatch": (1, ["message", "dispatch"]),
        }
        weights = [weight for weight, _ in kinds.values()]
        uow.append(dice.choices([line for _, line in kinds.values()], weights)[0])
    inactive = many.sitters - many.sitters // 2
    uow[0] = ["sitter", "activate", f"S-{many.sitters - process % inactive}"]
    return uow


def judge_mixing(
    url: str, _campaign: Campaign, done: list[Line], swarm: Swarm, storm: Storm | None
) -> Verdict:
    _settle(url)
    told = acknowledged(done, swarm.ran)
    failed = [
        (line, ran.code, ran.err[-500:])
        for line, ran in zip(done, swarm.ran, strict=True)
        if not _may_be(line, ran, storm)
    ]
    with looking(url) as cursor:
        return Verdict(
            failed=failed,
            lost=lost(cursor, told),
            shared=sorted(shared(told).items()),
            spoke=cursor.tuples("SELECT * FROM watched"),
            twice=sent_twice(cursor),
            unsent=not_sent(cursor),
            broken=problems(url),
        )


def _may_be(line: Line, ran: Ran, storm: Storm | None) -> bool:
    """Whether a command may end so. Only in a storm may an outcome be unknown for a while, and
    a dispatch be broken off."""
    if ran.code == REFUSED:
        return any(f'"code": "{refusal}"' in ran.err for refusal in REFUSALS)
    if storm is None or ran.code == DONE:
        return ran.code == DONE
    is_broken_off = line[1] == "dispatch" and ran.code in (CONFIGURATION, BUSY)
    return is_broken_off or ran.code == PROVIDER


def _settle(url: str) -> None:
    """Send what still waits, and reconcile every unknown outcome."""
    run_cli(url, "message", "dispatch")
    for waited in (timedelta(0), GRACE, GRACE + SECOND_LOOK + timedelta(seconds=1)):
        for _ in range(2):
            run_cli(url, "message", "dispatch", now=clock.now() + waited)


# ------------------------------------------------------------------------------- threads and visits


def overriding(url: str, campaign: Campaign) -> list[list[Line]]:
    """Overrides, their ends, replies, claims, closes and messages on the threads of three."""
    messages = test_races_override.build(url)
    return [
        [*test_races_override.work(each, messages, commands=campaign.each, seed=campaign.seed)]
        for each in range(campaign.processes)
    ]


def judge_overriding(
    url: str, _campaign: Campaign, done: list[Line], swarm: Swarm, storm: Storm | None
) -> Verdict:
    _settle(url)
    return _judge_people(url, test_races_override, done, swarm, storm)


def standing_in(url: str, campaign: Campaign) -> list[list[Line]]:
    """Absences, hand-overs, confirmations and new bookings of four sitters."""
    test_races_absence.build(url)
    return [
        [*test_races_absence.work(each, commands=campaign.each, seed=campaign.seed)]
        for each in range(campaign.processes)
    ]


def judge_standing_in(
    url: str, _campaign: Campaign, done: list[Line], swarm: Swarm, storm: Storm | None
) -> Verdict:
    return _judge_people(url, test_races_absence, done, swarm, storm)


def _judge_people(
    url: str, race: Any, done: list[Line], swarm: Swarm, storm: Storm | None
) -> Verdict:
    """`race` is the module that says what may be refused, and what must be so afterwards."""
    failed = []
    for line, ran in zip(done, swarm.ran, strict=True):
        if ran.code == REFUSED and set(test_races_override.refusals(ran)) <= race.REFUSED:
            continue
        if ran.code == REFUSED or not _may_be(line, ran, storm):
            failed.append((line, ran.code, ran.err[-500:]))
    return Verdict(
        failed=failed,
        miscounted=race.wrong(url),
        broken=[*problems(url), *test_races_override.doctor(url)],
    )


_KINDS: dict[str, tuple[Callable[..., list[list[Line]]], Callable[..., Verdict]]] = {
    "confirms": (confirming, judge_confirming),
    "mixed": (mixing, judge_mixing),
    "overrides": (overriding, judge_overriding),
    "absences": (standing_in, judge_standing_in),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one campaign and print it; 0 if it went as it must."""
    options = _parser().parse_args(arguments)
    each = options.each or EACH[options.what]
    campaign = Campaign(options.what, each, options.seed, options.control, options.processes)
    print(f"racing: seed {campaign.seed}, {campaign.what} on {options.database} …", flush=True)
    with ExitStack() as stack:
        server = None
        if options.database == "sqlite":
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="petmsg-campaign-"))
            url = locate(str(Path(folder) / "petmsg.db")).url
        else:
            server = stack.enter_context(running_server(again=True))
            url = server.url(server.create())
            if campaign.control == ALWAYS:
                stack.enter_context(without_waiting(server))
        migrate.upgrade(url, actor=ACTOR, now=NOW, create=server is None)
        hive = stack.enter_context(Hive())
        outcome = run(url, hive, campaign, server if options.storm else None)
    for name in outcome.verdict.faults:
        print(f"{name}: {getattr(outcome.verdict, name)[:5]}")
    print(outcome)
    is_late = options.what == "confirms" and outcome.worst_seconds > WORST_SECONDS
    if is_late:
        print(f"a confirmation took longer than {WORST_SECONDS} s")
    if campaign.control is not None:
        return int(CONTROLS[campaign.control] not in outcome.verdict.faults)
    return int(bool(outcome.verdict.faults) or is_late)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.campaigns.racing")
    parser.add_argument("what", choices=sorted(_KINDS))
    parser.add_argument("--each", type=int, help="commands of a process")
    parser.add_argument("--processes", type=int, default=PROCESSES)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--storm", action="store_true", help="PostgreSQL fails at random moments")
    parser.add_argument("--control", choices=sorted(CONTROLS))
    return parser


if __name__ == "__main__":
    sys.exit(main())
