"""petmsg message sync: what became of the messages that the provider took."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from petmsg.clock import iso_utc
from petmsg.rules.receipt_requests import RECEIPTS_ARRIVE_WITHIN
from tests.support.fixtures import NOW, Cli, Ran, add_org, looking, working
from tests.support.on_twilio import (
    ANN,
    DESK,
    POOL,
    SPARE,
    alerts,
    attempts,
    becomes,
    company,
    keys,
    send,
    texts,
)
from tests.support.twilio_fake import TwilioFake
from tests.support.twilio_shapes import Fault, Request, cut_json, hang, reset, server_error

LATER = NOW + timedelta(minutes=5)


@pytest.fixture
def fake() -> Iterator[TwilioFake]:
    with TwilioFake(numbers=[DESK, POOL, SPARE]) as running:
        yield running


def sync(cli: Cli, fake: TwilioFake, *words: str, now: datetime = LATER, **more: Any) -> Ran:
    ran = cli("message", "sync", "-o", "json", *words, now=now, **{**keys(fake), **more})
    assert ANN not in ran.out + ran.err
    return ran


def asked_for(fake: TwilioFake) -> list[str]:
    """The ids that were fetched, in order."""
    found = [each.path.rpartition("/")[2] for each in fake.requests if each.method == "GET"]
    return [name.removesuffix(".json") for name in found]


# --- delivered ---------------------------------------------------------------------------------


def test_on_a_laptop_a_sent_text_is_seen_to_arrive(migrated_url: str, cli: Cli) -> None:
    cli("client", "add", "Ann", "--phone", ANN, "--ref", "C-1")
    cli("message", "send", "C-1", "--body", "Hi")
    ran = cli("message", "sync", "-o", "json", now=LATER)
    (row,) = ran.json
    assert ran.code == 0
    assert row["provider_id"].startswith("SB")
    del row["provider_id"]
    assert row == {
        "message": 1,
        "status": "delivered",
        "client": "C-1",
        "client_name": "Ann",
        "number": DESK,
        "code": None,
        "note": None,
    }
    (text,) = texts(migrated_url)
    assert (text["status"], text["delivered_at"], text["synced_at"]) == ("delivered", LATER, LATER)
    assert attempts(migrated_url) == [("delivered", None)]


def test_nothing_changed_is_an_empty_list(cli: Cli) -> None:
    cli("client", "add", "Ann", "--phone", ANN, "--ref", "C-1")
    cli("message", "send", "C-1", "--body", "Hi")
    assert len(cli("message", "sync", "-o", "json").json) == 1
    ran = cli("message", "sync", "-o", "json")
    assert (ran.code, ran.json) == (0, [])


def test_a_text_stays_sent_until_the_carrier_has_spoken(
    migrated_url: str, cli: Cli, fake: TwilioFake
) -> None:
    company(cli)
    sid = send(cli, fake)
    later = LATER + timedelta(hours=1)
    for now in (LATER, later):
        ran = sync(cli, fake, now=now)
        assert (ran.code, ran.json) == (0, [])
    assert (texts(migrated_url)[0]["status"], texts(migrated_url)[0]["synced_at"]) == (
        "sent",
        later,
    )
    (row,) = sync(cli, fake, now=later + timedelta(hours=1)).json
    assert (row["status"], row["provider_id"]) == ("delivered", sid)
    assert sync(cli, fake, now=later + timedelta(hours=2)).json == []
    assert len(asked_for(fake)) == 3  # a delivered one is not asked for again


def test_a_message_without_a_report_is_asked_for_less_and_less_often(
    cli: Cli, fake: TwilioFake
) -> None:
    """After 1, 5, 15 and 60 minutes, then hourly, although cron runs every minute."""
    company(cli)
    becomes(fake, send(cli, fake), "sent")
    minutes = [0, 0.5, 1, 2, 5, 6, 7, 20, 21, 22, 50, 80, 81, 82, 140, 141, 200, 201]
    asked = []
    for minute in minutes:
        before = len(asked_for(fake))
        sync(cli, fake, now=NOW + timedelta(seconds=1, minutes=minute))
        asked += [minute] * (len(asked_for(fake)) - before)
    assert asked == [0, 1, 6, 21, 81, 141, 201]


def test_its_event_holds_refs_only(cli: Cli, fake: TwilioFake) -> None:
    company(cli)
    becomes(fake, send(cli, fake), "delivered")
    sync(cli, fake)
    event = cli("audit", "list", "--limit", "1", "-o", "json").json[0]
    assert (event["event"], event["ref"]) == ("message.delivered", "1")
    assert event["payload"] == {
        "attempt": 1,
        "client": "C-1",
        "code": None,
        "number": DESK,
        "status": "delivered",
    }
    assert cli("audit", "verify").code == 0


# --- not delivered -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "kinds"),
    [
        (30005, ["phone_not_textable"]),
        (30007, []),
        (21610, ["client_opted_out"]),
        (30004, ["pair_blocked"]),
        (49999, []),
        (None, []),
    ],
)
def test_a_text_that_did_not_arrive_ends_so_with_the_reaction_of_its_code(
    migrated_url: str, cli: Cli, fake: TwilioFake, code: int | None, kinds: list[str]
) -> None:
    company(cli)
    becomes(fake, send(cli, fake), "undelivered", code)
    ran = sync(cli, fake)
    (row,) = ran.json
    shown = None if code is None else str(code)
    assert (ran.code, row["status"], row["code"]) == (0, "undelivered", shown)
    (text,) = texts(migrated_url)
    assert (text["status"], text["error_code"], text["due_at"]) == ("undelivered", shown, None)
    assert attempts(migrated_url) == [("undelivered", shown)]
    assert [kind for kind, _, _ in alerts(cli)] == kinds
    assert sync(cli, fake, now=LATER + timedelta(days=1)).json == []


def test_a_client_who_said_stop_to_the_carrier_is_opted_out(cli: Cli, fake: TwilioFake) -> None:
    company(cli)
    becomes(fake, send(cli, fake), "undelivered", 21610)
    sync(cli, fake)
    ran = cli("message", "send", "C-1", "--body", "Again", "-o", "json", **keys(fake))
    assert (ran.code, ran.error["code"]) == (4, "opted_out")


def test_what_the_provider_gave_up_on_is_failed(
    migrated_url: str, cli: Cli, fake: TwilioFake
) -> None:
    company(cli)
    becomes(fake, send(cli, fake), "failed", 30007)
    assert sync(cli, fake).json[0]["status"] == "failed"
    assert attempts(migrated_url) == [("failed", "30007")]
    event = cli("audit", "list", "--limit", "1", "-o", "json").json[0]
    assert (event["event"], event["payload"]["code"]) == ("message.failed", "30007")


def test_an_unreachable_handset_is_tried_three_times_within_a_day(
    migrated_url: str, cli: Cli, fake: TwilioFake
) -> None:
    company(cli)
    fake.outcomes[ANN] = ("undelivered", 30003)
    send(cli, fake)
    now, waits = NOW, []
    for _ in range(2):
        becomes(fake, [*fake.messages][-1], "undelivered", 30003)
        (row,) = sync(cli, fake, now=now).json
        assert (row["status"], row["code"]) == ("queued", "30003")
        due_at = texts(migrated_url)[0]["due_at"]
        waits.append(due_at - now)
        event = cli("audit", "list", "--limit", "1", "-o", "json").json[0]
        assert event["event"] == "message.put_back"
        cli("message", "dispatch", now=due_at - timedelta(minutes=1), **keys(fake))
        assert texts(migrated_url)[0]["status"] == "queued"
        cli("message", "dispatch", now=due_at, **keys(fake))
        now = due_at
    assert waits == [timedelta(hours=4), timedelta(hours=16)]
    becomes(fake, [*fake.messages][-1], "undelivered", 30003)
    assert sync(cli, fake, now=now).json[0]["status"] == "undelivered"
    assert attempts(migrated_url) == [("undelivered", "30003")] * 3
    assert len(fake.messages) == 3


def test_our_unusable_number_leaves_routing_and_the_text_goes_from_another(
    migrated_url: str, cli: Cli, fake: TwilioFake
) -> None:
    company(cli)
    cli("number", "add", POOL, SPARE, "--class", "pool")
    becomes(fake, send(cli, fake), "undelivered", 21606)
    (row,) = sync(cli, fake).json
    assert (row["status"], row["number"]) == ("queued", POOL)
    assert cli("number", "show", POOL, "-o", "json").json["status"] == "quarantined"
    assert cli("message", "dispatch", now=LATER, **keys(fake)).code == 0
    assert [message.from_ for message in fake.messages.values()] == [POOL, SPARE]


def test_a_second_unusable_number_is_a_person_s_matter(cli: Cli, fake: TwilioFake) -> None:
    company(cli)
    cli("number", "add", POOL, SPARE, "--class", "pool")
    becomes(fake, send(cli, fake), "undelivered", 21606)
    sync(cli, fake)
    cli("message", "dispatch", now=LATER, **keys(fake))
    becomes(fake, [*fake.messages][-1], "undelivered", 21606)
    (row,) = sync(cli, fake, now=LATER + timedelta(minutes=5)).json
    assert (row["status"], row["number"]) == ("held", SPARE)
    assert cli("number", "show", SPARE, "-o", "json").json["status"] == "active"


def test_a_suspended_campaign_marks_nothing_failed_and_does_not_send_round_and_round(
    migrated_url: str, cli: Cli, fake: TwilioFake
) -> None:
    company(cli)
    becomes(fake, send(cli, fake), "undelivered", 30033)
    assert sync(cli, fake).json[0]["status"] == "queued"
    cli("message", "dispatch", now=LATER + timedelta(minutes=4), **keys(fake))
    assert len(fake.messages) == 1
    assert texts(migrated_url)[0]["status"] == "queued"
    assert alerts(cli) == [("provider_account", "happy-paws", 1)]


def test_a_forgotten_client_s_text_is_not_tried_again(
    migrated_url: str, cli: Cli, fake: TwilioFake
) -> None:
    company(cli)
    sid = send(cli, fake)
    assert cli("client", "forget", "C-1", "--reason", "asked", "--yes").code == 0
    becomes(fake, sid, "undelivered", 30003)
    ran = sync(cli, fake)
    assert (ran.code, ran.json[0]["status"]) == (0, "undelivered")
    assert texts(migrated_url)[0]["due_at"] is None


# --- which messages -------------------------------------------------------------------------------


def test_those_longest_not_asked_for_come_first(cli: Cli, fake: TwilioFake) -> None:
    company(cli)
    sids = [send(cli, fake, client) for client in ("C-1", "C-2", "C-3")]
    for hour in range(5):
        for message in fake.messages.values():
            message.step = 0
        sync(cli, fake, "--limit", "1", now=LATER + timedelta(hours=hour))
    a, b, c = sids
    assert asked_for(fake) == [a, b, c, a, b]


def test_a_text_is_not_asked_for_when_no_report_can_come_any_more(
    migrated_url: str, cli: Cli, fake: TwilioFake
) -> None:
    company(cli)
    becomes(fake, send(cli, fake), "delivered")
    too_late = NOW + RECEIPTS_ARRIVE_WITHIN + timedelta(seconds=1)
    assert sync(cli, fake, now=too_late).json == []
    assert (asked_for(fake), texts(migrated_url)[0]["status"]) == ([], "sent")
    assert sync(cli, fake, now=NOW + RECEIPTS_ARRIVE_WITHIN).json[0]["status"] == "delivered"


def test_the_message_says_until_when_a_receipt_is_expected(cli: Cli, fake: TwilioFake) -> None:
    company(cli)
    sid = send(cli, fake)

    def expected() -> object:
        return cli("message", "show", "1", "-o", "json").json["receipt_expected_until"]

    assert expected() == iso_utc(NOW + RECEIPTS_ARRIVE_WITHIN)
    assert "Receipt until" in cli("message", "show", "1", "-o", "table").out
    becomes(fake, sid, "delivered")
    sync(cli, fake)
    assert expected() is None


def test_the_help_says_until_when(cli: Cli) -> None:
    assert f"more than {RECEIPTS_ARRIVE_WITHIN.days} days ago" in cli("message", "sync", "-h").out


def test_texts_of_another_carrier_are_not_asked_for(
    migrated_url: str, cli: Cli, fake: TwilioFake
) -> None:
    cli("client", "add", "Bob", "--phone", "+14155551009", "--ref", "C-9")
    cli("message", "send", "C-9", "--body", "Hi")  # through the sandbox
    company(cli)
    assert sync(cli, fake).json == []
    assert (asked_for(fake), alerts(cli)) == ([], [])


def test_it_covers_all_orgs_unless_one_is_named(
    migrated_url: str, cli: Cli, fake: TwilioFake
) -> None:
    company(cli)
    add_org(migrated_url, "other-pals", front_desk=None)
    other, mine = ("--org", "other-pals"), ("--org", "happy-paws")
    company(cli, *other, people=("C-1",))
    cli("number", "add", POOL, "--class", "pool", *other)
    for sid in (send(cli, fake, "C-1", *mine), send(cli, fake, "C-1", *other)):
        becomes(fake, sid, "delivered")
    assert [row["number"] for row in sync(cli, fake, *other).json] == [POOL]
    assert [row["number"] for row in sync(cli, fake).json] == [DESK]


def test_a_text_that_the_provider_does_not_know_is_left_with_one_alert(
    migrated_url: str, cli: Cli, fake: TwilioFake
) -> None:
    company(cli)
    lost = [send(cli, fake, "C-1"), send(cli, fake, "C-2")]
    becomes(fake, send(cli, fake, "C-3"), "delivered")
    for sid in lost:
        del fake.messages[sid]
    ran = sync(cli, fake)
    assert ran.code == 0
    assert [(row["message"], row["status"], row["note"]) for row in ran.json] == [
        (1, "sent", "the provider does not know it"),
        (2, "sent", "the provider does not know it"),
        (3, "delivered", None),
    ]
    assert alerts(cli) == [("message_not_known", "happy-paws", 1)]
    assert [each["status"] for each in texts(migrated_url)] == ["sent", "sent", "delivered"]


# --- a provider that does not answer -----------------------------------------------------------


@pytest.mark.parametrize(
    "fault", [server_error(), cut_json(), reset(), hang()], ids=["5xx", "cut", "reset", "hang"]
)
def test_what_was_answered_is_stored_when_the_provider_fails(
    migrated_url: str, cli: Cli, fake: TwilioFake, fault: Fault
) -> None:
    company(cli)
    sids = [send(cli, fake, client) for client in ("C-1", "C-2", "C-3")]
    for sid in sids:
        becomes(fake, sid, "delivered")

    def choose(request: Request) -> Fault | None:
        return fault if sids[1] in request.path else None

    fake.choose_fault = choose
    ran = sync(cli, fake)
    assert (ran.code, ran.error["code"]) == (75, "provider_unavailable")
    assert [row["message"] for row in ran.json] == [1, 3]
    assert [each["status"] for each in texts(migrated_url)] == ["delivered", "sent", "delivered"]
    fake.choose_fault = None
    assert [row["message"] for row in sync(cli, fake).json] == [2]


def test_a_provider_that_is_down_is_not_asked_for_ever(sqlite_cli: Cli, fake: TwilioFake) -> None:
    company(sqlite_cli)
    for at in range(40):
        send(sqlite_cli, fake, f"C-{at % 3 + 1}", now=NOW + timedelta(minutes=at))
    fake.requests.clear()
    fake.choose_fault = lambda _: server_error()
    ran = sync(sqlite_cli, fake, now=NOW + timedelta(hours=1))
    assert ran.code == 75
    assert 5 <= len(asked_for(fake)) <= 5 + 8  # those that were out when it was given up


def test_a_refused_account_ends_the_run(migrated_url: str, cli: Cli, fake: TwilioFake) -> None:
    company(cli)
    send(cli, fake)
    ran = sync(cli, fake, TWILIO_AUTH_TOKEN="0" * 32)
    assert (ran.code, ran.error["code"], ran.out) == (5, "provider_account", "")
    assert texts(migrated_url)[0]["synced_at"] is None


def test_without_credentials_nothing_is_asked(cli: Cli, fake: TwilioFake) -> None:
    company(cli)
    send(cli, fake)
    ran = sync(cli, fake, TWILIO_AUTH_TOKEN="")
    assert (ran.code, ran.error["code"]) == (5, "credentials_missing")
    assert asked_for(fake) == []


def test_no_transaction_is_open_while_the_provider_is_asked(
    migrated_sqlite: str, sqlite_cli: Cli, fake: TwilioFake
) -> None:
    company(sqlite_cli)
    sids = [send(sqlite_cli, fake, client) for client in ("C-1", "C-2", "C-3")]
    written = []

    def choose(_: Request) -> None:
        with working(migrated_sqlite) as uow:  # would wait for the lock of an open one
            uow.audit("client.seen", "client", "C-1")
        written.append(1)

    fake.choose_fault = choose
    for sid in sids:
        becomes(fake, sid, "delivered")
    assert len(sync(sqlite_cli, fake).json) == 3
    assert len(written) == 3


# --- output ------------------------------------------------------------------------------------


def test_a_line_per_text_with_jsonl(cli: Cli, fake: TwilioFake) -> None:
    company(cli)
    for client in ("C-1", "C-2"):
        becomes(fake, send(cli, fake, client), "delivered")
    ran = cli("message", "sync", "-o", "jsonl", now=LATER, **keys(fake))
    assert [line.startswith('{"message"') for line in ran.out.splitlines()] == [True, True]
    assert cli("message", "sync", "-o", "jsonl", now=LATER, **keys(fake)).out == ""


def test_a_dry_run_asks_and_changes_nothing(migrated_url: str, cli: Cli, fake: TwilioFake) -> None:
    company(cli)
    becomes(fake, send(cli, fake), "undelivered", 30005)
    before = texts(migrated_url)
    assert sync(cli, fake, "--dry-run").json[0]["status"] == "undelivered"
    assert (texts(migrated_url), alerts(cli)) == (before, [])


def test_limits_that_cannot_be_are_refused(cli: Cli) -> None:
    for wrong in ("0", "-1", "many"):
        assert cli("message", "sync", "--limit", wrong).code == 2


def test_the_texts_to_ask_for_come_from_the_index(migrated_sqlite: str) -> None:
    from petmsg.queries import delivery_status as queries

    with looking(migrated_sqlite) as cursor:
        for sql in (queries.NEVER_ASKED, queries.ASKED_BEFORE, queries.ASKED_LATELY):
            names = {"org_id": 1, "since": NOW, "provider": "twilio", "limit": 10}
            names |= {"until": NOW, "after": NOW}
            plan = [row[3] for row in cursor.tuples(f"EXPLAIN QUERY PLAN {sql}", **names)]
            assert any("ix_message_on_its_way" in step for step in plan), plan
            assert not any("TEMP B-TREE" in step for step in plan), plan
