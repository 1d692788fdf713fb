"""Requests about calls as Twilio makes them, and what it would not send."""

from typing import Any

import pytest

from petmsg.enums.calls import CallStatus
from petmsg.providers.call_events import (
    CallArrived,
    CallEnded,
    ClientChosen,
    RingAnswered,
    RingEnded,
    VoicemailLeft,
)
from petmsg.providers.twilio_call_requests import (
    answered,
    call_arrived,
    ended,
    parties_of,
    voicemail_left,
)
from petmsg.providers.twilio_parameters import MalformedWebhook
from tests.support.call_requests import CALL, RECORDING, call_form, leg_form, query
from tests.support.twilio_fake import ACCOUNT_SID

ANNS, MAYAS, DESKS = "+16175550123", "+14155550111", "+14155550199"


def several(form: dict[str, str]) -> dict[str, list[str]]:
    return {name: [value] for name, value in form.items()}


def arrived(**changed: str) -> CallArrived:
    return call_arrived(several(call_form(ANNS, MAYAS) | changed))


def test_a_call_comes_in() -> None:
    assert arrived() == CallArrived(CALL, ANNS, MAYAS)


@pytest.mark.parametrize(
    "sender",
    ["", "anonymous", "Anonymous", "Restricted", "unavailable", "266696687", "+266696687",
     "+7378742833", "+2562533", "+8656696", "+86282452253", "+1266696687", "sip:ann@example.com",
     "sip:+16175550123@203.0.113.7;user=phone", "client:ann", "whatsapp:+16175550123", "911",
     "+0123"],
)  # fmt: skip
def test_a_withheld_phone_is_none(sender: str) -> None:
    assert arrived(From=sender, Caller=sender).from_phone is None


MORE = {
    "CallerName": "SMITH ANN +16175550123",
    "CallToken": '{"parentCallInfoToken":"eyJhbGciOiJFUzI1NiJ9.+1","identityHeaderTokens":[]}',
    "StirVerstat": "TN-Validation-Passed-A",
    "StirPassportToken": "eyJhbGciOiJFUzI1NiIsInBwdCI6InNoYWtlbiJ9",
    "AddOns": '{"status":"successful","number":"+16175550123"}',
    "SipHeader_X-Twilio-Whatever_1": "+1",
    "ForwardedFrom": MAYAS,
    "ApplicationSid": "AP" + "1" * 32,
    "Timestamp": "Mon, 30 Nov 2026 02:00:00 +0000",
    "CallbackSource": "call-progress-events",
    "SequenceNumber": "0",
    "FromZip": "",
    "msg": "Gather End",
}


@pytest.mark.parametrize("name", MORE)
def test_what_twilio_adds_is_accepted(name: str) -> None:
    assert arrived(**{name: MORE[name]}) == arrived()


@pytest.mark.parametrize(
    "changed",
    [
        {"CallSid": "CA1"},
        {"CallSid": ""},
        {"CallSid": "SM" + "1" * 32},
        {"CallSid": CALL + "\n"},
        {"From": "+16175550123 "},
        {"From": "ann@example.com"},
        {"From": "+1617555\uff10123"},
        {"To": ""},
        {"To": "4155550111"},
        {"To": "sip:desk@example.com"},
        {"To": "+0155550111"},
        {"CallStatus": "dancing"},
        {"CallStatus": ""},
        {"CallSidX": "1"},
        {"Other": "+16175550123"},
        {"Other": "CA" + "1" * 32},
        {"other": "1"},
        {"OtherSid": "1"},
        {"Digits": "one"},
        {"AccountSid": "AC1"},
    ],
)
def test_what_twilio_would_not_send_is_malformed(changed: dict[str, str]) -> None:
    with pytest.raises(MalformedWebhook):
        arrived(**changed)


@pytest.mark.parametrize("name", ["CallSid", "From", "To", "CallStatus"])
def test_a_call_without_its_parameters_is_malformed(name: str) -> None:
    form = several(call_form(ANNS, MAYAS))
    del form[name]
    with pytest.raises(MalformedWebhook):
        call_arrived(form)
    with pytest.raises(MalformedWebhook):
        call_arrived(several(call_form(ANNS, MAYAS)) | {name: ["x", "x"]})


def picked_up(asked: str = query(ring=1), **changed: str) -> Any:
    return answered(asked, several(leg_form(MAYAS, DESKS) | changed))


def test_who_was_rung_picks_up_and_presses_a_key() -> None:
    assert picked_up() == RingAnswered(CALL, 1, None)
    assert picked_up(Digits="1", FinishedOnKey="", msg="Gather End") == RingAnswered(CALL, 1, "1")
    assert picked_up(Digits="") == RingAnswered(CALL, 1, "")
    assert picked_up(Digits="*") == RingAnswered(CALL, 1, "*")


@pytest.mark.parametrize(
    ("digits", "key"), [("2", 2), ("10", 10), ("0", 0), ("", None), ("*", None), ("1#", None)]
)
def test_a_sitter_chooses(digits: str, key: int | None) -> None:
    form = several(call_form(MAYAS, DESKS) | {"Digits": digits})
    assert answered(query(choose=1), form) == ClientChosen(CALL, key)


@pytest.mark.parametrize(
    "asked",
    ["", "x", "call=CA1&ring=0", "ring=0", f"call={CALL}", f"call={CALL}&ring=",
     f"call={CALL}&ring=-1", f"call={CALL}&ring=100", f"call={CALL}&ring=0&ring=1",
     f"call={CALL}&call={CALL}&ring=0", f"call={CALL}&ring=0&to=%2B16175550123",
     f"call={CALL}&ring=0&choose=2", f"call={CALL}&ring=x"],
)  # fmt: skip
def test_an_address_that_petmsg_did_not_write_is_malformed(asked: str) -> None:
    with pytest.raises(MalformedWebhook):
        picked_up(asked)


def test_a_leg_of_another_call_is_malformed() -> None:
    with pytest.raises(MalformedWebhook):
        picked_up(ParentCallSid="CA" + "9" * 32)
    other = several(call_form(MAYAS, DESKS, call="CA" + "9" * 32) | {"Digits": "1"})
    with pytest.raises(MalformedWebhook):
        answered(query(choose=1), other)
    with pytest.raises(MalformedWebhook):
        ended(query(ring=0), other | {"DialCallStatus": ["busy"]})
    with pytest.raises(MalformedWebhook):
        voicemail_left(query(), other | {"RecordingSid": [RECORDING]})


ENDS = [
    ("completed", CallStatus.COMPLETED),
    ("answered", CallStatus.COMPLETED),
    ("busy", CallStatus.BUSY),
    ("no-answer", CallStatus.NO_ANSWER),
    ("canceled", CallStatus.NO_ANSWER),
    ("failed", CallStatus.FAILED),
]


@pytest.mark.parametrize(("word", "status"), ENDS)
def test_a_ring_ends(word: str, status: CallStatus) -> None:
    form = several(call_form(ANNS, MAYAS) | {"DialCallStatus": word, "DialCallDuration": "23"})
    assert ended(query(ring=1), form) == RingEnded(CALL, 1, status, 23)
    by_desk = ended(query(ring=0, desk=1), form)
    assert by_desk == RingEnded(CALL, 0, status, 23, by_desk=True)


@pytest.mark.parametrize(("word", "status"), [each for each in ENDS if each[0] != "answered"])
def test_a_call_ends(word: str, status: CallStatus) -> None:
    form = several(call_form(ANNS, MAYAS, status=word) | {"CallDuration": "65", "Duration": "2"})
    assert ended("", form) == CallEnded(CALL, status, 65, ANNS, MAYAS)
    withheld = form | {"From": ["anonymous"]}
    assert ended("", withheld) == CallEnded(CALL, status, 65, None, MAYAS)


@pytest.mark.parametrize("word", ["queued", "initiated", "ringing", "in-progress"])
def test_a_call_that_goes_on_has_not_ended(word: str) -> None:
    assert ended("", several(call_form(ANNS, MAYAS, status=word))) is None


def test_the_leg_to_who_was_rung_is_no_call() -> None:
    assert ended("", several(leg_form(MAYAS, DESKS, status="completed"))) is None


@pytest.mark.parametrize("word", ["ringing", "", "in-progress", "rejected-by-callee"])
def test_a_ring_with_an_unknown_end_was_not_reached(word: str) -> None:
    """The caller is on the line: an error would be spoken to them, and nobody rung any more."""
    form = several(call_form(ANNS, MAYAS) | {"DialCallStatus": word})
    assert ended(query(ring=0), form) == RingEnded(CALL, 0, CallStatus.FAILED)


def test_a_ring_that_ends_with_no_word_is_malformed() -> None:
    with pytest.raises(MalformedWebhook):
        ended(query(ring=0), several(call_form(ANNS, MAYAS) | {"DialCallStatus": "+14155550101"}))


def test_a_call_with_an_unknown_end_is_malformed() -> None:
    with pytest.raises(MalformedWebhook):
        ended("", several(call_form(ANNS, MAYAS, status="vanished") | {"CallDuration": "65"}))


URL = f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT_SID}/Recordings/{RECORDING}"


def left(**form: str) -> Any:
    return voicemail_left(query(), several(call_form(ANNS, MAYAS) | form))


def test_a_voicemail_is_left() -> None:
    whole = VoicemailLeft(CALL, RECORDING, 23)
    assert left(RecordingUrl=URL, RecordingDuration="23", Digits="hangup") == whole
    assert left(RecordingSid=RECORDING, RecordingUrl=URL, RecordingDuration="23") == whole
    told = {"RecordingSid": RECORDING, "RecordingUrl": URL, "RecordingStatus": "completed",
            "RecordingDuration": "23", "RecordingChannels": "1", "RecordingSource": "RecordVerb",
            "RecordingStartTime": "Mon, 30 Nov 2026 02:00:00 +0000", "ErrorCode": "0"}  # fmt: skip
    del (form := several(call_form(ANNS, MAYAS) | told))["From"]
    assert voicemail_left(query(), form) == whole
    assert left(RecordingSid=RECORDING, RecordingDuration="-1") == VoicemailLeft(CALL, RECORDING)


@pytest.mark.parametrize("status", ["absent", "failed", "in-progress"])
def test_a_voicemail_that_cannot_be_fetched_is_none(status: str) -> None:
    assert left(RecordingSid=RECORDING, RecordingStatus=status) is None


@pytest.mark.parametrize(
    "form",
    [{}, {"RecordingSid": ""}, {"RecordingSid": "RE1"}, {"RecordingUrl": "https://evil.example/x"},
     {"RecordingUrl": URL.replace("api.twilio", "api.evil")},
     {"RecordingSid": RECORDING, "RecordingDuration": "long"}],
)  # fmt: skip
def test_a_voicemail_without_its_recording_is_malformed(form: dict[str, str]) -> None:
    with pytest.raises(MalformedWebhook):
        left(**form)


def test_who_calls_which_number() -> None:
    assert parties_of(several(call_form(ANNS, MAYAS))) == (ANNS, MAYAS)
    assert parties_of(several(call_form("anonymous", "sip:x"))) == (None, None)
