"""Counts in words: `1 message`, `2 messages`."""

from collections.abc import Collection
from datetime import timedelta


def counted(count: int, noun: str, plural: str | None = None) -> str:
    """The count and its noun; the plural adds an s unless it is given."""
    return f"{count} {noun if count == 1 else plural or noun + 's'}"


def who_waits(entities: Collection[str], longest: timedelta) -> str:
    """Say who waits for an answer and how long the longest has waited, as in
    `2 clients and 1 sitter wait, the longest 42 min`.

    `entities` has `client` or `sitter` for each who waits, and `message` for all unknown senders
    together.
    """
    clients = sum(each == "client" for each in entities)
    sitters = sum(each == "sitter" for each in entities)
    groups = [counted(clients, "client")] * (clients > 0)
    groups += [counted(sitters, "sitter")] * (sitters > 0)
    groups += ["unknown senders"] * ("message" in entities)
    *first, last = groups
    who = f"{', '.join(first)} and {last}" if first else last
    length = waited(max(0, longest // timedelta(minutes=1)))
    if clients + sitters == len(entities) == 1:
        return f"{who} waits, {length}"
    return f"{who} wait, the longest {length}"


def waited(minutes: int) -> str:
    """How long somebody waits: minutes, from two hours on hours, from two days on days."""
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1440} days"


def named(ref: str, name: str | None) -> str:
    """A person in a table or a sentence: the ref and the name. An erased client has no name."""
    return f"{ref} {name or '[erased]'}"
