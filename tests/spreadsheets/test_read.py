"""Files that are nearly right, or not at all: a clear message or rows, never anything else."""

import random
import re
from collections import Counter
from itertools import islice

import pytest

from petmsg.enums.files import DateOrder
from petmsg.errors import MalformedFile
from petmsg.spreadsheets.columns import BOOKING, CLIENT, normal_header
from petmsg.spreadsheets.read import Reading, read_sheet
from tests.support.fuzzed_files import examine, fuzzed_file


def test_five_hundred_odd_files() -> None:
    """`tests/campaigns/test_imported_files.py` reads 20,000."""
    pick = random.Random(17)
    seen = Counter(examine(fuzzed_file(pick)) for _ in range(500))
    assert min(seen["refused"], seen["faults"], seen["read"]) > 10, seen


def test_the_faults_of_several_cells_are_told_together() -> None:
    (row,) = read_sheet(b"ref,name,phone,kind\n1e9,=A1,4.15555E+09,#N/A\n", CLIENT).rows
    assert [each.code for each in row.faults] == [
        "malformed_row", "malformed_row", "malformed_phone", "malformed_row",
    ]  # fmt: skip
    assert row.faulty == {"ref", "name", "phone", "kind"}


def test_a_cell_of_a_megabyte_is_one_rows_fault_and_ignored_where_its_column_is() -> None:
    large = "x" * (1 << 20)
    content = f"name,phone,notes\nAnn,+14155550171,{large}\n{large},+14155550172,\nBo,1,\n"
    first, second, third = read_sheet(content.encode(), CLIENT).rows
    for row in (first, second):
        assert row.problem is not None
        assert "a cell of more than 131,072 characters" in row.problem.message
    assert third.cells["name"] == "Bo"
    content = f"name,phone,notes\nAnn,+14155550171,{'x' * 9000}\n{'y' * 9000},1,\n"
    first, second = read_sheet(content.encode(), CLIENT).rows
    assert first.faults == ()
    assert "too long: it has 9,000 characters" in second.faults[0].message


def test_the_end_of_a_visit_on_one_date() -> None:
    def end(*cells: str, header: str = "Client,Date,Start Time,End Time") -> str | None:
        content = f"{header}\n{','.join(('Ann', *cells))}\n".encode()
        (row,) = read_sheet(content, BOOKING, Reading(date_order=DateOrder.MDY)).rows
        return row.faults[0].message if row.faults else row.cells["ends_at"]

    def lasts(start: str, duration: str) -> str | None:
        content = f"Client,Start,Duration\nAnn,{start},{duration}\n".encode()
        (row,) = read_sheet(content, BOOKING).rows
        assert "ends_at" not in row.cells
        return row.cells["lasts"]

    assert end("02/14/2026", "9:00 PM", "7:00 AM") == "2026-02-15T07:00"
    assert end("02/14/2026", "9:00 AM", "9:00 AM") == "2026-02-14T09:00"
    assert end("02/14/2026", "9:00 AM", "") == "The end has a date but no time of day."
    assert end("", "9:00 AM", "10:00 AM") == "The start has a time of day but no date."
    assert end("9999-12-31", "21:00", "07:00") == "'9999-12-31T07:00' is too far away."
    assert lasts("2026-02-14T09:00-08:00", "90 min") == "5400"
    assert lasts("+2h", "1:30") == "5400"


def test_memory_does_not_grow_with_the_rows() -> None:
    """The rows of a file of a million lines are read as they are asked for."""
    content = b"name,phone\n" + b"Ann,+14155550171\n" * 1_000_000
    rows = read_sheet(content, CLIENT).rows
    assert [row.line for row in islice(rows, 3)] == [2, 3, 4]


@pytest.mark.parametrize("content", [b"name\n", b"\n\n\n", b"My clients\nof 2026\n"])
def test_a_file_without_its_header_is_refused(content: bytes) -> None:
    with pytest.raises(MalformedFile):
        read_sheet(content, CLIENT)


@pytest.mark.parametrize(
    ("content", "kind", "hint"),
    [
        (b'[{"name": "Ann"}]', "JSON array", "jq -c"),
        (b"\xef\xbb\xbf[\r\n  {", "JSON array", "object per line"),
        (b"BEGIN:VCARD\r\nFN:Ann\r\n", "contacts (vCard)", "as CSV"),
    ],
)
def test_what_other_programs_export_is_named(content: bytes, kind: str, hint: str) -> None:
    with pytest.raises(MalformedFile, match=re.escape(kind)) as refused:
        read_sheet(content, CLIENT)
    assert hint in refused.value.hint


def test_a_header_may_begin_with_a_bracket() -> None:
    (row,) = read_sheet(
        b"[name],phone\nAnn,1\n", CLIENT, Reading(maps={normal_header("[name]"): "name"})
    ).rows
    assert row.cells["name"] == "Ann"


def test_a_row_of_one_cell_is_counted_in_words() -> None:
    (row,) = read_sheet(b"name,phone\nAnn\n", CLIENT).rows
    assert row.problem is not None
    assert row.problem.message == "The row has 1 cell, the header 2."


def test_the_error_of_an_unknown_header_is_not_about_the_title_above_it() -> None:
    content = "Kundenliste 2026;;\nStand: 30.11.;;\nNr.;Nachname;Handy\n1;Ivers;030 1234\n"
    with pytest.raises(MalformedFile) as refused:
        read_sheet(content.encode(), CLIENT)
    assert "Nachname" in refused.value.hint
    assert "Kundenliste" not in refused.value.hint


@pytest.mark.parametrize("header", ["Opted Out", "SMS Opt-In", "Unsubscribed", "Do Not Text"])
def test_a_column_of_opt_outs_is_not_ignored_in_silence(header: str) -> None:
    sheet = read_sheet(f"Name,Phone,{header}\nAnn,4155550171,Yes\n".encode(), CLIENT)
    assert any(
        f"Opt-outs are not imported ({header!r})" in note and "petmsg optout add" in note
        for note in sheet.notes
    )
    assert not any("Opt-outs" in note for note in read_sheet(b"Name,Phone,Top\n", CLIENT).notes)


@pytest.mark.parametrize("content", [b'"Name,Phone"\n"Ann,4155550171"\n', b'"Name;Phone"\n'])
def test_a_file_whose_lines_are_each_one_cell_is_refused_with_what_to_do(content: bytes) -> None:
    with pytest.raises(MalformedFile, match="Each line of the file is in double quotes") as refused:
        read_sheet(content, CLIENT)
    assert "Remove the double quotes" in refused.value.hint


def test_the_note_on_a_column_that_is_not_used_says_how_to_use_it() -> None:
    sheet = read_sheet(
        b"Client ID,Client,Start,End\n7,Ann,2026-12-07T09:00,2026-12-07T10:00\n", BOOKING
    )
    assert (
        "Not used, because another column means the same: 'Client'. "
        "To use 'Client' instead: --map 'Client=client'"
    ) in sheet.notes
