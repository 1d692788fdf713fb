"""Which part of a file a request asks for (RFC 9110, section 14)."""

import re
from collections.abc import Mapping
from typing import NamedTuple

_ONE_RANGE = re.compile(r"bytes=[ \t]*([0-9]{0,18})-([0-9]{0,18})[ \t]*", re.IGNORECASE)


class Span(NamedTuple):
    """The bytes from `start` up to but not including `end`."""

    start: int
    end: int

    @property
    def length(self) -> int:
        """The number of bytes, 0 for a span that the file does not have."""
        return max(0, self.end - self.start)


def span_of(headers: Mapping[str, str], size: int, *, etag: str) -> Span | None:
    """The span that `Range` asks for, None for the whole file. `size` is the file's, in bytes.

    A span that lies outside the file is empty. Several ranges, a range that is malformed, another
    unit, and an `If-Range` that does not hold exactly this ETag mean the whole file.
    """
    found = _ONE_RANGE.fullmatch(headers.get("range", ""))
    if found is None or headers.get("if-range", etag) != etag:
        return None
    first, last = found.groups()
    if not first:
        return Span(max(0, size - int(last)), size) if last else None
    start, end = int(first), min(size, int(last) + 1) if last else size
    if last and int(last) < start:
        return None
    return Span(start, end)


def matches(header: str | None, etag: str) -> bool:
    """Whether `If-None-Match` names this ETag."""
    named = [each.strip().removeprefix("W/") for each in (header or "").split(",")]
    return etag in named or named == ["*"]
