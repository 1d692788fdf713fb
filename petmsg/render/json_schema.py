"""What each command prints with `-o json`, as JSON Schema (draft 2020-12), from the field lists.

`SHAPES` names the field list of every command; docs/schemas holds what `documents` makes of it.
The schemas are open: a later petmsg may add a key, and never takes one away or changes its kind.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Any, NamedTuple

from petmsg.render.field_types import TEXT, WORD, FieldType, keyed, object_of
from petmsg.render.fields import Field
from petmsg.render.views.alert import ALERT, ALERTS, DONE
from petmsg.render.views.conversation import (
    BOOKING,
    BOOKING_CHANGED,
    BOOKINGS,
    CONFIRMED,
    MESSAGE,
    MESSAGES,
    QUEUED,
    SENT,
    SIZE,
    THREAD,
    THREADS,
)
from petmsg.render.views.coverage import GAPS
from petmsg.render.views.database import (
    BACKUP,
    CHECK,
    CLAIMS,
    CURRENT,
    GONE_BACK,
    MIGRATED,
    SET_ASIDE,
)
from petmsg.render.views.doctor import CHECKED
from petmsg.render.views.health import HEALTH, PACE, PACE_SET, PROPOSED
from petmsg.render.views.import_provider_numbers import EXPORTED, REPORT, TAKEN_BACK
from petmsg.render.views.inbound import ASSIGNED, INBOX, ITEM, ITEM_CHANGED, RECEIVED, STRAYS
from petmsg.render.views.nouns import (
    CLIENT,
    CLIENT_CHANGED,
    CLIENTS,
    DEACTIVATED,
    DOORS,
    EVENTS,
    FORGOTTEN,
    FREEZE,
    HEAD,
    IMPORTED,
    ORG,
    PHONE_TEXTABLE,
    RENUMBERED,
    REQUESTS,
    SETTINGS,
    SITTER,
    SITTER_ADDED,
    SITTERS,
    VERIFIED,
)
from petmsg.render.views.numbers import (
    HISTORY,
    NUMBER,
    NUMBER_ADDED,
    NUMBER_CHANGED,
    NUMBERS,
    PLANNED,
    QUARANTINED,
    RESTORED,
)
from petmsg.render.views.optout import OPT_OUT, OPT_OUTS, OPTED_IN, OPTED_OUT
from petmsg.render.views.provider_drift import DRIFT, SYNCED
from petmsg.render.views.provider_errors import CODE, CODES
from petmsg.render.views.route import ADDRESSEE, DECISION, STORED
from petmsg.render.views.simulate import SEGMENTS
from petmsg.render.views.status import STATUS
from petmsg.render.views.timeline import TIMELINE

DIALECT = "https://json-schema.org/draft/2020-12/schema"


class Form(Enum):
    """How the rows of a command stand in its output."""

    ONE = "An object."
    LIST = "An array; with -o jsonl a line per item."
    RESULTS = (
        "An array; with -o jsonl a line per item. A row that was refused has the error instead."
    )
    KEPT = "A line per item; with -o json an array."
    LINES = "A line per item, with -o json as with -o jsonl."


class Shape(NamedTuple):
    """What a command prints: rows of a field list."""

    fields: tuple[Field, ...]
    form: Form


_ONE, _LIST, _RESULTS, _KEPT, _LINES = Form

SHAPES: Mapping[str, Shape] = {
    "init": Shape(ORG, _ONE),
    "demo": Shape(CLAIMS, _LIST),
    "export": Shape(EXPORTED, _LIST),
    "import petmsg": Shape(TAKEN_BACK, _LIST),
    "import snoutos": Shape(REPORT, _ONE),
    "booking add": Shape(BOOKING_CHANGED, _ONE),
    "booking import": Shape(IMPORTED, _RESULTS),
    "booking list": Shape(BOOKINGS, _LIST),
    "booking show": Shape(BOOKING, _ONE),
    "booking confirm": Shape(CONFIRMED, _RESULTS),
    "booking cancel": Shape(BOOKING_CHANGED, _ONE),
    "booking reschedule": Shape(BOOKING_CHANGED, _ONE),
    "booking reassign": Shape(BOOKING_CHANGED, _ONE),
    "sitter add": Shape(SITTER_ADDED, _ONE),
    "sitter import": Shape(IMPORTED, _RESULTS),
    "sitter list": Shape(SITTERS, _LIST),
    "sitter show": Shape(SITTER, _ONE),
    "sitter set": Shape(SITTER_ADDED, _ONE),
    "sitter activate": Shape(SITTER_ADDED, _RESULTS),
    "sitter deactivate": Shape(DEACTIVATED, _ONE),
    "sitter renumber": Shape(RENUMBERED, _ONE),
    "client add": Shape(CLIENT_CHANGED, _ONE),
    "client import": Shape(IMPORTED, _RESULTS),
    "client list": Shape(CLIENTS, _LIST),
    "client show": Shape(CLIENT, _ONE),
    "client set": Shape(CLIENT_CHANGED, _ONE),
    "client forget": Shape(FORGOTTEN, _ONE),
    "client phone add": Shape(CLIENT_CHANGED, _ONE),
    "client phone remove": Shape(CLIENT_CHANGED, _ONE),
    "client phone primary": Shape(CLIENT_CHANGED, _ONE),
    "client phone textable": Shape(PHONE_TEXTABLE, _ONE),
    "number add": Shape(NUMBER_ADDED, _RESULTS),
    "number import": Shape(IMPORTED, _RESULTS),
    "number import --from-provider": Shape(NUMBER_ADDED, _RESULTS),
    "number list": Shape(NUMBERS, _LIST),
    "number show": Shape(NUMBER, _ONE),
    "number history": Shape(HISTORY, _LIST),
    "number who": Shape(HISTORY, _ONE),
    "number assign": Shape(NUMBER_CHANGED, _ONE),
    "number set-class": Shape(NUMBER_CHANGED, _ONE),
    "number retire": Shape(NUMBER_CHANGED, _ONE),
    "number quarantine": Shape(QUARANTINED, _RESULTS),
    "number quarantine --dry-run": Shape(PLANNED, _RESULTS),
    "number restore": Shape(RESTORED, _RESULTS),
    "number release-due": Shape(RESTORED, _LIST),
    "number health": Shape(HEALTH, _RESULTS),
    "number health --propose": Shape(PROPOSED, _RESULTS),
    "number health --apply": Shape(QUARANTINED, _RESULTS),
    "number pace": Shape(PACE, _RESULTS),
    "number pace --segments-per-second": Shape(PACE_SET, _RESULTS),
    "number pace --usual": Shape(PACE_SET, _RESULTS),
    "thread list": Shape(THREADS, _LIST),
    "thread show": Shape(THREAD, _ONE),
    "thread timeline": Shape(TIMELINE, _ONE),
    "route explain": Shape(DECISION, _ONE),
    "route explain --message": Shape(STORED, _ONE),
    "route inbound": Shape(ADDRESSEE, _ONE),
    "route simulate": Shape(SEGMENTS, _LIST),
    "message send": Shape(SENT, _ONE),
    "message send --preview": Shape(SIZE, _ONE),
    "message dispatch": Shape(SENT, _RESULTS),
    "message dispatch --watch": Shape(SENT, _LINES),
    "message sync": Shape(SYNCED, _RESULTS),
    "message list": Shape(MESSAGES, _LIST),
    "message show": Shape(MESSAGE, _ONE),
    "message retry": Shape(QUEUED, _ONE),
    "message cancel": Shape(QUEUED, _ONE),
    "message receive": Shape(RECEIVED, _ONE),
    "message pull": Shape(RECEIVED, _RESULTS),
    "inbox list": Shape(INBOX, _LIST),
    "inbox show": Shape(ITEM, _ONE),
    "inbox claim": Shape(ITEM_CHANGED, _RESULTS),
    "inbox done": Shape(ITEM_CHANGED, _RESULTS),
    "inbox assign": Shape(ASSIGNED, _ONE),
    "inbox strays": Shape(STRAYS, _LIST),
    "inbox adopt": Shape(RECEIVED, _ONE),
    "reconcile": Shape(DRIFT, _LIST),
    "alert list": Shape(ALERTS, _LIST),
    "alert tell": Shape(ALERTS, _LIST),
    "alert show": Shape(ALERT, _ONE),
    "alert done": Shape(DONE, _RESULTS),
    "optout list": Shape(OPT_OUTS, _LIST),
    "optout show": Shape(OPT_OUT, _ONE),
    "optout add": Shape(OPTED_OUT, _ONE),
    "optout remove": Shape(OPTED_IN, _ONE),
    "audit list": Shape(EVENTS, _LIST),
    "audit show": Shape(EVENTS, _ONE),
    "audit export": Shape(EVENTS, _KEPT),
    "audit export --head": Shape(HEAD, _KEPT),
    "status": Shape(STATUS, _LIST),
    "coverage": Shape(GAPS, _LIST),
    "doctor": Shape(CHECKED, _LIST),
    "audit verify": Shape(VERIFIED, _LIST),
    "errors explain": Shape(CODE, _LIST),
    "errors list": Shape(CODES, _LIST),
    "org add": Shape(ORG, _ONE),
    "org list": Shape(ORG, _LIST),
    "org show": Shape(ORG, _ONE),
    "org set": Shape(ORG, _ONE),
    "org freeze": Shape(FREEZE, _ONE),
    "org thaw": Shape(FREEZE, _ONE),
    "db upgrade": Shape(MIGRATED, _ONE),
    "db downgrade": Shape(MIGRATED, _ONE),
    "db current": Shape(CURRENT, _ONE),
    "db check": Shape(CHECK, _LIST),
    "db backup": Shape(BACKUP, _ONE),
    "db restore": Shape(GONE_BACK, _ONE),
    "db restored": Shape(SET_ASIDE, _LIST),
    "serve": Shape(REQUESTS, _LINES),
    "serve --dry-run": Shape(DOORS, _LIST),
    "config show": Shape(SETTINGS, _LIST),
}
"""By command. One whose option prints another shape stands here once more with that option."""

ERROR = keyed(error=keyed(code=WORD, message=TEXT, hint=TEXT))
"""What every command tells on stderr when it fails."""
_REFUSED = keyed(ref=WORD, error=keyed(code=WORD, message=TEXT, hint=TEXT))


def documents() -> dict[str, dict[str, Any]]:
    """Every schema by the name of its file."""
    made = {file_of(command): document(command) for command in SHAPES}
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


def document(command: str) -> dict[str, Any]:
    """The schema of what a command prints."""
    shape = SHAPES[command]
    head = {
        "$schema": DIALECT,
        "title": f"petmsg {command} -o json",
        "description": shape.form.value,
    }
    if shape.form in (_LIST, _RESULTS, _KEPT):
        return {**head, "type": "array", "items": item_of(shape)}
    return {**head, **item_of(shape)}


def item_of(shape: Shape) -> dict[str, Any]:
    """The schema of one row of a command's output."""
    row = schema_of(object_of(shape.fields))
    if shape.form is not _RESULTS:
        return row
    refused = schema_of(_REFUSED)
    line = {"type": "integer", "minimum": 1, "description": "The line of the file."}
    refused["properties"] = {**refused["properties"], "row": line}
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
