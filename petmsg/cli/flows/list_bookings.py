"""`booking list`: which days its options mean, and the bookings of those days."""

from typing import NamedTuple

from petmsg.cli.context import Context
from petmsg.days import Span, parse_day, parse_span, span_of_day
from petmsg.enums.bookings import BookingStatus
from petmsg.errors import UsageProblem
from petmsg.queries import booking as queries
from petmsg.queries.org import OrgRow
from petmsg.queries.page import Page
from petmsg.render.views.booking import BOOKINGS


class Days(NamedTuple):
    """The days of a list, as a person wrote them."""

    today: bool = False
    on: str | None = None
    start: str | None = None
    end: str | None = None


def list_bookings(
    context: Context,
    page: Page,
    days: Days,
    *,
    status: BookingStatus | None,
    client: str | None,
    sitter: str | None,
) -> None:
    """Print the chosen bookings. Raises `UsageProblem` where the days are named in two ways."""
    with context.snapshot() as cursor:
        org = context.org(cursor)
        rows = queries.list_bookings(
            cursor,
            org,
            page,
            status=status,
            client=client,
            sitter=sitter,
            span=_span(context, org, days),
        )
    context.show_list(BOOKINGS, rows)


def _span(context: Context, org: OrgRow, days: Days) -> Span | None:
    is_span = days.start is not None or days.end is not None
    ways = days.today + (days.on is not None) + is_span
    if ways > 1:
        raise UsageProblem(
            "--today, --on, and --from with --to cannot be combined.", hint="Use one of them."
        )
    if not ways:
        return None
    if is_span:
        return parse_span(
            days.start,
            days.end,
            timezone=org.timezone,
            at=context.now,
            options=("--from", "--to"),
        )
    day = parse_day(days.on or "today", timezone=org.timezone, at=context.now)
    return Span(*span_of_day(day, org.timezone))
