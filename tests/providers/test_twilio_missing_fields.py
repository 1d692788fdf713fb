"""Fields that the provider's description calls nullable or optional: all of a message and of a
number. Each of them, null or left out, in each list that petmsg reads."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests.support.fixtures import NOW, Cli, Ran, looking
from tests.support.on_twilio import (
    ANN,
    BOB,
    DESK,
    POOL,
    SPARE,
    alerts,
    becomes,
    company,
    keys,
    send,
    texts,
)
from tests.support.twilio_account import MISSING
from tests.support.twilio_fake import ACCOUNT_SID, TwilioFake
from tests.support.twilio_shapes import FakeMessage, number_resource, reset

MINUTE = timedelta(minutes=1)
OF_A_MESSAGE = [*FakeMessage("SM", ANN, DESK, "Hi", NOW).resource(ACCOUNT_SID)]
OF_A_NUMBER = [*number_resource(ACCOUNT_SID, 1, DESK, sends_texts=True)]
READ = {"body", "date_created", "date_sent", "direction", "error_code", "from", "num_media", "sid",
        "status", "to", "phone_number", "capabilities"}  # fmt: skip


def one_by_one(fields: list[str]) -> list[Any]:
    """Each field that petmsg reads by itself, and all the others together."""
    read = [pytest.param([each], id=each) for each in fields if each in READ]
    return [*read, pytest.param([each for each in fields if each not in READ], id="the others")]


NOTHINGS = [pytest.param(None, id="null"), pytest.param(MISSING, id="left out")]


@pytest.fixture
def fake() -> Iterator[TwilioFake]:
    with TwilioFake(numbers=[DESK, POOL, SPARE]) as running:
        yield running


@pytest.fixture
def ready(sqlite_cli: Cli) -> Cli:
    company(sqlite_cli)
    return sqlite_cli


def asked(cli: Cli, fake: TwilioFake, *words: str, **options: Any) -> Ran:
    return cli(*words, "-o", "json", **{**keys(fake), **options})


# --- messages that came in ---------------------------------------------------------------------


@pytest.mark.parametrize("nothing", NOTHINGS)
@pytest.mark.parametrize("fields", one_by_one(OF_A_MESSAGE))
def test_a_stop_behind_an_incomplete_message_is_read(
    ready: Cli, fake: TwilioFake, sqlite_url: str, fields: list[str], nothing: object
) -> None:
    sid = fake.comes_in("Is Rex fine?", from_=ANN, to=DESK, at=NOW - 2 * MINUTE)
    fake.comes_in("STOP", from_=BOB, to=DESK, at=NOW - MINUTE)
    fake.spoilt[sid] = dict.fromkeys(fields, nothing)
    ran = asked(ready, fake, "message", "pull")
    assert ran.code in (0, 4), ran.err
    assert ready("client", "show", "C-2", "-o", "json").json["opted_out"]
    with looking(sqlite_url) as cursor:
        (mark,) = cursor.rows("SELECT pulled_until FROM pull_mark")
        strays = cursor.value("SELECT count(*) FROM stray_text")
    assert mark["pulled_until"] == NOW
    assert len(texts(sqlite_url)) + strays == 2
    again = asked(ready, fake, "message", "pull", now=NOW + MINUTE)
    assert again.json == []


def test_a_message_to_an_unknown_number_is_kept_with_an_alert(ready: Cli, fake: TwilioFake) -> None:
    sid = fake.comes_in("Is Rex fine?", from_=ANN, to=DESK, at=NOW - MINUTE)
    fake.spoilt[sid] = {"to": None}
    ran = asked(ready, fake, "message", "pull")
    assert (ran.code, "kept as unmatched message 1" in ran.err) == (4, True)
    assert [row[0] for row in alerts(ready)] == ["stray_text"]
    assert ready("inbox", "strays", "-o", "json").json[0]["body"] == "Is Rex fine?"


def test_nobody_without_a_phone_is_answered(ready: Cli, fake: TwilioFake, sqlite_url: str) -> None:
    ready("org", "set", "--unknown-reply", "Who is there?")
    sid = fake.comes_in("Hello", from_=ANN, to=DESK, at=NOW - MINUTE)
    fake.spoilt[sid] = {"from": None}
    assert asked(ready, fake, "message", "pull").code == 0
    assert [text["direction"] for text in texts(sqlite_url)] == ["inbound"]
    assert len(ready("inbox", "list", "-o", "json").json) == 1


# --- messages that were sent -------------------------------------------------------------------


@pytest.mark.parametrize("nothing", NOTHINGS)
@pytest.mark.parametrize("fields", one_by_one(OF_A_MESSAGE))
def test_an_incomplete_message_that_was_sent_is_not_sent_again(
    ready: Cli, fake: TwilioFake, sqlite_url: str, fields: list[str], nothing: object
) -> None:
    fake.faults.append(reset(accepted=True))
    asked(ready, fake, "message", "send", "C-1", "--body", "Hi")
    (sid,) = fake.messages
    fake.spoilt[sid] = dict.fromkeys(fields, nothing)
    for minutes in (1, 5, 10, 15):
        asked(ready, fake, "message", "dispatch", now=NOW + minutes * MINUTE)
    assert len(fake.messages) == 1
    assert texts(sqlite_url)[0]["status"] in ("sent", "delivered", "held")


@pytest.mark.parametrize("nothing", NOTHINGS)
@pytest.mark.parametrize("fields", one_by_one(OF_A_MESSAGE))
def test_what_becomes_of_an_incomplete_message_is_taken_in(
    ready: Cli, fake: TwilioFake, sqlite_url: str, fields: list[str], nothing: object
) -> None:
    sid = send(ready, fake)
    becomes(fake, sid, "undelivered", 30007)
    fake.spoilt[sid] = dict.fromkeys(fields, nothing)
    ran = asked(ready, fake, "message", "sync", now=NOW + MINUTE)
    assert ran.code == 0, ran.err
    expected = "sent" if fields == ["status"] else "undelivered"
    assert texts(sqlite_url)[0]["status"] == expected


# --- numbers -----------------------------------------------------------------------------------


@pytest.mark.parametrize("nothing", NOTHINGS)
@pytest.mark.parametrize("fields", one_by_one(OF_A_NUMBER))
def test_an_incomplete_number_stops_neither_import_nor_reconcile_nor_doctor(
    ready: Cli, fake: TwilioFake, fields: list[str], nothing: object
) -> None:
    fake.spoilt[POOL] = dict.fromkeys(fields, nothing)
    ran = asked(ready, fake, "number", "import", "--from-provider", "--class", "pool")
    unclear = fields in (["capabilities"], ["phone_number"])
    assert ran.code == (4 if unclear else 0), ran.err
    there = {row["number"] for row in ready("number", "list", "-o", "json").json}
    assert SPARE in there
    assert (POOL in there) is not unclear
    assert asked(ready, fake, "reconcile").code in (0, 10)
    doctor = asked(ready, fake, "doctor", "--provider", "--check", "provider")
    assert (doctor.code, doctor.json[0]["result"]) == (0, "ok")


def test_a_number_without_its_phone_or_its_abilities_is_reported_by_reconcile(
    ready: Cli, fake: TwilioFake
) -> None:
    fake.spoilt = {POOL: {"phone_number": None}, SPARE: {"capabilities": None}}
    ran = asked(ready, fake, "reconcile")
    assert ran.code == 10
    assert sorted(row["ref"] for row in ran.json) == [SPARE, f"PN{2:032x}"]
    assert sorted(ref for kind, ref, _ in alerts(ready)) == [SPARE, f"PN{2:032x}"]


def test_a_number_of_ours_whose_abilities_are_not_given_is_not_gone(
    ready: Cli, fake: TwilioFake
) -> None:
    fake.spoilt[DESK] = {"capabilities": None}
    assert DESK not in {row["ref"] for row in asked(ready, fake, "reconcile").json}
