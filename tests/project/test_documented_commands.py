"""A reader can type every command of the documentation, today, and sees what the page shows.

Each page is typed from its top to its end in an empty HOME, on today's date, with `petmsg` on the
path (tests.support.documented_commands has the convention of the fences). A page other than the
README and the tour begins with the company that the tour has made. What needs an account talks to
the fake Twilio, what needs a PostgreSQL server to the one of the tests.
"""

import contextlib
import os
import re
import shlex
import shutil
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests import ROOT
from tests.support import snoutos
from tests.support.documented_commands import Desk, play, read_page, shape
from tests.support.fixtures import run_cli
from tests.support.pgbouncer import pgbouncer_or_skip
from tests.support.postgres import NoPostgres, PostgresServer, find_programs, free_port
from tests.support.twilio_fake import ACCOUNT_SID, AUTH_TOKEN
from tests.support.twilio_process import running_fake

README, TOUR = "README.md", "docs/tour.md"
PAGES = [
    README,
    "CONTRIBUTING.md",
    *sorted(f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md")),
]
FROM_NOTHING = (README, TOUR, "docs/install.md", "docs/migrating.md", "CONTRIBUTING.md")
"""Pages whose reader has no database yet."""
NEED_POSTGRES = ("docs/postgresql.md", "docs/migrating.md")

UNTYPABLE = {
    r"(make|pre-commit) ": "installs from the network, or runs the tests that this is one of",
    r"\.ci/run": "runs the tests that this is one of",
    r"git clone ": "needs the network",
    r"(sudo |apt-get |systemctl |crontab |certbot |docker )": "belongs to the machine's root",
    r"(python3 -m venv |\S*python3? -m pip |~/petmsg/bin/|pipx |uv |ls dist/)": "installs from the "
    "network: tests/project/test_install.py types it",
    r"loginctl ": "belongs to the machine's root",
}
"""What the test does not type, and why. Its syntax is still checked."""
ASKING = (
    "petmsg org set --provider ",
    "petmsg sitter deactivate ",
    "petmsg number retire ",
    "petmsg number webhooks install ",
)
SERVING = {"petmsg serve ": r"Listening on (http://\S+)"}
SECRETS = {
    "AC…": ACCOUNT_SID,
    "AUTH_TOKEN=…": f"AUTH_TOKEN={AUTH_TOKEN}",
    "whsec_…": "whsec_0123456789abcdef",
}
OWN_DATA = {
    "clients.csv": "ref,name,phone,kind\nC-9,Bob Gray,+14155550172,one_time\n",
    "sitters.csv": "ref,name,phone\nS-9,Olga Roy,+14155550142\n",
    "numbers.csv": "e164,class\n+14155550111,pool\n",
    "bookings.csv": "ref,client,sitter,starts_at,ends_at\nB-9,C-9,S-1,+2d,+50h\n",
}
"""The reader's own files, in the folder where they read the README."""
CALENDARS = ("walks.ics", "maya.ics", "ivers.ics")


@pytest.fixture(scope="session")
def company_of_the_tour(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database after all commands of the tour, made in this process, today."""
    path = tmp_path_factory.mktemp("tour") / "petmsg.db"
    commands, _ = read_page((ROOT / TOUR).read_text("utf-8"))
    for command in commands:
        ran = run_cli(str(path), *shlex.split(command.text)[1:], now=datetime.now(UTC))
        assert ran.code == command.code, (command.text, ran.err)
    return path


@pytest.fixture(scope="module")
def fake_twilio() -> Iterator[dict[str, str]]:
    """The settings that lead to a fake Twilio: the numbers of the tour, and one to import."""
    numbers = [f"+141555501{each}" for each in ("00", "01", "02", "10", "21")]
    with running_fake(numbers=numbers) as fake:
        yield {"PETMSG_TWILIO_API_URL": fake.url, "PETMSG_TWILIO_TIMEOUT_SECONDS": "20"}


@pytest.fixture
def desk(tmp_path: Path, fake_twilio: dict[str, str]) -> Desk:
    """An empty HOME, an empty working folder, `petmsg` on the path."""
    folders = [str(Path(sys.executable).parent), str(ROOT / "examples/cron"), os.environ["PATH"]]
    with contextlib.suppress(NoPostgres):
        folders.insert(2, str(find_programs()))
    environ = {
        "PATH": os.pathsep.join(folders),
        "LC_ALL": "C.UTF-8",
        "PETMSG_ACTOR": "ann@desk",
        "PETMSG_OUTPUT": "table",  # as on a terminal
        **fake_twilio,
    }
    work = tmp_path / "home" / "work"
    work.mkdir(parents=True)
    own = {**SECRETS, "--port 8025": f"--port {free_port()}", "/srv/petmsg": str(tmp_path / "srv")}
    return Desk(tmp_path, environ, own, UNTYPABLE, ASKING, SERVING)


@pytest.fixture
def on_postgres(
    postgres_server: PostgresServer,
) -> Iterator[tuple[dict[str, str], dict[str, str]]]:
    """The settings that make every PostgreSQL server of a page the one of the tests, and what is
    typed instead of its ports."""
    before = _databases(postgres_server)
    try:
        postgres_server.execute("CREATE ROLE reader LOGIN")
        postgres_server.execute("GRANT pg_read_all_data TO reader")
        postgres_server.execute("CREATE DATABASE snout OWNER petmsg")
        snoutos.create(postgres_server.url("snout", driver="postgresql"), snoutos.sound())
        port = str(postgres_server.port)
        with pgbouncer_or_skip(postgres_server, "transaction") as pooler:
            ports = {":6432/": f":{pooler.port}/", ":5432/petmsg": f":{port}/petmsg"}
            yield {"PGHOSTADDR": "127.0.0.1", "PGPORT": port, "PGUSER": "postgres"}, ports
    finally:
        for name in _databases(postgres_server) - before:
            postgres_server.drop(name)
        postgres_server.execute("DROP ROLE IF EXISTS reader, petmsg_rows")


def _databases(server: PostgresServer) -> set[str]:
    return {name for (name,) in server.admin.execute("SELECT datname FROM pg_database")}


def _write_credentials(home: Path) -> None:
    path = home / ".config/petmsg/twilio.env"
    path.parent.mkdir(parents=True)
    path.touch(0o600)
    path.write_text(f"TWILIO_ACCOUNT_SID={ACCOUNT_SID}\nTWILIO_AUTH_TOKEN={AUTH_TOKEN}\n", "utf-8")


def _calendar(name: str) -> str:
    """A visit in two days, that names its client and its sitter."""
    begins = datetime.now(UTC) + timedelta(days=2)
    ends = begins + timedelta(hours=1)
    lines = (
        *("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//x//x//EN", "BEGIN:VEVENT"),
        f"UID:{name}",
        f"DTSTAMP:{begins:%Y%m%dT%H%M%SZ}",
        f"DTSTART:{begins:%Y%m%dT%H%M%SZ}",
        f"DTEND:{ends:%Y%m%dT%H%M%SZ}",
        "SUMMARY:Ann Ivers - Dog walk (Maya Lee)",
        *("END:VEVENT", "END:VCALENDAR", ""),
    )
    return "\r\n".join(lines)


@pytest.mark.parametrize("page", PAGES)
def test_every_command_works(
    page: str, desk: Desk, company_of_the_tour: Path, request: pytest.FixtureRequest
) -> None:
    environ = dict(desk.environ)
    home, work = desk.folder / "home", desk.folder / "home" / "work"
    if page not in FROM_NOTHING:
        data = home / ".local" / "share" / "petmsg"
        data.mkdir(parents=True)
        shutil.copy(company_of_the_tour, data / "petmsg.db")
    if page in (README, "docs/importing.md"):
        for name, rows in OWN_DATA.items():
            (work / name).write_text(rows, "utf-8")
    if page == "docs/calendars.md":
        for name in CALENDARS:
            (work / name).write_text(_calendar(name), "utf-8")
    if page in (README, "docs/pictures.md"):
        shutil.copy(ROOT / "examples/rex.jpg", work)
    if page == "docs/migrating.md":
        snoutos.write_csv(snoutos.sound(), work / "old-tables")
    if page == "docs/webhooks.md":
        _write_credentials(home)
    substitutes = dict(desk.substitutes)
    if page in NEED_POSTGRES:
        server, ports = request.getfixturevalue("on_postgres")
        environ |= server
        substitutes |= ports
    for name in ("drop", "reports"):
        (desk.folder / "srv" / name).mkdir(parents=True)
    typed_with = Desk(desk.folder, environ, substitutes, desk.untypable, desk.asking, desk.serving)
    complaints = play((ROOT / page).read_text("utf-8"), typed_with)
    assert not complaints, "\n".join(f"{page}:{each}" for each in complaints)


# ----------------------------------------------------------------------------- the test of the test

GOOD = "```sh\npetmsg --version  # a comment\n```\n"


@pytest.mark.parametrize(
    ("page", "complaint"),
    [
        (GOOD, None),
        ("```sh\npetmsg numbr list\n```\n", "2: 'petmsg numbr list' exited with 2 instead of 0"),
        ("```sh\npetmsg numbr list  # exits with 2\n```\n", None),
        (
            "```console\n$ petmsg --version\npetmsg version\n```\n",
            "where the page has 'petmsg version'",
        ),
        ("```console\n$ petmsg client show C-1\n(exit 5)\n```\n", "where the page has ''"),
        (f"{GOOD}\n```sh\npetmsg --version\n", "5: the fence is never closed"),
        ("```sh\necho a\n```sh\necho b\n```\n", "3: a fence begins inside the one of line 1"),
        ("```\npetmsg --version\n```\n", "2: unknown fence ```;"),
        ("```sh\nmake it 'so\n```\n", '2: bash cannot read "make it \'so"'),
        ("```crontab\n* * * * petmsg --version\n```\n", "2: no line of a crontab"),
        ("```crontab\n0 7 * * * petmsg numbr list\n```\n", "exited with 2 instead of 0"),
        ("```sh\nexport A=1\n```\n\n```sh\ntest $A = 1\ncat <<'END'\nEND!\nEND\n```\n", None),
        ("```sh\nexit\n```\n", "2: 'exit' exited with -1"),
        ("```text\npetmsg --version\n```\n", "2: 'petmsg --version' is never typed"),
    ],
)
def test_what_does_not_work_is_reported(page: str, complaint: str | None, desk: Desk) -> None:
    complaints = play(page, desk)
    if complaint is None:
        assert complaints == []
    else:
        assert len(complaints) == 1
        assert complaint in complaints[0]


def test_a_page_that_works_on_one_day_only_is_reported(
    desk: Desk, company_of_the_tour: Path
) -> None:
    page = (
        f"```console\n$ petmsg route explain C-1 --db {company_of_the_tour} "
        "--at 2026-02-14T10:00 -o tsv\nnumber\tfrom\n+14155550101\tWINDOW_ACTIVE\n```\n"
    )
    assert len(play(page, desk)) == 1


def test_a_shape_leaves_out_what_differs_from_run_to_run() -> None:
    one = "Since  2026-02-14 10:07 EST, 9 minutes ago\n\nSaturday 2026-02-14 EST\n  10:09 → Maya"
    other = "Since   2027-07-01 23:59 EDT, now\nThursday 2027-07-01 EDT\n 00:01 → Maya\n"
    assert shape(one) == shape(other) == ["Since TIME, DISTANCE", "DAY", "TIME → Maya"]
    assert shape(one) != shape(one.replace("Maya", "Olga"))


@pytest.mark.parametrize("pattern", UNTYPABLE)
def test_what_is_not_typed_has_a_reason(pattern: str) -> None:
    assert re.compile(pattern)
    assert UNTYPABLE[pattern]
