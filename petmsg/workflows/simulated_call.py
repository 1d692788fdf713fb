"""`call simulate`: what the people of the call do, and what the command prints of it."""

from typing import NamedTuple

from petmsg.enums.calls import RingTarget
from petmsg.enums.simulated_calls import Happening, PickUp
from petmsg.providers.sandbox_call import Reaction

CALLER = "caller"
"""Who calls, as `SeenEvent.who`; the others are those of `RingTarget`."""


class SimulatedPeople(NamedTuple):
    """What the caller and those who are rung do.

    `pick_up` is what the sitter or client does who is rung, and `key` what they or the caller press
    where a key is asked for, empty for none. With `desk_too` the front desk does the same when its
    phone rings first; with `desk_answers` it picks up whenever it is rung, otherwise it does not.
    `voicemail_seconds` is how long the caller speaks after the beep; with 0 they hang up. With
    `hangs_up` they do so while the first phone rings.
    """

    pick_up: PickUp
    key: str = ""
    desk_answers: bool = False
    voicemail_seconds: int = 0
    hangs_up: bool = False
    desk_too: bool = False

    def reaction(self, target: RingTarget, *, is_first: bool) -> Reaction:
        """What happens at the phone of that one; `is_first` if it is rung before any other."""
        if target is not RingTarget.FRONT_DESK or (is_first and self.desk_too):
            return Reaction(self.pick_up, self.key)
        return Reaction(PickUp.ANSWER if self.desk_answers else PickUp.NO_ANSWER, self.key)


class SeenEvent(NamedTuple):
    """What somebody does or hears. `ref` and `name` are those of a sitter or a client; `shows` is
    the number of the company's that their phone shows, or that was called."""

    who: str
    ref: str | None
    name: str | None
    does: Happening
    text: str | None = None
    shows: str | None = None
    seconds: int | None = None


class Step(NamedTuple):
    """A request with its answer, and what people heard and did until the next one. `tells` are
    parameters of the request without phones, `twiml` is None for an answer without a document."""

    step: int
    request: str
    tells: dict[str, str]
    status: int
    twiml: str | None
    events: list[SeenEvent]


class Line(NamedTuple):
    """An event as a line of a table. `step` and `request` stand in the first line of a step; a step
    in which nobody hears or does anything has no event."""

    step: int | None
    request: str | None
    event: SeenEvent | None


def lines_of(steps: list[Step]) -> list[Line]:
    """The steps as lines, at least one for each."""
    lines = list[Line]()
    for step in steps:
        first: tuple[int | None, str | None] = (step.step, step.request)
        events: list[SeenEvent | None] = [*step.events]
        for event in events or [None]:
            lines.append(Line(*first, event))
            first = (None, None)
    return lines
