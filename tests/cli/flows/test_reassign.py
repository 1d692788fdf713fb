"""`booking reassign`: the sitter as an argument or an option, and the bookings of a file."""

from pathlib import Path

import pytest

from tests.support.booking_commands import OLGA, book, events, people
from tests.support.fixtures import Cli


def test_the_sitter_is_a_plain_argument(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    book(sqlite_cli, "B-1")
    sqlite_cli("booking", "confirm", "B-1")
    ran = sqlite_cli("booking", "reassign", "B-1", "S-2", "--reason", "ill", "-o", "json")
    assert (ran.code, ran.json["sitter"], ran.json["warnings"]) == (0, "S-2", [])
    assert sqlite_cli("route", "explain", "C-1", "-o", "json").json["number"]["e164"] == OLGA
    assert events(sqlite_cli, "B-1")[-2:] == ["booking.reassigned", "window.updated"]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ((), "Missing booking to reassign."),
        (("B-1",), "Name one sitter, or --nobody."),
        (("B-1", "S-1", "--sitter", "S-2"), "Name one sitter, or --nobody."),
        (("B-1", "S-1", "--nobody"), "Name one sitter, or --nobody."),
        (("B-1", "--file", "-"), "--file cannot be combined with a booking or a sitter."),
        (("--file", "-", "--nobody"), "--file cannot be combined with a booking or a sitter."),
    ],
)
def test_what_cannot_be_meant_is_a_usage_error(
    sqlite_cli: Cli, line: tuple[str, ...], says: str
) -> None:
    people(sqlite_cli)
    book(sqlite_cli, "B-1")
    ran = sqlite_cli("booking", "reassign", *line, "-o", "json", stdin="ref,sitter\nB-1,S-2\n")
    assert ran.code == 2
    assert ran.error["message"] == says


def test_a_file_names_the_sitter_of_each_booking(cli: Cli, tmp_path: Path) -> None:
    people(cli)
    for ref in ("B-1", "B-2", "B-3"):
        book(cli, ref)
    cli("booking", "confirm", "B-1")
    file = tmp_path / "sitters.csv"
    file.write_text("ref,sitter\nB-1,S-2\nB-404,S-2\nB-2,\nB-3,Olga Roy\n", "utf-8")
    line = ("booking", "reassign", "--file", str(file), "--reason", "ill", "-o", "json")
    ran = cli(*line)
    assert ran.code == 4
    assert [row.get("sitter") for row in ran.json] == ["S-2", None, None, "S-2"]
    unknown, empty = ran.json[1:3]
    assert (unknown["row"], unknown["error"]["code"]) == (3, "booking_not_found")
    assert empty["error"]["message"] == "The sitter is missing."
    assert empty["error"]["hint"] == "For no sitter: petmsg booking reassign B-2 --nobody"
    assert cli("route", "explain", "C-1", "-o", "json").json["number"]["e164"] == OLGA
    trail = events(cli, "B-1")
    again = cli(*line)
    assert [row.get("reused") for row in again.json] == [True, None, None, True]
    assert events(cli, "B-1") == trail


def test_a_dry_run_of_a_file_changes_nothing(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    book(sqlite_cli, "B-1")
    ran = sqlite_cli(
        "booking",
        "reassign",
        "--file",
        "-",
        "--dry-run",
        "-o",
        "json",
        stdin="ref,sitter\nB-1,S-2\n",
    )
    assert ran.json[0]["sitter"] == "S-2"
    assert sqlite_cli("booking", "show", "B-1", "-o", "json").json["sitter"] == "S-1"
