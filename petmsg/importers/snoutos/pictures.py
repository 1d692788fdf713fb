"""Pictures of old messages: the old tables hold their addresses, not their bytes."""

import json
from typing import Any
from urllib.parse import urlsplit

from petmsg.importers.snoutos.report import Imported

_ADDRESSES = ("url", "mediaUrl", "MediaUrl", "uri", "href", "src", "sid", "id", "key", "path")
"""The keys under which an object of the list may have its address, the best one first."""
_LONGEST = 300
_SHOWN = 10


def note_pictures(message_id: str, written: str | None, result: Imported) -> None:
    """Report the pictures of a message that was imported without them, with their addresses."""
    try:
        found = addresses(written)
    except ValueError:
        result.note(message_id, "malformed_media", "Its list of pictures is not JSON.")
        return
    if not found:
        return
    result.pictures += len(found)
    shown = ", ".join(found[:_SHOWN]) + (" …" if len(found) > _SHOWN else "")
    many = "1 picture is" if len(found) == 1 else f"{len(found)} pictures are"
    what = f"{many} not in the old tables, so the message was imported without: {shown}"
    result.note(message_id, "media_not_taken", what)


def addresses(written: str | None) -> list[str]:
    """Return the addresses in a list of pictures, without what may be a secret in them.

    The list is JSON: texts, or objects with an address. Raises `ValueError` if it is no JSON.
    """
    if not written or not written.strip():
        return []
    try:
        given = json.loads(written)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    listed = given if isinstance(given, list) else [given]
    return [_address(each) for each in listed if each not in (None, "", {}, [])]


def _address(each: Any) -> str:
    if isinstance(each, dict):
        each = next((each[name] for name in _ADDRESSES if each.get(name)), "(no address)")
    text = "".join(c for c in str(each) if c.isprintable())
    try:
        parts = urlsplit(text)
        host = parts.netloc.rpartition("@")[2]
        text = parts._replace(netloc=host, query="", fragment="").geturl()
    except ValueError:
        text = text.partition("?")[0]
    return text[:_LONGEST]
