"""An invariant: a rule that every petmsg database keeps, and the statement that finds breaches.

The statements rely on no constraint, index or trigger, because somebody may have edited the
database by hand without them. Therefore each statement scans its tables a fixed number of times
and joins or groups them: a look-up per row would take hours if an index is missing.
"""

from datetime import datetime
from typing import Any, NamedTuple

from petmsg.db.cursor import Cursor


class Invariant(NamedTuple):
    """One rule; `holds` is the statement that is true while no row breaks it.

    `sql` returns one row per breach: `org_id`, and the values that `finding` and `command` name in
    braces. `{org}` in the command becomes ` --org SLUG` if the database has several orgs. `:now` is
    the time of the check. The command fixes the breach, or shows it if no command can fix it.
    `on_postgres` is the statement for PostgreSQL where it is another one: SQLite's instants are
    texts, so that their distance is computed differently.
    """

    name: str
    holds: str
    finding: str
    sql: str
    command: str | None = None
    on_postgres: str | None = None


def broken(cursor: Cursor, invariant: Invariant, *, now: datetime) -> list[dict[str, Any]]:
    """The rows that break the rule at `now` (aware UTC)."""
    sql = invariant.sql
    if invariant.on_postgres is not None and not cursor.instants_are_text:
        sql = invariant.on_postgres
    return cursor.rows(sql, now=now)
