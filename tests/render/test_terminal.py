"""petmsg at a pseudo-terminal: its width, its colours, its progress bars."""

import fcntl
import os
import pty
import shutil
import struct
import subprocess
import sys
import termios
from pathlib import Path
from threading import Thread
from typing import NamedTuple

import pytest

from petmsg.render.progress import Bar
from tests.support import everything
from tests.support.everything import ORG
from tests.support.fixtures import lines, run_cli
from tests.support.tables import columns_of


class Seen(NamedTuple):
    """What a command left on stdout and on stderr."""

    code: int
    out: str
    err: str


def at_a_terminal(
    url: str, *arguments: str, width: int = 80, terminals: str = "out err", **environ: str
) -> Seen:
    """Run petmsg with stdout, stderr or both on pseudo-terminals of that width."""
    ends = {name: _terminal(width) if name in terminals else os.pipe() for name in ("out", "err")}
    variables = {
        name: value
        for name, value in os.environ.items()
        if name not in ("COLUMNS", "NO_COLOR", "FORCE_COLOR")
    }
    variables |= {"TERM": "xterm", "PETMSG_DATABASE_URL": url, "PETMSG_ORG": ORG, **environ}
    read = dict.fromkeys(ends, b"")

    def drain(name: str) -> None:
        try:
            while piece := os.read(ends[name][0], 65_536):
                read[name] += piece
        except OSError:  # a pseudo-terminal whose other end is closed
            pass

    with subprocess.Popen(
        [sys.executable, "-m", "petmsg", *arguments],
        env=variables,
        stdin=subprocess.DEVNULL,
        stdout=ends["out"][1],
        stderr=ends["err"][1],
    ) as process:
        for _, written in ends.values():
            os.close(written)
        readers = [Thread(target=drain, args=(name,)) for name in ends]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join()
        code = process.wait()
    for end, _ in ends.values():
        os.close(end)
    return Seen(code, *(read[name].decode().replace("\r\n", "\n") for name in ("out", "err")))


def _terminal(width: int) -> tuple[int, int]:
    outer, inner = pty.openpty()
    fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 40, width, 0, 0))
    return outer, inner


@pytest.fixture(scope="module")
def company(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("terminal") / "petmsg.db"
    shutil.copy(_sqlite_template, path)
    path.chmod(0o600)
    everything.fill(f"sqlite:///{path}")
    return f"sqlite:///{path}"


# --------------------------------------------------------------------------------------- tables


@pytest.mark.parametrize(("narrower", "width"), [(52, 60), (72, 80), (124, 132), (140, 200)])
def test_a_table_is_as_wide_as_the_terminal(company: str, narrower: int, width: int) -> None:
    """Where there is room for every cell on one line it is no wider than they are."""
    seen = at_a_terminal(company, "message", "list", width=width, NO_COLOR="1")
    assert seen.code == 0, seen.err
    widest = max(columns_of(line) for line in seen.out.splitlines())
    assert narrower <= widest <= width


def test_at_a_terminal_a_status_has_its_colour(company: str) -> None:
    assert "\x1b[33mquarantined\x1b[0m" in at_a_terminal(company, "number", "list").out


@pytest.mark.parametrize("environ", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_no_color_and_a_dumb_terminal_get_no_escapes(company: str, environ: dict[str, str]) -> None:
    seen = at_a_terminal(company, "number", "list", **environ)
    assert "quarantined" in seen.out
    assert "\x1b" not in seen.out + seen.err


def test_force_color_colours_a_table_in_a_pipe_and_nothing_else(company: str) -> None:
    table = at_a_terminal(company, "number", "list", "-o", "table", terminals="", FORCE_COLOR="1")
    assert "\x1b[33mquarantined\x1b[0m" in table.out
    assert "\x1b" not in at_a_terminal(company, "number", "list", terminals="", FORCE_COLOR="1").out


# --------------------------------------------------------------------------------- progress bars


@pytest.fixture
def many(tmp_path: Path) -> str:
    """A file of 300 clients."""
    rows = [(f"M-{n}", f"Client {n}", f"+1415556{n:04}") for n in range(300)]
    (tmp_path / "clients.csv").write_text(lines(("ref", "name", "phone"), *rows))
    return str(tmp_path / "clients.csv")


@pytest.fixture
def fresh(company: str, tmp_path: Path) -> str:
    shutil.copy(company.removeprefix("sqlite:///"), tmp_path / "fresh.db")
    return f"sqlite:///{tmp_path / 'fresh.db'}"


def test_an_import_of_many_rows_shows_how_far_it_is(fresh: str, many: str) -> None:
    seen = at_a_terminal(fresh, "client", "import", many)
    assert seen.code == 0
    assert "Importing" in seen.err
    assert "300/300" in seen.err
    assert "Importing" not in seen.out


def test_a_confirm_of_many_rows_shows_how_far_it_is(fresh: str, tmp_path: Path) -> None:
    rows = [(f"M-{n}", "C-1", f"+{n + 5}d", f"+{n + 6}d") for n in range(250)]
    head = ("ref", "client", "starts_at", "ends_at")
    ran = run_cli(fresh, "booking", "import", "-", "--org", ORG, stdin=lines(head, *rows))
    assert ran.code == 0
    seen = at_a_terminal(fresh, "booking", "confirm", "--all-pending")
    assert seen.code == 0
    assert "Confirming" in seen.err
    assert "/25" in seen.err


@pytest.mark.parametrize("form", ["json", "jsonl", "tsv", "table"])
def test_a_bar_is_on_stderr_where_stdout_is_a_file(fresh: str, many: str, form: str) -> None:
    """And the stream is whole: a script's output is the same with and without somebody watching."""
    watched = at_a_terminal(
        fresh, "client", "import", many, "-o", form, "--dry-run", terminals="err"
    )
    seen = at_a_terminal(fresh, "client", "import", many, "-o", form, "--dry-run", terminals="")
    assert "Importing" in watched.err
    assert watched.out == seen.out
    assert watched.out.count("M-299") == 1
    assert "M-299" not in watched.err


@pytest.mark.parametrize("form", ["json", "jsonl", "tsv"])
def test_a_terminal_that_gets_data_gets_no_bar(fresh: str, many: str, form: str) -> None:
    seen = at_a_terminal(fresh, "client", "import", many, "-o", form)
    assert seen.code == 0
    assert (seen.err.strip(), "\x1b" in seen.out) == ("300 created.", False)


def test_nobody_at_a_terminal_no_bar(fresh: str, many: str) -> None:
    seen = at_a_terminal(fresh, "client", "import", many, "-o", "table", terminals="")
    assert (seen.code, seen.err) == (0, "300 created.\n")


@pytest.mark.parametrize("environ", [{"TERM": "dumb"}])
def test_a_dumb_terminal_gets_no_bar(fresh: str, many: str, environ: dict[str, str]) -> None:
    seen = at_a_terminal(fresh, "client", "import", many, **environ)
    assert seen.err.strip() == "300 created."


def test_few_rows_are_done_before_anybody_looks(fresh: str, tmp_path: Path) -> None:
    rows = [(f"M-{n}", f"Client {n}", f"+1415556{n:04}") for n in range(200)]
    (tmp_path / "few.csv").write_text(lines(("ref", "name", "phone"), *rows))
    seen = at_a_terminal(fresh, "client", "import", str(tmp_path / "few.csv"))
    assert (seen.code, seen.err.strip()) == (0, "200 created.")


def test_a_bar_moves_by_rows_and_goes_back_when_a_transaction_is_tried_again() -> None:
    places: list[int] = []
    bar = Bar(places.append)
    bar.back()
    bar()
    bar()
    bar.back()  # the database was locked: the rows are taken once more
    bar()
    bar()
    bar.keep(3)
    bar()
    assert places == [1, 2, 1, 2, 3, 4]
