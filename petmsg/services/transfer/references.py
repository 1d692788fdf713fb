"""Alerts name texts by their database ids, in words: in a file they name them by their place.

`Text 812 is held` stands in the file as `Text <row 5> is held`. What somebody wrote that looks like
that is marked by a `=`, so that reading it back is exact. The audit is a chain of hashes and keeps
the ids that texts had: `ids` says which texts these were.
"""

import json
import re
from collections.abc import Callable

from petmsg.services.transfer.values import BadCell, Value

_BY_ID = re.compile(
    r"((?:\b[Tt]ext|petmsg (?:message|inbox) (?:show|retry|cancel|claim|done)) )([0-9]{1,18})\b"
)
_BY_PLACE = re.compile(r"<row (=*)([0-9]{1,18})>")
_IN_WORDS = ("message", "command")


def alert_with_places(
    row: dict[str, Value], place_of: Callable[[int], int | None]
) -> dict[str, Value]:
    """An alert as a file holds it; `place_of` knows the place of a text's id."""
    changed = dict(row)
    for name in ("ref", *_IN_WORDS):
        text = row[name]
        if isinstance(text, str):
            changed[name] = _BY_PLACE.sub(r"<row =\1\2>", text)

    def placed(found: re.Match[str]) -> str:
        place = place_of(int(found[2]))
        return found[0] if place is None else f"{found[1]}<row {place}>"

    for name in _IN_WORDS:
        text = changed[name]
        if isinstance(text, str):
            changed[name] = _BY_ID.sub(placed, text)
    ref = row["ref"]
    if row["entity"] == "message" and isinstance(ref, str) and ref.isascii() and ref.isdecimal():
        place = place_of(int(ref))
        if place is not None:
            changed["ref"] = f"<row {place}>"
    return changed


def question_with_refs(row: dict[str, Value], ref_of: Callable[[int], Value]) -> dict[str, Value]:
    """A sitter's question as a file holds it: the clients she may choose from by their refs."""
    return {
        **row,
        "options": json.dumps([ref_of(each) for each in json.loads(str(row["options"]))]),
    }


def question_with_ids(row: dict[str, Value], id_of: Callable[[Value], int]) -> dict[str, Value]:
    """The question as it is stored; `id_of` knows the id of a client's ref, or raises."""
    try:
        refs = json.loads(str(row["options"]))
    except ValueError:
        refs = None
    if not isinstance(refs, list):
        raise BadCell("options is no list of clients")
    return {**row, "options": json.dumps([id_of(each) for each in refs])}


def alert_with_ids(row: dict[str, Value], id_of: Callable[[int], int]) -> dict[str, Value]:
    """The alert as it is stored; `id_of` knows the id of the text at a place, or raises."""

    def back(found: re.Match[str]) -> str:
        if found[1]:
            return f"<row {found[1][1:]}{found[2]}>"
        return str(id_of(int(found[2])))

    changed = dict(row)
    for name in ("ref", *_IN_WORDS):
        text = row[name]
        if isinstance(text, str):
            changed[name] = _BY_PLACE.sub(back, text)
    return changed
