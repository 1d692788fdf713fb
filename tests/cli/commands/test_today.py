"""petmsg today: what an operator types at seven, on a company of fourteen sitters."""

import csv
import io
import re
import shlex
import stat
from contextlib import redirect_stdout
from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from petmsg.cli import run_command_line
from petmsg.enums.calls import CallStatus
from tests.support.calls import add_call
from tests.support.consistency import raw
from tests.support.fixtures import NOW, Cli, Ran, copied, lines, run_cli
from tests.support.incoming import comes
from tests.support.texting import DESK, MAYA, people_and_visit

SEVEN = NOW - timedelta(hours=3)
"""07:00 in New York, on Saturday 14 February."""
BEFORE = SEVEN - timedelta(days=2)
SITTERS = (
    "Maya Lee", "Tom Becker", "Aisha Khan", "Noor Aziz", "Olga Roy", "Ben Ode", "Kim Park",
    "Lee Chen", "Dora Ek", "Ivan Petrov", "Sofia Rossi", "Jan Novak", "Zoe Martin", "Pia Lund",
)  # fmt: skip
CLIENTS = (
    "Ann Ivers", "Bo Moreno", "Cleo Park", "Dev Vargas", "Eve Stone", "Finn Hale", "Gia Costa",
    "Hugo Blum", "Ines Prat", "Jo Field",
)  # fmt: skip
PHONES = [f"+1415555{1000 + n}" for n in range(len(CLIENTS))]
VISITS = """
1 3 20:00-07:30; 1 1 08:00-09:00; 1 8 10:00-10:30; 1 10 13:00-14:00; 2 3 07:00-08:00
3 3 09:00-09:30; 3 4 12:00-12:30; 4 4 07:00-08:00; 4 7 10:00-10:30; 5 3 08:30-09:30 pending
6 10 08:30-09:30; 7 8 08:30-09:30; 8 1 08:30-09:30; 8 7 10:30-11:00; 9 8 06:30-07:30
9 2 08:00-08:30; 9 9 10:00-11:00; 9 2 13:30-14:30; 10 4 08:00-09:00 pending; 10 6 10:30-11:30
10 6 12:30-13:00; 11 10 11:00-11:30; 12 8 09:00-10:00; 0 5 08:00-08:30
"""
"""Sitter (0 for none), client, and the local times."""


@copied
def company(cli: Cli) -> None:
    """Fourteen sitters, 24 visits; S-6 is not active, and two clients wait."""
    numbers = [f"+1415555{2000 + n}" for n in range(len(SITTERS))]
    run(cli, f"number add {' '.join(numbers)} --class sitter")
    for noun, names, phones in (
        ("sitter", SITTERS, [f"+1415555{3000 + n}" for n in range(len(SITTERS))]),
        ("client", CLIENTS, PHONES),
    ):
        rows = [
            (f"{noun[0].upper()}-{n}", name, phone)
            for n, (name, phone) in enumerate(zip(names, phones, strict=True), 1)
        ]
        file = lines(("ref", "name", "phone"), *rows)
        assert cli(noun, "import", "-", stdin=file, now=BEFORE).code == 0
    run(cli, "sitter activate " + " ".join(f"S-{n}" for n in range(1, 15) if n != 6))
    rows, confirmed = [], []
    for number, written in enumerate(re.split(r"[;\n]", VISITS.strip()), 1):
        sitter, client, span, *pending = written.split()
        first, last = span.split("-")
        day = "2026-02-13" if first > last else "2026-02-14"
        named = "" if sitter == "0" else f"S-{sitter}"
        rows.append((f"B-{number}", f"C-{client}", named, f"{day}T{first}", f"2026-02-14T{last}"))
        confirmed += [] if pending else [f"B-{number}"]
    header = ("ref", "client", "sitter", "starts_at", "ends_at")
    ran = cli("booking", "import", "-", stdin=lines(header, *rows), now=BEFORE)
    assert ran.code == 0, ran.err
    run(cli, f"booking confirm {' '.join(confirmed)}")
    for minutes, phone in ((42, PHONES[1]), (40, PHONES[1]), (5, PHONES[3])):
        comes(cli, sender=phone, to=DESK, now=SEVEN - timedelta(minutes=minutes))


def run(cli: Cli, line: str) -> None:
    ran = cli(*shlex.split(line), now=BEFORE)
    assert ran.code == 0, (line, ran.err)


def absent(url: str) -> None:
    """Two sitters are away."""
    with raw(url) as cursor:
        for ref, first, last, reason in ((13, -48, 60, "holiday"), (14, 5, 9, "dentist")):
            cursor.run(
                "INSERT INTO sitter_absence (org_id, sitter_id, starts_at, ends_at, reason, actor,"
                " created_at) SELECT org_id, id, :first, :last, :reason, 'ada', :first FROM sitter"
                " WHERE ref = :ref",
                ref=f"S-{ref}",
                first=SEVEN + timedelta(hours=first),
                last=SEVEN + timedelta(hours=last),
                reason=reason,
            )


@pytest.fixture
def ready(sqlite_cli: Cli, migrated_sqlite: str) -> Cli:
    company(sqlite_cli)
    absent(migrated_sqlite)
    return sqlite_cli


def shown(cli: Cli, *words: str, **options: object) -> list[str]:
    ran: Ran = cli("today", *words, "-o", "table", **{"now": SEVEN, "COLUMNS": "80", **options})
    assert ran.code == 0, ran.err
    return ran.out.splitlines()


SCREEN = """\
Happy Paws, Sat 14 Feb 2026, 07:00 EST
24 visits, 12 sitters, 4 now, 20 to come, 2 pending, 1 without a sitter
no sitter     08:00-08:30 Eve Stone
Maya Lee      now Fri 20:00-07:30 Cleo Park, 08:00-09:00 Ann Ivers, +2 more
Dora Ek       now 06:30-07:30 Hugo Blum, 08:00-08:30 Bo Moreno, +2 more
Tom Becker    now 07:00-08:00 Cleo Park
Noor Aziz     now 07:00-08:00 Dev Vargas, 10:00-10:30 Gia Costa
Ivan Petrov   pending 08:00-09:00 Dev Vargas, 10:30-11:30 Finn Hale, +1 more
Olga Roy      pending 08:30-09:30 Cleo Park
Ben Ode       08:30-09:30 Jo Field
Kim Park      08:30-09:30 Hugo Blum
Lee Chen      08:30-09:30 Ann Ivers, 10:30-11:00 Gia Costa
Jan Novak     09:00-10:00 Hugo Blum
              8 more visits: petmsg today --all
Away          Zoe Martin until Mon 19:00, Pia Lund 12:00-16:00
Pending (2)   petmsg booking confirm B-19 B-10
Gaps (2)      08:00-09:30 Booking B-24 of C-5 Eve Stone: no sitter is assigned
              petmsg booking reassign B-24 S-2
              08:30-10:30 Booking B-11 of C-10 Jo Field: sitter Ben Ode is
              inactive
              petmsg sitter activate S-6
Waiting (2)   Bo Moreno (C-2) 42 min, 2 messages  petmsg inbox show 1
              Dev Vargas (C-4) 5 min  petmsg inbox show 3
"""
CHART = """\
Happy Paws, Sat 14 Feb 2026, 07:00 EST
24 visits, 12 sitters, 4 now, 20 to come, 2 pending, 1 without a sitter

                    00   02   04   06   08   10   12   14   16   18   20   22
                    │    │    │    │ ▾  │    │    │    │    │    │    │    │
no sitter                            ┊  ██░░
"""


def test_the_screen_at_seven(ready: Cli) -> None:
    assert "\n".join(shown(ready)) + "\n" == SCREEN


def test_the_chart_at_seven(ready: Cli) -> None:
    drawn = shown(ready, "--chart")
    assert "\n".join(drawn[:6]) + "\n" == CHART
    names = [line[:20].rstrip() for line in drawn[5:20]]
    assert len(set(names)) == 15, "no sitter, and each of fourteen"
    assert drawn[-1].startswith("2 gaps, 2 waiting for an answer: petmsg today")


def test_all_is_everything(ready: Cli) -> None:
    everything = "\n".join(shown(ready, "--all"))
    assert (
        len(re.findall(r"\d\d:\d\d-\d\d:\d\d [A-Z]\w+ [A-Z]\w+(?:,|$)", everything, re.MULTILINE))
        == 24
    )
    assert "more" not in everything
    assert "Zoe Martin until Mon 19:00 (holiday)" in everything


def test_every_command_on_the_screen_can_be_copied(ready: Cli) -> None:
    """A word in capitals is for the operator to fill in."""
    commands = re.findall(r"petmsg (?!today).*$", "\n".join(shown(ready)), re.MULTILINE)
    assert len(commands) == 5
    for command in commands:
        filled = shlex.split(command.replace("SITTER", "S-2"))[1:]
        ran = ready(*filled, now=SEVEN)
        assert ran.code == 0, (command, ran.err)
    assert shown(ready, now=SEVEN + timedelta(minutes=1))[1].startswith("24 visits, 12 sitters, ")


def test_json_has_everything(ready: Cli) -> None:
    told = ready("today", "-o", "json", now=SEVEN).json
    assert (told["day"], told["timezone"], told["at"]) == (
        "2026-02-14", "America/New_York", "2026-02-14T12:00:00Z",
    )  # fmt: skip
    assert told["counts"] == {
        "visits": 24, "over": 0, "running": 4, "to_come": 20, "pending": 2, "without_sitter": 1,
        "sitters": 12,
    }  # fmt: skip
    assert [row["sitter"] for row in told["absences"]] == ["S-13", "S-14"]
    assert [row["booking"] for row in told["gaps"]] == ["B-24", "B-11"]
    assert [(row["name"], row["minutes"]) for row in told["waiting"]] == [
        ("Bo Moreno", 42),
        ("Dev Vargas", 5),
    ]
    assert {row["state"] for row in told["visits"]} == {"running", "to_come"}
    assert ready("today", "--chart", "-o", "json", now=SEVEN).json == told


def test_tsv_has_a_row_for_each_visit_absence_gap_and_who_waits(ready: Cli) -> None:
    rows = list(csv.DictReader(io.StringIO(ready("today", now=SEVEN).out), delimiter="\t"))
    kinds = [row["kind"] for row in rows]
    assert {kind: kinds.count(kind) for kind in kinds} == {
        "visit": 24, "absence": 2, "gap": 2, "waiting": 2,
    }  # fmt: skip
    assert rows[-2]["client_name"] == "Bo Moreno"
    assert rows[-2]["command"] == "petmsg inbox show 1"
    assert rows[0] | {"command": ""} == rows[0]


@pytest.mark.parametrize(
    ("words", "title"),
    [
        (("--on", "tomorrow"), "Happy Paws, Sun 15 Feb 2026, now Sat 14 Feb 07:00 EST"),
        (("--on", "+1d"), "Happy Paws, Sun 15 Feb 2026, now Sat 14 Feb 07:00 EST"),
        (("--on", "2026-03-08"), "Happy Paws, Sun 08 Mar 2026, now Sat 14 Feb 07:00 EST, a day of"),
        (("--on", "today"), "Happy Paws, Sat 14 Feb 2026, 07:00 EST"),
    ],
)  # fmt: skip
def test_another_day(ready: Cli, words: tuple[str, ...], title: str) -> None:
    lines_of = shown(ready, *words)
    assert lines_of[0] == title or "".join(lines_of[:2]).startswith(title)
    assert "Waiting (2)" in "\n".join(lines_of), "who waits is not hidden by the choice of a day"


def test_a_day_that_is_none(sqlite_cli: Cli) -> None:
    ran = sqlite_cli("today", "--on", "someday", "-o", "json")
    assert (ran.code, ran.error["code"]) == (2, "malformed_time")


def test_it_is_one_orgs_screen(sqlite_cli: Cli, migrated_sqlite: str) -> None:
    sqlite_cli("org", "add", "cat-nappers", "--name", "Cats", "--timezone", "Asia/Kathmandu")
    ran = run_cli(migrated_sqlite, "today", "-o", "json")
    assert (ran.code, ran.error["code"]) == (4, "org_not_chosen")
    told = run_cli(migrated_sqlite, "today", "--org", "cat-nappers", "-o", "json").json
    assert (told["org"], told["starts_at"]) == ("cat-nappers", "2026-02-13T18:15:00Z")


def test_it_reads_the_same_on_both_databases(cli: Cli, migrated_url: str) -> None:
    company(cli)
    absent(migrated_url)
    assert "\n".join(shown(cli)) + "\n" == SCREEN


@pytest.mark.parametrize(
    ("environ", "has_colours"),
    [({"NO_COLOR": "1", "FORCE_COLOR": "1"}, False), ({"FORCE_COLOR": "1"}, True)],
)
@pytest.mark.parametrize("words", [(), ("--chart",)])
def test_colours(
    ready: Cli, environ: dict[str, str], has_colours: bool, words: tuple[str, ...]
) -> None:
    assert ("\x1b[" in "\n".join(shown(ready, *words, **environ))) is has_colours


@pytest.mark.parametrize("words", [(), ("--all",), ("--chart",)])
def test_a_terminal_without_unicode(
    ready: Cli, migrated_sqlite: str, words: tuple[str, ...]
) -> None:
    run(ready, "client set C-1 --name 'Zoë 日本 דנה'")
    written = io.BytesIO()
    environ = {"PETMSG_DATABASE_URL": migrated_sqlite, "COLUMNS": "80", "PETMSG_OUTPUT": "table"}
    with redirect_stdout(io.TextIOWrapper(written, encoding="ascii")) as stream:
        assert run_command_line(["today", *words], environ=environ, now=SEVEN) == 0
        stream.flush()
        text = written.getvalue().decode("ascii")
    assert max(map(len, text.splitlines())) <= 80
    assert len(text.splitlines()) > 20


# ------------------------------------------------------------------------------------------- files


def test_the_chart_is_written_to_files(ready: Cli, tmp_path: Path) -> None:
    picture, page = tmp_path / "day.svg", tmp_path / "day.html"
    ran = ready("today", "--svg", str(picture), "--html", str(page), "-o", "json", now=SEVEN)
    assert ran.code == 0
    assert ran.err.splitlines() == [f"Written: {picture}", f"Written: {page}"]
    ET.parse(picture)  # noqa: S314 because petmsg wrote it
    text = page.read_text("utf-8")
    assert "Hugo Blum (C-8)" in text
    assert "<script" not in text
    for file in (picture, page):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert PHONES[0] not in file.read_text("utf-8")


def test_a_file_that_cannot_be_written_is_said(sqlite_cli: Cli, tmp_path: Path) -> None:
    ran = sqlite_cli("today", "--svg", str(tmp_path / "missing" / "a.svg"), "-o", "json")
    assert (ran.code, ran.error["code"]) == (5, "file_unwritable")


def test_a_missed_call_is_said_of_the_day_and_of_who_waits(
    sqlite_cli: Cli, migrated_sqlite: str
) -> None:
    people_and_visit(sqlite_cli)
    call = add_call(migrated_sqlite, number=MAYA, client="C-1", status=CallStatus.NO_ANSWER)
    add_call(migrated_sqlite, number=MAYA, client="C-2", sitter="S-1", seconds=60)
    shown = sqlite_cli("today", "-o", "json").json
    assert (shown["calls"]["total"], shown["calls"]["missed"]) == (2, 1)
    (waits,) = shown["waiting"]
    assert (waits["ref"], waits["calls"], len(waits["messages"])) == ("C-1", [call], 1)
    told = sqlite_cli("today", "-o", "table", COLUMNS="80").out
    assert "1 missed call" in told.splitlines()[1]
    assert told.count("1 missed call") == 2
    assert max(map(len, told.splitlines())) <= 80
