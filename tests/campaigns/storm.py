"""A PostgreSQL server that fails at random: backends are terminated, and it crashes."""

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import psycopg

from petmsg.db.location import locate
from tests.support.postgres import PostgresServer

PAUSE_SECONDS = (0.02, 0.25)
CRASH_CHANCE = 0.04
"""A crash every twenty-five moments: about one in four seconds."""

_TERMINATE = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = %s AND pid <> pg_backend_pid() ORDER BY random() LIMIT 1
"""


@dataclass
class Storm:
    """What a storm did so far. The crashes are at its beginning too, so that each has one."""

    terminated: int = 0
    crashes: int = 0
    trouble: list[Exception] = field(default_factory=list)


@contextmanager
def storming(server: PostgresServer, url: str, seed: int) -> Iterator[Storm]:
    """Let the database's server, started with `again`, fail until the end of the block."""
    dice, storm, calm = random.Random(seed), Storm(), threading.Event()
    database = (locate(url).dsn or "").rpartition("/")[2]

    def blow() -> None:
        moment = 0
        try:
            while not calm.wait(dice.uniform(*PAUSE_SECONDS)):
                moment += 1
                if moment == 5 or dice.random() < CRASH_CHANCE:
                    server.crash()
                    storm.crashes += 1
                    continue
                with suppress(psycopg.OperationalError):
                    done = server.admin.execute(_TERMINATE, (database,))
                    storm.terminated += done.rowcount
        except Exception as problem:  # noqa: BLE001 because it is raised where it is waited for
            storm.trouble.append(problem)

    thread = threading.Thread(target=blow)
    thread.start()
    try:
        yield storm
    finally:
        calm.set()
        thread.join()
    if storm.trouble:
        raise storm.trouble[0]
