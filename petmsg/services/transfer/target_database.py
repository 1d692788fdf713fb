"""The database into which an export is restored; it is created if it does not exist."""

from datetime import datetime

from petmsg.db.create import create
from petmsg.db.location import Location
from petmsg.db.schema_version import HEAD
from petmsg.db.snapshot import require_schema, snapshot, stored_revision


def prepare_database(location: Location, *, actor: str, now: datetime, dry_run: bool) -> bool:
    """Create the database if it does not exist; returns False if it does not exist in a dry run.

    Raises `SchemaBehind` or `SchemaAhead` for an existing database with another schema.
    """
    if location.exists:
        with snapshot(location, any_schema=True) as cursor:
            if stored_revision(cursor) is not None:
                require_schema(cursor)
                return True
    made = create(location, actor=actor, now=now, dry_run=dry_run)
    return made.usable and made.after == HEAD
