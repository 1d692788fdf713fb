"""A thread as a conversation: who wrote to whom, when, and through which number."""

import os
import sys
from collections.abc import Iterable, Iterator

from rich.text import Text

from petmsg.clock import zone
from petmsg.enums.calls import CallAddressee, CallerKind
from petmsg.enums.inbound import AddressedTo, RelayKind
from petmsg.enums.messages import Direction, MessageStatus
from petmsg.queries.thread import ThreadDetails, ThreadMessage
from petmsg.queries.thread_calls import ThreadCall
from petmsg.render.call_words import outcome_of
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
    """Print a thread's messages and calls in the order in which they came, with a heading for each
    day."""
    terminal = view.terminal or terminal_of(sys.stdout, os.environ)
    if thread.entries:
        show(Text("\n").join(_lines(thread, view, terminal)), terminal)


def _lines(thread: ThreadDetails, view: View, terminal: Terminal) -> Iterator[Text]:
    width = min(terminal.width, _WIDEST)
    client = escape(thread.client_name or thread.client)
    arrows = ("->", "<-") if terminal.plain else ("→", "←")
    messages = {row.message: row for row in thread.messages}
    calls = {row.call: row for row in thread.calls}
    day = None
    for entry in thread.entries:
        local = entry.at.astimezone(zone(view.timezone))
        if local.date() != day:
            day = local.date()
            yield Text()
            yield Text(local.strftime("%A %Y-%m-%d %Z"), style="bold")
        if entry.call is not None:
            call = calls[entry.call]
            is_out, words = call.caller == CallerKind.SITTER, _how(call)
            said = _called(call, client)
        else:
            row = messages[entry.message or 0]
            is_out, words = row.direction == Direction.OUTBOUND, _words(row)
            said = _who(row, client).append(f"  (message {row.message})")
        head = Text(f"  {local:%H:%M} {arrows[not is_out]} ").append_text(said)
        first, *others = wrapped(head, max(width - _HANGS, 1))
        yield first
        yield from _indented(others, _HANGS)
        for line in words:
            yield from _indented(wrapped(Text(line), max(width - _INDENT, 1)), _INDENT)


def _called(row: ThreadCall, client: str) -> Text:
    """Who called whom, and the call's number."""
    sitter = escape(row.sitter_name or row.sitter or "")
    if row.caller == CallerKind.SITTER:
        said = Text(f"{sitter} called {client} through {row.number}")
    else:
        said = Text(f"{client} called {row.number}")
        if row.addressed_to == CallAddressee.SITTER:
            said.append(f", for {sitter}")
        elif row.addressed_to == CallAddressee.FRONT_DESK:
            said.append(", for the front desk")
    if row.inbox_at is not None and row.done_at is None:
        said.append(" [").append("waiting in the inbox", style=STYLES[WAITS]).append("]")
    return said.append(f"  (call {row.call})")


def _how(row: ThreadCall) -> list[str]:
    """How the call went, and its voicemail."""
    outcome = outcome_of(row)
    notes = picture_notes(row.media or (), row.media_count)
    return [f"{outcome[:1].upper()}{outcome[1:]}", *(escape(note) for note in notes)]


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
