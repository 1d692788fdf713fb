"""The terminal a table is drawn on: its width and its colours. Standard library only.

Colours: never with NO_COLOR, always with FORCE_COLOR, else on a terminal that is not `dumb`
(sources: no-color.org, force-color.org; the order is that of Python's own interpreter).
"""

import os
from collections.abc import Mapping
from typing import NamedTuple, TextIO

WIDTH_OFF_A_TERMINAL = 200
"""Wide, so that each row of a file or pipe is on one line."""
_USUAL_WIDTH = 80
_NARROWEST = 20


class Terminal(NamedTuple):
    """`width` in columns. `plain`: the stream's encoding has no line-drawing characters."""

    width: int = WIDTH_OFF_A_TERMINAL
    colour: bool = False
    plain: bool = False


def terminal_of(stream: TextIO, environ: Mapping[str, str]) -> Terminal:
    """The width and colours of a stream; the variable COLUMNS overrides the width."""
    is_terminal = stream.isatty()
    width = _columns(environ) or (_terminal_width(stream) if is_terminal else WIDTH_OFF_A_TERMINAL)
    encoding = (getattr(stream, "encoding", None) or "utf-8").lower()
    return Terminal(
        max(width, _NARROWEST),
        has_colour(is_terminal, environ),
        plain=not encoding.startswith("utf"),
    )


def has_colour(is_terminal: bool, environ: Mapping[str, str]) -> bool:
    """Whether output may be coloured."""
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR"):
        return True
    return is_terminal and environ.get("TERM") != "dumb"


def _columns(environ: Mapping[str, str]) -> int | None:
    written = environ.get("COLUMNS", "")
    return int(written) if written.isascii() and written.isdecimal() and len(written) < 5 else None


def _terminal_width(stream: TextIO) -> int:
    try:
        return os.get_terminal_size(stream.fileno()).columns or _USUAL_WIDTH
    except (OSError, ValueError):
        return _USUAL_WIDTH
