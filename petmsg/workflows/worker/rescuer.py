"""Looks up messages whose outcome is unknown. No request is made inside a transaction."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Concatenate, ParamSpec, TypeVar

from petmsg.db.liveness import is_dead
from petmsg.enums.messages import MessageStatus
from petmsg.errors import PetmsgError
from petmsg.providers.base import Provider
from petmsg.queries.org import OrgRow
from petmsg.services.outbox import after_restore, unknown_outcomes
from petmsg.services.outbox.unknown_outcomes import Reconciled
from petmsg.services.outbox.unprocessable import alert_unusable, is_own_fault, own_fault
from petmsg.services.unit_of_work import Failure, UnitOfWork
from petmsg.workflows.store import Store

P = ParamSpec("P")
R = TypeVar("R")
MOST_IN_VAIN = 3
"""After this many failed lookups in a row the provider is not asked any more."""


@dataclass(frozen=True, slots=True)
class RescueTimings:
    """How long a message must be missing before it is sent again."""

    grace: timedelta = unknown_outcomes.GRACE
    second_look: timedelta = unknown_outcomes.SECOND_LOOK


DEFAULT_RESCUE_TIMINGS = RescueTimings()


def rescue(
    store: Store,
    org: OrgRow,
    provider: Provider,
    *,
    rescue_timings: RescueTimings = DEFAULT_RESCUE_TIMINGS,
    stopped: Callable[[], bool] = lambda: False,
) -> list[Reconciled | Failure]:
    """Reconcile every message of the org whose outcome is unknown, or whose worker died.

    A message that the provider lists is sent; one that it never received is queued again; the rest
    waits or is held for a person. If a lookup fails, the message stays as it is; after several
    failures in a row the provider is not asked any more. `stopped` is called before each message.
    """
    results: list[Reconciled | Failure] = []
    with store.snapshot() as cursor:
        orphans = [
            each
            for each in unknown_outcomes.list_sending(cursor, org)
            if is_dead(cursor, store.location, each.worker)
        ]
    store.tick()
    for orphan in orphans:
        lost = rescue_alone(
            store, org, orphan.message, unknown_outcomes.mark_outcome_unknown, orphan
        )
        results += [lost] if isinstance(lost, Failure) else []
    with store.snapshot() as cursor:
        unknown = unknown_outcomes.list_unknown(cursor, org)
        stopwatch = store.stopwatch(cursor) if unknown else None
    in_vain = 0
    for each in unknown:
        if stopped() or in_vain >= MOST_IN_VAIN or stopwatch is None:
            break
        # Before the list is asked for: two looks are as far apart as their questions.
        store.tick()
        asked = stopwatch.mark()
        if each.provider not in (None, org.provider):
            left = rescue_alone(
                store,
                org,
                each.message,
                unknown_outcomes.reconcile_without_provider,
                each,
                asked=asked,
                grace=rescue_timings.grace,
            )
            results += [] if left is None else [left]
            continue
        try:
            found = provider.find(from_e164=each.from_e164, to_e164=each.to_e164, since=each.since)
        except PetmsgError as problem:
            results.append(Failure(str(each.message), problem))
            in_vain += 1
            continue
        in_vain = 0
        reconciled = rescue_alone(
            store,
            org,
            each.message,
            unknown_outcomes.reconcile,
            each,
            found,
            asked=asked,
            grace=rescue_timings.grace,
            second_look=rescue_timings.second_look,
        )
        if reconciled is not None:
            results.append(reconciled)
    if in_vain < MOST_IN_VAIN:
        results += _rescue_restored(store, org, provider, stopped=stopped)
    return results


def _rescue_restored(
    store: Store, org: OrgRow, provider: Provider, *, stopped: Callable[[], bool]
) -> list[Reconciled | Failure]:
    """Reconcile the messages whose outcome a restored backup does not know."""
    results: list[Reconciled | Failure] = []
    with store.snapshot() as cursor:
        held = after_restore.list_held(cursor, org)
    in_vain = 0
    for each in held:
        if stopped() or in_vain >= MOST_IN_VAIN:
            break
        store.tick()
        if each.provider not in (None, org.provider):
            left = rescue_alone(
                store, org, each.message, after_restore.reconcile_without_provider, each
            )
            results += [] if left is None else [left]
            continue
        try:
            found = provider.find(from_e164=None, to_e164=each.to_e164, since=each.since)
        except PetmsgError as problem:
            results.append(Failure(str(each.message), problem))
            in_vain += 1
            continue
        in_vain = 0
        reconciled = rescue_alone(store, org, each.message, after_restore.reconcile, each, found)
        if reconciled is not None:
            results.append(reconciled)
    return results


def rescue_alone(
    store: Store,
    org: OrgRow,
    message: int,
    service: Callable[Concatenate[UnitOfWork, P], R],
    /,
    *args: P.args,
    **kwargs: P.kwargs,
) -> R | Failure:
    """Run a service for one message; a `Failure` with an alert if only that message is at fault.

    Raises errors that concern every other message too.
    """

    def guarded(uow: UnitOfWork) -> R:
        with own_fault(message):
            return service(uow, *args, **kwargs)

    try:
        return store.write_in(org.slug, guarded)
    except PetmsgError as problem:
        if not is_own_fault(problem):
            raise
        store.write_in(org.slug, alert_unusable, message, problem)
        return Failure(str(message), problem)


def unresolved(reconciled: list[Reconciled | Failure]) -> int:
    """How many of them still have an unknown outcome."""
    return sum(
        isinstance(each, Failure) or each.status is MessageStatus.UNKNOWN for each in reconciled
    )
