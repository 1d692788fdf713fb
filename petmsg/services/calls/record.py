"""Store a provider's events of calls: each in its own savepoint, all in one transaction.

Events may come twice, late and out of order: a call is stored once, and its state never goes
back.
"""

from collections.abc import Sequence

from petmsg.enums.orgs import ProviderName
from petmsg.providers.call_events import (
    CallArrived,
    CallEnded,
    CallEvent,
    ClientChosen,
    RingAnswered,
    RingEnded,
    VoicemailLeft,
)
from petmsg.queries.row_locks import lock_calls
from petmsg.services.calls.arrive import arrive
from petmsg.services.calls.end import call_ended, voicemail_left
from petmsg.services.calls.next_plan import Recorded
from petmsg.services.calls.ring import client_chosen, ring_answered, ring_ended
from petmsg.services.unit_of_work import Failure, UnitOfWork, run_batch


def record_each(
    uow: UnitOfWork, events: Sequence[CallEvent], *, provider: ProviderName | None
) -> list[Recorded | Failure]:
    """Store events of calls of one org, in their order; results in the same order.

    Two processes do so one after the other in an org: so the same call at once in both is one call,
    and the limit of calls per hour holds.
    """
    lock_calls(uow.cursor, uow.org.id)
    return run_batch(
        uow,
        events,
        lambda event: record(uow, event, provider=provider),
        ref=lambda event: event.call,
    )


def record(uow: UnitOfWork, event: CallEvent, *, provider: ProviderName | None) -> Recorded:
    """Store one event of a call; return what happens next with it.

    Raises `NotOurNumber`, `CallOfAnotherOrg`.
    """
    match event:
        case CallArrived():
            return arrive(uow, event, provider=provider)
        case ClientChosen():
            return client_chosen(uow, event)
        case RingAnswered():
            return ring_answered(uow, event)
        case RingEnded():
            return ring_ended(uow, event)
        case CallEnded():
            return call_ended(uow, event, provider=provider)
        case VoicemailLeft():
            return voicemail_left(uow, event)
