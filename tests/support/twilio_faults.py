"""Faults by chance, the same for the same seed: what a campaign lets the fake Twilio do.

The chance is drawn for each message and attempt, not for each moment, so that threads which
overtake each other change nothing: the second attempt of a message meets the same fault in every
run of a seed.
"""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.support.twilio_shapes import (
    FakeMessage,
    Fault,
    Request,
    cut_json,
    hang,
    reset,
    server_error,
    throttled,
)

Maker = Callable[[random.Random, float], Fault]

CREATING: dict[str, Maker] = {
    "throttled": lambda chance, _: throttled(chance.choice(("0", "1"))),
    "unavailable": lambda _, __: server_error(503),
    "unavailable_but_accepted": lambda _, __: server_error(503, accepted=True),
    "broken": lambda _, __: server_error(500, code=20500),
    "broken_but_accepted": lambda _, __: server_error(500, code=20500, accepted=True),
    "hang": lambda _, __: hang(accepted=False),
    "hang_but_accepted": lambda _, __: hang(),
    "hang_accepted_late": lambda chance, late: hang(late_seconds=chance.uniform(0, late)),
    "reset": lambda _, __: reset(accepted=False),
    "reset_but_accepted": lambda _, __: reset(),
    "reset_accepted_late": lambda chance, late: reset(late_seconds=chance.uniform(0, late)),
    "cut_but_accepted": lambda _, __: cut_json(),
}
"""What can happen to a message on its way in, by name."""

ASKING: dict[str, Maker] = {
    "throttled": CREATING["throttled"],
    "unavailable": CREATING["unavailable"],
    "hang": CREATING["hang"],
    "reset": CREATING["reset"],
    "cut": lambda _, __: cut_json(),
}
"""What can happen to a question: a list, a fetch."""


@dataclass
class SeededFaults:
    """Chooses a fault for `rate` of the requests; give its `choose` to the fake.

    A message whose answer got lost may be taken up to `late_seconds` later. `rate` of the messages
    stay out of lists for up to `late_list_seconds`. `kinds` leaves only those of `CREATING`.
    """

    seed: int
    rate: float
    late_seconds: float = 0.05
    late_list_seconds: float = 0.0
    kinds: Sequence[str] = tuple(CREATING)
    dealt: Counter[str] = field(default_factory=Counter)
    _tries: Counter[tuple[str, str, str, str]] = field(default_factory=Counter, repr=False)

    def choose(self, request: Request) -> Fault | None:
        """The fault of this request, or None."""
        asked = request.form or request.query
        text = request.path, asked.get("From", ""), asked.get("To", ""), asked.get("Body", "")
        self._tries[text] += 1
        chance = random.Random(f"{self.seed} {text} {self._tries[text]}")
        if chance.random() >= self.rate:
            return None
        creating = request.method == "POST"
        makers = CREATING if creating else ASKING
        name = chance.choice([*self.kinds] if creating else [*ASKING])
        self.dealt[f"{'create' if creating else 'ask'} {name}"] += 1
        return makers[name](chance, self.late_seconds)

    def hide_for(self, message: FakeMessage) -> float:
        """For how many seconds a new message stays out of lists."""
        if not self.late_list_seconds:
            return 0.0
        chance = random.Random(f"{self.seed} {message.from_} {message.to} {message.body}")
        if chance.random() >= self.rate:
            return 0.0
        self.dealt["late list"] += 1
        return chance.uniform(0, self.late_list_seconds)
