"""Phones as people write them, in the commands that take one: arguments, options, files, look-ups.

Every command here gets the number in another form than E.164; what it prints and stores is E.164.
"""

from pathlib import Path

import pytest

from petmsg.errors import NOT_FOUND, USAGE
from tests.support.fixtures import Cli

ANN = "(415) 555-0171"
SAM = "415.555.0180"
DESK = "1-415-555-0100"
"""The front desk of the fixtures."""


@pytest.fixture
def company(cli: Cli) -> Cli:
    """A company with a client and a sitter, whose phones were typed as people write them."""
    for words in (
        ("client", "add", "Ann Ash", "--phone", ANN, "--ref", "C-1"),
        ("sitter", "add", "Sam Snow", "--phone", SAM, "--ref", "S-1"),
        ("number", "add", "(415) 555-0101", "415-555-0102", "415.555.0103", "--class", "sitter"),
        ("sitter", "activate", "S-1"),
    ):
        ran = cli(*words)
        assert ran.code == 0, ran.err
    return cli


def test_a_phone_in_any_form_is_one_row(company: Cli) -> None:
    shown = company("client", "show", ANN, "--reveal", "-o", "json").json
    assert (shown["client"], shown["phones"]) == ("C-1", ["+14155550171"])
    for text in ("4155550171", "1-415-555-0171", "+1 415 555 0171 ext. 2", "tel:+1-415-555-0171"):
        assert company("client", "show", text, "-o", "json").json["client"] == "C-1"
    again = company("client", "add", "Ann Ash", "--phone", "4155550171", "-o", "json")
    assert again.json["reused"] is True
    assert company("sitter", "show", "(415) 555-0180", "-o", "json").json["sitter"] == "S-1"
    numbers = {row["number"] for row in company("number", "list", "-o", "json").json}
    assert {"+14155550101", "+14155550102"} <= numbers


def test_a_number_is_found_in_every_form(company: Cli) -> None:
    held = company("sitter", "show", "S-1", "-o", "json").json["number"]
    written = f"({held[2:5]}) {held[5:8]}-{held[8:]}"
    for words in (
        ("number", "show", written),
        ("number", "history", written),
        ("number", "health", written),
        ("number", "pace", written),
        ("number", "who", written, "--at", "now"),
        ("number", "quarantine", written, "--days", "3", "--reason", "filtered"),
        ("number", "restore", written, "--reason", "cleared"),
        ("inbox", "list", "--number", written),
        ("sitter", "renumber", "S-1", "--to", "415 555 0102", "--reason", "filtered"),
        ("number", "retire", "(415) 555-0103", "--reason", "spare", "--yes"),
    ):
        ran = company(*words, "-o", "json")
        assert ran.code == 0, (words, ran.err)
    quarantined = company("number", "quarantine", "(415) 555-0102", "--days", "3", "--reason", "x")
    assert "+14155550102" in quarantined.out


def test_a_client_is_named_by_phone_where_a_client_is_named(company: Cli) -> None:
    for words in (
        ("route", "explain", ANN),
        ("route", "simulate", "--client", ANN, "--from", "now", "--to", "+1d"),
        ("message", "send", ANN, "--body", "Hello"),
        ("message", "list", "--client", ANN),
        ("thread", "show", ANN),
        ("client", "set", ANN, "--kind", "recurring"),
        ("client", "phone", "add", ANN, "415 555 0172"),
        ("client", "phone", "primary", ANN, "(415) 555-0172"),
        ("client", "phone", "remove", "(415) 555-0172", ANN),
        ("booking", "list", "--client", "415.555.0172"),
        ("inbox", "list", "--client", "415.555.0172"),
        ("optout", "add", "(415) 555-0172", "--reason", "asked", "--phone", "1 415 555 0172"),
        ("optout", "show", "(415) 555-0172"),
        ("optout", "remove", "(415) 555-0172", "--reason", "asked"),
    ):
        ran = company(*words, "-o", "json")
        assert ran.code == 0, (words, ran.err)


def test_a_message_is_explained_and_received_between_phones_in_any_form(company: Cli) -> None:
    told = company("route", "inbound", "--from", ANN, "--to", DESK, "-o", "json").json
    assert told["client"] == "C-1"
    received = company(
        "message", "receive", "--from", ANN, "--to", DESK, "--body", "Hi", "-o", "json"
    ).json
    assert (received["client"], received["number"]) == ("C-1", "+14155550100")


def test_with_several_countries_the_org_of_a_phone_must_be_chosen(sqlite_cli: Cli) -> None:
    sqlite_cli("org", "add", "cats", "--name", "Cats", "--timezone", "Europe/Berlin")
    words = ("route", "inbound", "--from", ANN, "--to", DESK, "-o", "json")
    ran = sqlite_cli(*words)
    assert (ran.code, ran.error["hint"]) == (
        USAGE,
        "Write a plus and the country code, or choose the org: --org SLUG",
    )
    assert sqlite_cli(*words, "--org", "happy-paws").json["org"] == "happy-paws"


def test_an_imported_phone_may_have_any_form(cli: Cli, tmp_path: Path) -> None:
    rows = "name,phone\nAnn Ash,(415) 555-0171\nBo Birch,+1.415.555.0172\n"
    for noun in ("client", "sitter"):
        file = tmp_path / f"{noun}s.csv"
        file.write_text(rows if noun == "client" else rows.replace("017", "018"))
        assert cli(noun, "import", str(file)).code == 0
    assert cli("client", "show", "415-555-0172", "-o", "json").json["name"] == "Bo Birch"
    assert cli("sitter", "show", "415-555-0181", "-o", "json").json["name"] == "Ann Ash"


# ------------------------------------------------------------------------------------- precedence


def test_a_ref_of_digits_wins_over_the_phone_and_the_phone_over_a_name(sqlite_cli: Cli) -> None:
    for name, phone, ref in (
        ("Ann", "+14155550171", "C-1"),
        ("Bo", "+14155550172", "4155550171"),
        ("415 555 0173", "+14155550174", "C-3"),
        ("415 555 0171", "+14155550175", "C-4"),
    ):
        assert sqlite_cli("client", "add", name, "--phone", phone, "--ref", ref).code == 0

    def found(text: str) -> str:
        return str(sqlite_cli("client", "show", text, "-o", "json").json["client"])

    assert found("4155550171") == "4155550171"  # the exact ref
    assert found("(415) 555-0171") == "C-1"  # the phone
    assert found("415 555 0171") == "C-1"  # the phone, though it is also a name
    assert found("415 555 0173") == "C-3"  # the name: nobody has that phone


def test_an_unknown_phone_is_masked_in_the_error_whatever_its_form(sqlite_cli: Cli) -> None:
    for text in ("(415) 555-0199", "tel:+1-415-555-0199", "+1 415 555 0199"):
        ran = sqlite_cli("client", "show", text, "-o", "json")
        assert ran.code == NOT_FOUND
        assert ran.error["message"] == "There is no client '+1********99'."


def test_a_text_that_is_no_ref_and_no_valid_phone_is_not_found_with_the_reason(
    sqlite_cli: Cli,
) -> None:
    ran = sqlite_cli("client", "show", "(415) 555-019", "-o", "json")
    assert ran.code == NOT_FOUND
    assert ran.error["hint"].startswith("As a phone number it is not valid: too short for US.")


# --------------------------------------------------------------------------------------- warnings


def test_a_dropped_extension_is_told_on_stderr(cli: Cli) -> None:
    ran = cli("client", "add", "Ann", "--phone", "+1 415 555 0171 ext. 2", "-o", "json")
    assert ran.code == 0
    assert ran.json["phones"] == 1
    assert ran.err == (
        "Warning: +1********71 is used without its extension 2: a message cannot reach an "
        "extension.\n"
    )


def test_an_unassigned_number_is_taken_with_a_warning(sqlite_cli: Cli) -> None:
    ran = sqlite_cli("sitter", "add", "Sam", "--phone", "(999) 555-0180")
    assert ran.code == 0
    assert ran.err == (
        "Warning: +1********80 is a possible number, but no known range of phones has it. Check "
        "its digits.\n"
    )


def test_a_refused_phone_leaves_nothing_behind(cli: Cli) -> None:
    ran = cli("client", "add", "Ann", "--phone", ANN, "--phone", "(100) 555-0172", "-o", "json")
    assert (ran.code, ran.error["code"]) == (USAGE, "malformed_phone")
    assert "an area code of +1 does not begin with 0 or 1" in ran.error["message"]
    assert cli("client", "list", "-o", "json").json == []


# ---------------------------------------------------------------------------------------- country


def test_the_country_of_an_org_is_that_of_its_timezone_unless_it_is_set(cli: Cli) -> None:
    def shown() -> tuple[str | None, str | None]:
        row = cli("org", "show", "-o", "json").json
        return row["country"], row["phone_country"]

    assert shown() == (None, "US")
    assert cli("client", "add", "Ann", "--phone", "(415) 555-0171").code == 0
    assert cli("org", "set", "--country", "gb").code == 0
    assert shown() == ("GB", "GB")
    cli("client", "add", "Bea", "--phone", "020 7946 0958")
    assert cli("client", "show", "+44 20 7946 0958", "-o", "json").json["name"] == "Bea"
    assert cli("org", "set", "--country", "").code == 0
    assert shown() == (None, "US")
    assert cli("org", "set", "--timezone", "UTC").code == 0
    assert shown() == (None, None)
    events = cli("audit", "list", "--all", "-o", "json").json
    changes = [row["payload"]["country"] for row in events if "country" in str(row["payload"])]
    assert {"before": None, "after": "GB"} in changes


@pytest.mark.parametrize("words", [("add", "Ann", "--phone", ANN), ("show", ANN)])
def test_without_a_country_a_phone_needs_a_plus(sqlite_cli: Cli, words: tuple[str, ...]) -> None:
    sqlite_cli("org", "set", "--timezone", "UTC")
    ran = sqlite_cli("client", *words, "-o", "json")
    assert ran.code == (USAGE if words[0] == "add" else NOT_FOUND)
    assert "petmsg org set --country US" in ran.error["hint"]
    assert sqlite_cli("client", "add", "Ann", "--phone", "+14155550171").code == 0


def test_the_table_of_an_org_says_where_its_country_comes_from(sqlite_cli: Cli) -> None:
    assert "US, from the timezone" in sqlite_cli("org", "show", "-o", "table").out
    sqlite_cli("org", "set", "--country", "CA")
    assert "CA" in sqlite_cli("org", "show", "-o", "table").out
    sqlite_cli("org", "set", "--country", "", "--timezone", "UTC")
    assert "none: write phones with a plus" in sqlite_cli("org", "show", "-o", "table").out


def test_an_unknown_country_is_wrong_usage(sqlite_cli: Cli) -> None:
    ran = sqlite_cli("org", "set", "--country", "UK", "-o", "json")
    assert (ran.code, ran.error["hint"]) == (USAGE, "Did you mean GB?")


def test_an_org_is_added_with_its_country_and_its_desk_as_it_is_written(cli: Cli) -> None:
    words = ("org", "add", "cats", "--name", "Cats", "--timezone", "UTC", "--country", "GB")
    desk = ("--front-desk", "020 7946 0999", "-o", "json")
    assert cli(*words, *desk).json["country"] == "GB"
    assert cli(*words, *desk).code == 0
    assert [row["number"] for row in cli("number", "list", "--org", "cats", "-o", "json").json] == [
        "+442079460999"
    ]
    other = cli(*words[:-1], "US", "-o", "json")
    assert (other.code, other.error["code"]) == (4, "already_exists")
    assert "--country US" in other.error["hint"]
