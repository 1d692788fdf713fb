"""How many segments a message takes, and which character forces UCS-2.

GSM-7 holds 160 characters in one segment and 153 in each of several. One character outside it turns
the whole message into UCS-2: 70, then 67. A character of two units (`€`, an emoji) is never split
between segments. Source: 3GPP TS 23.038, and Twilio's documentation.
"""

from collections.abc import Sequence
from dataclasses import dataclass

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("^{}\\[~]|€\f")


@dataclass(frozen=True, slots=True)
class Size:
    """A message's encoding (`GSM-7` or `UCS-2`), its length in units of the encoding, its segments,
    and the first character that forced UCS-2 (None if none did)."""

    encoding: str
    units: int
    segments: int
    forced_by: str | None


def measure(body: str) -> Size:
    """Return the size of a message as carriers count it."""
    forced_by = next((c for c in body if c not in _BASIC and c not in _EXTENDED), None)
    if forced_by is None:
        widths = [2 if c in _EXTENDED else 1 for c in body]
        return Size("GSM-7", sum(widths), _segments(widths, 160, 153), None)
    widths = [2 if ord(c) > 0xFFFF else 1 for c in body]
    return Size("UCS-2", sum(widths), _segments(widths, 70, 67), forced_by)


def _segments(widths: Sequence[int], alone: int, each: int) -> int:
    if sum(widths) <= alone:
        return 1
    segments, room = 1, each
    for width in widths:
        if width > room:
            segments, room = segments + 1, each
        room -= width
    return segments
