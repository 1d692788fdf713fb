"""Which numbers clients see over a span of time, from the same facts and rules as sending.

Standard library only: `petmsg route simulate` starts without SQLAlchemy.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import chain

from petmsg.clock import iso_utc
from petmsg.db.cursor import Cursor
from petmsg.errors import EndNotAfterStart, OutOfRange
from petmsg.queries.course import Span, read_org_history
from petmsg.queries.lookup import ClientKey
from petmsg.queries.org import OrgRow
from petmsg.queries.simulate import read_client_courses
from petmsg.routing.simulate import Segment
from petmsg.routing.simulate import simulate as simulated

USUAL_DAYS = 30
LONGEST_DAYS = 400


def checked_span(start: datetime, end: datetime, *, now: datetime) -> Span:
    """`[start, end)` as it is looked at from `now` (all aware UTC). Raises `EndNotAfterStart`, and
    `OutOfRange` for a span of more than 400 days."""
    if end <= start:
        raise EndNotAfterStart(
            f"The span ends at {iso_utc(end)}, not after its start at {iso_utc(start)}."
        )
    if end - start > timedelta(days=LONGEST_DAYS):
        raise OutOfRange(
            f"A span of {(end - start).days} days is too long.",
            hint=f"At most {LONGEST_DAYS} days: --from T --to T",
        )
    return Span(start, end, now)


def simulate(
    cursor: Cursor, org: OrgRow, span: Span, *, client: ClientKey | None = None
) -> Iterator[Segment]:
    """The segments of all clients who were not forgotten, one client after the other; or of one.

    Each is read when it is asked for, in the cursor's transaction. Changes nothing.
    """
    history = read_org_history(cursor, org, span)
    clients = read_client_courses(cursor, org, span, history, only=client)
    return chain.from_iterable(simulated(history.course, clients, start=span.start, end=span.end))
