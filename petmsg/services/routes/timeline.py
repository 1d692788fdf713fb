"""A client's thread over a period: windows, the number they see, quarantines, messages and calls.

The segments are those of `petmsg route simulate`, so the timeline agrees with `route explain`.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from petmsg.db.cursor import Cursor
from petmsg.queries import timeline as queries
from petmsg.queries.lookup import find_client
from petmsg.queries.org import OrgRow
from petmsg.queries.state_intervals import Span
from petmsg.queries.thread_calls import ThreadCall, calls_in
from petmsg.rules.routing.simulate import Segment
from petmsg.services.routes.simulate import check_span, remarks, segments_by_client

USUAL_PAST = timedelta(days=3)
USUAL_DAYS = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Timeline:
    """The data of a timeline. Times are aware UTC; `timezone` is the org's, for display."""

    org: str
    client: str
    name: str | None
    timezone: str
    start: datetime
    end: datetime
    now: datetime
    segments: tuple[Segment, ...]
    windows: tuple[queries.TimelineWindow, ...]
    quarantines: tuple[queries.Quarantine, ...]
    messages: tuple[queries.TimelineMessage, ...]
    calls: tuple[ThreadCall, ...]
    remarks: tuple[str, ...] = ()


def span_of(
    start: datetime | None, end: datetime | None, *, now: datetime, timezone: str = "UTC"
) -> Span:
    """The period of a timeline: it starts three days ago by default and lasts fourteen days.

    Raises `EndNotAfterStart`, and `OutOfRange` for a period of more than 400 days.
    """
    if start is None:
        start = (now if end is None else min(now, end)) - USUAL_PAST
    return check_span(start, start + USUAL_DAYS if end is None else end, now=now, timezone=timezone)


def timeline(cursor: Cursor, org: OrgRow, client_text: str, span: Span, now: datetime) -> Timeline:
    """The client's timeline. Changes nothing. Raises `NotFound` or `Ambiguous`."""
    client = find_client(cursor, org.id, client_text)
    touched = {"since": span.start, "until": span.end}
    segments = [each for row in segments_by_client(cursor, org, span, client) for each in row]
    windows = queries.windows_in(cursor, org, client, **touched)
    messages = queries.messages_in(cursor, org, client, **touched)
    numbers = {each.route.number.e164 for each in segments if each.route.number is not None}
    sitters = sorted({row.sitter for row in windows if row.sitter is not None})
    numbers |= queries.numbers_of(cursor, org, sitters)
    return Timeline(
        org=org.slug,
        client=client.ref,
        name=client.name,
        timezone=org.timezone,
        start=span.start,
        end=span.end,
        now=now,
        segments=tuple(segments),
        windows=tuple(windows),
        quarantines=tuple(queries.quarantines_in(cursor, org, sorted(numbers), **touched)),
        messages=tuple(messages),
        calls=tuple(calls_in(cursor, client.id, **touched, most=queries.MOST_MESSAGES)),
        remarks=remarks(cursor, org, span, client),
    )
