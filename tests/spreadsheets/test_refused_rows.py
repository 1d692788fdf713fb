"""The file of refused rows: its form, and that it can be imported again."""

import csv
import io

from petmsg.errors import MalformedPhone, MalformedRow
from petmsg.spreadsheets.columns import CLIENT
from petmsg.spreadsheets.read import read_sheet
from petmsg.spreadsheets.refused_rows import RefusedRows

WHY = MalformedRow("The phone is missing.", hint="A new row needs it.")


def refused(content: bytes) -> str:
    """All rows of the file as refused ones."""
    sheet = read_sheet(content, CLIENT)
    form = RefusedRows(sheet)
    rows = list(sheet.rows)
    return form.head + "".join(form.row(row, row.problem or WHY) for row in rows)


def table(text: str, delimiter: str = ",") -> list[list[str]]:
    assert text.startswith("\ufeff")
    assert text.endswith("\r\n")
    return list(csv.reader(io.StringIO(text[1:], newline=""), delimiter=delimiter))


def test_it_has_the_files_header_its_delimiter_and_a_reason() -> None:
    text = refused(b"Client Name;Phone;Vet\r\nAnn;;Dr. Bo, Main St\r\n")
    assert table(text, ";") == [
        ["Client Name", "Phone", "Vet", "reason"],
        ["Ann", "", "Dr. Bo, Main St", "The phone is missing. A new row needs it."],
    ]


def test_cells_stay_as_they_were_and_run_no_formula() -> None:
    text = refused(b'Name,Phone\n"=cmd()",+1 415\n\'=x,-1\n')
    assert [row[:2] for row in table(text)[1:]] == [["'=cmd()", "'+1 415"], ["'=x", "'-1"]]


def test_a_row_of_another_length_keeps_its_cells_and_the_reason_its_column() -> None:
    text = refused(b"Name,Phone\nAnn,+14155550171,x,y\nBo\n")
    ann, bo = table(text)[1:]
    assert ann[:2] == ["Ann", "'+14155550171"]
    assert ann[2].startswith("The row has 4 cells, the header 2.")
    assert ann[3:] == ["x", "y"]
    assert bo[:2] == ["Bo", ""]


def test_a_row_that_is_no_csv_keeps_its_text() -> None:
    text = refused(b'Name,Phone\n"Ann"x,1\n')
    assert table(text)[1][0] == '"Ann"x,1'


def test_a_second_time_there_is_one_reason_and_a_row_of_it_alone_is_blank() -> None:
    first = refused(b"Name,Phone\nAnn,\n")
    assert table(refused(first.encode()))[0] == ["Name", "Phone", "reason"]
    sheet = read_sheet((first + ",,only a reason\r\n").encode(), CLIENT)
    assert [row.cells for row in sheet.rows] == [{"name": "Ann", "phone": ""}]
    assert sheet.notes == ()


def test_json_lines_get_a_key_and_what_is_no_object_stays() -> None:
    sheet = read_sheet(b'{"name": "Ann", "phone": ""}\nnonsense\n', CLIENT)
    form = RefusedRows(sheet)
    lines = [form.row(row, MalformedPhone("")) for row in sheet.rows]
    assert form.head == ""
    assert '"reason": "Invalid phone number' in lines[0]
    assert lines[1] == "nonsense\n"
    again = list(read_sheet(lines[0].encode(), CLIENT).rows)
    assert (again[0].problem, again[0].cells) == (None, {"name": "Ann", "phone": ""})
