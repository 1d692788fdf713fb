"""The benchmarks run, and their table is whole. Nothing here looks at a clock."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import __main__ as program
from benchmarks import company, startup
from benchmarks.measure import Row, Sample, counted, markdown, table, take_turns

HEADINGS = ("figure", "what", "petmsg", "peer", "its figure", "ratio", "goal", "met")


def row(petmsg: float, peer: float, **goal: float) -> Row:
    return Row(
        "start-up", "petmsg --help", Sample((petmsg,)), "import typer", Sample((peer,)), **goal
    )


def test_time_is_compared_with_the_peers_time() -> None:
    assert row(3, 2, at_most=1.5).ok
    assert not row(3.1, 2, at_most=1.5).ok


def test_a_difference_that_is_noise_meets_no_goal() -> None:
    assert not row(-0.1, 2, at_most=1.5).ok
    assert not row(0, 2, at_most=1.5).ok


def test_speed_is_compared_with_the_peers_speed() -> None:
    assert row(2, 1, at_least=0.5).ok
    assert not row(2.1, 1, at_least=0.5).ok


def test_the_sides_take_turns() -> None:
    called: list[str] = []

    def side(name: str) -> float:
        called.append(name)
        return len(called)

    took = take_turns({"a": lambda: side("a"), "b": lambda: side("b")}, 3)
    assert called == ["a", "b"] * 3
    assert took["b"].values == (2, 4, 6)
    assert (took["b"].best, took["b"].median) == (2, 4)


def test_a_missed_goal_is_said_in_capitals() -> None:
    rows = [row(1, 1, at_most=1.5), row(2, 1, at_most=1.5)]
    lines = table(rows).splitlines()
    assert re.split(" {2,}", lines[0]) == [*HEADINGS]
    assert [line.split()[-1] for line in lines[1:]] == ["yes", "NO"]
    head, rule, *body = markdown(rows).splitlines()
    assert head == f"| {' | '.join(HEADINGS)} |"
    assert rule.count("---") == len(HEADINGS)
    assert [line.split(" | ")[-1] for line in body] == ["yes |", "NO |"]


def test_a_quick_run_measures_every_figure_and_names_no_path(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert program.main(["--quick", "--without-postgres"]) == 0
    said = capsys.readouterr().out
    circumstances, _, rest = said.partition("\n\n")
    lines = rest.partition("\n\n")[0].splitlines()
    absent = {"scale"} | (set() if shutil.which("valgrind") else {"instructions"})
    expected = set(program.FIGURES) - absent  # scale is PostgreSQL's
    assert {line.split()[0] for line in lines[1:]} == expected
    assert all(line.split()[-1] in ("yes", "NO") for line in lines[1:])
    commands = [f"petmsg {command}" for command in startup.COMMANDS]
    assert [command for command in commands if not any(command in line for line in lines)] == []
    assert sum(startup.CONFIRMING in line for line in lines) in (1, 2)
    assert "SQLite" in circumstances
    assert "Python" in circumstances
    assert str(Path.home()) not in said
    assert str(Path(program.__file__).parent.parent) not in said


def test_an_unknown_figure_is_refused() -> None:
    with pytest.raises(SystemExit) as left:
        program.main(["--quick", "speed"])
    assert left.value.code == 2


@pytest.fixture(scope="module")
def small_company(tmp_path_factory: pytest.TempPathFactory) -> str:
    url = str(tmp_path_factory.mktemp("bench") / "company.db")
    company.create(url)
    company.add_visits(url, [5] * 3)
    return url


@pytest.mark.parametrize("command", ["--help", "number --help", "route explain C-1"])
def test_starting_loads_nothing_slow(small_company: str, command: str) -> None:
    """What every command imports is what starting up costs."""
    code = (
        "import sys; from petmsg.cli import run_command_line\n"
        f"code = run_command_line({command.split()!r})\n"
        "slow = {'sqlalchemy', 'sqlmodel', 'pydantic', 'alembic', 'twilio', 'rich', 'psycopg',\n"
        "        'PIL', 'pypdf', 'fsspec'}\n"
        "print(code, sorted(slow & set(sys.modules)), file=sys.stderr)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env={"PETMSG_DATABASE_URL": small_company, "HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stderr == "0 []\n"


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("valgrind") is None, reason="counts instructions with valgrind")
def test_starting_takes_few_instructions(small_company: str) -> None:
    """Times are not tested, because a busy machine doubles them; instructions stay the same."""
    startup.compile_all()
    peer = startup.instructions([startup.PYTHON, "-c", startup.TYPER], small_company)
    for command, most in startup.COMMANDS.items():
        started = startup.instructions([startup.PETMSG, *command.split()], small_company)
        assert started.best <= most * peer.best, command


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("valgrind") is None, reason="counts instructions with valgrind")
def test_confirming_takes_few_instructions_more_than_reading(tmp_path: Path) -> None:
    url = str(tmp_path / "company.db")
    company.create(url)
    company.add_visits(url, [5] * 3, confirmed=False)
    startup.compile_all()
    reading = startup.instructions([startup.PETMSG, *startup.EXPLAINING.split()], url)
    confirming = startup.instructions([startup.PETMSG, *startup.CONFIRMING.split()], url)
    assert confirming.best <= startup.WRITING * reading.best


def test_a_count_is_written_in_millions() -> None:
    assert str(counted(240_557_672)) == "240.6 M"
    assert str(counted(303)) == "303"
