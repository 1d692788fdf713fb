"""Who is rung for a phone call? Facts in, CallDecision out.

There are no rules of its own about whom a call is for: the addressee of a call is the addressee of
a message without words from the same phone to the same number (`petmsg.rules.routing.inbound`), as
if the org relayed messages. These rules say who is rung, in which order, and which number is shown:

1. a sitter's call from their own phone to their own number rings the client of their open window,
   who sees the number that a message would be sent from (`decide`). With several clients the sitter
   chooses by key; with none they are told so;
2. a client's call in a window, to the number of its sitter, rings the sitter's phone, which shows
   the number that was called;
3. every other call rings the front desk's phone within office hours, if the org has one. So does a
   client's call that the sitter does not take;
4. then the caller may leave a voicemail, if the org takes them, or else hears a sentence.

A call from one of the company's own numbers, to a retired number, or beyond the limit of calls per
hour is rejected. Nobody is rung on the phone that they call from. Opt-outs do not matter: they are
about messages.

All instants are aware UTC. A decision holds names and refs, and no phone but the company's numbers.
"""

from datetime import datetime
from typing import Any, NamedTuple

from petmsg.clock import iso_utc
from petmsg.enums.calls import CallAddressee, CallerKind, RingTarget
from petmsg.enums.routing import CallCode
from petmsg.rules.routing.facts import NumberFact
from petmsg.rules.routing.inbound import InboundFacts


class CallClient(NamedTuple):
    """A client of a sitter's open window, and the number that a message to them would be sent from
    (None if there is none). `name` tells them from the sitter's other clients."""

    ref: str
    name: str
    caller_id: NumberFact | None
    is_caller: bool = False
    """Whether the call came from this client's own phone."""


class CallFacts(NamedTuple):
    """Everything the rules need to know about a call.

    `inbound` are the facts about a message without words from the same phone to the same number at
    the same instant, with `relay` true. `client_name` is the caller's, if it is a client. `open`
    are the clients of the calling sitter's open windows, in the order of their numbers as keys.
    `desks` are the org's front desk numbers. `has_desk_phone` says that the org has a phone for its
    front desk, `desk_calls` that the call came from it, and `is_open` that the instant is within
    office hours. `holder_calls` says that the call came from the phone of the number's holder.
    `calls_before` counts the calls from the same phone in the hour before, up to `calls_per_hour`.
    `from_own_number` says that the phone is a masked number of any org. A number whose `voice` is
    False shows itself to nobody: `silent` are the ids of such numbers.
    """

    inbound: InboundFacts
    caller: CallerKind
    caller_ref: str | None = None
    client_name: str | None = None
    open: tuple[CallClient, ...] = ()
    desks: tuple[NumberFact, ...] = ()
    silent: frozenset[int] = frozenset()
    has_desk_phone: bool = False
    desk_calls: bool = False
    is_open: bool = True
    holder_calls: bool = False
    takes_voicemail: bool = False
    ring_seconds: int = 20
    calls_before: int = 0
    calls_per_hour: int = 20
    from_own_number: bool = False


class Ring(NamedTuple):
    """One who is rung for `seconds`, or the end of the list: a voicemail, or a sentence.

    `ref` and `name` are those of a sitter or a client. `caller_id` is the company's number that
    they see. `needs_key` says that they are asked to press a key before they are connected, so that
    their own voicemail does not take the call.
    """

    target: RingTarget
    ref: str | None = None
    name: str | None = None
    caller_id: str | None = None
    seconds: int = 0
    needs_key: bool = False


class CallStep(NamedTuple):
    """One rule that was tried, as in an InboundDecision or a Decision."""

    step: int
    rule: str
    condition: str
    result: bool
    code: str
    explanation: str


class CallDecision(NamedTuple):
    """Who is rung for a call that came at `at`, and why.

    `caller_ref` is the ref of the client or sitter who calls. `ref` is that of the sitter or client
    whom the call is for; None for the front desk, for nobody, and for a sitter who has yet to
    choose one of `options`: then `rings` is empty but for its last entry. `rings` always ends with
    a voicemail or a sentence, but for a call that is rejected, which rings nobody.
    """

    org: str
    number: str
    at: datetime
    caller: CallerKind
    caller_ref: str | None
    addressed_to: CallAddressee
    ref: str | None
    code: CallCode
    reason: str
    rings: tuple[Ring, ...]
    options: tuple[CallClient, ...]
    trace: tuple[CallStep, ...]

    @property
    def is_rejected(self) -> bool:
        """Whether the call is not taken at all."""
        return not self.rings

    def to_json(self) -> dict[str, Any]:
        """Return the decision as `route call -o json` prints it (`docs/schemas/route-call.json`)
        and as it is stored with the call."""
        return {
            "org": self.org,
            "number": self.number,
            "at": iso_utc(self.at),
            "caller": self.caller.value,
            "caller_ref": self.caller_ref,
            "addressed_to": self.addressed_to.value,
            "ref": self.ref,
            "code": self.code.value,
            "reason": self.reason,
            "rings": [
                {
                    "target": ring.target.value,
                    "ref": ring.ref,
                    "name": ring.name,
                    "caller_id": ring.caller_id,
                    "seconds": ring.seconds,
                    "needs_key": ring.needs_key,
                }
                for ring in self.rings
            ],
            "options": [
                {
                    "key": key,
                    "client": each.ref,
                    "name": each.name,
                    "caller_id": None if each.caller_id is None else each.caller_id.e164,
                }
                for key, each in enumerate(self.options, 1)
            ],
            "trace": [step._asdict() for step in self.trace],
        }
