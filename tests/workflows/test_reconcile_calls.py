"""reconcile asks for what nobody told about calls: their ends, who took them, voicemails."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from petmsg.enums.calls import CallStatus
from tests.support.calling import (
    CALL,
    DESK_PHONE,
    MAYAS_OWN,
    arrived,
    calls,
    company,
    ended,
    left,
    picked_up,
    rang,
    table,
    tell,
)
from tests.support.fixtures import NOW, Cli, Ran, working
from tests.support.on_twilio import keys
from tests.support.texting import ANN, MAYA, OLGA, POOL, POOL_2, alerts
from tests.support.twilio_calls import MP3, FakeCall
from tests.support.twilio_fake import TwilioFake
from tests.support.twilio_shapes import answer, refusal, server_error

LATER = NOW + timedelta(minutes=6)
STATE = "status, answered_by, duration_seconds, voicemail_seconds"


@pytest.fixture
def fake() -> Iterator[TwilioFake]:
    with TwilioFake(numbers=[MAYA, OLGA, POOL, POOL_2, "+14155550100"]) as running:
        yield running


@pytest.fixture
def paws(cli: Cli) -> Cli:
    company(cli)
    assert cli("org", "set", "--yes", "--force", "--provider", "twilio").code == 0
    return cli


def reconcile(cli: Cli, fake: TwilioFake, *words: str, **options: Any) -> Ran:
    ran = cli("reconcile", "-o", "json", *words, **{**keys(fake), "now": LATER, **options})
    for personal in (ANN, MAYAS_OWN, DESK_PHONE):
        assert personal not in ran.out + ran.err
    return ran


def at_twilio(fake: TwilioFake, status: str, seconds: int | None = 40) -> None:
    fake.calls.add(FakeCall(CALL, ANN, MAYA, status, seconds))


def leg(fake: TwilioFake, to: str, status: str = "completed") -> None:
    """A phone that was rung for the call."""
    at = len(fake.calls.calls)
    made = FakeCall(f"CA{at:032x}", MAYA, to, status, 20, parent=CALL)
    made.started_at += timedelta(seconds=at)
    fake.calls.add(made)


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("completed", "no_answer"),
        ("no-answer", "no_answer"),
        ("busy", "busy"),
        ("failed", "failed"),
        ("canceled", "no_answer"),
    ],
)
def test_a_call_whose_end_nobody_told_ends_as_the_provider_says(
    paws: Cli, migrated_url: str, fake: TwilioFake, said: str, status: str
) -> None:
    tell(migrated_url, arrived())
    at_twilio(fake, said)

    ran = reconcile(paws, fake)

    assert ran.code == 0
    assert ran.json == [
        {
            "org": "happy-paws",
            "kind": "call_open",
            "ref": "1",
            "status": status,
            "message": "Call 1: it had ended at the provider.",
            "command": "petmsg call show 1",
        }
    ]
    assert calls(migrated_url, STATE) == [(status, None, 40, None)]
    assert alerts(paws) == [("missed_call", "1")]
    assert reconcile(paws, fake).json == []


def test_a_call_that_goes_on_or_has_just_begun_is_left_alone(
    paws: Cli, migrated_url: str, fake: TwilioFake
) -> None:
    tell(migrated_url, arrived())
    at_twilio(fake, "in-progress", None)

    assert reconcile(paws, fake, now=NOW + timedelta(minutes=4)).json == []
    assert not any("/Calls/" in request.path for request in fake.requests)
    assert reconcile(paws, fake).json == []
    assert calls(migrated_url, STATE) == [("ringing", None, None, None)]


def test_a_call_that_the_provider_does_not_have_is_closed_as_failed(
    paws: Cli, migrated_url: str, fake: TwilioFake
) -> None:
    tell(migrated_url, arrived())

    (row,) = reconcile(paws, fake).json

    assert (row["status"], row["message"]) == (
        "failed",
        "Call 1: the provider does not have it, so it was ended.",
    )
    assert calls(migrated_url, STATE) == [("failed", None, None, None)]


def test_the_desk_took_a_call_though_nobody_told(
    paws: Cli, migrated_url: str, fake: TwilioFake
) -> None:
    tell(migrated_url, arrived(), rang(0))
    at_twilio(fake, "completed", 95)
    leg(fake, MAYAS_OWN, "no-answer")
    leg(fake, DESK_PHONE)

    reconcile(paws, fake)

    assert calls(migrated_url, STATE) == [("completed", "front_desk", 95, None)]
    assert alerts(paws) == []


def test_a_sitters_own_voicemail_is_no_answer(
    paws: Cli, migrated_url: str, fake: TwilioFake
) -> None:
    tell(migrated_url, arrived(), picked_up())
    at_twilio(fake, "completed", 30)
    leg(fake, MAYAS_OWN)

    reconcile(paws, fake)

    assert calls(migrated_url, STATE) == [("no_answer", None, 30, None)]


def test_a_sitter_whose_phone_is_the_desks_must_have_pressed_the_key(
    paws: Cli, migrated_url: str, fake: TwilioFake
) -> None:
    paws("org", "set", "--desk-phone", MAYAS_OWN)
    tell(migrated_url, arrived(), picked_up())
    at_twilio(fake, "completed", 30)
    leg(fake, MAYAS_OWN)
    leg(fake, MAYAS_OWN)

    reconcile(paws, fake)

    assert calls(migrated_url, STATE) == [("no_answer", None, 30, None)]


def test_a_phone_that_became_the_desks_after_the_call_was_the_sitters(
    paws: Cli, migrated_url: str, fake: TwilioFake
) -> None:
    tell(migrated_url, arrived(), picked_up())
    assert paws("org", "set", "--desk-phone", MAYAS_OWN).code == 0
    at_twilio(fake, "completed", 30)
    leg(fake, MAYAS_OWN)

    reconcile(paws, fake)

    assert calls(migrated_url, STATE) == [("no_answer", None, 30, None)]


def test_a_sitter_who_pressed_the_key_took_the_call(
    paws: Cli, migrated_url: str, fake: TwilioFake
) -> None:
    tell(migrated_url, arrived(), picked_up(key="1"))
    at_twilio(fake, "completed", 30)

    reconcile(paws, fake)

    assert calls(migrated_url, STATE) == [("completed", "sitter", 30, None)]
    assert not any("ParentCallSid" in request.query for request in fake.requests)


def test_the_client_whom_a_sitter_called_took_the_call(
    paws: Cli, migrated_url: str, fake: TwilioFake
) -> None:
    tell(migrated_url, arrived(sender=MAYAS_OWN))
    at_twilio(fake, "completed", 30)
    leg(fake, ANN)

    reconcile(paws, fake)

    assert calls(migrated_url, STATE) == [("completed", "client", 30, None)]


def test_a_voicemail_that_nobody_told_is_stored_and_fetched_once(
    paws: Cli, migrated_url: str, fake: TwilioFake
) -> None:
    tell(migrated_url, arrived(), rang(0), rang(1), ended(50))
    at_twilio(fake, "completed", 50)
    fake.calls.record(CALL, source="DialVerb")
    fake.calls.record(CALL, seconds=23)

    ran = reconcile(paws, fake)

    assert [(row["kind"], row["ref"], row["message"]) for row in ran.json] == [
        ("voicemail_not_told", "1", "Call 1: a voicemail was found at the provider.")
    ]
    assert calls(migrated_url, STATE) == [("no_answer", None, 50, 23)]
    assert alerts(paws) == [("voicemail", "1")]
    assert reconcile(paws, fake).json == []
    (file,) = paws("media", "fetch", "-o", "json", **keys(fake), now=LATER).json
    assert (file["status"], file["content_type"], file["size"]) == (
        "stored",
        "audio/mpeg",
        len(MP3),
    )
    (listed,) = paws("media", "list", "-o", "json").json
    assert (listed["call"], listed["seconds"], listed["client"]) == (1, 23, "C-1")
    assert "voicemail, 23 s" in paws("media", "list", "-o", "table").out


def test_the_end_and_the_voicemail_are_found_in_one_run(
    paws: Cli, migrated_url: str, fake: TwilioFake
) -> None:
    tell(migrated_url, arrived(), rang(0))
    at_twilio(fake, "completed", 50)
    fake.calls.record(CALL, seconds=9)

    assert [row["kind"] for row in reconcile(paws, fake).json] == [
        "call_open",
        "voicemail_not_told",
    ]
    assert table(migrated_url, "SELECT body FROM message") == [("Voicemail, 9 seconds",)]


def test_voicemails_are_looked_for_where_there_may_be_one(
    paws: Cli, migrated_url: str, fake: TwilioFake
) -> None:
    with_one, taken, without = (f"CA{at:032x}" for at in (1, 2, 3))
    tell(migrated_url, arrived(with_one), rang(0, call=with_one), ended(call=with_one))
    tell(migrated_url, left(call=with_one))
    tell(migrated_url, arrived(taken), picked_up(key="1", call=taken), ended(call=taken))
    paws("org", "set", "--voicemail", "off")
    tell(migrated_url, arrived(without), ended(call=without))

    assert reconcile(paws, fake).json == []
    assert not any(request.path.endswith("/Recordings.json") for request in fake.requests)


def test_a_dry_run_asks_and_stores_nothing(paws: Cli, migrated_url: str, fake: TwilioFake) -> None:
    tell(migrated_url, arrived())
    at_twilio(fake, "busy")

    assert [row["status"] for row in reconcile(paws, fake, "--dry-run").json] == ["busy"]
    assert calls(migrated_url, STATE) == [("ringing", None, None, None)]


def test_many_calls_are_asked_for_in_batches_and_bad_answers_stop_only_after_two(
    paws: Cli, migrated_url: str, fake: TwilioFake
) -> None:
    paws("org", "set", "--calls-per-hour", "1000")
    sids = [f"CA{at:032x}" for at in range(60)]
    tell(migrated_url, *(arrived(sid) for sid in sids))
    for sid in sids:
        fake.calls.add(FakeCall(sid, ANN, MAYA, "busy", None))
    fake.choose_fault = lambda request: (
        answer(200, b"{") if request.path.endswith(f"{sids[55]}.json") else None
    )

    ran = reconcile(paws, fake)

    assert ran.code == 75
    assert dict(table(migrated_url, "SELECT status, count(*) FROM call GROUP BY status")) == {
        "busy": 59,
        "ringing": 1,
    }
    fake.choose_fault = None
    assert len(reconcile(paws, fake).json) == 1


@pytest.mark.parametrize(
    ("fault", "expected"),
    [(server_error(), (75, 2)), (refusal(20003, status=401), (5, 1))],
)
def test_an_account_that_does_not_answer_is_not_asked_for_every_call(
    paws: Cli, migrated_url: str, fake: TwilioFake, fault: Any, expected: tuple[int, int]
) -> None:
    tell(migrated_url, *(arrived(f"CA{at:032x}") for at in range(9)))
    fake.choose_fault = lambda request: fault if "/Calls" in request.path else None

    code = reconcile(paws, fake).code
    asked = sum("/Calls/" in request.path for request in fake.requests)
    assert (code, asked) == expected
    assert {row[0] for row in calls(migrated_url, "status")} == {"ringing"}


def test_a_call_of_a_provider_that_the_org_has_left_ends_after_a_day(
    paws: Cli, migrated_url: str, fake: TwilioFake
) -> None:
    tell(migrated_url, arrived())
    paws("org", "set", "--yes", "--provider", "sandbox")

    assert reconcile(paws, fake).json == []
    day_later = NOW + timedelta(hours=26)
    assert [row["status"] for row in reconcile(paws, fake, now=day_later).json] == ["failed"]


def test_a_decision_that_was_erased_has_no_voicemail(
    paws: Cli, migrated_url: str, fake: TwilioFake
) -> None:
    tell(migrated_url, arrived(), ended())
    at_twilio(fake, "completed")
    with working(migrated_url) as uow:
        uow.cursor.run("UPDATE call SET decision = :none", none=json.dumps({}))

    assert reconcile(paws, fake).code == 0


def test_who_took_a_call_is_told_once(paws: Cli, migrated_url: str, fake: TwilioFake) -> None:
    tell(migrated_url, arrived(), rang(0), rang(1, CallStatus.COMPLETED))
    at_twilio(fake, "completed", 95)

    assert [row["status"] for row in reconcile(paws, fake).json] == ["completed"]
    assert calls(migrated_url, STATE) == [("completed", "front_desk", 95, None)]
