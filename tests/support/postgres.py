"""A real PostgreSQL server for one test run, and the empty databases tests ask for.

The server is ours alone: its folder is new, it listens on 127.0.0.1 at a free port, and it dies
with this process, however that ends. With pytest-xdist each worker has its own. Speed comes from
`fsync=off`; its time zone is far from UTC, so that a time that was not stored as UTC shows.

`python -m tests.support.postgres COMMAND ARG…` runs a command with the URL of an empty database as
its last argument.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from tests.support.memory import MEMORY, has_memory

ROLE = "petmsg"  # no superuser, so that a statement only a superuser may run fails here too
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "200",
    "shared_buffers": "32MB",
    "fsync": "off",
    "full_page_writes": "off",
    "max_wal_size": "128MB",  # the folder may lie in memory
    # Nobody follows this server, and its databases are gone before a vacuum is worth it.
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
    "timezone": "America/New_York",
    "log_timezone": "UTC",
}
START_SECONDS = 60
STOP_SECONDS = 20

# `$$` becomes the server. Its child waits for the other end of a pipe to close, which happens when
# we close it and also when we are killed; then it asks for a fast shutdown and tidies up.
RUN_UNTIL_STDIN_CLOSES = """
exec 3<&0 </dev/null
{
    while read -r _ <&3; do :; done
    kill -INT $$
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        kill -0 $$ 2>/dev/null || break
        sleep 0.2
    done
    folder=$PWD && cd / && rm -rf "$folder"
} &
exec 3<&-
exec "$@"
"""

# The same for a server that is to be crashed: whenever it ends, it is started again.
RUN_AGAIN_UNTIL_STDIN_CLOSES = """
exec 3<&0 </dev/null
{
    while read -r _ <&3; do :; done
    : >stopping
    kill -INT "$(head -n 1 data/postmaster.pid)"
} &
exec 3<&-
while [ -d data ] && [ ! -e stopping ]; do "$@"; done
folder=$PWD && cd / && rm -rf "$folder"
"""
# What keeps an acknowledged write when a server crashes.
DURABLE = {"fsync": "on", "full_page_writes": "on"}
# PostgreSQL's own defaults, for figures.
ON_A_DISK = DURABLE | {
    "shared_buffers": "128MB",
    "max_wal_size": "1GB",
    "wal_level": "replica",
    "max_wal_senders": "10",
    "autovacuum": "on",
}

Builder = Callable[[str], object]
Copies = Callable[[str, Builder], str]


class NoPostgres(Exception):
    """This machine has no PostgreSQL programs."""


def find_programs() -> Path:
    """Return the folder of `initdb` and `postgres`: the one on PATH, else Debian's newest."""
    on_path = shutil.which("initdb")
    folders = [Path(on_path).resolve().parent] if on_path else []
    folders += sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda f: int(f.parent.name), reverse=True
    )
    for folder in folders:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise NoPostgres("no initdb on PATH or in /usr/lib/postgresql/*/bin: install postgresql")


def is_required() -> bool:
    """Say whether a machine without PostgreSQL is an error instead of a reason to skip."""
    wanted = (os.environ.get(name, "") for name in ("PETMSG_REQUIRE_POSTGRES", "CI"))
    return any(value.lower() not in ("", "0", "false", "no") for value in wanted)


def unprivileged() -> dict[str, Any]:
    """Return the subprocess arguments that drop root, which PostgreSQL refuses to run as."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            user = pwd.getpwnam(name)
            return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    raise NoPostgres("running as root, and there is no user postgres or nobody to run it as")


def parents(*, durable: bool) -> Iterator[Path]:
    """Yield the places for the server's folder, the best first; for a durable one all on a disk.

    In memory a new database takes 10 ms; on a disk a third of a second, even without fsync.
    """
    if not durable and has_memory():
        yield MEMORY
    yield Path(tempfile.gettempdir())
    yield Path("/var/tmp")  # noqa: S108 - as above


def new_folder(identity: dict[str, Any], *, durable: bool = False) -> Path:
    """Make a folder the server's user owns and can reach."""
    for parent in parents(durable=durable):
        reachable = all(p.stat().st_mode & 0o001 for p in (parent, *parent.parents))
        if reachable or not identity:
            folder = Path(tempfile.mkdtemp(prefix="petmsg-postgres-", dir=parent))
            if identity:
                os.chown(folder, identity["user"], identity["group"])
            return folder
    raise NoPostgres("no temporary folder that another user than root can reach")


class PostgresServer:
    """A running server. Made by `running_server()`."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port
        self._made = 0
        self._templates: dict[str, str] = {}
        self._admin: psycopg.Connection | None = None

    def url(self, database: str, *, driver: str = "postgresql+psycopg") -> str:
        """Return the URL of a database for SQLAlchemy, or with driver `postgresql` for libpq."""
        return f"{driver}://{ROLE}@127.0.0.1:{self.port}/{database}"

    def create(self, *, template: str | None = None, name: str | None = None) -> str:
        """Create a database, empty or as a copy of a template, and return its name."""
        self._made += 1
        name = name or f"t_{self._made}"
        source = template or "template0"
        statement = "CREATE DATABASE {} OWNER {} TEMPLATE {}"
        if self.admin.info.server_version >= 150000:  # older ones copy files anyway
            statement += " STRATEGY FILE_COPY"  # up to five times faster than WAL_LOG without fsync
        self.execute(statement, name, ROLE, source)
        return name

    def drop(self, name: str) -> None:
        """Drop a database, whoever is still connected to it."""
        self.execute("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    def template(self, name: str, builder: Builder, *, of: str | None = None) -> str:
        """Return the database that `builder(url)` filled the first time `name` was asked for.

        It was empty, or a copy of the template `of`.
        """
        if name not in self._templates:
            database = self.create(template=of)
            try:
                builder(self.url(database))
            except BaseException:
                self.drop(database)
                raise
            # A copy is refused while somebody is connected to the original: an engine's pool, say.
            self.execute("ALTER DATABASE {} ALLOW_CONNECTIONS false", database)
            self.admin.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s",
                (database,),
            )
            self._templates[name] = database
        return self._templates[name]

    @contextlib.contextmanager
    def unchecked(self, database: str) -> Iterator[None]:
        """Let no trigger and no foreign key look at the rows that new connections add to it."""
        self.execute("ALTER DATABASE {} SET session_replication_role = replica", database)
        yield
        self.execute("ALTER DATABASE {} RESET session_replication_role", database)

    @property
    def admin(self) -> psycopg.Connection:
        """Return the superuser's connection, opened anew if a test made the server drop it."""
        if self._admin is None or self._admin.closed:
            self._admin = self._connect("postgres")
        return self._admin

    def _connect(self, database: str) -> psycopg.Connection:
        return psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user="postgres",
            dbname=database,
            autocommit=True,
            connect_timeout=5,
        )

    def execute(self, statement: str, *names: str) -> None:
        """Run a statement as the superuser, with names where it has `{}`."""
        self.admin.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

    def forget_statistics(self, url: str) -> None:
        """Let the server know as little of a database's rows as after an import."""
        with self._connect(url.rpartition("/")[2]) as connection:
            connection.execute("DELETE FROM pg_statistic")
            connection.execute(
                "UPDATE pg_class SET relpages = 0, reltuples = -1, relallvisible = 0"
                " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'i')"
            )

    def crash(self) -> None:
        """End a server that runs `again` in immediate mode; returns when it answers anew."""
        began = self._began()
        with (self.folder / "data" / "postmaster.pid").open() as told:
            os.kill(int(told.readline()), signal.SIGQUIT)
        self.close()
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            with contextlib.suppress(psycopg.Error):
                if self._began() != began:
                    return
            time.sleep(0.02)
        raise RuntimeError("PostgreSQL did not come back")

    def _began(self) -> object:
        row = self.admin.execute("SELECT pg_postmaster_start_time()").fetchone()
        assert row is not None
        return row[0]

    def close(self) -> None:
        """Close the superuser's connection."""
        if self._admin is not None:
            self._admin.close()


_running: dict[int, PostgresServer] = {}
"""The servers that this process has started, by their port."""


def server_of(url: str) -> PostgresServer | None:
    """Return the server of this process where a database lies; None for any other database."""
    port = urlsplit(url).port if url.startswith("postgresql") else None
    return None if port is None else _running.get(port)


@contextlib.contextmanager
def running_server(
    *, again: bool = False, durable: bool = False, autovacuum: bool = False
) -> Iterator[PostgresServer]:
    """Start a server in a new folder; stop it and remove the folder at the end.

    One that runs `again` may be crashed: it loses nothing and is started anew. A `durable` one
    lies on a disk and commits to it, as the server of a company does. With `autovacuum` a database
    may live for long: the server removes what was deleted, and counts the rows for its plans.
    Raises NoPostgres where that is impossible, RuntimeError with its log where it fails.
    """
    programs, identity = find_programs(), unprivileged()
    folder = new_folder(identity, durable=durable)
    try:
        run_initdb(programs, folder, identity)
        more = {"autovacuum": "on"} if autovacuum else {}
        with started(
            programs, folder, identity, again=again, durable=durable, settings=more
        ) as server:
            server.execute("CREATE ROLE {} LOGIN", ROLE)
            _running[server.port] = server
            try:
                yield server
            finally:
                del _running[server.port]
                server.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run_initdb(programs: Path, folder: Path, identity: dict[str, Any]) -> None:
    """Make the server's data folder."""
    command = [str(programs / "initdb"), "-D", str(folder / "data"), "--username=postgres"]
    done = subprocess.run(
        [*command, "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"],
        cwd=folder,
        env=server_environment(),
        capture_output=True,
        text=True,
        check=False,
        **identity,
    )
    if done.returncode:
        raise RuntimeError(f"initdb failed:\n{done.stdout}{done.stderr}")


def server_environment() -> dict[str, str]:
    """Return an environment without the PG… and LC_… settings of whoever runs the tests."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}


@contextlib.contextmanager
def started(
    programs: Path,
    folder: Path,
    identity: dict[str, Any],
    *,
    again: bool = False,
    durable: bool = False,
    settings: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[PostgresServer]:
    """Start the server on a free port, on another one if that was taken meanwhile."""
    settings = {
        **SETTINGS,
        **(ON_A_DISK if durable else DURABLE if again else {}),
        **settings,
        "unix_socket_directories": str(folder),
    }
    script = RUN_AGAIN_UNTIL_STDIN_CLOSES if again else RUN_UNTIL_STDIN_CLOSES
    for attempt in range(5):
        server = PostgresServer(folder, free_port())
        options = [f"-c{name}={value}" for name, value in settings.items()]
        command = [str(programs / "postgres"), "-D", str(folder / "data"), f"-p{server.port}"]
        log = folder / f"log-{attempt}"
        with log.open("wb") as output:
            process = subprocess.Popen(
                ["/bin/sh", "-c", script, "postgres", *command, *options],
                cwd=folder,
                env=server_environment(),
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # so that an interrupt reaches the tests, not the server
                **identity,
            )
        try:
            if wait_until_ready(server, process):
                yield server
                return
        finally:
            stop(process)
        words = log.read_text(errors="replace")
        if "Address already in use" not in words:
            raise RuntimeError(f"PostgreSQL did not start:\n{words}")
    raise RuntimeError("PostgreSQL found no free port in 5 tries")


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_ready(server: PostgresServer, process: subprocess.Popen[bytes]) -> bool:
    """Return True when our server answers, False when it has ended or takes too long."""
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(psycopg.OperationalError):
            row = server.admin.execute("SHOW data_directory").fetchone()
            # On a port somebody else took first, the answer is another server's.
            return row is not None and Path(row[0]) == server.folder / "data"
        time.sleep(0.02)
    return False


def stop(process: subprocess.Popen[bytes]) -> None:
    """Shut the server down fast; kill all of it if that takes too long."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, 9)
        process.wait()


# --------------------------------------------------------------------------------------- fixtures


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """The run's server. Skips without PostgreSQL, or fails where it is required."""
    with contextlib.ExitStack() as stack:
        try:
            server = stack.enter_context(running_server())
        except NoPostgres as problem:
            if is_required():
                pytest.fail(f"PostgreSQL is required here: {problem}", pytrace=False)
            pytest.skip(f"no PostgreSQL: {problem}")
        yield server


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The URL of a fresh, empty PostgreSQL database."""
    name = postgres_server.create()
    yield postgres_server.url(name)
    postgres_server.drop(name)


@pytest.fixture
def postgres_template(postgres_server: PostgresServer) -> Iterator[Copies]:
    """A function `(name, builder) -> url of a fresh copy` of what `builder(url)` made once."""
    made: list[str] = []

    def copy(name: str, builder: Builder) -> str:
        made.append(postgres_server.create(template=postgres_server.template(name, builder)))
        return postgres_server.url(made[-1])

    yield copy
    for name in made:
        postgres_server.drop(name)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The URL of an SQLite file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'petmsg.db'}"


@pytest.fixture(scope="session")
def _sqlite_templates(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Builder], Path]:
    made: dict[str, Path] = {}

    def template(name: str, builder: Builder) -> Path:
        if name not in made:
            path = tmp_path_factory.mktemp("template") / "petmsg.db"
            builder(f"sqlite:///{path}")
            made[name] = path
        return made[name]

    return template


@pytest.fixture
def sqlite_copies(_sqlite_templates: Callable[[str, Builder], Path], sqlite_url: str) -> Copies:
    """`postgres_template` for SQLite, always at `sqlite_url`."""

    def copy(name: str, builder: Builder) -> str:
        path = Path(sqlite_url.removeprefix("sqlite:///"))
        shutil.copy(_sqlite_templates(name, builder), path)
        path.chmod(0o600)
        return sqlite_url

    return copy


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of an empty database: the test runs once on each of the two kinds."""
    fixture = {"sqlite": "sqlite_url", "postgresql": "postgres_url"}[request.param]
    return str(request.getfixturevalue(fixture))


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_copies(request: pytest.FixtureRequest) -> Copies:
    """`postgres_template` for both kinds of database: the test runs once on each."""
    fixture = {"sqlite": "sqlite_copies", "postgresql": "postgres_template"}[request.param]
    copies: Copies = request.getfixturevalue(fixture)
    return copies


def main() -> int:
    """Run the command of the arguments with the URL of an empty database as its last argument."""
    try:
        with running_server() as server:
            command = [*sys.argv[1:], server.url(server.create())]
            return subprocess.run(command, check=False).returncode
    except NoPostgres as problem:
        print(f"no PostgreSQL: {problem}", file=sys.stderr)  # noqa: T201 - a program prints
        return 1 if is_required() else 0


if __name__ == "__main__":
    sys.exit(main())
