"""A Decision as a person reads it: the number, the reason, and every rule that was tried."""

from collections.abc import Mapping
from typing import Any

from rich.text import Text

from petmsg.render.fields import Field, View
from petmsg.render.safe import safe
from petmsg.render.table import print_table, show

_STEPS = (
    Field("step", "Step"),
    Field("rule", "Rule"),
    Field("result", "Yields"),
    Field("code", "Code"),
    Field("explanation", "Explanation"),
)


def print_decision(decision: Mapping[str, Any], *, at: str, view: View) -> None:
    """Print a Decision (its JSON shape); `at` is its instant in words."""
    number, client = decision["number"], decision["client"]
    if number is None:
        show(Text(f"No number for {decision['client']} at {at}", style="bold red"))
    else:
        speaker = f", sitter {number['sitter']}" if number["sitter"] else ""
        show(
            Text(
                safe(f"{number['e164']} ({number['class']}{speaker}) for {client} at {at}"),
                style="bold green",
            )
        )
    show(Text(safe(decision["reason"])))
    for warning in decision["warnings"]:
        show(Text(f"warning: {safe(warning)}", style="yellow"))
    print_table(_STEPS, decision["trace"], view)


def print_addressee(addressee: Mapping[str, Any], *, at: str, view: View) -> None:
    """Print who is to read an inbound text (its JSON shape); `at` is its instant in words."""
    sender = addressee["client"] or "somebody unknown"
    to = {"front_desk": "the front desk", "unrouted": "the unrouted inbox"}.get(
        addressee["addressed_to"], f"sitter {addressee['addressed_to']}"
    )
    words = f"A text of {sender} to {addressee['number']} at {at} is for {to}"
    show(Text(safe(words), style="bold green"))
    show(Text(safe(addressee["reason"])))
    print_table(_STEPS, addressee["trace"], view)
