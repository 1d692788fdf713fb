"""Batch input: CSV and JSONL, row by row, for every command that reads a file."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from petmsg.errors import Busy
from petmsg.services.bookings import booking_import, confirm
from petmsg.services.people import client_import
from petmsg.services.transfer import row_files
from tests.support.fixtures import Cli, Ran

HEAD = "ref,name,phone,kind\n"
ANN = "C-1,Ann,+14155551001,\n"
BO = "C-2,Bo,+14155551002,\n"
ANN_JSON = '{"ref": "C-1", "name": "Ann", "phone": "+14155551001"}'
BO_JSON = '{"ref": "C-2", "name": "Bo", "phone": "+14155551002", "kind": null}'

Import = Callable[..., Ran]


@pytest.fixture
def imported(sqlite_cli: Cli, tmp_path: Path) -> Import:
    """`client import` of a file with that content."""

    def run(content: str | bytes, *options: str) -> Ran:
        path = tmp_path / "clients.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return sqlite_cli("client", "import", str(path), "-o", "json", *options)

    return run


def refs(cli: Cli) -> list[str]:
    return [row["client"] for row in cli("client", "list", "--all", "-o", "json").json][::-1]


def name_of(cli: Cli, ref: str) -> Any:
    return cli("client", "show", ref, "-o", "json").json["name"]


def results(ran: Ran) -> list[str]:
    return [row.get("result") or row["error"]["code"] for row in ran.json]


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


# ------------------------------------------------------------------------------ many rows, dry run


def many(count: int) -> str:
    return HEAD + "".join(f"C-{n},Client {n},+1415{n:07d},\n" for n in range(1, count + 1))


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of 10 rows, because a thousand take seconds."""
    monkeypatch.setattr(row_files, "CHUNK", 10)


def test_a_transaction_holds_at_most_a_thousand_rows() -> None:
    rows = [row_files.BatchRow(line, {}) for line in range(2005)]
    pieces = list(row_files.chunks(rows))
    assert [len(piece) for piece in pieces] == [1000, 1000, 5]
    assert [row for piece in pieces for row in piece] == rows


@pytest.mark.usefixtures("small_chunks")
def test_more_rows_than_a_chunk_are_all_taken_in_order(cli: Cli) -> None:
    ran = cli("client", "import", "-", "-o", "json", stdin=many(25))
    assert ran.code == 0
    assert [row["row"] for row in ran.json] == list(range(2, 27))
    assert refs(cli) == [f"C-{n}" for n in range(1, 26)]
    assert cli("audit", "verify").code == 0


@pytest.mark.usefixtures("small_chunks")
def test_what_was_committed_is_shown_when_a_later_chunk_fails(
    sqlite_cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The service is replaced because no input makes a database fail between two chunks."""
    real = client_import.import_rows

    def fail_second(uow: Any, rows: Any) -> Any:
        if rows[0].line > 10:
            raise Busy("The database is locked by another program.")
        return real(uow, rows)

    monkeypatch.setattr(client_import, "import_rows", fail_second)
    ran = sqlite_cli("client", "import", "-", "-o", "json", stdin=many(15))
    assert (ran.code, ran.error["code"]) == (75, "busy")
    assert len(ran.json) == len(refs(sqlite_cli)) == 10
    assert "Stopped after line 11" in ran.err
    assert "Nothing was changed" not in ran.err


@pytest.mark.usefixtures("small_chunks")
def test_bookings_that_were_confirmed_are_shown_when_a_later_chunk_fails(
    sqlite_cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As above: nothing but a database that goes away makes it fail there."""
    sqlite_cli("client", "import", "-", stdin=HEAD + ANN)
    days = [f"B-{n},C-1,2026-03-{n:02}T10:00Z,2026-03-{n:02}T12:00Z" for n in range(1, 16)]
    head = "ref,client,starts_at,ends_at"
    assert sqlite_cli("booking", "import", "-", stdin="\n".join([head, *days])).code == 0
    real = confirm.confirm

    def fail_second(uow: Any, named: Any, **options: Any) -> Any:
        if "B-11" in named:
            raise Busy("The database is locked by another program.")
        return real(uow, named, **options)

    monkeypatch.setattr(confirm, "confirm", fail_second)
    wanted = "\n".join(["ref", *(f"B-{n}" for n in range(1, 16))])
    ran = sqlite_cli("booking", "confirm", "--file", "-", "-o", "json", stdin=wanted)
    assert (ran.code, ran.error["code"]) == (75, "busy")
    assert [row["booking"] for row in ran.json] == [f"B-{n}" for n in range(1, 11)]
    assert "Stopped after line 11" in ran.err
    assert "Nothing was changed" not in ran.err


@pytest.mark.parametrize("output", ["jsonl", "tsv", "csv"])
def test_an_import_goes_on_when_nobody_reads_what_it_prints(
    sqlite_cli: Cli, migrated_sqlite: str, tmp_path: Path, output: str
) -> None:
    """`petmsg client import F | head -1`: more is printed than a pipe holds."""
    rows = many(4000).replace("+14150003999", "nothing")
    (tmp_path / "clients.csv").write_text(rows)
    with subprocess.Popen(
        [sys.executable, "-m", "petmsg", "client", "import", "clients.csv", "-o", output],
        cwd=tmp_path,
        env={"PETMSG_DATABASE_URL": migrated_sqlite, "HOME": "/nonexistent"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as importing:
        assert importing.stdout is not None
        assert importing.stderr is not None
        importing.stdout.readline()
        importing.stdout.close()
        talk = importing.stderr.read()
    assert importing.returncode == 4
    assert "3,999 created, 1 refused." in talk
    assert ("line 4000" in talk) is (output != "jsonl")
    assert len(refs(sqlite_cli)) == 3999


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device here")
def test_an_import_that_cannot_print_is_done_and_says_so(
    sqlite_cli: Cli, migrated_sqlite: str, tmp_path: Path
) -> None:
    (tmp_path / "clients.csv").write_text(many(2500))
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run(
            [sys.executable, "-m", "petmsg", "client", "import", "clients.csv", "-o", "tsv"],
            cwd=tmp_path,
            env={"PETMSG_DATABASE_URL": migrated_sqlite, "HOME": "/nonexistent"},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert ran.returncode == 5
    assert "Traceback" not in ran.stderr
    assert len(refs(sqlite_cli)) == 2500


def test_a_reader_that_left_is_no_error(sqlite_cli: Cli, migrated_sqlite: str) -> None:
    """`petmsg client list | head -1`."""
    sqlite_cli("client", "import", "-", stdin=many(3000))
    with subprocess.Popen(
        [sys.executable, "-m", "petmsg", "client", "list", "--all", "-o", "jsonl"],
        env={"PETMSG_DATABASE_URL": migrated_sqlite, "HOME": "/nonexistent"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as listing:
        assert listing.stdout is not None
        assert listing.stderr is not None
        listing.stdout.readline()
        listing.stdout.close()
        assert listing.stderr.read() == ""
    assert listing.returncode == 0


@pytest.mark.usefixtures("small_chunks")
def test_clients_without_a_ref_may_be_imported_once_more(
    sqlite_cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_import, "import_rows", failing_second(client_import.import_rows))
    nameless = "name,phone\n" + "".join(f"Client {n},+1415{n:07d}\n" for n in range(1, 16))
    ran = sqlite_cli("client", "import", "-", stdin=nameless)
    assert ran.code == 75
    assert "Stopped after line 11; all rows up to it are done." in ran.err
    assert "Run the whole command again; finished rows stay unchanged." in ran.err


@pytest.mark.usefixtures("small_chunks")
def test_rows_that_would_be_added_twice_are_not_to_be_imported_once_more(
    sqlite_cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    sqlite_cli("client", "import", "-", stdin=HEAD + ANN)
    monkeypatch.setattr(booking_import, "import_rows", failing_second(booking_import.import_rows))
    days = [f"C-1,2026-03-{n:02}T10:00Z,2026-03-{n:02}T12:00Z" for n in range(1, 16)]
    nameless = "\n".join(["client,starts_at,ends_at", *days])
    ran = sqlite_cli("booking", "import", "-", "--allow-duplicates", stdin=nameless)
    assert ran.code == 75
    assert "Stopped after line 11; all rows up to it are done." in ran.err
    assert "Import only the rest" in ran.err
    assert "whole" not in ran.err


def failing_second(real: Any) -> Any:
    """An import whose second chunk fails, as if the database went away between the two."""

    def fail_second(uow: Any, rows: Any, **options: Any) -> Any:
        if rows[0].line > 10:
            raise Busy("The database is locked by another program.")
        return real(uow, rows, **options)

    return fail_second


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("output", ["json", "jsonl", "tsv", "csv", "table"])
def test_however_it_is_printed_each_row_is_reported_once(sqlite_cli: Cli, output: str) -> None:
    broken = many(25).replace("+14150000017", "nothing")
    ran = sqlite_cli("client", "import", "-", "-o", output, stdin=broken)
    assert ran.code == 4
    told = ran.out + ran.err
    assert [told.count(f"C-{n} ") + told.count(f"C-{n}\t") + told.count(f'"C-{n}"')
            + told.count(f"(C-{n})") + told.count(f",C-{n},")
            for n in range(1, 26)] == [1] * 25  # fmt: skip
    assert "24 created, 1 refused." in ran.err


def test_a_dry_run_says_for_each_row_what_it_would_do(sqlite_cli: Cli, imported: Import) -> None:
    imported(HEAD + ANN)
    ran = imported(HEAD + "C-1,Anna,+14155551001,\n" + BO + "C-9,Cy,x,\n", "--dry-run")
    assert (ran.code, results(ran)) == (4, ["updated", "created", "malformed_phone"])
    assert "Dry run: nothing was changed." in ran.err
    assert "the others are done" not in ran.err
    assert (refs(sqlite_cli), name_of(sqlite_cli, "C-1")) == (["C-1"], "Ann")
