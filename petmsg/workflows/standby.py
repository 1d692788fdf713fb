"""Reading from a standby, which may be behind the server that it follows."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from petmsg import settings
from petmsg.db.cursor import Cursor
from petmsg.db.driver_errors import is_driver_error
from petmsg.db.location import Location
from petmsg.db.snapshot import snapshot
from petmsg.errors import Misconfigured
from petmsg.queries.server_settings import Staleness, staleness

TOLD_SECONDS = 2.0
"""A standby that is less behind is as good as its server."""


@contextmanager
def look_at(location: Location, *, warn: Callable[[str], None]) -> Iterator[Cursor]:
    """A snapshot of the standby; `warn` is told how old its data is.

    Raises what `snapshot` raises; the hint says which setting named the standby. An error of the
    block that is not the database's keeps its own hint.
    """
    is_open = False
    try:
        with snapshot(location) as cursor:
            words = in_words(staleness(cursor))
            if words is not None:
                warn(words)
            is_open = True
            yield cursor
    except Misconfigured as problem:
        cause = problem.__cause__
        if not is_open or (cause is not None and is_driver_error(cause)):
            problem.hint = (
                f"{settings.READ_DATABASE} names the database that was read. Without it, the main"
                " database is read."
            )
        raise


def in_words(found: Staleness) -> str | None:
    """What to say about the age of the data; None if it is of this moment."""
    if not found.is_standby:
        return None
    if not found.is_following:
        since = "an unknown time" if found.seconds is None else _length(found.seconds)
        return f"The standby receives nothing from its server: its newest change is {since} old."
    if found.is_level or found.seconds is None or found.seconds < TOLD_SECONDS:
        return None
    return f"The standby is {_length(found.seconds)} behind its server."


def _length(seconds: float) -> str:
    """How long that is, in the largest unit that it fills."""
    for unit, size in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} seconds"
