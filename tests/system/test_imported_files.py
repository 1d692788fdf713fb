"""Files as people have them, and what must come out of each.

`imported_files` has made-up exports of Excel, Google Sheets, Numbers and of scheduling tools of the
trade, in the words of their public help pages. Beside each stands a JSON file: what is in it, with
which options it is imported, which column each header is, the order of its dates, what is created
and refused with which reason, and what is stored.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from petmsg.enums.files import ImportNoun
from petmsg.spreadsheets.columns import LAYOUTS
from petmsg.spreadsheets.header import parse_map
from petmsg.spreadsheets.read import Reading, read_sheet
from tests.support.fixtures import Cli, Ran, copied

FOLDER = Path(__file__).parent / "imported_files"
CASES = {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.json"))}


@copied
def company(cli: Cli) -> None:
    """The people whom the files of bookings name."""
    for name, phone in (("Ann Ivers", "0171"), ("Bo Chen", "0172")):
        assert cli("client", "add", name, "--phone", f"+1415555{phone}").code == 0
    for name, phone in (("Maya Lee", "0141"), ("Dana Fox", "0142")):
        assert cli("sitter", "add", name, "--phone", f"+1415555{phone}").code == 0


def imported(cli: Cli, case: dict[str, Any], *options: str) -> Ran:
    words = (case["noun"], "import", str(FOLDER / case["file"]), *case.get("options", ()))
    return cli(*words, *options, "-o", "json")


def stored(cli: Cli, noun: str) -> list[list[Any]]:
    """What there is of the noun, the oldest first."""
    rows = cli(noun, "list", "--all", "-o", "json", *_revealing(noun)).json
    if noun == "client":
        shown = [
            cli("client", "show", row["client"], "-o", "json", "--reveal").json for row in rows
        ]
        return [[each["name"], each["kind"], each["phones"]] for each in reversed(shown)]
    if noun == "sitter":
        return [[row["name"], row["phone"]] for row in reversed(rows)]
    if noun == "number":
        added = [row for row in rows if row["class"] != "front_desk"]
        return sorted([row["number"], row["class"]] for row in added)
    names = {row[f"{kind}"]: row["name"] for kind in ("client", "sitter")
             for row in cli(kind, "list", "--all", "-o", "json").json}  # fmt: skip
    found = sorted(rows, key=lambda row: row["booking"])
    return [
        [names[row["client"]], names.get(row["sitter"]), row["starts_at"], row["ends_at"]]
        for row in found
    ]


def _revealing(noun: str) -> tuple[str, ...]:
    return ("--reveal",) if noun in ("client", "sitter") else ()


def test_there_are_enough_files_and_each_says_what_must_come_out_of_it() -> None:
    files = {path.name for path in FOLDER.iterdir() if path.suffix != ".json"}
    assert {case["file"] for case in CASES.values()} == files
    assert len(files) >= 25
    assert all(("error" in case) != ("counts" in case) for case in CASES.values())


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if "counts" in case])
def test_what_comes_out_of_a_file(sqlite_cli: Cli, name: str) -> None:
    case = CASES[name]
    if case["noun"] == "booking":
        company(sqlite_cli)
    if "country" in case:
        assert sqlite_cli("org", "set", "--country", case["country"]).code == 0
    ran = imported(sqlite_cli, case)
    assert ran.code == (4 if "refused" in case["counts"] else 0), ran.err
    _check_reading(case, ran)
    _check_results(case, ran)
    found = stored(sqlite_cli, case["noun"])
    assert found == case["stored"]
    again = imported(sqlite_cli, case)
    assert [row["result"] for row in again.json if "result" in row].count("created") == 0
    assert stored(sqlite_cli, case["noun"]) == found


def _check_reading(case: dict[str, Any], ran: Ran) -> None:
    """What was sniffed, and that it was said."""
    if case["columns"] is None:
        return
    layout = LAYOUTS[ImportNoun(case["noun"])]
    options = case.get("options", [])
    given = dict(zip(options[::2], options[1::2], strict=True))
    maps = dict(
        parse_map(value, layout)
        for option, value in zip(options[::2], options[1::2], strict=True)
        if option == "--map"
    )
    sheet = read_sheet(
        (FOLDER / case["file"]).read_bytes(),
        layout,
        Reading(
            maps=maps,
            encoding=given.get("--encoding"),
            date_order=given.get("--date-order"),
            sheet=given.get("--sheet"),
        ),
    )
    assert sheet.order == case.get("order")
    if case["read"] is None:
        assert "Read as" not in ran.err
    else:
        (line,) = (each for each in ran.err.splitlines() if each.startswith("Read as"))
        assert line.startswith(f"Read as {case['read']}; columns: ")
        assert [each for each in case["columns"].items() if " = ".join(each) not in line] == []
        assert line.count(" = ") == len(case["columns"])
    ignored = ", ".join(repr(each) for each in case.get("ignored", ()))
    assert (f"Ignored columns: {ignored}." in ran.err) is bool(ignored)


def _check_results(case: dict[str, Any], ran: Ran) -> None:
    told = {str(row["row"]): row["error"] for row in ran.json if "error" in row}
    assert told.keys() == case.get("refused", {}).keys()
    for line, words in case.get("refused", {}).items():
        assert words in told[line]["message"]
    everything = " ".join(f"{each['message']} {each['hint']}" for each in told.values())
    assert case.get("both", "") in everything
    assert case.get("hint", "") in everything
    counts = case["counts"]
    results = [row["result"] for row in ran.json if "result" in row]
    assert {each: results.count(each) for each in set(results)} | (
        {"refused": len(told)} if told else {}
    ) == counts
    order = [*sorted(set(counts) - {"refused"}), *({"refused"} & counts.keys())]
    assert ", ".join(f"{counts[each]} {each}" for each in order) + "." in ran.err.splitlines()
    if "refs" in case:
        assert [row["ref"] for row in ran.json if "result" in row] == case["refs"]


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if "error" in case])
def test_a_file_that_is_refused_leaves_nothing_behind(sqlite_cli: Cli, name: str) -> None:
    case = CASES[name]
    company(sqlite_cli)
    before = sqlite_cli("audit", "export").out
    ran = imported(sqlite_cli, case)
    assert (ran.code, ran.out) == (2, "")
    assert case["error"] in ran.error["message"]
    assert case["hint"] in ran.error["hint"]
    assert sqlite_cli("audit", "export").out == before


def test_one_file_of_each_noun_on_both_databases(cli: Cli) -> None:
    company(cli)
    for name in ("clients-excel-us", "sitters-google-sheets", "numbers-spreadsheet"):
        assert imported(cli, CASES[name]).code in (0, 4)
    assert imported(cli, CASES["bookings-excel-us"]).code == 0
    assert cli("doctor", "-o", "json", "--findings").code in (0, 10)
    assert cli("audit", "verify").code == 0
