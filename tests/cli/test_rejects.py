"""`--rejects FILE`: refused rows, to be fixed and imported again."""

import stat
from pathlib import Path
from typing import Any

import pytest

from petmsg.db.partial_files import temp_path_for
from petmsg.errors import Busy
from petmsg.services.people import client_import
from petmsg.services.transfer import row_files
from tests.support.fixtures import Cli

CLIENTS = "Client Name,Phone,Notes\nAnn,+14155551001,x\nBo,,y\nCy,4.15555E+09,\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "clients.csv"
    path.write_text(CLIENTS)
    return path


def test_refused_rows_are_fixed_and_imported_again(sqlite_cli: Cli, file: Path) -> None:
    rejects = file.with_name("rejects.csv")
    ran = sqlite_cli("client", "import", str(file), "--rejects", str(rejects))
    assert ran.code == 4
    assert "1 created, 2 refused." in ran.err
    assert f"Refused rows: {rejects}" in ran.err
    text = rejects.read_text(encoding="utf-8-sig")
    assert text.startswith("Client Name,Phone,Notes,reason\n")
    assert "Format the column as text" in text
    assert stat.S_IMODE(rejects.stat().st_mode) == 0o600
    rejects.write_text(
        text.replace("Bo,,y", "Bo,+14155551002,y").replace("4.15555E+09", "+14155551003")
    )
    again = sqlite_cli("client", "import", str(rejects))
    assert (again.code, "2 created." in again.err) == (0, True)
    assert "reason" not in again.err


def test_without_a_refused_row_there_is_a_header_alone(sqlite_cli: Cli, file: Path) -> None:
    rejects = file.with_name("rejects.csv")
    rejects.write_text("name,phone,reason\nBo,,of an earlier import\n")
    file.write_text(CLIENTS.partition("Bo")[0])
    ran = sqlite_cli("client", "import", str(file), "--rejects", str(rejects), "--dry-run")
    assert ran.code == 0
    assert "No row was refused" in ran.err
    assert rejects.read_bytes() == b"\xef\xbb\xbfClient Name,Phone,Notes,reason\r\n"


def test_refused_rows_below_a_header_with_line_breaks_are_replaced(
    sqlite_cli: Cli, file: Path
) -> None:
    rejects = file.with_name("rejects.csv")
    file.write_text('"Client\nName","Phone\nNumber"\nBo,\n')
    for _ in range(2):
        ran = sqlite_cli("client", "import", str(file), "--rejects", str(rejects))
        assert (ran.code, "1 refused." in ran.err) == (4, True)


@pytest.mark.parametrize(
    "text",
    [
        '"a ""b"" c\nd",e\nreason,f\n',
        "name,phone\nMaya,+14155551004\n",
        "The reason is in the letter, see below.\n",
        '{"name": "no reason"}\n',
        "name,reason for leaving\nMaya,leave\n",
    ],
)
def test_a_file_of_something_else_is_not_replaced(sqlite_cli: Cli, file: Path, text: str) -> None:
    other = file.with_name("sitters.csv")
    other.write_text(text)
    ran = sqlite_cli("client", "import", str(file), "--rejects", str(other))
    assert (ran.code, "does not hold refused rows" in ran.err) == (2, True)
    assert other.read_text() == text
    assert sqlite_cli("client", "list", "-o", "json").json == []
    assert sqlite_cli("client", "import", str(file), "--rejects", "-").code == 2


def test_what_a_killed_import_left_is_replaced(sqlite_cli: Cli, file: Path) -> None:
    """In a container each petmsg has the same process id."""
    rejects = file.with_name("rejects.csv")
    left = temp_path_for(rejects)
    left.write_text("cut off")
    ran = sqlite_cli("client", "import", str(file), "--rejects", str(rejects))
    assert (ran.code, "Refused rows" in ran.err) == (4, True)
    assert not left.exists()
    assert "cut off" not in rejects.read_text(encoding="utf-8-sig")


@pytest.mark.parametrize("name", ["clients.csv", "", "missing/rejects.csv", "a\0b"])
def test_a_file_that_cannot_be_written_is_refused_before_a_row_is_imported(
    sqlite_cli: Cli, file: Path, name: str
) -> None:
    ran = sqlite_cli("client", "import", str(file), "--rejects", str(file.parent) + "/" + name)
    assert ran.code in (2, 5)
    assert file.read_text() == CLIENTS
    assert sqlite_cli("client", "list", "-o", "json").json == []
    assert [each.name for each in file.parent.iterdir() if each.suffix != ".db"] == ["clients.csv"]


def test_what_was_refused_before_an_import_stops_is_kept(
    sqlite_cli: Cli, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The service is replaced because no input makes a database fail between two chunks."""
    real = client_import.import_rows

    def fail_second(uow: Any, rows: Any) -> Any:
        if rows[0].line > 2:
            raise Busy("The database is locked by another program.")
        return real(uow, rows)

    monkeypatch.setattr(row_files, "CHUNK", 1)
    monkeypatch.setattr(client_import, "import_rows", fail_second)
    file.write_text("name,phone\nBo,\nCy,+14155551003\n")
    rejects = file.with_name("rejects.csv")
    assert sqlite_cli("client", "import", str(file), "--rejects", str(rejects)).code == 75
    assert "Bo,,The phone is missing" in rejects.read_text(encoding="utf-8-sig")
    assert {each.name for each in file.parent.iterdir()} >= {"clients.csv", "rejects.csv"}
    assert not list(file.parent.glob(".*partial"))


def test_the_template_has_every_column_and_can_be_imported(sqlite_cli: Cli, file: Path) -> None:
    for noun, header in (
        ("client", "ref,name,phone,phone2,kind"),
        ("sitter", "ref,name,phone"),
        ("booking", "ref,client,sitter,starts_at,ends_at,lead_minutes"),
        ("number", "e164,class"),
    ):
        ran = sqlite_cli(noun, "import", "--template")
        assert (ran.code, ran.out) == (0, f"{header}\n")
        assert sqlite_cli(noun, "import", "--template", "-o", "json").out == ran.out
        empty = sqlite_cli(noun, "import", "-", stdin=ran.out)
        assert (empty.code, empty.err) == (0, "The file has no rows.\n")


@pytest.mark.parametrize("noun", ["client", "sitter", "booking", "number"])
def test_a_file_beside_template_is_refused_and_not_taken_for_its_name(
    sqlite_cli: Cli, noun: str, tmp_path: Path
) -> None:
    for words in ((str(tmp_path / "new.csv"),), ("--file", str(tmp_path / "new.csv"))):
        ran = sqlite_cli(noun, "import", "--template", *words)
        assert (ran.code, ran.out) == (2, "")
        assert f"petmsg {noun} import --template > new.csv" in ran.err
    assert not (tmp_path / "new.csv").exists()
