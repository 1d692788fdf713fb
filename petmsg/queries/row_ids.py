"""Ids of rows as a person types them. A small module, because many lists begin behind an id."""

from petmsg.errors import NotFound, OutOfRange, quoted

LARGEST_ID = 2**31 - 1
"""The largest id that the database can hold."""


def message_id(text: str) -> int:
    """The numeric id that a person typed. Raises `OutOfRange`."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 18):
        raise OutOfRange(
            f"Invalid message id {quoted(text)}.", hint="List the messages: petmsg message list"
        )
    return int(text)


def require_possible(id_: int) -> None:
    """Raise `NotFound` for an id that is too large for the database."""
    if not 0 < id_ <= LARGEST_ID:
        raise NotFound("message", str(id_))
