"""What `booking import` does with a calendar file."""

from datetime import datetime, time, timedelta
from functools import partial
from pathlib import PurePath
from typing import TYPE_CHECKING, NamedTuple

from petmsg.cli.batch import run_chunks
from petmsg.cli.context import Context
from petmsg.cli.results import Results
from petmsg.clock import format_local
from petmsg.enums.output import OutputFormat
from petmsg.errors import MalformedTime, OutOfRange, UsageProblem
from petmsg.queries.org import OrgRow
from petmsg.render.views.nouns import BOOKING_IMPORTED
from petmsg.text_inputs import parse_name

if TYPE_CHECKING:
    from petmsg.services.transfer.row_files import RowDone

USUAL_DAYS = 90
_MOST_DAYS = 731


class CalendarOptions(NamedTuple):
    """The options of `booking import` that are for calendars, as they were typed."""

    client: str | None
    sitter: str | None
    feed: str | None
    until: str | None
    all_day: str | None

    def refuse(self) -> None:
        """Raise `UsageProblem` if one of them was given: the file is no calendar."""
        named = [f"--{name.replace('_', '-')}" for name, value in self._asdict().items() if value]
        if named:
            raise UsageProblem(
                f"{', '.join(named)}: for calendars (.ics) only.",
                hint="Leave it out for this file.",
            )


def import_calendar(
    context: Context, name: str, content: bytes, options: CalendarOptions, *, lead: str | None
) -> None:
    """Import the visits of a calendar file called `name`; ask before many are cancelled."""
    from petmsg.calendars.read import Span, read_calendar
    from petmsg.services.bookings.calendar_import import Feed, import_visits, plan_import

    org = context.read(lambda _, found: found)
    until = _until(context, org, options.until)
    span = Span(context.now, until, org.timezone, _hours(options.all_day))
    calendar = read_calendar(content, span)
    feed = Feed(_feed_name(name, calendar.name, options), until, options.client, options.sitter)
    plan = context.read(plan_import, calendar, feed, now=context.now)
    context.confirm(plan.question)
    ends = format_local(until, org.timezone)
    context.notify(f"Calendar '{feed.name}': visits until {ends}.")
    for note in plan.notes:
        context.notify(note)
    run_chunks(
        context,
        Results(context, BOOKING_IMPORTED, also=partial(_tell, context), is_summed=True),
        plan.rows,
        lambda chunk: context.write(import_visits, chunk, feed=feed.name, lead=lead),
        doing="Importing",
        total=len(plan.rows),
        finds_again=True,
    )


def _tell(context: Context, row: "RowDone") -> None:
    """The notes on a visit, on stderr; in JSON the row has them."""
    if context.is_table or context.output is OutputFormat.TSV:
        for note in row.notes:
            context.notify(f"{row.ref}: {note}")


def _until(context: Context, org: OrgRow, text: str | None) -> datetime:
    """Until when the calendar is expanded: a time, or the end of a day."""
    from petmsg.days import parse_day, span_of_day

    latest = context.now + timedelta(days=_MOST_DAYS)
    if text is None:
        return context.now + timedelta(days=USUAL_DAYS)
    try:
        day = parse_day(text, timezone=org.timezone, at=context.now)
    except MalformedTime:
        until = context.instant(text, org)
    else:
        until = span_of_day(day, org.timezone)[1]
    if not context.now < until <= latest:
        raise OutOfRange(
            f"--until {text} is not within the next two years.", hint="Write --until +90d."
        )
    return until


def _hours(text: str | None) -> tuple[time, time] | None:
    """The hours of all-day events."""
    if text is None:
        return None
    from petmsg.rules.send_blocks import parse_quiet_hours

    hours = parse_quiet_hours(text, name="hours of all-day events")
    if hours is None:
        return None
    first, last = (time(minute // 60, minute % 60) for minute in hours)
    return first, last


def _feed_name(file: str, calendar: str | None, options: CalendarOptions) -> str:
    """The name under which the calendar is known: --feed, else its own name, else the file's.

    Calendars of several clients or sitters often have the same name, so theirs is added.
    """
    if options.feed is not None:
        return parse_name(options.feed)
    own = calendar or (PurePath(file).stem if file != "-" else "calendar")
    words = [own, *(each for each in (options.client, options.sitter) if each is not None)]
    printable = "".join(each for each in " ".join(words) if each.isprintable())
    return parse_name(printable[:120] or "calendar")
