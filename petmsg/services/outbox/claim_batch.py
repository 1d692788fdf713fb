"""One turn of a worker: record what came back, and claim what it can carry next.

One transaction for both, so that a busy worker commits a few times a second and not twice per text.
Each text is all or nothing, and one that cannot be claimed is held for a person.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from petmsg.enums import MessageStatus, ProviderName
from petmsg.services.outbox.claim import ClaimResult, claim
from petmsg.services.outbox.queue import MessageNotWaiting
from petmsg.services.outbox.record_outcome import HandedOver, record
from petmsg.services.outbox.unprocessable import hold_unusable, is_own_fault, own_fault
from petmsg.services.unit_of_work import Failure, UnitOfWork, one_batch_at_a_time, run_batch


@dataclass(frozen=True, slots=True)
class Recorded:
    """A text that came back, as it stands now."""

    done: HandedOver
    status: MessageStatus


@dataclass(frozen=True, slots=True)
class ClaimedBatch:
    """What a turn did: in the order of what it was given."""

    recorded: list[Recorded | Failure]
    taken: list[ClaimResult | Failure]


def claim_batch(
    uow: UnitOfWork,
    *,
    done: Sequence[HandedOver],
    wanted: Sequence[int],
    provider: ProviderName,
    worker: str,
    ahead: timedelta,
) -> ClaimedBatch:
    """Record what was handed over, then claim the wanted texts for the worker of that token.

    On PostgreSQL the workers of an org take turns, because each locks several numbers.
    """
    one_batch_at_a_time(uow)

    def claimed(message: int) -> ClaimResult | Failure:
        try:
            with own_fault(message):
                return claim(uow, message, provider=provider, worker=worker, ahead=ahead)
        except MessageNotWaiting as problem:  # another worker was faster, and nothing is written
            return Failure(str(message), problem)

    def recorded(handed: HandedOver) -> Recorded:
        with own_fault(handed.claim.message):
            return Recorded(handed, record(uow, handed))

    turn = ClaimedBatch(
        run_batch(uow, done, recorded, ref=_ref),
        run_batch(uow, wanted, claimed, ref=str),
    )
    for message, taken in zip(wanted, turn.taken, strict=True):
        if isinstance(taken, Failure) and is_own_fault(taken.error):
            hold_unusable(uow, message, taken.error)
    return turn


def _ref(done: HandedOver) -> str:
    return str(done.claim.message)
