"""The field lists of orgs, people, numbers and the audit: JSON keys and table columns."""

from typing import Any

from petmsg.phone import mask_phone
from petmsg.render.fields import Field, View, local
from petmsg.render.safe import from_json

ORG = (
    Field("org", "Org"),
    Field("name", "Name"),
    Field("timezone", "Timezone"),
    Field("grace_minutes", "Grace (min)"),
    Field("quarantine_days", "Quarantine (days)"),
    Field("pool_for", "Pool for"),
    Field(
        "pool_threads_per_number",
        "Threads per pool number",
        cell=lambda row, _: str(row["pool_threads_per_number"] or "no limit"),
    ),
    Field("provider", "Provider"),
    Field("quiet_hours", "Quiet hours", cell=lambda row, _: row["quiet_hours"] or "off"),
    Field("frozen", "Frozen"),
    Field("frozen_until", "Frozen until"),
    Field("freeze_reason", "Why frozen"),
)
FREEZE = (
    Field("org", "Org"),
    Field("frozen", "Frozen"),
    Field("frozen_until", "Until"),
    Field("freeze_reason", "Why"),
    Field("waiting", "Texts that wait"),
    Field("reused", "Unchanged"),
)

CLIENTS = (
    Field("client", "Client"),
    Field("name", "Name"),
    Field("phone", "Phone", personal=True),
    Field("kind", "Kind"),
    Field("thread", "Thread"),
    Field("opted_out", "Opted out"),
    Field("timezone", None),
    Field("created_at", None),
    Field("forgotten_at", None),
)


def _not_textable(row: dict[str, Any], view: View) -> str:
    return (
        "; ".join(
            f"{each['phone'] if view.reveal else mask_phone(each['phone'])} since "
            f"{local(each['not_textable_at'], view)} (code {each['code']})"
            for each in row["not_textable"]
        )
        or "-"
    )


CLIENT = (
    Field("client", "Client"),
    Field("name", "Name"),
    Field("phones", "Phones", personal=True),
    Field("not_textable", "Not textable", personal=True, cell=_not_textable),
    Field("opted_out", "Opted out"),
    Field("kind", "Kind"),
    Field("timezone", "Timezone", cell=lambda row, _: row["timezone"] or "the org's"),
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
PHONE_TEXTABLE = (
    Field("client", "Client"),
    Field("phone", "Textable again", personal=True),
    Field("code", "The provider had said"),
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
    Field("segments_per_second", "Segments per second"),
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
IMPORTED = (Field("row", "Line"), Field("ref", "Ref"), Field("result", "Result"))
SETTINGS = (Field("name", "Setting"), Field("value", "Value"), Field("source", "From"))


def _payload(text: str) -> Any:
    """The payload, or its text where somebody made nonsense of it."""
    try:
        return from_json(text)
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
