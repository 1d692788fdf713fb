"""Decide who is rung for a call, and explain it, from the same facts and rules.

Standard library only, so that `petmsg route call` starts without SQLAlchemy.
"""

from datetime import datetime
from typing import NamedTuple

from petmsg.db.cursor import Cursor
from petmsg.enums.calls import CallerKind
from petmsg.queries.call_facts import read_call_facts
from petmsg.queries.org import OrgRow
from petmsg.queries.senders import Sender
from petmsg.rules.routing.call import route_call
from petmsg.rules.routing.call_decision import CallDecision
from petmsg.services.inbound.address import NotOurNumber


class ExplainedCall(NamedTuple):
    """Who is rung for a call, and the name of the client or sitter who calls, None if nobody
    knows them."""

    decision: CallDecision
    caller_name: str | None


def explain_call(
    cursor: Cursor,
    org: OrgRow,
    *,
    to_e164: str,
    from_phone: str | None,
    at: datetime,
    now: datetime,
    sender: Sender | None = None,
) -> ExplainedCall:
    """Return who is rung for a call from that phone (None: withheld) to that number at `at` (aware
    UTC), and why.

    For `at` before `now` numbers and sitters are as they were, by the ledger. Changes nothing.
    Raises `NotOurNumber`.
    """
    facts = read_call_facts(
        cursor,
        org,
        to_e164=to_e164,
        from_phone=from_phone,
        at=at,
        past=at < now,
        sender=sender,
    )
    if facts is None:
        raise NotOurNumber(to_e164, org=org.slug)
    name = None if facts.caller is CallerKind.UNKNOWN else facts.caller_name
    return ExplainedCall(route_call(facts, at), name)
