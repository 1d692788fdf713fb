"""Find values in an SQLite file that petmsg cannot have written. Standard library only.

SQLite stores values of any type in any column (https://www.sqlite.org/datatype3.html), and its own
integrity check accepts them. A failing disk can turn text into bytes that commands cannot read.
"""

from collections.abc import Iterator

from petmsg.db.cursor import Cursor

TABLES = frozenset(
    (
        "alert",
        "assignment_window",
        "audit_event",
        "audit_head",
        "auto_reply",
        "blocked_pair",
        "booking",
        "call",
        "client",
        "client_phone",
        "import_map",
        "inbound_text",
        "media",
        "media_link",
        "message",
        "message_attempt",
        "message_number",
        "message_source",
        "notify_channel",
        "notify_delivery",
        "number_custody",
        "number_purchase",
        "opt_out",
        "org",
        "pull_mark",
        "ref_counter",
        "relay",
        "relay_question",
        "route_override",
        "sandbox_text",
        "sitter",
        "sitter_absence",
        "sitter_activity",
        "stray_text",
        "stripe_event",
        "template",
        "template_version",
        "thread",
    )
)
"""petmsg's own tables; a file may contain others, which are not checked."""
_STORED = {
    "BIGINT": "integer",
    "INTEGER": "integer",
    "BOOLEAN": "integer",
    "FLOAT": "real",
    "VARCHAR": "text",
    "DATETIME": "text",
}
"""The storage class of SQLite by the declared type of a column."""
_FRACTION = "." + "[0-9]" * 6
_JSON = {
    ("audit_event", "payload"): "object",
    ("call", "decision"): "object",
    ("call", "ring_results"): "object",
    ("message", "decision"): "object",
    ("notify_channel", "kinds"): "array",
    ("relay_question", "options"): "array",
}


def strange_values(cursor: Cursor) -> Iterator[str]:
    """For each of petmsg's tables in an SQLite file, where the first value stands that its column
    cannot have: of another type, no time, or no JSON where there must be some. Such as
    `client.name of row 5`."""
    for table in sorted(TABLES):
        columns = cursor.tuples("SELECT name, type FROM pragma_table_info(:table)", table=table)
        strange = [
            f"WHEN {condition} THEN '{name}'"
            for name, declared in columns
            for condition in _conditions(table, name, declared.partition("(")[0])
        ]
        if not strange:
            continue
        found = cursor.tuples(
            f"SELECT * FROM (SELECT rowid, CASE {' '.join(strange)} END AS name FROM {table}) "  # noqa: S608
            "WHERE name IS NOT NULL LIMIT 1"
        )
        yield from (f"{table}.{name} of row {row}" for row, name in found)


def _conditions(table: str, name: str, declared: str) -> Iterator[str]:
    """The SQL conditions that are true for a damaged value."""
    if declared in _STORED:
        yield f"typeof({name}) NOT IN ('{_STORED[declared]}', 'null')"
    if declared == "DATETIME":
        yield from _no_instant(name)
    if (table, name) in _JSON:
        yield f"{name} IS NOT NULL AND NOT json_valid({name})"
        yield f"json_type({name}) <> '{_JSON[table, name]}'"


def _no_instant(name: str) -> Iterator[str]:
    """A text that is no time, or names a day that its month does not have.

    SQLite computes with the time, else it would repeat such a day, and to the second, because it
    rounds.
    """
    to_second = f"substr({name}, 1, 19)"
    yield f"coalesce(strftime('%Y-%m-%d %H:%M:%S', {to_second}, '+0 days'), '') <> {to_second}"
    yield f"substr({name}, 20) NOT GLOB '{_FRACTION}'"
