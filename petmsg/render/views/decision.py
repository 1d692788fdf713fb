"""Decisions for people: the number, the reason, and every rule that was evaluated."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from rich.text import Text

from petmsg.plurals import named
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


def print_decision(
    decision: Mapping[str, Any],
    *,
    client_name: str | None,
    sitter_name: str | None,
    at: str,
    view: View,
) -> None:
    """Print a decision (its JSON form); `at` is its instant in words. `sitter_name` is None if the
    number is no sitter's."""
    number, client = decision["number"], named(decision["client"], client_name)
    if number is None:
        head = Text(escape(f"No number for {client} at {at}"), style="bold red")
    else:
        sitter = number["sitter"]
        speaker = f", sitter {named(sitter, sitter_name)}" if sitter else ""
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
    client = named(found.client.ref, found.client.name)
    at = when(datetime.fromisoformat(stored["at"]), view._replace(relative=True))
    head = Text(escape(f"Message {found.message} for {client}, decided {at}"), style="bold")
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


def print_inbound_decision(found: Any, *, at: str, view: View) -> None:
    """Print who receives an inbound message, with the names; `at` is its instant in words."""
    decision = found.decision.to_json()
    client, addressed_to = decision["client"], decision["addressed_to"]
    sender = named(client, found.client_name) if client else "an unknown sender"
    to = _DESKS.get(addressed_to) or f"sitter {named(addressed_to, found.addressed_to_name)}"
    words = f"A message from {sender} to {decision['number']} at {at} is for {to}"
    head = Text(escape(words), style="bold green")
    show(Text("\n").join([head, Text(escape(decision["reason"])), Text()]), view.terminal)
    print_table(INBOUND_TRACE, decision["trace"], view)
