"""How long something has taken, across processes and machines, by a clock that nobody sets.

A wall clock cannot tell: two machines may differ by minutes, and one machine's may be set while
petmsg waits. A mark is a reading of a clock that names itself: PostgreSQL's own, or on SQLite the
machine's uptime. Marks of two clocks (another server, a machine started anew) say nothing together,
and then the wait starts again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from petmsg.clock import uptime
from petmsg.db.cursor import Cursor

_BOOT = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Stopwatch:
    """A clock with its name; `seconds` reads it."""

    name: str
    seconds: Callable[[], float]

    def mark(self) -> str:
        """The reading of this moment, as it is stored."""
        return f"{self.name} {self.seconds():.6f}"


def stopwatch_of(cursor: Cursor) -> Stopwatch:
    """The clock that every process on this database shares.

    PostgreSQL's is asked once and carried on by the machine's uptime.
    """
    if cursor.is_sqlite:
        return Stopwatch(_boot(), uptime)
    ((started, now),) = cursor.tuples(
        "SELECT extract(epoch FROM pg_postmaster_start_time())::float8,"
        " extract(epoch FROM clock_timestamp())::float8"
    )
    ahead = now - uptime()
    return Stopwatch(f"server-{started:.6f}", lambda: uptime() + ahead)


def elapsed(since: str | None, until: str) -> timedelta | None:
    """The time between two marks; None where they do not tell it."""
    if since is None:
        return None
    name, _, first = since.rpartition(" ")
    same, _, last = until.rpartition(" ")
    seconds = float(last) - float(first)
    return timedelta(seconds=seconds) if name == same and seconds >= 0 else None


def _boot() -> str:
    try:
        return "boot-" + _BOOT.read_text().strip()
    except OSError:
        return "boot"
