"""What each command prints with `-o json`, as JSON Schema (draft 2020-12), from the field lists.

A command's declaration names its field list (`prints=`); docs/schemas holds what `documents` makes
of them.
The schemas are open: a later petmsg may add a key, and never takes one away or changes its kind.
"""

from collections.abc import Mapping
from typing import Any

from petmsg.render.field_types import TEXT, WORD, FieldType, keyed, list_of, object_of
from petmsg.render.printed import Form, Printed

DIALECT = "https://json-schema.org/draft/2020-12/schema"


ERROR = keyed(error=keyed(code=WORD, message=TEXT, hint=TEXT))
"""What every command tells on stderr when it fails."""
_REFUSED = keyed(ref=WORD, error=keyed(code=WORD, message=TEXT, hint=TEXT))
_FAULTS = list_of(keyed(code=WORD, message=TEXT, hint=TEXT))
"""The faults of a row of a file that has several."""


def documents(printed: Mapping[str, Printed]) -> dict[str, dict[str, Any]]:
    """Every schema by the name of its file. `printed` is what each command prints; one whose option
    prints something else stands there once more with that option."""
    made = {file_of(command): document(command, each) for command, each in printed.items()}
    made["error.json"] = {
        "$schema": DIALECT,
        "title": "An error of any petmsg command with -o json or -o jsonl",
        "description": "On stderr, its last line.",
        **schema_of(ERROR),
    }
    return made


def file_of(command: str) -> str:
    """The name of a command's schema below docs/schemas."""
    return command.replace("--", "").replace(" ", "-") + ".json"


def document(command: str, printed: Printed) -> dict[str, Any]:
    """The schema of what a command prints."""
    head = {
        "$schema": DIALECT,
        "title": f"petmsg {command} -o json",
        "description": printed.form.value,
    }
    if printed.form in (Form.LIST, Form.RESULTS, Form.KEPT):
        return {**head, "type": "array", "items": item_of(printed)}
    return {**head, **item_of(printed)}


def item_of(printed: Printed) -> dict[str, Any]:
    """The schema of one row of a command's output."""
    row = schema_of(object_of(printed.fields))
    if printed.form is not Form.RESULTS:
        return row
    refused = schema_of(_REFUSED)
    line = {"type": "integer", "minimum": 1, "description": "The line of the file."}
    refused["properties"] = {**refused["properties"], "row": line}
    error = refused["properties"]["error"]
    error["properties"] = {**error["properties"], "faults": schema_of(_FAULTS)}
    return {"anyOf": [row, refused]}


def schema_of(kind: FieldType) -> dict[str, Any]:
    """The schema of a kind."""
    if kind.keys is not None:
        made: dict[str, Any] = {
            "type": "object",
            "properties": {name: schema_of(each) for name, each in kind.keys},
            "required": [name for name, _ in kind.keys],
        }
    elif kind.either:
        of = [schema_of(each) for each in kind.either]
        made = {"anyOf": [*of, {"type": "null"}] if kind.nullable else of}
    elif kind.item is not None:
        made = {"type": "array", "items": schema_of(kind.item)}
    else:
        made = dict(kind.schema)
    if kind.nullable and not kind.either:
        made["type"] = [made["type"], "null"]
        if "enum" in made:
            made["enum"] = [*made["enum"], None]
    return made
