"""petmsg route inbound: who is to read a message, now, in the past, after changes of numbers."""

from datetime import timedelta

import pytest

from tests.support.fixtures import NOW, Cli, add_org, looking

MAYA, SPARE, POOL, DESK = ("+14155550101", "+14155550102", "+14155550110", "+14155550100")
ANN, STRANGER = "+16175550171", "+16175550199"


@pytest.fixture
def told(cli: Cli) -> Cli:
    """Maya holds a number and sits for Ann from 14:00 to 16:00 (grace until 17:00) UTC."""
    cli("number", "add", MAYA, SPARE, "--class", "sitter")
    cli("number", "add", POOL, "--class", "pool")
    cli("sitter", "add", "Maya Lee", "--phone", "+14155550141", "--activate")
    cli("client", "add", "Ann Ivers", "--phone", ANN)
    booked = ("--start", "2026-02-14T14:00Z", "--end", "2026-02-14T16:00Z")
    cli("booking", "add", "--client", "C-1", "--sitter", "S-1", *booked)
    assert cli("booking", "confirm", "B-1").code == 0
    return cli


def asked(cli: Cli, to: str = MAYA, sender: str = ANN, at: str = "now") -> tuple[str, str]:
    ran = cli("route", "inbound", "--from", sender, "--to", to, "--at", at, "-o", "json")
    assert ran.code == 0, ran.err
    return ran.json["addressed_to"], ran.json["code"]


def test_the_shape_of_the_answer(told: Cli) -> None:
    ran = told("route", "inbound", "--from", ANN, "--to", MAYA, "-o", "json")
    assert ran.json == {
        "org": "happy-paws",
        "number": MAYA,
        "at": "2026-02-14T15:00:00Z",
        "client": "C-1",
        "addressed_to": "S-1",
        "code": "WINDOW_ACTIVE",
        "reason": "Active assignment window for sitter Maya Lee until 12:00",
        "trace": ran.json["trace"],
    }
    assert [step["rule"] for step in ran.json["trace"]] == ["client", "sitter"]
    table = told("route", "inbound", "--from", ANN, "--to", MAYA, "-o", "table").out
    assert "A message from C-1 Ann Ivers to +14155550101" in table
    assert "is for sitter S-1 Maya Lee\n" in table
    assert ANN not in table


def test_each_kind_of_number_and_sender(told: Cli) -> None:
    assert asked(told) == ("S-1", "WINDOW_ACTIVE")
    assert asked(told, sender=STRANGER) == ("unrouted", "UNKNOWN_SENDER")
    assert asked(told, to=POOL) == ("front_desk", "POOL_OR_DESK_NUMBER")
    assert asked(told, to=DESK) == ("front_desk", "POOL_OR_DESK_NUMBER")
    assert asked(told, at="2026-02-14T17:00Z") == ("front_desk", "NO_ACTIVE_WINDOW")


def test_a_quarantined_number_carries_nothing_to_its_sitter_until_it_is_back(told: Cli) -> None:
    told("number", "quarantine", MAYA, "--days", "1", "--reason", "filtered")
    assert asked(told, at="+1m") == ("front_desk", "NUMBER_QUARANTINED")
    later = "2026-02-14T15:00:30Z"
    told("number", "restore", MAYA, "--reason", "cleared")
    assert asked(told, at=later) == ("S-1", "WINDOW_ACTIVE")


def test_a_reply_to_yesterdays_number_goes_to_the_desk_and_to_no_other_sitter(told: Cli) -> None:
    """Ann had a message from Maya's number; then Maya got another one."""
    soon = NOW + timedelta(seconds=30)
    assert told("message", "send", "C-1", "--body", "Hi", "--as", "S-1", now=soon).code == 0
    assert (
        told(
            "sitter", "renumber", "S-1", "--reason", "filtered", now=soon + timedelta(seconds=1)
        ).code
        == 0
    )
    assert asked(told, at="+1m") == ("front_desk", "FORMER_NUMBER")
    assert asked(told, to=SPARE, at="+1m") == ("S-1", "WINDOW_ACTIVE")


def test_the_past_is_answered_from_the_ledger(told: Cli) -> None:
    later = {"now": NOW.replace(hour=16)}
    told("sitter", "deactivate", "--yes", "S-1", "--reason", "the sitter left", **later)
    ran = told(
        "route", "inbound", "--from", ANN, "--to", MAYA, "--at", "2026-02-14T15:30Z",
        "-o", "json", **later,
    )  # fmt: skip
    assert ran.json["addressed_to"] == "S-1"
    after = told("route", "inbound", "--from", ANN, "--to", MAYA, "-o", "json", **later)
    assert after.json["addressed_to"] == "front_desk"


def test_before_the_ledger_begins_a_number_is_what_it_was_first(told: Cli) -> None:
    """A message may be older than the day its number was added: it is ours all the same."""
    assert asked(told, at="2020-01-01T00:00Z") == ("front_desk", "NO_ACTIVE_WINDOW")


def test_a_body_decides_only_if_it_is_a_carrier_keyword(told: Cli) -> None:
    for body, code in (
        ("Stop", "KEYWORD_STOP"),
        ("start", "KEYWORD_START"),
        ("INFO", "KEYWORD_HELP"),
    ):
        ran = told("route", "inbound", "--from", ANN, "--to", MAYA, "--body", body, "-o", "json")
        assert (ran.json["addressed_to"], ran.json["code"]) == ("front_desk", code)


def test_a_sitters_own_text_is_for_the_relay_where_there_is_one(told: Cli) -> None:
    hers = "+14155550141"
    assert asked(told, sender=hers) == ("relay", "KNOWN_SITTER")
    told("org", "set", "--relay", "on")
    assert asked(told, sender=hers) == ("relay", "SITTER_REPLY")
    assert asked(told, to=DESK, sender=hers) == ("relay", "KNOWN_SITTER")


def test_a_number_that_was_never_ours_has_no_addressee(told: Cli, migrated_url: str) -> None:
    for arguments in (
        ("--to", "+19995550100"),
        ("--to", MAYA, "--org", "cosy-cats"),
    ):
        if "cosy-cats" in arguments:
            add_org(migrated_url, "cosy-cats", front_desk=None)
        ran = told("route", "inbound", "--from", ANN, *arguments, "-o", "json")
        assert (ran.code, ran.error["code"]) == (4, "number_never_ours")


def test_another_orgs_client_is_nobody_here(told: Cli, migrated_url: str) -> None:
    add_org(migrated_url, "cosy-cats", front_desk="+14155550200")
    told("client", "add", "Ann", "--phone", STRANGER, "--org", "cosy-cats")
    assert asked(told, sender=STRANGER) == ("unrouted", "UNKNOWN_SENDER")
    assert asked(told, to="+14155550200", sender=STRANGER)[0] == "front_desk"


def test_explaining_changes_nothing(told: Cli, migrated_url: str) -> None:
    with looking(migrated_url) as cursor:
        before = cursor.value("SELECT count(*) FROM audit_event")
    asked(told)
    asked(told, sender=STRANGER)
    with looking(migrated_url) as cursor:
        assert cursor.value("SELECT count(*) FROM audit_event") == before
        assert cursor.value("SELECT count(*) FROM message") == 0


@pytest.mark.parametrize("argument", ["--from", "--to"])
def test_a_malformed_phone_is_wrong_usage(sqlite_cli: Cli, argument: str) -> None:
    phones = {"--from": ANN, "--to": MAYA, argument: "5550101"}
    arguments = [word for pair in phones.items() for word in pair]
    ran = sqlite_cli("route", "inbound", *arguments, "-o", "json")
    assert (ran.code, ran.error["code"]) == (2, "malformed_phone")
