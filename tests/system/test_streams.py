"""petmsg where stdin, stdout or stderr is closed, full or left, and where the user has no name."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.support.fixtures import Cli, lines, looking, run_cli

PETMSG = f"{sys.executable} -m petmsg"


@pytest.fixture
def company(migrated_sqlite: str, cli_on_sqlite: Cli) -> str:
    """Three messages to three clients wait in the queue."""
    cli_on_sqlite("number", "add", "+14155550150", "+14155550151", "--class", "pool")
    rows = (("ref", "name", "phone"), *((f"C-{n}", f"N{n}", f"+1415555100{n}") for n in (1, 2, 3)))
    cli_on_sqlite("client", "import", "-", stdin=lines(*rows))
    return migrated_sqlite


@pytest.fixture
def cli_on_sqlite(migrated_sqlite: str) -> Cli:
    def run(*arguments: str, **options: object) -> object:
        return run_cli(migrated_sqlite, *arguments, now=None, **options)  # type: ignore[arg-type]

    ran = run("org", "add", "happy-paws", "--name", "Happy Paws", "--timezone", "America/New_York")
    assert ran.code == 0  # type: ignore[attr-defined]
    return run  # type: ignore[return-value]


def shell(url: str, script: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a line of sh on the database; `petmsg` is petmsg."""
    variables = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "PETMSG_DATABASE_URL": url}
    return subprocess.run(
        ["bash", "-c", f"petmsg() {{ {PETMSG} \"$@\"; }}\n{script}"],
        env=variables | environ, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


def statuses(url: str) -> list[str]:
    with looking(url) as cursor:
        return [row[0] for row in cursor.tuples("SELECT status FROM message ORDER BY id")]


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", ">&- 2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize(
    "line", ["client list", "message send C-1 --body Hi", "--help", "--version"]
)
def test_a_closed_stream_is_no_bug(company: str, closed: str, line: str) -> None:
    ran = shell(company, f"petmsg {line} {closed}")
    assert (ran.returncode, "bug" in ran.stdout + ran.stderr) == (0, False)
    assert statuses(company) == (["sent"] if "send" in line else [])
    assert shell(company, "petmsg doctor").returncode == 0


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_an_error_keeps_its_exit_code_where_nobody_hears_it(company: str, closed: str) -> None:
    assert shell(company, f"petmsg client show C-9 {closed}").returncode == 3


@pytest.mark.parametrize("form", ["table", "json", "jsonl", "tsv"])
def test_a_message_that_was_sent_is_reported_where_its_output_cannot_be_written(
    company: str, form: str
) -> None:
    ran = shell(company, f"petmsg message send C-1 --body Hi -o {form} >/dev/full")
    assert statuses(company) == ["sent"]
    assert ran.returncode == 5
    assert "Message 1 is sent" in ran.stderr
    assert "No space left on device" in ran.stderr


def test_another_change_is_reported_too(company: str) -> None:
    ran = shell(company, "petmsg client add Dan --phone +14155551009 >/dev/full")
    assert ran.returncode == 5
    assert "did its work" in ran.stderr


def test_a_command_that_only_looks_says_what_failed(company: str) -> None:
    ran = shell(company, "petmsg client list >/dev/full")
    assert (ran.returncode, "did its work" in ran.stderr) == (5, False)
    assert "No space left on device" in ran.stderr


def test_talk_that_cannot_be_written_is_no_failure(company: str) -> None:
    ran = shell(company, "petmsg client list --org happy-paws 2>/dev/full; petmsg nope 2>/dev/full")
    assert ran.returncode == 2
    line = "petmsg message send C-1 --body 'Call 415-555-0141' 2>/dev/full"
    assert shell(company, line).returncode == 0
    assert statuses(company) == ["sent"]


@pytest.mark.parametrize("form", ["table", "json", "jsonl", "tsv"])
@pytest.mark.parametrize("reader", ["| head -1", "| true", "2>&1 | head -1", "2>&1 | true"])
def test_a_dispatch_ends_its_work_when_nobody_reads(company: str, form: str, reader: str) -> None:
    for n in (1, 2, 3):
        shell(company, f"petmsg message send C-{n} --body Hi --queue-only")
    assert statuses(company) == ["queued"] * 3
    line = f"petmsg message dispatch -o {form} {reader}; exit ${{PIPESTATUS[0]}}"
    ran = shell(company, line)
    assert (ran.returncode, statuses(company)) == (0, ["sent"] * 3), ran.stderr


@pytest.mark.parametrize("reader", ["| head -1", "| true", "2>&1 | true"])
def test_an_import_ends_its_work_when_nobody_reads(
    company: str, tmp_path: Path, reader: str
) -> None:
    rows = [(f"M-{n}", f"Client {n}", f"+1415556{n:04}") for n in range(2500)]
    (tmp_path / "clients.csv").write_text(lines(("ref", "name", "phone"), *rows))
    line = f"petmsg client import {tmp_path / 'clients.csv'} {reader}; exit ${{PIPESTATUS[0]}}"
    assert shell(company, line).returncode == 0
    with looking(company) as cursor:
        assert cursor.value("SELECT count(*) FROM client") == 2503


def test_a_refusal_keeps_its_exit_code_when_nobody_reads(company: str, tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text("ref,name,phone\nC-8,Dan,+14155551008\nC-9,Eve,x\n")
    line = f"petmsg client import {tmp_path / 'bad.csv'} | true; exit ${{PIPESTATUS[0]}}"
    assert shell(company, line).returncode == 4


nameless = pytest.mark.skipif(
    os.getuid() != 0 or shutil.which("setpriv") is None, reason="needs root and setpriv"
)


@nameless
@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("client list --db {db}", 0),
        ("config show --db {db}", 0),
        ("org add x --name X --timezone UTC --db {db}", 0),
        ("doctor --db {db}", 0),
        ("client list", 5),
        ("config show", 5),
        ("client list --db ~/x.db", 5),
        ("client list --db ~nobody-knows/x.db", 5),
        ("demo", 5),
        ("--install-completion bash", 5),
        ("--help", 0),
    ],
)
def test_a_user_without_a_name_and_without_home(
    company: str, tmp_path: Path, line: str, code: int
) -> None:
    # Pytest's own folders are closed to other users.
    folder = Path(tempfile.gettempdir()) / f"petmsg-{os.getpid()}"
    folder.mkdir(exist_ok=True)
    try:
        shutil.copy(company.removeprefix("sqlite:///"), folder / "petmsg.db")
        for each in (folder, folder / "petmsg.db"):
            os.chown(each, 54321, 54321)
        command = line.format(db=folder / "petmsg.db")
        words = ["setpriv", "--reuid=54321", "--regid=54321", "--clear-groups"]
        ran = subprocess.run(
            [*words, sys.executable, "-m", "petmsg", *command.split()],
            env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, check=False,
        )  # fmt: skip
    finally:
        shutil.rmtree(folder)
    assert ran.returncode == code, ran.stderr
    assert "bug" not in ran.stderr
    assert code == 0 or "hint: " in ran.stderr
