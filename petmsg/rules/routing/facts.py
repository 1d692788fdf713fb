"""The snapshot of facts that a routing decision is made from.

All instants are aware UTC. A fact says what is (or was, for a past instant). Only `decide` says
whether it makes a number usable, or a window the chosen one.

They are named tuples and not frozen dataclasses, because creating a dozen dataclass types would
take a tenth of the run time of a command that explains one decision.
"""

from datetime import datetime
from typing import NamedTuple, Protocol

from petmsg.enums.numbers import NumberClass, NumberStatus
from petmsg.enums.orgs import PoolFor
from petmsg.enums.people import ClientKind


class HasStatus(Protocol):
    """Anything with a status and the end of its quarantine: a fact, or a stored number."""

    @property
    def status(self) -> NumberStatus: ...

    @property
    def quarantined_until(self) -> datetime | None: ...


class NumberFact(NamedTuple):
    """A masked number with its class and status at the instant of the decision.

    `mms` says whether it can send pictures; None if the provider does not say.
    """

    id: int
    e164: str
    number_class: NumberClass
    status: NumberStatus
    quarantined_until: datetime | None = None
    mms: bool | None = None


class PoolNumberFact(NamedTuple):
    """A pool number with its use up to the instant of the decision.

    `own_threads` counts the threads whose own pool number it is, up to the org's
    `pool_threads_per_number` (it is 0 if the org sets no limit).
    """

    number: NumberFact
    last_used_at: datetime | None = None
    own_threads: int = 0


class WindowFact(NamedTuple):
    """An assignment window of a confirmed booking in the client's thread.

    Spans are half-open: lead `[starts_at, booked_from)`, booked `[booked_from, booked_until)`,
    grace `[booked_until, ends_at)`. Without `booked_from` there is no lead, and the booked time
    begins at `starts_at`. `number` is the one that the window's sitter holds; None if they hold
    none.
    """

    booking_id: int
    booking: str
    starts_at: datetime
    booked_until: datetime
    ends_at: datetime
    sitter: str | None = None
    sitter_name: str | None = None
    sitter_active: bool = False
    number: NumberFact | None = None
    booked_from: datetime | None = None


class OverrideFact(NamedTuple):
    """An override: in `[starts_at, until)` the front desk speaks in the client's thread."""

    starts_at: datetime
    until: datetime


class SpeakerFact(NamedTuple):
    """The sitter who wrote a message. `own_number_only` means that it is sent from their number or
    not at all."""

    sitter: str
    name: str
    own_number_only: bool = True


class VoiceFact(NamedTuple):
    """Who speaks in a message, as in `Facts`: a sitter, the front desk, or the number that received
    the message that is answered. Without any of them the company speaks, from the number that the
    rules choose."""

    speaker: SpeakerFact | None = None
    desk_speaks: bool = False
    reply_to: NumberFact | None = None


COMPANY = VoiceFact()


class Facts(NamedTuple):
    """Everything one decision needs to know about an org, a client and the client's thread.

    `windows` may include windows that do not contain the instant, because `decide` checks. `desks`
    are the org's front desk numbers, `pool` its pool numbers, in any status and order. Both may be
    empty if `needs_shared_numbers` says that they decide nothing. Of the pool, the numbers that
    rule 2 would take last may be missing if `needs_more_of_pool` says so. `notes` are remarks about
    the facts themselves (for a past instant: a setting that has changed since); they become
    warnings.
    `speaker` is the sitter who wrote the message; None if the company writes. `with_media` says
    whether the message has pictures.

    Three facts let a person choose the number: `desk_speaks` says that the sender asked for the
    front desk, `override` may include one that does not hold at the instant, because `decide`
    checks, and `reply_to` is the number that received the message that is answered.

    `calling_code` is the country code of the client's phone (`1` for North America, `44`), without
    a plus. None if it is not known, or if all pool and front desk numbers have the same one: it
    decides nothing then.
    """

    org: str
    timezone: str
    pool_for: PoolFor
    pool_threads_per_number: int | None
    client: str
    client_kind: ClientKind
    windows: tuple[WindowFact, ...] = ()
    own_pool_number_id: int | None = None
    pool: tuple[PoolNumberFact, ...] = ()
    desks: tuple[NumberFact, ...] = ()
    notes: tuple[str, ...] = ()
    speaker: SpeakerFact | None = None
    with_media: bool = False
    desk_speaks: bool = False
    override: OverrideFact | None = None
    reply_to: NumberFact | None = None
    calling_code: str | None = None
