"""The field lists of texts that came in."""

import json
import shlex
from typing import Any

from petmsg.enums import AddressedTo
from petmsg.render.fields import Field

RECEIVED = (
    Field("message", "Id"),
    Field("duplicate", "Was there"),
    Field("org", None, get=lambda row: row.addressee.get("org")),
    Field("number", "Number", get=lambda row: row.addressee.get("number")),
    Field("client", "Client", get=lambda row: row.addressee.get("client")),
    Field("addressed_to", "For", get=lambda row: row.addressee.get("addressed_to")),
    Field("code", None, get=lambda row: row.addressee.get("code")),
    Field("reason", "Why", get=lambda row: row.addressee.get("reason")),
    Field("did", "And then", get=lambda row: list(row.did)),
    Field("trace", None, get=lambda row: row.addressee.get("trace")),
)


def _for(row: Any) -> str:
    return str(row["sitter"] if row["addressed_to"] == AddressedTo.SITTER else row["addressed_to"])


def _wrote(row: Any) -> str:
    pictures = f" [+{row['media_count']} picture(s)]" if row["media_count"] else ""
    return f"{row['body'] or '[erased]'}{pictures}"


def _how_to_answer(row: Any) -> str | None:
    if row["client"] is not None:
        return f"petmsg message send {shlex.quote(row['client'])} --body '…'"
    if row["addressed_to"] == AddressedTo.UNROUTED:
        return f"petmsg inbox assign {row['message']} CLIENT"
    return None


_ITEM = (
    Field("message", "Id"),
    Field("addressed_to", "For", get=_for),
    Field(
        "client",
        "Client",
        cell=lambda row, _: (
            f"{row['client_name'] or '[forgotten]'} ({row['client']})" if row["client"] else "-"
        ),
    ),
    Field("sitter", None),
    Field("from", "From", get=lambda row: row["from_e164"], personal=True),
    Field("number", "Number"),
    Field("body", "Text", cell=lambda row, _: _wrote(row)),
    Field("media_count", None),
    Field("received_at", "Came"),
    Field("claimed_by", "Looked after by"),
)
INBOX = (*_ITEM, Field("code", None), Field("waits_since", None, get=lambda row: row["inbox_at"]))
ITEM = (
    *_ITEM,
    Field("code", "Code"),
    Field(
        "reason",
        "Why",
        get=lambda row: json.loads(row["decision"])["reason"] if row["decision"] else None,
    ),
    Field("waits_since", "Waits since", get=lambda row: row["inbox_at"]),
    Field("claimed_at", "Since"),
    Field("done_by", "Done by"),
    Field("done_at", "Done"),
    Field("done_reason", "Why done"),
    Field("provider_id", None, get=lambda row: row["provider_message_id"]),
    Field(
        "trace",
        None,
        get=lambda row: json.loads(row["decision"])["trace"] if row["decision"] else [],
    ),
    Field("answer_with", "Answer with", get=_how_to_answer),
)
ITEM_CHANGED = (
    Field("message", "Id"),
    Field("addressed_to", "For"),
    Field("client", "Client"),
    Field("claimed_by", "Looked after by"),
    Field("done_by", "Done by"),
    Field("done_at", "Done"),
    Field("reused", "Unchanged"),
)
ASSIGNED = (
    Field("client", "Client"),
    Field("messages", "Texts"),
    Field("phone_added", "Phone added"),
)
STRAYS = (
    Field("stray", "Stray"),
    Field("to", "To", get=lambda row: row["to_e164"]),
    Field("org", "Whose by now"),
    Field("from", "From", get=lambda row: row["from_phone"], personal=True),
    Field("body", "Text", cell=lambda row, _: _wrote(row)),
    Field("media_count", None),
    Field("received_at", "Came"),
    Field("provider", "By"),
    Field("message", "Adopted as"),
)
