"""petmsg message send with the real SDK, against a Twilio on loopback."""

import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from petmsg.enums.messages import MessageStatus
from tests.providers.sending import unused_port
from tests.support.fixtures import NOW, Cli, Ran, add_org, copied, looking, working
from tests.support.twilio_fake import ACCOUNT_SID, AUTH_TOKEN, TwilioFake
from tests.support.twilio_shapes import Fault, Request, cut_json, hang, refusal, reset, server_error
from tests.support.twilio_shapes import throttled as too_many

POOL, OTHER_POOL = "+14155550150", "+14155550151"
DESK, ANN, BOB = "+14155550100", "+14155551001", "+14155551002"


@pytest.fixture
def fake() -> Iterator[TwilioFake]:
    with TwilioFake(numbers=[DESK]) as running:
        yield running


def keys(fake: TwilioFake, **more: str) -> dict[str, str]:
    """The environment of a process that may send."""
    return {
        "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
        "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
        "PETMSG_TWILIO_API_URL": fake.url,
        "PETMSG_TWILIO_TIMEOUT_SECONDS": "1",
        **more,
    }


@copied
def people(cli: Cli) -> None:
    """Two clients of an org that sends through Twilio."""
    for ref, phone in (("C-1", ANN), ("C-2", BOB)):
        cli("client", "add", ref, "--phone", phone, "--ref", ref)
    assert cli("org", "set", "--yes", "--force", "--provider", "twilio").code == 0


def send(cli: Cli, *words: str, client: str = "C-1", **options: Any) -> Ran:
    ran = cli("message", "send", client, "--body", "Hi", *words, "-o", "json", **options)
    for secret in (AUTH_TOKEN, ANN, BOB):
        assert secret not in ran.out + ran.err
    return ran


def status(cli: Cli, client: str = "C-1") -> list[str]:
    rows = cli("message", "list", "--client", client, "-o", "json").json
    return [row["status"] for row in reversed(rows)]


def creations(fake: TwilioFake) -> list[Request]:
    return [request for request in fake.requests if request.method == "POST"]


# --- credentials -------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [("send", "C-1", "--body", "Hi"), ("dispatch",)])
def test_without_credentials_nothing_is_claimed_or_stored(
    migrated_sqlite: str, sqlite_cli: Cli, fake: TwilioFake, words: tuple[str, ...]
) -> None:
    people(sqlite_cli)
    if words[0] == "dispatch":
        assert send(sqlite_cli, "--queue-only").code == 0  # queueing needs no credentials
    with looking(migrated_sqlite) as cursor:
        before = cursor.tuples("SELECT id, status, attempts FROM message")
    bare = keys(fake, TWILIO_ACCOUNT_SID="", TWILIO_AUTH_TOKEN="")
    ran = sqlite_cli("message", *words, "-o", "json", **bare)
    assert (ran.code, ran.error["code"]) == (5, "credentials_missing")
    assert "TWILIO_AUTH_TOKEN" in ran.error["hint"]
    with looking(migrated_sqlite) as cursor:
        assert cursor.tuples("SELECT id, status, attempts FROM message") == before
    assert fake.requests == []


def test_one_orgs_missing_credentials_stop_no_other_org(
    migrated_sqlite: str, sqlite_cli: Cli, fake: TwilioFake
) -> None:
    people(sqlite_cli)
    add_org(migrated_sqlite, "a-sandbox", front_desk="+14155550200")
    org = ("--org", "a-sandbox")
    sqlite_cli("client", "add", "Ann", "--phone", ANN, "--ref", "C-1", *org)
    assert send(sqlite_cli, "--queue-only", *org).code == 0
    assert sqlite_cli("message", "dispatch", "-o", "json").code == 5
    assert sqlite_cli("message", "list", "-o", "json", *org).json[0]["status"] == "sent"


@pytest.mark.parametrize(("mode", "code"), [(0o600, 0), (0o640, 5), (0o604, 5)])
def test_a_credentials_file_is_used_only_if_nobody_else_can_read_it(
    sqlite_cli: Cli, fake: TwilioFake, tmp_path: Path, mode: int, code: int
) -> None:
    people(sqlite_cli)
    file = tmp_path / "twilio.env"
    file.write_text(f"TWILIO_ACCOUNT_SID={ACCOUNT_SID}\nTWILIO_AUTH_TOKEN={AUTH_TOKEN}\n")
    file.chmod(mode)
    environ = keys(fake, TWILIO_ACCOUNT_SID="", TWILIO_AUTH_TOKEN="")
    ran = send(sqlite_cli, **environ, PETMSG_TWILIO_CREDENTIALS=str(file))
    assert ran.code == code, ran.err
    if code:
        assert f"chmod 600 {file}" in ran.error["hint"]
        assert fake.requests == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PETMSG_TWILIO_TIMEOUT_SECONDS", "0"),
        ("PETMSG_TWILIO_TIMEOUT_SECONDS", "nan"),
        ("PETMSG_TWILIO_API_URL", "http://example.com"),
        ("TWILIO_ACCOUNT_SID", "SK123"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_before_anything_is_stored(
    sqlite_cli: Cli, fake: TwilioFake, name: str, value: str
) -> None:
    people(sqlite_cli)
    assert send(sqlite_cli, **keys(fake, **{name: value})).code in (2, 5)
    assert status(sqlite_cli) == []


# --- accepted, refused -------------------------------------------------------------------------


def test_an_accepted_text_is_sent_and_records_its_provider(cli: Cli, fake: TwilioFake) -> None:
    people(cli)
    ran = send(cli, **keys(fake))
    assert (ran.code, ran.json["status"], ran.json["from"]) == (0, "sent", DESK)
    (message,) = fake.messages.values()
    assert (message.from_, message.to, message.body) == (DESK, ANN, "Hi")
    shown = cli("message", "show", str(ran.json["message"]), "-o", "json").json
    assert (shown["provider"], shown["provider_id"]) == ("twilio", message.sid)


def test_a_rejected_text_failed_and_is_never_tried_again_by_itself(
    cli: Cli, fake: TwilioFake
) -> None:
    people(cli)
    fake.faults.append(refusal(21614, message=f"'To' number: {ANN}, is not a valid mobile number"))
    ran = send(cli, **keys(fake))
    assert (ran.code, ran.error["code"]) == (6, "provider_refused")
    assert ran.json["status"] == "failed"
    assert "21614" in ran.error["message"]
    assert "petmsg errors explain 21614" in ran.error["hint"]
    assert cli("message", "dispatch", "-o", "json", **keys(fake)).json == []
    (row,) = cli("message", "list", "-o", "json").json
    assert row["error"]["code"] == "21614"
    assert ANN not in row["error"]["message"]
    again = send(cli, **keys(fake))  # the phone cannot receive SMS
    assert (again.code, again.error["code"], again.out) == (4, "not_textable", "")
    assert len(creations(fake)) == 1


def test_a_failed_text_holds_nobody_up(sqlite_cli: Cli, fake: TwilioFake) -> None:
    people(sqlite_cli)
    fake.faults.append(refusal(21617))
    assert send(sqlite_cli, **keys(fake)).code == 6
    assert send(sqlite_cli, **keys(fake)).json["status"] == "sent"
    assert status(sqlite_cli) == ["failed", "sent"]


@pytest.mark.parametrize("code", [20003, 30002])
def test_a_refused_account_stops_the_run_and_marks_nothing_failed(
    sqlite_cli: Cli, fake: TwilioFake, code: int
) -> None:
    people(sqlite_cli)
    for client in ("C-1", "C-2"):
        send(sqlite_cli, "--queue-only", client=client)
    fake.choose_fault = lambda _: refusal(code, status=401)
    ran = sqlite_cli("message", "dispatch", "-o", "json", **keys(fake))
    assert ran.code == 5
    assert ran.json[0]["error"]["code"] == "provider_account"
    assert len(creations(fake)) == 1
    assert status(sqlite_cli) + status(sqlite_cli, "C-2") == ["queued", "queued"]


# --- later, unknown ----------------------------------------------------------------------------


def test_a_throttled_text_stays_queued_and_dispatch_sends_it_once_its_pause_is_over(
    cli: Cli, fake: TwilioFake
) -> None:
    people(cli)
    fake.faults.append(too_many("30"))
    ran = send(cli, **keys(fake))
    assert (ran.code, ran.error["code"]) == (75, "busy")
    assert ran.json["status"] == "queued"
    assert status(cli) == ["queued"]
    soon, later = NOW + timedelta(seconds=29), NOW + timedelta(seconds=33)
    assert cli("message", "dispatch", "-o", "json", now=soon, **keys(fake)).json == []
    (row,) = cli("message", "dispatch", "-o", "json", now=later, **keys(fake)).json
    assert row["status"] == "sent"
    assert len(fake.messages) == 1


def test_what_twilio_asks_for_slows_the_number_and_not_only_the_text(
    sqlite_cli: Cli, fake: TwilioFake
) -> None:
    people(sqlite_cli)
    fake.faults.append(too_many("60"))
    send(sqlite_cli, **keys(fake))
    other = send(sqlite_cli, client="C-2", **keys(fake))
    assert (other.code, other.json["note"]) == (0, f"{DESK} is at its rate limit")
    assert len(creations(fake)) == 1


def test_a_refused_connection_leaves_it_queued(sqlite_cli: Cli, fake: TwilioFake) -> None:
    people(sqlite_cli)
    nobody = {"PETMSG_TWILIO_API_URL": f"http://127.0.0.1:{unused_port()}"}
    assert send(sqlite_cli, **{**keys(fake), **nobody}).code == 75
    assert status(sqlite_cli) == ["queued"]


@pytest.mark.parametrize(
    "fault",
    [
        hang(),
        hang(accepted=False),
        reset(),
        reset(accepted=False),
        server_error(500, code=20500),
        server_error(503, accepted=True),
        cut_json(),
    ],
    ids=lambda fault: f"{fault.action}-{fault.status}-{'accepted' if fault.accepted else 'not'}",
)
def test_a_message_of_unknown_outcome_is_looked_up_before_anything_is_tried(
    sqlite_cli: Cli, fake: TwilioFake, fault: Fault
) -> None:
    people(sqlite_cli)
    fake.faults.append(fault)
    ran = send(sqlite_cli, **keys(fake, PETMSG_TWILIO_TIMEOUT_SECONDS="0.3"))
    assert (ran.code, ran.error["code"]) == (6, "provider_outcome_unknown")
    assert ran.json["status"] == "unknown"
    second = send(sqlite_cli, **keys(fake))
    assert (second.code, second.json["status"]) == (0, "queued")
    assert "to the same phone is unknown" in second.err
    assert send(sqlite_cli, client="C-2", **keys(fake)).json["status"] == "sent"
    assert len(creations(fake)) == 2

    def dispatched(after: int) -> int:
        at = NOW + timedelta(seconds=after)
        return sqlite_cli("message", "dispatch", "-o", "json", now=at, **keys(fake)).code

    if fault.accepted:  # Twilio lists it
        assert dispatched(2) == 0
        assert len(creations(fake)) == 3
    else:
        assert (dispatched(2), dispatched(122)) == (6, 6)
        assert status(sqlite_cli) == ["unknown", "queued"]
        assert len(creations(fake)) == 2
        assert dispatched(185) == 0
        assert len(creations(fake)) == 4
    assert status(sqlite_cli) == ["sent", "sent"]
    assert Counter(message.to for message in fake.messages.values()) == {ANN: 2, BOB: 1}


def test_a_look_that_fails_leaves_the_outcome_unknown(sqlite_cli: Cli, fake: TwilioFake) -> None:
    people(sqlite_cli)
    fake.faults.append(server_error())
    send(sqlite_cli, **keys(fake))
    fake.choose_fault = lambda request: server_error() if request.method == "GET" else None
    late = NOW + timedelta(hours=1)
    for at in (late, late + timedelta(hours=1)):
        ran = sqlite_cli("message", "dispatch", "-o", "json", now=at, **keys(fake))
        assert ran.code == 75
        assert [row["error"]["code"] for row in ran.json] == ["provider_unavailable"]
    assert status(sqlite_cli) == ["unknown"]
    assert len(creations(fake)) == 1


def test_a_person_who_looked_it_up_can_let_an_unknown_text_go(
    sqlite_cli: Cli, fake: TwilioFake
) -> None:
    people(sqlite_cli)
    fake.faults.append(server_error())
    message = str(send(sqlite_cli, **keys(fake)).json["message"])
    assert sqlite_cli("message", "retry", message, "--reason", "not in Twilio's log").code == 0
    later = NOW + timedelta(seconds=1)
    (row,) = sqlite_cli("message", "dispatch", "-o", "json", now=later, **keys(fake)).json
    assert (str(row["message"]), row["status"]) == (message, "sent")
    assert len(creations(fake)) == 2


def test_a_key_of_an_unknown_text_gives_that_text_and_sends_nothing(
    sqlite_cli: Cli, fake: TwilioFake
) -> None:
    people(sqlite_cli)
    fake.faults.append(reset())
    first = send(sqlite_cli, "--key", "k1", **keys(fake))
    again = send(sqlite_cli, "--key", "k1", **keys(fake))
    assert (again.code, again.json["message"]) == (0, first.json["message"])
    assert again.json["status"] == "unknown"
    assert len(creations(fake)) == 1


# --- exit codes of dispatch ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("faults", "code"),
    [
        (("", ""), 0),
        (("throttled", ""), 75),
        (("lost", "throttled"), 6),
        (("refused", "throttled"), 6),
        (("", "refused"), 6),
        (("refused", "account"), 5),
    ],
)
def test_dispatch_exits_with_the_worst_that_happened(
    sqlite_cli: Cli, fake: TwilioFake, faults: tuple[str, str], code: int
) -> None:
    people(sqlite_cli)
    sqlite_cli("number", "add", POOL, OTHER_POOL, "--class", "pool")
    fake.numbers = [*fake.numbers, POOL, OTHER_POOL]
    for client in ("C-1", "C-2"):
        assert send(sqlite_cli, "--queue-only", client=client).code == 0
    kinds = {
        "": None,
        "throttled": too_many("60"),
        "lost": server_error(),
        "refused": refusal(21614),
        "account": refusal(20003, status=401),
    }
    wanted = dict(zip((ANN, BOB), faults, strict=True))
    fake.choose_fault = lambda request: kinds[wanted.get(request.form.get("To", ""), "")]
    ran = sqlite_cli("message", "dispatch", "-o", "json", **keys(fake))
    assert ran.code == code, ran.err


# --- the transaction ---------------------------------------------------------------------------


def test_the_provider_is_never_called_inside_a_transaction(
    migrated_url: str, cli: Cli, fake: TwilioFake
) -> None:
    """While Twilio is thinking, others write at once, and the claim is there for all to see."""
    people(cli)
    seen: dict[str, Any] = {}

    def meanwhile(_: Request) -> None:
        started = time.monotonic()
        with working(migrated_url, now=NOW) as uow:
            uow.cursor.run("UPDATE message SET actor = actor")
            uow.audit("org.looked_at", "org", "happy-paws")
            seen["status"] = uow.cursor.value("SELECT status FROM message")
            if not uow.cursor.is_sqlite:
                seen["idle"] = uow.cursor.value(
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                    " AND state LIKE 'idle in transaction%'"
                )
        seen["seconds"] = time.monotonic() - started

    fake.choose_fault = meanwhile
    ran = send(cli, **keys(fake, PETMSG_TWILIO_TIMEOUT_SECONDS="20"))
    assert ran.code == 0, ran.err
    assert seen["status"] == MessageStatus.SENDING
    assert seen["seconds"] < 5  # a writer that waited for us would have waited for 10 s or more
    assert seen.get("idle", 0) == 0
    assert status(cli) == ["sent"]


def test_the_providers_answer_is_reported_when_it_cannot_be_stored(
    migrated_sqlite: str, sqlite_cli: Cli, fake: TwilioFake, tmp_path: Path
) -> None:
    """The file is gone when the answer comes: the outcome is unknown, and the error says so."""
    people(sqlite_cli)
    path = tmp_path / "petmsg.db"

    def lose_the_database(_: Request) -> None:
        path.replace(tmp_path / "elsewhere.db")

    fake.choose_fault = lose_the_database
    ran = send(sqlite_cli, **keys(fake))
    assert (ran.code, ran.error["code"]) == (6, "provider_outcome_unknown")
    assert "was sent to the provider, but the answer could not be stored" in ran.error["message"]


# --- messages that expire ----------------------------------------------------------------------


@pytest.mark.parametrize("words", [(), ("--queue-only",)])
def test_twilio_drops_a_message_that_waits_there_beyond_its_end(
    sqlite_cli: Cli, fake: TwilioFake, words: tuple[str, ...]
) -> None:
    people(sqlite_cli)
    ran = send(sqlite_cli, "--expires", "+10m", *words, **keys(fake))
    assert ran.code == 0, ran.err
    if words:
        later = NOW + timedelta(minutes=4)
        assert sqlite_cli("message", "dispatch", now=later, **keys(fake)).code == 0
    (request,) = creations(fake)
    left = 360 if words else 600
    assert left - 5 <= int(request.form["ValidityPeriod"]) <= left


def test_a_message_that_does_not_expire_stays_as_long_as_twilio_keeps_it(
    sqlite_cli: Cli, fake: TwilioFake
) -> None:
    people(sqlite_cli)
    assert send(sqlite_cli, **keys(fake)).code == 0
    assert send(sqlite_cli, "--expires", "+12h", client="C-2", **keys(fake)).code == 0
    assert [request.form.get("ValidityPeriod") for request in creations(fake)] == [None, None]
