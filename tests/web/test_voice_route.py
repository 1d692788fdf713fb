"""The routes of phone calls: what is stored, what is answered, and that it is answered in time.

The application is the real one, with its queue and its writer; the store behind them is told what
to do. Requests are signed by the SDK's own `RequestValidator`, and every document is held against
the grammar of TwiML.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from petmsg.enums.calls import CallStatus, Sentence
from petmsg.providers.call_events import (
    CallArrived,
    CallEnded,
    RingAnswered,
    RingEnded,
    SignedCall,
    VoicemailLeft,
)
from petmsg.rules.call_plan import CallPlan, Connect, Dial, HangUp, Menu, Reject, Screen, Speak
from petmsg.rules.desk_line import DeskLine
from petmsg.rules.send_blocks import QuietHours
from petmsg.services.inbound.refused_webhooks import ManyRefused
from petmsg.web import group_commit, late_events, voice_route
from petmsg.web.access_log import Answered
from petmsg.web.voice_route import VoiceSource
from petmsg.workflows.webhook_outcome import Outcome
from tests.support.call_requests import CALL, RECORDING, call_form, leg_form, query
from tests.support.voice_app import Session, during, spoken
from tests.support.webhooks import PUBLIC, Answer, signed

ANNS, MAYAS, DESKS, NUMBER, OTHER = (
    "+16175550123", "+14155552001", "+14155559000", "+14155550102", "+14155550103",
)  # fmt: skip
NOON = datetime(2026, 2, 14, 17, 0, tzinfo=UTC)
"""12:00 in New York."""
LINE = DeskLine(1, "Paws", DESKS, NUMBER, 20, None, "America/New_York", 3, has_account=True)
DIAL = Dial(CALL, 0, MAYAS, NUMBER, 20, announces=True)
FALLBACK_DIAL = (
    '<?xml version="1.0" encoding="UTF-8"?><Response><Dial'
    f' action="{PUBLIC}/twilio/voice/ended?call={CALL}&amp;ring=0&amp;desk=1" answerOnBridge="true"'
    f' callerId="{NUMBER}" method="POST" timeout="20"><Number>{DESKS}</Number></Dial></Response>'
)
SENTENCE = "Your call cannot be connected at this moment."

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


@pytest.fixture
def phones(tmp_path: Path) -> Phones:
    return Phones(tmp_path)


# ------------------------------------------------------------------------------- what is stored


@pytest.mark.parametrize(
    ("request_", "event"),
    [
        (ARRIVES, CallArrived(CALL, ANNS, NUMBER)),
        (PICKS_UP, RingAnswered(CALL, 0, None)),
        (PRESSES, RingAnswered(CALL, 0, "1")),
        (RANG, RingEnded(CALL, 0, CallStatus.NO_ANSWER)),
        (LEAVES, VoicemailLeft(CALL, RECORDING, 23)),
    ],
)
def test_an_event_is_stored_and_answered_with_its_plan(
    phones: Phones, request_: tuple[str, dict[str, str]], event: object
) -> None:
    assert f'<Number method="POST" url="{PUBLIC}/twilio/voice/answer?call={CALL}' in spoken(
        phones.ask(request_)
    )
    assert phones.stored == [event]
    assert phones.log[0].route == request_[0].partition("?")[0]
    assert phones.words == ["word"]


@pytest.mark.parametrize(
    "plan",
    [Menu(CALL, ("Ann",)), Screen(CALL, 0, "Paws", "Ann", needs_key=True), Connect(), HangUp(),
     Speak(Sentence.NO_VISIT, "Paws"), Reject()],
)  # fmt: skip
def test_each_plan_is_answered_with_its_document(phones: Phones, plan: CallPlan) -> None:
    phones.plan = plan
    spoken(phones.ask(ARRIVES))


def test_the_end_of_a_call_is_stored_and_answered_without_a_document(phones: Phones) -> None:
    assert phones.ask(OVER).status == 204
    assert phones.stored == [CallEnded(CALL, CallStatus.COMPLETED, 65, ANNS, NUMBER)]


@pytest.mark.parametrize(
    "request_",
    [
        ("/twilio/voice/ended", call_form(ANNS, NUMBER, status="in-progress")),
        (LEAVES[0], LEAVES[1] | {"RecordingStatus": "absent"}),
    ],
)
def test_what_says_nothing_yet_is_not_stored(
    phones: Phones, request_: tuple[str, dict[str, str]]
) -> None:
    assert phones.ask(request_).status == 204
    assert phones.stored == []


# ---------------------------------------------------------------------------- what is rejected


@pytest.mark.parametrize("request_", [*SPOKEN, OVER])
def test_what_is_not_signed_is_refused(
    phones: Phones, request_: tuple[str, dict[str, str]]
) -> None:
    async def forge(session: Session) -> None:
        body, headers = signed(*request_)
        target = request_[0]
        other = f"{target}&ring=1" if "?" in target else f"{target}?ring=1"
        for asked, sent, given in (
            (target, body, {name: headers[name] for name in ("Content-Type",)}),
            (target, body + b"&X=1", headers),
            (other, body, headers),
            (target, *signed(*request_, token="0" * 32)),
            (target, *signed(*request_, at="https://evil.example.com")),
        ):
            assert (await session.send(asked, sent, given)).status == 403

    phones.session(forge)
    assert phones.stored == []
    assert phones.words == ["not_signed"] * 5


@pytest.mark.parametrize(
    "request_",
    [
        (ARRIVES[0], ARRIVES[1] | {"CallSid": "CA1"}),
        (ARRIVES[0], ARRIVES[1] | {"To": "sip:x@example.com"}),
        ("/twilio/voice/answer", PICKS_UP[1]),
        ("/twilio/voice/voicemail", LEAVES[1]),
        ("/twilio/voice/ended", RANG[1]),
    ],
)
def test_what_twilio_would_not_send_is_malformed(
    phones: Phones, request_: tuple[str, dict[str, str]]
) -> None:
    answer = phones.ask(request_)
    assert (answer.status, answer.body) == (400, "malformed_webhook\n")
    assert phones.stored == []


def test_rejected_requests_are_counted_with_the_others(phones: Phones) -> None:
    async def often(session: Session) -> None:
        for _ in range(3):
            await session.ask(ARRIVES, token="0" * 32)
        for _ in range(2):
            await session.ask((ARRIVES[0], ARRIVES[1] | {"CallSid": "CA1"}))

    phones.session(often)
    (told,) = phones.others
    assert isinstance(told, ManyRefused)
    assert told.endpoint == "twilio"


@pytest.mark.parametrize("request_", [ARRIVES, OVER])
def test_a_call_that_another_company_s_account_signed_is_refused(
    phones: Phones, request_: tuple[str, dict[str, str]]
) -> None:
    phones.status = 403
    assert phones.ask(request_).status == 403


# --------------------------------------------------------------------------------- in trouble


def away(phones: Phones) -> None:
    phones.status = 503


def bug(phones: Phones) -> None:
    phones.raises = True


def slow(phones: Phones) -> None:
    phones.goes_on.clear()


TROUBLES = [away, bug, slow]


@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_call_that_cannot_be_stored_in_time_rings_the_desk(
    phones: Phones, trouble: Callable[[Phones], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(voice_route, "ANSWER_WITHIN", 0.05)
    trouble(phones)
    assert spoken(phones.ask(ARRIVES)) == FALLBACK_DIAL
    assert str(phones.words[0]).startswith("fallback: ")


@pytest.mark.parametrize("request_", SPOKEN)
@pytest.mark.parametrize("trouble", TROUBLES)
def test_whatever_cannot_be_stored_is_answered_with_a_document(
    phones: Phones,
    trouble: Callable[[Phones], None],
    request_: tuple[str, dict[str, str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(voice_route, "ANSWER_WITHIN", 0.05)
    trouble(phones)
    assert MAYAS not in spoken(phones.ask(request_))


def test_a_queue_that_is_full_is_no_silence(
    phones: Phones, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "MOST_WAITING", 0)
    assert spoken(phones.ask(ARRIVES)) == FALLBACK_DIAL
    assert phones.words == ["fallback: too_many_wait"]


def test_a_commit_may_take_so_long_and_no_longer(phones: Phones) -> None:
    assert voice_route.ANSWER_WITHIN <= 1.5
    slow(phones)
    assert spoken(phones.ask(ARRIVES)) == FALLBACK_DIAL
    assert 1400 < phones.log[0].milliseconds < 2000


def test_a_bug_after_the_commit_is_a_sentence(
    phones: Phones, monkeypatch: pytest.MonkeyPatch
) -> None:
    phones.plan = Dial(CALL, 0, MAYAS, NUMBER, 20, announces=True)

    def broken(*_: object) -> str:
        raise Problem

    async def ask(session: Session) -> None:
        monkeypatch.setattr(voice_route, "twiml_of", broken)
        assert SENTENCE in spoken(await session.ask(ARRIVES))

    phones.session(ask)
    assert phones.words == ["bug: Problem"]


@pytest.mark.parametrize(
    ("changed", "form"),
    [
        ({"phone": None}, {}),
        ({"caller_id": None}, {}),
        ({"office": QuietHours(13 * 60, 17 * 60)}, {}),
        ({"has_account": True, "account": "north"}, {}),
        ({}, {"From": DESKS, "Caller": DESKS}),
        ({}, {"From": OTHER, "Caller": OTHER}),
        ({}, {"To": OTHER, "Called": OTHER}),
        ({}, {"To": "+14155557777", "Called": "+14155557777"}),
    ],
)
def test_a_desk_that_cannot_be_rung_is_a_sentence(
    phones: Phones, changed: dict[str, Any], form: dict[str, str]
) -> None:
    """No phone, no number to show, closed, another company's account; the desk itself, our own
    number, a retired or strange one."""
    away(phones)
    phones.lines[NUMBER] = LINE._replace(**changed)
    assert SENTENCE in spoken(phones.ask((ARRIVES[0], ARRIVES[1] | form)))


def test_the_desk_rings_within_office_hours(phones: Phones) -> None:
    away(phones)
    phones.lines[NUMBER] = LINE._replace(office=QuietHours(12 * 60, 17 * 60))
    assert spoken(phones.ask(ARRIVES)) == FALLBACK_DIAL
    phones.at = NOON.replace(hour=22)
    assert SENTENCE in spoken(phones.ask(ARRIVES))


@pytest.mark.parametrize("sender", [ANNS, "anonymous"])
def test_nobody_makes_the_desk_ring_more_often_than_they_may_call(
    phones: Phones, sender: str
) -> None:
    away(phones)

    async def often(session: Session) -> None:
        calls = [(ARRIVES[0], call_form(sender, NUMBER)) for _ in range(4)]
        bodies = [spoken(await session.ask(each)) for each in calls]
        assert bodies[:3] == [FALLBACK_DIAL] * 3
        assert SENTENCE in bodies[3]
        other = (ARRIVES[0], call_form("+16175550188", NUMBER))
        assert spoken(await session.ask(other)) == FALLBACK_DIAL

    phones.session(often)


def test_a_sitter_is_asked_for_the_key_even_then_and_connected(phones: Phones) -> None:
    away(phones)
    heard = spoken(phones.ask(PICKS_UP), whisper=True)
    assert "A call for Paws, from an unknown caller. To take the call, press 1." in heard
    assert spoken(phones.ask(PRESSES)).endswith("<Response />")
    wrong = (PRESSES[0], PRESSES[1] | {"Digits": "2"})
    assert "<Hangup />" in spoken(phones.ask(wrong))


@pytest.mark.parametrize(
    ("status", "desk", "expected"),
    [
        ("completed", "", "If nobody took your call"),
        ("no-answer", "", FALLBACK_DIAL),
        ("completed", "&desk=1", "<Response><Hangup /></Response>"),
        ("busy", "&desk=1", "Nobody at Paws can take your call now."),
    ],
)
def test_after_a_ring_the_caller_hears_how_it_goes_on(
    phones: Phones, status: str, desk: str, expected: str
) -> None:
    away(phones)
    request_ = (RANG[0] + desk, RANG[1] | {"DialCallStatus": status})
    assert expected in spoken(phones.ask(request_))


def test_after_the_second_ring_nobody_is_rung(phones: Phones) -> None:
    away(phones)
    request_ = (f"/twilio/voice/ended?{query(ring=1)}", RANG[1])
    assert "Nobody at Paws can take your call now." in spoken(phones.ask(request_))


def test_the_end_of_a_call_that_is_not_stored_is_an_error(phones: Phones) -> None:
    """Nobody hears the answer, and Twilio may repeat the request."""
    away(phones)
    answer = phones.ask(OVER)
    assert (answer.status, answer.headers["retry-after"]) == (503, "5")


# ------------------------------------------------------------------------------------- later


def test_an_event_that_was_not_stored_is_stored_later(
    phones: Phones, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(late_events, "FIRST_SECONDS", 0.01)

    async def later(session: Session) -> None:
        away(phones)
        await session.ask(ARRIVES)
        await session.ask(OVER)
        phones.status = 200
        while len(phones.stored) < 2:
            await asyncio.sleep(0.005)

    phones.session(later)
    assert [type(each) for each in phones.stored] == [CallArrived, CallEnded]


def test_the_next_event_of_a_call_comes_after_its_earlier_ones(phones: Phones) -> None:
    async def in_order(session: Session) -> None:
        away(phones)
        await session.ask(ARRIVES)
        await session.ask(PRESSES)
        phones.status = 200
        await session.ask(RANG)

    phones.session(in_order)
    assert [type(each) for each in phones.stored] == [CallArrived, RingAnswered, RingEnded]


def test_a_ring_of_the_desk_brings_its_arrival_with_it(phones: Phones) -> None:
    """The server may have been started anew since the call came."""
    phones.plan = HangUp()
    spoken(phones.ask(BY_DESK))
    assert phones.stored == [
        CallArrived(CALL, ANNS, NUMBER),
        RingEnded(CALL, 0, CallStatus.COMPLETED, 30, by_desk=True),
    ]


def test_a_slow_event_is_stored_once(phones: Phones, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(voice_route, "ANSWER_WITHIN", 0.05)
    slow(phones)
    phones.ask(ARRIVES)
    assert phones.stored == [CallArrived(CALL, ANNS, NUMBER)]


def test_too_many_late_events_drop_the_oldest(
    phones: Phones, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(late_events, "MOST", 2)

    async def many(session: Session) -> None:
        away(phones)
        for place in range(3):
            await session.ask((ARRIVES[0], call_form(ANNS, NUMBER, call=f"CA{place:032}")))
        phones.status = 200
        for place in range(3):
            form = call_form(ANNS, NUMBER, call=f"CA{place:032}", status="completed")
            await session.ask(("/twilio/voice/ended", form))

    phones.session(many)
    arrived = [each.call for each in phones.stored if isinstance(each, CallArrived)]
    assert arrived == [f"CA{1:032}", f"CA{2:032}"]


def test_an_event_is_kept_for_so_long_and_no_longer(
    phones: Phones, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(late_events, "FIRST_SECONDS", 0.01)
    monkeypatch.setattr(late_events, "KEEP_SECONDS", 0.0)

    async def too_late(session: Session) -> None:
        away(phones)
        await session.ask(ARRIVES)
        await asyncio.sleep(0.1)
        phones.status = 200
        await session.ask(OVER)

    phones.session(too_late)
    assert [type(each) for each in phones.stored] == [CallEnded]


def test_a_bug_is_tried_a_few_times_only(phones: Phones, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(late_events, "FIRST_SECONDS", 0.001)
    monkeypatch.setattr(late_events, "LAST_SECONDS", 0.001)
    tried: list[int] = []

    def store(items: Sequence[Any]) -> list[Outcome]:
        tried.append(len(items))
        raise Problem

    monkeypatch.setattr(phones, "store", store)

    async def wait(session: Session) -> None:
        await session.ask(ARRIVES)
        await asyncio.sleep(0.3)

    phones.session(wait)
    assert tried == [1] * (1 + late_events.MOST_FAILURES)


def test_new_tries_leave_room_for_requests(phones: Phones, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(late_events, "FIRST_SECONDS", 0.01)
    monkeypatch.setattr(late_events, "MOST_AT_ONCE", 2)
    batches: list[int] = []
    store = phones.store

    async def many(session: Session) -> None:
        away(phones)
        for place in range(5):
            await session.ask((ARRIVES[0], call_form(ANNS, NUMBER, call=f"CA{place:032}")))
        phones.status = 200
        while len(phones.stored) < 5:
            await asyncio.sleep(0.005)

    def counting(items: Sequence[Any]) -> list[Outcome]:
        batches.append(len(items))
        return store(items)

    monkeypatch.setattr(phones, "store", counting)
    phones.session(many)
    assert max(batches) == 2
    assert sorted(each.call for each in phones.stored) == [f"CA{place:032}" for place in range(5)]
