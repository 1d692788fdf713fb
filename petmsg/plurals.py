"""Counts in words: `1 message`, `2 messages`."""


def counted(count: int, noun: str, plural: str | None = None) -> str:
    """The count and its noun; the plural adds an s unless it is given."""
    return f"{count} {noun if count == 1 else plural or noun + 's'}"
