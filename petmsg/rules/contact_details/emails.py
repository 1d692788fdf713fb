"""Email addresses in a plain text, even with `@` and `.` spelled out. Pure."""

import re
from collections.abc import Iterator

_AT = re.compile(r"(?i) ?[(\[{<] ?(?:at|@) ?[)\]}>] ?| {1,2}(?:at|@) {1,2}|@")
_LABEL = r"[^\W_](?:[^\W_]|-){0,62}"
_DOT = r"(?:\.| ?[(\[{<] ?(?:dot|\.) ?[)\]}>] ?| {1,2}dot {1,2})"
_HOST = re.compile(rf"(?i)({_LABEL})((?:{_DOT}{_LABEL}){{0,4}}){_DOT}[^\W\d_]{{2,24}}(?![^\W_])")
_MAIL_HOSTS = frozenset(
    ("gmail", "googlemail", "yahoo", "hotmail", "outlook", "icloud", "aol", "protonmail", "gmx")
)


def emails(text: str) -> Iterator[tuple[int, int]]:
    """Yield where an address occurs: `text[start:end]`."""
    last = 0
    for at in _AT.finditer(text):
        start = at.start()
        while start > last and (text[start - 1].isalnum() or text[start - 1] in "._%+-"):
            start -= 1
        host = _HOST.match(text, at.end())
        if start < at.start() and host is not None and _is_address(at.group(), host):
            yield start, host.end()
            last = host.end()


def _is_address(at: str, host: re.Match[str]) -> bool:
    """Whether the match is an address: `look at example.com` is not; `maya at gmail.com` and `maya
    at host dot com` are."""
    if at.strip().lower() != "at" and at != " @ ":
        return True
    return host.group(1).lower() in _MAIL_HOSTS or "." not in host.group()
