"""Looks up messages whose outcome is unknown. No request is made inside a transaction."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Concatenate, ParamSpec, TypeVar

from petmsg.db.liveness import is_dead
from petmsg.errors import PetmsgError
from petmsg.providers.base import Provider, ProviderMessage
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
    run = _Rescue(store, org, provider, stopped)
    run.orphans()
    run.unknown(rescue_timings)
    run.restored()
    return run.results


@dataclass
class _Rescue:
    """One rescue of an org's messages: its `results`, and how many lookups in a row failed."""

    store: Store
    org: OrgRow
    provider: Provider
    stopped: Callable[[], bool]
    results: list[Reconciled | Failure] = field(default_factory=list)
    in_vain: int = 0

    def orphans(self) -> None:
        """Mark the outcome of messages unknown whose worker died while sending them."""
        store, org = self.store, self.org
        with store.snapshot() as cursor:
            orphans = [
                each
                for each in unknown_outcomes.list_sending(cursor, org)
                if is_dead(cursor, store.location, each.worker)
            ]
        store.tick()
        mark = unknown_outcomes.mark_outcome_unknown
        for orphan in orphans:
            lost = rescue_alone(store, org, orphan.message, mark, orphan)
            self.results += [lost] if isinstance(lost, Failure) else []

    def unknown(self, timings: RescueTimings) -> None:
        """Reconcile the messages whose outcome is unknown."""
        store, org, grace = self.store, self.org, timings.grace
        with store.snapshot() as cursor:
            unknown = unknown_outcomes.list_unknown(cursor, org)
            stopwatch = store.stopwatch(cursor) if unknown else None
        for each in unknown:
            if self._ends() or stopwatch is None:
                break
            # Before the list is asked for: two looks are as far apart as their questions.
            store.tick()
            asked = stopwatch.mark()
            if each.provider not in (None, org.provider):
                service = unknown_outcomes.reconcile_without_provider
                self._add(
                    rescue_alone(store, org, each.message, service, each, asked=asked, grace=grace)
                )
                continue
            found = self._listed(each.message, each.from_e164, each.to_e164, each.since)
            if found is not None:
                self._add(
                    rescue_alone(
                        store,
                        org,
                        each.message,
                        unknown_outcomes.reconcile,
                        each,
                        found,
                        asked=asked,
                        grace=grace,
                        second_look=timings.second_look,
                    )
                )

    def restored(self) -> None:
        """Reconcile the messages whose outcome a restored backup does not know."""
        store, org = self.store, self.org
        if self.in_vain >= MOST_IN_VAIN:
            return
        self.in_vain = 0
        with store.snapshot() as cursor:
            held = after_restore.list_held(cursor, org)
        for each in held:
            if self._ends():
                break
            store.tick()
            if each.provider not in (None, org.provider):
                service = after_restore.reconcile_without_provider
                self._add(rescue_alone(store, org, each.message, service, each))
                continue
            found = self._listed(each.message, None, each.to_e164, each.since)
            if found is not None:
                service_of_found = after_restore.reconcile
                self._add(rescue_alone(store, org, each.message, service_of_found, each, found))

    def _ends(self) -> bool:
        return self.stopped() or self.in_vain >= MOST_IN_VAIN

    def _listed(
        self, message: int, from_e164: str | None, to_e164: str, since: datetime
    ) -> Sequence[ProviderMessage] | None:
        """What the provider lists; None, and a `Failure` in the results, if it cannot be asked."""
        try:
            found = self.provider.find(from_e164=from_e164, to_e164=to_e164, since=since)
        except PetmsgError as problem:
            self.results.append(Failure(str(message), problem))
            self.in_vain += 1
            return None
        self.in_vain = 0
        return found

    def _add(self, result: Reconciled | Failure | None) -> None:
        if result is not None:
            self.results.append(result)


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
