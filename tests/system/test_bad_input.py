"""Command lines that cannot be right: each is refused with a code, and changes nothing."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from petmsg.db.location import locate
from tests.support.bad_input import CODES, HUGE, ODD, fill
from tests.support.consistency import content
from tests.support.fixtures import Ran, run_cli
from tests.support.swarm import ROOT


@pytest.fixture
def small(migrated_sqlite: str) -> str:
    """The same on SQLite alone."""
    fill(migrated_sqlite)
    return migrated_sqlite


def assert_clean(ran: Ran) -> None:
    assert "Traceback" not in ran.err + ran.out
    assert "petmsg has a bug" not in ran.err, ran.err


# Each line, its exit code and its error's code. A word in «» is one argument with its blanks.
REFUSED = [
    # unknown
    ("client show C-9", 3, "client_not_found"),
    ("client show Nobody", 3, "client_not_found"),
    ("client show +12025550199", 3, "client_not_found"),
    ("sitter activate S-9", 3, "sitter_not_found"),
    ("number show +14155550199", 3, "number_not_found"),
    ("number quarantine +14155550199 --reason x", 3, "number_not_found"),
    ("booking confirm B-9", 3, "booking_not_found"),
    ("booking cancel B-9", 3, "booking_not_found"),
    ("message show 99", 3, "message_not_found"),
    ("audit show 9999", 3, "audit_event_not_found"),
    ("thread show C-9", 3, "client_not_found"),
    ("thread show C-3", 3, "thread_not_found"),
    ("route explain C-9", 3, "client_not_found"),
    ("client list --org nowhere", 3, "org_not_found"),
    ("booking add --client C-9 --start +1h --end +2h", 3, "client_not_found"),
    ("booking add --client C-1 --sitter S-9 --start +1h --end +2h", 3, "sitter_not_found"),
    # ambiguous
    ("client show Anna", 4, "ambiguous"),
    ("sitter show Maya", 4, "ambiguous"),
    ("sitter show +13035550101", 4, "ambiguous"),
    ("message send Anna --body Hi", 4, "ambiguous"),
    ("booking add --client Anna --start +1h --end +2h", 4, "ambiguous"),
    # phones
    ("client add Dora --phone 1202555010", 2, "malformed_phone"),
    ("client add Dora --phone +0202555010", 2, "malformed_phone"),
    ("client add Dora --phone +1202555010412345", 2, "malformed_phone"),
    ("client add Dora --phone +120255501", 2, "malformed_phone"),
    ("client add Dora --phone +12025550104123", 2, "malformed_phone"),
    ("client phone add C-1 +9991234567", 2, "malformed_phone"),
    ("sitter add Dora --phone +4402079460958", 2, "malformed_phone"),
    ("number add +99912345678 --class pool", 2, "malformed_phone"),
    ("message receive --from +9991234567 --to +14155550100 --body Hi", 2, "malformed_phone"),
    ("route inbound --from +120255501 --to +14155550100", 2, "malformed_phone"),
    ("client add Dora --phone «+12025550104\n»", 2, "malformed_phone"),
    ("client add Dora --phone +١٢٠٢٥٥٥٠١٠٤", 2, "malformed_phone"),
    ("client add Dora --phone «»", 2, "malformed_phone"),
    ("number add +1 --class pool", 2, "malformed_phone"),
    ("number show C-1", 2, "malformed_phone"),
    # times
    ("route explain C-1 --at 20260214", 2, "malformed_time"),
    ("route explain C-1 --at 2026-02-14", 2, "malformed_time"),
    ("route explain C-1 --at 1771081200", 2, "malformed_time"),
    ("route explain C-1 --at tomorrow", 2, "malformed_time"),
    ("route explain C-1 --at 2026-02-30T10:00", 2, "malformed_time"),
    ("route explain C-1 --at 2026-02-14T24:00", 2, "malformed_time"),
    ("route explain C-1 --at +999999w", 2, "malformed_time"),
    ("route explain C-1 --at 9999-12-31T23:59Z", 2, "malformed_time"),
    ("route explain C-1 --at 2026-03-08T02:30", 2, "nonexistent_time"),
    ("route explain C-1 --at 2026-11-01T01:30", 2, "ambiguous_time"),
    ("booking add --client C-1 --start 2026-03-08T02:30 --end +90d", 2, "nonexistent_time"),
    ("booking add --client C-1 --start 2026-11-01T01:30 --end +900d", 2, "ambiguous_time"),
    ("booking add --client C-1 --start +2h --end +1h", 2, "end_not_after_start"),
    ("booking add --client C-1 --start +2h --end +2h", 2, "end_not_after_start"),
    ("booking reschedule B-1 --end -2h", 2, "end_not_after_start"),
    ("number quarantine +14155550101 --until -1h --reason x", 2, "out_of_range"),
    # reasons, texts, refs
    ("number quarantine +14155550101", 2, "out_of_range"),
    ("number quarantine +14155550101 --reason «»", 2, "empty_reason"),
    ("number quarantine +14155550101 --reason « \t »", 2, "empty_reason"),
    ("number restore +14155550103", 4, "reason_required"),
    ("number restore +14155550101 --reason x", 4, "number_not_quarantined"),
    ("message send C-1 --body «»", 2, "malformed_text"),
    ("message send C-1 --body «a\x07b»", 2, "malformed_text"),
    ("message send C-1 --body Hi --at yesterday", 2, "malformed_time"),
    ("message send C-1 --body Hi --at 2020-01-01T00:00Z", 2, "out_of_range"),
    ("message send C-1 --body Hi --expires -1m", 2, "end_not_after_start"),
    ("message send C-1 --body Hi --at +2h --expires +2h", 2, "end_not_after_start"),
    ("message send C-1 --body Hi --force", 2, "out_of_range"),
    ("message send C-1 --body Hi --force --reason « »", 2, "empty_reason"),
    ("message send C-1 --body Hi --reason because", 2, "usage"),
    ("message send C-1 --body Hi --as S-9", 3, "sitter_not_found"),
    ("message send C-1 --body Hi --as Maya", 4, "ambiguous"),
    ("message send C-3 --body Hi --as S-1", 4, "not_her_window"),
    ("message send C-1 --body Hi --preview --at 20260214", 2, "malformed_time"),
    ("message retry 1", 2, "out_of_range"),
    ("message retry 1 --reason again", 4, "message_not_waiting"),
    ("message cancel 1", 4, "message_not_waiting"),
    ("message dispatch --workers 0", 2, "usage"),
    ("message dispatch --workers 257", 2, "usage"),
    ("message dispatch --org nowhere", 3, "org_not_found"),
    ("message list --status lost", 2, "usage"),
    ("client add «» --phone +12025550104", 2, "malformed_text"),
    ("client add «a\nb\x00c» --phone +12025550104", 2, "malformed_text"),
    ("client add Dora --ref «» --phone +12025550104", 2, "malformed_ref"),
    ("client add Dora --ref +12025550104 --phone +12025550104", 2, "malformed_ref"),
    ("client add Dora --ref «a\x1bb» --phone +12025550104", 2, "malformed_ref"),
    # numbers
    ("number quarantine +14155550101 --days 0 --reason x", 2, "out_of_range"),
    ("number quarantine +14155550101 --days -1 --reason x", 2, "out_of_range"),
    ("number quarantine +14155550101 --days 3651 --reason x", 2, "out_of_range"),
    ("number quarantine +14155550101 --days 99999999999999999999 --reason x", 2, "out_of_range"),
    ("number quarantine +14155550101 --days 3.5 --reason x", 2, "usage"),
    ("org set --grace-minutes 10081", 2, "out_of_range"),
    ("org set --grace-minutes -1", 2, "out_of_range"),
    ("org set --quarantine-days 99999999999999999999999", 2, "out_of_range"),
    ("client list --limit 0", 2, "usage"),
    ("message list --before x", 2, "out_of_range"),
    ("message list --before ²", 2, "out_of_range"),
    # the shape of the line
    ("nonsense", 2, "usage"),
    ("client", 2, None),
    ("client nonsense", 2, "usage"),
    ("client list --nonsense", 2, "usage"),
    ("client show", 2, "usage"),
    ("client show C-1 C-2", 2, "usage"),
    ("client add --phone +12025550104", 2, "usage"),
    ("client add Dora", 2, "usage"),
    ("client add Dora --phone", 2, "usage"),
    ("number add +14155550109", 2, "usage"),
    ("number add +14155550109 --class desk", 2, "usage"),
    ("booking confirm", 2, "usage"),
    ("booking reschedule B-1", 2, "usage"),
    ("booking reassign B-1", 2, "usage"),
    ("route explain", 2, "usage"),
    ("client import no-such-file.csv", 2, "malformed_file"),
    ("org set --timezone Mars/Olympus", 2, "out_of_range"),
    ("org add «Happy Paws» --name X --timezone UTC", 2, "out_of_range"),
]  # fmt: skip


def words(line: str) -> list[str]:
    """A command line's arguments; what stands in «» is one, blanks and all."""
    made: list[str] = []
    for index, part in enumerate(line.replace("»", "«").split("«")):
        made += [part] if index % 2 else part.split()
    return made


@pytest.mark.parametrize(("line", "exit_code", "code"), REFUSED, ids=[ascii(r[0]) for r in REFUSED])
def test_a_bad_command_line_is_refused_and_changes_nothing(
    unchanged: "Unchanged", line: str, exit_code: int, code: str | None
) -> None:
    ran = run_cli(unchanged.url, *words(line), PETMSG_OUTPUT="json")
    assert_clean(ran)
    assert ran.code == exit_code, ran.err
    if code is not None:
        assert ran.out == ""
        assert ran.error["code"] == code
        assert ran.error["message"]
    unchanged.check()


class Unchanged:
    """A database shared by tests of which none may change it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._before = content(url)

    def check(self) -> None:
        assert content(self.url) == self._before


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]
)
def unchanged(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Unchanged]:
    from petmsg.db import migrate
    from tests.support.fixtures import ACTOR, NOW

    if request.param == "sqlite":
        url = locate(str(tmp_path_factory.mktemp("input") / "petmsg.db")).url
        migrate.upgrade(url, actor=ACTOR, now=NOW, create=True)
        fill(url)
        yield Unchanged(url)
        return
    server = request.getfixturevalue("postgres_server")
    name = server.create()
    migrate.upgrade(server.url(name), actor=ACTOR, now=NOW)
    fill(server.url(name))
    yield Unchanged(server.url(name))
    server.drop(name)


@pytest.mark.parametrize("number", HUGE)
@pytest.mark.parametrize(
    "line",
    [
        "message show {}", "message cancel {}", "message retry {} --reason x", "audit show {}",
        "route explain --message {}", "audit list --before {}", "message list --before {}",
        "audit list --limit {}", "client list --limit {}", "org set --pool-threads-per-number {}",
        "sitter deactivate S-2 --yes --days {}", "alert show {}", "alert done {}",
    ],
)  # fmt: skip
def test_a_huge_number_is_refused_or_means_nothing(
    unchanged: Unchanged, line: str, number: str
) -> None:
    ran = run_cli(unchanged.url, *line.format(number).split(), "-o", "json")
    assert_clean(ran)
    if "set" in line or "deactivate" in line:
        if ran.code == 0:
            pytest.skip("in range")
        assert ran.code == 2
    else:
        assert ran.code in (0, 2, 3)
    unchanged.check()


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD.keys())
@pytest.mark.parametrize(
    "line",
    [
        "client show {}", "sitter show {}", "number show {}", "booking show {}", "thread show {}",
        "route explain {}", "route explain C-1 --at {}", "booking confirm {}", "sitter activate {}",
        "client list --org {}", "client list --before {}", "audit list --ref {}",
        "audit list --event {}", "audit verify --head {}", "client import {}", "db upgrade {}",
        "message send {} --body Hi", "client list -o {}", "message show {}", "{}",
        "number restore {} --reason x", "number quarantine +14155550101 --days 1 --reason {}",
        "client add {} --ref C-1 --phone +12025550101", "booking confirm B-9 --actor {}",
        "message send C-1 --key {} --body Hello --dry-run",
        "message send C-1 --at {} --body Hello --dry-run", "errors explain {}", "optout show {}",
        "message send C-1 --body {} --preview", "alert show {}", "org freeze --reason x --until {}",
    ],
)  # fmt: skip
def test_an_odd_text_is_never_a_bug(unchanged: Unchanged, line: str, odd: str) -> None:
    """Wherever a text can stand: exit codes of the table, no traceback, the database as it was."""
    arguments = [part.replace("{}", odd) for part in line.split()]
    if "--reason" in arguments and "{}" in line.rpartition("--reason")[2]:
        arguments.append("--dry-run")
    ran = run_cli(unchanged.url, *arguments)
    assert_clean(ran)
    assert ran.code in CODES, ran.err
    assert "\x1b" not in ran.err + ran.out
    assert "\u202e" not in ran.err
    unchanged.check()


@pytest.mark.parametrize("odd", ["a NUL", "half a pair", "long", "a newline"])
@pytest.mark.parametrize(
    "line",
    [
        "audit verify --head {}", "client import {}", "client import - --rejects {}",
        "db backup {}", "db backup copy.db --media {}", "db restore {} --yes",
        "db downgrade 0002_one_thread_per_client --discard-data --yes --dry-run --backup {}",
        "export {}", "import petmsg {}", "import snoutos --dir {}", "media save 1 --to {}",
        "message send C-1 --media {} --dry-run", "message send --file {}", "metrics --to {}",
        "metrics --to {}.prom", "service install --to {} --dry-run", "thread show C-1 --svg {}",
        "thread show C-1 --html {}", "today --svg {}", "today --html {}",
        "message receive --from +12025550101 --to +14155550103 --media {} --dry-run",
    ],
)  # fmt: skip
def test_an_odd_path_is_never_a_bug(
    small: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, odd: str
) -> None:
    monkeypatch.chdir(tmp_path)  # a name may be odd and yet one of a file
    ran = run_cli(small, *[part.replace("{}", ODD[odd]) for part in line.split()])
    assert_clean(ran)
    assert ran.code in CODES, ran.err


@pytest.mark.parametrize(
    "arguments",
    [
        [b"client", b"show", b"caf\xe9"],
        [b"client", b"add", b"caf\xe9", b"--phone", b"+12025550104"],
        [b"booking", b"confirm", b"\xff\xfe", b"\x80"],
        [b"message", b"send", b"C-1", b"--body", b"\xc3\x28"],
        [b"\xff"],
        [b"client", b"list", b"--org", b"\xff"],
        [b"client", b"list", b"--db", b"\xff\xff.db"],
    ],
    ids=repr,
)
@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_arguments_that_are_not_utf_8_are_refused_in_words(
    small: str, arguments: list[bytes], locale: str
) -> None:
    before = content(small)
    done = subprocess.run(
        [os.fsencode(sys.executable), b"-m", b"petmsg", *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "LC_ALL": locale, "PETMSG_DATABASE_URL": small},
        capture_output=True,
        check=False,
    )
    assert done.returncode in (2, 3, 4, 5), done.stderr
    assert b"Traceback" not in done.stderr
    assert b"bug" not in done.stderr
    assert done.stderr.decode("utf-8")
    assert content(small) == before
