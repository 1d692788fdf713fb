"""A client's timeline as SVG, and as an HTML page. Standard library only.

All text is escaped, including control characters; the page loads nothing from elsewhere.
"""

from base64 import b64encode
from collections.abc import Iterator, Mapping
from html import escape as escape_html
from itertools import zip_longest
from typing import Any

from petmsg.clock import zone
from petmsg.render.escape import escape
from petmsg.render.field_types import BAD, GOOD, OVER, WAITS
from petmsg.render.fields import View, local
from petmsg.render.picture_text import picture_notes
from petmsg.render.timeline_lanes import (
    BOOKED,
    GRACE,
    LEAD,
    LINE,
    REST,
    TONE_OF,
    Bar,
    Lane,
    draw,
    midnights,
    place,
)
from petmsg.render.views.simulate import SEGMENTS

_WIDTH, _LEFT, _RIGHT = 1000.0, 190.0, 20.0
_TOP, _LANE = 64.0, 34.0
_TICK = 60.0
_COLOURS = {GOOD: "#2a7a4b", WAITS: "#c98a00", BAD: "#b3261e", OVER: "#9bbfa9", "": "#4a6fa5"}
_HEIGHTS = {LEAD: 16.0, BOOKED: 16.0, GRACE: 16.0, REST: 12.0, LINE: 6.0}
_FONT = "font-family='system-ui, sans-serif'"


def svg(timeline: Any) -> str:
    """The drawing as SVG text."""
    return "\n".join(_drawing(timeline)) + "\n"


def html(timeline: Any, *, view: View, thumbnails: Mapping[str, bytes] | None = None) -> str:
    """A self-contained HTML page with the drawing, the list of changes, and the pictures.

    `thumbnails` are JPEG files by the SHA-256 of their pictures; the others are named.
    """
    title = _text(_title(timeline))
    fields = [field for field in SEGMENTS if field.title and field.name != "client"]
    head = "".join(f"<th>{_text(field.title or '')}</th>" for field in fields)
    rows = "".join(
        "<tr>" + "".join(f"<td>{_text(field.text(row, view))}</td>" for field in fields) + "</tr>\n"
        for row in timeline.segments
    )
    return (
        "<!doctype html>\n<html lang='en'><head><meta charset='utf-8'>\n"
        "<meta http-equiv='Content-Security-Policy' content=\"default-src 'none';"
        " img-src data:; style-src 'unsafe-inline'\">\n"
        f"<title>{title}</title>\n"
        "<style>body{font:14px system-ui,sans-serif;margin:2em;max-width:1040px}"
        "table{border-collapse:collapse}td,th{text-align:left;padding:3px 14px 3px 0;"
        "border-bottom:1px solid #ddd;vertical-align:top}figure{margin:0 0 1em}"
        "figcaption{margin:2px 0}img{display:block}</style></head>\n<body>\n"
        f"<h1>{title}</h1>\n{svg(timeline)}<h2>Sending numbers</h2>\n"
        f"<table><thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody></table>\n"
        f"{_pictures(timeline, view, thumbnails or {})}</body></html>\n"
    )


def _pictures(timeline: Any, view: View, thumbnails: Mapping[str, bytes]) -> str:
    """The pictures of the messages, each below when it was received or sent."""
    figures = []
    for row in timeline.messages:
        notes = picture_notes(row.media or (), row.media_count)
        for note, media in zip_longest(notes, row.media or ()):
            small = thumbnails.get(media.sha256 or "") if media is not None else None
            image = "" if small is None else _image(small)
            words = _text(f"{local(row.at, view)}, message {row.message}, {row.direction}: {note}")
            figures.append(f"<figure>{image}<figcaption>{words}</figcaption></figure>\n")
    return f"<h2>Pictures</h2>\n{''.join(figures)}" if figures else ""


def _image(jpeg: bytes) -> str:
    return f"<img alt='' src='data:image/jpeg;base64,{b64encode(jpeg).decode()}'>"


def _title(timeline: Any) -> str:
    place_ = zone(timeline.timezone)
    first, last = (each.astimezone(place_) for each in (timeline.start, timeline.end))
    return f"{timeline.name or timeline.client}, {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M %Z}"


def _text(text: str) -> str:
    return escape_html(escape(text))


def _drawing(timeline: Any) -> Iterator[str]:
    drawing = draw(timeline)
    notes = [f"{letter} {e164}" for letter, e164 in drawing.letters.items()]
    height = _TOP + _LANE * len(drawing.lanes) + 20 * len(notes) + 24
    yield (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {_WIDTH:.0f} {height:.0f}'"
        f" width='{_WIDTH:.0f}' height='{height:.0f}' role='img' {_FONT} font-size='13'>"
    )
    yield f"<title>{_text(_title(timeline))}</title>"
    yield f"<rect width='{_WIDTH:.0f}' height='{height:.0f}' fill='#fff'/>"
    yield f"<text x='10' y='22' font-size='16'>{_text(_title(timeline))}</text>"
    bottom = _TOP + _LANE * len(drawing.lanes)
    for at, label in midnights(timeline, room=(_WIDTH - _LEFT - _RIGHT) / _TICK):
        x = _x(at, timeline)
        yield f"<line x1='{x:.1f}' x2='{x:.1f}' y1='{_TOP - 8}' y2='{bottom}' stroke='#ddd'/>"
        yield f"<text x='{x:.1f}' y='{_TOP - 14}' fill='#666' font-size='11'>{label}</text>"
    if timeline.start <= timeline.now < timeline.end:
        x = _x(timeline.now, timeline)
        yield (
            f"<line x1='{x:.1f}' x2='{x:.1f}' y1='{_TOP - 8}' y2='{bottom}' stroke='#333'"
            " stroke-dasharray='3 3'><title>now</title></line>"
        )
    for number, lane in enumerate(drawing.lanes):
        yield from _lane(lane, timeline, _TOP + _LANE * (number + 0.5))
    for number, note in enumerate(notes):
        yield f"<text x='{_LEFT}' y='{bottom + 24 + 20 * number:.0f}'>{_text(note)}</text>"
    yield "</svg>"


def _lane(lane: Lane, timeline: Any, middle: float) -> Iterator[str]:
    name = lane.name if len(lane.name) <= 26 else lane.name[:25] + "…"
    yield f"<text x='10' y='{middle + 4:.1f}'>{_text(name)}</text>"
    for bar in lane.bars:
        yield from _bar(bar, timeline, middle)
    for at, way, title in lane.marks:
        x, tip = _x(at, timeline), -6 if way == "out" else 6
        colour = _COLOURS[""] if way == "out" else _COLOURS[GOOD]
        yield (
            f"<path d='M{x - 5:.1f} {middle - tip / 2:.1f} h10 l-5 {tip:.1f} z' fill='{colour}'>"
            f"<title>{_text(title)}</title></path>"
        )


def _bar(bar: Bar, timeline: Any, middle: float) -> Iterator[str]:
    x, end = _x(bar.start, timeline), _x(bar.end, timeline)
    height, colour = _HEIGHTS[bar.kind], _COLOURS[bar.tone or TONE_OF[bar.kind]]
    yield (
        f"<rect x='{x:.1f}' y='{middle - height / 2:.1f}' width='{max(end - x, 1.0):.1f}'"
        f" height='{height:.0f}' fill='{colour}'><title>{_text(bar.title)}</title></rect>"
    )
    if bar.label:
        yield (
            f"<line x1='{x:.1f}' x2='{x:.1f}' y1='{middle - 9:.1f}' y2='{middle + 5:.1f}'"
            f" stroke='{colour}' stroke-width='2'/>"
        )
        yield f"<text x='{x + 3:.1f}' y='{middle - 5:.1f}' font-size='11'>{_text(bar.label)}</text>"


def _x(at: Any, timeline: Any) -> float:
    return _LEFT + place(at, timeline, _WIDTH - _LEFT - _RIGHT)
