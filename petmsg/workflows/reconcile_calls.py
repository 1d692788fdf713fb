"""`reconcile` for calls: ask the provider for the ends and the voicemails that petmsg missed.

The provider reports a call to `petmsg serve`. What it reported while no server ran is asked for
here, with no transaction open, and stored as if it had been received.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from functools import partial
from typing import TypeVar

from petmsg.enums.alerts import DriftKind
from petmsg.enums.calls import CallAddressee, CallStatus, RingTarget
from petmsg.errors import PetmsgError, ProviderAccount, ProviderUnavailable
from petmsg.providers.base import Provider
from petmsg.providers.call_events import CallEnded, CallEvent, RingEnded, VoicemailLeft
from petmsg.providers.call_log import CallAtProvider, HasCallLog
from petmsg.queries.call_reconcile import (
    CallToAsk,
    calls_without_end,
    calls_without_voicemail,
)
from petmsg.queries.org import OrgRow
from petmsg.services.provider_drift import Drift
from petmsg.workflows.message_accounts import MessageAccounts
from petmsg.workflows.store import Store
from petmsg.workflows.store_calls import store_calls

GRACE = timedelta(minutes=5)
"""A call that began later may still be told of: the provider and `petmsg serve` repeat."""
LONGEST_CALL = timedelta(hours=25)
"""No call lasts longer (Twilio: 24 hours at the most), so that one which nobody can be asked about
has ended."""
VOICEMAILS_OF = timedelta(days=2)
"""How long after a call a voicemail that nobody told is looked for."""
_AT_ONCE = 50
_MOST_CALLS = 500
_MOST_VOICEMAILS = 200
_MOST_UNANSWERED = 2
_GONE = "the provider does not have it, so it was ended"

T = TypeVar("T")


class _Run:
    """The questions about an org's calls. After two that were not answered, or an account that is
    refused, no other is asked."""

    def __init__(
        self, store: Store, org: OrgRow, provider: Provider, problems: list[PetmsgError]
    ) -> None:
        self.store = store
        self.org = org
        self.accounts = MessageAccounts(store, org, provider)
        self._problems = problems
        self._unanswered = 0

    @property
    def is_over(self) -> bool:
        """Whether no other question is to be asked."""
        return self._unanswered >= _MOST_UNANSWERED

    def ask(self, question: Callable[[], T]) -> T | None:
        """The answer; None if there is none, and why is added to the problems."""
        try:
            return question()
        except (ProviderAccount, ProviderUnavailable) as problem:
            self._problems.append(problem)
            is_refused = isinstance(problem, ProviderAccount)
            self._unanswered += _MOST_UNANSWERED if is_refused else 1
            return None

    def can_ask_about(self, call: CallToAsk) -> bool:
        """Whether the call is one of the org's present provider."""
        return call.provider in (None, self.org.provider)

    def tell(self, events: Sequence[CallEvent]) -> None:
        """Store the events as if they had been told."""
        self.store.tick()
        store_calls(self.store, events, provider=self.org.provider)


def reconcile_calls(
    store: Store, org: OrgRow, provider: Provider, problems: list[PetmsgError]
) -> list[Drift]:
    """Ask for the calls of the org that have no end, and for voicemails; what was found, as rows.

    At most 500 calls and 200 voicemails are asked for in a run. What an account did not answer is
    added to `problems`.
    """
    if not isinstance(provider, HasCallLog):
        return []
    run = _Run(store, org, provider, problems)
    rows = []
    for calls in _batches(run):
        rows += _end(run, calls)
    return rows + _find_voicemails(run)


def _batches(run: _Run) -> Iterator[list[CallToAsk]]:
    last, before = 0, run.store.clock() - GRACE
    for _ in range(_MOST_CALLS // _AT_ONCE):
        with run.store.snapshot() as cursor:
            calls = calls_without_end(cursor, run.org.id, after=last, before=before, most=_AT_ONCE)
        if not calls or run.is_over:
            return
        yield calls
        last = calls[-1].id


def _end(run: _Run, calls: Sequence[CallToAsk]) -> list[Drift]:
    """Ask for these calls, and store the ends of those that have ended."""
    told: list[CallEvent] = []
    rows = []
    for call in calls:
        if run.is_over:
            break
        events = run.ask(partial(_end_of, run, call))
        if events is not None and events[1]:
            words, new = events
            told += new
            rows.append(_drift(run.org, DriftKind.CALL_OPEN, call, _status(call, new), words))
    run.tell(told)
    return rows


def _status(call: CallToAsk, events: Sequence[CallEvent]) -> str:
    """The status that these events give the call. The provider calls every call completed that it
    answered itself; here one is that somebody took."""
    (end,) = (each for each in events if isinstance(each, CallEnded))
    is_taken = call.is_taken or any(isinstance(each, RingEnded) for each in events)
    if is_taken:
        return CallStatus.COMPLETED.value
    return (CallStatus.NO_ANSWER if end.status is CallStatus.COMPLETED else end.status).value


def _end_of(run: _Run, call: CallToAsk) -> tuple[str, list[CallEvent]]:
    """What is to be stored about the end of a call, and in words; nothing for one that goes on."""
    if not run.can_ask_about(call):
        if run.store.clock() < call.started_at + LONGEST_CALL:
            return "", []
        return _GONE, [CallEnded(call.provider_call_id, CallStatus.FAILED)]
    state = run.accounts.call(call.provider_call_id)
    if state is None:
        return _GONE, [CallEnded(call.provider_call_id, CallStatus.FAILED)]
    if state.status is CallStatus.RINGING:
        return "", []
    return "it had ended at the provider", [*_taken(run, call, state), _ended(call, state)]


def _ended(call: CallToAsk, state: CallAtProvider) -> CallEnded:
    return CallEnded(call.provider_call_id, state.status, state.seconds)


def _taken(run: _Run, call: CallToAsk, state: CallAtProvider) -> list[CallEvent]:
    """That the front desk or a client took the call, which nobody told either.

    Whether a sitter did, only the key says that they pressed: their own voicemail may have
    answered. So a phone that was rung first for a call to a sitter says nothing, nor does the front
    desk's if it is also a sitter's.
    """
    if call.is_taken or state.status is not CallStatus.COMPLETED:
        return []
    rung = run.accounts.rung(call.provider_call_id)
    desk, is_for_sitter = run.org.desk_phone, _first_target(call) == RingTarget.SITTER
    for at, leg in enumerate(rung):
        if leg.status is not CallStatus.COMPLETED or (is_for_sitter and at == 0):
            continue
        if desk is not None and leg.to_e164 == desk:
            if _desk_needs_key(call):
                continue
            return [
                RingEnded(call.provider_call_id, 0, CallStatus.COMPLETED, leg.seconds, by_desk=True)
            ]
        if call.addressed_to is CallAddressee.CLIENT:
            return [RingEnded(call.provider_call_id, 0, CallStatus.COMPLETED, leg.seconds)]
    return []


def _find_voicemails(run: _Run) -> list[Drift]:
    """Ask for the voicemails of calls that nobody took, and store those that nobody told."""
    since = run.store.clock() - VOICEMAILS_OF
    with run.store.snapshot() as cursor:
        calls = calls_without_voicemail(cursor, run.org.id, since=since, most=_MOST_VOICEMAILS)
    told: list[CallEvent] = []
    rows = []
    for call in calls:
        if run.is_over:
            break
        if not (run.can_ask_about(call) and _may_have_voicemail(call)):
            continue
        found = run.ask(partial(run.accounts.voicemails, call.provider_call_id))
        if found:
            told += [
                VoicemailLeft(call.provider_call_id, each.recording, each.seconds) for each in found
            ]
            words = "a voicemail was found at the provider"
            rows.append(_drift(run.org, DriftKind.VOICEMAIL_NOT_TOLD, call, "voicemail", words))
    run.tell(told)
    return rows


def _may_have_voicemail(call: CallToAsk) -> bool:
    return any(ring.get("target") == RingTarget.VOICEMAIL for ring in _rings(call))


def _desk_needs_key(call: CallToAsk) -> bool:
    return any(
        ring.get("target") == RingTarget.FRONT_DESK and ring.get("needs_key")
        for ring in _rings(call)
    )


def _first_target(call: CallToAsk) -> str | None:
    return next((str(ring.get("target")) for ring in _rings(call)), None)


def _rings(call: CallToAsk) -> list[dict[str, object]]:
    rings: list[dict[str, object]] = json.loads(call.decision).get("rings", [])
    return rings


def _drift(org: OrgRow, kind: DriftKind, call: CallToAsk, status: str, words: str) -> Drift:
    return Drift(
        org.slug,
        kind,
        str(call.id),
        status,
        f"Call {call.id}: {words}.",
        f"petmsg call show {call.id}",
        left=False,
    )
