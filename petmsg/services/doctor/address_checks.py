"""Checks of the other addresses of a PostgreSQL database: past a pooler, and of a standby."""

from collections.abc import Iterator

from petmsg import settings
from petmsg.db.liveness import worker
from petmsg.db.location import locate
from petmsg.db.snapshot import snapshot
from petmsg.enums.alerts import CheckResult
from petmsg.errors import PetmsgError
from petmsg.services.doctor.check import CheckContext, Finding

_COMMAND = "petmsg config show"


def direct_address(context: CheckContext) -> Iterator[Finding]:
    """A pooler, where the commands that send cannot hold their lock.

    It is a warning while no direct address is set, because a machine may send nothing.
    """
    if context.location.is_file:
        return
    try:
        with worker(context.location):
            pass
    except PetmsgError as problem:
        is_set = context.location.direct is not None
        yield Finding(
            f"Messages cannot be sent from here. {problem.with_hint}",
            _COMMAND,
            result=CheckResult.PROBLEM if is_set else CheckResult.WARNING,
        )


def reading_address(context: CheckContext) -> Iterator[Finding]:
    """A database for the commands that only read, which cannot be read."""
    url, main = (context.environ.get(n) for n in (settings.READ_DATABASE, settings.DATABASE))
    is_read = main and url and locate(main).dsn == context.location.dsn  # not with --db
    if not is_read or url is None or context.location.is_file:
        return
    try:
        with snapshot(locate(url)):
            pass
    except PetmsgError as problem:
        yield Finding(
            f"{settings.READ_DATABASE} cannot be read, so commands that only read fail. "
            f"{problem.message}",
            _COMMAND,
        )
