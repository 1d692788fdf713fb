"""One round of a worker: record the finished messages and claim the next ones.

Both happen in one transaction, so that a busy worker commits a few times a second and not twice per
message. Messages of the usual case are handled together, by a constant number of statements. Each
of the others has its own savepoint; one that cannot be claimed is held for review.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from petmsg.db.cursor import Cursor
from petmsg.enums.messages import MessageStatus
from petmsg.enums.orgs import ProviderName
from petmsg.queries.org import Account
from petmsg.services.outbox.claim import claim
from petmsg.services.outbox.claim_together import claim_together
from petmsg.services.outbox.claimed import ClaimResult
from petmsg.services.outbox.record_outcome import HandedOver, record
from petmsg.services.outbox.record_together import record_together
from petmsg.services.outbox.stored_message import MessageNotWaiting
from petmsg.services.outbox.unprocessable import hold_unusable, is_own_fault, own_fault
from petmsg.services.unit_of_work import (
    Failure,
    UnitOfWork,
    all_or_none,
    one_batch_at_a_time,
    run_batch,
)


@dataclass(frozen=True, slots=True)
class Recorded:
    """A finished message, with its status now."""

    done: HandedOver
    status: MessageStatus


@dataclass(frozen=True, slots=True)
class ClaimedBatch:
    """The results of a round, in the order of what was finished and found."""

    recorded: list[Recorded | Failure]
    claim_results: list[ClaimResult | Failure]


def claim_batch(
    uow: UnitOfWork,
    *,
    done: Sequence[HandedOver],
    find: Callable[[Cursor], Sequence[int]],
    provider: ProviderName | Account,
    worker: str,
    ahead: timedelta,
    public_url: str | None = None,
) -> ClaimedBatch:
    """Record finished messages, then claim those that `find` returns for the worker with that
    token.

    On PostgreSQL the workers of an org take turns, because each locks several numbers. `find` is
    called in the worker's turn: what it reads as queued no other worker claims meanwhile.
    """
    one_batch_at_a_time(uow)

    def claimed(message: int) -> ClaimResult | Failure:
        try:
            with own_fault(message):
                return claim(
                    uow,
                    message,
                    provider=provider,
                    worker=worker,
                    ahead=ahead,
                    public_url=public_url,
                )
        except MessageNotWaiting as problem:  # another worker was faster; nothing was written
            return Failure(str(message), problem)

    def recorded(handed: HandedOver) -> Recorded:
        with own_fault(handed.claim.message):
            return Recorded(handed, record(uow, handed))

    wanted: Sequence[int] = ()

    def claimed_together() -> dict[int, ClaimResult | Failure]:
        used = uow.org.account if isinstance(provider, Account) else uow.org.provider
        if used != provider:
            return {}
        found = claim_together(uow, wanted, worker=worker, ahead=ahead, public_url=public_url)
        return {**found}

    sent = all_or_none(uow, lambda: record_together(uow, done))
    others = [each for each in done if (each.claim.message, each.claim.attempt) not in sent]
    alone = iter(run_batch(uow, others, recorded, ref=_ref))
    after = [
        next(alone) if status is None else Recorded(each, status)
        for each in done
        for status in (sent.get((each.claim.message, each.claim.attempt)),)
    ]
    wanted = find(uow.cursor)
    results = all_or_none(uow, claimed_together)
    unusual = [message for message in wanted if message not in results]
    results |= zip(unusual, run_batch(uow, unusual, claimed, ref=str), strict=True)
    batch = ClaimedBatch(after, [results[message] for message in wanted])
    for message, result in zip(wanted, batch.claim_results, strict=True):
        if isinstance(result, Failure) and is_own_fault(result.error):
            hold_unusable(uow, message, result.error)
    return batch


def _ref(done: HandedOver) -> str:
    return str(done.claim.message)
