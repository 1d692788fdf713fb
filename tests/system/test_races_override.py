"""Sixteen processes override, reply, claim and close the same threads: one history is left.

At each time at most one override of a client holds, a message is answered once, nothing is sent
twice, the audit log verifies, and `doctor` finds nothing in the data.
"""

import json
import random
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise

import pytest

from petmsg.db.cursor import Cursor
from tests.campaigns.crowd import company, load, number, quick
from tests.support.consistency import problems, raw
from tests.support.fixtures import Ran, looking, run_cli
from tests.support.swarm import Hive

PROCESSES, COMMANDS, CLIENTS, WAITING = 16, 8, 3, 4
DESK = "+14155550100"
REFUSED = {
    "claimed_by_somebody_else", "not_in_the_inbox", "already_answered", "with_the_sitter",
}  # fmt: skip
"""What a command may be refused for, because another one was faster."""


@pytest.fixture(scope="module")
def hive() -> Iterator[Hive]:
    """A warm process to fork from."""
    with Hive() as warm:
        yield warm


def phone(client: int) -> str:
    return f"+1202556{client:04}"


def build(url: str) -> list[int]:
    """Three clients whose sitter's window is always open, each with messages that wait; the IDs of
    these."""
    company(url, sitters=2, numbers=4, clients=CLIENTS)
    quick(url)
    assert run_cli(url, "org", "set", "--relay", "on").code == 0
    visits = [
        (f"B-{i}", f"C-{i}", f"S-{i % 2 + 1}", "2020-01-01T00:00Z", "2060-01-01T00:00Z")
        for i in range(1, CLIENTS + 1)
    ]
    load(url, "booking", ("ref", "client", "sitter", "starts_at", "ends_at"), *visits)
    assert run_cli(url, "sitter", "activate", "S-1", "S-2").code == 0
    assert run_cli(url, "booking", "confirm", "--all-pending").code == 0
    for client in range(1, CLIENTS + 1):
        for place in range(WAITING):
            came = ("--from", phone(client), "--to", DESK, "--body", f"Hello {client} {place}")
            assert run_cli(url, "message", "receive", *came, now=None).code == 0
    with looking(url) as cursor:
        return [row[0] for row in cursor.tuples("SELECT message_id FROM inbound_text ORDER BY 1")]


def work(
    process: int, messages: list[int], *, commands: int = COMMANDS, seed: int = 0
) -> list[list[str]]:
    """What one person does to the threads of all."""
    dice = random.Random(process + PROCESSES * seed)
    lines: list[list[str]] = []
    for place in range(commands):
        client, message = dice.randint(1, CLIENTS), str(dice.choice(messages))
        disputed = str(dice.choice(messages[-WAITING:]))  # the others are closed by replies only
        ref, words = f"C-{client}", f"Text {process} {place}"
        until = ("--until", dice.choice(("+1h", "+2h")), "--reason", words)
        line = dice.choice(
            [
                ["route", "override", ref, *until],
                ["route", "override", ref, *until],
                ["route", "override", "end", ref],
                ["inbox", "reply", message, "--body", words],
                ["inbox", "reply", message, "--body", words],
                ["inbox", "claim", disputed],
                ["inbox", "done", disputed],
                ["message", "send", ref, "--as", "desk", "--body", words],
                ["message", "receive", "--from", phone(client), "--to", number(1), "--body", words],
                ["message", "dispatch"],
            ]
        )
        lines.append([*line, "--actor", f"person-{process}"])
    return lines


def spans(url: str) -> dict[str, list[tuple[datetime, datetime]]]:
    """When the overrides of each client held, in their order."""
    found: dict[str, list[tuple[datetime, datetime]]] = {}
    with looking(url) as cursor:
        for row in cursor.rows(
            "SELECT c.ref, o.starts_at, coalesce(o.ended_at, o.until_at) AS ends_at"
            " FROM route_override o JOIN client c ON c.id = o.client_id"
            " ORDER BY o.starts_at, o.id"
        ):
            found.setdefault(row["ref"], []).append((row["starts_at"], row["ends_at"]))
    return found


def overlaps(url: str) -> list[str]:
    """Clients of whom two overrides hold at once."""
    return [
        client
        for client, held in spans(url).items()
        if any(before[1] > after[0] for before, after in pairwise(held))
    ]


def refusals(ran: Ran) -> list[str]:
    """The codes of what a command refused: of each row, if it has a result for each."""
    if not ran.out:
        return [ran.error["code"]]
    codes = [row["error"]["code"] for row in ran.json if "error" in row]
    return [code for code in codes if code != "message_failed"]


def doctor(url: str) -> list[str]:
    """The problems that doctor finds in the data."""
    ran = run_cli(url, "doctor", "--findings", "-o", "json", now=None)
    elsewhere = {"webhooks_signed", "clients_answered", "media_place"}
    return [
        row["message"]
        for row in ran.json
        if row["result"] == "problem" and row["check"] not in elsewhere
    ]


def wrong(url: str) -> list[str]:
    """What is not as one history of overrides and replies leaves it, in words."""
    found = [f"two overrides of {client} hold at once" for client in overlaps(url)]
    with looking(url) as cursor:
        failed = cursor.tuples(
            "SELECT DISTINCT m.error_code, r.kind FROM message m"
            " LEFT JOIN relay r ON r.message_id = m.id WHERE m.status = 'failed'"
        )
        # An override began before they were sent.
        found += [f"a message failed: {row}" for row in failed if row != ("override", "forward")]
        events = Counter(
            row[0] for row in cursor.tuples("SELECT event FROM audit_event WHERE entity = 'client'")
        )
        rows = int(cursor.value("SELECT count(*) FROM route_override"))
        ended = int(cursor.value("SELECT count(*) FROM route_override WHERE ended_at IS NOT NULL"))
        if (events["override.started"], events["override.ended"]) != (rows, ended):
            found.append(f"{rows} overrides, {ended} of them ended, and the audit has {events}")
        twice = (
            "SELECT {0}, count(*) FROM {1} WHERE {0} IS NOT NULL GROUP BY {0} HAVING count(*) > 1"
        )
        for what, column, table in (
            ("sent twice", "body", "sandbox_text"),
            ("answered twice", "reply_to_id", "message_source"),
        ):
            repeated = cursor.tuples(twice.format(column, table))
            found += [f"{what}: {row}" for row in repeated]
        answered = cursor.tuples(
            "SELECT i.message_id, i.done_by, m.actor FROM message_source s"
            " JOIN inbound_text i ON i.message_id = s.reply_to_id"
            " JOIN message m ON m.id = s.message_id"
        )
        found += [f"closed by another than who answered: {row}" for row in answered
                  if row[1] != row[2]]  # fmt: skip
        closed = cursor.tuples(
            "SELECT ref, count(*) FROM audit_event WHERE event = 'inbox.done' GROUP BY ref"
        )
        found += [f"closed twice: {row}" for row in closed if row[1] > 1]
        found += [f"a person's message left {e164}" for e164 in by_a_person(cursor) if e164 != DESK]
        forwarded = cursor.tuples(
            "SELECT i.message_id FROM inbound_text i JOIN relay r ON r.about_id = i.message_id"
            " WHERE i.code = 'OVERRIDE' AND r.kind = 'forward'"
        )
        found += [f"forwarded during an override: {row}" for row in forwarded]
    return found


def by_a_person(cursor: Cursor) -> list[str]:
    """The numbers from which messages of the desk were sent, or of an override."""
    return [
        from_e164
        for decision, from_e164 in cursor.tuples(
            "SELECT decision, from_e164 FROM message WHERE direction = 'outbound'"
            " AND decision IS NOT NULL AND thread_id IS NOT NULL"
        )
        if json.loads(decision)["trace"][0]["code"] in ("DESK_SPEAKS", "OVERRIDE")
    ]


def test_overrides_replies_claims_and_ends_of_16_processes_leave_one_history(
    migrated_url: str, hive: Hive
) -> None:
    messages = build(migrated_url)
    jobs = [work(process, messages) for process in range(PROCESSES)]
    swarm = hive.run(migrated_url, jobs, environ={"PETMSG_OUTPUT": "json"}, seconds=300)
    assert len(swarm.ran) == PROCESSES * COMMANDS
    assert [(ran.code, ran.err) for ran in swarm.ran if ran.code not in (0, 4)] == []
    assert {code for ran in swarm.ran if ran.code == 4 for code in refusals(ran)} <= REFUSED
    assert run_cli(migrated_url, "message", "dispatch", now=None).code in (0, 4)
    assert wrong(migrated_url) == []
    assert problems(migrated_url) == []
    assert doctor(migrated_url) == []
    with looking(migrated_url) as cursor:
        assert int(cursor.value("SELECT count(*) FROM route_override")) > 3
        replies = "SELECT count(*) FROM message_source WHERE reply_to_id IS NOT NULL"
        assert int(cursor.value(replies)) > 3
        assert len(by_a_person(cursor)) > 3


def test_two_overrides_at_once_would_be_noticed(migrated_url: str) -> None:
    """Negative control of the checks: the database does not hold them any more."""
    build(migrated_url)
    for until in ("+1h", "+2h"):
        line = ("route", "override", "C-1", "--until", until, "--reason", "x")
        assert run_cli(migrated_url, *line, now=None).code == 0
    assert overlaps(migrated_url) == [] == doctor(migrated_url)
    with raw(migrated_url) as cursor:
        cursor.run("DROP INDEX uq_route_override_not_ended")
        cursor.run("UPDATE route_override SET ended_at = NULL, ended_by = NULL")
    assert overlaps(migrated_url) == ["C-1"]
    assert "two overrides of C-1 hold at once" in wrong(migrated_url)
    assert any("began before the one before it ended" in each for each in doctor(migrated_url))
