"""Sixteen processes say who is away and hand over, book, confirm and reassign the same visits.

Every window has its booking's sitter, absences do not overlap, the audit log verifies, and
`doctor` finds nothing in the data.
"""

import random
from collections.abc import Iterator

import pytest

from tests.campaigns.crowd import company, load, quick
from tests.support.consistency import problems, raw
from tests.support.fixtures import looking, run_cli
from tests.support.swarm import Hive
from tests.system.test_races_override import doctor, refusals

PROCESSES, COMMANDS, SITTERS, VISITS = 16, 6, 4, 12
REFUSED = {"hand_over_refused", "absence_not_chosen"}
"""What a command may be refused for, because another one was faster."""


@pytest.fixture(scope="module")
def hive() -> Iterator[Hive]:
    """A warm process to fork from."""
    with Hive() as warm:
        yield warm


def build(url: str) -> None:
    """Four sitters with three visits each: one runs, one is confirmed, one is pending."""
    company(url, sitters=SITTERS, numbers=SITTERS, clients=VISITS)
    quick(url)
    times = (("-1h", "+6h"), ("+24h", "+26h"), ("+30h", "+32h"))
    visits = [
        (f"B-{i}", f"C-{i}", f"S-{i % SITTERS + 1}", *times[i % 3]) for i in range(1, VISITS + 1)
    ]
    load(url, "booking", ("ref", "client", "sitter", "starts_at", "ends_at"), *visits)
    assert run_cli(url, "sitter", "activate", *[f"S-{i}" for i in range(1, SITTERS + 1)]).code == 0
    sure = [f"B-{i}" for i in range(1, VISITS + 1) if i % 3 != 2]
    assert run_cli(url, "booking", "confirm", *sure).code == 0


def work(process: int, *, commands: int = COMMANDS, seed: int = 0) -> list[list[str]]:
    """What one person does to the visits of all."""
    dice = random.Random(process + PROCESSES * seed)
    lines: list[list[str]] = []
    for place in range(commands):
        sitter, other = (f"S-{each}" for each in dice.sample(range(1, SITTERS + 1), 2))
        booking, words = f"B-{dice.randint(1, VISITS)}", f"Text {process} {place}"
        span = ("--from", f"+{dice.randint(0, 20)}h", "--to", f"+{dice.randint(25, 60)}h")
        away = ["sitter", "away", sitter, *span, "--reason", words]
        line = dice.choice(
            [
                away,
                [*away, "--to-sitter", other],
                [*away, "--to-sitter", other],
                ["sitter", "back", sitter],
                ["booking", "reassign", booking, other],
                ["booking", "confirm", booking],
                ["booking", "add", "--client", f"C-{dice.randint(1, VISITS)}", "--sitter", sitter,
                 "--start", f"+{dice.randint(1, 40)}h", "--end", "+50h"],
            ]
        )  # fmt: skip
        lines.append([*line, "--actor", f"person-{process}"])
    return lines


def wrong(url: str) -> list[str]:
    """What is not as one history of absences and hand-overs leaves it, in words."""
    with looking(url) as cursor:
        apart = cursor.tuples(
            "SELECT b.ref FROM booking b JOIN assignment_window w ON w.booking_id = b.id"
            " WHERE b.status = 'confirmed' AND b.sitter_id IS DISTINCT FROM w.sitter_id"
        )
        rows = int(cursor.value("SELECT count(*) FROM sitter_absence"))
        added = int(
            cursor.value("SELECT count(*) FROM audit_event WHERE event = 'sitter.absence_added'")
        )
    found = [f"the window of {ref} has another sitter than the booking" for (ref,) in apart]
    return found + [f"{rows} absences, and the audit has {added}"] * (rows != added)


def test_absences_and_hand_overs_of_16_processes_leave_one_history(
    migrated_url: str, hive: Hive
) -> None:
    build(migrated_url)
    jobs = [work(process) for process in range(PROCESSES)]
    swarm = hive.run(migrated_url, jobs, environ={"PETMSG_OUTPUT": "json"}, seconds=300)
    assert len(swarm.ran) == PROCESSES * COMMANDS
    assert [(ran.code, ran.err) for ran in swarm.ran if ran.code not in (0, 4)] == []
    assert {code for ran in swarm.ran if ran.code == 4 for code in refusals(ran)} <= REFUSED
    assert problems(migrated_url) == []
    assert doctor(migrated_url) == []
    assert wrong(migrated_url) == []
    with looking(migrated_url) as cursor:
        assert int(cursor.value("SELECT count(*) FROM sitter_absence")) > 3
        reassigned = "SELECT count(*) FROM audit_event WHERE event = 'booking.reassigned'"
        assert int(cursor.value(reassigned)) > 3


def test_a_window_of_another_sitter_would_be_noticed(migrated_url: str) -> None:
    """Negative control of the checks."""
    build(migrated_url)
    assert wrong(migrated_url) == []
    with raw(migrated_url) as cursor:
        cursor.run("UPDATE assignment_window SET sitter_id = NULL WHERE id = 1")
    assert wrong(migrated_url) == ["the window of B-1 has another sitter than the booking"]
