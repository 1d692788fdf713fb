"""Store a provider's events of calls, and return what happens next with each call.

A call that is stored already identifies its org; for a new one, the number that was called does.
The events of each org are one transaction.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple

from petmsg.db.cursor import Cursor
from petmsg.enums.orgs import ProviderName
from petmsg.providers.call_events import (
    CallArrived,
    CallEnded,
    CallEvent,
    SignedCall,
    VoicemailLeft,
)
from petmsg.queries.call_writes import known_calls
from petmsg.queries.former_accounts import is_stranger
from petmsg.queries.inbound import orgs_of_numbers
from petmsg.queries.org import OrgRow, all_orgs
from petmsg.rules.call_plan import HangUp, Reject
from petmsg.services.calls import unmatched
from petmsg.services.calls.record import record_each
from petmsg.services.inbound.refused_webhooks import alert_other_account
from petmsg.services.unit_of_work import Failure
from petmsg.workflows.store import Store
from petmsg.workflows.webhook_outcome import Outcome

_OTHER_ACCOUNT = Outcome(403, "other_account")
_UNKNOWN = Outcome(200, "unknown_call", HangUp())


class _Owner(NamedTuple):
    """The org of an event's call, and the phone that the call came from."""

    org: str | None
    from_phone: str | None = None


def store_calls(
    store: Store, events: Sequence[CallEvent], *, provider: ProviderName | None
) -> list[Outcome]:
    """Store what is told of calls; outcomes with their plans in the same order. An event that
    cannot be stored has status 500; a database that is locked or missing raises.

    Committed when it returns.
    """
    with store.snapshot() as cursor:
        owners = _owners(cursor, events)
    return _store(store, events, owners, provider=provider)


def store_signed_calls(
    store: Store, signed: Sequence[SignedCall], *, provider: ProviderName
) -> list[Outcome]:
    """`store_calls`, but for events of an org that never had the account that signed them: a
    company may not decide about another one's calls."""
    events = [each.event for each in signed]
    with store.snapshot() as cursor:
        owners = _owners(cursor, events)
        orgs = {org.slug: org for org in all_orgs(cursor)}
        places = [
            place
            for place, (each, owner) in enumerate(zip(signed, owners, strict=True))
            if not is_stranger(cursor, each.accounts, _org(orgs, owner))
        ]
    outcomes = [_OTHER_ACCOUNT] * len(signed)
    for place in set(range(len(signed))) - set(places):
        _alert_stranger(store, events[place], owners[place])
    stored = _store(
        store,
        [events[each] for each in places],
        [owners[each] for each in places],
        provider=provider,
    )
    for place, outcome in zip(places, stored, strict=True):
        outcomes[place] = outcome
    return outcomes


def has_voicemail(events: Sequence[CallEvent]) -> bool:
    """Whether there is a voicemail to fetch after these events."""
    return any(isinstance(event, VoicemailLeft) for event in events)


def _store(
    store: Store,
    events: Sequence[CallEvent],
    owners: Sequence[_Owner],
    *,
    provider: ProviderName | None,
) -> list[Outcome]:
    outcomes: dict[int, Outcome] = {}
    for slug in dict.fromkeys(owner.org for owner in owners):
        places = [place for place, owner in enumerate(owners) if owner.org == slug]
        if slug is None:
            for place in places:
                outcomes[place] = _store_unmatched(store, events[place], provider)
            continue
        # Clients are locked in the order of their phones, as `receive_each` does.
        places.sort(key=lambda place: owners[place].from_phone or "")
        recorded = store.write_in(
            slug, record_each, [events[place] for place in places], provider=provider
        )
        for place, each in zip(places, recorded, strict=True):
            if isinstance(each, Failure):
                outcomes[place] = Outcome(500, each.error.code)
            else:
                outcomes[place] = Outcome(200, each.word, each.plan)
    return [outcomes[place] for place in range(len(events))]


def _store_unmatched(store: Store, event: CallEvent, provider: ProviderName | None) -> Outcome:
    """Reject a call to a number of no org, and keep it as unmatched."""
    if not isinstance(event, CallArrived | CallEnded) or event.to_e164 is None:
        return _UNKNOWN
    kept = store.transact(
        partial(unmatched.store, event=event, provider=provider, actor=store.actor, now=store.now)
    )
    return Outcome(200, "known" if kept.duplicate else "stray", Reject())


def _owners(cursor: Cursor, events: Sequence[CallEvent]) -> list[_Owner]:
    known = known_calls(cursor, [event.call for event in events])
    new = {
        event.call: (event.to_e164, event.from_phone)
        for event in events
        if event.call not in known
        and isinstance(event, CallArrived | CallEnded)
        and event.to_e164 is not None
    }
    orgs = orgs_of_numbers(cursor, [to_e164 for to_e164, _ in new.values()])
    told = {call: _Owner(orgs.get(to), from_phone) for call, (to, from_phone) in new.items()}
    told |= {call: _Owner(each.org, each.from_phone) for call, each in known.items()}
    return [told.get(event.call, _Owner(None)) for event in events]


def _org(orgs: Mapping[str, OrgRow], owner: _Owner) -> OrgRow | None:
    return None if owner.org is None else orgs.get(owner.org)


def _alert_stranger(store: Store, event: CallEvent, owner: _Owner) -> None:
    """Tell the org whose number was called; the later steps of such a call are refused without
    another word."""
    if isinstance(event, CallArrived) and owner.org is not None:
        store.write_in(owner.org, alert_other_account, event.to_e164, what="a call")
