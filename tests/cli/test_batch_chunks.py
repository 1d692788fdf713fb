"""Imports of many rows: a transaction for each chunk, interrupted output, and dry runs."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from petmsg.errors import Busy
from petmsg.services.bookings import booking_import, confirm
from petmsg.services.people import client_import
from petmsg.services.transfer import row_files
from tests.support.client_rows import ANN, BO, HEAD, Import, importing, name_of, refs, results
from tests.support.fixtures import Cli


@pytest.fixture
def imported(sqlite_cli: Cli, tmp_path: Path) -> Import:
    return importing(sqlite_cli, tmp_path)


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
