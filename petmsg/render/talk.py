"""A thread as a conversation: who said what to whom, and by which number. Standard library only."""

import shutil
import textwrap
from collections.abc import Mapping
from typing import Any

from petmsg.clock import zone
from petmsg.enums import AddressedTo, Direction, MessageStatus, RelayKind
from petmsg.render.fields import View
from petmsg.render.output import write
from petmsg.render.safe import safe

_WIDEST = 100
_INDENT = "         "
_USUAL = frozenset((MessageStatus.SENT, MessageStatus.DELIVERED, MessageStatus.RECEIVED))


def print_talk(thread: Mapping[str, Any], *, view: View) -> None:
    """Print a thread's texts in the order in which they were written, a heading for each day."""
    width = min(shutil.get_terminal_size().columns, _WIDEST)
    client = safe(thread["client_name"] or thread["client"])
    day = None
    for row in thread["messages"]:
        local = row["at"].astimezone(zone(view.timezone))
        if local.date() != day:
            day = local.date()
            write("")
            write(local.strftime("%A %Y-%m-%d %Z"))
        arrow = "→" if row["direction"] == Direction.OUTBOUND else "←"
        write(f"  {local:%H:%M} {arrow} {_who(row, client)}  (text {row['message']})")
        for line in _words(row, width - len(_INDENT)):
            write(_INDENT + line)


def _who(row: Mapping[str, Any], client: str) -> str:
    """Who speaks to whom by which number, and what is odd about it."""
    sitter = safe(row["sitter_name"] or row["sitter"] or "")
    number = row["number"] or "no number yet"
    if row["direction"] == Direction.OUTBOUND:
        speaker = sitter or "the company"
        if row["relay"] == RelayKind.REPLY:
            speaker = f"{sitter}, from her own phone,"
        elif row["relay"] == RelayKind.AUTO_REPLY:
            speaker = "petmsg, by itself,"
        said = f"{speaker} from {number}"
        return said if row["status"] in _USUAL else f"{said} [{row['status']}]"
    said = f"{client} to {number}"
    if row["addressed_to"] == AddressedTo.SITTER:
        said += f", for {sitter}"
    elif row["addressed_to"] == AddressedTo.FRONT_DESK:
        said += ", for the front desk"
    if row["passed_on"] is not None:
        said += f" [passed on: {row['passed_on']}]"
    if row["inbox_at"] is not None and row["done_at"] is None:
        said += " [waits in the inbox]"
    return said


def _words(row: Mapping[str, Any], width: int) -> list[str]:
    body = "[erased]" if row["body"] is None else safe(row["body"], keep_newlines=True)
    if row["media_count"]:
        body = f"{body}\n[{row['media_count']} picture(s), kept by the provider]".lstrip("\n")
    lines = []
    for line in body.split("\n"):
        lines += textwrap.wrap(line, max(width, 20)) or [""]
    return lines
