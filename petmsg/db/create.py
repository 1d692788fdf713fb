"""Create the database if it is not there: `petmsg init`."""

from dataclasses import dataclass
from datetime import datetime

from petmsg.db import migrate
from petmsg.db.location import Location, network_file_system
from petmsg.db.snapshot import snapshot, stored_revision
from petmsg.errors import Misconfigured


@dataclass(frozen=True, slots=True)
class Created:
    """A database after `init`. `usable` is False after a dry run that found none."""

    after: str | None
    usable: bool


def create(location: Location, *, actor: str, now: datetime, dry_run: bool = False) -> Created:
    """Create the database if it is not there and bring it to this petmsg's schema.

    Raises `Misconfigured` on a network file system, where SQLite's locks cannot be trusted.
    """
    if location.path is not None:
        kind = network_file_system(location.path.parent)
        if kind is not None:
            raise Misconfigured(
                f"{location.path} lies on a network file system ({kind}).",
                hint="Put the file on a local disk, or use PostgreSQL.",
            )
        if dry_run and not location.path.exists():
            return Created(migrate.head(), usable=False)
        if not dry_run:
            location.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if dry_run:
        with snapshot(location, any_schema=True) as cursor:
            revision = stored_revision(cursor)
        return Created(migrate.head(), usable=revision == migrate.head())
    migrated = migrate.upgrade(location.url, actor=actor, now=now, create=True)
    return Created(migrated.after, usable=True)
