"""Options that several commands share, and what they mean."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from petmsg.errors import MalformedFile, MalformedText, OutOfRange, UsageProblem
from petmsg.queries.page import Page
from petmsg.rules.search import Search, parse_search
from petmsg.text_inputs import parse_reason

REASON = Annotated[
    str | None, typer.Option("--reason", metavar="TEXT", help="Reason, kept in the audit log.")
]
COUNTRY = Annotated[
    str | None,
    typer.Option(
        "--country",
        metavar="COUNTRY",
        help="The country of phones without a plus: US, GB. Default: that of the timezone.",
    ),
]
LIMIT = Annotated[int, typer.Option("--limit", min=1, help="Maximum number of rows.")]
BEFORE = Annotated[
    str | None,
    typer.Option("--before", metavar="ROW", help="Only rows older than this one (the last shown)."),
]
ALL = Annotated[bool, typer.Option("--all", help="Print all rows.")]
SEARCH = Annotated[
    str | None,
    typer.Option("--search", metavar="TEXT", help="Only rows with these words or digits in them."),
]
TODAY = Annotated[bool, typer.Option("--today", help="Bookings of today.")]
ON_DAY = Annotated[
    str | None,
    typer.Option("--on", metavar="DAY", help="Bookings of that day: 2026-02-14, tomorrow."),
]
FROM = Annotated[
    str | None, typer.Option("--from", metavar="T", help="Bookings that end after this.")
]
TO = Annotated[
    str | None, typer.Option("--to", metavar="T", help="Bookings that start before this.")
]
FURTHER_DOWN = Annotated[
    str | None,
    typer.Option(
        "--before", metavar="ROW", help="Only rows further down than this one (the last shown)."
    ),
]
CREATED_SINCE = Annotated[
    str | None,
    typer.Option("--since", metavar="T", help="Only messages created at or after this time."),
]
CREATED_UNTIL = Annotated[
    str | None,
    typer.Option("--until", metavar="T", help="Only messages created before this time."),
]
FILE = Annotated[
    str | None,
    typer.Option("--file", metavar="F", help="A CSV, XLSX or JSONL file; - for stdin."),
]
SOURCE = Annotated[
    str | None,
    typer.Argument(metavar="FILE", help="A CSV, XLSX or JSONL file; - for stdin."),
]
MEDIA = Annotated[
    list[str] | None,
    typer.Option(
        "--media", metavar="FILE|URL", help="A picture or PDF, or its https URL; up to 10 times."
    ),
]
KEY = Annotated[
    str | None,
    typer.Option(
        "--key",
        metavar="K",
        help="Idempotency key: the same key never creates a second message.",
    ),
]
URGENT = Annotated[bool, typer.Option("--urgent", help="Ignore quiet hours (audited).")]
QUEUE_ONLY = Annotated[
    bool, typer.Option("--queue-only", help="Only queue it; petmsg message dispatch sends it.")
]
TEMPLATE = Annotated[
    str | None, typer.Option("--template", metavar="TEMPLATE", help="Fill in this template.")
]
VALUES = Annotated[
    list[str] | None,
    typer.Option("--var", metavar="K=V", help="A value for a variable of the template."),
]
ABOUT_VISIT = Annotated[
    str | None,
    typer.Option("--booking", metavar="REF", help="The visit that the template is about."),
]
FINDINGS = Annotated[bool, typer.Option("--findings", help="Print only problems.")]

_LARGEST_FILE = 256 * 1024 * 1024
_LARGEST_BODY = 65_536


def page(limit: int, before: str | None, everything: bool) -> Page:
    """The page of a list that the options ask for."""
    return Page(None if everything else limit, before)


def searched(text: str | None) -> Search | None:
    """What `--search` looks for. Raises `OutOfRange`."""
    return None if text is None else parse_search(text)


def checked_reason(text: str | None) -> str | None:
    """The reason as it is stored; None stays None. Raises `EmptyReason`."""
    return None if text is None else parse_reason(text)


def required_reason(text: str | None) -> str:
    """A reason where one must be given."""
    if text is None:
        raise OutOfRange("--reason is required.", hint="Give a reason: --reason '…'")
    return parse_reason(text)


def named_folder(text: str) -> Path:
    """The folder a person named. A URL is refused unseen: it may hold a password."""
    return _named(text, "folder")


def named_file(text: str) -> Path:
    """The file a person named, there or not. A URL is refused unseen, as above."""
    return _named(text, "file")


def _named(text: str, kind: str) -> Path:
    if "://" in text or "\0" in text:
        raise UsageProblem(
            f"That is not a path of a {kind}.", hint=f"Name a {kind} of this machine."
        )
    return Path(text)


def read_file(name: str) -> bytes:
    """The whole content of a batch file, `-` for stdin. Raises `MalformedFile`."""
    try:
        if name == "-":
            content = sys.stdin.buffer.read(_LARGEST_FILE + 1)
            if len(content) > _LARGEST_FILE:
                raise MalformedFile("stdin is larger than 256 MiB.", hint="Import it in parts.")
            return content
        path = Path(name)
        if path.stat().st_size > _LARGEST_FILE:
            raise MalformedFile(f"{name} is larger than 256 MiB.", hint="Import it in parts.")
        return path.read_bytes()
    except (OSError, ValueError) as problem:
        why = problem.strerror if isinstance(problem, OSError) else problem
        raise MalformedFile(f"{name} cannot be read: {why}.", hint="Check the path.") from None


def read_text(name: str, *, hint: str) -> str:
    """The text of a file, `-` for stdin. Raises `MalformedFile`."""
    try:
        return read_file(name).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise MalformedFile(f"{name} is not UTF-8 text.", hint=hint) from None


def body_of(option: str) -> str:
    """The body of a message as it was typed; `-` reads stdin. Raises `MalformedText`."""
    if option != "-":
        return option
    content = sys.stdin.buffer.read(_LARGEST_BODY + 1)
    if len(content) > _LARGEST_BODY:
        raise MalformedText("The body on stdin is larger than 64 KiB.", hint="Shorten it.")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise MalformedText("The body on stdin is not UTF-8.", hint="Save it as UTF-8.") from None
