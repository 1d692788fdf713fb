"""A thread as a conversation: who wrote to whom, when, and through which number."""

import os
import sys
from collections.abc import Iterable, Iterator

from rich.text import Text

from petmsg.clock import zone
from petmsg.enums.inbound import AddressedTo, RelayKind
from petmsg.enums.messages import Direction, MessageStatus
from petmsg.queries.thread import ThreadDetails, ThreadMessage
from petmsg.render.escape import escape
from petmsg.render.field_types import WAITS, one_of
from petmsg.render.fields import View
from petmsg.render.picture_text import picture_notes
from petmsg.render.table import STYLES, show, wrapped
from petmsg.render.terminal import Terminal, terminal_of

_WIDEST = 100
_HANGS, _INDENT = 12, 9
_USUAL = frozenset((MessageStatus.SENT, MessageStatus.DELIVERED, MessageStatus.RECEIVED))
_TONES = one_of(MessageStatus).tones


def print_conversation(thread: ThreadDetails, *, view: View) -> None:
    """Print a thread's messages in the order of their times, with a heading for each day."""
    terminal = view.terminal or terminal_of(sys.stdout, os.environ)
    if thread.messages:
        show(Text("\n").join(_lines(thread, view, terminal)), terminal)


def _lines(thread: ThreadDetails, view: View, terminal: Terminal) -> Iterator[Text]:
    width = min(terminal.width, _WIDEST)
    client = escape(thread.client_name or thread.client)
    arrows = ("->", "<-") if terminal.plain else ("→", "←")
    day = None
    for row in thread.messages:
        local = row.at.astimezone(zone(view.timezone))
        if local.date() != day:
            day = local.date()
            yield Text()
            yield Text(local.strftime("%A %Y-%m-%d %Z"), style="bold")
        head = Text(f"  {local:%H:%M} {arrows[row.direction != Direction.OUTBOUND]} ")
        head.append_text(_who(row, client)).append(f"  (message {row.message})")
        first, *others = wrapped(head, max(width - _HANGS, 1))
        yield first
        yield from _indented(others, _HANGS)
        for line in _words(row):
            yield from _indented(wrapped(Text(line), max(width - _INDENT, 1)), _INDENT)


def _indented(lines: Iterable[Text], by: int) -> Iterator[Text]:
    for line in lines:
        yield Text(" " * by).append_text(line)


def _who(row: ThreadMessage, client: str) -> Text:
    """Sender, recipient and number of a message, and any unusual state."""
    sitter = escape(row.sitter_name or row.sitter or "")
    number = row.number or "no number yet"
    if row.direction == Direction.OUTBOUND:
        speaker = "the front desk" if row.voice is not None else sitter or "the company"
        if row.relay == RelayKind.REPLY:
            speaker = f"{sitter}, on their own phone,"
        elif row.relay == RelayKind.AUTO_REPLY:
            speaker = "automatic reply"
        said = Text(f"{speaker} from {number}")
        if row.status not in _USUAL:
            said.append(" [").append_text(_status(row.status)).append("]")
        return said
    said = Text(f"{client} to {number}")
    if row.addressed_to == AddressedTo.SITTER:
        said.append(f", for {sitter}")
    elif row.addressed_to == AddressedTo.FRONT_DESK:
        said.append(", for the front desk")
    if row.passed_on is not None:
        said.append(" [forwarded: ").append_text(_status(row.passed_on)).append("]")
    if row.inbox_at is not None and row.done_at is None:
        said.append(" [").append("waiting in the inbox", style=STYLES[WAITS]).append("]")
    return said


def _status(status: str) -> Text:
    tone = _TONES.get(status)
    return Text(status, style=STYLES[tone] if tone is not None else "")


def _words(row: ThreadMessage) -> list[str]:
    body = "[erased]" if row.body is None else escape(row.body, keep_newlines=True)
    notes = picture_notes(row.media or (), row.media_count)
    body = "\n".join([*filter(None, [body]), *(escape(note) for note in notes)])
    return (body or "[empty]").split("\n")
