"""petmsg message send: when, until when, how urgently, in spite of what, and only as a preview."""

import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from petmsg.clock import now as clock_now
from petmsg.db.liveness import worker
from petmsg.db.location import locate
from petmsg.enums.numbers import NumberClass
from petmsg.queries.org import find_org
from petmsg.services.numbers import number
from petmsg.services.outbox import queue as queueing
from petmsg.services.outbox.preview import SendOptions
from petmsg.services.people import client
from petmsg.workflows.store import Store
from petmsg.workflows.worker.dispatcher import Dispatcher, Timings
from petmsg.workflows.worker.sender_pool import SenderPool
from tests.support.fixtures import NOW, Cli, add_org, looking, run_cli, working
from tests.support.texting import DESK, MAYA, POOL, people, people_and_visit, visit
from tests.workflows.worker.fake_providers import Remembering
from tests.workflows.worker.stores import TestStore

WITH_PHONE = "Call me: (415) 555-2001"
LATE = NOW + timedelta(hours=13)
"""23:00 in New York."""


def send(cli: Cli, *words: str, body: str = "Hi", **options: Any) -> Any:
    return cli("message", "send", "C-1", "--body", body, *words, "-o", "json", **options)


def listed(cli: Cli) -> list[str]:
    rows = cli("message", "list", "-o", "json").json
    return [row["status"] for row in reversed(rows)]


def dispatch(cli: Cli, **options: Any) -> Any:
    return cli("message", "dispatch", "-o", "json", **options)


# --- when --------------------------------------------------------------------------------------


def test_a_text_for_later_is_queued_and_leaves_when_its_time_has_come(cli: Cli) -> None:
    people(cli)
    ran = send(cli, "--at", "+2h")
    assert (ran.code, ran.json["status"]) == (0, "queued")
    assert "It is scheduled for 2026-02-14 12:00 EST" in ran.err
    assert dispatch(cli, now=NOW + timedelta(minutes=119)).json == []
    (row,) = dispatch(cli, now=NOW + timedelta(hours=2)).json
    assert (row["message"], row["status"]) == (ran.json["message"], "sent")


def test_a_time_is_read_in_the_orgs_timezone(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    ran = send(sqlite_cli, "--at", "2026-02-14T12:00")
    assert "2026-02-14 12:00 EST" in ran.err


def test_a_text_that_expired_in_the_queue_is_reported_and_not_sent(cli: Cli) -> None:
    people(cli)
    ran = send(cli, "--at", "+1h", "--expires", "+2h")
    late = dispatch(cli, now=NOW + timedelta(hours=2))
    assert late.code == 4
    assert late.json[0]["error"]["code"] == "message_failed"
    assert listed(cli) == ["failed"]
    (alert,) = cli("alert", "list", "-o", "json").json
    assert (alert["kind"], alert["ref"]) == ("message_expired", str(ran.json["message"]))


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--at", "-1h"], "out_of_range"),
        (["--expires", "-1h"], "end_not_after_start"),
        (["--expires", "now"], "end_not_after_start"),
        (["--at", "+2h", "--expires", "+1h"], "end_not_after_start"),
        (["--at", "tomorrow"], "malformed_time"),
        (["--at", "20260701"], "malformed_time"),
        (["--at", "2026-03-08T02:30"], "nonexistent_time"),
        (["--at", "2026-11-01T01:30"], "ambiguous_time"),
        (["--expires", ""], "malformed_time"),
        (["--force"], "out_of_range"),
        (["--force", "--reason", ""], "empty_reason"),
        (["--reason", "because"], "usage"),
        (["--key", ""], "malformed_text"),
    ],
)
@pytest.mark.parametrize("preview", [(), ("--preview",)])
def test_what_cannot_be_meant_exits_2_and_stores_nothing(
    sqlite_cli: Cli, words: list[str], code: str, preview: tuple[str, ...]
) -> None:
    if preview and "--key" in words:
        pytest.skip("a preview has no use for a key")
    people(sqlite_cli)
    ran = send(sqlite_cli, *words, *preview)
    assert ran.code == 2, ran.out
    assert ran.error["code"] == code
    assert ran.error["hint"]
    assert listed(sqlite_cli) == []


# --- urgently ----------------------------------------------------------------------------------


def test_quiet_hours_keep_a_text_in_the_queue_and_an_urgent_one_passes_audited(cli: Cli) -> None:
    people(cli)
    cli("org", "set", "--quiet-hours", "21:00-08:00")
    usual = send(cli, now=LATE)
    assert (usual.code, usual.json["status"]) == (0, "queued")
    assert "Quiet hours until 2026-02-15 08:00 EST" in usual.err
    urgent = send(cli, "--urgent", now=LATE)
    assert (urgent.code, urgent.json["status"]) == (0, "sent")
    rows = cli("audit", "list", "--entity", "message", "-o", "json").json
    queued = [row for row in rows if row["event"] == "message.queued"]
    assert [row["payload"]["urgent"] for row in queued] == [True, False]
    (row,) = dispatch(cli, now=LATE + timedelta(hours=9)).json
    assert row["message"] == usual.json["message"]


# --- leaks -------------------------------------------------------------------------------------


def test_a_leak_is_refused_for_a_sitter_unless_it_is_forced_with_a_reason(cli: Cli) -> None:
    people_and_visit(cli)
    ran = send(cli, "--as", "S-1", body=WITH_PHONE)
    assert (ran.code, ran.error["code"]) == (4, "masking_leak")
    assert "--force --reason" in ran.error["hint"]
    assert "2001" not in ran.err
    assert listed(cli) == []
    forced = send(cli, "--as", "S-1", "--force", "--reason", "lost key", body=WITH_PHONE)
    assert (forced.code, forced.json["status"], forced.json["from"]) == (0, "sent", MAYA)
    assert "Warning: The body contains" in forced.err
    assert len(forced.json["warnings"]) == 1


def test_a_leak_of_the_desk_is_sent_with_a_warning(cli: Cli) -> None:
    people(cli)
    ran = send(cli, body=WITH_PHONE)
    assert (ran.code, ran.json["status"]) == (0, "sent")
    assert "Warning: The body contains" in ran.err
    assert send(cli, body=f"Text {DESK}", now=NOW + timedelta(hours=1)).json["warnings"] == []


# --- preview -----------------------------------------------------------------------------------

KEYS = {
    "client", "from", "reason", "to", "encoding", "units", "segments", "forced_by", "leaves_now",
    "holds", "leak", "refused", "decision",
}  # fmt: skip


def test_a_preview_says_number_reason_size_and_obstacles_and_sends_nothing(cli: Cli) -> None:
    people_and_visit(cli)
    ran = send(cli, "--preview", body="On my way \u2014 Maya")
    assert ran.code == 0, ran.err
    assert ran.json.keys() >= KEYS
    assert (ran.json["from"], ran.json["to"]) == (MAYA, "+1********01")
    assert ran.json["reason"] == "Active assignment window for sitter Maya Lee"
    assert (ran.json["encoding"], ran.json["forced_by"]) == ("UCS-2", "\u2014")
    assert (ran.json["leaves_now"], ran.json["holds"]) == (True, [])
    assert (ran.json["leak"], ran.json["refused"]) == (None, None)
    assert listed(cli) == []
    assert dispatch(cli).json == []


def test_a_preview_names_every_obstacle_the_gravest_first(cli: Cli) -> None:
    people(cli)
    cli("org", "set", "--quiet-hours", "21:00-08:00")
    cli("org", "freeze", "--reason", "complaints")
    ran = send(cli, "--preview", "--at", "+1h", now=LATE)
    assert [held["code"] for held in ran.json["holds"]] == ["frozen", "scheduled", "quiet_hours"]
    assert ran.json["holds"][1]["until"] == "2026-02-15T05:00:00Z"
    assert (ran.json["leaves_now"], ran.json["refused"]) == (False, None)
    cli("optout", "add", "C-1", "--reason", "she said so")
    ran = send(cli, "--preview", "--urgent", now=LATE)
    assert [held["code"] for held in ran.json["holds"]] == ["opted_out", "frozen"]
    assert ran.json["refused"] == "The client has opted out of messages"


def test_a_preview_as_a_sitter_says_why_it_would_be_refused(cli: Cli) -> None:
    people(cli)
    ran = send(cli, "--preview", "--as", "S-1")
    assert ran.code == 0
    assert "cannot message this client" in ran.json["refused"]
    visit(cli)
    leaking = send(cli, "--preview", "--as", "S-1", body=WITH_PHONE).json
    assert "2001" not in leaking["leak"]
    assert (leaking["leaves_now"], leaking["leak"] in leaking["refused"]) == (False, True)
    forced = ("--force", "--reason", "lost key")
    assert send(cli, "--preview", "--as", "S-1", *forced, body=WITH_PHONE).json["leaves_now"]


def test_a_preview_on_a_terminal_reads_well(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    ran = sqlite_cli("message", "send", "C-1", "--body", "Hi", "--preview", "-o", "table")
    assert POOL in ran.out
    assert "+14155551001" not in ran.out


# --- a person who waits, beside a worker that is busy ------------------------------------------


@pytest.fixture
def busy_number(migrated_url: str) -> Iterator[str]:
    """A worker sends a long queue from the only number of the org, a message a second."""
    url = migrated_url
    add_org(url, front_desk=None)
    with working(url, now=clock_now()) as uow:
        number.add(uow, POOL, number_class=NumberClass.POOL)
        for at in range(61):
            client.add(uow, f"D-{at}", phones=[f"+1415556{at:04}"], ref=f"D-{at}")
        for at in range(1, 61):
            queueing.queue(uow, f"D-{at}", body="Hi", options=SendOptions())
    store = TestStore(url)
    with looking(url) as cursor:
        provider = Remembering()
        line = (find_org(cursor, None), provider)
    with worker(locate(url)) as alive:
        pool = SenderPool(4, now=store.clock)
        dispatcher = Dispatcher(
            store, [line], worker=alive, pool=pool, on_event=lambda _: None, timings=Timings()
        )
        thread = threading.Thread(target=dispatcher.run_once)
        thread.start()
        while len(provider.got) < 2 and thread.is_alive():
            time.sleep(0.02)
        try:
            yield url
        finally:
            dispatcher.stop()
            thread.join(30)
            store.close()


def test_a_text_that_a_person_waits_for_is_not_passed_by_a_whole_queue(busy_number: str) -> None:
    began = clock_now()
    ran = run_cli(busy_number, "message", "send", "D-0", "--body", "Now", "-o", "json", now=None)
    assert (ran.code, ran.json["status"]) == (0, "sent"), ran.err
    assert clock_now() - began < timedelta(seconds=20)


def test_a_worker_that_is_faster_than_the_sender_is_no_error(
    migrated_sqlite: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message waits for its number's rate limit, and a dispatch takes it on meanwhile."""
    url = migrated_sqlite
    add_org(url)
    run_cli(url, "client", "add", "Ann", "--phone", "+14155551001", "--ref", "C-1")
    with working(url) as uow:
        uow.cursor.run("UPDATE message_number SET free_at = :at", at=NOW + timedelta(seconds=5))
    slept = Store.sleep

    def sleep(store: Store, seconds: float) -> None:
        slept(store, seconds)
        monkeypatch.undo()
        later = NOW + timedelta(seconds=5)
        assert run_cli(url, "message", "dispatch", now=later).code == 0

    monkeypatch.setattr(Store, "sleep", sleep)
    ran = run_cli(url, "message", "send", "C-1", "--body", "Hi", "-o", "json")
    assert (ran.code, ran.json["status"]) == (0, "sent"), ran.err
    assert "a worker was faster" in ran.err
    with looking(url) as cursor:
        assert cursor.value("SELECT count(*) FROM sandbox_text") == 1
