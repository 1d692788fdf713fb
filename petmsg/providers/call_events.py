"""The events of a phone call that a provider reports. Each may come twice, late, or out of order.

`call` is the provider's ID of the caller's leg, `ring` the place of an entry in the decision's
`rings`. Seconds are whole. `at` is when it was told (aware UTC), if that is known: it may be stored
later. Values may be written by strangers: they are checked where they are read.
"""

from dataclasses import dataclass, field
from datetime import datetime

from petmsg.enums.calls import CallStatus


@dataclass(frozen=True, slots=True)
class CallArrived:
    """Somebody calls a number. `from_phone` is None if it is withheld or no phone."""

    call: str
    from_phone: str | None
    to_e164: str
    at: datetime | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class ClientChosen:
    """A sitter pressed a key to choose a client; None if they pressed none, or no digit."""

    call: str
    key: int | None


@dataclass(frozen=True, slots=True)
class RingAnswered:
    """Somebody who was rung picked up. `key` is None when they are to be told whose call it is, and
    the key that they pressed then, empty if it was none."""

    call: str
    ring: int
    key: str | None = None


@dataclass(frozen=True, slots=True)
class RingEnded:
    """A phone was rung, and that has ended: `completed` means that somebody picked up.

    `by_desk`: the call could not be stored in time, so the front desk's phone was rung without a
    decision. `ring` is 0 then, and means nothing.
    """

    call: str
    ring: int
    status: CallStatus
    seconds: int | None = None
    by_desk: bool = False


@dataclass(frozen=True, slots=True)
class CallEnded:
    """The caller's leg has ended. The numbers are those of `CallArrived`, if they are told."""

    call: str
    status: CallStatus
    seconds: int | None = None
    from_phone: str | None = None
    to_e164: str | None = None
    at: datetime | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class VoicemailLeft:
    """The caller left a message: its ID at the provider and its length."""

    call: str
    recording: str
    seconds: int | None = None


CallEvent = CallArrived | ClientChosen | RingAnswered | RingEnded | CallEnded | VoicemailLeft


@dataclass(frozen=True, slots=True)
class SignedCall:
    """A call event, and the names of the account that signed it (None: without a name)."""

    event: CallEvent
    accounts: frozenset[str | None]
