"""The application with a store that is told what to do, and the requests of a whole call."""

import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from petmsg.providers.call_events import SignedCall
from petmsg.rules.call_plan import CallPlan, Dial
from petmsg.rules.desk_line import DeskLine
from petmsg.web.access_log import Answered
from petmsg.web.voice_route import VoiceSource
from petmsg.workflows.webhook_outcome import Outcome
from tests.support.call_requests import CALL, RECORDING, call_form, leg_form, query
from tests.support.voice_app import Session, during
from tests.support.webhooks import PUBLIC, Answer

ANNS, MAYAS, DESKS, NUMBER, OTHER = (
    "+16175550123", "+14155552001", "+14155559000", "+14155550102", "+14155550103",
)  # fmt: skip
NOON = datetime(2026, 2, 14, 17, 0, tzinfo=UTC)
"""12:00 in New York."""
LINE = DeskLine(1, "Paws", DESKS, NUMBER, 20, None, "America/New_York", 3, has_account=True)
DIAL = Dial(CALL, 0, MAYAS, NUMBER, 20, announces=True)

ARRIVES = ("/twilio/voice", call_form(ANNS, NUMBER))
PICKS_UP = (f"/twilio/voice/answer?{query(ring=0)}", leg_form(NUMBER, MAYAS))
PRESSES = (PICKS_UP[0], PICKS_UP[1] | {"Digits": "1"})
CHOOSES = (
    f"/twilio/voice/answer?{query(choose=1)}",
    call_form(MAYAS, NUMBER) | {"Digits": "2"},
)
RANG = (
    f"/twilio/voice/ended?{query(ring=0)}",
    call_form(ANNS, NUMBER) | {"DialCallStatus": "no-answer"},
)
BY_DESK = (
    f"/twilio/voice/ended?{query(ring=0, desk=1)}",
    call_form(ANNS, NUMBER) | {"DialCallStatus": "completed", "DialCallDuration": "30"},
)
OVER = (
    "/twilio/voice/ended",
    call_form(ANNS, NUMBER, status="completed") | {"CallDuration": "65"},
)
LEAVES = (
    f"/twilio/voice/voicemail?{query()}",
    call_form(ANNS, NUMBER) | {"RecordingSid": RECORDING, "RecordingDuration": "23"},
)
SPOKEN = (ARRIVES, PICKS_UP, PRESSES, CHOOSES, RANG, BY_DESK, LEAVES)


class Problem(Exception):
    """A bug of the store."""


@dataclass
class Phones:
    """The application. `plan` is what the store says, `status` its outcome; `stored` are the events
    it stored. It waits for `goes_on`."""

    folder: Path
    plan: CallPlan | None = DIAL
    status: int = 200
    lines: dict[str, DeskLine | None] = field(default_factory=lambda: {NUMBER: LINE, OTHER: None})
    at: datetime = NOON
    stored: list[Any] = field(default_factory=list)
    others: list[Any] = field(default_factory=list)
    log: list[Answered] = field(default_factory=list)
    goes_on: threading.Event = field(default_factory=threading.Event)
    raises: bool = False

    def __post_init__(self) -> None:
        self.goes_on.set()

    def store(self, items: Sequence[Any]) -> list[Outcome]:
        self.goes_on.wait(10)
        if self.raises:
            raise Problem
        outcomes = []
        for item in items:
            if not isinstance(item, SignedCall):
                self.others.append(item)
                outcomes.append(Outcome(200, "told"))
                continue
            assert item.accounts == {None}
            if self.status < 400:
                self.stored.append(item.event)
            outcomes.append(Outcome(self.status, "word", self.plan))
        return outcomes

    def session(self, steps: Callable[["Session"], Awaitable[None]]) -> None:
        """Carry out some steps with the application."""
        voice = VoiceSource(PUBLIC, self.lines.get, self.lines.__contains__, lambda: self.at)
        during(self.folder, self.store, voice, steps, log=self.log, at_end=self.goes_on.set)

    def ask(self, request: tuple[str, Mapping[str, str]], **how: Any) -> Answer:
        """One request to the application."""
        found: list[Answer] = []

        async def once(session: "Session") -> None:
            found.append(await session.ask(request, **how))

        self.session(once)
        return found[0]

    @property
    def words(self) -> list[str | None]:
        """The outcomes in the access log."""
        return [each.outcome for each in self.log]


def away(phones: Phones) -> None:
    phones.status = 503


def slow(phones: Phones) -> None:
    phones.goes_on.clear()
