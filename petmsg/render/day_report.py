"""A day of all sitters as SVG, and as an HTML page with the same in words.

All text is escaped, including control characters; the page loads nothing from elsewhere.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from petmsg.clock import zone
from petmsg.render.day_lanes import handoffs_in_words, hours, lanes_of
from petmsg.render.fields import View, local
from petmsg.render.timeline_report import ROOM, as_html, page, picture
from petmsg.render.views.today import counts

_TICK = 32.0
_INKS = "dark: booked; pale: lead and grace; thin: pending; grey: away; diamond: hand-off"


def svg(day: Any) -> str:
    """The chart as SVG text."""
    return picture(
        day,
        lanes_of(day),
        title=_title(day),
        ticks=hours(day, room=ROOM / _TICK),
        notes=[_INKS, *handoffs_in_words(day)],
        about=" ".join(_about(day)),
    )


def html(day: Any) -> str:
    """A page with the chart, and tables of the visits, absences, gaps and who waits."""
    view = View(timezone=day.timezone)
    tables = "".join(
        _table(title, head, rows)
        for title, head, rows in (
            ("Visits", ("From", "To", "Client", "Sitter", "Booking", "State"), _visits(day, view)),
            ("Away", ("From", "To", "Sitter", "Reason"), _absences(day, view)),
            ("Gaps", ("Finding", "From", "To", "Fix"), _gaps(day, view)),
            ("Waiting for an answer", ("Who", "Since", "See it"), _waiting(day, view)),
        )
    )
    return page(as_html(_title(day)), svg(day) + tables)


def _title(day: Any) -> str:
    at = day.now.astimezone(zone(day.timezone))
    return f"{day.org.name}, {day.day:%a %d %b %Y} (seen {at:%Y-%m-%d %H:%M %Z})"


def _about(day: Any) -> Iterator[str]:
    """The lanes in words."""
    found = counts(day)
    yield f"{found['visits']} visits of {found['sitters']} sitters, {found['running']} running."
    for lane in lanes_of(day):
        said = "; ".join(bar.title for bar in lane.bars)
        yield f"{lane.name}: {said or 'no visit'}."


def _visits(day: Any, view: View) -> Iterator[Sequence[str]]:
    for each in day.visits:
        row = each.row
        state = each.state.replace("_", " ")
        yield (
            local(row.starts_at, view),
            local(row.ends_at, view),
            f"{row.client_name or '[erased]'} ({row.client})",
            "no sitter" if row.sitter is None else f"{row.sitter_name} ({row.sitter})",
            row.booking,
            f"pending, {state}: {each.command}" if each.command else state,
        )


def _absences(day: Any, view: View) -> Iterator[Sequence[str]]:
    for row in day.absences:
        name = f"{row.sitter_name} ({row.sitter})"
        yield local(row.starts_at, view), local(row.ends_at, view), name, row.reason


def _gaps(day: Any, view: View) -> Iterator[Sequence[str]]:
    for row in day.gaps:
        span = [("-" if at is None else local(at, view)) for at in (row.starts_at, row.ends_at)]
        yield row.message, *span, row.command or "-"


def _waiting(day: Any, view: View) -> Iterator[Sequence[str]]:
    for each in day.waiting:
        unknown = each.entity == "message"
        name = "Unknown senders" if unknown else f"{each.name or '[erased]'} ({each.ref})"
        yield name, local(each.since, view), each.command


def _table(title: str, head: Sequence[str], rows: Iterator[Sequence[str]]) -> str:
    """A table below its title, if it has rows. Names in it may be written from right to left."""
    body = "".join(
        "<tr>" + "".join(f"<td dir='auto'>{as_html(cell)}</td>" for cell in row) + "</tr>\n"
        for row in rows
    )
    if not body:
        return ""
    heads = "".join(f"<th scope='col'>{as_html(each)}</th>" for each in head)
    return (
        f"<h2>{as_html(title)}</h2>\n<table><thead><tr>{heads}</tr></thead>\n"
        f"<tbody>\n{body}</tbody></table>\n"
    )
