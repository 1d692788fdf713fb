"""The field lists of orgs, clients, sitters, settings and the audit log."""

from typing import Any

from petmsg.enums.numbers import NumberStatus
from petmsg.enums.orgs import PoolFor, ProviderName
from petmsg.enums.people import ClientKind, SitterStatus
from petmsg.phone import mask_phone
from petmsg.plurals import named
from petmsg.render.escape import from_json
from petmsg.render.field_types import (
    ATTENTION_FLAG,
    BAD_FLAG,
    COUNT,
    E164,
    FLAG,
    FREE,
    GOOD_FLAG,
    ID,
    INSTANT,
    INTEGER,
    NAME,
    PHONE,
    REF,
    RELATIVE_INSTANT,
    TEXT,
    WORD,
    keyed,
    list_of,
    one_of,
    one_word_of,
    or_null,
)
from petmsg.render.fields import UNCHANGED, Field, View, local, words
from petmsg.render.views import people
from petmsg.render.views.override import HOLDING


def _country(row: Any, _: View) -> str:
    if row["country"] is not None:
        return str(row["country"])
    if row["phone_country"] is None:
        return "none: write phones with a plus"
    return f"{row['phone_country']}, from the timezone"


ORG = (
    Field("org", "Org", kind=WORD),
    Field("name", "Name", kind=NAME),
    Field("timezone", "Timezone", kind=WORD),
    Field("grace_minutes", "Grace (min)", kind=COUNT),
    Field("quarantine_days", "Quarantine (days)", kind=COUNT),
    Field("pool_for", "Pool for", kind=one_of(PoolFor)),
    Field(
        "pool_threads_per_number",
        "Threads per pool number",
        cell=lambda row, _: str(row["pool_threads_per_number"] or "no limit"),
        kind=or_null(COUNT),
    ),
    Field("provider", "Provider", kind=one_of(ProviderName)),
    Field(
        "quiet_hours",
        "Quiet hours",
        cell=lambda row, _: row["quiet_hours"] or "off",
        kind=or_null(WORD),
    ),
    Field("relay", "Relay", cell=lambda row, _: "on" if row["relay"] else "off", kind=FLAG),
    Field(
        "office_hours",
        "Office hours",
        cell=lambda row, _: row["office_hours"] or "always",
        kind=or_null(WORD),
    ),
    Field(
        "unanswered_minutes",
        "Unanswered after (min)",
        cell=lambda row, _: str(row["unanswered_minutes"] or "15, or 60 out of hours"),
        kind=or_null(COUNT),
    ),
    Field("closed_reply", "Closed reply", kind=or_null(TEXT)),
    Field("unknown_reply", "Unknown-sender reply", kind=or_null(TEXT)),
    Field("frozen", "Frozen", kind=BAD_FLAG),
    Field("frozen_until", "Frozen until", kind=or_null(RELATIVE_INSTANT)),
    Field("freeze_reason", "Freeze reason", kind=or_null(TEXT)),
    Field("lead_minutes", "Lead (min)", kind=COUNT),
    Field("country", "Country", cell=_country, kind=or_null(WORD)),
    Field("phone_country", None, kind=or_null(WORD)),
    Field(
        "twilio_account",
        "Twilio account",
        cell=lambda row, _: row["twilio_account"] or "without a name",
        kind=or_null(WORD),
    ),
    Field("desk_phone", "Desk phone", personal=True, kind=or_null(PHONE)),
    Field(
        "voicemail",
        "Voicemail",
        cell=lambda row, _: "on" if row["voicemail"] else "off",
        kind=FLAG,
    ),
    Field(
        "greeting",
        "Voicemail greeting",
        cell=lambda row, _: row["greeting"] or "the usual words",
        kind=or_null(TEXT),
    ),
    Field("ring_seconds", "Ring (s)", kind=COUNT),
    Field("missed_call_reply", "Missed-call reply", kind=or_null(TEXT)),
    Field("calls_per_hour", "Calls per caller and hour", kind=COUNT),
)
ORG_REMOVED = (
    Field("org", "Org", kind=WORD),
    Field("numbers", "Numbers retired", kind=COUNT),
    Field("clients", "Clients erased", kind=COUNT),
    Field("sitters", "Sitters erased", kind=COUNT),
    Field("bookings", "Bookings cancelled", kind=COUNT),
    Field("messages", "Messages erased", kind=COUNT),
    Field("pictures", "Files erased", kind=COUNT),
    Field("calls", "Calls erased", kind=COUNT),
    Field("cancelled", "Messages not sent", kind=COUNT),
    UNCHANGED,
)
FREEZE = (
    Field("org", "Org", kind=WORD),
    Field("frozen", "Frozen", kind=BAD_FLAG),
    Field("frozen_until", "Until", kind=or_null(RELATIVE_INSTANT)),
    Field("freeze_reason", "Reason", kind=or_null(TEXT)),
    Field("waiting", "Queued messages", kind=COUNT),
    UNCHANGED,
)

CLIENTS = (
    Field("client", "Client", kind=REF),
    Field("name", "Name", kind=or_null(NAME)),
    Field("phone", "Phone", personal=True, kind=or_null(PHONE)),
    Field("kind", "Kind", kind=one_of(ClientKind)),
    Field("thread", "Thread", kind=or_null(ID)),
    Field("opted_out", "Opted out", kind=ATTENTION_FLAG),
    Field("timezone", None, kind=or_null(WORD)),
    Field("created_at", None, kind=INSTANT),
    Field("forgotten_at", None, kind=or_null(INSTANT)),
)


def _not_textable(row: Any, view: View) -> str:
    return (
        "; ".join(
            f"{each.phone if view.reveal else mask_phone(each.phone)} since "
            f"{local(each.not_textable_at, view)} (code {each.code})"
            for each in row.not_textable
        )
        or "-"
    )


CLIENT = (
    Field("client", "Client", kind=REF),
    Field("name", "Name", kind=or_null(NAME)),
    Field("phones", "Phones", personal=True, kind=list_of(PHONE)),
    Field(
        "not_textable",
        "Not SMS-capable",
        get=lambda row: [each._asdict() for each in row.not_textable],
        personal=True,
        cell=_not_textable,
        kind=list_of(keyed(phone=PHONE, not_textable_at=INSTANT, code=or_null(WORD))),
    ),
    Field("opted_out", "Opted out", kind=ATTENTION_FLAG),
    HOLDING,
    Field("kind", "Kind", kind=one_of(ClientKind)),
    Field(
        "timezone",
        "Timezone",
        cell=lambda row, _: row.timezone or "the org's",
        kind=or_null(WORD),
    ),
    Field("thread", "Thread", kind=or_null(ID)),
    Field("bookings", "Bookings", kind=COUNT),
    Field("messages", "Messages", kind=COUNT),
    Field("created_at", "Created", kind=INSTANT),
    Field("forgotten_at", "Erased", kind=or_null(INSTANT)),
)
CLIENT_CHANGED = (
    *people.CLIENT,
    Field("kind", "Kind", kind=one_of(ClientKind)),
    Field("phones", "Phones", kind=COUNT),
    UNCHANGED,
)
PHONE_TEXTABLE = (
    *people.CLIENT,
    Field("phone", "SMS-capable phone", personal=True, kind=PHONE),
    Field("code", "Former provider code", kind=or_null(WORD)),
    UNCHANGED,
)
ERASED = (
    Field("client", "Client", cell=lambda row, _: named(row.client, None), kind=REF),
    Field("phones", "Phones erased", kind=COUNT),
    Field("messages", "Bodies erased", kind=COUNT),
    Field("cancelled", "Messages cancelled", kind=COUNT),
    Field("media", "Files erased", kind=COUNT),
    Field("calls", "Calls erased", kind=COUNT),
    UNCHANGED,
)

SITTERS = (
    Field("sitter", "Sitter", kind=REF),
    Field("name", "Name", kind=NAME),
    Field("phone", "Own phone", personal=True, kind=or_null(PHONE)),
    Field("status", "Status", kind=one_of(SitterStatus)),
    Field("number", "Number", kind=or_null(E164)),
    Field("number_status", "Number status", kind=or_null(one_of(NumberStatus))),
    Field("quarantined_until", "Until", kind=or_null(RELATIVE_INSTANT)),
)


def _spans(row: Any, view: View) -> str:
    return (
        "; ".join(
            f"{local(span.activated_at, view)} to "
            + (local(span.offboarded_at, view) if span.offboarded_at else "today")
            for span in row.activity
        )
        or "-"
    )


def _absences(row: Any, view: View) -> str:
    """The absences that are not over, or none."""
    return (
        "; ".join(
            f"{local(each.starts_at, view)} to {local(each.ends_at, view)} ({each.reason})"
            for each in row.absences
            if view.now is None or each.ends_at > view.now
        )
        or "-"
    )


SITTER = (
    *SITTERS,
    Field(
        "activity",
        "Active",
        get=lambda row: [span._asdict() for span in row.activity],
        cell=_spans,
        kind=list_of(keyed(activated_at=INSTANT, offboarded_at=or_null(INSTANT))),
    ),
    Field(
        "numbers_held",
        "Numbers held",
        get=lambda row: [each._asdict() for each in row.numbers_held],
        cell=lambda row, _: ", ".join(each.number for each in row.numbers_held) or "-",
        kind=list_of(keyed(number=E164, first_held_at=INSTANT)),
    ),
    Field(
        "absences",
        "Away",
        get=lambda row: [each._asdict() for each in row.absences],
        cell=_absences,
        kind=list_of(keyed(starts_at=INSTANT, ends_at=INSTANT, reason=TEXT)),
    ),
    Field("created_at", "Created", kind=INSTANT),
)
SITTER_ADDED = (
    *people.SITTER,
    Field("status", "Status", kind=one_of(SitterStatus)),
    Field("number", "Number", kind=or_null(E164)),
    UNCHANGED,
)
DEACTIVATED = (
    *people.SITTER,
    Field("status", "Status", kind=one_of(SitterStatus)),
    Field("number", "Former number", kind=or_null(E164)),
    Field("quarantined_until", "Quarantined until", kind=or_null(RELATIVE_INSTANT)),
    Field("windows_ended", "Windows ended now", kind=list_of(REF)),
    Field("bookings_unassigned", "Bookings without a sitter", kind=list_of(REF)),
    Field("reused", None, kind=FLAG),
)
RENUMBERED = (
    *people.SITTER,
    Field("number", "Number", kind=E164),
    Field("previous", "Former number", kind=or_null(E164)),
    Field("quarantined_until", "Quarantined until", kind=or_null(RELATIVE_INSTANT)),
)

IMPORTED = (
    Field("row", "Line", kind=ID),
    Field("ref", "Ref", kind=REF),
    Field("result", "Result", kind=one_word_of("created", "updated", "unchanged")),
    Field("notes", None, kind=list_of(TEXT)),
)
BOOKING_IMPORTED = (
    Field("row", "Line", kind=ID),
    Field("ref", "Ref", kind=REF),
    Field("result", "Result", kind=one_word_of("created", "updated", "unchanged", "cancelled")),
    Field("notes", None, kind=list_of(TEXT)),
)
WEBHOOKS = (
    Field("path", "Path", kind=WORD),
    Field("open", "Open", kind=FLAG),
    Field("checked", "Verification", kind=NAME),
)
REQUESTS = (
    Field("at", "Time", kind=INSTANT),
    Field("method", "Method", kind=WORD),
    Field("route", "Route", kind=WORD),
    Field("status", "Status", kind=INTEGER),
    Field("ms", "Milliseconds", kind=INTEGER),
    Field("outcome", "Outcome", kind=or_null(WORD)),
    Field("request_id", "Request", kind=WORD),
)
SETTINGS = (
    Field("name", "Setting", kind=WORD),
    Field("value", "Value", kind=or_null(TEXT)),
    Field("source", "Source", kind=NAME),
)


def _payload(text: str) -> Any:
    """The payload as data, or as it is stored if it is not valid JSON."""
    try:
        return from_json(text)
    except ValueError:
        return text


EVENTS = (
    Field("seq", "Seq", kind=ID),
    Field("at", "Time", kind=INSTANT),
    Field("actor", "Actor", kind=NAME),
    Field("event", "Event", kind=WORD),
    Field("entity", None, kind=WORD),
    Field("ref", "Subject", kind=WORD),
    Field("reason", "Reason", kind=or_null(TEXT)),
    Field(
        "payload",
        "Details",
        get=lambda row: _payload(row["payload"]),
        cell=lambda row, view: words(_payload(row["payload"]), view),
        kind=FREE,
    ),
    Field("hash", None, kind=WORD),
)
HEAD = (
    Field("org", "Org", kind=WORD),
    Field("seq", "Seq", kind=COUNT),
    Field("hash", "Hash", kind=WORD),
)
VERIFIED = (
    Field("org", "Org", kind=WORD),
    Field("events", "Events verified", kind=COUNT),
    Field("ok", "Intact", kind=GOOD_FLAG),
    Field("broken_seq", "First broken event", kind=or_null(INTEGER)),
    Field("problem", "Problem", kind=or_null(TEXT)),
)
