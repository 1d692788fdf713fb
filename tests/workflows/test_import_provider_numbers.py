"""petmsg number import --from-provider: the numbers of the provider's account."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.fixtures import Cli, Ran, add_org
from tests.support.on_twilio import DESK, POOL, SPARE, company, keys
from tests.support.twilio_fake import TwilioFake
from tests.support.twilio_shapes import server_error


@pytest.fixture
def fake() -> Iterator[TwilioFake]:
    with TwilioFake(numbers=[DESK, POOL, SPARE]) as running:
        yield running


def adopt(cli: Cli, fake: TwilioFake, *words: str, **options: Any) -> Ran:
    line = ("number", "import", "--from-provider", "-o", "json")
    return cli(*line, *(words or ("--class", "pool")), **{**keys(fake), **options})


def shown(ran: Ran) -> list[tuple[str, str, bool]]:
    return [(row["number"], row["class"], row["reused"]) for row in ran.json]


def numbers(cli: Cli, *org: str) -> dict[str, str]:
    rows = cli("number", "list", "-o", "json", *org).json
    return {row["number"]: row["class"] for row in rows}


def test_it_adds_what_petmsg_does_not_know_and_leaves_the_rest(cli: Cli, fake: TwilioFake) -> None:
    company(cli)
    ran = adopt(cli, fake)
    assert ran.code == 0, ran.err
    assert shown(ran) == [
        (DESK, "front_desk", True),
        (POOL, "pool", False),
        (SPARE, "pool", False),
    ]
    assert numbers(cli) == {DESK: "front_desk", POOL: "pool", SPARE: "pool"}
    again = adopt(cli, fake)
    assert (again.code, [reused for _, _, reused in shown(again)]) == (0, [True] * 3)


def test_an_added_number_is_audited_and_has_its_ledger(cli: Cli, fake: TwilioFake) -> None:
    company(cli)
    adopt(cli, fake)
    events = cli("audit", "list", "--limit", "2", "-o", "json").json
    assert [(each["event"], each["ref"]) for each in events] == [
        ("number.added", SPARE),
        ("number.added", POOL),
    ]
    assert len(cli("number", "history", POOL, "-o", "json").json) == 1
    assert cli("audit", "verify").code == 0


def test_a_retired_number_stays_retired(cli: Cli, fake: TwilioFake) -> None:
    company(cli)
    cli("number", "add", POOL, "--class", "sitter")
    cli("number", "retire", "--yes", POOL)
    row = next(row for row in adopt(cli, fake).json if row["number"] == POOL)
    assert (row["status"], row["class"], row["reused"]) == ("retired", "sitter", True)


def test_numbers_of_another_org_are_refused_and_stop_no_other(
    migrated_url: str, cli: Cli, fake: TwilioFake
) -> None:
    other, mine = ("--org", "other-pals"), ("--org", "happy-paws")
    company(cli, *mine, people=())
    add_org(migrated_url, "other-pals", front_desk=None)
    cli("number", "add", POOL, "--class", "pool", *other)
    ran = adopt(cli, fake, "--class", "pool", *mine)
    assert ran.code == 4
    assert [(row["ref"], row["error"]["code"]) for row in ran.json if "error" in row] == [
        (POOL, "number_taken")
    ]
    assert SPARE in numbers(cli, *mine)
    assert numbers(cli, *other) == {POOL: "pool"}


def test_a_second_front_desk_is_refused_like_by_hand(cli: Cli, fake: TwilioFake) -> None:
    company(cli)
    ran = adopt(cli, fake, "--class", "front_desk")
    assert ran.code == 4
    assert [row["error"]["code"] for row in ran.json if "error" in row] == ["front_desk_taken"] * 2


def test_a_number_that_can_only_call_is_left_out(cli: Cli, fake: TwilioFake) -> None:
    company(cli)
    fake.numbers, fake.voice_only = [DESK, POOL], [SPARE]
    adopt(cli, fake)
    assert SPARE not in numbers(cli)


def test_an_empty_account_is_an_empty_list(cli: Cli, fake: TwilioFake) -> None:
    company(cli)
    fake.numbers = []
    ran = adopt(cli, fake)
    assert (ran.code, ran.json) == (0, [])


def test_more_numbers_than_fit_a_page_are_all_added(cli: Cli, fake: TwilioFake) -> None:
    company(cli)
    fake.numbers = [DESK, *(f"+1415556{at:04}" for at in range(1100))]
    ran = adopt(cli, fake)
    assert (ran.code, len(ran.json)) == (0, 1101)


def test_a_dry_run_adds_nothing(cli: Cli, fake: TwilioFake) -> None:
    company(cli)
    assert len(adopt(cli, fake, "--class", "pool", "--dry-run").json) == 3
    assert numbers(cli) == {DESK: "front_desk"}


def test_a_sandbox_has_no_numbers_to_give(cli: Cli) -> None:
    ran = cli("number", "import", "--from-provider", "--class", "pool", "-o", "json")
    assert (ran.code, ran.error["code"]) == (4, "no_account_numbers")
    assert "petmsg config show" in ran.error["hint"]


@pytest.mark.parametrize(
    "words",
    [
        ("--from-provider",),
        ("--from-provider", "--class", "pool", "file.csv"),
        ("--from-provider", "--class", "pool", "--file", "file.csv"),
        ("--from-provider", "--class", "desk"),
        ("--class", "pool", "file.csv"),
        ("--class", "pool"),
        (),
    ],
)
def test_file_and_provider_exclude_each_other(
    sqlite_cli: Cli, fake: TwilioFake, words: tuple[str, ...]
) -> None:
    company(sqlite_cli)
    ran = sqlite_cli("number", "import", *words, **keys(fake))
    assert ran.code == 2
    assert "Traceback" not in ran.err
    assert fake.requests == []


def test_a_provider_that_does_not_answer_adds_nothing(cli: Cli, fake: TwilioFake) -> None:
    company(cli)
    fake.faults.append(server_error())
    ran = adopt(cli, fake)
    assert (ran.code, ran.error["code"]) == (75, "provider_unavailable")
    ran = adopt(cli, fake, TWILIO_AUTH_TOKEN="0" * 32)
    assert (ran.code, ran.error["code"]) == (5, "provider_account")
    ran = adopt(cli, fake, TWILIO_AUTH_TOKEN="")
    assert (ran.code, ran.error["code"]) == (5, "credentials_missing")
    assert numbers(cli) == {DESK: "front_desk"}


def test_the_numbers_are_taken_over_before_the_switch(cli: Cli, fake: TwilioFake) -> None:
    ran = adopt(cli, fake)
    assert ran.code == 0, ran.err
    assert numbers(cli) == {DESK: "front_desk", POOL: "pool", SPARE: "pool"}
    assert cli("org", "show", "-o", "json").json["provider"] == "sandbox"


def test_placeholders_are_no_credentials(cli: Cli, fake: TwilioFake) -> None:
    ran = adopt(cli, fake, TWILIO_ACCOUNT_SID="AC…", TWILIO_AUTH_TOKEN="…")
    assert (ran.code, ran.error["code"]) == (5, "credentials_missing")
    assert "malformed" in ran.error["message"]
