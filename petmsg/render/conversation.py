"""The field lists of bookings, threads and texts: JSON keys and table columns."""

from typing import Any

from petmsg.enums import Direction
from petmsg.render.fields import Field, local
from petmsg.render.safe import from_json

BOOKINGS = (
    Field("booking", "Booking"),
    Field("status", "Status"),
    Field("client", "Client"),
    Field("sitter", "Sitter"),
    Field("starts_at", "Starts"),
    Field("ends_at", "Ends"),
    Field("window", None, get=lambda row: row["window_id"]),
)
BOOKING = (
    Field("booking", "Booking"),
    Field("status", "Status"),
    Field("client", "Client"),
    Field("sitter", "Sitter"),
    Field("starts_at", "Starts"),
    Field("ends_at", "Ends"),
    Field("thread", "Thread", get=lambda row: row["thread_id"]),
    Field(
        "window",
        "Window",
        get=lambda row: (
            None
            if row["window_id"] is None
            else {
                "id": row["window_id"],
                "starts_at": row["window_starts_at"],
                "booked_until": row["booked_until"],
                "ends_at": row["window_ends_at"],
            }
        ),
        cell=lambda row, view: (
            "-"
            if row["window_id"] is None
            else f"{local(row['window_starts_at'], view)} to {local(row['window_ends_at'], view)}"
        ),
    ),
    Field("created_at", "Added"),
)
BOOKING_CHANGED = (
    Field("booking", "Booking"),
    Field("status", "Status"),
    Field("client", "Client"),
    Field("sitter", "Sitter"),
    Field("starts_at", "Starts"),
    Field("ends_at", "Ends"),
    Field("window", "Window"),
    Field("overlaps", "Overlaps"),
    Field("reused", "Unchanged"),
)
CONFIRMED = (
    Field("booking", "Booking"),
    Field("status", "Status"),
    Field("client", "Client"),
    Field("thread", "Thread"),
    Field("window", "Window"),
    Field("sitter", "Sitter"),
    Field("default_number", "Default number"),
    Field(
        "reused",
        "Reused",
        get=lambda row: {"thread": row.thread_reused, "window": row.window_reused},
        cell=lambda row, _: (
            " and ".join(
                name
                for name, was in (("thread", row.thread_reused), ("window", row.window_reused))
                if was
            )
            or "nothing"
        ),
    ),
    Field("overlaps", "Overlaps"),
    Field("warnings", None),
)
THREADS = (
    Field("thread", "Thread"),
    Field("client", "Client"),
    Field("client_name", "Name"),
    Field("default_number", "Default number"),
    Field("pool_number", "Own pool number"),
    Field("windows", "Windows"),
    Field("messages", "Messages"),
    Field("last_message_at", "Last message"),
)
THREAD_WINDOWS = (
    Field("window", "Window", get=lambda row: row["window_id"]),
    Field("booking", "Booking"),
    Field("status", "Status"),
    Field("sitter", "Sitter"),
    Field("starts_at", "Starts"),
    Field("booked_until", "Booked until"),
    Field("ends_at", "Ends"),
)
NUMBERS_SEEN = (
    Field("number", "Number"),
    Field("class", "Class"),
    Field("messages", "Texts"),
    Field("last_used_at", "Last"),
)
THREAD_MESSAGES = (
    Field("message", "Id"),
    Field("direction", "Direction"),
    Field("status", "Status"),
    Field("number", "Number"),
    Field("body", "Body"),
    Field("created_at", "When"),
    Field("sent_at", None),
)


def _nested(fields: tuple[Field, ...], name: str) -> Any:
    return lambda row: [{field.name: field.value(each) for field in fields} for each in row[name]]


THREAD = (
    Field("thread", "Thread"),
    Field("client", "Client"),
    Field("client_name", "Name"),
    Field("default_number", "Default number"),
    Field("pool_number", "Own pool number"),
    Field("created_at", "Since"),
    Field("window_count", "Windows"),
    Field("message_count", "Texts"),
    Field("windows", None, get=_nested(THREAD_WINDOWS, "windows")),
    Field("numbers_seen", None, get=_nested(NUMBERS_SEEN, "numbers_seen")),
    Field("messages", None, get=_nested(THREAD_MESSAGES, "messages")),
)

MESSAGES = (
    Field("message", "Id"),
    Field("direction", "Direction"),
    Field("status", "Status"),
    Field("client", "Client"),
    Field(
        "from",
        "From",
        get=lambda row: row["from_e164"],
        personal=lambda row: row["direction"] == Direction.INBOUND,
    ),
    Field(
        "to",
        "To",
        get=lambda row: row["to_e164"],
        personal=lambda row: row["direction"] == Direction.OUTBOUND,
    ),
    Field("body", "Body"),
    Field("provider_id", None, get=lambda row: row["provider_message_id"]),
    Field("created_at", "Created"),
    Field("sent_at", "Sent"),
    Field("attempts", None),
    Field(
        "error",
        "Error",
        get=lambda row: (
            None
            if row["error_message"] is None
            else {"code": row["error_code"], "message": row["error_message"]}
        ),
        cell=lambda row, _: row["error_code"] or row["error_message"] or "-",
    ),
)


MESSAGE = (
    *MESSAGES,
    Field("segments", "Segments"),
    Field("provider", "Provider"),
    Field("as", "As", get=lambda row: row["as_sitter"]),
    Field("actor", "By"),
    Field("send_at", "Meant for"),
    Field("due_at", "Tried next"),
    Field("expires_at", "Expires"),
    Field("urgent", "Urgent"),
    Field("delivered_at", "Delivered"),
    Field("tries", None),
    Field(
        "decision",
        "Why",
        get=lambda row: None if row["decision"] is None else from_json(row["decision"]),
        cell=lambda row, _: (
            "-" if row["decision"] is None else from_json(row["decision"])["reason"]
        ),
    ),
)
QUEUED = (
    Field("message", "Id"),
    Field("status", "Status"),
    Field("reused", "Was there"),
)
SENT = (
    Field("message", "Id"),
    Field("status", "Status"),
    Field("from", "From", get=lambda row: row.from_e164),
    Field("to", "To", get=lambda row: row.to_e164, personal=True),
    Field("segments", "Segments"),
    Field(
        "decision",
        "Why",
        get=lambda row: None if row.decision is None else from_json(row.decision),
        cell=lambda row, _: (
            row.note or ("-" if row.decision is None else from_json(row.decision)["reason"])
        ),
    ),
    Field("note", None),
    Field("warnings", None, get=lambda row: list(row.warnings)),
)


SIZE = (
    Field("client", "Client"),
    Field("from", "From", get=lambda row: row.decision.number and row.decision.number.e164),
    Field("reason", "Why", get=lambda row: row.decision.reason),
    Field("to", "To", get=lambda row: row.to_e164, personal=True),
    Field("encoding", "Encoding"),
    Field("units", "Characters"),
    Field("segments", "Segments"),
    Field(
        "forced_by", "Forced by", cell=lambda row, _: repr(row.forced_by) if row.forced_by else "-"
    ),
    Field("leaves_now", "Leaves now"),
    Field(
        "holds",
        "Waits for",
        get=lambda row: [each._asdict() for each in row.holds],
        cell=lambda row, _: "; ".join(each.explanation for each in row.holds) or "-",
    ),
    Field("leak", "Leak"),
    Field("refused", "Refused"),
    Field("decision", None, get=lambda row: row.decision.to_json()),
)
