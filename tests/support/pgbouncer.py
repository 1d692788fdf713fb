"""A real PgBouncer in front of the run's PostgreSQL server, with its default settings.

It listens on 127.0.0.1 at a free port, runs as the user that the server runs as, and ends with the
test. `PGBOUNCER` names another program than the one on the path.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from tests.support.postgres import (
    ROLE,
    NoPostgres,
    PostgresServer,
    free_port,
    is_required,
    new_folder,
    server_environment,
    stop,
    unprivileged,
)

ROWS_ROLE = "petmsg_rows"
"""A role that a test may make: the pooler lets it in, too."""
MODES = ("session", "transaction")
_CONFIG = """
[databases]
* = host=127.0.0.1 port={server}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
auth_type = trust
auth_file = {folder}/users.txt
unix_socket_dir =
pool_mode = {mode}
{more}
"""
# As for the server: it ends when we do, however we end.
_RUN_UNTIL_STDIN_CLOSES = """
exec 3<&0 </dev/null
{ while read -r _ <&3; do :; done; kill -TERM $$; } &
exec 3<&-
exec "$@"
"""


@dataclass(frozen=True)
class Pooler:
    """A running PgBouncer."""

    port: int
    mode: str

    def url(self, direct: str) -> str:
        """The address of the same database through the pooler."""
        name = direct.rpartition("/")[2]
        return f"postgresql://{ROLE}@127.0.0.1:{self.port}/{name}"


def find_program() -> list[str]:
    """The command of PgBouncer. Raises `NoPostgres`."""
    if os.environ.get("PGBOUNCER"):
        return shlex.split(os.environ["PGBOUNCER"])
    places = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"))
    found = shutil.which("pgbouncer", path=places)
    if found is None:
        raise NoPostgres("no pgbouncer on PATH or in /usr/sbin: install pgbouncer")
    return [found]


@contextlib.contextmanager
def running_pgbouncer(server: PostgresServer, mode: str, more: str = "") -> Iterator[Pooler]:
    """Start one in front of the server; `more` are further settings."""
    program, identity = find_program(), unprivileged()
    folder = new_folder(identity)
    try:
        pooler = Pooler(free_port(), mode)
        (folder / "users.txt").write_text(f'"{ROLE}" ""\n"{ROWS_ROLE}" ""\n')
        (folder / "pgbouncer.ini").write_text(
            _CONFIG.format(
                server=server.port, port=pooler.port, folder=folder, mode=mode, more=more
            )
        )
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                ["/bin/sh", "-c", _RUN_UNTIL_STDIN_CLOSES, "pgbouncer", *program,
                 str(folder / "pgbouncer.ini")],
                cwd=folder,
                env=server_environment(),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **identity,
            )  # fmt: skip
        try:
            _wait(pooler, process, folder / "log")
            yield pooler
        finally:
            stop(process)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait(pooler: Pooler, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 20
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(psycopg.OperationalError):
            psycopg.connect(pooler.url("/postgres"), connect_timeout=5).close()
            return
        time.sleep(0.02)
    raise RuntimeError(f"PgBouncer did not start:\n{log.read_text(errors='replace')}")


@contextlib.contextmanager
def pgbouncer_or_skip(server: PostgresServer, mode: str, more: str = "") -> Iterator[Pooler]:
    """`running_pgbouncer`; skips without the program, or fails where PostgreSQL is required."""
    with contextlib.ExitStack() as stack:
        try:
            pooler = stack.enter_context(running_pgbouncer(server, mode, more))
        except NoPostgres as problem:
            if is_required():
                pytest.fail(f"PgBouncer is required here: {problem}", pytrace=False)
            pytest.skip(f"no PgBouncer: {problem}")
        yield pooler


@pytest.fixture(scope="session", params=MODES)
def pgbouncer(request: pytest.FixtureRequest, postgres_server: PostgresServer) -> Iterator[Pooler]:
    """A pooler in session mode, then one in transaction mode."""
    with pgbouncer_or_skip(postgres_server, request.param) as pooler:
        yield pooler


@pytest.fixture(scope="session")
def transaction_pooler(postgres_server: PostgresServer) -> Iterator[Pooler]:
    """A pooler in transaction mode, the one that keeps nothing of a session."""
    with pgbouncer_or_skip(postgres_server, "transaction") as pooler:
        yield pooler
