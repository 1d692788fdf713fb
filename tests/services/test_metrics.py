"""The figures for a monitoring system: equal to a naive count, bounded, and without anything that
is personal."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from petmsg.db.location import locate
from petmsg.db.snapshot import snapshot
from petmsg.queries import metrics as queries
from petmsg.queries.org import all_orgs
from petmsg.services.metrics import (
    BUCKETS,
    MOST_CODES,
    OTHER,
    WINDOW,
    OrgMetrics,
    code_label,
    kept,
    read_metrics,
)
from tests.support.consistency import raw
from tests.support.fixtures import NOW, Cli, looking
from tests.support.texting import people_and_visit, send

LATER = NOW + timedelta(minutes=30)


def figures(url: str) -> OrgMetrics:
    with looking(url) as cursor:
        (found,) = read_metrics(cursor, all_orgs(cursor), now=LATER)
    return found


@pytest.fixture
def busy(cli: Cli, migrated_url: str) -> str:
    """A company whose messages are in every state."""
    people_and_visit(cli)
    for body in ("one", "two", "three"):
        assert send(cli, body=body).code == 0
    for _ in range(4):
        assert send(cli, "--queue-only", client="C-2").code == 0
    later = send(cli, "--queue-only", "--at", "+2h", client="C-2")
    assert later.code == 0
    received = ("--from", "+14155551001", "--to", "+14155550102", "--body", "Is Rex fine?")
    assert cli("message", "receive", *received).code == 0
    stranger = ("--from", "+16175550199", "--to", "+14155550150", "--body", "Hello?")
    assert cli("message", "receive", *stranger).code == 0
    with raw(migrated_url) as cursor:
        ids = [row[0] for row in cursor.tuples("SELECT id FROM message ORDER BY id")]
        for id_, status, code in (
            (ids[0], "failed", "30007"),
            (ids[1], "undelivered", "30003"),
            (ids[3], "held", "window_changed"),
            (ids[4], "cancelled", None),
        ):
            cursor.run(
                "UPDATE message SET status = :status, error_code = :code WHERE id = :id",
                id=id_, status=status, code=code,
            )  # fmt: skip
    return migrated_url


def test_the_figures_equal_a_naive_count(busy: str) -> None:
    found = figures(busy)
    with looking(busy) as cursor:
        messages = cursor.tuples(
            "SELECT status, error_code, due_at, created_at FROM message"
            " WHERE direction = 'outbound'"
        )
        attempts = cursor.tuples("SELECT status, code FROM message_attempt")
        audit = cursor.value("SELECT max(seq) FROM audit_event")
    states = Counter(row[0] for row in messages)
    assert found.messages == {
        "queued": states["queued"],
        "due": 2,
        "sending": 0,
        "unknown": 0,
        "held": 1,
    }
    assert states["queued"] == 3
    assert found.oldest_seconds == 30 * 60
    assert found.recent_messages == {
        ("failed", "30007"): 1,
        ("undelivered", "30003"): 1,
        ("held", "window_changed"): 1,
        ("cancelled", "none"): 1,
    }
    assert found.recent_attempts == Counter((row[0], row[1] or "none") for row in attempts)
    assert sum(found.recent_decisions.values()) == len(attempts)
    assert set(found.recent_decisions) == {"WINDOW_ACTIVE"}
    assert found.attempt_durations.count == len(attempts)
    assert list(found.attempt_durations.up_to) == [len(attempts)] * len(BUCKETS)
    assert found.audit_events == audit
    assert found.numbers[("sitter", "active")] == 2
    assert found.clients_waiting == 2  # the client, and a stranger
    assert found.waiting_seconds == 30 * 60
    assert all(kind and severity for kind, severity in found.alerts)


def test_what_is_older_than_the_window_is_not_recent(busy: str) -> None:
    with looking(busy) as cursor:
        (found,) = read_metrics(cursor, all_orgs(cursor), now=NOW + WINDOW + timedelta(minutes=1))
    assert found.recent_messages == found.recent_decisions == {}
    assert sum(found.recent_attempts.values()) == 0
    assert found.messages["held"] == 1


def test_no_figure_reads_all_messages(busy: str) -> None:
    """SQLite says how it would read: every step on a table that grows uses an index."""
    if not busy.startswith("sqlite"):
        pytest.skip("tests/queries/test_plans.py reads PostgreSQL's own plans")
    texts = [
        value
        for name, value in vars(queries).items()
        if name.startswith("_") and isinstance(value, str) and "FROM message" in value
    ]
    assert len(texts) >= 5
    given: dict[str, Any] = {
        "org_id": 1, "now": "", "most": 1, "since": "", "status": "failed", "newest": 1,
    }  # fmt: skip
    with snapshot(locate(busy)) as cursor:
        for text in texts:
            names = {name: value for name, value in given.items() if f":{name}" in text}
            steps = [row[3] for row in cursor.tuples(f"EXPLAIN QUERY PLAN {text}", **names)]
            assert [step for step in steps if step.startswith("SCAN m") or step == "SCAN a"] == []
            assert any("USING" in step and "INDEX" in step for step in steps), steps


def test_codes_are_bounded_and_hold_nothing_but_codes() -> None:
    many = {f"code_{'x' * number}": number for number in range(1, 35)}
    many |= {str(30000 + number): 1 for number in range(60)}
    found = kept(many)
    assert len(found) == MOST_CODES + 1
    assert sum(found.values()) == sum(many.values())
    for personal in ("+14155551001", "14155551001", "4155551", "Ann Lee", "C-1", "", "é", "a" * 60):
        assert code_label(personal) == OTHER
    assert code_label("30007") == "30007"
    assert code_label(None) == "none"


def test_a_decision_that_cannot_be_read_is_other(busy: str) -> None:
    with raw(busy) as cursor:
        cursor.run("UPDATE message SET decision = 'no JSON' WHERE decision IS NOT NULL")
    assert set(figures(busy).recent_decisions) == {OTHER}
