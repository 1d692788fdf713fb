"""A client's timeline as SVG, and as an HTML page. Standard library only.

All text is escaped, including control characters; the page loads nothing from elsewhere.
"""

from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from html import escape as escape_html
from itertools import zip_longest
from typing import TYPE_CHECKING

from petmsg.clock import zone
from petmsg.render.call_words import call_in_words
from petmsg.render.escape import escape
from petmsg.render.field_types import BAD, GOOD, OVER, WAITS
from petmsg.render.fields import View, local
from petmsg.render.picture_text import picture_notes
from petmsg.render.timeline_lanes import (
    AWAY,
    BOOKED,
    GRACE,
    HANDOFF,
    LEAD,
    LINE,
    PENDING,
    REST,
    TONE_OF,
    Bar,
    Lane,
    draw,
    midnights,
    place,
)
from petmsg.render.views.simulate import SEGMENTS

if TYPE_CHECKING:
    from petmsg.services.routes.timeline import Timeline

_WIDTH, _LEFT, _RIGHT = 1000.0, 190.0, 20.0
_TOP, _LANE = 64.0, 34.0
_TICK = 60.0
ROOM = _WIDTH - _LEFT - _RIGHT
"""The width of the lanes."""
_COLOURS = {GOOD: "#2a7a4b", WAITS: "#c98a00", BAD: "#b3261e", OVER: "#9bbfa9", "": "#4a6fa5"}
_HEIGHTS = {
    LEAD: 16.0, BOOKED: 16.0, GRACE: 16.0, REST: 12.0, LINE: 6.0, PENDING: 10.0, AWAY: 22.0,
}  # fmt: skip
_OF_KIND = {AWAY: "#d9d9d9"}
"""The colour of a kind that has one of its own."""
_FONT = "font-family='system-ui, sans-serif'"


def svg(timeline: "Timeline") -> str:
    """The drawing as SVG text."""
    drawing = draw(timeline)
    notes = [f"{letter} {e164}" for letter, e164 in drawing.letters.items()]
    ticks = midnights(timeline, room=ROOM / _TICK)
    return picture(timeline, drawing.lanes, title=_title(timeline), ticks=ticks, notes=notes)


def html(timeline: "Timeline", *, view: View, thumbnails: Mapping[str, bytes] | None = None) -> str:
    """A self-contained HTML page with the drawing, the list of changes, and the pictures.

    `thumbnails` are JPEG files by the SHA-256 of their pictures; the others are named.
    """
    title = as_html(_title(timeline))
    fields = [field for field in SEGMENTS if field.title and field.name != "client"]
    head = "".join(f"<th>{as_html(field.title or '')}</th>" for field in fields)
    rows = "".join(
        "<tr>"
        + "".join(f"<td>{as_html(field.text(row, view))}</td>" for field in fields)
        + "</tr>\n"
        for row in timeline.segments
    )
    return page(
        title,
        f"{svg(timeline)}<h2>Sending numbers</h2>\n"
        f"<table><thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody></table>\n"
        f"{_calls(timeline, view)}{_pictures(timeline, view, thumbnails or {})}",
    )


def page(title: str, body: str) -> str:
    """A page that loads nothing. Title and body are HTML already."""
    return (
        "<!doctype html>\n<html lang='en'><head><meta charset='utf-8'>\n"
        "<meta http-equiv='Content-Security-Policy' content=\"default-src 'none';"
        " img-src data:; style-src 'unsafe-inline'\">\n"
        f"<title>{title}</title>\n"
        "<style>body{font:14px system-ui,sans-serif;margin:2em;max-width:1040px}"
        "table{border-collapse:collapse}td,th{text-align:left;padding:3px 14px 3px 0;"
        "border-bottom:1px solid #ddd;vertical-align:top}figure{margin:0 0 1em}"
        "figcaption{margin:2px 0}img{display:block}</style></head>\n<body>\n"
        f"<h1>{title}</h1>\n{body}</body></html>\n"
    )


def _calls(timeline: "Timeline", view: View) -> str:
    """The calls, each with when it began and how it went."""
    rows = "".join(
        f"<li>{as_html(f'{local(row.started_at, view)}, {call_in_words(row)}')}</li>\n"
        for row in timeline.calls
    )
    return f"<h2>Calls</h2>\n<ul>\n{rows}</ul>\n" if rows else ""


def _pictures(timeline: "Timeline", view: View, thumbnails: Mapping[str, bytes]) -> str:
    """The pictures of the messages, each below when it was received or sent."""
    figures = []
    for row in timeline.messages:
        notes = picture_notes(row.media or (), row.media_count)
        for note, media in zip_longest(notes, row.media or ()):
            small = thumbnails.get(media.sha256 or "") if media is not None else None
            image = "" if small is None else _image(small)
            words = as_html(
                f"{local(row.at, view)}, message {row.message}, {row.direction}: {note}"
            )
            figures.append(f"<figure>{image}<figcaption>{words}</figcaption></figure>\n")
    return f"<h2>Pictures</h2>\n{''.join(figures)}" if figures else ""


def _image(jpeg: bytes) -> str:
    return f"<img alt='' src='data:image/jpeg;base64,{b64encode(jpeg).decode()}'>"


def _title(timeline: "Timeline") -> str:
    place_ = zone(timeline.timezone)
    first, last = (each.astimezone(place_) for each in (timeline.start, timeline.end))
    return f"{timeline.name or timeline.client}, {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M %Z}"


def as_html(text: str) -> str:
    """The text as HTML and SVG hold it, with nothing in it that acts."""
    return escape_html(escape(text))


def picture(
    span: "Timeline",
    lanes: Sequence[Lane],
    *,
    title: str,
    ticks: Sequence[tuple[datetime, str]],
    notes: Sequence[str],
    about: str = "",
) -> str:
    """Lanes over a span (`start`, `end`, `now`) as SVG text, with notes below them.

    `about` says in words what the drawing shows, for those who cannot see it.
    """
    return (
        "\n".join(_drawing(span, lanes, title=title, ticks=ticks, notes=notes, about=about)) + "\n"
    )


def _drawing(
    span: "Timeline",
    lanes: Sequence[Lane],
    *,
    title: str,
    ticks: Sequence[tuple[datetime, str]],
    notes: Sequence[str],
    about: str,
) -> Iterator[str]:
    height = _TOP + _LANE * len(lanes) + 20 * len(notes) + 24
    yield (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {_WIDTH:.0f} {height:.0f}'"
        f" width='{_WIDTH:.0f}' height='{height:.0f}' role='img' {_FONT} font-size='13'>"
    )
    yield f"<title>{as_html(title)}</title>"
    if about:
        yield f"<desc>{as_html(about)}</desc>"
    yield f"<rect width='{_WIDTH:.0f}' height='{height:.0f}' fill='#fff'/>"
    yield f"<text x='10' y='22' font-size='16'>{as_html(title)}</text>"
    bottom = _TOP + _LANE * len(lanes)
    for at, label in ticks:
        x = _x(at, span)
        yield f"<line x1='{x:.1f}' x2='{x:.1f}' y1='{_TOP - 8}' y2='{bottom}' stroke='#ddd'/>"
        yield f"<text x='{x:.1f}' y='{_TOP - 14}' fill='#666' font-size='11'>{label}</text>"
    if span.start <= span.now < span.end:
        x = _x(span.now, span)
        yield (
            f"<line x1='{x:.1f}' x2='{x:.1f}' y1='{_TOP - 8}' y2='{bottom}' stroke='#333'"
            " stroke-dasharray='3 3'><title>now</title></line>"
        )
    for number, lane in enumerate(lanes):
        yield from _lane(lane, span, _TOP + _LANE * (number + 0.5))
    for number, note in enumerate(notes):
        yield f"<text x='{_LEFT}' y='{bottom + 24 + 20 * number:.0f}'>{as_html(note)}</text>"
    yield "</svg>"


def _lane(lane: Lane, timeline: "Timeline", middle: float) -> Iterator[str]:
    name = lane.name if len(lane.name) <= 26 else lane.name[:25] + "…"
    yield f"<text x='10' y='{middle + 4:.1f}'>{as_html(name)}</text>"
    for bar in lane.bars:
        yield from _bar(bar, timeline, middle)
    for at, way, title in lane.marks:
        if way == HANDOFF:
            x = _x(at, timeline)
            yield (
                f"<path d='M{x:.1f} {middle - 13:.1f} l6 13 l-6 13 l-6 -13 z' fill='#333'>"
                f"<title>{as_html(title)}</title></path>"
            )
            continue
        x, tip = _x(at, timeline), -6 if way == "out" else 6
        colour = _COLOURS[""] if way == "out" else _COLOURS[GOOD]
        yield (
            f"<path d='M{x - 5:.1f} {middle - tip / 2:.1f} h10 l-5 {tip:.1f} z' fill='{colour}'>"
            f"<title>{as_html(title)}</title></path>"
        )


def _bar(bar: Bar, timeline: "Timeline", middle: float) -> Iterator[str]:
    x, end = _x(bar.start, timeline), _x(bar.end, timeline)
    height, colour = _HEIGHTS[bar.kind], _COLOURS[bar.tone or TONE_OF[bar.kind]]
    colour = _OF_KIND.get(bar.kind, colour)
    yield (
        f"<rect x='{x:.1f}' y='{middle - height / 2:.1f}' width='{max(end - x, 1.0):.1f}'"
        f" height='{height:.0f}' fill='{colour}'><title>{as_html(bar.title)}</title></rect>"
    )
    if bar.label:
        yield (
            f"<line x1='{x:.1f}' x2='{x:.1f}' y1='{middle - 9:.1f}' y2='{middle + 5:.1f}'"
            f" stroke='{colour}' stroke-width='2'/>"
        )
        label = as_html(bar.label)
        yield f"<text x='{x + 3:.1f}' y='{middle - 5:.1f}' font-size='11'>{label}</text>"


def _x(at: datetime, timeline: "Timeline") -> float:
    return _LEFT + place(at, timeline, ROOM)
