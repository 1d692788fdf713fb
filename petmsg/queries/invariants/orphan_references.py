"""References between rows and the values of vocabularies, checked without foreign keys and CHECKs.

Both lists are data. A test compares them with the models: a new table adds its lines here.
"""

from enum import StrEnum
from typing import Any, NamedTuple

from petmsg.db.cursor import Cursor
from petmsg.enums.alerts import AlertSeverity
from petmsg.enums.bookings import BookingStatus
from petmsg.enums.calls import AnsweredBy, CallAddressee, CallerKind, CallStatus
from petmsg.enums.files import ImportNoun
from petmsg.enums.inbound import AddressedTo, RelayKind, RelayOutcome
from petmsg.enums.media import MediaStatus
from petmsg.enums.messages import AttemptStatus, Direction, MessageStatus, StoredRule, Voice
from petmsg.enums.numbers import NumberClass, NumberStatus
from petmsg.enums.opt_outs import Keyword, OptOutSource
from petmsg.enums.orgs import PoolFor, ProviderName
from petmsg.enums.payments import StripeOutcome
from petmsg.enums.people import ClientKind, SitterStatus
from petmsg.enums.purchases import PurchaseKind, PurchaseStatus

OF_AN_ORG = {
    "alert": (),
    "assignment_window": (
        ("booking_id", "booking"),
        ("sitter_id", "sitter"),
        ("thread_id", "thread"),
    ),
    "audit_event": (),
    "audit_head": (),
    "auto_reply": (),
    "blocked_pair": (("number_id", "message_number"),),
    "booking": (("client_id", "client"), ("sitter_id", "sitter")),
    "call": (
        ("client_id", "client"),
        ("message_id", "message"),
        ("number_id", "message_number"),
        ("sitter_id", "sitter"),
    ),
    "client": (),
    "client_phone": (("client_id", "client"),),
    "import_map": (),
    "inbound_text": (("message_id", "message"), ("sitter_id", "sitter")),
    "media": (("message_id", "message"), ("source_id", "media")),
    "media_link": (("message_id", "message"),),
    "message": (
        ("as_sitter_id", "sitter"),
        ("number_id", "message_number"),
        ("thread_id", "thread"),
    ),
    "message_attempt": (("message_id", "message"), ("number_id", "message_number")),
    "message_number": (("first_sitter_id", "sitter"), ("sitter_id", "sitter")),
    "message_source": (
        ("message_id", "message"),
        ("reply_to_id", "message"),
        ("template_version_id", "template_version"),
    ),
    "notify_channel": (),
    "notify_delivery": (("alert_id", "alert"), ("channel_id", "notify_channel")),
    "number_custody": (("number_id", "message_number"), ("sitter_id", "sitter")),
    "number_purchase": (("number_id", "message_number"),),
    "opt_out": (),
    "ref_counter": (),
    "relay": (
        ("about_id", "message"),
        ("message_id", "message"),
        ("number_id", "message_number"),
        ("sitter_id", "sitter"),
    ),
    "relay_question": (
        ("client_id", "client"),
        ("message_id", "message"),
        ("sitter_id", "sitter"),
    ),
    "route_override": (("thread_id", "thread"),),
    "sitter": (),
    "sitter_absence": (("sitter_id", "sitter"),),
    "sitter_activity": (("sitter_id", "sitter"),),
    "stripe_event": (),
    "template": (),
    "template_version": (("template_id", "template"),),
    "thread": (
        ("client_id", "client"),
        ("default_number_id", "message_number"),
        ("pool_number_id", "message_number"),
    ),
}
"""Every table whose rows belong to an org, with its columns that reference rows of other tables."""


class Vocabulary(NamedTuple):
    """A column whose values are those of an enum; `required` means that it is never NULL."""

    table: str
    column: str
    words: type[StrEnum]
    required: bool = True


VOCABULARIES = (
    Vocabulary("alert", "severity", AlertSeverity),
    Vocabulary("booking", "status", BookingStatus),
    Vocabulary("call", "addressed_to", CallAddressee),
    Vocabulary("call", "answered_by", AnsweredBy, required=False),
    Vocabulary("call", "caller", CallerKind),
    Vocabulary("call", "provider", ProviderName, required=False),
    Vocabulary("call", "status", CallStatus),
    Vocabulary("client", "kind", ClientKind),
    Vocabulary("import_map", "noun", ImportNoun),
    Vocabulary("inbound_text", "addressed_to", AddressedTo),
    Vocabulary("inbound_text", "keyword", Keyword, required=False),
    Vocabulary("media", "status", MediaStatus),
    Vocabulary("message", "direction", Direction),
    Vocabulary("message", "provider", ProviderName, required=False),
    Vocabulary("message", "rule", StoredRule, required=False),
    Vocabulary("message", "status", MessageStatus),
    Vocabulary("message", "voice", Voice, required=False),
    Vocabulary("message_attempt", "rule", StoredRule, required=False),
    Vocabulary("message_attempt", "status", AttemptStatus),
    Vocabulary("message_number", "class", NumberClass),
    Vocabulary("message_number", "status", NumberStatus),
    Vocabulary("notify_channel", "severity", AlertSeverity),
    Vocabulary("number_custody", "class", NumberClass),
    Vocabulary("number_custody", "status", NumberStatus),
    Vocabulary("number_purchase", "class", NumberClass, required=False),
    Vocabulary("number_purchase", "kind", PurchaseKind),
    Vocabulary("number_purchase", "provider", ProviderName),
    Vocabulary("number_purchase", "status", PurchaseStatus),
    Vocabulary("opt_out", "source", OptOutSource),
    Vocabulary("org", "pool_for", PoolFor),
    Vocabulary("org", "provider", ProviderName),
    Vocabulary("pull_mark", "provider", ProviderName),
    Vocabulary("relay", "kind", RelayKind),
    Vocabulary("relay_question", "outcome", RelayOutcome, required=False),
    Vocabulary("sitter", "status", SitterStatus),
    Vocabulary("stray_text", "provider", ProviderName, required=False),
    Vocabulary("stripe_event", "outcome", StripeOutcome),
)


def orphan_references(cursor: Cursor) -> list[dict[str, Any]]:
    """References to a row of another org or to a missing row.

    Each result has `org_id`, `table`, `column`, `target`, the count `rows` and `other_org`, which
    is None if the row is missing.
    """
    found = []
    for table, columns in OF_AN_ORG.items():
        found += cursor.rows(
            f"""
SELECT x.org_id, '{table}' AS "table", 'org_id' AS "column", 'org' AS target,
       count(*) AS "rows", NULL AS other_org
FROM {table} x LEFT JOIN org t ON t.id = x.org_id
WHERE t.id IS NULL
GROUP BY x.org_id
"""
        )
        for column, target in columns:
            found += cursor.rows(
                f"""
SELECT x.org_id, '{table}' AS "table", '{column}' AS "column", '{target}' AS target,
       count(*) AS "rows", t.org_id AS other_org
FROM {table} x LEFT JOIN {target} t ON t.id = x.{column}
WHERE x.{column} IS NOT NULL AND (t.id IS NULL OR t.org_id <> x.org_id)
GROUP BY x.org_id, t.org_id
"""
            )
    return found


def unknown_values(cursor: Cursor) -> list[dict[str, Any]]:
    """Values that are not in their enum: `org_id`, `table`, `column`, `word` and the count
    `rows`."""
    found = []
    for table, column, vocabulary, required in VOCABULARIES:
        org_id = {"org": "id", "pull_mark": "NULL", "stray_text": "NULL"}.get(table, "org_id")
        by = column if org_id == "NULL" else f"{org_id}, {column}"
        words = ", ".join(f"'{word.value}'" for word in vocabulary)
        missing = f" OR {column} IS NULL" if required else ""
        found += cursor.rows(
            f"""
SELECT {org_id} AS org_id, '{table}' AS "table", '{column}' AS "column", {column} AS word,
       count(*) AS "rows"
FROM {table} WHERE {column} NOT IN ({words}){missing}
GROUP BY {by}
"""
        )
    return found
