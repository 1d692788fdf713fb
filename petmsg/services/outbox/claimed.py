"""What a claim returns: a claimed message, one that waits, or one that will not be sent."""

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from petmsg.enums.messages import MessageStatus
from petmsg.models import Message
from petmsg.providers.base import OutgoingMedia, OutgoingMessage
from petmsg.queries.attempts_together import ClaimableMessage
from petmsg.queries.queue import NO_THREAD, NumberRateLimit
from petmsg.rules import rate_limit
from petmsg.rules.routing import Decision
from petmsg.services.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Claim:
    """A claimed message: what to send, and which attempt this is.

    `thread` is `NO_THREAD` for a message outside any thread. The request must not start before
    `start_at` (aware UTC), which keeps the number's rate limit; the number is busy for `occupancy`
    from then on.
    """

    message: int
    attempt: int
    worker: str
    thread: int
    number: int
    text: OutgoingMessage
    segments: int
    decision: Decision
    claimed_at: datetime
    start_at: datetime
    occupancy: timedelta
    decision_json: str = field(init=False, repr=False, compare=False)
    """The decision as JSON text, as it is stored."""

    def __post_init__(self) -> None:
        words = json.dumps(self.decision.to_json(), ensure_ascii=False)
        object.__setattr__(self, "decision_json", words)

    @property
    def free_at(self) -> datetime:
        """When the number may send its next message (aware UTC)."""
        return self.start_at + self.occupancy


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message that stays in the queue for now, with the reason; `until` is when that ends, if
    known.

    `for_rate_limit` is true if only the rate limit of its number delays it.
    """

    message: int
    why: str
    until: datetime | None = None
    decision: Decision | None = None
    for_rate_limit: bool = False


@dataclass(frozen=True, slots=True)
class Ended:
    """A message that will not be sent: `failed`, or `held` for review."""

    message: int
    status: MessageStatus
    why: str


ClaimResult = Claim | Waiting | Ended


def new_claim(
    uow: UnitOfWork,
    message: Message | ClaimableMessage,
    number: NumberRateLimit,
    decision: Decision,
    *,
    worker: str,
    start_at: datetime,
    media: tuple[OutgoingMedia, ...] = (),
) -> Claim:
    """The next claim of the message, which is sent with `media`; nothing is written."""
    assert message.id is not None
    assert message.to_e164 is not None
    assert message.body is not None
    per_second = number.segments_per_second or rate_limit.default_rate_limit(number.e164)
    return Claim(
        message=message.id,
        attempt=message.attempts + 1,
        worker=worker,
        thread=message.thread_id or NO_THREAD,
        number=number.id,
        text=OutgoingMessage(
            number.e164,
            message.to_e164,
            message.body,
            media=media,
            expires_at=message.expires_at,
            messaging_service=number.messaging_service,
        ),
        segments=message.segments,
        decision=decision,
        claimed_at=uow.now,
        start_at=start_at,
        occupancy=rate_limit.occupancy(message.segments, per_second),
    )


def at_rate_limit(
    message_id: int, number: NumberRateLimit, decision: Decision, start_at: datetime
) -> Waiting:
    """A message that waits until its number may send it."""
    why = f"{number.e164} is at its rate limit"
    return Waiting(message_id, why, start_at, decision, for_rate_limit=True)


def not_queued(message_id: int, status: str) -> str:
    """Why a message cannot be claimed that is not queued any more, in words."""
    return f"Message {message_id} is {status}, not queued."
