"""A mistyped word is answered with what was probably meant; exit codes stay what they are."""

from typing import Any

import pytest

from petmsg.queries import suggestions
from tests.queries.test_candidates import planned
from tests.support.consistency import raw
from tests.support.fixtures import Cli, add_org, lines, run_cli


def fill(cli: Cli) -> None:
    """A small company: two clients, a sitter, numbers, a booking."""
    for line in (
        ("client", "add", "Ann Ivers", "--ref", "C-1", "--phone", "+12025550101"),
        ("client", "add", "Bo Moreno", "--ref", "HP-C-007", "--phone", "+12025550102"),
        ("sitter", "add", "Maya Lee", "--ref", "S-1", "--phone", "+13035550101"),
        ("number", "add", "+14155550101", "--class", "sitter"),
        ("sitter", "activate", "S-1"),
        ("booking", "add", "--ref", "B-12", "--client", "C-1", "--start", "+1h", "--end", "+2h"),
    ):
        assert cli(*line).code == 0, line


def test_a_group_without_a_command_shows_its_commands() -> None:
    ran = run_cli(None, "errors")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("petmsg: A command is missing.\n\nUsage: petmsg errors ")
    assert "  explain  Explain codes" in ran.err
    assert ran.err.endswith("hint: See: petmsg errors --help\n")


MEANT = {
    ("thread", "show", "Ann Iver"): "Ann Ivers (C-1)",
    ("client", "show", "ann"): "Ann Ivers (C-1)",
    ("route", "explain", "hpc7"): "Bo Moreno (HP-C-007)",
    ("message", "send", "Bo Morena", "--body", "Hi"): "Bo Moreno (HP-C-007)",
    ("sitter", "show", "Maya Le"): "Maya Lee (S-1)",
    ("sitter", "activate", "s-01"): "Maya Lee (S-1)",
    ("booking", "reassign", "B-12", "--sitter", "maya"): "Maya Lee (S-1)",
    ("booking", "show", "b12"): "B-12",
    ("booking", "confirm", "B-21"): "B-12",
    ("booking", "cancel", "--yes", "B12"): "B-12",
    ("number", "show", "+14155550111"): "+14155550101",
    ("number", "quarantine", "+1415555010", "--reason", "x"): "+14155550100 or +14155550101",
    ("client", "list", "--org", "hapy-paws"): "happy-paws",
    ("client", "list", "--org", "happy paws"): "happy-paws",
}


def test_a_noun_that_is_not_there_is_answered_with_its_neighbour(cli: Cli) -> None:
    fill(cli)
    for line, meant in MEANT.items():
        ran = cli(*line, "-o", "json")
        assert ran.code == 3, line
        assert ran.error["code"].endswith("_not_found"), line
        assert ran.error["hint"] == f"Did you mean {meant}?", line


def test_where_nothing_is_alike_the_hint_is_the_list(sqlite_cli: Cli) -> None:
    fill(sqlite_cli)
    for noun, text in (
        ("client", "C-2"),
        ("client", ""),
        ("client", "x" * 10_000),
        ("sitter", "Quentin"),
        ("number", "+442071234567"),
    ):
        hint = sqlite_cli(noun, "show", text, "-o", "json").error["hint"]
        assert hint == f"List what there is: petmsg {noun} list"


def test_nobody_is_suggested_by_phone_nor_with_it(cli: Cli) -> None:
    line = ("client", "add", "+1 202 555 0177", "--ref", "N-1", "--phone", "+12025550177")
    fill(cli)
    assert cli(*line).code == 0
    assert cli("client", "show", "202 555 0177").code == 0, "a phone in the org's country"
    for text in ("+12025550111", "+12025550178", "n1", "202 555 0178", "+1 202 555 017"):
        ran = cli("client", "show", text)
        assert ran.code in (2, 3)
        assert "0101" not in ran.err
        assert "555 0177" not in ran.err.replace(f"'{text}'", "")
    assert "Did you mean N-1?" in cli("client", "show", "n1").err
    assert "mean" not in cli("sitter", "show", "+13035550111").err


def test_nobody_of_another_org_is_suggested(migrated_url: str) -> None:
    add_org(migrated_url)
    add_org(migrated_url, "tail-waggers", front_desk="+14155550200")
    line = ("client", "add", "Ann Ivers", "--ref", "C-1", "--phone", "+12025550101")
    assert run_cli(migrated_url, *line, "--org", "tail-waggers").code == 0
    for text in (("client", "show", "Ann Iver"), ("number", "show", "+14155550201")):
        ran = run_cli(migrated_url, *text, "--org", "happy-paws")
        assert ran.code == 3
        assert "mean" not in ran.err
        assert "mean" in run_cli(migrated_url, *text, "--org", "tail-waggers").err


def test_in_a_large_company_the_neighbours_are_looked_at(sqlite_cli: Cli) -> None:
    rows = [(f"C-{i:05}", f"Client {i:05}", f"+12025{i:06}") for i in range(1, 1201)]
    rows.append(("K-1", "Zoe Quill", "+13035550199"))
    ran = sqlite_cli("client", "import", "-", stdin=lines(("ref", "name", "phone"), *rows))
    assert ran.code == 0
    for text in ("Zoe Quil", "zoe quill", "k1"):
        assert "Did you mean Zoe Quill (K-1)?" in sqlite_cli("client", "show", text).err


@pytest.mark.parametrize("name", ["CLIENTS", "SITTERS", "BOOKINGS", "NUMBERS", "ORGS"])
def test_the_neighbours_are_read_by_index_and_cut(migrated_sqlite: str, name: str) -> None:
    text = getattr(suggestions, name)
    with raw(migrated_sqlite) as cursor:
        plan = planned(cursor, text)
    assert "SCAN x\n" not in plan
    assert text.count("LIMIT") == text.count("ORDER BY") > 0


def test_no_guess_is_made_for_the_rows_of_a_file(sqlite_cli: Cli) -> None:
    """There may be very many of them; two bookings on a command line are no such file."""
    fill(sqlite_cli)
    ran = sqlite_cli(
        "booking", "import", "-", "-o", "json",
        stdin=lines(
            ("client", "starts_at", "ends_at"),
            *((f"Ann Iver {n}", "+1h", "+2h") for n in range(suggestions.FEW + 1)),
        ),
    )  # fmt: skip
    assert ran.code == 4
    assert ran.json[0]["error"]["hint"] == "List what there is: petmsg client list"
    refs = lines(("ref",), *((f"b{n}",) for n in range(12, 12 + suggestions.FEW + 1)))
    ran = sqlite_cli("booking", "confirm", "--file", "-", "-o", "json", stdin=refs)
    assert ran.json[0]["error"]["hint"] == "List what there is: petmsg booking list"
    ran = sqlite_cli("booking", "confirm", "b12", "b13", "-o", "json")
    assert ran.json[0]["error"]["hint"] == "Did you mean B-12?"


# ---------------------------------------------------------------------------- the command line


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("nubmer list", "Did you mean petmsg number? See: petmsg --help"),
        ("number lsit", "Did you mean petmsg number list? See: petmsg number --help"),
        ("client phone ad",
         "Did you mean petmsg client phone add? See: petmsg client phone --help"),
        ("confirm B-1", "Did you mean petmsg booking confirm? See: petmsg --help"),
        ("visits", "Did you mean petmsg booking? See: petmsg --help"),
        ("SMS C-1", "Did you mean petmsg message? See: petmsg --help"),
        ("xyzzy", "See: petmsg --help"),
        ("number list --clas pool", "Did you mean --class? See: petmsg number list --help"),
        ("number list --xyzzy", "See: petmsg number list --help"),
        ("number list --class pol", "Did you mean pool? See: petmsg number list --help"),
        ("--org x client list",
         "Put it after the command: petmsg COMMAND --org … See: petmsg --help"),
        ("-q status", "Put it after the command: petmsg COMMAND -q … See: petmsg --help"),
        ("client --db x list",
         "Put it after the command: petmsg client COMMAND --db … See: petmsg client --help"),
        ("client list -o jsno", "Did you mean json or jsonl? One of table, json, jsonl, tsv, csv."),
        ("errors list --class recipent", "Did you mean recipient? One of "),
        ("client list --limit", "See: petmsg --help"),
    ],
)  # fmt: skip
def test_a_mistyped_command_line_is_answered_with_what_was_meant(line: str, hint: str) -> None:
    ran = run_cli(None, *line.split())
    assert ran.code == 2
    assert f"hint: {hint}" in ran.err
    assert "Possible options" not in ran.err


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("America/NewYork", "America/New_York"),
        ("new york", "America/New_York"),
        ("Europe/Berlim", "Europe/Berlin"),
    ],
)
def test_a_mistyped_timezone_is_answered_with_the_one_meant(
    sqlite_cli: Cli, typed: str, meant: str
) -> None:
    ran = sqlite_cli("org", "set", "--timezone", typed)
    assert ran.code == 2
    assert f"Did you mean {meant}?" in ran.err


def test_the_suggestion_is_in_the_error_of_json(sqlite_cli: Cli) -> None:
    found: dict[str, Any] = sqlite_cli("nubmer", "list", "-o", "json").error
    assert found["code"] == "usage"
    assert found["hint"].startswith("Did you mean petmsg number?")
