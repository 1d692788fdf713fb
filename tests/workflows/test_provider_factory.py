"""Companies of several Twilio accounts in one process, and accounts without credentials."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from petmsg.cli.context import Context
from petmsg.db.cursor import Cursor
from petmsg.errors import BUSY, CONFIGURATION, REFUSED, PetmsgError
from petmsg.services.orgs import org as orgs
from petmsg.services.outbox.claim import ProviderChanged, claim
from petmsg.workflows.environment import Environment
from petmsg.workflows.provider_factory import raise_after_warnings
from tests.support.fixtures import NOW, Cli, Ran, looking, working
from tests.support.on_twilio import ANN, BOB, DESK, company, keys
from tests.support.twilio_account import FakeAccount
from tests.support.twilio_fake import ACCOUNT_SID, TwilioFake
from tests.support.twilio_media import storage_host
from tests.support.twilio_shapes import refusal, reset

NORTH_SID = "AC" + "7" * 32
NORTH_DESK = "+14155550700"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def north() -> FakeAccount:
    """The account of the second company."""
    return FakeAccount(NORTH_SID, [NORTH_DESK], first_id=1000)


@pytest.fixture
def fake(north: FakeAccount) -> Iterator[TwilioFake]:
    with TwilioFake(numbers=[DESK], others=[(north, "north-token")]) as running:
        yield running


@pytest.fixture
def two(sqlite_cli: Cli) -> Cli:
    """Happy Paws with the account without a name, and a company in the north with its own."""
    company(sqlite_cli, "--org", "happy-paws", people=("C-1",))
    cli = sqlite_cli
    words = ("--name", "North", "--timezone", "America/New_York", "--front-desk", NORTH_DESK)
    assert cli("org", "add", "north", *words).code == 0
    assert cli("client", "add", "Bob", "--phone", BOB, "--ref", "C-9", "--org", "north").code == 0
    own = (
        "--provider",
        "twilio",
        "--twilio-account",
        "north",
        "--yes",
        "--force",
        "--org",
        "north",
    )
    assert cli("org", "set", *own).code == 0
    return cli


def both(fake: TwilioFake) -> dict[str, str]:
    return keys(fake, TWILIO_ACCOUNT_SID_NORTH=NORTH_SID, TWILIO_AUTH_TOKEN_NORTH="north-token")


def run(cli: Cli, *words: str, now: datetime = NOW, **environ: str) -> Ran:
    options: dict[str, Any] = {"now": now, **environ}
    return cli(*words, "-o", "json", **options)


def marks(cursor: Cursor) -> list[tuple[Any, ...]]:
    return cursor.tuples("SELECT provider, account FROM pull_mark ORDER BY provider, account")


def queue(cli: Cli) -> None:
    for client, org in (("C-1", "happy-paws"), ("C-9", "north")):
        words = ("message", "send", client, "--body", "Hi", "--queue-only", "--org", org)
        assert cli(*words).code == 0


def test_each_company_sends_and_asks_with_its_own_account(
    two: Cli, fake: TwilioFake, north: FakeAccount, migrated_sqlite: str
) -> None:
    queue(two)
    assert run(two, "message", "dispatch", **both(fake)).code == 0
    assert [each.to for each in fake.messages.values()] == [ANN]
    assert [each.to for each in north.messages.values()] == [BOB]
    later = NOW + 10 * MINUTE
    assert run(two, "message", "sync", now=later, **both(fake)).code == 0
    assert run(two, "reconcile", now=later, **both(fake)).json == []
    fake.comes_in("to us", from_=ANN, to=DESK, at=NOW - MINUTE)
    north.comes_in("to the north", from_=BOB, to=NORTH_DESK, at=NOW - MINUTE)
    assert len(run(two, "message", "pull", **both(fake)).json) == 2
    with looking(migrated_sqlite) as cursor:
        found = cursor.tuples(
            "SELECT o.slug, m.body FROM message m JOIN org o ON o.id = m.org_id"
            " WHERE m.direction = 'inbound' ORDER BY o.slug"
        )
        assert found == [("happy-paws", "to us"), ("north", "to the north")]
        assert marks(cursor) == [("twilio", ""), ("twilio", "north")]


def test_a_company_without_credentials_stops_no_other(
    two: Cli, fake: TwilioFake, north: FakeAccount, migrated_sqlite: str
) -> None:
    """Its messages stay queued, and the command says whose they are."""
    queue(two)
    ran = run(two, "message", "dispatch", **keys(fake))
    assert (ran.code, ran.error["code"]) == (CONFIGURATION, "credentials_missing")
    assert ran.error["message"].startswith("north: Missing Twilio credentials")
    assert "TWILIO_AUTH_TOKEN_NORTH" in ran.error["hint"]
    assert [len(fake.messages), len(north.messages)] == [1, 0]
    later = NOW + 10 * MINUTE
    ran = run(two, "message", "sync", now=later, **keys(fake))
    assert (ran.code, ran.error["code"]) == (CONFIGURATION, "credentials_missing")
    fake.comes_in("to us", from_=ANN, to=DESK, at=NOW - MINUTE)
    ran = run(two, "message", "pull", **keys(fake))
    assert (ran.code, ran.error["code"]) == (CONFIGURATION, "credentials_missing")
    ran = run(two, "reconcile", now=later, **keys(fake))
    assert (ran.code, ran.error["code"]) == (CONFIGURATION, "credentials_missing")
    with looking(migrated_sqlite) as cursor:
        states = cursor.tuples("SELECT direction, status FROM message ORDER BY id")
        assert states == [
            ("outbound", "sent"),
            ("outbound", "queued"),
            ("inbound", "received"),
        ]
        # The other account was not asked, so the next pull asks it from the same time on.
        assert marks(cursor) == [("twilio", "")]
    assert run(two, "message", "dispatch", **both(fake)).code == 0
    assert len(north.messages) == 1


def test_an_account_that_is_refused_stops_no_other(
    two: Cli, fake: TwilioFake, north: FakeAccount
) -> None:
    fake.comes_in("to us", from_=ANN, to=DESK, at=NOW - MINUTE)
    wrong = {**both(fake), "TWILIO_AUTH_TOKEN_NORTH": "wrong"}
    ran = run(two, "message", "pull", **wrong)
    assert (ran.code, ran.error["code"]) == (CONFIGURATION, "provider_account")
    assert len(ran.json) == 1
    queue(two)
    run(two, "message", "dispatch", **wrong)
    assert [len(fake.messages), len(north.messages)] == [2, 0]


def test_doctor_checks_each_account_and_says_whose_credentials_are_missing(
    two: Cli, fake: TwilioFake
) -> None:
    line = ("doctor", "--provider", "--check", "credentials", "--check", "provider")
    assert run(two, *line, **both(fake)).code == 0
    rows = run(two, *line, "--findings", **keys(fake)).json
    assert [row["message"].partition(":")[0] for row in rows] == [
        "north cannot send",
        "twilio north",
    ]
    wrong = {**both(fake), "TWILIO_AUTH_TOKEN_NORTH": "wrong"}
    (row,) = run(two, *line, "--findings", **wrong).json
    assert row["message"].startswith("twilio north: Twilio rejects the account")


# ------------------------------------------------------------------------- another account


def test_the_account_stays_while_it_must_be_asked_for_a_message(
    two: Cli, fake: TwilioFake, north: FakeAccount, migrated_sqlite: str
) -> None:
    """Another account does not know the message, so it would be sent twice."""
    queue(two)
    fake.faults.append(reset(accepted=True))
    run(two, "message", "dispatch", "--org", "happy-paws", **both(fake))
    line = ("org", "set", "--twilio-account", "north", "--org", "happy-paws")
    ran = run(two, *line)
    assert (ran.code, ran.error["code"]) == (REFUSED, "messages_unsettled")
    assert "1 message of org happy-paws" in ran.error["message"]
    run(two, "message", "dispatch", now=NOW + 5 * MINUTE, **both(fake))
    assert run(two, *line).json["twilio_account"] == "north"
    assert run(two, *line).code == 0
    assert run(two, "org", "set", "--twilio-account", "none", "--org", "happy-paws").code == 0
    assert len(fake.messages) == 1


def test_a_process_with_the_old_account_claims_nothing_more(two: Cli, migrated_sqlite: str) -> None:
    queue(two)
    with working(migrated_sqlite, org="north") as uow:
        old = uow.org.account
        orgs.change(uow, twilio_account="none")
        message = uow.cursor.value(
            "SELECT id FROM message WHERE org_id = :org_id", org_id=uow.org.id
        )
        with pytest.raises(ProviderChanged):
            claim(uow, message, provider=old, worker="w")


@pytest.mark.parametrize("code", [21606, 21659, 21660])
def test_a_number_of_another_account_is_no_fault_of_the_number(
    two: Cli, fake: TwilioFake, north: FakeAccount, migrated_sqlite: str, code: int
) -> None:
    """It is a configuration error: the message waits, and the number is not quarantined."""
    queue(two)
    assert run(two, "org", "set", "--twilio-account", "none", "--org", "north").code == 0
    fake.choose_fault = lambda request: (
        refusal(code)
        if request.form.get("From") == NORTH_DESK and ACCOUNT_SID in request.path
        else None
    )
    run(two, "message", "dispatch", "--org", "north", **both(fake))
    with looking(migrated_sqlite) as cursor:
        numbers = cursor.tuples("SELECT status FROM message_number ORDER BY id")
        assert {row[0] for row in numbers} == {"active"}
        assert cursor.tuples(
            "SELECT m.status FROM message m JOIN org o ON o.id = m.org_id WHERE o.slug = 'north'"
        ) == [("queued",)]
    kinds = [row["kind"] for row in run(two, "alert", "list", "--org", "north").json]
    assert kinds == ["provider_account"]
    assert run(two, "org", "set", "--twilio-account", "north", "--org", "north").code == 0
    assert run(two, "message", "dispatch", "--org", "north", **both(fake)).code == 0
    assert len(north.messages) == 1


def test_receipts_and_pictures_of_the_former_account_are_still_asked_for(
    two: Cli, fake: TwilioFake, north: FakeAccount, migrated_sqlite: str
) -> None:
    queue(two)
    run(two, "message", "dispatch", "--org", "north", **both(fake))
    sid = next(iter(north.messages))
    north.messages[sid].step, north.messages[sid].final_status = 3, "delivered"
    assert run(two, "org", "set", "--twilio-account", "none", "--org", "north").code == 0
    later = NOW + 10 * MINUTE
    assert run(two, "message", "sync", now=later, **keys(fake)).code == 0
    with looking(migrated_sqlite) as cursor:
        state = "SELECT status FROM message m JOIN org o ON o.id = m.org_id WHERE slug = 'north'"
        # Without its credentials the former account cannot be asked, and an alert says so.
        assert cursor.value(state) == "sent"
    kinds = [row["kind"] for row in run(two, "alert", "list", "--org", "north").json]
    assert kinds == ["message_not_known"]
    later += timedelta(hours=2)
    assert run(two, "message", "sync", now=later, **both(fake)).code == 0
    with looking(migrated_sqlite) as cursor:
        assert cursor.value(state) == "delivered"


def test_receipts_of_the_former_provider_are_still_asked_for(
    two: Cli, fake: TwilioFake, migrated_sqlite: str
) -> None:
    queue(two)
    run(two, "message", "dispatch", "--org", "happy-paws", **both(fake))
    for message in fake.messages.values():
        message.step, message.final_status = 3, "delivered"
    words = ("org", "set", "--provider", "sandbox", "--yes", "--org", "happy-paws")
    assert run(two, *words).code == 0
    assert run(two, "message", "sync", now=NOW + 10 * MINUTE, **both(fake)).code == 0
    with looking(migrated_sqlite) as cursor:
        assert cursor.value("SELECT status FROM message WHERE id = 1") == "delivered"


def test_pictures_of_the_former_account_are_fetched_there(
    two: Cli, fake: TwilioFake, north: FakeAccount, migrated_sqlite: str, tmp_path: Path
) -> None:
    content = b"\xff\xd8\xff" + bytes(500)
    sid = north.comes_in("", from_=BOB, to=NORTH_DESK, at=NOW - MINUTE, media_count=1)
    with storage_host() as storage:
        north.media.storage = storage.url
        storage.files[north.media.add(sid, "image/jpeg")[0]] = content
        environ = {**both(fake), "PETMSG_MEDIA_DIR": str(tmp_path / "pictures")}
        assert run(two, "message", "pull", **environ).code == 0
        assert run(two, "org", "set", "--twilio-account", "none", "--org", "north").code == 0
        (row,) = run(two, "media", "fetch", **environ).json
    assert row["status"] == "stored"


def test_pictures_are_deleted_although_a_former_account_is_closed(
    two: Cli, fake: TwilioFake, north: FakeAccount, migrated_sqlite: str, tmp_path: Path
) -> None:
    """Those of the former account are tried again; they do not keep the others."""
    content = b"\xff\xd8\xff" + bytes(500)
    with storage_host() as storage:
        north.media.storage = fake.media.storage = storage.url
        environ = {**both(fake), "PETMSG_MEDIA_DIR": str(tmp_path / "pictures")}
        for account in (north, fake):
            sid = account.comes_in("", from_=BOB, to=NORTH_DESK, at=NOW - MINUTE, media_count=1)
            storage.files[account.media.add(sid, "image/jpeg")[0]] = content
            assert run(two, "message", "pull", "--org", "north", **environ).code == 0
            assert run(two, "media", "fetch", "--org", "north", **environ).code == 0
            words = ("org", "set", "--twilio-account", "none", "--org", "north")
            assert run(two, *words).code == 0
        fake.choose_fault = lambda each: (
            refusal(20003, status=401) if NORTH_SID in each.path else None
        )
        with working(migrated_sqlite, org="north") as uow:
            uow.cursor.run(
                "UPDATE media SET status = 'erasing', provider_delete_at = :now", now=NOW
            )
        ran = two("media", "fetch", "--quiet", **environ)
    assert ran.code == BUSY
    assert "Twilio rejects" in ran.err, ran.err
    with looking(migrated_sqlite) as cursor:
        rows = cursor.tuples("SELECT provider_deleted_at IS NULL FROM media ORDER BY id")
    assert rows == [(True,), (False,)]


def test_prices_of_a_company_without_credentials_stop_no_other(two: Cli, fake: TwilioFake) -> None:
    ran = two("message", "prices", "--days", "1", "-o", "jsonl", **keys(fake))
    assert (ran.code, json.loads(ran.out)["org"]) == (CONFIGURATION, "happy-paws")
    assert "TWILIO_ACCOUNT_SID_NORTH" in ran.err


def test_quiet_says_what_is_wrong_with_each_account(capsys: pytest.CaptureFixture[str]) -> None:
    context = Context(Environment({}, now=NOW), quiet=True)
    problems = [PetmsgError(f"{name} is closed.", hint="Open it.") for name in ("north", "south")]
    with pytest.raises(PetmsgError, match="north is closed"):
        raise_after_warnings(context, problems)
    assert capsys.readouterr().err == "Warning: south is closed.\n"


@pytest.mark.parametrize("has_north", [True, False])
def test_purchases_are_looked_up_where_they_were_made(
    two: Cli, fake: TwilioFake, north: FakeAccount, migrated_sqlite: str, has_north: bool
) -> None:
    """A company that has another account by now, and one whose credentials are gone."""
    bought = {"north": "+14155550171", "happy-paws": "+14155550172"}
    north.market.for_sale, fake.market.for_sale = ([each] for each in bought.values())
    fake.choose_fault = lambda each: reset(accepted=True) if each.method == "POST" else None
    for org, number in bought.items():
        words = ("number", "buy", number, "--class", "pool", "--yes", "--org", org)
        assert run(two, *words, **both(fake)).json[0]["status"] == "intended"
    fake.choose_fault = None
    assert run(two, "org", "set", "--twilio-account", "none", "--org", "north").code == 0
    later, environ = NOW + 10 * MINUTE, both(fake) if has_north else keys(fake)
    ran = run(two, "number", "settle", now=later, **environ)
    assert (ran.code, [row["number"] for row in ran.json if row["status"] == "done"]) == (
        (0, [*reversed(bought.values())]) if has_north else (CONFIGURATION, [bought["happy-paws"]])
    ), ran.err
    assert has_north or ran.error["message"].startswith("north: ")
