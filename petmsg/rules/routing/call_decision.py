"""The answer to who is rung for a phone call, as it is explained and stored.

All instants are aware UTC. A decision holds names and refs, and no phone but the company's numbers.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from petmsg.clock import iso_utc
from petmsg.enums.call_routing import CallCode, CallRule, RingCode
from petmsg.enums.calls import CallAddressee, CallerKind, RingTarget
from petmsg.enums.routing import InboundCode, InboundRule


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


class CallOption(NamedTuple):
    """A client whom the calling sitter may choose. `caller_id` is the company's number that the
    client sees; None if the client cannot be rung, and the front desk is rung instead."""

    ref: str
    name: str
    caller_id: str | None


class CallStep(NamedTuple):
    """One rule that was tried, as in an InboundDecision or a Decision."""

    step: int
    rule: InboundRule | CallRule
    condition: str
    result: bool
    code: InboundCode | CallCode | RingCode
    explanation: str


class CallDecision(NamedTuple):
    """Who is rung for a call that came at `at`, and why.

    `caller_ref` is the ref of the client or sitter who calls. `ref` is that of the sitter or client
    whom the call is for; None for the front desk, for nobody, and for a sitter who has yet to
    choose one of `options`, whose keys count from 1. `rings` are rung one after the other, and end
    with a voicemail or a sentence, but for a call that is rejected, which rings nobody. Of a sitter
    who chooses a client they are those for a client who cannot be rung, until they chose one who
    can (`petmsg.rules.call_steps.choose`). A client is rung for `ring_seconds`.
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
    options: tuple[CallOption, ...] = ()
    ring_seconds: int = 20
    trace: tuple[CallStep, ...] = ()

    @property
    def is_rejected(self) -> bool:
        """Whether the call is not taken at all."""
        return not self.rings

    @property
    def must_choose(self) -> bool:
        """Whether the sitter who calls has yet to choose one of the options."""
        return bool(self.options) and self.addressed_to is CallAddressee.CLIENT and not self.ref

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
            "rings": [{**each._asdict(), "target": each.target.value} for each in self.rings],
            "options": [
                {"key": key, "client": each.ref, "name": each.name, "caller_id": each.caller_id}
                for key, each in enumerate(self.options, 1)
            ],
            "ring_seconds": self.ring_seconds,
            "trace": [
                {**step._asdict(), "rule": step.rule.value, "code": step.code.value}
                for step in self.trace
            ],
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "CallDecision":
        """Return the decision that `to_json` wrote, without its trace. Raises `KeyError` or
        `ValueError` for anything else. An erased client's name is the ref."""
        return cls(
            org=stored["org"],
            number=stored["number"],
            at=datetime.fromisoformat(stored["at"]),
            caller=CallerKind(stored["caller"]),
            caller_ref=stored["caller_ref"],
            addressed_to=CallAddressee(stored["addressed_to"]),
            ref=stored["ref"],
            code=CallCode(stored["code"]),
            reason=stored["reason"],
            rings=tuple(
                Ring(**{**each, "target": RingTarget(each["target"])}) for each in stored["rings"]
            ),
            options=tuple(
                CallOption(each["client"], each["name"] or each["client"], each["caller_id"])
                for each in stored["options"]
            ),
            ring_seconds=stored["ring_seconds"],
        )
