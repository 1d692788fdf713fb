"""How a call stands that somebody tries out, found by the provider's ID."""

import json
from typing import Any, NamedTuple

from petmsg.db.cursor import Cursor
from petmsg.queries.org import OrgRow

_CALL = """
SELECT c.id AS call, c.status, c.decision, c.answered_by, c.duration_seconds, c.voicemail_seconds,
       c.message_id AS message
FROM call c
WHERE c.org_id = :org_id AND c.provider_call_id = :provider_call_id
"""


class TriedCall(NamedTuple):
    """A stored call. `decision` is the CallDecision as JSON, `message` its entry in the inbox."""

    call: int
    status: str
    decision: str
    answered_by: str | None
    duration_seconds: int | None
    voicemail_seconds: int | None
    message: int | None

    @property
    def rings(self) -> list[dict[str, Any]]:
        """Who is rung, one after the other."""
        found: list[dict[str, Any]] = json.loads(self.decision)["rings"]
        return found


def tried_call(cursor: Cursor, org: OrgRow, provider_call_id: str) -> TriedCall | None:
    """The org's call with this ID at the provider; None if it was not stored."""
    return cursor.first(TriedCall, _CALL, org_id=org.id, provider_call_id=provider_call_id)
