"""Workbooks: what a sheet holds, as text."""

import re
import sys
import zipfile
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from io import BytesIO
from typing import Any

import openpyxl
import pytest

from petmsg.enums.files import DateOrder
from petmsg.errors import ExtraMissing, MalformedFile
from petmsg.spreadsheets import workbook
from petmsg.spreadsheets.columns import BOOKING, CLIENT
from petmsg.spreadsheets.read import Reading, read_sheet


def book(*rows: Sequence[Any], sheets: Sequence[str] = ("Sheet1",), at: int = 0) -> bytes:
    """A workbook with those sheets, and the rows in one of them."""
    made = openpyxl.Workbook()
    made.remove(made.active)
    for place, name in enumerate(sheets):
        sheet = made.create_sheet(name)
        if place == at:
            for row in rows:
                sheet.append(row)
    kept = BytesIO()
    made.save(kept)
    return kept.getvalue()


def repacked(content: bytes, change: Any) -> bytes:
    """The workbook with the parts that `change(name, bytes)` returns."""
    kept = BytesIO()
    with zipfile.ZipFile(BytesIO(content)) as old, zipfile.ZipFile(kept, "w") as new:
        for part in old.infolist():
            changed = change(part.filename, old.read(part))
            if changed is not None:
                new.writestr(part.filename, changed, zipfile.ZIP_DEFLATED)
    return kept.getvalue()


def cells(content: bytes, sheet: str | None = None) -> list[list[str]]:
    return [list(row.cells) for row in workbook.open_workbook(content, sheet).rows()]


def at(local: str) -> datetime:
    """A local time, as a workbook stores it."""
    return datetime.fromisoformat(local)


def test_values_are_text_with_all_their_digits() -> None:
    row = [
        "  Ann\nIvers \\n", 4155550171, 14155550171.0, 0.375, True, None, date(2026, 2, 14),
        at("2026-02-14"), at("2026-02-14T09:00"), at("2026-02-14T08:59:59.999997"), time(9),
        timedelta(hours=1, minutes=30), "#N/A",
    ]  # fmt: skip
    assert cells(book(row)) == [
        ["Ann\nIvers \\n", "4155550171", "14155550171", "0.375", "TRUE", "", "2026-02-14",
         "2026-02-14T00:00:00", "2026-02-14T09:00:00", "2026-02-14T09:00:00", "09:00:00", "1:30",
         "#N/A"]
    ]  # fmt: skip


def test_a_formula_is_its_stored_value() -> None:
    made = book(["Name", "Phone"], ["Ann", "+14155550171"])

    def with_formula(name: str, part: bytes) -> bytes:
        if name != "xl/worksheets/sheet1.xml":
            return part
        return re.sub(
            rb'<c r="A2"[^>]*>.*?</c>',
            b'<c r="A2" t="str"><f>B2&amp;"x"</f><v>Ann from a formula</v></c>',
            part,
        )

    assert cells(repacked(made, with_formula))[1][0] == "Ann from a formula"


def test_rows_have_the_numbers_that_the_program_shows() -> None:
    content = book(["Name", "Phone"], [], ["Ann", "+14155550171", None, None], [None], ["Bo", 1])
    rows = list(workbook.open_workbook(content).rows())
    assert [(row.line, len(row.cells)) for row in rows] == [(1, 2), (3, 2), (5, 2)]


def test_the_first_sheet_that_is_not_hidden_or_the_named_one() -> None:
    made = openpyxl.Workbook()
    made.active.title, made.active.sheet_state = "Notes", "hidden"
    for name in ("Clients", "Old clients"):
        made.create_sheet(name).append([name])
    kept = BytesIO()
    made.save(kept)
    content = kept.getvalue()
    opened = workbook.open_workbook(content)
    assert [row.cells[0] for row in opened.rows()] == ["Clients"]
    assert opened.described == "XLSX (sheet 'Clients', the first of 2)"
    assert cells(content, " old CLIENTS ") == [["Old clients"]]
    with pytest.raises(MalformedFile, match="no sheet 'Client'") as refused:
        workbook.open_workbook(content, "Client")
    assert "Did you mean 'Clients'" in refused.value.hint
    with pytest.raises(MalformedFile, match="column name is missing") as refused:
        read_sheet(content, CLIENT)
    assert refused.value.hint.endswith("Or name another sheet with --sheet: 'Old clients'.")


def test_a_workbook_is_imported_like_a_csv_file() -> None:
    content = book(
        ["Client Name", "Sitter", "Start Date", "Start Time", "End Time", "Notes"],
        ["Ann Ivers", "Maya", date(2026, 2, 14), time(9), time(11), "gate code"],
        ["Bo", None, at("2026-02-14"), "9:00 PM", "7:00 AM"],
        ["Cy", "Maya", "02/03/2026", "9am", "10am"],
    )
    sheet = read_sheet(content, BOOKING, Reading(date_order=DateOrder.MDY))
    rows = list(sheet.rows)
    assert [row.faults for row in rows] == [(), (), ()]
    assert [(row.cells["starts_at"], row.cells["ends_at"]) for row in rows] == [
        ("2026-02-14T09:00", "2026-02-14T11:00"),
        ("2026-02-14T21:00", "2026-02-15T07:00"),
        ("2026-02-03T09:00", "2026-02-03T10:00"),
    ]
    assert [row.cells["sitter"] for row in rows] == ["Maya", "", "Maya"]
    assert sheet.notes[1] == "Ignored columns: 'Notes'."


@pytest.mark.parametrize("left", [0.1, 0.5, 0.9, 0.999])
def test_a_truncated_workbook_is_refused(left: float) -> None:
    content = book(["Name", "Phone"], *(["Ann", "+14155550171"] for _ in range(200)))
    with pytest.raises(MalformedFile, match="damaged"):
        read_sheet(content[: int(len(content) * left)], CLIENT)


def test_a_damaged_sheet_is_refused_before_a_row_is_read() -> None:
    content = book(["Name", "Phone"], *(["Ann", "+14155550171"] for _ in range(200)))
    cut = repacked(
        content,
        lambda name, part: part[: len(part) // 2] if name.endswith("sheet1.xml") else part,
    )
    with pytest.raises(MalformedFile, match="cannot be read"):
        read_sheet(cut, CLIENT)


def test_a_workbook_without_its_parts_is_refused() -> None:
    content = book(["Name", "Phone"], ["Ann", "+14155550171"])
    for gone in ("xl/workbook.xml", "xl/worksheets/sheet1.xml", "[Content_Types].xml"):
        without = repacked(content, lambda name, part, gone=gone: None if name == gone else part)
        with pytest.raises(MalformedFile):
            read_sheet(without, CLIENT)


def test_a_zip_bomb_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    content = book(["Name", "Phone"], ["Ann", "+14155550171"])
    bomb = repacked(
        content,
        lambda name, part: part + b" " * 3_000_000 if name.endswith("sheet1.xml") else part,
    )
    assert len(bomb) < 20_000
    monkeypatch.setattr(workbook, "_LARGEST", 2_000_000)
    with pytest.raises(MalformedFile, match="unpacks to"):
        read_sheet(bomb, CLIENT)


def test_a_cell_larger_than_excel_allows_is_a_fault_of_its_row() -> None:
    """Every character of it is escaped, so that it takes twice its room while it is kept."""

    def enlarged(_: str, part: bytes) -> bytes:
        return part.replace(b">Big<", b">" + b"\\" * 120_000 + b"<")

    content = repacked(book(["name", "phone"], ["Big", "+14155550123"], ["Ann", "x"]), enlarged)
    big, ann = read_sheet(content, CLIENT).rows
    assert [each.message[:25] for each in big.faults] == ["The cell name is too long"]
    assert ann.cells["name"] == "Ann"


def test_a_sheet_of_too_many_rows_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "_LAST_ROW", 100)
    content = repacked(
        book(["Name", "Phone"], ["Ann", "+14155550171"]),
        lambda name, part: (
            part.replace(b'r="2"', b'r="900000"').replace(b'2"', b'900000"')
            if name.endswith("sheet1.xml")
            else part
        ),
    )
    with pytest.raises(MalformedFile, match="more than 100 rows"):
        read_sheet(content, CLIENT)


def test_what_only_looks_like_a_workbook_is_named() -> None:
    for name, told in (
        ("Index/Document.iwa", "Numbers document"),
        ("mimetype", "OpenDocument"),
        ("clients.csv", "archive"),
    ):
        kept = BytesIO()
        with zipfile.ZipFile(kept, "w") as archive:
            archive.writestr(name, b"x")
        with pytest.raises(MalformedFile, match=told):
            read_sheet(kept.getvalue(), CLIENT)


def test_sheets_are_for_workbooks_only() -> None:
    with pytest.raises(MalformedFile, match="Only a workbook"):
        read_sheet(b"name,phone\n", CLIENT, Reading(sheet="Clients"))


def test_without_openpyxl_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    content = book(["Name", "Phone"])
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(ExtraMissing) as missing:
        read_sheet(content, CLIENT)
    assert "pip install 'petmsg[xlsx]'" in missing.value.hint
