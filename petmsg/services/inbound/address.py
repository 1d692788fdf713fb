"""Explain who receives an inbound message, from the same facts and rules as receiving it.

Standard library only, so that `petmsg route inbound` starts without SQLAlchemy.
"""

from datetime import datetime

from petmsg.db.cursor import Cursor
from petmsg.errors import Refused
from petmsg.queries.inbound import org_of_number, read_inbound_facts
from petmsg.queries.org import OrgRow, find_org
from petmsg.rules.routing.inbound import InboundDecision, InboundFacts, route_inbound


class NotOurNumber(Refused):
    code = "number_never_ours"
    hint = "See your numbers: petmsg number list"

    def __init__(self, e164: str, *, org: str | None) -> None:
        whose = "not a number of any org" if org is None else f"not a number of org {org}"
        super().__init__(f"{e164} is {whose}, so nobody receives messages to it.")


def org_of(cursor: Cursor, to_e164: str, *, slug: str | None) -> OrgRow:
    """Return the org that owns the number. Raises `NotOurNumber`, also if `slug` names another
    org."""
    owner = org_of_number(cursor, to_e164)
    if owner is None or (slug is not None and slug != owner):
        raise NotOurNumber(to_e164, org=slug)
    return find_org(cursor, owner)


def facts_now(
    cursor: Cursor, org: OrgRow, *, to_e164: str, from_phone: str, body: str, now: datetime
) -> InboundFacts | None:
    """Return the facts as they are now; None for a number of another org."""
    return read_inbound_facts(
        cursor, org, to_e164=to_e164, from_phone=from_phone, at=now, past=False, body=body
    )


def explain_inbound(
    cursor: Cursor,
    org: OrgRow,
    *,
    to_e164: str,
    from_phone: str,
    at: datetime,
    now: datetime,
    body: str = "",
) -> InboundDecision:
    """Return who receives a message from that phone to that number at `at` (aware UTC), and why.

    For `at` before `now` the ledger tells who held the number; before the ledger begins, its first
    row does. Changes nothing. Raises `NotOurNumber`.
    """
    facts = read_inbound_facts(
        cursor, org, to_e164=to_e164, from_phone=from_phone, at=at, past=at < now, body=body
    )
    if facts is None:
        raise NotOurNumber(to_e164, org=org.slug)
    return route_inbound(facts, at)
