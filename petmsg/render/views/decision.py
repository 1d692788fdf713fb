"""Decisions for people: the number, the reason, and every rule that was evaluated."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from rich.text import Text

from petmsg.render.escape import escape
from petmsg.render.field_types import BAD, GOOD, WAITS
from petmsg.render.fields import View, when
from petmsg.render.table import STYLES, print_table, show
from petmsg.render.views.route import COMPARED, INBOUND_TRACE, TRACE

_DESKS = {
    "front_desk": "the front desk",
    "unrouted": "the unrouted inbox",
    "relay": "a client of the sitter who sent it",
}


def print_decision(decision: Mapping[str, Any], *, at: str, view: View) -> None:
    """Print a decision (its JSON form); `at` is its instant in words."""
    number, client = decision["number"], decision["client"]
    if number is None:
        head = Text(escape(f"No number for {client} at {at}"), style="bold red")
    else:
        speaker = f", sitter {number['sitter']}" if number["sitter"] else ""
        words = f"{number['e164']} ({number['class']}{speaker}) for {client} at {at}"
        head = Text(escape(words), style="bold green")
    warnings = [
        Text(f"warning: {escape(warning)}", style="yellow") for warning in decision["warnings"]
    ]
    show(
        Text("\n").join([head, Text(escape(decision["reason"])), *warnings, Text()]), view.terminal
    )
    print_table(TRACE, decision["trace"], view)


def print_comparison(found: Any, *, view: View) -> None:
    """Print a message's stored decision beside today's: a summary, then each property."""
    stored, today = found.stored, found.today
    at = when(datetime.fromisoformat(stored["at"]), view._replace(relative=True))
    head = Text(
        escape(f"Message {found.message} for {stored['client']}, decided {at}"), style="bold"
    )
    show(
        Text("\n").join([head, _verdict(stored["number"], today["number"]), Text()]), view.terminal
    )
    print_table(COMPARED, found.compared, view)


def _verdict(then: Mapping[str, Any] | None, now: Mapping[str, Any] | None) -> Text:
    before = "It had no number" if then is None else f"Its number was {then['e164']}"
    if now is None:
        return Text(f"{before}. Today it would have none.", style=STYLES[BAD])
    if then is not None and then["e164"] == now["e164"]:
        return Text(f"{before}. Today it would be the same.", style=STYLES[GOOD])
    return Text(f"{before}. Today it would be {now['e164']}.", style=STYLES[WAITS])


def print_inbound_decision(decision: Mapping[str, Any], *, at: str, view: View) -> None:
    """Print who receives an inbound message (its JSON form); `at` is its instant in words."""
    sender = decision["client"] or "an unknown sender"
    to = _DESKS.get(decision["addressed_to"], f"sitter {decision['addressed_to']}")
    words = f"A message from {sender} to {decision['number']} at {at} is for {to}"
    head = Text(escape(words), style="bold green")
    show(Text("\n").join([head, Text(escape(decision["reason"])), Text()]), view.terminal)
    print_table(INBOUND_TRACE, decision["trace"], view)
