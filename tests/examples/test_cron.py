"""The scripts of `examples/cron`, run by the shell on real databases, as cron would."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.examples.conftest import EXAMPLES, Desk, ended, program

CRON = EXAMPLES / "cron"
SCRIPTS = sorted(CRON.glob("*.sh"))
HP = "happy-paws"
NEEDED = "awk cat date dirname grep ln mkdir mv rm rmdir sh sort tail touch"


@pytest.fixture(scope="session")
def without_flock(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A PATH with what the scripts need and no flock, as on macOS."""
    folder = tmp_path_factory.mktemp("bin")
    for name in NEEDED.split():
        found = shutil.which(name)
        assert found is not None
        (folder / name).symlink_to(found)
    return str(folder)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "a folder"
    made.mkdir()
    return made


@contextlib.contextmanager
def locked(desk: Desk) -> Iterator[None]:
    """The database while somebody else writes to it."""
    with contextlib.closing(
        sqlite3.connect(desk.url.removeprefix("sqlite:///"), isolation_level=None)
    ) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield


def four(desk: Desk, script: str, *arguments: object, **environ: str) -> list[tuple[int, str, str]]:
    """Run a script four times at the same time."""
    started = [desk.start(script, *arguments, **environ) for _ in range(4)]
    return [ended(process) for process in started]


def files(folder: Path) -> list[str]:
    """The files of a folder and below, without the locks."""
    names = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(str(name) for name in names if not name.name.startswith(".lock"))


def events(desk: Desk, org: str, event: str) -> list[str]:
    return [each["ref"] for each in desk.ask(org, "audit", "list", "--event", event, "--all")]


def pending(desk: Desk, org: str = HP) -> list[str]:
    """Refs that nobody confirmed yet."""
    rows = desk.ask(org, "booking", "list", "--status", "pending", "--all")
    return sorted(row["booking"] for row in rows)


def drop(folder: Path, name: str, *refs: str) -> Path:
    path = folder / name
    path.write_text("".join(f"{line}\n" for line in ("ref", *refs)), encoding="utf-8")
    return path


# ------------------------------------------------------------------------------------ the scripts


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
@pytest.mark.parametrize("shell", ["sh", "dash", "bash"])
def test_a_shell_can_read_a_script(script: Path, shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell}")
    posix = ["--posix"] if shell == "bash" else []
    done = subprocess.run(
        [shell, *posix, "-n", script], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def bashisms(script: str) -> list[str]:
    """Return what bash has and POSIX has not, outside of comments and of awk's programs."""
    code = re.sub(r"(?m)(^|\s)#.*$", "", script)
    code = re.sub(r"'[^']*'", "''", code)
    found = r"\[\[|\bfunction \w|\blocal \w|<<<|<\(|&>|\$''|\bsource |==|\becho -|pipefail"
    return re.findall(found, code)


def test_the_scripts_are_posix() -> None:
    for script in SCRIPTS:
        assert bashisms(script.read_text("utf-8")) == [], script.name


@pytest.mark.parametrize("line", ['[[ -n "$x" ]]', "local name=1", 'if [ "$a" == b ]; then'])
def test_a_bashism_would_be_noticed(line: str) -> None:
    assert bashisms(line) != []


@pytest.mark.parametrize("script", [each for each in SCRIPTS if each.name != "lock.sh"], ids=str)
def test_a_script_is_strict_executable_and_explains_itself(script: Path) -> None:
    text = script.read_text("utf-8")
    assert text.startswith("#!/bin/sh\n# ")
    assert "\nset -eu\n" in text
    assert script.stat().st_mode & 0o111


@pytest.mark.parametrize(
    ("script", "arguments"),
    [("send-due.sh", 0), ("release-due.sh", 0), ("confirm-paid.sh", 1), ("nightly-report.sh", 1)],
)
def test_a_script_says_when_it_cannot_find_petmsg(
    loaded: Desk, folder: Path, script: str, arguments: int
) -> None:
    drop(folder, "a.csv", "HP-B-0001")
    code, out, err = loaded.run(script, *[folder][:arguments], PETMSG="no-such-petmsg")
    assert (code, out) == (5, "")
    assert "cannot run no-such-petmsg" in err
    assert files(folder) == ["a.csv"]


@pytest.mark.parametrize("script", ["confirm-paid.sh", "nightly-report.sh"])
def test_a_script_says_when_its_folder_is_missing(loaded: Desk, folder: Path, script: str) -> None:
    code, _, err = loaded.run(script, folder / "gone")
    assert (code, "there is no folder" in err) == (2, True)
    code, _, err = loaded.run(script)
    assert (code, "usage" in err) == (2, True)


def test_the_crontab_and_the_units_name_scripts_that_exist() -> None:
    texts = [path.read_text("utf-8") for path in (CRON / "systemd").iterdir()]
    texts.append((CRON / "crontab.example").read_text("utf-8"))
    named = {name for text in texts for name in re.findall(r"/srv/petmsg/cron/(\S+)", text)}
    assert named == {script.name for script in SCRIPTS} - {"jobs.sh", "lock.sh"}


def test_every_timer_has_its_service() -> None:
    units = CRON / "systemd"
    timers = {path.stem for path in units.glob("*.timer")}
    services = {path.stem for path in units.glob("*.service")}
    assert timers == services == {"petmsg-confirm-paid@"}


# ------------------------------------------------------------------------------------------- jobs


def test_the_loop_runs_each_job_goes_on_after_a_failure_and_ends_with_a_signal(
    tmp_path: Path,
) -> None:
    record = tmp_path / "record"
    petmsg = program(
        tmp_path / "petmsg", f'#!/bin/sh\necho "$*" >>\'{record}\'\n[ "$1" != media ]\n'
    )
    desk = Desk("sqlite:////nowhere.db", petmsg)
    loop = desk.start("jobs.sh", JOBS_PAUSE="0.1")
    try:
        end = time.monotonic() + 60
        while not record.exists() or record.read_text("utf-8").count("media fetch") < 3:
            assert time.monotonic() < end
            time.sleep(0.1)
    finally:
        loop.terminate()
        code, _, err = ended(loop)
    assert code == 143
    assert "media fetch --output jsonl ended with 1" in err
    asked = record.read_text("utf-8").splitlines()
    each_minute = ("message pull", "message dispatch", "message sync", "number release-due")
    assert all(sum(each in line for line in asked) >= 3 for each in each_minute)
    each_day = ("number health", "doctor", "reconcile", "coverage")
    assert [sum(line.startswith(each) for line in asked) for each in each_day] == [1] * 4


# ------------------------------------------------------------------------------------ release-due


def make_due(desk: Desk, org: str) -> str:
    """Quarantine a pool number two days ago, for one day."""
    row = desk.ask(org, "number", "list", "--class", "pool", "--all")[0]
    arguments = ("number", "quarantine", row["number"], "--days", "1", "--reason", "spam reports")
    later = datetime.now(UTC) + timedelta(seconds=1)  # the ledger does not go back before "added"
    desk.do(org, *arguments, now=later - timedelta(days=2))
    return str(row["number"])


def test_release_due_releases_once_whoever_runs_it_however_often(desk: Desk) -> None:
    due = {org: make_due(desk, org) for org in (HP, "tail-waggers")}
    runs = [*four(desk, "release-due.sh"), desk.run("release-due.sh")]
    assert [(code, err) for code, _, err in runs] == [(0, "")] * 5
    told = [json.loads(line)["number"] for _, out, _ in runs for line in out.splitlines()]
    assert sorted(told) == sorted(due.values())
    assert runs[-1] == (0, "", "")
    for org, number in due.items():
        assert desk.ask(org, "number", "show", number)["status"] == "active"
        assert events(desk, org, "number.restored") == [number]


# ----------------------------------------------------------------------------------- confirm-paid


@pytest.mark.parametrize("kind", ["flock", "no flock"])
def test_confirm_paid_confirms_every_file_once(
    desk: Desk, folder: Path, without_flock: str, kind: str
) -> None:
    """Four runs at the same time and one more: each booking has one event, each file its place."""
    refs = pending(desk)[:5]
    drop(folder, "one.csv", *refs[:2])
    drop(folder, "two of these.CSV", *refs[1:4])
    drop(folder, "-three.csv.part", refs[4])
    environ = {"PATH": without_flock} if kind == "no flock" else {}
    runs = four(desk, "confirm-paid.sh", folder, org=HP, **environ)
    runs.append(desk.run("confirm-paid.sh", folder, org=HP, **environ))
    assert runs == [(0, "", "")] * 5
    assert files(folder) == ["-three.csv.part", "done/one.csv", "done/two of these.CSV"]
    confirmed = events(desk, HP, "booking.confirmed")
    assert [confirmed.count(ref) for ref in refs] == [1, 1, 1, 1, 0]
    (folder / "-three.csv.part").rename(folder / "-three.csv")
    drop(folder, "one.csv", refs[4])
    assert desk.run("confirm-paid.sh", folder, org=HP, **environ) == (0, "", "")
    assert list((folder / "work").iterdir()) == []
    done = [path.name for path in (folder / "done").iterdir()]
    assert sum(name.endswith("-one.csv") for name in done) == 1, "a name that is taken is kept"
    assert len(done) == 4


def test_a_refused_row_takes_its_file_to_rejected_with_the_reason(desk: Desk, folder: Path) -> None:
    good = pending(desk)[0]
    cancelled = desk.ask(HP, "booking", "list", "--status", "cancelled")[0]["booking"]
    drop(folder, "mixed.csv", cancelled, good, "no-such-booking")
    drop(folder, "single.csv", "no-such-booking")
    (folder / "workbook.csv").write_bytes(b"PK\x03\x04\0\0")
    code, out, err = desk.run("confirm-paid.sh", folder, org=HP)
    assert (code, out) == (4, "")
    assert err.count("rejected") == 6  # three lines, each with the path of the reasons
    names = ["mixed.csv", "single.csv", "workbook.csv"]
    wanted = sorted(f"rejected/{name}{end}" for name in names for end in ("", ".refused.jsonl"))
    assert files(folder) == wanted
    reasons = [
        json.loads(line)
        for line in (folder / "rejected/mixed.csv.refused.jsonl").read_text().splitlines()
    ]
    assert [(each["ref"], each["error"]["code"]) for each in reasons] == [
        (cancelled, "booking_cancelled"),
        ("no-such-booking", "booking_not_found"),
    ]
    assert "malformed_file" in (folder / "rejected/workbook.csv.refused.jsonl").read_text()
    assert good not in pending(desk), "the good row of a mixed file is confirmed"


def test_a_locked_database_leaves_the_drop_in_place(
    desk: Desk, folder: Path, hasty_program: Path
) -> None:
    path = drop(folder, "paid.csv", *pending(desk)[:1])
    with locked(desk):
        code, out, err = replace(desk, petmsg=hasty_program).run("confirm-paid.sh", folder, org=HP)
    assert (code, out) == (75, "")
    assert "busy" in err
    assert files(folder) == [path.name]


def test_a_missing_database_or_an_unchosen_org_leaves_the_drop_in_place(
    desk: Desk, folder: Path, tmp_path: Path
) -> None:
    path = drop(folder, "paid.csv", *pending(desk)[:1])
    gone = replace(desk, url=f"sqlite:///{tmp_path / 'gone.db'}")
    code, _, err = gone.run("confirm-paid.sh", folder, org=HP)
    assert (code, "There is no database" in err) == (5, True)
    code, _, err = desk.run("confirm-paid.sh", folder)
    assert (code, "2 orgs" in err) == (4, True)
    assert files(folder) == [path.name]


# Kills come before petmsg was asked to confirm, and after it did: the script is told neither.
STUCK = """#!/bin/sh
if [ "$2" = confirm ]; then
    {before}
    : >{reached}
    sleep 60
fi
exec {petmsg} "$@"
"""


@pytest.mark.parametrize("before", [":", '{petmsg} "$@"'], ids=["not yet", "just confirmed"])
def test_what_a_killed_run_left_the_next_one_finishes(
    desk: Desk, folder: Path, tmp_path: Path, without_flock: str, before: str
) -> None:
    """Its lock too: the kernel forgets a flock, and a pid that is gone holds no lock."""
    environ = {"PATH": without_flock} if before == ":" else {}
    ref = pending(desk)[0]
    drop(folder, "a.csv", ref)
    reached, petmsg = tmp_path / "reached", shlex.quote(str(desk.petmsg))
    text = STUCK.format(
        before=before.format(petmsg=petmsg), reached=shlex.quote(str(reached)), petmsg=petmsg
    )
    stuck = replace(desk, petmsg=program(tmp_path / "stuck", text))
    process = stuck.start("confirm-paid.sh", folder, org=HP, **environ)
    wait_for(reached)
    os.killpg(process.pid, signal.SIGKILL)
    assert ended(process)[0] == -signal.SIGKILL
    assert not (folder / "a.csv").exists()
    assert desk.run("confirm-paid.sh", folder, org=HP, **environ) == (0, "", "")
    assert files(folder) == ["done/a.csv"]
    assert events(desk, HP, "booking.confirmed").count(ref) == 1


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 30
    while not path.exists():
        assert time.monotonic() < deadline, f"{path.name} did not come"
        time.sleep(0.02)


# --------------------------------------------------------------------------------- nightly-report


def test_the_nightly_report_is_silent_and_the_same_however_often(desk: Desk, folder: Path) -> None:
    for day in range(1, 5):
        (folder / f"backup-2020-01-0{day}.db").touch()
    (folder / "backup-of-mine.db").touch()
    runs = four(desk, "nightly-report.sh", folder, KEEP="3")
    runs.append(desk.run("nightly-report.sh", folder, KEEP="3"))
    assert runs == [(0, "", "")] * 5
    today = datetime.now(UTC).date()
    made = ["audit-heads.jsonl", f"backup-{today}.db", f"report-{today}.txt"]
    kept = ["backup-2020-01-03.db", "backup-2020-01-04.db", "backup-of-mine.db"]
    assert files(folder) == sorted([*made, *kept])
    heads = [json.loads(line) for line in (folder / made[0]).read_text().splitlines()]
    assert [head["org"] for head in heads] == [HP, "tail-waggers"]
    assert replace(desk, url=str(folder / made[1])).ask("", "audit", "verify")[0]["ok"]
    assert {(folder / name).stat().st_mode & 0o777 for name in made} == {0o600}


def test_the_nightly_report_says_what_to_look_at(desk: Desk, folder: Path) -> None:
    number = desk.ask(HP, "number", "list", "--class", "pool", "--all")[0]["number"]
    desk.do(HP, "number", "quarantine", number, "--days", "7", "--reason", "spam reports")
    held = desk.ask(HP, "sitter", "show", "HP-S-09")["number"]
    desk.do(HP, "number", "retire", "--yes", held, "--reason", "the carrier took it back")
    spans = {"soon": ("+20h", "+21h"), "long": ("-100h", "+3h"), "later": ("+73h", "+80h"),
             "over": ("-80h", "-50h")}  # fmt: skip
    for ref, (start, end) in spans.items():
        arguments = ("--ref", ref, "--client", "HP-C-002", "--start", start, "--end", end)
        desk.do(HP, "booking", "add", *arguments)
    assert desk.run("nightly-report.sh", folder, org=HP) == (0, "", "")
    (path,) = folder.glob("report-*.txt")
    lines = [line.strip() for line in path.read_text("utf-8").splitlines()]
    assert any(line.startswith(number) and line.endswith("spam reports") for line in lines)
    assert any(line.split() == ["HP-S-09", "Nora", "Lindqvist"] for line in lines)
    listed = {ref: line for ref in (*spans, "HP-B-0003") for line in lines if f" {ref} " in line}
    assert listed.keys() == {"soon", "long", "HP-B-0003"}
    starts_at = datetime.fromisoformat(desk.ask(HP, "booking", "show", "soon")["starts_at"])
    there = starts_at.astimezone(ZoneInfo("America/New_York"))
    assert listed["soon"].startswith(f"{there:%Y-%m-%d %H:%M}"), "times are the org's own"
    assert "NO SITTER" in listed["soon"]
    assert not any("Tail Waggers" in line for line in lines), "PETMSG_ORG names one org"


def test_a_broken_chain_is_reported_and_no_head_of_it_is_kept(desk: Desk, folder: Path) -> None:
    """A tail that was cut off, and the stored head made to fit: only an exported head shows it."""
    heads = desk.do(HP, "audit", "export", "--head")
    (folder / "audit-heads.jsonl").write_text(heads, encoding="utf-8")
    with contextlib.closing(sqlite3.connect(desk.url.removeprefix("sqlite:///"))) as connection:
        for (name,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name LIKE 'audit%'"
        ).fetchall():
            connection.execute(f'DROP TRIGGER "{name}"')
        connection.execute("DELETE FROM audit_event WHERE org_id = 1 AND seq > 100")
        connection.execute(
            "UPDATE audit_head SET seq = 100, hash = (SELECT hash FROM audit_event"
            " WHERE org_id = 1 AND seq = 100) WHERE org_id = 1"
        )
        connection.commit()
    code, out, err = desk.run("nightly-report.sh", folder, org=HP)
    assert (code, out) == (10, "")
    assert "the audit chain is broken" in err
    assert len(err.splitlines()) == 1
    assert (folder / "audit-heads.jsonl").read_text("utf-8") == heads
    (report,) = folder.glob("report-*.txt")
    assert "an exported checkpoint counts" in report.read_text("utf-8")


def test_a_missing_database_leaves_no_report(desk: Desk, folder: Path, tmp_path: Path) -> None:
    gone = replace(desk, url=f"sqlite:///{tmp_path / 'gone.db'}")
    code, out, err = gone.run("nightly-report.sh", folder)
    assert (code, out, "There is no database" in err) == (5, "", True)
    assert files(folder) == []


# ------------------------------------------------------------------------------------- PostgreSQL


@pytest.mark.postgres
def test_the_scripts_run_on_postgresql(
    postgres_url: str, folder: Path, petmsg_program: Path
) -> None:
    desk = Desk(postgres_url, petmsg_program)
    desk.do(HP, "init", "--name", "Happy Paws", "--timezone", "America/New_York")
    for noun in ("number", "sitter", "client", "booking"):
        desk.do(HP, noun, "import", str(EXAMPLES / "company" / HP / f"{noun}s.csv"))
    number = make_due(desk, HP)
    assert json.loads(desk.run("release-due.sh")[1])["number"] == number
    drop(folder, "paid.csv", "HP-B-0001", "HP-B-0002")
    assert four(desk, "confirm-paid.sh", folder, org=HP) == [(0, "", "")] * 4
    assert sorted(events(desk, HP, "booking.confirmed")) == ["HP-B-0001", "HP-B-0002"]
    assert desk.run("nightly-report.sh", folder) == (0, "", "")
    today = datetime.now(UTC).date()
    assert files(folder) == ["audit-heads.jsonl", "done/paid.csv", f"report-{today}.txt"]
