"""petmsg message dispatch with the sandbox carrier: the queue, its order, limits and outcomes."""

import io
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext, redirect_stderr, redirect_stdout
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from petmsg.cli import run_command_line
from petmsg.cli.context import Context
from petmsg.cli.flows import dispatch as flow
from petmsg.db.liveness import worker
from petmsg.db.location import locate
from petmsg.enums.orgs import ProviderName
from petmsg.errors import Busy
from petmsg.models import SandboxMessage
from petmsg.providers.base import Accepted, Rejected, RejectionClass, RetryLater
from petmsg.queries.org import OrgRow
from petmsg.render.progress import Bar
from petmsg.render.views.message import SENT
from petmsg.services.outbox import claim as claiming
from petmsg.services.outbox.claimed import Waiting
from petmsg.services.outbox.record_outcome import HandedOver, record
from petmsg.services.outbox.stored_message import MessageNotWaiting
from petmsg.services.unit_of_work import Failure
from petmsg.workflows.environment import Environment
from petmsg.workflows.worker.dispatcher import DispatchEvent
from tests.support.consistency import content
from tests.support.fixtures import NOW, Cli, Ran, add_org, looking, working
from tests.support.texting import (
    ANN,
    DEAD,
    MAYA,
    POOL,
    POOL_2,
    SECOND,
    alerts,
    events,
    kept,
    left_by,
    left_by_the_dead,
    people,
    people_and_visit,
    send,
    set_status,
    show,
)

GRACE, SECOND_LOOK = timedelta(seconds=120), timedelta(seconds=60)


def dispatch(cli: Cli, *words: str, **options: Any) -> Ran:
    return cli("message", "dispatch", *words, "-o", "json", **options)


def claimed_at(url: str, *messages: int) -> list[Any]:
    """When each message was last claimed."""
    with looking(url) as cursor:
        rows = cursor.rows("SELECT id, claimed_at FROM message")
    found = {row["id"]: row["claimed_at"] for row in rows}
    return [found[message] for message in messages]


def lies_at_the_carrier(url: str, claim: claiming.Claim) -> None:
    """The sandbox took the message of a claim, and nobody recorded it."""
    with working(url) as uow:
        uow.session.add(
            SandboxMessage(
                provider_message_id="SB" + "0" * 32,
                from_e164=claim.text.from_e164,
                to_e164=claim.text.to_e164,
                body=claim.text.body,
                accepted_at=NOW,
            )
        )


# --- the queue ---------------------------------------------------------------------------------


def test_queue_only_leaves_the_text_to_dispatch(cli: Cli) -> None:
    people(cli)
    ran = send(cli, "--queue-only")
    assert (ran.code, ran.json["status"], ran.json["from"]) == (0, "queued", None)
    assert ran.json["decision"] is None
    (row,) = dispatch(cli).json
    assert (row["message"], row["status"], row["from"]) == (ran.json["message"], "sent", POOL)
    assert dispatch(cli).json == []


def test_a_queued_text_gets_the_number_of_the_moment_it_is_sent(sqlite_cli: Cli) -> None:
    people_and_visit(sqlite_cli)
    send(sqlite_cli, "--queue-only")
    (row,) = dispatch(sqlite_cli, now=NOW + timedelta(days=1)).json
    assert row["from"] == POOL
    assert row["decision"]["at"] == "2026-02-15T15:00:00Z"


def test_the_texts_of_a_thread_leave_in_their_order(migrated_sqlite: str, sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    first = send(sqlite_cli, "--queue-only", body="one").json["message"]
    second = send(sqlite_cli, body="two")
    assert (second.code, second.json["status"]) == (0, "queued")
    assert second.json["note"] == f"message {first} of the same thread is sent first"
    assert f"message {first} of the same thread is sent first" in second.err
    assert send(sqlite_cli, client="C-2", body="other").json["status"] == "sent"
    assert [row["status"] for row in dispatch(sqlite_cli).json] == ["sent", "sent"]
    assert kept(migrated_sqlite) == ["other", "one", "two"]


def test_one_text_per_phone_is_under_way_at_a_time(migrated_url: str, cli: Cli) -> None:
    people(cli)
    first = send(cli, "--queue-only").json["message"]
    with worker(locate(migrated_url)) as alive:
        left_by(migrated_url, first, alive.token)
        second = send(cli)
        assert (second.code, second.json["status"]) == (0, "queued")
        assert second.json["note"] == f"message {first} to the same phone is sending"
        assert send(cli, client="C-2").json["status"] == "sent"
        ran = dispatch(cli)
        assert (ran.code, show(cli, first)["status"]) == (0, "sending")
        (row,) = ran.json
        assert (row["message"], row["status"]) == (second.json["message"], "queued")
        assert row["note"] == f"message {first} to the same phone is sending"
    set_status(migrated_url, first, "sent")
    (row,) = dispatch(cli, now=NOW + SECOND).json
    assert (row["message"], row["status"]) == (second.json["message"], "sent")


def test_many_claims_at_once_take_each_text_once(migrated_url: str, cli: Cli) -> None:
    people(cli)
    messages = [
        send(cli, "--queue-only", client=client).json["message"] for client in ("C-1", "C-2")
    ]
    start = threading.Barrier(4)

    def claim(message: int) -> bool:
        start.wait()
        try:
            with working(migrated_url) as uow:
                taken = claiming.claim(uow, message, provider=ProviderName.SANDBOX, worker=DEAD)
                return isinstance(taken, claiming.Claim)
        except MessageNotWaiting:
            return False

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(claim, messages * 2)) == 2


def test_dispatch_covers_all_orgs_unless_one_is_chosen(
    migrated_sqlite: str, sqlite_cli: Cli
) -> None:
    add_org(migrated_sqlite, "cosy-cats", front_desk="+14155550200")
    for org in ("happy-paws", "cosy-cats"):
        sqlite_cli("client", "add", "Ann", "--phone", ANN, "--ref", "C-1", "--org", org)
        send(sqlite_cli, "--queue-only", "--org", org)
    assert len(dispatch(sqlite_cli, "--dry-run").json) == 2
    assert len(dispatch(sqlite_cli, "--org", "cosy-cats").json) == 1
    assert len(dispatch(sqlite_cli).json) == 1


# --- no number ---------------------------------------------------------------------------------


def test_without_a_number_it_stays_queued_with_an_alert_and_the_trace_says_why(
    migrated_url: str, cli: Cli
) -> None:
    add_org(migrated_url, "no-desk", front_desk=None)
    org = ("--org", "no-desk")
    cli("client", "add", "Ann", "--phone", ANN, "--ref", "C-1", *org)
    cli("number", "add", POOL, "--class", "pool", *org)
    cli("number", "quarantine", POOL, "--reason", "spam", *org)
    ran = send(cli, *org)
    assert (ran.code, ran.error["code"]) == (4, "no_number"), ran.err
    for code in ("NO_ACTIVE_WINDOW", "POOL_EMPTY", "NO_FRONT_DESK"):
        assert code in ran.error["message"]
    assert ran.json["status"] == "queued"
    assert ran.json["decision"]["number"] is None
    message = ran.json["message"]
    assert f"message cancel {message}" in ran.error["hint"]
    assert alerts(cli, *org) == [("no_number", "C-1")]
    dispatched = dispatch(cli)
    assert (dispatched.code, dispatched.json[0]["status"]) == (4, "queued")
    assert "POOL_EMPTY" in str(dispatched.json[0]["decision"])
    (alert,) = cli("alert", "list", "-o", "json", *org).json
    assert alert["count"] == 2
    cli("number", "restore", POOL, "--reason", "carrier cleared it", *org)
    (row,) = dispatch(cli).json  # at once, as the hint says
    assert (row["from"], row["status"]) == (POOL, "sent")


def test_a_dry_run_without_a_number_leaves_no_alert(migrated_sqlite: str, sqlite_cli: Cli) -> None:
    add_org(migrated_sqlite, "no-desk", front_desk=None)
    org = ("--org", "no-desk")
    sqlite_cli("client", "add", "Ann", "--phone", ANN, "--ref", "C-1", *org)
    ran = send(sqlite_cli, "--dry-run", *org)
    assert (ran.code, ran.error["code"]) == (4, "no_number")
    assert "would stay queued" in ran.error["hint"]
    assert alerts(sqlite_cli, *org) == []


# --- rate limits, schedules, back-off ----------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "rate", "seconds"), [("Hi", None, 1), ("x" * 400, None, 3), ("Hi", "10", 0.1)]
)
def test_a_second_text_from_the_same_number_starts_when_the_first_is_through(
    migrated_sqlite: str, sqlite_cli: Cli, body: str, rate: str | None, seconds: float
) -> None:
    people(sqlite_cli)
    if rate is not None:
        sqlite_cli("number", "pace", POOL, POOL_2, "--segments-per-second", rate)
    first, second = (send(sqlite_cli, body=body).json for _ in range(2))
    assert (first["from"], second["status"]) == (second["from"], "sent")
    times = claimed_at(migrated_sqlite, first["message"], second["message"])
    assert times == [NOW, NOW + timedelta(seconds=seconds)]


def test_another_number_does_not_wait(migrated_url: str, cli: Cli) -> None:
    people(cli)
    texts = [send(cli, client=client).json for client in ("C-1", "C-2")]
    assert len({text["from"] for text in texts}) == 2
    assert claimed_at(migrated_url, *(text["message"] for text in texts)) == [NOW, NOW]


def test_a_text_that_would_wait_long_for_its_number_stays_queued_until_dispatch(
    migrated_url: str, cli: Cli
) -> None:
    people(cli)
    cli("number", "pace", POOL, POOL_2, "--segments-per-second", "0.02")
    send(cli)
    second = send(cli)
    assert (second.code, second.json["status"]) == (0, "queued")
    assert second.json["note"] == f"{POOL} is at its rate limit"
    assert "petmsg message dispatch" in second.err
    (row,) = dispatch(cli).json
    assert row["status"] == "sent"
    assert claimed_at(migrated_url, row["message"]) == [NOW + timedelta(seconds=50)]


def test_dispatch_waits_out_the_pace_but_no_schedule(migrated_url: str, cli: Cli) -> None:
    people(cli)
    messages = [send(cli, "--queue-only").json["message"] for _ in range(2)]
    scheduled = send(cli, "--at", "+1h", client="C-2")
    assert (scheduled.code, scheduled.json["status"]) == (0, "queued")
    assert "It is scheduled for" in scheduled.json["note"]
    ran = dispatch(cli)
    assert [(row["message"], row["status"]) for row in ran.json] == [
        (message, "sent") for message in messages
    ]
    first, second = claimed_at(migrated_url, *messages)
    assert second - first >= SECOND
    assert dispatch(cli, now=NOW + timedelta(minutes=59)).json == []
    (row,) = dispatch(cli, now=NOW + timedelta(hours=1)).json
    assert (row["message"], row["status"]) == (scheduled.json["message"], "sent")


def test_dispatch_does_not_wait_out_a_back_off(migrated_sqlite: str, sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    message = send(sqlite_cli, "--queue-only").json["message"]
    claim = left_by_the_dead(migrated_sqlite, message)
    with working(migrated_sqlite) as uow:
        record(uow, HandedOver(claim, RetryLater(600.0, "20429", "Too many"), NOW))
    ran = dispatch(sqlite_cli, now=NOW + timedelta(seconds=599))
    assert (ran.code, ran.json) == (0, [])
    (row,) = dispatch(sqlite_cli, now=NOW + timedelta(seconds=602)).json
    assert (row["message"], row["status"]) == (message, "sent")


def test_a_text_that_expired_is_not_sent_any_more_but_reported(
    migrated_sqlite: str, sqlite_cli: Cli
) -> None:
    people(sqlite_cli)
    message = send(sqlite_cli, "--queue-only", "--expires", "+1h").json["message"]
    ran = dispatch(sqlite_cli, now=NOW + timedelta(hours=1))
    assert (ran.code, ran.json[0]["error"]["code"]) == (4, "message_failed")
    assert (show(sqlite_cli, message)["status"], kept(migrated_sqlite)) == ("failed", [])
    assert alerts(sqlite_cli) == [("message_expired", str(message))]


# --- what dispatch prints, and what it leaves ----------------------------------------------------


class Watched(io.StringIO):
    """An output that notes how many messages were sent when each line was there to read."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url
        self.sent: list[int] = []

    def flush(self) -> None:
        lines = self.getvalue().count("\n")
        self.sent += [len(kept(self.url))] * (lines - len(self.sent))


def test_jsonl_is_one_line_per_text_as_soon_as_it_is_sent(
    migrated_sqlite: str, sqlite_cli: Cli
) -> None:
    people(sqlite_cli)
    messages = [send(sqlite_cli, "--queue-only").json["message"] for _ in range(3)]
    out = Watched(migrated_sqlite)
    environ = {"PETMSG_DATABASE_URL": migrated_sqlite, "HOME": "/nonexistent"}
    with redirect_stdout(out), redirect_stderr(io.StringIO()):
        code = run_command_line(["message", "dispatch", "-o", "jsonl"], environ=environ, now=NOW)
    rows = [json.loads(line) for line in out.getvalue().splitlines()]
    assert (code, [row["message"] for row in rows]) == (0, messages)
    assert rows[0].keys() == {
        "message", "status", "from", "to", "segments", "decision", "note", "warnings",
    }  # fmt: skip
    assert out.sent == [1, 2, 3], "the lines came together at the end"


def test_a_refused_text_has_a_line_of_its_own_among_the_sent(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    expired = send(sqlite_cli, "--queue-only", "--expires", "+1s").json["message"]
    sent = send(sqlite_cli, "--queue-only", client="C-2").json["message"]
    ran = sqlite_cli("message", "dispatch", "-o", "jsonl", now=NOW + SECOND)
    rows = [json.loads(line) for line in ran.out.splitlines()]
    assert ran.code == 4
    assert {row.get("message") or row["ref"] for row in rows} == {str(expired), sent}
    assert {row["error"]["code"] for row in rows if "error" in row} == {"message_failed"}


def test_a_dry_run_of_dispatch_changes_nothing_and_hands_nothing_over(
    migrated_url: str, cli: Cli, tmp_path: Path
) -> None:
    people_and_visit(cli)
    send(cli, "--queue-only")
    send(cli, "--queue-only", client="C-2")
    dead = send(cli, "--queue-only", "--expires", "+1s", client="C-2").json["message"]
    before = content(migrated_url)
    ran = dispatch(cli, "--dry-run", now=NOW + SECOND)
    assert ran.code == 0, ran.err
    assert {row["from"] for row in ran.json} == {MAYA, POOL}
    assert dead not in {row["message"] for row in ran.json}  # it is behind another
    assert content(migrated_url) == before
    assert kept(migrated_url) == []
    assert [path.name for path in tmp_path.iterdir() if ".w-" in path.name] == []


@pytest.mark.parametrize("page", [1, 2, 3, 200])
def test_a_dry_run_shows_all_that_is_due(
    sqlite_cli: Cli, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    """It reads page by page. Two messages are due at the same instant, and one later."""
    people(sqlite_cli)
    sqlite_cli("client", "add", "Cy", "--phone", "+14155551003", "--ref", "C-3")
    sent = [
        send(sqlite_cli, "--queue-only", client=client, now=at).json["message"]
        for client, at in (("C-1", NOW), ("C-2", NOW), ("C-3", NOW + SECOND))
    ]
    monkeypatch.setattr("petmsg.cli.flows.dispatch.PAGE", page)
    ran = dispatch(sqlite_cli, "--dry-run", now=NOW + SECOND)
    assert [row["message"] for row in ran.json] == sent


@pytest.mark.parametrize(("words", "bars"), [((), 1), (("--quiet",), 0)])
def test_quiet_leaves_out_the_progress_bar(
    sqlite_cli: Cli, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], bars: int
) -> None:
    people(sqlite_cli)
    for client in ("C-1", "C-2"):
        send(sqlite_cli, "--queue-only", client=client)
    begun: list[str] = []

    def progress(doing: str, total: int, environ: object) -> AbstractContextManager[Bar]:
        begun.append(f"{doing} {total}")
        return nullcontext(Bar())

    monkeypatch.setattr("petmsg.cli.context.progress", progress)
    assert sqlite_cli("message", "dispatch", "-o", "table", *words).code == 0
    assert begun == ["Sending 2"] * bars


def test_a_watch_remembers_only_the_messages_that_wait(
    migrated_sqlite: str, sqlite_cli: Cli, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each is told of once while it waits. A watch runs for years, and sends millions."""
    people(sqlite_cli)
    send(sqlite_cli, "--queue-only")
    context = Context(Environment({}, NOW), db=migrated_sqlite, output="jsonl")
    report = flow._Report(context, SENT, streams=True, watch=True)
    (org,) = context.orgs()
    waits = DispatchEvent(org, None, Waiting(1, "a number is free later", NOW))
    for result in (waits, waits, *map(partial(_failed, org), range(2, 1000))):
        report.on_event(result)
    assert capsys.readouterr().out.count("a number is free later") == 1
    assert report._seen == {1}
    report.on_event(_failed(org, 1))
    assert not report._seen


def _failed(org: OrgRow, message: int) -> DispatchEvent:
    return DispatchEvent(org, None, Failure(str(message), Busy("The number is busy.")))


def test_dispatch_leaves_no_file_beside_the_database(sqlite_cli: Cli, tmp_path: Path) -> None:
    people(sqlite_cli)
    send(sqlite_cli, "--queue-only")
    dispatch(sqlite_cli)
    send(sqlite_cli)
    assert {path.name for path in tmp_path.iterdir()} <= {
        "petmsg.db", "petmsg.db-wal", "petmsg.db-shm", "petmsg.db.lock",
    }  # fmt: skip


# --- senders that died -------------------------------------------------------------------------


def test_a_text_whose_sender_died_is_sent_again_once_the_carrier_surely_has_it_not(
    migrated_url: str, cli: Cli
) -> None:
    people(cli)
    message = send(cli, "--queue-only").json["message"]
    left_by_the_dead(migrated_url, message)
    second = send(cli, body="Second").json["message"]
    died = NOW + SECOND
    for at in (died, died + GRACE, died + GRACE + SECOND_LOOK - SECOND):
        ran = dispatch(cli, now=at)
        unknown, behind = ran.json
        assert (ran.code, unknown["ref"]) == (6, str(message))
        assert unknown["error"]["code"] == "provider_outcome_unknown"
        assert (behind["message"], behind["status"]) == (second, "queued")
        assert show(cli, message)["status"] == "unknown"
        assert kept(migrated_url) == []
    ran = dispatch(cli, now=died + GRACE + SECOND_LOOK)
    assert (ran.code, [row["status"] for row in ran.json]) == (0, ["sent", "sent"])
    assert "the provider does not have it" in ran.err
    assert kept(migrated_url) == ["Hi", "Second"]
    assert events(cli, message) == [
        "message.queued",
        "message.outcome_unknown",
        "message.requeued",
        "message.sent",
    ]
    assert [each["status"] for each in show(cli, message)["tries"]] == ["absent", "sent"]


def test_a_text_whose_sender_died_after_the_carrier_took_it_is_found_and_not_sent_again(
    migrated_url: str, cli: Cli
) -> None:
    people(cli)
    message = send(cli, "--queue-only").json["message"]
    lies_at_the_carrier(migrated_url, left_by_the_dead(migrated_url, message))
    ran = dispatch(cli, now=NOW + SECOND)
    assert (ran.code, [row["status"] for row in ran.json]) == (0, ["sent"])
    assert ran.json[0]["note"] == "found at the provider: it was sent"
    assert kept(migrated_url) == ["Hi"]
    assert show(cli, message)["provider_id"] == "SB" + "0" * 32


def test_a_person_may_decide_about_a_text_that_seems_stuck_after_ten_minutes(
    migrated_sqlite: str, sqlite_cli: Cli
) -> None:
    people(sqlite_cli)
    message = send(sqlite_cli, "--queue-only").json["message"]
    left_by_the_dead(migrated_sqlite, message)
    words = ("message", "retry", str(message), "--reason", "not in the provider's log")
    soon, late = NOW + timedelta(minutes=9), NOW + timedelta(minutes=10)
    assert sqlite_cli(*words, now=soon).code == 4
    assert sqlite_cli("message", "cancel", str(message), now=soon).code == 4
    assert sqlite_cli(*words, now=late).code == 0
    assert show(sqlite_cli, message)["status"] == "queued"


def test_an_answer_that_comes_after_a_new_try_changes_nothing(
    migrated_sqlite: str, sqlite_cli: Cli
) -> None:
    people(sqlite_cli)
    message = send(sqlite_cli, "--queue-only").json["message"]
    first = left_by_the_dead(migrated_sqlite, message)
    set_status(migrated_sqlite, message, "queued")
    second = left_by_the_dead(migrated_sqlite, message, now=NOW + SECOND)
    refused = Rejected("21614", RejectionClass.RECIPIENT, "No")
    with working(migrated_sqlite) as uow:
        assert record(uow, HandedOver(first, refused, NOW)) == "sending"
        accepted = Accepted("SB-good", "accepted")
        assert record(uow, HandedOver(second, accepted, NOW + SECOND)) == "sent"
    assert show(sqlite_cli, message)["provider_id"] == "SB-good"
    assert (
        send(sqlite_cli, now=NOW + timedelta(minutes=1)).code == 0
    )  # the client's phone takes messages


def test_the_provider_may_not_change_between_the_look_and_the_claim(
    migrated_sqlite: str, sqlite_cli: Cli
) -> None:
    people(sqlite_cli)
    message = send(sqlite_cli, "--queue-only").json["message"]
    with working(migrated_sqlite) as uow, pytest.raises(Busy):
        claiming.claim(uow, message, provider=ProviderName.TWILIO, worker=DEAD)
