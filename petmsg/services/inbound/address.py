"""Explain who receives an inbound message, from the same facts and rules as receiving it.

Standard library only, so that `petmsg route inbound` starts without SQLAlchemy.
"""

from datetime import datetime
from typing import NamedTuple

from petmsg.db.cursor import Cursor
from petmsg.enums.inbound import AddressedTo
from petmsg.errors import Refused
from petmsg.queries.inbound import org_of_number, read_inbound_facts
from petmsg.queries.org import OrgRow, find_org
from petmsg.queries.senders import find_sender
from petmsg.rules.routing.inbound import InboundDecision, InboundFacts, route_inbound


class NotOurNumber(Refused):
    code = "number_never_ours"
    hint = "See your numbers: petmsg number list"

    def __init__(self, e164: str, *, org: str | None) -> None:
        whose = "not a number of any org" if org is None else f"not a number of org {org}"
        super().__init__(f"{e164} is {whose}, so messages and calls to it reach nobody.")


class ExplainedInbound(NamedTuple):
    """Who receives a message, and the names of its client and of the sitter it is addressed to."""

    decision: InboundDecision
    client_name: str | None
    addressed_to_name: str | None


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
) -> ExplainedInbound:
    """Return who receives a message from that phone to that number at `at` (aware UTC), and why.

    For `at` before `now` the ledger tells who held the number; before the ledger begins, its first
    row does. Changes nothing. Raises `NotOurNumber`.
    """
    sender = find_sender(cursor, org.id, from_phone)
    facts = read_inbound_facts(
        cursor,
        org,
        to_e164=to_e164,
        from_phone=from_phone,
        at=at,
        past=at < now,
        body=body,
        sender=sender,
    )
    if facts is None:
        raise NotOurNumber(to_e164, org=org.slug)
    decision = route_inbound(facts, at)
    client_name = None if sender.client is None else sender.client.name
    return ExplainedInbound(decision, client_name, sitter_addressed(facts, decision))


def sitter_addressed(facts: InboundFacts, decision: InboundDecision) -> str | None:
    """The name of the sitter whom the message is for, who holds its number; None if it is for
    nobody of them."""
    if decision.kind is not AddressedTo.SITTER or facts.holder is None:
        return None
    return facts.holder.name
