"""JSON lines: each line is read by itself, so that a bad one refuses no other."""

import json

import pytest

from petmsg.spreadsheets.columns import CLIENT
from petmsg.spreadsheets.read import read_sheet

GOOD = {"ref": "C-1", "name": "Ann Ivers", "phone": "+14155550123", "kind": None}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "The line is not JSON."),
        ("{" + '"name":{' * 100_000, "The line is not JSON."),
        ('{"name":1,"phone":"x"}', "The value of name is not text."),
        ('{"name":"Ann","colour":"x"}', "Unknown column 'colour'."),
        ('{"name":"Ann"}', "The column phone is missing."),
        ('{"name":"\\u0000","phone":"x"}',
         "The cell name is too long or contains a NUL."),
        ('{"name":"\\ud83d","phone":"x"}', "The cell name is not valid Unicode."),
        ('{"name":"Ann","phone":"\\ude00"}', "The cell phone is not valid Unicode."),
    ],
)  # fmt: skip
def test_a_bad_line_is_refused_alone(line: str, message: str) -> None:
    sheet = read_sheet(f"{line}\n\n{json.dumps(GOOD)}\n".encode(), CLIENT)
    bad, good = sheet.rows
    assert (bad.problem and bad.problem.message, bad.line) == (message, 1)
    assert (good.problem, good.line, good.cells["ref"], good.cells["kind"]) == (None, 3, "C-1", "")


def test_a_character_of_two_halves_is_whole() -> None:
    (row,) = read_sheet(b'{"name":"\\ud83d\\ude00","phone":"x"}', CLIENT).rows
    assert row.cells["name"] == "\U0001f600"
