"""When a delivery receipt that has not come is asked for: less and less often, and then no more.

A sent message is asked for at once, and again 1 minute, 5, 15 and 60 minutes later, and from then
on once an hour. Where nobody asked in time, its age at the last question decides which pause comes
next. Four days after it was sent the message is final: it stays `sent`. Pure: when a message was
sent and last asked for is all that the rule needs.
"""

from datetime import datetime, timedelta
from typing import Protocol

from petmsg.enums.messages import MessageStatus

PAUSES = tuple(timedelta(minutes=each) for each in (1, 5, 15, 60))
"""How long after one question the next one comes: the last of them again and again."""
RECEIPTS_ARRIVE_WITHIN = timedelta(days=4)
"""How long after sending a receipt is asked for. Carriers retry an unreachable handset for up to
three days. A message without a receipt by then stays `sent`."""


class Outgoing(Protocol):
    """A stored message."""

    @property
    def status(self) -> MessageStatus: ...

    @property
    def sent_at(self) -> datetime | None: ...


def expected_until(message: Outgoing) -> datetime | None:
    """Until when (aware UTC) the receipt of a message is asked for; None for one that is not sent,
    or whose receipt has come."""
    if message.status != MessageStatus.SENT or message.sent_at is None:
        return None
    return message.sent_at + RECEIPTS_ARRIVE_WITHIN


def next_request(sent_at: datetime, asked_at: datetime | None) -> datetime | None:
    """The moment (aware UTC) from which on the receipt of a message is asked for again; None if it
    is final. `asked_at` is the last question, if there was one."""
    due_at = sent_at if asked_at is None else asked_at + _pause(asked_at - sent_at)
    return due_at if due_at <= sent_at + RECEIPTS_ARRIVE_WITHIN else None


def is_due(sent_at: datetime, asked_at: datetime | None, now: datetime) -> bool:
    """Whether the receipt of a message is to be asked for at `now` (aware UTC)."""
    due_at = next_request(sent_at, asked_at)
    return due_at is not None and due_at <= now <= sent_at + RECEIPTS_ARRIVE_WITHIN


def _pause(age: timedelta) -> timedelta:
    """How long after a question the next one comes, by how old the message was then."""
    reached = timedelta()
    for pause in PAUSES:
        reached += pause
        if age < reached:
            return pause
    return PAUSES[-1]
