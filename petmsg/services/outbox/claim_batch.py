"""One round of a worker: record the finished messages and claim the next ones.

Both happen in one transaction, so that a busy worker commits a few times a second and not twice per
message. Each message has its own savepoint; one that cannot be claimed is held for review.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from petmsg.enums.messages import MessageStatus
from petmsg.enums.orgs import ProviderName
from petmsg.queries.org import Account
from petmsg.services.outbox.claim import ClaimResult, claim
from petmsg.services.outbox.queue import MessageNotWaiting
from petmsg.services.outbox.record_outcome import HandedOver, record
from petmsg.services.outbox.unprocessable import hold_unusable, is_own_fault, own_fault
from petmsg.services.unit_of_work import Failure, UnitOfWork, one_batch_at_a_time, run_batch


@dataclass(frozen=True, slots=True)
class Recorded:
    """A finished message, with its status now."""

    done: HandedOver
    status: MessageStatus


@dataclass(frozen=True, slots=True)
class ClaimedBatch:
    """The results of a round, in the order of its arguments."""

    recorded: list[Recorded | Failure]
    claim_results: list[ClaimResult | Failure]


def claim_batch(
    uow: UnitOfWork,
    *,
    done: Sequence[HandedOver],
    wanted: Sequence[int],
    provider: ProviderName | Account,
    worker: str,
    ahead: timedelta,
    public_url: str | None = None,
) -> ClaimedBatch:
    """Record finished messages, then claim the wanted ones for the worker with that token.

    On PostgreSQL the workers of an org take turns, because each locks several numbers.
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

    batch = ClaimedBatch(
        run_batch(uow, done, recorded, ref=_ref),
        run_batch(uow, wanted, claimed, ref=str),
    )
    for message, result in zip(wanted, batch.claim_results, strict=True):
        if isinstance(result, Failure) and is_own_fault(result.error):
            hold_unusable(uow, message, result.error)
    return batch


def _ref(done: HandedOver) -> str:
    return str(done.claim.message)
