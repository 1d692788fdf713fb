"""A database to take an export into: made if it is not there yet."""

from datetime import datetime

from petmsg.db import backup
from petmsg.db.location import Location
from petmsg.db.schema_version import HEAD
from petmsg.db.snapshot import require_schema, snapshot, stored_revision


def ready(location: Location, *, actor: str, now: datetime, dry_run: bool) -> bool:
    """Create the database if there is none; False if a dry run found none.

    One that is there must be at this petmsg's schema: raises `SchemaBehind` or `SchemaAhead`.
    """
    if location.path is None or location.path.exists():
        with snapshot(location, any_schema=True) as cursor:
            if stored_revision(cursor) is not None:
                require_schema(cursor)
                return True
    made = backup.create(location, actor=actor, now=now, dry_run=dry_run)
    return made.usable and made.after == HEAD
