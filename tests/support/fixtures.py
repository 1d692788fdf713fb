"""What most tests start from: a migrated database, the command line, a unit of work."""

import io
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial, wraps
from itertools import pairwise
from pathlib import Path
from typing import Any, Concatenate, ParamSpec

import pytest
from alembic.config import Config

from petmsg.cli import run_command_line
from petmsg.db import migrate, schema_check
from petmsg.db.cursor import Cursor
from petmsg.db.engine import make_engine
from petmsg.db.location import locate
from petmsg.db.snapshot import snapshot
from petmsg.db.transaction import transaction
from petmsg.queries.org import find_org
from petmsg.services.orgs import org as org_service
from petmsg.services.unit_of_work import UnitOfWork
from tests.support.copies import make_or_copy
from tests.support.postgres import Builder, Copies, PostgresServer
from tests.support.schemas import output_complaints

NOW = datetime(2026, 2, 14, 15, 0, tzinfo=UTC)
"""The instant of most tests: 10:00 in New York, a Saturday without a change of clock."""

ACTOR = "tester@host"


@dataclass(frozen=True)
class Ran:
    """What a command left: its exit code and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its stdout as JSON."""
        return json.loads(self.out)

    @property
    def error(self) -> dict[str, str]:
        """The error it told with `-o json`: the last line of its stderr."""
        found: dict[str, str] = json.loads(self.err.strip().splitlines()[-1])["error"]
        return found


Cli = Callable[..., Ran]
P = ParamSpec("P")
FREE_TEXT = ("--reason", "--body", "--note", "--name", "--key")
"""Options whose value may be any word."""


def run_cli(
    url: str | None, *arguments: str, now: datetime | None = NOW, stdin: str = "", **environ: str
) -> Ran:
    """Run a command in this process on the database at `url`, at `now`."""
    out, err = io.StringIO(), io.StringIO()
    variables = {"PETMSG_ACTOR": ACTOR, "HOME": "/nonexistent", **environ}
    if url is not None:
        variables["PETMSG_DATABASE_URL"] = url
    before = sys.stdin
    sys.stdin = io.TextIOWrapper(io.BytesIO(stdin.encode()), encoding="utf-8")
    try:
        with redirect_stdout(out), redirect_stderr(err):
            code = run_command_line(arguments, environ=variables, now=now)
    finally:
        sys.stdin = before
    ran = Ran(code, out.getvalue(), err.getvalue())
    _hold_against_its_schema(arguments, variables, ran)
    return ran


def _hold_against_its_schema(
    arguments: Sequence[str], environ: Mapping[str, str], ran: Ran
) -> None:
    """Whatever JSON any test makes a command print is as its schema in docs/schemas says."""
    form = environ.get("PETMSG_OUTPUT", "")
    named = []
    for before, word in pairwise(("", *arguments)):
        form = word if before in ("-o", "--output") else form
        if word == "--":
            break  # what follows are no options
        if before not in FREE_TEXT:  # `--reason --usual` names no option
            named.append(word)
    is_csv = "import" in named and "--template" in named
    if form in ("json", "jsonl") and "--help" not in arguments and not is_csv:
        wrong = output_complaints(named, ran.out, form=form)
        assert not wrong, (arguments, wrong, "the field lists of petmsg/render say otherwise")


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the settings, credentials, colours or terminal of whoever runs it."""
    for name in list(os.environ):
        ours = name.startswith(("PETMSG_", "TWILIO_", "STRIPE_"))
        if ours or name in ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR"):
            if name == "PETMSG_REQUIRE_POSTGRES":
                continue
            monkeypatch.delenv(name)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def migrated_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database at the newest schema: SQLite, then PostgreSQL. Empty, or with the org of `cli`."""
    name, builder = _wanted(request, "cli")
    if request.param == "sqlite":
        return _copy(request.getfixturevalue("_sqlite_templates")(name, builder), tmp_path)
    url: str = request.getfixturevalue("postgres_template")(name, builder)
    return url


@pytest.fixture
def migrated_sqlite(
    request: pytest.FixtureRequest,
    _sqlite_templates: Callable[[str, Builder], Path],
    tmp_path: Path,
) -> str:
    """`migrated_url` on SQLite only, where one database is enough."""
    return _copy(_sqlite_templates(*_wanted(request, "sqlite_cli")), tmp_path)


@pytest.fixture(scope="session")
def _sqlite_template(_sqlite_templates: Callable[[str, Builder], Path]) -> Path:
    """The file that `migrated_sqlite` copies, for what fills its own copy once."""
    return _sqlite_templates("migrated", build)


def _wanted(request: pytest.FixtureRequest, command_line: str) -> tuple[str, Builder]:
    """Name and builder of the template. Copying an org is ten times faster than adding it."""
    return ("org", build_org) if command_line in request.fixturenames else ("migrated", build)


def build(url: str) -> None:
    """Make an empty database at the newest schema: by half a second of migrations for the first."""
    make_or_copy(url, _upgrade)


def _upgrade(url: str) -> None:
    migrate.upgrade(url, actor=ACTOR, now=NOW, create=True)


def _has_more_than_an_org(url: str) -> bool:
    """Whether the test wrote something beside the command line; a copy would lose it."""
    with looking(url) as cursor:
        return bool(
            cursor.value("SELECT COUNT(*) FROM org") != 1
            or cursor.value("SELECT MAX(seq) FROM audit_head") != _EVENTS_OF_AN_ORG
        )


def build_org(url: str) -> None:
    """Make a database with the org `happy-paws` (New York)."""
    build(url)
    add_org(url)


def migrated_and(fill: Callable[[str], object]) -> Builder:
    """Make a builder: an empty database at the newest schema, which `fill(url)` fills."""

    def builder(url: str) -> None:
        build(url)
        fill(url)

    return builder


def _copy(template: Path, folder: Path) -> str:
    path = folder / "petmsg.db"
    shutil.copy(template, path)
    path.chmod(0o600)
    return locate(str(path)).url


_EVENTS_OF_AN_ORG = 2
"""How many events `build_org` leaves in the audit log."""


class CommandLine:
    """`cli("org", "list")` runs a command on its database, which begins as a copy."""

    def __init__(self, url: str, copies: Copies) -> None:
        self._url = url
        self._copies: Copies | None = copies

    def __call__(self, *arguments: str, **options: Any) -> Ran:
        self._copies = None
        return run_cli(options.pop("url", self._url), *arguments, **options)

    def fill(self, name: str, commands: Callable[[Cli], object]) -> None:
        """Run `commands(cli)`; first thing in a test, copy what they once made."""
        copies, self._copies = self._copies, None
        if copies is None or _has_more_than_an_org(self._url):
            commands(self)
            return

        def once(url: str) -> None:
            build_org(url)
            commands(partial(run_cli, url))

        copies(name, once)


def copied(commands: Callable[Concatenate[Cli, P], None]) -> Callable[Concatenate[Cli, P], None]:
    """Decorate a function that fills a company by commands: tests that begin with it share one."""

    @wraps(commands)
    def fill(cli: Cli, /, *words: P.args, **options: P.kwargs) -> None:
        if isinstance(cli, CommandLine):
            name = f"{commands.__module__}.{commands.__qualname__} {words} {options}"
            cli.fill(name, lambda fresh: commands(fresh, *words, **options))
        else:
            commands(cli, *words, **options)

    return fill


@pytest.fixture
def refilled(request: pytest.FixtureRequest, migrated_url: str) -> Copies:
    """A function `(name, builder) -> migrated_url`, now a copy of what `builder(url)` made once."""
    if "postgresql" not in migrated_url:
        templates: Callable[[str, Builder], Path] = request.getfixturevalue("_sqlite_templates")
        return partial(_copy_over, templates, migrated_url)
    server: PostgresServer = request.getfixturevalue("postgres_server")

    def copy(name: str, builder: Builder) -> str:
        database = migrated_url.rpartition("/")[2]
        server.drop(database)
        server.create(template=server.template(name, builder), name=database)
        return migrated_url

    return copy


@pytest.fixture
def sqlite_refilled(
    migrated_sqlite: str, _sqlite_templates: Callable[[str, Builder], Path]
) -> Copies:
    """`refilled` on SQLite only, of `migrated_sqlite`."""
    return partial(_copy_over, _sqlite_templates, migrated_sqlite)


def _copy_over(
    templates: Callable[[str, Builder], Path], url: str, name: str, builder: Builder
) -> str:
    return _copy(templates(name, builder), Path(url.removeprefix("sqlite:///")).parent)


@pytest.fixture
def cli(migrated_url: str, refilled: Copies) -> Cli:
    """The command line on a migrated database with the org `happy-paws` (New York)."""
    return CommandLine(migrated_url, refilled)


@pytest.fixture
def sqlite_cli(migrated_sqlite: str, sqlite_refilled: Copies) -> Cli:
    """`cli` on SQLite only."""
    return CommandLine(migrated_sqlite, sqlite_refilled)


def add_org(
    url: str,
    slug: str = "happy-paws",
    *,
    timezone: str = "America/New_York",
    front_desk: str | None = "+14155550100",
) -> None:
    """An org in the database at `url`."""
    location = locate(url)
    engine = make_engine(location)
    with transaction(engine, location) as begun:
        _, uow = org_service.add(
            begun,
            slug,
            name=slug.replace("-", " ").title(),
            timezone=timezone,
            front_desk=front_desk,
            actor=ACTOR,
            now=NOW,
        )
        uow.finish()
    engine.dispose()


@pytest.fixture(scope="session", autouse=True)
def _same_schemas_compared_once() -> Iterator[None]:
    """Compare an SQLite schema with the models once per process: half a second for each `doctor`.

    A schema that differs by one character of its SQL is compared for itself.
    """
    compare = schema_check.differences
    known: dict[Any, list[str]] = {}

    def differences(settings: Config, revision: str) -> list[str]:
        connection = settings.attributes["connection"]
        if connection.dialect.name != "sqlite":
            return compare(settings, revision)
        driver = connection.connection.driver_connection
        key = (revision, frozenset(driver.execute("SELECT name, sql FROM sqlite_master")))
        if key not in known:
            known[key] = compare(settings, revision)
        return list(known[key])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schema_check, "differences", differences)
        yield


@contextmanager
def working(
    url: str, *, now: datetime = NOW, org: str | None = None, actor: str = ACTOR
) -> Iterator[UnitOfWork]:
    """A unit of work on the database at `url`, committed at the end."""
    location = locate(url)
    engine = make_engine(location)
    try:
        with transaction(engine, location) as begun:
            uow = UnitOfWork(begun, find_org(begun.cursor, org), actor, now)
            yield uow
            uow.finish()
    finally:
        engine.dispose()


@contextmanager
def looking(url: str) -> Iterator[Cursor]:
    """A read-only cursor on the database at `url`."""
    with snapshot(locate(url)) as cursor:
        yield cursor


def lines(*rows: Sequence[str]) -> str:
    """Rows as CSV text, for batch input without quotes."""
    return "\n".join(",".join(row) for row in rows) + "\n"
