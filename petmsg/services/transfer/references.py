"""References in the text of alerts and questions: database ids become row numbers in an export.

The text of an alert names messages by their ids: `Message 812 is held` becomes `Message <row 5> is
held` in the file. Text that a person wrote and that looks like this is marked with a `=`, so that
it can be restored exactly. The audit is a chain of hashes and keeps the old ids; the file `ids`
maps them to rows.
"""

import json
import re
from collections.abc import Callable

from petmsg.services.transfer.values import BadCell, Value

_BY_ID = re.compile(
    r"((?:\b(?:[Tt]ext|[Mm]essage)|petmsg (?:message|inbox) (?:show|retry|cancel|claim|done)) )"
    r"([0-9]{1,18})\b"
)
_BY_ROW = re.compile(r"<row (=*)([0-9]{1,18})>")
_IN_WORDS = ("message", "command")


def alert_with_row_numbers(
    row: dict[str, Value], row_of: Callable[[int], int | None]
) -> dict[str, Value]:
    """The alert as it is exported; `row_of` returns the row number for the id of a message."""
    changed = dict(row)
    for name in ("ref", *_IN_WORDS):
        text = row[name]
        if isinstance(text, str):
            changed[name] = _BY_ROW.sub(r"<row =\1\2>", text)

    def with_row(found: re.Match[str]) -> str:
        place = row_of(int(found[2]))
        return found[0] if place is None else f"{found[1]}<row {place}>"

    for name in _IN_WORDS:
        text = changed[name]
        if isinstance(text, str):
            changed[name] = _BY_ID.sub(with_row, text)
    ref = row["ref"]
    if row["entity"] == "message" and isinstance(ref, str) and ref.isascii() and ref.isdecimal():
        place = row_of(int(ref))
        if place is not None:
            changed["ref"] = f"<row {place}>"
    return changed


def question_with_refs(row: dict[str, Value], ref_of: Callable[[int], Value]) -> dict[str, Value]:
    """A sitter's question as it is exported: the clients to choose from are named by their refs."""
    return {
        **row,
        "options": json.dumps([ref_of(each) for each in json.loads(str(row["options"]))]),
    }


def question_with_ids(row: dict[str, Value], id_of: Callable[[Value], int]) -> dict[str, Value]:
    """The question as it is stored; `id_of` returns the id for a client's ref.

    Raises `BadCell`, and what `id_of` raises.
    """
    try:
        refs = json.loads(str(row["options"]))
    except ValueError:
        refs = None
    if not isinstance(refs, list):
        raise BadCell("options is not a list of clients")
    return {**row, "options": json.dumps([id_of(each) for each in refs])}


def alert_with_ids(row: dict[str, Value], id_of: Callable[[int], int]) -> dict[str, Value]:
    """The alert as it is stored; `id_of` returns a message's id for its row number, or raises."""

    def with_id(found: re.Match[str]) -> str:
        if found[1]:
            return f"<row {found[1][1:]}{found[2]}>"
        return str(id_of(int(found[2])))

    changed = dict(row)
    for name in ("ref", *_IN_WORDS):
        text = row[name]
        if isinstance(text, str):
            changed[name] = _BY_ROW.sub(with_id, text)
    return changed
