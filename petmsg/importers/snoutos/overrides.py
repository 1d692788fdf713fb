"""Active overrides of the old system: each is reported, because petmsg cannot store them.

An override sends the messages of a thread elsewhere until it ends. If it were dropped silently, the
next message would go to the sitter whom somebody had removed from the conversation.
"""

from collections.abc import Sequence
from sqlite3 import Row

from petmsg.clock import format_local
from petmsg.errors import Refused
from petmsg.importers.snoutos.legacy_schema import time_of
from petmsg.importers.snoutos.report import Imported
from petmsg.services.unit_of_work import UnitOfWork

OVERRIDES = """
SELECT o.id, o.startsAt, o.endsAt, o.targetType, o.threadId, t.clientId
FROM "RoutingOverride" o LEFT JOIN "Thread" t ON t.id = o.threadId
WHERE o.orgId = :org AND o.removedAt IS NULL ORDER BY o.startsAt, o.id
"""


class OverrideNotImported(Refused):
    code = "override_not_taken"


def report_overrides(uow: UnitOfWork, rows: Sequence[Row]) -> Imported:
    """Report each active or future override; a past one needs nothing."""
    result = Imported("RoutingOverride", read=len(rows))
    for row in rows:
        ends_at = None if row["endsAt"] is None else time_of(row["endsAt"], "endsAt")
        if ends_at is not None and ends_at <= uow.now:
            continue
        whose = row["clientId"] or f"of thread {row['threadId']}"
        until = (
            "until it is removed" if ends_at is None else f"until {format_local(ends_at, 'UTC')}"
        )
        result.refuse(
            row["id"],
            OverrideNotImported(
                f"The messages of client {whose} go to {row['targetType'] or 'another place'} "
                f"{until}. petmsg has no such override: assignment windows decide.",
                hint=f"To stop the sitter from messaging: petmsg booking list --client {whose}, "
                "then petmsg booking reassign REF --nobody",
            ),
        )
    return result
