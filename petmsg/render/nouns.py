"""The field list of every noun: its JSON keys (spec, section 4) and its table columns."""

import json
from typing import Any

from petmsg.enums import Direction
from petmsg.render.fields import Field, View, local

ORG = (
    Field("org", "Org", get=lambda row: row.slug),
    Field("name", "Name"),
    Field("timezone", "Timezone"),
    Field("grace_minutes", "Grace (min)"),
    Field("quarantine_days", "Quarantine (days)"),
    Field("pool_for", "Pool for"),
    Field(
        "pool_threads_per_number",
        "Threads per pool number",
        cell=lambda row, _: str(row.pool_threads_per_number or "no limit"),
    ),
    Field("provider", "Provider"),
)

CLIENTS = (
    Field("client", "Client"),
    Field("name", "Name"),
    Field("phone", "Phone", personal=True),
    Field("kind", "Kind"),
    Field("thread", "Thread"),
    Field("created_at", None),
    Field("forgotten_at", None),
)
CLIENT = (
    Field("client", "Client"),
    Field("name", "Name"),
    Field("phones", "Phones", personal=True),
    Field("kind", "Kind"),
    Field("thread", "Thread"),
    Field("bookings", "Bookings"),
    Field("messages", "Messages"),
    Field("created_at", "Since"),
    Field("forgotten_at", "Forgotten"),
)
CLIENT_CHANGED = (
    Field("client", "Client"),
    Field("kind", "Kind"),
    Field("phones", "Phones"),
    Field("reused", "Unchanged"),
)
FORGOTTEN = (
    Field("client", "Client"),
    Field("phones", "Phones erased"),
    Field("messages", "Bodies erased"),
    Field("cancelled", "Texts cancelled"),
    Field("reused", "Unchanged"),
)

SITTERS = (
    Field("sitter", "Sitter"),
    Field("name", "Name"),
    Field("phone", "Own phone", personal=True),
    Field("status", "Status"),
    Field("number", "Number"),
    Field("number_status", "Number is"),
    Field("quarantined_until", "Until"),
)


def _spans(row: dict[str, Any], view: View) -> str:
    return (
        "; ".join(
            f"{local(span['activated_at'], view)} to "
            + (local(span["offboarded_at"], view) if span["offboarded_at"] else "today")
            for span in row["activity"]
        )
        or "-"
    )


SITTER = (
    *SITTERS,
    Field("activity", "Active", cell=_spans),
    Field(
        "numbers_held",
        "Numbers held",
        cell=lambda row, _: ", ".join(each["number"] for each in row["numbers_held"]) or "-",
    ),
    Field("created_at", "Since"),
)
SITTER_ADDED = (
    Field("sitter", "Sitter"),
    Field("status", "Status"),
    Field("number", "Number"),
    Field("reused", "Unchanged"),
)
DEACTIVATED = (
    Field("sitter", "Sitter"),
    Field("status", "Status"),
    Field("number", "Former number"),
    Field("quarantined_until", "In quarantine until"),
    Field("windows_ended", "Windows ended now"),
    Field("bookings_unassigned", "Bookings without a sitter"),
    Field("reused", None),
)
RENUMBERED = (
    Field("sitter", "Sitter"),
    Field("number", "Number"),
    Field("previous", "Former number"),
    Field("quarantined_until", "In quarantine until"),
)

NUMBERS = (
    Field("number", "Number"),
    Field("class", "Class"),
    Field("status", "Status"),
    Field("sitter", "Sitter"),
    Field("quarantined_until", "Until"),
    Field("quarantine_reason", "Reason"),
    Field("last_used_at", "Last used"),
)
HISTORY = (
    Field("from", "From", get=lambda row: row["starts_at"]),
    Field(
        "to",
        "To",
        get=lambda row: row["ends_at"],
        cell=lambda row, view: local(row["ends_at"], view) if row["ends_at"] else "today",
    ),
    Field("class", "Class"),
    Field("status", "Status"),
    Field("sitter", "Sitter"),
    Field("quarantined_until", "Until"),
    Field("reason", "Why"),
    Field("actor", "By"),
)
NUMBER = (
    *NUMBERS,
    Field("threads", "Clients"),
    Field(
        "history",
        None,
        get=lambda row: [
            {field.name: field.value(each) for field in HISTORY} for each in row["history"]
        ],
    ),
)
NUMBER_CHANGED = (
    Field("number", "Number"),
    Field("class", "Class", get=lambda row: row.number_class),
    Field("status", "Status"),
    Field("sitter", "Sitter"),
    Field("replaced", "Replaces"),
    Field("reused", "Unchanged"),
)
NUMBER_ADDED = (
    Field("number", "Number"),
    Field("class", "Class", get=lambda row: row.number_class),
    Field("status", "Status"),
    Field("reused", "Unchanged"),
)


def _meanwhile(row: Any, _: View) -> str:
    return (
        ", ".join(
            f"{count} window(s) from {number} ({kind})" if number else f"{count} from NO NUMBER"
            for number, kind, count in row.meanwhile
        )
        or "-"
    )


QUARANTINED = (
    Field("number", "Number"),
    Field("status", "Status", get=lambda _: "quarantined"),
    Field("quarantined_until", "Until"),
    Field("days", "Days"),
    Field("reason", "Reason"),
    Field(
        "affected",
        "Affects",
        get=lambda row: {
            "sitter": row.sitter,
            "threads": row.threads,
            "future_windows": row.future_windows,
        },
        cell=lambda row, _: (
            f"sitter {row.sitter or '-'}, {row.threads} thread(s), "
            f"{row.future_windows} window(s) to come"
        ),
    ),
    Field(
        "meanwhile",
        "Meanwhile",
        get=lambda row: [
            {"number": number, "class": kind, "windows": count}
            for number, kind, count in row.meanwhile
        ],
        cell=_meanwhile,
    ),
    Field("replacement", "New front desk"),
)
RESTORED = (
    Field("number", "Number"),
    Field("status", "Status", get=lambda _: "active"),
    Field("sitter", "Sitter"),
    Field("forced", "Early"),
    Field("reason", "Reason"),
)

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
IMPORTED = (Field("row", "Line"), Field("ref", "Ref"), Field("result", "Result"))

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
    Field(
        "decision",
        "Why",
        get=lambda row: None if row["decision"] is None else json.loads(row["decision"]),
        cell=lambda row, _: (
            "-" if row["decision"] is None else json.loads(row["decision"])["reason"]
        ),
    ),
)
QUEUED = (
    Field("message", "Id"),
    Field("status", "Status"),
    Field("reused", "Was there"),
)


def _payload(text: str) -> Any:
    """The payload, or its text where somebody made nonsense of it."""
    try:
        return json.loads(text)
    except ValueError:
        return text


EVENTS = (
    Field("seq", "Seq"),
    Field("at", "When"),
    Field("actor", "Who"),
    Field("event", "Event"),
    Field("entity", None),
    Field("ref", "What"),
    Field("reason", "Why"),
    Field(
        "payload",
        "Details",
        get=lambda row: _payload(row["payload"]),
        cell=lambda row, _: row["payload"],
    ),
    Field("hash", None),
)
VERIFIED = (
    Field("org", "Org"),
    Field("events", "Events that hold"),
    Field("ok", "Whole"),
    Field("broken_seq", "First broken"),
    Field("problem", "What is wrong"),
)
SETTINGS = (Field("name", "Setting"), Field("value", "Value"), Field("source", "From"))
SENT = (
    Field("message", "Id"),
    Field("status", "Status"),
    Field("from", "From", get=lambda row: row.from_e164),
    Field("to", "To", get=lambda row: row.to_e164, personal=True),
    Field("segments", "Segments"),
    Field(
        "decision",
        "Why",
        get=lambda row: None if row.decision is None else json.loads(row.decision),
        cell=lambda row, _: (
            row.note or ("-" if row.decision is None else json.loads(row.decision)["reason"])
        ),
    ),
    Field("note", None),
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
    Field("decision", None, get=lambda row: row.decision.to_json()),
)
