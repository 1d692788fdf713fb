"""petmsg reconcile: what petmsg and the provider disagree about."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from petmsg.services.outbox.unknown_outcomes import GRACE, SECOND_LOOK
from tests.support.fixtures import NOW, Cli, Ran, add_org, looking, working
from tests.support.on_twilio import ANN, DESK, POOL, SPARE, alerts, company, keys, send, texts
from tests.support.twilio_fake import TwilioFake
from tests.support.twilio_shapes import Fault, Request, server_error


@pytest.fixture
def fake() -> Iterator[TwilioFake]:
    with TwilioFake(numbers=[DESK, POOL]) as running:
        yield running


def reconcile(cli: Cli, fake: TwilioFake, *words: str, **options: Any) -> Ran:
    ran = cli("reconcile", "-o", "json", *words, **{**keys(fake), **options})
    assert ANN not in ran.out + ran.err
    return ran


def lost(cli: Cli, fake: TwilioFake, *, accepted: bool) -> None:
    """A message whose answer was lost."""
    fake.faults.append(server_error(accepted=accepted))
    assert cli("message", "send", "C-1", "--body", "Hi", **keys(fake)).code == 6


def same(cli: Cli) -> None:
    """A company whose numbers are those of the account."""
    company(cli)
    assert cli("number", "add", POOL, "--class", "pool").code == 0


OTHER = "+14155550209"

# --- nothing to say ----------------------------------------------------------------------------


def test_without_drift_there_is_no_row(cli: Cli, fake: TwilioFake) -> None:
    same(cli)
    send(cli, fake)
    ran = reconcile(cli, fake)
    assert (ran.code, ran.json, alerts(cli)) == (0, [], [])


def test_a_sandbox_has_no_numbers_to_compare(cli: Cli) -> None:
    ran = cli("reconcile", "-o", "json")
    assert (ran.code, ran.json, alerts(cli)) == (0, [], [])


# --- unknown outcomes -----------------------------------------------------------------------------


def test_a_text_that_the_provider_has_is_sent(
    migrated_url: str, cli: Cli, fake: TwilioFake
) -> None:
    same(cli)
    lost(cli, fake, accepted=True)
    ran = reconcile(cli, fake)
    assert ran.code == 0
    assert ran.json == [
        {
            "org": "happy-paws",
            "kind": "message_unknown",
            "ref": "1",
            "status": "sent",
            "message": "Message 1: found at the provider: it was sent.",
            "command": None,
        }
    ]
    assert texts(migrated_url)[0]["provider_message_id"] in fake.messages
    assert reconcile(cli, fake).json == []


def test_a_text_that_the_provider_never_had_is_queued_again_after_two_looks(
    migrated_url: str, cli: Cli, fake: TwilioFake
) -> None:
    same(cli)
    lost(cli, fake, accepted=False)
    seen = []
    for now in (NOW, NOW + GRACE, NOW + GRACE + SECOND_LOOK):
        ran = reconcile(cli, fake, now=now)
        seen.append((ran.code, ran.json[0]["status"], ran.json[0]["command"]))
    assert seen == [
        (10, "unknown", "petmsg reconcile"),
        (10, "unknown", "petmsg reconcile"),
        (0, "queued", "petmsg message dispatch"),
    ]
    assert texts(migrated_url)[0]["status"] == "queued"
    assert reconcile(cli, fake, now=NOW + timedelta(hours=1)).json == []


def test_a_text_that_only_a_person_can_settle_is_listed_until_somebody_did(
    cli: Cli, fake: TwilioFake
) -> None:
    same(cli)
    lost(cli, fake, accepted=True)
    (message,) = fake.messages.values()
    twin = {"To": message.to, "From": message.from_, "Body": message.body}
    fake.call(lambda: fake._create(twin, 0.0))
    for _ in range(2):
        ran = reconcile(cli, fake)
        (row,) = ran.json
        assert (ran.code, row["kind"], row["status"]) == (10, "message_unknown", "held")
        assert "petmsg message cancel 1" in row["command"]
    assert alerts(cli) == [("message_held", "1", 1)]
    assert cli("message", "cancel", "1", "--reason", "she has it").code == 0
    ran = reconcile(cli, fake)
    assert (ran.code, ran.json) == (0, [])


def test_a_text_whose_sender_died_is_looked_up(
    migrated_url: str, cli: Cli, fake: TwilioFake
) -> None:
    same(cli)
    orphan(migrated_url, cli, fake)
    dry = reconcile(cli, fake, "--dry-run")
    assert (dry.code, [row["status"] for row in dry.json]) == (10, ["sending"])
    assert texts(migrated_url)[0]["status"] == "sending"
    ran = reconcile(cli, fake)
    assert (ran.code, [row["status"] for row in ran.json]) == (0, ["sent"])


def orphan(url: str, cli: Cli, fake: TwilioFake) -> None:
    """A message that the provider took from a worker who died before it could say so."""
    send(cli, fake)
    with working(url) as uow:
        uow.cursor.run(
            "UPDATE message SET status = 'sending', provider_message_id = NULL, sent_at = NULL"
        )
        uow.cursor.run("UPDATE message_attempt SET status = 'sending', provider_message_id = NULL")


def test_a_dry_run_settles_nothing(migrated_url: str, cli: Cli, fake: TwilioFake) -> None:
    same(cli)
    cli("number", "add", SPARE, "--class", "pool")
    lost(cli, fake, accepted=True)
    before = texts(migrated_url)
    ran = reconcile(cli, fake, "--dry-run")
    assert [(row["kind"], row["status"]) for row in ran.json] == [
        ("message_unknown", "sent"),
        ("number_gone", "active"),
    ]
    assert (texts(migrated_url), alerts(cli)) == (before, [])


# --- numbers -----------------------------------------------------------------------------------


def test_a_number_that_is_gone_from_the_account_is_one_critical_alert(
    cli: Cli, fake: TwilioFake
) -> None:
    same(cli)
    cli("number", "add", SPARE, "--class", "pool")
    for _ in range(2):
        ran = reconcile(cli, fake)
        assert ran.code == 10
        (row,) = ran.json
        assert (row["org"], row["kind"], row["ref"], row["status"]) == (
            "happy-paws",
            "number_gone",
            SPARE,
            "active",
        )
    (alert,) = cli("alert", "list", "-o", "json").json
    assert (alert["kind"], alert["severity"], alert["ref"]) == ("number_gone", "critical", SPARE)
    assert f"petmsg number quarantine {SPARE}" in alert["command"]


@pytest.mark.parametrize("back", [True, False])
def test_the_alert_ends_when_the_number_is_back_or_retired(
    cli: Cli, fake: TwilioFake, back: bool
) -> None:
    same(cli)
    cli("number", "add", SPARE, "--class", "pool")
    cli("number", "add", OTHER, "--class", "pool")
    assert reconcile(cli, fake).code == 10
    assert alerts(cli) == [("number_gone", each, 1) for each in (SPARE, OTHER)]
    if back:
        fake.numbers = [*fake.numbers, SPARE]
    else:
        assert cli("number", "retire", "--yes", SPARE).code == 0
    assert reconcile(cli, fake, "--dry-run").code == 10
    assert len(alerts(cli)) == 2
    assert reconcile(cli, fake).code == 10
    assert alerts(cli) == [("number_gone", OTHER, 2)]


def test_a_number_that_can_only_call_is_gone_for_texts(cli: Cli, fake: TwilioFake) -> None:
    same(cli)
    fake.numbers, fake.voice_only = [DESK], [POOL]
    assert [row["ref"] for row in reconcile(cli, fake).json] == [POOL]


def test_it_changes_no_number_and_lifts_no_quarantine(
    migrated_url: str, cli: Cli, fake: TwilioFake
) -> None:
    same(cli)
    cli("number", "add", SPARE, "--class", "pool")
    for number in (POOL, SPARE):
        cli("number", "quarantine", number, "--days", "1", "--reason", "complaints")
    with looking(migrated_url) as cursor:
        before = cursor.rows("SELECT * FROM message_number ORDER BY id")
    later = NOW + timedelta(days=30)  # long over, and not recorded yet
    ran = reconcile(cli, fake, now=later)
    assert [(row["kind"], row["ref"], row["status"]) for row in ran.json] == [
        ("number_gone", SPARE, "quarantined")
    ]
    with looking(migrated_url) as cursor:
        after = cursor.rows("SELECT * FROM message_number ORDER BY id")
    known = {row["e164"]: row["mms"] and True for row in after}
    assert known == {DESK: True, POOL: True, SPARE: None}  # what the account's list says
    told = dict.fromkeys(("mms", "voice", "provider_number_id", "messaging_service"))
    assert [row | told for row in after] == [row | told for row in before]


def test_a_retired_number_is_neither_gone_nor_unknown(cli: Cli, fake: TwilioFake) -> None:
    same(cli)
    cli("number", "add", SPARE, "--class", "pool")
    for number in (POOL, SPARE):
        assert cli("number", "retire", "--yes", number).code == 0
    ran = reconcile(cli, fake)
    assert (ran.code, ran.json) == (0, [])


def test_a_number_that_petmsg_does_not_know_comes_with_the_command_that_adds_it(
    cli: Cli, fake: TwilioFake
) -> None:
    company(cli)
    ran = reconcile(cli, fake)
    assert ran.code == 10
    assert ran.json == [
        {
            "org": "happy-paws",
            "kind": "number_not_known",
            "ref": POOL,
            "status": None,
            "message": f"The account has {POOL}, but no org has it.",
            "command": "petmsg number import --from-provider --class pool --org happy-paws",
        }
    ]
    assert alerts(cli) == [("number_not_known", POOL, 1)]
    assert cli(*ran.json[0]["command"].split()[1:], **keys(fake)).code == 0
    assert reconcile(cli, fake).code == 0
    assert alerts(cli) == []


def test_orgs_that_share_an_account_are_looked_at_together(
    migrated_url: str, cli: Cli, fake: TwilioFake
) -> None:
    """One list of the account; a number of it that nobody has may be for either of them."""
    company(cli)
    add_org(migrated_url, "other-pals", front_desk=None)
    other = ("--org", "other-pals")
    company(cli, *other, people=())
    cli("number", "add", SPARE, "--class", "pool", *other)
    ran = reconcile(cli, fake)
    assert [(row["org"], row["kind"], row["ref"]) for row in ran.json] == [
        ("other-pals", "number_gone", SPARE),
        (None, "number_not_known", POOL),
    ]
    assert ran.json[1]["command"].endswith("--org SLUG")
    assert alerts(cli) == [("number_gone", SPARE, 1)]
    lists = [each for each in fake.requests if "IncomingPhoneNumbers" in each.path]
    assert len(lists) == 1
    ran = reconcile(cli, fake, "--org", "happy-paws")  # the other's numbers are not asked about
    assert [row["kind"] for row in ran.json] == ["number_not_known"]


def test_orgs_with_accounts_of_their_own_are_asked_about_each(
    migrated_url: str, cli: Cli, fake: TwilioFake
) -> None:
    same(cli)
    add_org(migrated_url, "other-pals", front_desk=None)
    other = ("--org", "other-pals")
    company(cli, *other, people=())
    assert cli("org", "set", "--yes", "--twilio-account", "theirs", *other).code == 0
    theirs = {"TWILIO_ACCOUNT_SID_THEIRS": f"AC{9:032x}", "TWILIO_AUTH_TOKEN_THEIRS": "wrong"}
    ran = reconcile(cli, fake, **theirs)
    assert (ran.code, ran.error["code"], ran.out) == (5, "provider_account", "")
    lists = [each.path for each in fake.requests if "IncomingPhoneNumbers" in each.path]
    assert [f"AC{9:032x}" in path for path in lists] == [False, True]


def test_a_number_added_while_the_account_is_listed_is_neither_gone_nor_unknown(
    sqlite_cli: Cli, fake: TwilioFake
) -> None:
    company(sqlite_cli)

    def choose(request: Request) -> Fault | None:
        if "IncomingPhoneNumbers" in request.path:
            for number in (POOL, SPARE):  # the list has the one and not the other
                sqlite_cli("number", "add", number, "--class", "pool")
        return None

    fake.choose_fault = choose
    ran = reconcile(sqlite_cli, fake)
    assert (ran.code, ran.json) == (0, [])


# --- a provider that does not answer -----------------------------------------------------------


def test_what_was_found_is_shown_when_the_provider_fails(
    migrated_url: str, cli: Cli, fake: TwilioFake
) -> None:
    same(cli)
    lost(cli, fake, accepted=True)
    fake.choose_fault = lambda each: server_error() if "IncomingPhoneNumbers" in each.path else None
    ran = reconcile(cli, fake)
    assert (ran.code, ran.error["code"]) == (75, "provider_unavailable")
    assert [row["status"] for row in ran.json] == ["sent"]
    assert texts(migrated_url)[0]["status"] == "sent"


def test_an_outcome_stays_unknown_when_the_provider_cannot_be_asked(
    migrated_url: str, cli: Cli, fake: TwilioFake
) -> None:
    same(cli)
    lost(cli, fake, accepted=False)
    fake.choose_fault = lambda _: server_error()
    ran = reconcile(cli, fake, now=NOW + timedelta(hours=1))
    assert ran.code == 75
    assert [row["status"] for row in ran.json] == ["unknown"]
    assert texts(migrated_url)[0]["absent_at"] is None


def test_a_refused_account_is_a_matter_of_configuration(cli: Cli, fake: TwilioFake) -> None:
    same(cli)
    ran = reconcile(cli, fake, TWILIO_AUTH_TOKEN="0" * 32)
    assert (ran.code, ran.error["code"], ran.out) == (5, "provider_account", "")
    assert alerts(cli) == []  # nothing is gone because nobody may look


def test_without_credentials_nothing_is_asked(cli: Cli, fake: TwilioFake) -> None:
    same(cli)
    ran = reconcile(cli, fake, TWILIO_AUTH_TOKEN="")
    assert (ran.code, ran.error["code"]) == (5, "credentials_missing")
    assert fake.requests == []
