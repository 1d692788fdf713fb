"""One turn of a worker: record what came back, and claim what it can carry next.

One transaction for both, so that a busy worker commits a few times a second and not twice per text.
Each text is all or nothing, and one that cannot be claimed is held for a person.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from petmsg.enums import MessageStatus, ProviderName
from petmsg.services.outbox.claim import Taken, claim
from petmsg.services.outbox.queue import MessageNotWaiting
from petmsg.services.outbox.record_outcome import HandedOver, record
from petmsg.services.outbox.unprocessable import hold_unusable, is_own_fault, own_fault
from petmsg.services.unit_of_work import Failure, Work, one_batch_at_a_time, take_together


@dataclass(frozen=True, slots=True)
class Recorded:
    """A text that came back, as it stands now."""

    done: HandedOver
    status: MessageStatus


@dataclass(frozen=True, slots=True)
class Turn:
    """What a turn did: in the order of what it was given."""

    recorded: list[Recorded | Failure]
    taken: list[Taken | Failure]


def take_turn(
    work: Work,
    *,
    done: Sequence[HandedOver],
    wanted: Sequence[int],
    provider: ProviderName,
    worker: str,
    ahead: timedelta,
) -> Turn:
    """Record what was handed over, then claim the wanted texts for the worker of that token.

    On PostgreSQL the workers of an org take turns, because each locks several numbers.
    """
    one_batch_at_a_time(work)

    def claimed(message: int) -> Taken | Failure:
        try:
            with own_fault(message):
                return claim(work, message, provider=provider, worker=worker, ahead=ahead)
        except MessageNotWaiting as problem:  # another worker was faster, and nothing is written
            return Failure(str(message), problem)

    def recorded(handed: HandedOver) -> Recorded:
        with own_fault(handed.claim.message):
            return Recorded(handed, record(work, handed))

    turn = Turn(
        take_together(work, done, recorded, ref=_ref),
        take_together(work, wanted, claimed, ref=str),
    )
    for message, taken in zip(wanted, turn.taken, strict=True):
        if isinstance(taken, Failure) and is_own_fault(taken.error):
            hold_unusable(work, message, taken.error)
    return turn


def _ref(done: HandedOver) -> str:
    return str(done.claim.message)
