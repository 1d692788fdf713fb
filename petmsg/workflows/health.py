"""Whether webhooks can be stored: what `/healthz` of `petmsg serve` tells."""

from petmsg.db.backup_mark import require_reviewed
from petmsg.db.location import Location
from petmsg.db.snapshot import require_writable, snapshot
from petmsg.errors import PetmsgError
from petmsg.queries.org import has_org
from petmsg.queries.server_settings import takes_changes


def why_unhealthy(location: Location) -> str | None:
    """The error code with which webhooks are refused now, None if they are stored.

    The database must answer, have this version's schema, take changes, and be no backup that waits
    for `petmsg db restored`. Nothing is written: a full disk is noticed by the next webhook.
    """
    try:
        require_writable(location)
        with snapshot(location) as cursor:
            has_org(cursor)
            require_reviewed(cursor)
            return None if takes_changes(cursor) else "database_read_only"
    except PetmsgError as problem:
        return problem.code
