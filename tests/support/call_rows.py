"""Calls as bare rows with the columns that a test names, also such as petmsg would not store.

Whole ones are in `tests.support.calls`.
"""

import json
from typing import Any

from petmsg.enums.calls import CallAddressee, CallerKind, CallStatus
from petmsg.enums.routing import InboundCode
from tests.support.consistency import raw
from tests.support.fixtures import NOW
from tests.support.texting import MAYA


def add_call(
    url: str, call: str = "CA1", *, decision: Any = None, e164: str = MAYA, **columns: Any
) -> int:
    """Add a call that an unknown caller made to a number and that the front desk did not take;
    return its id. `client` and `sitter` are refs."""
    values = {
        "provider": "sandbox",
        "from_phone": None,
        "caller": CallerKind.UNKNOWN,
        "addressed_to": CallAddressee.FRONT_DESK,
        "code": InboundCode.UNKNOWN_SENDER,
        "decision": json.dumps(decision or {}, ensure_ascii=False),
        "status": CallStatus.NO_ANSWER,
        "started_at": NOW,
        "ended_at": NOW,
        **columns,
    }
    people = {noun: values.pop(noun) for noun in ("client", "sitter") if noun in values}
    stored = {name: str(v) if isinstance(v, str) else v for name, v in values.items()}
    with raw(url) as cursor:
        org_id, number_id = cursor.tuples(
            "SELECT org_id, id FROM message_number WHERE e164 = :e164", e164=e164
        )[0]
        for noun, ref in people.items():
            stored[f"{noun}_id"] = cursor.value(
                f"SELECT id FROM {noun} WHERE org_id = :org_id AND ref = :ref",
                org_id=org_id,
                ref=ref,
            )
        stored |= {"org_id": org_id, "number_id": number_id, "provider_call_id": call}
        return int(
            cursor.value(
                f"INSERT INTO call ({', '.join(stored)})"
                f" VALUES ({', '.join(f':{name}' for name in stored)}) RETURNING id",
                **stored,
            )
        )
