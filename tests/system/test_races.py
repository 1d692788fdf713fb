"""Many processes at once, on both databases: what one client, sitter or number has, it has once.

Each claim has a negative control: the same check on processes that lack what holds petmsg
together, where it must fail.
"""

import json
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from petmsg.db.location import locate
from tests.campaigns.crowd import (
    book,
    company,
    load,
    number,
    quick,
    shuffled,
    watch_claims,
)
from tests.support.consistency import problems, raw
from tests.support.fixtures import NOW, add_org, lines, looking, run_cli
from tests.support.swarm import ROOT, Hive

CLIENTS, BOOKINGS, SITTERS, NUMBERS = 20, 200, 40, 30
PROCESSES = 16


@pytest.fixture(scope="module")
def hive() -> Iterator[Hive]:
    """A warm process to fork from."""
    with Hive() as warm:
        yield warm


def count(url: str, table: str, where: str = "1 = 1") -> int:
    with looking(url) as cursor:
        return int(cursor.value(f"SELECT count(*) FROM {table} WHERE {where}"))


# --------------------------------------------------------------------------------------- confirming


def test_200_bookings_of_20_clients_confirmed_by_16_processes_at_once(
    migrated_url: str, hive: Hive
) -> None:
    """Half of them in one command line each, half in ten: in 16 different orders."""
    company(migrated_url, clients=CLIENTS, sitters=2)
    refs = book(migrated_url, BOOKINGS, clients=CLIENTS, sitters=2)
    jobs = []
    for process in range(PROCESSES):
        mine = shuffled(refs, process)
        step = BOOKINGS if process % 2 else BOOKINGS // 10
        pieces = [mine[start : start + step] for start in range(0, BOOKINGS, step)]
        jobs.append([["booking", "confirm", *piece, "-o", "json"] for piece in pieces])
    swarm = hive.run(migrated_url, jobs)
    assert [ran.err for ran in swarm.ran if ran.code] == []
    assert len(swarm.ran) == PROCESSES // 2 * 11
    rows = [row for ran in swarm.ran for row in ran.json]
    assert len(rows) == PROCESSES * BOOKINGS
    assert len({(row["client"], row["thread"]) for row in rows}) == CLIENTS
    assert len({(row["booking"], row["window"]) for row in rows}) == BOOKINGS
    made = Counter(row["booking"] for row in rows if not row["reused"]["window"])
    assert set(made.values()) == {1}, "two commands say that they made the same window"
    assert len(made) == BOOKINGS
    assert count(migrated_url, "thread") == CLIENTS
    assert count(migrated_url, "assignment_window") == BOOKINGS
    assert count(migrated_url, "booking", "status = 'confirmed'") == BOOKINGS
    assert count(migrated_url, "audit_event", "event = 'booking.confirmed'") == BOOKINGS
    assert problems(migrated_url) == []


def test_without_on_conflict_the_same_race_makes_several_threads(
    migrated_url: str, hive: Hive
) -> None:
    """Negative control: look first, then make, with nothing that holds one thread per client."""
    company(migrated_url, clients=CLIENTS)
    refs = book(migrated_url, BOOKINGS, clients=CLIENTS)
    if locate(migrated_url).is_sqlite:
        sabotage = "deferred begin"
    else:
        sabotage = "threads without conflict"
        with raw(migrated_url) as cursor:
            cursor.run("ALTER TABLE thread DROP CONSTRAINT uq_thread_org_id_client_id CASCADE")
    jobs = [
        [["booking", "confirm", ref] for ref in shuffled(refs, process)[:25]]
        for process in range(PROCESSES // 2)
    ]
    swarm = hive.run(migrated_url, jobs, sabotage=sabotage)
    if locate(migrated_url).is_sqlite:
        assert 75 in swarm.codes  # a snapshot that cannot become a write waits for nobody
    else:
        assert any("two threads" in problem for problem in problems(migrated_url))


# --------------------------------------------------------------------------------------- activation


def activations(seed: int) -> list[list[list[str]]]:
    """Each of the 40 sitters activated by two of 16 processes, one command line each."""
    names = shuffled([f"S-{i}" for i in range(1, SITTERS + 1)] * 2, seed)
    share = len(names) // PROCESSES
    return [
        [["sitter", "activate", name, "-o", "jsonl"] for name in names[start : start + share]]
        for start in range(0, len(names), share)
    ]


def test_40_sitters_activated_at_once_with_30_numbers(migrated_url: str, hive: Hive) -> None:
    company(migrated_url, sitters=SITTERS, numbers=NUMBERS)
    jobs = activations(1)
    swarm = hive.run(migrated_url, jobs)
    assert swarm.codes == {0, 4}
    given: dict[str, set[str]] = {}
    refused: Counter[str] = Counter()
    for line, ran in zip([line for job in jobs for line in job], swarm.ran, strict=True):
        if ran.code:
            assert ran.error["code"] == "no_number_free"
            refused[line[2]] += 1
        else:
            given.setdefault(ran.json["sitter"], set()).add(ran.json["number"])
    assert len(given) == NUMBERS
    assert all(len(numbers) == 1 for numbers in given.values()), "a sitter was told two numbers"
    assert len(set.union(*given.values())) == NUMBERS, "a number was given to two sitters"
    assert len(refused) == SITTERS - NUMBERS
    assert set(refused.values()) == {2}
    assert not set(refused) & set(given)
    assert count(migrated_url, "sitter", "status = 'active'") == NUMBERS
    assert count(migrated_url, "audit_event", "event = 'number.assigned'") == NUMBERS
    assert count(migrated_url, "audit_event", "event = 'sitter.activated'") == NUMBERS
    assert problems(migrated_url) == []


def test_several_sitters_a_command_in_any_order_do_not_deadlock(
    migrated_url: str, hive: Hive
) -> None:
    company(migrated_url, sitters=12, numbers=9)
    names = [f"S-{i}" for i in range(1, 13)]
    jobs = [[["sitter", "activate", *shuffled(names, i), "-o", "json"]] for i in range(8)]
    swarm = hive.run(migrated_url, jobs)
    assert swarm.codes == {4}
    for ran in swarm.ran:
        assert {row["error"]["code"] for row in ran.json if "error" in row} == {"no_number_free"}
        assert sum("number" in row for row in ran.json) == 9
    assert count(migrated_url, "message_number", "sitter_id IS NOT NULL") == 9
    assert count(migrated_url, "sitter", "status = 'active'") == 9
    assert problems(migrated_url) == []


@pytest.mark.postgres
def test_without_row_locks_a_number_is_assigned_to_two_sitters(
    postgres_template: object, request: pytest.FixtureRequest, hive: Hive
) -> None:
    """Negative control, on PostgreSQL: SQLite has one writer at a time whatever is left out."""
    url = _migrated_postgres(request)
    company(url, sitters=SITTERS, numbers=NUMBERS)
    with raw(url) as cursor:
        cursor.run("DROP INDEX uq_message_number_holder")
        cursor.run("DROP TRIGGER message_number_first_sitter ON message_number")
    swarm = hive.run(url, activations(1), sabotage="no row locks")
    given = [(ran.json["sitter"], ran.json["number"]) for ran in swarm.ran if ran.code == 0]
    assert len({told for _, told in given}) < len({who for who, _ in given})
    assert problems(url) != []


def _migrated_postgres(request: pytest.FixtureRequest) -> str:
    from petmsg.db import migrate

    template = request.getfixturevalue("postgres_template")
    url: str = template("migrated", lambda fresh: migrate.upgrade(fresh, actor="x", now=NOW))
    return url


# ------------------------------------------------------------------------------- everything at once


def mixed_work(process: int, length: int) -> list[list[str]]:
    """What eight people might do to the same few clients, sitters and numbers."""
    dice = random.Random(process)
    pool = [number(i) for i in range(1, 21)]
    uow: list[list[str]] = []
    while len(uow) < length:
        e164, sitter = dice.choice(pool), f"S-{dice.randint(1, 6)}"
        client, booking = f"C-{dice.randint(1, 6)}", f"B-{dice.randint(1, 24)}"
        uow.append(
            dice.choice(
                [
                    ["number", "quarantine", e164, "--days", "1", "--reason", "complaints"],
                    ["number", "restore", e164, "--reason", "cleared"],
                    ["sitter", "renumber", sitter, "--reason", "complaints"],
                    ["sitter", "activate", sitter],
                    ["booking", "confirm", booking],
                    ["booking", "reassign", booking, "--sitter", sitter],
                    ["message", "send", client, "--body", f"Text {process} {len(uow)}"],
                    ["message", "send", client, "--body", f"Text {process} {len(uow)}"],
                    ["message", "dispatch"],
                ]
            )
        )
    return uow


def mixed_company(url: str) -> None:
    company(url, sitters=6, numbers=20, clients=6)
    load(url, "number", ("e164", "class"), *((number(i), "pool") for i in range(101, 104)))
    quick(url)
    rows = [
        (f"B-{i}", f"C-{i % 6 + 1}", f"S-{i % 6 + 1}", "2020-01-01T00:00Z", "2060-01-01T00:00Z")
        for i in range(1, 25)
    ]
    load(url, "booking", ("ref", "client", "sitter", "starts_at", "ends_at"), *rows)
    assert run_cli(url, "sitter", "activate", *(f"S-{i}" for i in range(1, 7))).code == 0
    assert run_cli(url, "booking", "confirm", "--all-pending").code == 0
    watch_claims(url)


def test_mixed_work_of_eight_processes_leaves_everything_whole(
    migrated_url: str, hive: Hive
) -> None:
    mixed_company(migrated_url)
    jobs = [mixed_work(process, 15) for process in range(8)]
    swarm = hive.run(migrated_url, jobs, environ={"PETMSG_OUTPUT": "json"})
    assert len(swarm.ran) == 8 * 15
    unexpected = [(ran.code, ran.err) for ran in swarm.ran if ran.code not in (0, 4)]
    assert unexpected == []
    codes = {ran.error["code"] for ran in swarm.ran if ran.code == 4}
    assert codes <= {
        "number_not_quarantined", "no_number_free", "number_retired", "refused", "front_desk_taken",
    }  # fmt: skip
    assert run_cli(migrated_url, "message", "dispatch", now=None).code == 0
    with looking(migrated_url) as cursor:
        assert cursor.tuples("SELECT * FROM watched") == [], "a text left from a quarantined number"
        twice = cursor.tuples(
            "SELECT body, count(*) FROM sandbox_text GROUP BY body HAVING count(*) > 1"
        )
        assert twice == []
    assert count(migrated_url, "sandbox_text") == count(migrated_url, "message", "status = 'sent'")
    assert count(migrated_url, "message", "status <> 'sent'") == 0
    assert count(migrated_url, "sandbox_text") > 10
    assert problems(migrated_url) == []


def test_a_claim_from_a_quarantined_number_would_be_noticed(migrated_url: str) -> None:
    """Negative control of the watch."""
    mixed_company(migrated_url)
    assert run_cli(migrated_url, "message", "send", "C-1", "--body", "Hi", "--queue-only").code == 0
    assert run_cli(migrated_url, "number", "quarantine", number(101), "--reason", "x").code == 0
    with raw(migrated_url) as cursor:
        cursor.run(
            "UPDATE message SET status = 'sending', number_id ="
            " (SELECT id FROM message_number WHERE e164 = :e164)",
            e164=number(101),
        )
    assert count(migrated_url, "watched", "why = 'quarantined pool'") == 1


INSERT_THREAD = """
INSERT INTO thread (org_id, client_id, created_at)
SELECT org_id, client_id, created_at FROM client_phone WHERE client_id = 2
"""


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        ("UPDATE message_number SET status = 'retired', sitter_id = NULL", "ledger"),
        ("UPDATE message_number SET sitter_id = NULL", "ledger"),
        ("UPDATE booking SET status = 'pending' WHERE ref = 'B-1'", "pending"),
        ("DELETE FROM assignment_window WHERE id = 1", "no window"),
        ("UPDATE assignment_window SET sitter_id = NULL", "not its booking's"),
        ("UPDATE audit_head SET seq = seq + 1", "audit of happy-paws"),
        ("UPDATE sitter SET status = 'offboarded'", "offboarded"),
        ("UPDATE sitter SET status = 'inactive'", "spans"),
        ("UPDATE client SET name = NULL", "forgotten by half"),
        ("UPDATE client_phone SET is_primary = NOT is_primary", "no primary"),
        (INSERT_THREAD, "thread was made without"),
    ],
)  # fmt: skip
def test_what_is_not_whole_would_be_noticed(migrated_url: str, harm: str, told: str) -> None:
    """Negative control of `problems`: each harm is one that a lost half of a write would do."""
    company(migrated_url, sitters=1, numbers=2, clients=2)
    load(
        migrated_url,
        "booking",
        ("ref", "client", "sitter", "starts_at", "ends_at"),
        ("B-1", "C-1", "S-1", "2026-02-14T00:00Z", "2026-02-15T00:00Z"),
    )
    for line in ("sitter activate S-1", "booking confirm B-1", "message send C-1 --body Hi"):
        assert run_cli(migrated_url, *line.split()).code == 0
    assert problems(migrated_url) == []
    with raw(migrated_url) as cursor:
        cursor.run(harm)
    found = problems(migrated_url)
    assert any(told in problem for problem in found), found


# ------------------------------------------------------------------------------ init, adds, sending


def test_concurrent_inits_of_real_processes_make_one_company(tmp_path: Path) -> None:
    """From the first import on: `python -m petmsg`, three of them, on a file that is not there."""
    path = tmp_path / "new" / "petmsg.db"
    command = [sys.executable, "-m", "petmsg", "init", "--db", str(path), "--org", "happy-paws",
               "--name", "Happy Paws", "--timezone", "UTC", "--front-desk", number(1),
               "-o", "json"]  # fmt: skip
    running = [
        subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    for process in running:
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        assert json.loads(out)["org"] == "happy-paws"
    url = locate(str(path)).url
    assert count(url, "org") == 1
    assert count(url, "message_number") == 1
    assert count(url, "audit_event") == 2
    assert path.stat().st_mode & 0o777 == 0o600
    assert problems(url) == []


INIT = ["init", "--org", "happy-paws", "--name", "Happy Paws", "--timezone", "UTC",
        "--front-desk", number(1)]  # fmt: skip


def test_concurrent_inits_make_one_company(database_url: str, hive: Hive) -> None:
    swarm = hive.run(database_url, [[INIT]] * 12)
    assert [ran.err for ran in swarm.ran if ran.code] == []
    assert len(swarm.ran) == 12
    assert count(database_url, "org") == 1
    assert count(database_url, "message_number", "class = 'front_desk'") == 1
    assert count(database_url, "audit_event") == 2
    assert problems(database_url) == []


def test_concurrent_inits_without_the_lock_fail(sqlite_url: str, hive: Hive) -> None:
    """Negative control."""
    swarm = hive.run(sqlite_url, [[INIT]] * 12, sabotage="no write lock")
    assert swarm.codes - {0}


def test_refs_made_up_at_once_are_all_different(migrated_url: str, hive: Hive) -> None:
    add_org(migrated_url)
    jobs = [
        [
            ["client", "add", f"Client {process} {i}", "--phone", f"+12025{process:02}{i:04}"]
            for i in range(6)
        ]
        for process in range(8)
    ]
    swarm = hive.run(migrated_url, jobs)
    assert [ran.err for ran in swarm.ran if ran.code] == []
    with looking(migrated_url) as cursor:
        refs = {row[0] for row in cursor.tuples("SELECT ref FROM client")}
    assert refs == {f"C-{i}" for i in range(1, 49)}
    assert problems(migrated_url) == []


@pytest.mark.postgres
def test_refs_that_are_counted_collide(request: pytest.FixtureRequest, hive: Hive) -> None:
    """Negative control, on PostgreSQL."""
    url = _migrated_postgres(request)
    add_org(url)
    jobs = [
        [["client", "add", f"Client {p} {i}", "--phone", f"+12025{p:02}{i:04}"] for i in range(6)]
        for p in range(8)
    ]
    assert 4 in hive.run(url, jobs, sabotage="counted refs").codes


def test_the_same_client_added_at_once_is_one_client(migrated_url: str, hive: Hive) -> None:
    add_org(migrated_url)
    add = ["client", "add", "Anna", "--phone", "+12025550100", "-o", "json"]
    swarm = hive.run(migrated_url, [[add]] * 12)
    assert [ran.err for ran in swarm.ran if ran.code] == []
    assert sum(not ran.json["reused"] for ran in swarm.ran) == 1
    assert count(migrated_url, "client") == 1


def test_the_same_bookings_imported_at_once_are_there_once(migrated_url: str, hive: Hive) -> None:
    company(migrated_url, clients=5)
    rows = [
        (f"B-{i}", f"C-{i % 5 + 1}", "2026-02-14T10:00Z", "2026-02-14T11:00Z") for i in range(60)
    ]
    csv = lines(("ref", "client", "starts_at", "ends_at"), *rows)
    swarm = hive.run(migrated_url, [[["booking", "import", "-", "-o", "json"]]] * 8, stdin=csv)
    assert [ran.err for ran in swarm.ran if ran.code] == []
    made = Counter(
        row["ref"] for ran in swarm.ran for row in ran.json if row["result"] == "created"
    )
    assert set(made.values()) == {1}
    assert len(made) == 60
    assert count(migrated_url, "audit_event", "event = 'booking.added'") == 60
    assert problems(migrated_url) == []


def test_a_key_used_at_once_is_one_text(migrated_url: str, hive: Hive) -> None:
    company(migrated_url, clients=1)
    send = ["message", "send", "C-1", "--body", "Hello", "--key", "k", "-o", "json"]
    swarm = hive.run(migrated_url, [[send]] * 12)
    assert [ran.err for ran in swarm.ran if ran.code] == []
    assert len({ran.json["message"] for ran in swarm.ran}) == 1
    assert count(migrated_url, "sandbox_text") == 1
    assert problems(migrated_url) == []


def waiting_messages(url: str, texts: int, *, clients: int) -> None:
    """That many messages in the queue, in turn of the clients."""
    for i in range(texts):
        send = ["message", "send", f"C-{i % clients + 1}", "--body", f"Text {i}", "--queue-only"]
        assert run_cli(url, *send).code == 0


DISPATCH = ["message", "dispatch", "-o", "json"]


def test_a_queue_drained_by_eight_processes_sends_each_text_once_and_in_its_order(
    migrated_url: str, hive: Hive
) -> None:
    company(migrated_url, clients=8)
    load(migrated_url, "number", ("e164", "class"), *((number(i), "pool") for i in range(101, 105)))
    quick(migrated_url)
    waiting_messages(migrated_url, 24, clients=8)
    for _ in range(6):  # a message that another one's holds up waits for the next run
        swarm = hive.run(migrated_url, [[DISPATCH]] * 8)
        assert swarm.codes == {0}, [ran.err for ran in swarm.ran if ran.code]
        if count(migrated_url, "message", "status = 'queued'") == 0:
            break
    with looking(migrated_url) as cursor:
        taken = cursor.tuples("SELECT to_e164, body FROM sandbox_text ORDER BY accepted_at, id")
        told = cursor.value("SELECT count(*) FROM message_attempt")
    assert sorted(Counter(body for _, body in taken).values()) == [1] * 24
    assert told == 24
    for client in {to for to, _ in taken}:
        hers = [int(body.split()[1]) for to, body in taken if to == client]
        assert hers == sorted(hers)
    assert problems(migrated_url) == []


def test_workers_of_several_processes_keep_the_pace_of_a_number_together(
    migrated_url: str, hive: Hive
) -> None:
    """Ten messages of ten clients at five a second from the only number: no two of them start
    closer than a fifth of a second, whoever sends them."""
    company(migrated_url, clients=10)
    with raw(migrated_url) as cursor:
        cursor.run("UPDATE message_number SET segments_per_second = 5")
    waiting_messages(migrated_url, 10, clients=10)
    swarm = hive.run(migrated_url, [[DISPATCH]] * 4)
    assert swarm.codes == {0}, [ran.err for ran in swarm.ran if ran.code]
    assert count(migrated_url, "message", "status = 'sent'") == 10
    with looking(migrated_url) as cursor:
        rows = cursor.rows("SELECT claimed_at FROM message_attempt ORDER BY claimed_at")
        free_at = cursor.rows("SELECT free_at FROM message_number")[0]["free_at"]
    # Claimed at most 0.2 s ahead of its start: ten of them take at least nine fifths.
    assert free_at - rows[0]["claimed_at"] >= timedelta(seconds=10 / 5)
    assert rows[-1]["claimed_at"] - rows[0]["claimed_at"] >= timedelta(seconds=9 / 5 - 0.2)


def test_workers_that_look_no_more_whether_a_text_is_taken_send_it_twice(
    migrated_url: str, hive: Hive
) -> None:
    """Negative control."""
    company(migrated_url, clients=4)
    quick(migrated_url)
    waiting_messages(migrated_url, 12, clients=4)
    hive.run(migrated_url, [[DISPATCH]] * 8, sabotage="claims unseen")
    assert count(migrated_url, "sandbox_text") > 12
