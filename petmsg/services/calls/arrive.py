"""Store a call that comes in, once per provider ID, with the decision who is rung.

The rules are those of `petmsg.rules.routing.call`. The decision is stored, so that a repeated
request and every later step of the call read the same one.
"""

import json
from datetime import datetime, timedelta

from petmsg.enums.alerts import AlertKind, AlertSeverity
from petmsg.enums.call_routing import CallCode
from petmsg.enums.calls import CallAddressee, CallerKind, CallStatus
from petmsg.enums.orgs import ProviderName
from petmsg.errors import Refused
from petmsg.providers.call_events import CallArrived
from petmsg.queries.call_facts import read_call_facts
from petmsg.queries.call_phones import client_id_of
from petmsg.queries.call_writes import (
    StoredCall,
    find_call,
    insert_call,
    lock_call,
)
from petmsg.queries.row_locks import share_client, share_client_of_phone, share_number
from petmsg.queries.sitter import sitter_id_of
from petmsg.rules.routing.call import route_call
from petmsg.rules.routing.call_decision import CallDecision
from petmsg.services.alert import raise_alert
from petmsg.services.calls.next_plan import Recorded, plan_at_start
from petmsg.services.inbound.address import NotOurNumber
from petmsg.services.unit_of_work import UnitOfWork

LATE = timedelta(seconds=10)
"""An event that was told longer ago could not be stored at once, and is dated back."""


class CallOfAnotherOrg(Refused):
    """A call has the ID of another org's call."""

    code = "call_of_another_org"

    def __init__(self) -> None:
        super().__init__("Another org has a call with that ID.")


def arrive(uow: UnitOfWork, event: CallArrived, *, provider: ProviderName | None) -> Recorded:
    """Store a call to a number of the org, and return what it begins with. The same call again
    changes nothing.

    Raises `NotOurNumber`, `CallOfAnotherOrg`.
    """
    call = locked(uow, event.call)
    word = "known"
    if call is None:
        word = "stored"
        call = begin(
            uow,
            event.call,
            from_phone=event.from_phone,
            to_e164=event.to_e164,
            provider=provider,
            at=told_at(uow, event.at),
        )
    return Recorded(word, plan_at_start(uow, call, decision_of(call)))


def begin(
    uow: UnitOfWork,
    provider_call_id: str,
    *,
    from_phone: str | None,
    to_e164: str,
    provider: ProviderName | None,
    at: datetime,
) -> StoredCall:
    """Decide about a call that came at `at` (aware UTC), and store it.

    Raises `NotOurNumber`, `CallOfAnotherOrg`.
    """
    if from_phone is not None:
        # A concurrent `client forget` sees this call, or this call does not see the client.
        share_client_of_phone(uow.cursor, uow.org.id, from_phone)
    # A concurrent `sitter deactivate` has ended: its sitter is not rung.
    share_number(uow.cursor, uow.org.id, to_e164)
    facts = read_call_facts(
        uow.cursor, uow.org, to_e164=to_e164, from_phone=from_phone, at=at, past=at < uow.now
    )
    if facts is None:
        raise NotOurNumber(to_e164, org=uow.org.slug)
    decision = route_call(facts, at)
    is_new = insert_call(
        uow.cursor,
        org_id=uow.org.id,
        provider=None if provider is None else provider.value,
        provider_call_id=provider_call_id,
        number_id=facts.inbound.number.id,
        from_phone=from_phone,
        caller=decision.caller.value,
        client_id=_client_id(uow, decision),
        sitter_id=_sitter_id(uow, decision),
        addressed_to=decision.addressed_to.value,
        code=decision.code.value,
        decision=as_stored(decision),
        status=(CallStatus.REJECTED if decision.is_rejected else CallStatus.RINGING).value,
        started_at=at,
        ended_at=uow.now if decision.is_rejected else None,
    )
    call = find_call(uow.cursor, provider_call_id) if is_new else locked(uow, provider_call_id)
    assert call is not None
    if is_new is not None:
        uow.audit(
            "call.received",
            "call",
            str(call.id),
            {
                "client": call.client,
                "sitter": call.sitter,
                "number": call.number,
                "addressed_to": decision.addressed_to.value,
                "code": decision.code.value,
            },
        )
        if decision.code is CallCode.CALLS_PER_HOUR:
            _alert_limit(uow, call)
    return call


def locked(uow: UnitOfWork, provider_call_id: str) -> StoredCall | None:
    """Return the call with that ID of the provider, locked until the commit; None if there is none.

    Its client is locked first, as `client forget` does. Raises `CallOfAnotherOrg`.
    """
    call = find_call(uow.cursor, provider_call_id)
    if call is not None and uow.cursor.has_other_writers:
        if call.client_id is not None:
            share_client(uow.cursor, call.client_id)
        lock_call(uow.cursor, provider_call_id)
        call = find_call(uow.cursor, provider_call_id)
    if call is not None and call.org_id != uow.org.id:
        raise CallOfAnotherOrg
    return call


def told_at(uow: UnitOfWork, at: datetime | None) -> datetime:
    """Return the instant of an event that was told at `at` (aware UTC; None: now)."""
    return at if at is not None and at < uow.now - LATE else uow.now


def decision_of(call: StoredCall) -> CallDecision:
    """Return the decision that was stored with a call."""
    return CallDecision.from_json(json.loads(call.decision))


def results_of(call: StoredCall) -> dict[int, CallStatus]:
    """Return how ringing ended that nobody took, by the place in the decision's `rings`."""
    stored = json.loads(call.ring_results or "{}")
    return {int(place): CallStatus(status) for place, status in stored.items()}


def as_stored(decision: CallDecision) -> str:
    """Return the decision as the text that is stored with a call."""
    return json.dumps(decision.to_json(), ensure_ascii=False)


def as_stored_after(decision: CallDecision, call: StoredCall) -> str:
    """Return the text of a decision that changes the one stored with the call, whose rules were
    tried before its own: a decision that is read from the database has none."""
    before = json.loads(call.decision)["trace"]
    changed = decision.to_json()
    trace = [*before, *changed["trace"]]
    changed["trace"] = [{**step, "step": place} for place, step in enumerate(trace, 1)]
    return json.dumps(changed, ensure_ascii=False)


def _client_id(uow: UnitOfWork, decision: CallDecision) -> int | None:
    """Return the ID of the client who calls, or who is called by a sitter."""
    ref = None
    if decision.caller is CallerKind.CLIENT:
        ref = decision.caller_ref
    elif decision.addressed_to is CallAddressee.CLIENT:
        ref = decision.ref
    return None if ref is None else client_id_of(uow.cursor, uow.org.id, ref)


def _sitter_id(uow: UnitOfWork, decision: CallDecision) -> int | None:
    """Return the ID of the sitter who calls, or whom the call is for."""
    ref = None
    if decision.caller is CallerKind.SITTER:
        ref = decision.caller_ref
    elif decision.addressed_to is CallAddressee.SITTER:
        ref = decision.ref
    return None if ref is None else sitter_id_of(uow.cursor, uow.org.id, ref)


def _alert_limit(uow: UnitOfWork, call: StoredCall) -> None:
    """Raise the one alert about a phone that calls too often."""
    most = uow.org.calls_per_hour
    who, entity, ref = "An unknown phone", "org", uow.org.slug
    if call.client is not None:
        who, entity, ref = f"Client {call.client}", "client", call.client
    elif call.sitter is not None:
        who, entity, ref = f"Sitter {call.sitter}", "sitter", call.sitter
    raise_alert(
        uow,
        AlertKind.CALL_LIMIT,
        severity=AlertSeverity.WARNING,
        entity=entity,
        ref=ref,
        message=f"{who} called more than {most} times within an hour. Other calls are rejected "
        "until the hour is over.",
        command="petmsg call list --status rejected; to take more calls: petmsg org set "
        "--calls-per-hour N",
    )
