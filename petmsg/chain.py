"""The hash chain of the audit, version 1. A leaf: migrations and services share it.

Each event carries the SHA-256 over a version tag and the canonical JSON of the event and the hash
before it. Changing what is hashed means a new version tag beside this one, never an edit.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from petmsg.clock import iso_utc

VERSION = "petmsg-audit-1"
GENESIS = "0" * 64


def canonical(value: Any) -> str:
    """JSON with sorted keys, no spaces, no escapes beyond JSON's own: one text for one value."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


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
    """The hash of one audit event. `payload` is the canonical JSON text as it is stored."""
    fields: Mapping[str, Any] = {
        "org": org,
        "seq": seq,
        "at": iso_utc(at),
        "actor": actor,
        "event": event,
        "entity": entity,
        "ref": ref,
        "reason": reason,
        "payload": payload,
        "previous": previous,
    }
    text = f"{VERSION}\n{canonical(fields)}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
