"""kill -9 at random moments of every command that writes much: all of it happened, or nothing.

The moments are drawn from a seed, which is printed; `PETMSG_SEED` repeats a run, and
`PETMSG_KILLS` asks for more kills of each command than the few that a test run has. A killed
process gets no chance to tidy up: what is left is what the database alone keeps.
"""

import os
import random
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from petmsg import clock
from petmsg.db import migrate
from petmsg.db.location import locate
from petmsg.services.outbox.unknown_outcomes import GRACE, SECOND_LOOK
from tests.support.consistency import problems
from tests.support.fixtures import ACTOR, NOW, Ran, add_org, lines, looking, run_cli
from tests.support.swarm import Hive

BOOKINGS = 1200  # two chunks of an import, two of a confirmation
SEED = int(os.environ.get("PETMSG_SEED") or random.randrange(10**6))
KILLS = int(os.environ.get("PETMSG_KILLS") or 2)


@dataclass(frozen=True)
class Victim:
    """A command to kill: its line, what it makes complete, and which counts are never between.

    `done` and `whole` are queries that give one number: `done` is `complete` when the command has
    done all of its work, and `whole` is always one of `steps`.
    """

    line: tuple[str, ...]
    done: str
    complete: int
    steps: tuple[int, ...]
    before: tuple[tuple[str, ...], ...] = ()
    stdin: str = ""


CSV = lines(
    ("ref", "client", "sitter", "starts_at", "ends_at"),
    *(
        (f"B-{i}", f"C-{i % 20 + 1}", "S-1", "2060-01-01T10:00Z", "2060-01-01T11:00Z")
        for i in range(1, BOOKINGS + 1)
    ),
)
IMPORT = ("booking", "import", "-")
CONFIRM = ("booking", "confirm", "--all-pending")

VICTIMS = {
    "booking import": Victim(
        IMPORT, "SELECT count(*) FROM booking", BOOKINGS, (0, 1000, BOOKINGS), stdin=CSV
    ),
    "booking confirm --all-pending": Victim(
        CONFIRM,
        "SELECT count(*) FROM assignment_window",
        BOOKINGS,
        (0, 1000, BOOKINGS),
        before=(IMPORT,),
        stdin=CSV,
    ),
    "sitter activate": Victim(
        ("sitter", "activate", *(f"S-{i}" for i in range(1, 11))),
        "SELECT count(*) FROM message_number WHERE sitter_id IS NOT NULL",
        10,
        (0, 10),
    ),
    "sitter deactivate": Victim(
        ("sitter", "deactivate", "S-1", "--yes"),
        "SELECT count(*) FROM booking WHERE sitter_id IS NULL",
        BOOKINGS,
        (0, BOOKINGS),
        before=(("sitter", "activate", "S-1"), IMPORT, CONFIRM),
        stdin=CSV,
    ),
    "number quarantine": Victim(
        (
            "number",
            "quarantine",
            *(f"+141555601{i:02}" for i in range(10)),
            "--reason",
            "complaints",
        ),
        "SELECT count(*) FROM message_number WHERE status = 'quarantined'",
        10,
        (0, 10),
    ),
    "client forget": Victim(
        ("client", "forget", "C-1", "--reason", "asked", "--yes"),
        "SELECT count(*) FROM message WHERE body IS NULL",
        20,
        (0, 20),
        before=tuple(
            ("message", "send", "C-1", "--body", f"Text {i}", "--queue-only") for i in range(20)
        ),
    ),
}


def company(url: str) -> None:
    migrate.upgrade(url, actor=ACTOR, now=NOW, create=True)
    add_org(url)
    for noun, rows in (
        ("client", [(f"C-{i}", f"Client {i}", f"+1202556{i:04}") for i in range(1, 21)]),
        ("sitter", [(f"S-{i}", f"Sitter {i}", f"+1303556{i:04}") for i in range(1, 11)]),
    ):
        ran = run_cli(url, noun, "import", "-", stdin=lines(("ref", "name", "phone"), *rows))
        assert ran.code == 0, ran.err
    numbers = [f"+141555601{i:02}" for i in range(10)]
    assert run_cli(url, "number", "add", *numbers, "--class", "sitter").code == 0
    assert run_cli(url, "number", "add", "+14155560200", "--class", "pool").code == 0


@pytest.fixture(scope="module")
def hive() -> Iterator[Hive]:
    with Hive() as warm:
        yield warm


Fresh = Callable[[str, Callable[[str], None]], str]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> Fresh:
    """A function `(name, builder) -> url of a new copy of what builder made`."""
    if request.param == "postgresql":
        copy: Fresh = request.getfixturevalue("postgres_template")
        return copy
    originals: dict[str, Path] = {}

    def copied(name: str, builder: Callable[[str], None]) -> str:
        if name not in originals:
            originals[name] = tmp_path / f"original-{len(originals)}.db"
            builder(locate(str(originals[name])).url)
        path = tmp_path / f"{time.monotonic_ns()}.db"
        shutil.copy(originals[name], path)
        return locate(str(path)).url

    return copied


def value(url: str, sql: str) -> int:
    with looking(url) as cursor:
        return int(cursor.value(sql))


@pytest.mark.slow
@pytest.mark.parametrize("name", VICTIMS)
def test_a_killed_command_did_all_or_nothing_and_finishes_when_repeated(
    name: str, fresh: Fresh, hive: Hive, request: pytest.FixtureRequest
) -> None:
    victim = VICTIMS[name]

    def build(url: str) -> None:
        company(url)
        for line in victim.before:
            ran = run_cli(url, *line, stdin=victim.stdin)
            assert ran.code == 0, ran.err

    url = fresh(f"kill {name}", build)
    started = time.monotonic()
    whole = hive.run(url, [[victim.line]], stdin=victim.stdin)
    span = time.monotonic() - started
    assert whole.codes == {0}, whole.ran[0].err
    assert value(url, victim.done) == victim.complete
    dice = random.Random(f"{SEED} {name}")
    seen: Counter[int] = Counter()
    for _ in range(KILLS):
        url = fresh(f"kill {name}", build)
        moment = dice.uniform(0.05, 1.0) * span
        print(f"PETMSG_SEED={SEED}: killed after {moment * 1000:.0f} ms of {span * 1000:.0f}")  # noqa: T201
        killed = hive.run(url, [[victim.line]], stdin=victim.stdin, kill_after=moment)
        settle(url)
        assert problems(url) == []
        found = value(url, victim.done)
        assert found in victim.steps
        assert killed.jobs[0][0] is None or found == victim.complete
        seen[found] += 1
        again = hive.run(url, [[victim.line]], stdin=victim.stdin)
        assert again.codes == {0}, again.ran[0].err
        assert value(url, victim.done) == victim.complete
        assert problems(url) == []
    print(f"{name}: {dict(seen)}")  # noqa: T201


def settle(url: str) -> None:
    """PostgreSQL needs a moment to notice that a client is gone, and rolls back then."""
    if not locate(url).is_sqlite:
        deadline = time.monotonic() + 10
        others = (
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        while value(url, others) and time.monotonic() < deadline:
            time.sleep(0.02)


# ---------------------------------------------------------------------------------------- sending

SEND = ("message", "send", "C-1", "--body", "Hello", "--key", "k", "-o", "json")


@pytest.mark.slow
def test_a_killed_send_is_never_repeated_as_a_second_text(fresh: Fresh, hive: Hive) -> None:
    """Killed before the commit of its claim it is sent by the repetition. Killed after that, its
    outcome is unknown: the repetition says where it stands, and the carrier is asked."""
    url = fresh("kill send", company)
    started = time.monotonic()
    assert hive.run(url, [[SEND]]).codes == {0}
    span = time.monotonic() - started
    dice = random.Random(f"{SEED} send")
    seen: Counter[tuple[str, int]] = Counter()
    for _ in range(3 * KILLS):
        url = fresh("kill send", company)
        moment = dice.uniform(0.1, 1.0) * span
        print(f"PETMSG_SEED={SEED}: killed after {moment * 1000:.1f} ms of {span * 1000:.1f}")  # noqa: T201
        hive.run(url, [[SEND]], kill_after=moment)
        settle(url)
        assert problems(url) == []
        state = status(url)
        texts = value(url, "SELECT count(*) FROM sandbox_text")
        seen[state, texts] += 1
        assert (state, texts) in {("none", 0), ("sending", 0), ("sending", 1), ("sent", 1)}
        again = hive.run(url, [[SEND, ("message", "dispatch")]])
        for ran in again.ran:
            assert "Traceback" not in ran.err
        assert again.ran[0].code == 0
        sent_exactly_once_in_the_end(url, is_unknown=(state, texts) == ("sending", 0))
    print(f"message send: {dict(seen)}")  # noqa: T201


def status(url: str) -> str:
    with looking(url) as cursor:
        return str(cursor.value("SELECT status FROM message") or "none")


def sent_exactly_once_in_the_end(url: str, *, is_unknown: bool) -> None:
    """After the dispatch that found the sender dead: what the carrier has is sent, and what it
    does not have is sent a while later, once it surely will not come."""
    if is_unknown:
        assert (status(url), value(url, "SELECT count(*) FROM sandbox_text")) == ("unknown", 0)
        for waited in (timedelta(0), GRACE, GRACE + SECOND_LOOK + timedelta(seconds=1)):
            later = clock.now() + waited
            ran = run_cli(url, "message", "dispatch", "-o", "json", now=later)
            assert "Traceback" not in ran.err
    assert (status(url), value(url, "SELECT count(*) FROM sandbox_text")) == ("sent", 1)
    assert value(url, "SELECT count(*) FROM message") == 1
    assert problems(url) == []


@pytest.mark.parametrize("reached", [False, True], ids=["before the carrier", "after the carrier"])
def test_a_text_killed_between_claim_and_record_is_found_or_sent_again_once(
    migrated_url: str, hive: Hive, reached: bool
) -> None:
    """The moment that timing rarely meets, made exactly. petmsg cannot know whether it was sent,
    and asks the carrier before it tries again."""
    add_org(migrated_url)
    assert run_cli(migrated_url, "client", "add", "Anna", "--phone", "+12025550101").code == 0
    hive.run(
        migrated_url,
        [[SEND]],
        sabotage="killed after the carrier" if reached else "killed before the carrier",
    )
    settle(migrated_url)
    assert status(migrated_url) == "sending"
    assert problems(migrated_url) == []
    assert value(migrated_url, "SELECT count(*) FROM sandbox_text") == int(reached)
    again: list[Ran] = hive.run(migrated_url, [[SEND]] * 2).ran
    assert {ran.code for ran in again} == {0}
    assert again[0].json["status"] == "sending", "the repetition hides that the fate is not known"
    dispatched = hive.run(migrated_url, [[("message", "dispatch", "-o", "json")]] * 2)
    # Of two at once one may find that the other has just looked.
    assert dispatched.codes <= ({0} if reached else {0, 6})
    assert reached or 6 in dispatched.codes
    sent_exactly_once_in_the_end(migrated_url, is_unknown=not reached)


def test_a_blind_requeue_would_be_noticed(migrated_url: str, hive: Hive) -> None:
    """Negative control: a carrier that is not asked, as after a lease's end, sends it twice."""
    add_org(migrated_url)
    assert run_cli(migrated_url, "client", "add", "Anna", "--phone", "+12025550101").code == 0
    hive.run(migrated_url, [[SEND]], sabotage="killed after the carrier")
    settle(migrated_url)
    hive.run(migrated_url, [[("message", "dispatch")]], sabotage="blind requeue")
    assert value(migrated_url, "SELECT count(*) FROM sandbox_text") == 2


def test_sending_before_claiming_would_be_noticed(migrated_url: str, hive: Hive) -> None:
    """Negative control: a message that is handed over first and marked after goes out twice."""
    add_org(migrated_url)
    assert run_cli(migrated_url, "client", "add", "Anna", "--phone", "+12025550101").code == 0
    hive.run(migrated_url, [[SEND]], sabotage="claim forgotten, killed after the carrier")
    settle(migrated_url)
    hive.run(migrated_url, [[SEND, ("message", "dispatch")]])
    assert value(migrated_url, "SELECT count(*) FROM sandbox_text") == 2


def test_a_command_that_commits_by_half_would_be_noticed(migrated_url: str, hive: Hive) -> None:
    """Negative control: the windows are committed, and the audit a moment later."""
    company_of_one(migrated_url)
    hive.run(
        migrated_url, [[("booking", "confirm", "B-1")]], sabotage="killed before the second half"
    )
    settle(migrated_url)
    assert problems(migrated_url) != []


def company_of_one(url: str) -> None:
    add_org(url)
    for line in (
        "client add Anna --ref C-1 --phone +12025550101",
        "booking add --ref B-1 --client C-1 --start +1h --end +2h",
    ):
        assert run_cli(url, *line.split()).code == 0
