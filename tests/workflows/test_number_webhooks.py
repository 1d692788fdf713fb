"""petmsg number webhooks: what the account has for each number, and what is set after a yes."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.consistency import content
from tests.support.fixtures import Cli, Ran
from tests.support.on_twilio import DESK, POOL, company, keys
from tests.support.twilio_fake import TwilioFake
from tests.support.twilio_services import DEMO_SMS, DEMO_VOICE, FakeService
from tests.support.twilio_shapes import Fault, Request, hang, refusal

PUBLIC = "https://texts.example.com"
INBOUND = f"{PUBLIC}/twilio/inbound"
SET = f"{INBOUND}#rc=5&rp=all"
CALL = f"{PUBLIC}/twilio/voice#rc=5&rp=all"
ENDED = f"{PUBLIC}/twilio/voice/ended#rc=5&rp=all"
OTHERS = "+14155550999"


@pytest.fixture
def fake() -> Iterator[TwilioFake]:
    with TwilioFake(numbers=[DESK, POOL, OTHERS]) as running:
        running.account.number_settings = {
            e164: {"sms_url": DEMO_SMS, "voice_url": DEMO_VOICE} for e164 in (DESK, POOL, OTHERS)
        }
        yield running


@pytest.fixture
def paws(cli: Cli) -> Cli:
    company(cli)
    assert cli("number", "add", POOL, "--class", "pool").code == 0
    return cli


def registered(fake: TwilioFake) -> None:
    """Put the numbers into a service that leaves messages to their addresses."""
    fake.account.services = [
        FakeService(
            1,
            "Paws",
            [DESK, POOL],
            use_inbound_webhook_on_number=True,
            campaigns=[("VERIFIED", "")],
        )
    ]


def ran(cli: Cli, fake: TwilioFake, *words: str, **environ: str) -> Ran:
    given = keys(fake, PETMSG_PUBLIC_URL=PUBLIC) | environ
    return cli("number", "webhooks", *words, "-o", "json", **given)


def install(cli: Cli, fake: TwilioFake, *words: str, **environ: str) -> Ran:
    return ran(cli, fake, "install", "--yes", *words, **environ)


def sms_urls(fake: TwilioFake) -> dict[str, object]:
    return {e164: row.get("sms_url") for e164, row in fake.account.number_settings.items()}


def posts(fake: TwilioFake) -> list[str]:
    return [each.path for each in fake.requests if each.method == "POST"]


def test_a_check_shows_each_number_of_the_org(paws: Cli, fake: TwilioFake) -> None:
    fake.numbers = [DESK, OTHERS]
    fake.account.services = [FakeService(1, "Paws", [DESK], campaigns=[("VERIFIED", "")])]

    checked = ran(paws, fake, "check")

    assert checked.code == 10
    desk, pool = checked.json
    assert (desk["number"], desk["result"], desk["url"]) == (DESK, "problem", None)
    assert (desk["through"], desk["messaging_service"]) == (
        "Messaging Service Paws",
        f"MG{1:032x}",
    )
    assert desk["voice_url"] == DEMO_VOICE
    assert desk["message"] == (
        "Messaging Service Paws drops every message to the number; petmsg never gets it; "
        "callers hear Twilio's demo"
    )
    assert desk["command"] == "petmsg number webhooks install"
    assert (pool["message"], pool["command"]) == (
        "the account does not have the number",
        "petmsg reconcile",
    )
    assert posts(fake) == []


def test_after_an_install_the_check_has_no_finding_about_addresses(
    paws: Cli, fake: TwilioFake
) -> None:
    fake.account.services = [FakeService(1, "P", [DESK, POOL], campaigns=[("VERIFIED", "")])]
    fake.account.number_settings[DESK] |= {"sms_application_sid": "AP1", "trunk_sid": "TK1"}

    done = install(paws, fake, "--voice-url", "https://calls.example.com/in?a=b")

    assert done.code == 0
    assert sms_urls(fake) == {DESK: SET, POOL: SET, OTHERS: DEMO_SMS}
    desk = done.json[0]["changes"]
    assert desk == [
        "Messaging Service P leaves messages to the addresses of its numbers",
        f"messages: application AP1 -> {SET} (POST)",
        "calls: trunk TK1 -> https://calls.example.com/in (POST)",
    ]
    assert posts(fake) == [
        f"/2010-04-01/Accounts/{fake.account_sid}/IncomingPhoneNumbers/PN{1:032x}.json",
        f"/v1/Services/MG{1:032x}",
        f"/2010-04-01/Accounts/{fake.account_sid}/IncomingPhoneNumbers/PN{2:032x}.json",
    ]
    checked = ran(paws, fake, "check")
    assert (checked.code, {row["result"] for row in checked.json}) == (0, {"ok"})
    again = install(paws, fake, "--voice-url", "https://calls.example.com/in?a=b")
    assert [row["changes"] for row in again.json] == [[], []]
    assert len(posts(fake)) == 3
    events = paws("audit", "list", "--entity", "number", "--ref", DESK, "-o", "json").json
    assert "number.webhooks_installed" in {event["event"] for event in events}


def test_calls_are_left_alone_by_a_company_that_never_asked_for_them(
    paws: Cli, fake: TwilioFake
) -> None:
    registered(fake)
    done = install(paws, fake)

    assert (done.code, done.err) == (
        0,
        "Calls stay as they are. To take them: petmsg number webhooks install --calls\n",
    )
    assert fake.account.number_settings[DESK]["voice_url"] == DEMO_VOICE
    checked = ran(paws, fake, "check")
    assert "callers hear Twilio's demo" in checked.json[0]["message"]
    assert checked.json[0]["command"] == "petmsg number webhooks install --calls"
    for theirs in ({"voice_url": None}, {"voice_url": "https://ivr.example.com/"}):
        fake.account.number_settings = {e164: {"sms_url": SET} | theirs for e164 in (DESK, POOL)}
        assert ran(paws, fake, "check").code == 0
        assert install(paws, fake).json[0]["changes"] == []


def test_calls_and_their_end_go_to_petmsg_after_an_install(paws: Cli, fake: TwilioFake) -> None:
    registered(fake)
    settings = fake.account.number_settings
    settings[DESK] |= {"sms_url": SET, "voice_application_sid": "AP1", "trunk_sid": None}
    settings[POOL] |= {"sms_url": SET, "voice_method": "GET", "voice_url": f"{PUBLIC}/twilio/voice"}
    settings[POOL] |= {"status_callback": "https://u:secret@ivr.example.com/end?key=secret"}
    before = ran(paws, fake, "check").json

    planned = install(paws, fake, "--dry-run")
    done = install(paws, fake)

    ends_elsewhere = (
        "tells the end of calls to https://ivr.example.com/end (POST), not to "
        f"{PUBLIC}/twilio/voice/ended (POST)"
    )
    assert [(row["result"], row["message"]) for row in before] == [
        ("warning", "application AP1 takes the calls, not petmsg"),
        (
            "problem",
            f"hands calls on with GET, and petmsg takes POST; {ends_elsewhere}",
        ),
    ]
    assert before[0]["voice_through"] == "application AP1"
    assert before[1]["status_callback"] == "https://ivr.example.com/end"
    assert planned.json == done.json
    assert [row["changes"] for row in done.json] == [
        [
            f"calls: application AP1 -> {CALL} (POST)",
            f"ends of calls: nowhere -> {ENDED} (POST)",
        ],
        [
            f"calls: {PUBLIC}/twilio/voice (GET) -> {CALL} (POST)",
            f"ends of calls: https://ivr.example.com/end (POST) -> {ENDED} (POST)",
        ],
    ]
    names = ("voice_url", "voice_method", "voice_application_sid", "trunk_sid",
             "status_callback", "status_callback_method")  # fmt: skip
    for e164 in (DESK, POOL):
        assert [settings[e164][name] for name in names] == [
            CALL, "POST", None, None, ENDED, "POST"
        ]  # fmt: skip
    assert "secret" not in done.out + done.err + paws("audit", "export").out
    assert ran(paws, fake, "check").code == 0
    assert [row["changes"] for row in install(paws, fake).json] == [[], []]


@pytest.mark.parametrize("setting", [("--desk-phone", "+14155550144"), ("--voicemail", "on")])
def test_a_company_with_a_desk_phone_or_voicemail_takes_calls(
    paws: Cli, fake: TwilioFake, setting: tuple[str, str]
) -> None:
    registered(fake)
    fake.account.number_settings = {DESK: {"sms_url": SET}, POOL: {"sms_url": SET}}
    fake.account.number_settings[POOL]["voice_url"] = "https://ivr.example.com/in"
    assert ran(paws, fake, "check").code == 0
    paws("org", "set", *setting)

    checked = ran(paws, fake, "check")
    declined = install(paws, fake, "--no-calls")
    asked = ran(paws, fake, "install")
    done = install(paws, fake)

    assert (checked.code, [row["result"] for row in checked.json]) == (10, ["problem", "warning"])
    assert checked.json[0]["message"] == "calls are not handed on, so nobody answers them"
    assert checked.json[1]["message"] == (
        f"hands calls to https://ivr.example.com/in, not to {PUBLIC}/twilio/voice"
    )
    assert ([row["changes"] for row in declined.json], declined.err) == ([[], []], "")
    assert asked.error["code"] == "not_confirmed"
    assert f"{POOL}: calls: https://ivr.example.com/in (POST) -> {CALL} (POST)" in asked.err
    assert done.code == 0
    assert fake.account.number_settings[POOL]["voice_url"] == CALL


def test_a_number_without_voice_is_named_and_left_alone(paws: Cli, fake: TwilioFake) -> None:
    registered(fake)
    capabilities = {"voice": False, "sms": True, "mms": True}
    fake.account.number_settings = {
        DESK: {"sms_url": SET, "capabilities": capabilities},
        POOL: {"sms_url": SET},
    }

    done = install(paws, fake, "--calls")

    desk, pool = done.json
    assert (desk["changes"], desk["notes"]) == (
        [],
        ["the number cannot take calls; it is left as it is"],
    )
    assert (len(pool["changes"]), pool["notes"]) == (2, [])
    assert len(posts(fake)) == 1
    checked = ran(paws, fake, "check")
    assert (checked.code, checked.json[0]["message"]) == (0, "the number cannot take calls")


def test_an_address_for_calls_and_petmsg_exclude_each_other(paws: Cli, fake: TwilioFake) -> None:
    refused = install(paws, fake, "--calls", "--voice-url", "https://calls.example.com/")

    assert (refused.code, fake.requests) == (2, [])


def test_nothing_is_changed_without_a_yes_or_in_a_dry_run(
    migrated_url: str, paws: Cli, fake: TwilioFake
) -> None:
    before = content(migrated_url)

    asked = ran(paws, fake, "install")
    planned = ran(paws, fake, "install", "--dry-run")

    assert (asked.code, asked.error["code"]) == (2, "not_confirmed")
    assert f"{DESK}, {POOL}: messages: {DEMO_SMS} (POST) -> {SET} (POST)" in asked.err
    assert planned.code == 0
    assert planned.json[0]["changes"] == [f"messages: {DEMO_SMS} (POST) -> {SET} (POST)"]
    assert posts(fake) == []
    assert content(migrated_url) == before


@pytest.mark.parametrize("url", ["", "http://127.0.0.1:8000"])
def test_an_install_needs_an_address_that_twilio_reaches(
    paws: Cli, fake: TwilioFake, url: str
) -> None:
    refused = install(paws, fake, PETMSG_PUBLIC_URL=url)

    assert (refused.code, posts(fake)) == (5, [])


@pytest.mark.parametrize(
    "url", ["http://a.example.com", "https://u:p@a.example.com", "https://a b", "x"]
)
def test_an_address_for_calls_must_be_https(paws: Cli, fake: TwilioFake, url: str) -> None:
    assert (install(paws, fake, "--voice-url", url).code, posts(fake)) == (2, [])


def test_a_service_with_numbers_of_others_is_left_alone(paws: Cli, fake: TwilioFake) -> None:
    fake.account.services = [FakeService(1, "Shared", [DESK, OTHERS])]

    done = install(paws, fake)

    assert done.code == 4
    desk, pool = done.json
    assert desk["error"]["code"] == "service_shared"
    assert pool["number"] == POOL
    assert sms_urls(fake) == {DESK: DEMO_SMS, POOL: SET, OTHERS: DEMO_SMS}
    assert fake.account.services[0].use_inbound_webhook_on_number is False


def test_a_service_that_hands_messages_to_petmsg_itself_is_right(
    paws: Cli, fake: TwilioFake
) -> None:
    fake.account.services = [
        FakeService(1, numbers=[DESK, POOL, OTHERS], inbound_request_url=INBOUND)
    ]

    assert [row["changes"] for row in install(paws, fake).json] == [[], []]
    assert posts(fake) == []


@pytest.mark.parametrize("fault", [refusal(20003, status=401), hang()])
def test_a_change_that_fails_is_told_and_the_rest_is_tried_once(
    paws: Cli, fake: TwilioFake, fault: Fault
) -> None:
    def chosen(request: Request) -> Fault | None:
        return fault if request.method == "POST" else None

    fake.choose_fault = chosen
    more = [f"+141555502{at:02}" for at in range(10, 14)]
    assert paws("number", "add", *more, "--class", "pool").code == 0
    fake.numbers = [DESK, POOL, *more]

    done = install(paws, fake, PETMSG_TWILIO_TIMEOUT_SECONDS="0.3")

    rows: list[Any] = done.json
    assert (done.code, len(rows), len(posts(fake))) == (4, 6, 2)
    assert {row["error"]["hint"] for row in rows} == {
        "See what the account has now: petmsg number webhooks check"
    }


def test_the_sandbox_has_no_addresses(cli: Cli) -> None:
    checked = cli("number", "webhooks", "check", "-o", "json")

    assert (checked.code, checked.error["code"]) == (4, "no_account")
