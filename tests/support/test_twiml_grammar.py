"""The grammar of TwiML refuses what Twilio would not take."""

import pytest

from tests.support.twiml_grammar import DECLARATION, faults, phones_outside

DIAL = '<Dial callerId="+14155550111">'
GOOD = f"{DIAL}<Number>+16175550123</Number></Dial>"


def document(inner: str) -> str:
    return f"{DECLARATION}<Response>{inner}</Response>"


@pytest.mark.parametrize(
    "inner",
    [
        "<Sms>Hi</Sms>",
        "<say>Hi</say>",
        "<Say/>",
        "<Say loop='x'>Hi</Say>",
        f"<Gather>{GOOD}</Gather>",
        "<Number>+16175550123</Number>",
        "<Dial><Number>+16175550123</Number></Dial>",
        f"{DIAL}+16175550123</Dial>",
        f"{DIAL}<Number>617-555-0123</Number></Dial>",
        f"{DIAL}</Dial>",
        GOOD.replace("<Dial", "<Dial action='/relative'"),
        GOOD.replace("<Dial", "<Dial answerOnBridge='True'"),
        GOOD.replace("<Dial", "<Dial timeout='2'"),
        GOOD.replace("<Dial", "<Dial caller_id='x'"),
        GOOD.replace("+14155550111", "client:ann"),
        "<Record maxLength='0'/>",
        "<Record><Say>Hi</Say></Record>",
        "<Reject reason='gone'/>",
        "<Reject/><Say>Hi</Say>",
        "<Hangup/><Say>Hi</Say>",
        "Hello",
        "<Say>a\x01</Say>",
    ],
)
def test_a_fault_is_found(inner: str) -> None:
    assert faults(document(inner)) != []


def test_what_twilio_takes_has_no_fault() -> None:
    assert faults(document(GOOD)) == []
    assert faults(document("")) == []
    assert faults(document(GOOD), whisper=True) == ["Dial is not allowed in a whisper"]
    assert faults("<Response/>") != []


def test_a_phone_that_is_spoken_or_named_is_found() -> None:
    assert phones_outside(document(GOOD)) == []
    assert phones_outside(document("<Say>Call 617-555-0123</Say>")) != []
    assert phones_outside(document("<Gather action='https://x.example/?to=%2B16175550123'/>")) != []
    sid = "CA" + "1" * 32
    assert phones_outside(document(f"<Gather action='https://x.example/?call={sid}'/>")) == []
