"""Completion: what a shell is told, and that nothing else ever reaches the line being typed."""

import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from petmsg.cli import command_line
from petmsg.cli.completion.candidates import BY_METAVAR, BY_PARAMETER, candidates_for, nothing
from petmsg.cli.completion.shells import SCRIPTS, split
from petmsg.db.location import locate
from petmsg.db.schema_version import REVISIONS
from tests.support.documentation import ROOT, commands
from tests.support.fixtures import Ran, add_org, build, run_cli
from tests.support.terminal import Terminal

PETMSG = f"{sys.executable} -m petmsg"
BREAKS = " \t\n\"'@><=;|&(:"
"""What bash takes for the ends of words unless told."""


@pytest.fixture(scope="module")
def _company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("company") / "petmsg.db"
    url = locate(str(path)).url
    build(url)
    add_org(url)
    add_org(url, "tail-waggers", front_desk="+14155550200")
    for line in (
        ("client", "add", "Ann Ivers", "--ref", "C-1", "--phone", "+12025550101"),
        ("client", "add", 'Bo "$1" O\'Neil!', "--ref", "C-2", "--phone", "+12025550102"),
        ("client", "add", "Zoë", "--ref", "a:7", "--phone", "+12025550103"),
        ("sitter", "add", "Maya Lee", "--ref", "S-1", "--phone", "+13035550101"),
        ("number", "add", "+14155550101", "+14155550102", "--class", "sitter"),
        ("sitter", "activate", "S-1"),
        ("booking", "add", "--ref", "B-1", "--client", "C-1", "--start", "+1h", "--end", "+2h"),
        ("message", "send", "C-1", "--body", "Hi", "--queue-only"),
    ):
        assert run_cli(url, *line, PETMSG_ORG="happy-paws").code == 0, line
    return path


@pytest.fixture
def url(_company: Path) -> str:
    """Two companies; nothing here writes to them."""
    return locate(str(_company)).url


def asked(url: str | None, *words: str, by: str = "zsh", **environ: str) -> Ran:
    environ = {"PETMSG_ORG": "happy-paws", "_PETMSG_COMPLETE": by, **environ}
    return run_cli(url, *words, **environ)


def offered(url: str | None, *words: str, **environ: str) -> list[str]:
    """The words that are offered, without their notes."""
    ran = asked(url, *words, **environ)
    assert (ran.code, ran.err) == (0, "")
    kind, *found = ran.out.splitlines()
    assert kind == "words"
    return [each.partition("\t")[0] for each in found]


def in_bash(url: str, line: str, *, why: str = "9", breaks: str = BREAKS) -> list[str]:
    """What bash would put in place of the last word of the line."""
    ran = asked(url, line, why, breaks, by="bash")
    assert (ran.code, ran.err) == (0, "")
    return ran.out.splitlines()[1:]


# ---------------------------------------------------------------------------------- what is offered


def test_commands_are_offered_with_what_they_do(url: str) -> None:
    assert offered(url, "num") == ["number"]
    assert (
        "client\tAdd, import, change and erase clients and their phones."
        in asked(url, "").out.splitlines()
    )
    assert offered(url, "client", "phone", "") == ["add", "remove", "primary", "textable"]


def test_a_group_with_a_usual_command_offers_its_words_too(url: str) -> None:
    found = offered(url, "route", "override", "")
    assert found[:3] == ["set", "end", "list"]
    assert "C-1" in found
    assert offered(url, "route", "override", "C-1", "--unt") == ["--until"]
    assert offered(url, "route", "override", "C-1", "--to", "") == ["desk"]


def test_options_are_offered_and_none_a_second_time(url: str) -> None:
    assert "--segments-per-second" in offered(url, "number", "pace", "--s")
    assert offered(url, "number", "list", "--class", "pool", "--cl") == []
    assert "--kind" in offered(url, "client", "list", "")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("help booking co", ["confirm"]),
        ("thread show C-", ["C-1", "C-2"]),
        ("thread show ann", ["Ann Ivers"]),
        ("booking list --client C-1 --sitter ", ["S-1"]),
        ("booking confirm ", ["B-1"]),
        ("booking show B", ["B-1"]),
        ("message send C-1 --as May", ["Maya Lee"]),
        ("message send C-1 --as ", ["desk", "S-1"]),
        ("route explain C-1 --as d", ["desk"]),
        ("message cancel ", ["1"]),
        ("message retry ", []),
        ("route explain --message ", ["1"]),
        ("number show +141555501", ["+14155550100", "+14155550101", "+14155550102"]),
        ("number quarantine +14155550101 +141555501", ["+14155550100", "+14155550102"]),
        ("number restore ", []),
        ("sitter renumber S-1 --to +14155550102", ["+14155550102"]),
        ("org show --org ", ["happy-paws", "tail-waggers"]),
        ("org show --org=tail", ["--org=tail-waggers"]),
        ("client list --before C", ["C-1", "C-2"]),
        ("client list -o js", ["json", "jsonl"]),
        ("number add +14155550109 --class p", ["pool"]),
        ("number set-class +14155550101 ", ["front_desk", "sitter", "pool"]),
        ("db upgrade ", ["head", "base", *REVISIONS]),
        ("org set --timezone America/New_Y", ["America/New_York"]),
        ("errors explain 21610", ["21610"]),
        ("errors list --class rec", ["recipient"]),
        ("audit list --event number.a", ["number.added", "number.assigned"]),
    ],
)
def test_a_word_is_completed_with_what_it_can_be(url: str, line: str, expected: list[str]) -> None:
    assert offered(url, *line.split(" ")) == expected


@pytest.mark.parametrize(
    "line",
    [
        "client phone remove C-1 ",
        "client phone add C-1 +1",
        "client add Eve --phone +1",
        "sitter set S-1 --phone +1",
        "optout add C-1 --phone +1",
        "route inbound --from +1",
        "number add +1",
        "client show +1",
        "sitter show +1",
        "message send C-1 --body ",
        "booking add --start ",
        "nonsense ",
        "client nonsense ",
    ],
)
def test_nothing_is_offered_for_what_only_a_person_knows(url: str, line: str) -> None:
    """Least of all a personal phone."""
    assert offered(url, *line.split(" ")) == []


def test_files_are_left_to_the_shell(url: str) -> None:
    for line in ("booking import ", "booking confirm --file ", "db backup b", "client list --db "):
        ran = asked(url, *line.split(" "))
        assert (ran.out, ran.err) == ("files\n", "")


def test_the_org_is_that_of_the_line_or_of_the_environment(url: str) -> None:
    assert offered(url, "number", "show", "--org", "tail-waggers", "") == ["+14155550200"]
    assert offered(url, "number", "show", "", PETMSG_ORG="tail-waggers") == ["+14155550200"]
    assert offered(url, "number", "show", "", PETMSG_ORG="nobody") == []
    assert offered(url, "number", "show", "", PETMSG_ORG="") == []


def test_the_database_is_that_of_the_line_or_of_the_environment(url: str) -> None:
    assert offered("/nonexistent/x.db", "sitter", "show", "") == []
    assert offered("/nonexistent/x.db", "sitter", "show", "--db", url, "") == ["S-1"]
    assert offered(url, "sitter", "show", "--db", "/nonexistent/x.db", "") == []


def test_completion_works_on_postgresql(migrated_url: str) -> None:
    add_org(migrated_url)
    assert offered(migrated_url, "number", "show", "+1415") == ["+14155550100"]


def test_every_parameter_is_decided_upon() -> None:
    """A new metavar needs a line in `BY_METAVAR`, at least that of `nothing`."""
    undecided = {
        f"{name}: {parameter.metavar}"
        for name, command in commands()
        for parameter in command.params
        if parameter.metavar and parameter.metavar.removesuffix("...") not in BY_METAVAR
    }
    assert undecided == set()


def test_every_place_with_words_of_its_own_exists() -> None:
    there = {
        f"{name.removeprefix('petmsg ')} {parameter.name}"
        for name, command in commands()
        for parameter in command.params
    }
    assert set(BY_PARAMETER) - there == set()


def test_no_parameter_that_takes_a_personal_phone_offers_one() -> None:
    phones = [
        (name, parameter)
        for name, command in commands()
        for parameter in command.params
        if parameter.name in ("phone", "from_")
    ]
    assert len(phones) >= 8
    for name, parameter in phones:
        assert candidates_for(name.removeprefix("petmsg "), parameter) is nothing, name


# --------------------------------------------------------------------------- nothing but candidates


@pytest.fixture
def broken(request: pytest.FixtureRequest, tmp_path: Path, _company: Path) -> Any:
    """A database that no command could use."""
    path = tmp_path / "petmsg.db"
    if request.param != "missing":
        shutil.copy(_company, path)
    if request.param == "damaged":
        path.write_bytes(path.read_bytes()[:1000] + b"\xff" * 40_000)
    if request.param == "no database":
        path.write_bytes(b"Dear diary,\n" * 1000)
    if request.param == "empty":
        path.write_bytes(b"")
    with closing(sqlite3.connect(path if request.param in ("old", "locked") else ":memory:")) as db:
        db.isolation_level = None
        if request.param == "old":
            db.execute("UPDATE alembic_version SET version_num = '0001'")
        if request.param == "locked":
            db.execute("PRAGMA journal_mode = DELETE")
            db.execute("BEGIN EXCLUSIVE")
        yield str(path)


@pytest.mark.parametrize(
    "broken", ["missing", "old", "locked", "damaged", "no database", "empty"], indirect=True
)
def test_a_database_that_cannot_be_read_offers_nothing(broken: str) -> None:
    before = time.monotonic()
    assert offered(broken, "client", "show", "C") == []
    assert time.monotonic() - before < 10
    assert in_bash(broken, "petmsg client show C") == []
    assert offered(broken, "cli") == ["client"]


def test_a_server_that_is_away_offers_nothing() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        url = f"postgresql://x@127.0.0.1:{held.getsockname()[1]}/x"
        assert offered(url, "client", "show", "C") == []


@pytest.mark.parametrize("url", ["", "mysql://x", "postgresql://[", "sqlite://"])
def test_a_database_url_that_is_none_offers_nothing(url: str) -> None:
    assert offered(None, "client", "show", "C", PETMSG_DATABASE_URL=url) == []


@pytest.mark.parametrize(
    "words",
    [
        ["--version", ""],
        ["--show-completion", "bash", ""],
        ["--install-completion", "bash", ""],
        ["client", "list", "--limit", "many", ""],
        ["client", "list", "--nonsense", ""],
        ["client", "show", "\udcff"],
        ["client", "show", "x" * 10_000],
        ["client", "show", "%_'\";--"],
        [],
    ],
)
def test_whatever_stands_in_the_line_only_words_are_printed(
    url: str, tmp_path: Path, words: list[str]
) -> None:
    for shell in ("zsh", "fish", "bash", "tcsh"):
        ran = asked(url, *words, by=shell, HOME=str(tmp_path))
        assert (ran.code, ran.err) == (0, "")
        assert ran.out == "" or ran.out.partition("\n")[0] in ("words", "files")
        assert "petmsg 0" not in ran.out
    assert list(tmp_path.iterdir()) == []


def test_every_beginning_of_a_line_is_answered(url: str) -> None:
    """Tab may be pressed anywhere."""
    line = "petmsg thread show 'Ann Ivers' --org=happy-paws -o \"json\" --limit 5 "
    for end in range(len("petmsg "), len(line) + 1):
        ran = asked(url, line[:end], "9", BREAKS, by="bash")
        assert (ran.code, ran.err) == (0, ""), line[:end]
        assert ran.out.startswith("words\n"), line[:end]


# ---------------------------------------------------------------------------------- how bash quotes


def test_a_name_is_quoted_as_the_line_needs_it(url: str) -> None:
    assert in_bash(url, "petmsg thread show Bo") == ['Bo\\ \\"\\$1\\"\\ O\\\'Neil\\!']
    assert in_bash(url, "petmsg thread show Bo\\ ") == ['Bo\\ \\"\\$1\\"\\ O\\\'Neil\\!']
    assert in_bash(url, 'petmsg thread show "Bo ') == ['Bo \\"\\$1\\" O\'Neil"\'!\'"']
    assert in_bash(url, "petmsg thread show 'B") == ["Bo \"$1\" O'\\''Neil!"]
    assert in_bash(url, "petmsg thread show zo") == ["Zoë"]


def test_bash_is_given_what_follows_the_character_that_breaks_its_words(url: str) -> None:
    assert in_bash(url, "petmsg thread show a:") == ["7"]
    assert in_bash(url, "petmsg thread show a:", breaks=" ") == ["a:7"]
    assert in_bash(url, "petmsg thread show --org=ta") == ["tail-waggers"]


def test_bash_lists_what_stands_beside_the_words(url: str) -> None:
    """Only when it lists: what it types is the word alone."""
    listed = in_bash(url, "petmsg client show C", why="63")
    assert listed[0] == "C-1  (Ann Ivers)"
    assert in_bash(url, "petmsg client show C")[0] == "C-1"
    assert in_bash(url, "petmsg client show C-1", why="63") == ["C-1"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("a b", ["a", "b"]),
        ("a  b ", ["a", "b", ""]),
        ("a 'b c' d", ["a", "b c", "d"]),
        ('a "b\\" \\c" \'', ["a", 'b" \\c', ""]),
        ("a\\ b c\\", ["a b", "c"]),
        ("a '' ", ["a", "", ""]),
        ("a x'y'\"z\"", ["a", "xyz"]),
        ("", [""]),
    ],
)
def test_a_line_is_taken_apart_as_shells_do(line: str, words: list[str]) -> None:
    assert split(line).words == words


# --------------------------------------------------------------------------------------- in a shell


def test_an_unknown_shell_is_refused() -> None:
    ran = run_cli(None, "--show-completion", "tcsh")
    assert ran.code == 2
    assert "bash, zsh, fish" in ran.err


def test_the_script_is_written_where_the_shell_looks_for_it(tmp_path: Path) -> None:
    for shell, place in (
        ("bash", ".local/share/bash-completion/completions/petmsg"),
        ("zsh", ".zfunc/_petmsg"),
        ("fish", ".config/fish/completions/petmsg.fish"),
    ):
        ran = run_cli(None, "--install-completion", shell, HOME=str(tmp_path))
        assert ran.code == 0
        assert str(tmp_path / place) in ran.out
        assert (tmp_path / place).read_text("utf-8") == SCRIPTS[shell]
        assert run_cli(None, "--show-completion", shell).out == SCRIPTS[shell]


TYPED = {
    "petmsg thr\tsh\tC-1\t": ["thread", "show", "C-1"],
    "petmsg thread show Bo\t": ["thread", "show", 'Bo "$1" O\'Neil!'],
    "petmsg thread show bo\t": ["thread", "show", 'Bo "$1" O\'Neil!'],
    "petmsg thread show 'Bo\t": ["thread", "show", 'Bo "$1" O\'Neil!'],
    'petmsg thread show "Ann I\t': ["thread", "show", "Ann Ivers"],
    "petmsg thread show C-1 --org=tail\t": ["thread", "show", "C-1", "--org=tail-waggers"],
    "petmsg thread show a:\t": ["thread", "show", "a:7"],
    "petmsg thread show Nobody\t": ["thread", "show", "Nobody"],
    "petmsg db backup /etc/hostn\t": ["db", "backup", "/etc/hostname"],
}
"""What is typed, with Tab, and the arguments petmsg is then run with."""
SHELLS = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], "source <({0} --show-completion bash)"),
    "zsh": (
        ["zsh", "-f", "-i"],
        'autoload -Uz compinit; compinit -u -D; eval "$({0} --show-completion zsh)"',
    ),
}


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_completes_what_is_typed(shell: str, url: str) -> None:
    """In a real one, on a terminal: petmsg is a function there that shows its arguments."""
    command, load = SHELLS[shell]
    if shutil.which(command[0]) is None:
        pytest.skip(f"no {shell} here")
    environ = {"PETMSG_DATABASE_URL": url, "PETMSG_ORG": "happy-paws", "PS1": "$ "}
    with Terminal(command, environ) as terminal:
        terminal.run(load.format(PETMSG))
        terminal.run(
            'petmsg() { if [ -n "$_PETMSG_COMPLETE" ]; then '
            f'{PETMSG} "$@"; else printf "["; printf "<%s>" "$@"; echo "]"; fi; }}'
        )
        for typed, arguments in TYPED.items():
            shown = terminal.run(typed)
            ran = "".join(f"<{each}>" for each in arguments)
            assert f"[{ran}]\n" in shown, (typed, shown)


@pytest.mark.skipif(shutil.which("fish") is None, reason="no fish here")
def test_fish_completes_what_is_typed(url: str, tmp_path: Path) -> None:
    program = tmp_path / "petmsg"
    program.write_text(f'#!/bin/sh\nexec {PETMSG} "$@"\n', "utf-8")
    program.chmod(0o755)
    script = "petmsg --show-completion fish | source\n"
    for line in ("petmsg thread show Bo", 'petmsg thread show "Ann I', "petmsg thr"):
        script += f"complete -C '{line}'\n"
    ran = subprocess.run(
        ["fish", "--no-config", "-c", script],
        env={
            "PATH": f"{tmp_path}:{os.environ['PATH']}",
            "HOME": str(tmp_path),
            "PETMSG_DATABASE_URL": url,
            "PETMSG_ORG": "happy-paws",
        },
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    found = [line.partition("\t")[0] for line in ran.stdout.splitlines()]
    assert found == ['Bo "$1" O\'Neil!', "Ann Ivers", "thread"]


def test_completing_loads_nothing_slow(url: str) -> None:
    from tests.project.test_architecture import SLOWER, loaded

    asked_for = [["client", "show", "C"], ["booking", "confirm", ""], ["number", ""], ["errors"]]
    for line, code, names in loaded(*asked_for, url=url, complete="zsh"):
        assert code == 0
        assert SLOWER & names == set(), line


def test_the_command_line_has_no_other_completion() -> None:
    """Typer's own would answer with what this one keeps back."""
    assert {option.name for option in command_line().params} == {
        "version", "show_completion", "install_completion",
    }  # fmt: skip
