"""The routes of phone calls: what is stored, what is answered, and what is refused.

The application is the real one, with its queue and its writer; the store behind them is told what
to do. Requests are signed by the SDK's own `RequestValidator`, and every document is held against
the grammar of TwiML.
"""

from pathlib import Path

import pytest

from petmsg.enums.calls import CallStatus, Sentence
from petmsg.providers.call_events import (
    CallArrived,
    CallEnded,
    RingAnswered,
    RingEnded,
    VoicemailLeft,
)
from petmsg.rules.call_plan import CallPlan, Connect, HangUp, Menu, Reject, Screen, Speak
from petmsg.services.inbound.refused_webhooks import ManyRefused
from tests.support.call_requests import CALL, RECORDING, call_form
from tests.support.voice_app import Session, spoken
from tests.support.webhooks import PUBLIC, signed
from tests.web.phones import (
    ANNS,
    ARRIVES,
    LEAVES,
    NUMBER,
    OVER,
    PICKS_UP,
    PRESSES,
    RANG,
    SPOKEN,
    Phones,
)


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
