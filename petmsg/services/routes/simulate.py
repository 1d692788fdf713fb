"""Simulate which numbers clients see over a period, with the same facts and rules as sending.

Standard library only: `petmsg route simulate` starts without SQLAlchemy.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain

from petmsg.clock import format_local
from petmsg.db.cursor import Cursor
from petmsg.errors import EndNotAfterStart, OutOfRange
from petmsg.queries.lookup import ClientKey, find_client
from petmsg.queries.org import OrgRow
from petmsg.queries.routing import AT_FIRST, TIMES_MORE
from petmsg.queries.simulate import read_client_intervals
from petmsg.queries.state_intervals import Span, read_org_history
from petmsg.rules.routing.simulate import Segment, Simulation
from petmsg.services.routes.explain import changed_since

USUAL_DAYS = 30
LONGEST_DAYS = 400


@dataclass(frozen=True, slots=True)
class Simulated:
    """The segments, read lazily client by client, and remarks about settings that changed since."""

    segments: Iterator[Segment]
    remarks: tuple[str, ...]


def check_span(
    start: datetime, end: datetime | None, *, now: datetime, timezone: str = "UTC"
) -> Span:
    """The period `[start, end)` as seen from `now` (all aware UTC); 30 days long without an end.

    Raises `EndNotAfterStart`, and `OutOfRange` for a period of more than 400 days.
    """
    if end is None:
        end = start + timedelta(days=USUAL_DAYS)
    if end <= start:
        raise EndNotAfterStart(
            f"The period ends at {format_local(end, timezone)}, not after its start at "
            f"{format_local(start, timezone)}."
        )
    if end - start > timedelta(days=LONGEST_DAYS):
        raise OutOfRange(
            f"A period of {(end - start).days} days is too long.",
            hint=f"Choose at most {LONGEST_DAYS} days: --from T --to T",
        )
    return Span(start, end, now)


def simulate(
    cursor: Cursor, org: OrgRow, span: Span, *, client_text: str | None = None
) -> Simulated:
    """The segments of all clients who were not erased, or of one. Changes nothing.

    Raises `NotFound` or `Ambiguous`.
    """
    client = None if client_text is None else find_client(cursor, org.id, client_text)
    return Simulated(
        segments=chain.from_iterable(segments_by_client(cursor, org, span, client)),
        remarks=remarks(cursor, org, span, client),
    )


def segments_by_client(
    cursor: Cursor, org: OrgRow, span: Span, client: ClientKey | None
) -> Iterator[list[Segment]]:
    """The segments of each client, in the cursor's transaction."""
    most = AT_FIRST
    history = read_org_history(cursor, org, span, only=client, most=most)
    simulation = Simulation(history.intervals, start=span.start, end=span.end)
    for each in read_client_intervals(cursor, org, span, history, only=client):
        segments = simulation.segments(each)
        while segments is None:  # it depends on more pool numbers
            most *= TIMES_MORE
            history = read_org_history(cursor, org, span, only=client, most=most)
            simulation = Simulation(history.intervals, start=span.start, end=span.end)
            segments = simulation.segments(each)
        yield segments


def remarks(cursor: Cursor, org: OrgRow, span: Span, client: ClientKey | None) -> tuple[str, ...]:
    """Remarks about settings whose current value is also used for the past, and that changed."""
    if span.past_until is None:
        return ()
    changes = changed_since(cursor, org, client, span.start, until=span.past_until)
    return tuple(
        f"{what} changed at {format_local(when, org.timezone)}; earlier times use today's value"
        for what, when in changes
    )
