"""The hash chain of the audit log, version 1. Migrations and services share this leaf module.

Each event stores the SHA-256 of a version tag and the canonical JSON of the event and the previous
hash. To change what is hashed, add a new version tag beside this one; never edit it.
"""

import json
from datetime import datetime
from hashlib import sha256
from json.encoder import encode_basestring as _quoted
from typing import Any

from petmsg.clock import iso_utc

VERSION = "petmsg-audit-1"
GENESIS = "0" * 64


def _instant(value: Any) -> str:
    if isinstance(value, datetime):
        return iso_utc(value)
    raise TypeError(f"a {type(value).__name__} cannot be audited")


# Created once: creating an encoder takes as long as encoding a payload.
_ENCODER = json.JSONEncoder(
    sort_keys=True,
    separators=(",", ":"),
    ensure_ascii=False,
    allow_nan=False,
    check_circular=False,
    default=_instant,
)


def canonical(value: Any) -> str:
    """Return JSON with sorted keys, no spaces and minimal escapes, so that a value has one text.

    Instants are written in UTC with a `Z`.
    """
    return _ENCODER.encode(value)


def event_hash(
    *,
    org: str,
    seq: int,
    at: datetime,
    actor: str,
    event: str,
    entity: str,
    ref: str,
    reason: str | None,
    payload: str,
    previous: str,
) -> str:
    """Return the hash of one audit event. `payload` is the canonical JSON text as it is stored."""
    # The canonical JSON of a dict of these, as `canonical` would write it; a test compares both.
    text = (
        f'{VERSION}\n{{"actor":{_quoted(actor)},"at":"{iso_utc(at)}","entity":{_quoted(entity)},'
        f'"event":{_quoted(event)},"org":{_quoted(org)},"payload":{_quoted(payload)},'
        f'"previous":{_quoted(previous)},"reason":{"null" if reason is None else _quoted(reason)},'
        f'"ref":{_quoted(ref)},"seq":{seq}}}'
    )
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
