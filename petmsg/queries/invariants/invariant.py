"""A rule that every database of petmsg keeps, and the statement that finds what breaks it.

The statements take nothing for granted: no constraint, index or trigger, since somebody may have
edited the database by hand with all of them gone. So each goes through its tables a fixed number of
times, joined and grouped: a look-up per row would take hours where an index is missing.
"""

from datetime import datetime
from typing import Any, NamedTuple

from petmsg.db.cursor import Cursor


class Invariant(NamedTuple):
    """One rule. `holds` is what is true while nothing breaks it.

    `sql` gives a row for each thing that does: `org_id`, and what `finding` and `command` name in
    braces; a `{org}` in the command becomes ` --org SLUG` where that is needed. `:now` is the time
    of the look. The command mends it where one of petmsg's can; else it shows what is there.
    """

    name: str
    holds: str
    finding: str
    sql: str
    command: str | None = None


def broken(cursor: Cursor, invariant: Invariant, *, now: datetime) -> list[dict[str, Any]]:
    """What breaks the rule at `now` (aware UTC)."""
    return cursor.rows(invariant.sql, now=now)
