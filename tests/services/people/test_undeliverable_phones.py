"""Phones that cannot receive SMS: the provider's report, the alert, and how it is undone."""

from typing import Any

from petmsg.queries.org import find_org
from petmsg.queries.send_blocks import read_block_facts
from petmsg.rules.send_blocks import SendBlockFacts
from petmsg.services.people.undeliverable_phones import mark_undeliverable
from tests.cli.commands.test_org import events, refused
from tests.support.fixtures import Cli, looking, working

ANN = ("client", "add", "Ann", "--phone", "+14155551001", "--phone", "+14155551002")
TEXTABLE = ("client", "phone", "textable", "C-1", "+14155551001")


def dead(url: str, phone: str = "+14155551001", *, code: str = "21614") -> None:
    with working(url) as uow:
        mark_undeliverable(uow, client_ref="C-1", to_e164=phone, code=code)


def facts(url: str, phone: str = "+14155551001") -> SendBlockFacts:
    with looking(url) as cursor:
        return read_block_facts(
            cursor, find_org(cursor, None), client_id=1, to_e164=phone, number_id=None
        )


def shown(cli: Cli, *options: str) -> Any:
    return cli("client", "show", "C-1", *options, "-o", "json").json["not_textable"]


def test_a_phone_that_takes_no_texts_is_known_and_shown_with_its_code(
    cli: Cli, migrated_url: str
) -> None:
    cli(*ANN)
    assert (facts(migrated_url).not_textable_code, shown(cli)) == (None, [])
    dead(migrated_url)
    assert facts(migrated_url).not_textable_code == "21614"
    row = {
        "phone": "+1********01",
        "not_textable_at": "2026-02-14T15:00:00Z",
        "code": "21614",
    }
    assert shown(cli) == [row]
    assert shown(cli, "--reveal") == [{**row, "phone": "+14155551001"}]
    table = cli("client", "show", "C-1", "-o", "table").out
    assert "+1********01 since 2026-02-14 10:00 EST (code 21614)" in table


def test_the_clients_other_phones_stay_textable(cli: Cli, migrated_url: str) -> None:
    cli(*ANN)
    dead(migrated_url)
    assert facts(migrated_url, "+14155551002").not_textable_code is None


def test_a_person_is_alerted_and_the_audit_has_it_once(cli: Cli, migrated_url: str) -> None:
    cli(*ANN)
    dead(migrated_url)
    dead(migrated_url, code="30006")
    (alert,) = cli("alert", "list", "-o", "json").json
    assert (alert["kind"], alert["ref"], alert["count"]) == ("phone_not_textable", "C-1", 2)
    told = [event for event in events(cli) if event["event"] == "client.phone_not_textable"]
    assert [event["payload"] for event in told] == [{"code": "21614", "primary": True}]
    assert [row["code"] for row in shown(cli)] == ["21614"]


def test_a_phone_that_is_nobodys_any_more_is_left_alone(cli: Cli, migrated_url: str) -> None:
    cli(*ANN)
    before = events(cli)
    dead(migrated_url, "+14155551009")
    assert (events(cli), cli("alert", "list", "-o", "json").json) == (before, [])


def test_a_person_may_know_better(cli: Cli, migrated_url: str) -> None:
    cli(*ANN)
    dead(migrated_url)
    ran = cli(*TEXTABLE, "--reason", "it was ported", "-o", "json")
    assert (ran.code, ran.json) == (
        0,
        {
            "client": "C-1",
            "client_name": "Ann",
            "phone": "+1********01",
            "code": "21614",
            "reused": False,
        },
    )
    assert (facts(migrated_url).not_textable_code, shown(cli)) == (None, [])
    last = events(cli)[-1]
    assert (last["event"], last["ref"], last["reason"], last["payload"]) == (
        "client.phone_textable",
        "C-1",
        "it was ported",
        {"code": "21614"},
    )


def test_a_phone_that_is_textable_stays_so(sqlite_cli: Cli) -> None:
    sqlite_cli(*ANN)
    before = events(sqlite_cli)
    ran = sqlite_cli(*TEXTABLE, "--reason", "x", "-o", "json")
    assert (ran.code, ran.json["reused"], events(sqlite_cli)) == (0, True, before)


def test_a_phone_of_the_client_and_a_reason_are_required(sqlite_cli: Cli) -> None:
    sqlite_cli(*ANN)
    sqlite_cli("client", "add", "Bo", "--phone", "+14155551009")
    line = TEXTABLE[:-1]
    refused(sqlite_cli(*TEXTABLE, "-o", "json"), "out_of_range", 2)
    for phone, code, exit_code in (
        ("911", "malformed_phone", 2),
        ("+14155551009", "phone_not_found", 3),
        ("+14155551008", "phone_not_found", 3),
    ):
        ran = sqlite_cli(*line, phone, "--reason", "x", "-o", "json")
        error = refused(ran, code, exit_code)
        assert "555100" not in str(error)


def test_a_new_phone_of_the_client_is_textable(cli: Cli, migrated_url: str) -> None:
    """What the provider said of a phone goes with it."""
    cli(*ANN)
    dead(migrated_url, "+14155551002")
    cli("client", "phone", "remove", "C-1", "+14155551002")
    cli("client", "phone", "add", "C-1", "+14155551002")
    assert shown(cli) == []
