"""What an import reads and refuses, and how its rows are shown."""

from pathlib import Path

import pytest

from tests.support.client_rows import ANN, BO, HEAD, Import, importing, name_of, refs, results
from tests.support.fixtures import Cli, Ran

ANN_JSON = '{"ref": "C-1", "name": "Ann", "phone": "+14155551001"}'
BO_JSON = '{"ref": "C-2", "name": "Bo", "phone": "+14155551002", "kind": null}'


@pytest.fixture
def imported(sqlite_cli: Cli, tmp_path: Path) -> Import:
    return importing(sqlite_cli, tmp_path)


def malformed(ran: Ran) -> str:
    assert (ran.code, ran.out) == (2, "")
    assert ran.error["code"] == "malformed_file"
    return ran.error["message"]


# ---------------------------------------------------------------------------------- what is read


@pytest.mark.parametrize(
    "content",
    [
        HEAD + ANN + BO,
        (HEAD + ANN + BO).removesuffix("\n"),
        (HEAD + ANN + BO).replace("\n", "\r\n"),
        "\ufeff" + HEAD + ANN + BO,
        HEAD + "\n" + ANN + "\n,,,\n" + BO + "\n\n",
        HEAD.replace("ref,name", ' Ref , "NAME" ').replace(' "NAME" ', '"NAME"') + ANN + BO,
        "phone,kind,name,ref\n+14155551001,,Ann,C-1\n+14155551002,,Bo,C-2\n",
        f"{ANN_JSON}\n\n{BO_JSON}",
        f"\ufeff{ANN_JSON}\r\n{BO_JSON}\r\n",
        (HEAD + ANN + BO).encode("utf-16"),
        (HEAD + ANN + BO).encode("utf-16-le"),
        (HEAD + ANN + BO).encode("utf-16-be"),
        (HEAD + ANN + BO).replace(",", ";"),
        (HEAD + ANN + BO).replace(",", "\t"),
        "sep=|\n" + (HEAD + ANN + BO).replace(",", "|"),
        (HEAD + ANN + BO).replace("\n", "\r"),
        "My clients,,,\n\n" + HEAD + ANN + BO,
        HEAD + ANN + "C-2,Bo,+14155551002,,,\n",
    ],
    ids=["plain", "no last newline", "CRLF", "BOM", "blank lines", "header", "order", "JSONL",
         "JSONL with BOM and CRLF", "UTF-16 with BOM", "UTF-16", "UTF-16 of another machine",
         "semicolons", "tabs", "pipes", "CR", "a title", "empty cells beyond the header"],
)  # fmt: skip
def test_the_same_rows_however_they_are_written(
    sqlite_cli: Cli, imported: Import, content: str | bytes
) -> None:
    ran = imported(content)
    assert ran.code == 0, ran.out + ran.err
    assert results(ran) == ["created", "created"]
    assert [name_of(sqlite_cli, ref) for ref in ("C-1", "C-2")] == ["Ann", "Bo"]


def test_a_dash_reads_stdin(sqlite_cli: Cli) -> None:
    assert sqlite_cli("client", "import", "-", stdin=HEAD + ANN).code == 0
    assert refs(sqlite_cli) == ["C-1"]


def test_a_quoted_cell_may_hold_commas_quotes_and_newlines(
    sqlite_cli: Cli, imported: Import
) -> None:
    ran = imported(HEAD + 'C-1,"Ivers, Ann\n""Annie""",+14155551001,\n' + BO)
    assert [row["row"] for row in ran.json] == [2, 4]
    assert name_of(sqlite_cli, "C-1") == 'Ivers, Ann "Annie"'


def test_the_apostrophe_of_a_spreadsheet_before_a_phone_is_taken_off(
    sqlite_cli: Cli, imported: Import
) -> None:
    assert imported(HEAD + "C-1,O'Hara,'+14155551001,\nC-2,'t Hart,+14155551002,\n").code == 0
    assert [name_of(sqlite_cli, ref) for ref in ("C-1", "C-2")] == ["O'Hara", "'t Hart"]


def test_a_line_separator_inside_a_json_text_ends_no_line(
    sqlite_cli: Cli, imported: Import
) -> None:
    """JSON allows U+2028 and U+0085 in a text as they are."""
    row = '{"ref": "C-1", "name": "Ann\u2028Ivers\u0085", "phone": "+14155551001"}\n'
    assert imported(row + '{"ref": "C-2"}\n').json[1]["row"] == 2
    assert name_of(sqlite_cli, "C-1") == "Ann Ivers"


def test_a_file_with_a_header_only_is_done(imported: Import) -> None:
    ran = imported(HEAD)
    assert (ran.code, ran.json) == (0, [])


# --------------------------------------------------------------------------------- files refused


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"PK\x03\x04\x00\x00rubbish of a workbook", "damaged or cut off"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 512, "Excel 97"),
        (b"%PDF-1.7\n", "PDF"),
        ("<html><table>", "web page"),
        ("BEGIN:VCALENDAR\r\n", "a calendar"),
        (HEAD.encode() + b"C-1,Andr\xe9,+14155551001,\n", "Line 2 is not UTF-8"),
        ("", "empty"),
        (" \n\n", "empty"),
        ("ref,name,fone,kind\n" + ANN, "column phone is missing"),
        ("ref,name,name,phone\n", "twice"),
        ("name,kind\nAnn,\n", "column phone is missing"),
        ('"ref,name\n', "header cannot be read"),
    ],
    ids=["workbook", "old workbook", "PDF", "page", "calendar", "Latin-1", "empty", "blank",
         "nearly known column", "twice", "missing", "open quote"],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_wrong_usage_and_changes_nothing(
    sqlite_cli: Cli, imported: Import, content: str | bytes, told: str
) -> None:
    assert told in malformed(imported(content))
    assert refs(sqlite_cli) == []


def test_a_column_that_nobody_knows_is_named_once_and_ignored_or_refused(
    sqlite_cli: Cli, imported: Import
) -> None:
    content = "ref,name,phone,kin\n" + ANN + BO
    refused = imported(content, "--strict")
    assert "Unknown column 'kin'" in malformed(refused)
    assert refs(sqlite_cli) == []
    ran = imported(content)
    assert (ran.code, results(ran)) == (0, ["created", "created"])
    assert ran.err.count("Ignored columns: 'kin'.") == 1


def test_a_file_that_is_not_there_is_wrong_usage(sqlite_cli: Cli, tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", tmp_path):
        ran = sqlite_cli("client", "import", str(path), "-o", "json")
        assert "cannot be read" in malformed(ran)


# ----------------------------------------------------------------------------------- rows refused


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        ("C-9,Cy\n", "malformed_row"),
        ("C-9,Cy,+14155551009,,,x\n", "malformed_row"),
        ('C-9,"C"y,+14155551009,\n', "malformed_row"),
        ("C-9,C\0y,+14155551009,\n", "malformed_row"),
        ("C-9," + "y" * 5000 + ",+14155551009,\n", "malformed_row"),
        ("C-9,Cy,5551009,\n", "malformed_phone"),
        ("C-9,Cy,,\n", "malformed_row"),
        ("C-9,,+14155551009,\n", "malformed_row"),
        ("C-9,C\x1by,+14155551009,\n", "malformed_text"),
        ("C-9,Cy,+14155551009,often\n", "out_of_range"),
        ("+1415,Cy,+14155551009,\n", "malformed_ref"),
        ("C-9,Cy,+14155551001,\n", "phone_taken"),
    ],
    ids=["too few cells", "too many cells", "quote", "NUL", "too long", "phone", "no phone",
         "no name", "control character", "kind", "ref", "taken"],
)  # fmt: skip
def test_a_bad_row_stops_no_other_and_is_not_half_written(
    sqlite_cli: Cli, imported: Import, bad: str, code: str
) -> None:
    # 4 KiB of good rows first: further on, a NUL is one row's own fault.
    filler = "".join(f"F-{n},{'Filler ' * 15},+1415556{n:04d},\n" for n in range(40))
    ran = imported(HEAD + ANN + filler + bad + BO)
    assert ran.code == 4
    assert [each for each in results(ran) if each != "created"] == [code]
    failed = ran.json[-2]
    assert failed["row"] == 43
    assert failed["error"]["message"]
    assert set(failed) == {"ref", "row", "error"}
    assert set(failed["error"]) == {"code", "message", "hint"}
    assert "C-9" not in refs(sqlite_cli)
    assert refs(sqlite_cli)[-1] == "C-2"


def test_a_refused_row_leaves_no_audit_event(sqlite_cli: Cli, imported: Import) -> None:
    imported(HEAD + ANN)
    before = sqlite_cli("audit", "export").out
    ran = imported(HEAD + "C-1,Ann Bell,nonsense,recurring\n")
    assert (ran.code, results(ran)) == (4, ["malformed_phone"])
    assert name_of(sqlite_cli, "C-1") == "Ann"
    assert sqlite_cli("audit", "export").out == before
    assert sqlite_cli("audit", "verify").code == 0


def test_a_quote_that_is_never_closed_names_the_lines_it_swallowed(
    sqlite_cli: Cli, imported: Import
) -> None:
    ran = imported(HEAD + ANN + 'C-2,"Bo,+14155551002,\nC-3,Cy,+14155551003,\n')
    assert (ran.code, results(ran)) == (4, ["created", "malformed_row"])
    assert "Lines 3 to 4" in ran.json[1]["error"]["message"]
    assert refs(sqlite_cli) == ["C-1"]


def test_after_a_quote_that_took_several_lines_the_next_rows_are_read(
    sqlite_cli: Cli, imported: Import
) -> None:
    ran = imported(
        HEAD + 'C-1,"Ann,+14155551001,\nC-2,Bo,+14155551002,\nC-3,"Cy",+14155551003,\n'
        "C-4,Di,+14155551004,\n"
    )
    assert results(ran) == ["malformed_row", "created"]
    assert "Lines 2 to 4" in ran.json[0]["error"]["message"]
    assert (ran.json[1]["row"], refs(sqlite_cli)) == (5, ["C-4"])


@pytest.mark.parametrize(
    "bad",
    [
        "{",
        "[1]",
        "null",
        '{"ref": "C-9", "nom": "Cy", "phone": "+14155551009"}',
        '{"name": "Cy"}',
        '{"ref": "C-9", "name": "Cy", "phone": 14155551009}',
        '{"ref": "C-9", "name": ["Cy"], "phone": "+14155551009"}',
        '{"ref": "C-9", "name": "\\ud800", "phone": "+14155551009"}',
        "[" * 100_000,
    ],
    ids=["open", "array", "null", "unknown", "missing", "number", "list", "surrogate", "deep"],
)
def test_a_bad_json_line_stops_no_other(sqlite_cli: Cli, imported: Import, bad: str) -> None:
    ran = imported(f"{ANN_JSON}\n{bad}\n{BO_JSON}\n")
    assert ran.code == 4
    assert ran.json[1]["error"]["code"].startswith("malformed")
    assert ran.json[1]["row"] == 2
    assert refs(sqlite_cli) == ["C-1", "C-2"]


def test_a_json_null_is_an_empty_cell_and_a_missing_key_an_absent_column(
    sqlite_cli: Cli, imported: Import
) -> None:
    imported(HEAD + "C-1,Ann,+14155551001,recurring\n")
    kept = imported('{"ref": "C-1", "name": "Anna"}\n')
    assert results(kept) == ["updated"]
    assert sqlite_cli("client", "show", "C-1", "-o", "json").json["kind"] == "recurring"
    imported('{"ref": "C-1", "kind": null}\n')
    assert sqlite_cli("client", "show", "C-1", "-o", "json").json["kind"] == "one_time"


def test_a_row_that_repeats_an_earlier_one_is_taken_in_order(
    sqlite_cli: Cli, imported: Import
) -> None:
    ran = imported(HEAD + ANN + "C-1,Anna,+14155551001,\n" + ANN.replace("Ann", "Annie"))
    assert results(ran) == ["created", "updated", "updated"]
    assert name_of(sqlite_cli, "C-1") == "Annie"


def test_one_refused_row_alone_is_a_row_too(imported: Import) -> None:
    ran = imported(HEAD + "C-1,Ann,x,\n")
    assert (ran.code, results(ran)) == (4, ["malformed_phone"])


# -------------------------------------------------------------------------------- how it is shown


def test_off_json_refused_rows_are_reported_on_stderr_with_their_line(
    sqlite_cli: Cli, tmp_path: Path
) -> None:
    path = tmp_path / "clients.csv"
    path.write_text(HEAD + ANN + "C-9,Cy,x,\n")
    for form in ("tsv", "csv", "table"):
        ran = sqlite_cli("client", "import", str(path), "-o", form)
        assert ran.code == 4
        assert "C-1" in ran.out
        assert "C-9" not in ran.out
        assert "line 3 (C-9): Invalid phone number 'x': it is not a phone number." in ran.err
        assert f"1 {'created' if form == 'tsv' else 'unchanged'}, 1 refused." in ran.err


def test_jsonl_is_a_line_for_every_row(sqlite_cli: Cli) -> None:
    ran = sqlite_cli("client", "import", "-", "-o", "jsonl", stdin=HEAD + ANN + "C-9,Cy,x,\n")
    assert [line[:8] for line in ran.out.splitlines()] == ['{"row": ', '{"ref": ']


def test_a_refused_rows_own_text_does_not_act_on_a_terminal(sqlite_cli: Cli) -> None:
    bad = "\x1b[2JC-9,Cy,x\x1b[2J,\n"
    for form in ("tsv", "csv", "table", "json", "jsonl"):
        ran = sqlite_cli("client", "import", "-", "-o", form, stdin=HEAD + bad)
        assert ran.code == 4
        assert "\x1b" not in ran.out + ran.err
