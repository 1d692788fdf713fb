"""Calls and voicemails at Twilio: looked up, fetched, deleted, and no recording of a talk."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from petmsg.enums.calls import CallStatus
from petmsg.errors import (
    MediaGone,
    MediaTooLarge,
    PetmsgError,
    ProviderAccount,
    ProviderUnavailable,
)
from petmsg.providers.base import FetchedMedia, ReceivedMedia
from petmsg.providers.call_log import CallAtProvider, RecordedVoicemail
from petmsg.providers.twilio import TwilioProvider
from tests.providers.sending import GOOD, OURS
from tests.support.twilio_calls import MP3, FakeCall
from tests.support.twilio_fake import TwilioFake
from tests.support.twilio_media import Storage, storage_host
from tests.support.twilio_shapes import Fault, answer, cut_json, hang, refusal, server_error

CLIENT = "+14155550142"
CALL = "CA" + "1" * 32
AT = datetime(2026, 2, 14, 16, 0, tzinfo=UTC)
MOST = 100_000


@pytest.fixture
def call(fake: TwilioFake) -> FakeCall:
    return fake.calls.add(FakeCall(CALL, CLIENT, OURS))


@pytest.fixture
def storage() -> Iterator[Storage]:
    with storage_host() as running:
        yield running


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("queued", CallStatus.RINGING),
        ("ringing", CallStatus.RINGING),
        ("in-progress", CallStatus.RINGING),
        ("completed", CallStatus.COMPLETED),
        ("busy", CallStatus.BUSY),
        ("no-answer", CallStatus.NO_ANSWER),
        ("canceled", CallStatus.NO_ANSWER),
        ("failed", CallStatus.FAILED),
        ("something-new", CallStatus.RINGING),
    ],
)
def test_each_word_of_twilio_is_a_state_of_a_call(
    twilio: TwilioProvider, call: FakeCall, said: str, status: CallStatus
) -> None:
    call.status, call.seconds = said, 31

    assert twilio.calls.call(CALL) == CallAtProvider(status, 31, OURS)
    assert OURS not in repr(twilio.calls.call(CALL))


def test_a_call_that_the_account_does_not_have_is_none(
    fake: TwilioFake, twilio: TwilioProvider
) -> None:
    assert twilio.calls.call(CALL) is None
    assert twilio.calls.voicemails(CALL) == []
    with pytest.raises(MediaGone):
        twilio.media_of(CALL)


def test_the_phones_that_were_rung_come_in_their_order(
    fake: TwilioFake, twilio: TwilioProvider, call: FakeCall
) -> None:
    for at, status in ((2, "completed"), (1, "no-answer")):
        leg = FakeCall(f"CA{at:032x}", OURS, CLIENT, status, 9 * at, parent=CALL)
        leg.started_at = AT + timedelta(seconds=at)
        fake.calls.add(leg)
    fake.calls.add(FakeCall(f"CA{7:032x}", OURS, CLIENT, "busy", parent="CA" + "2" * 32))

    assert twilio.calls.rung(CALL) == [
        CallAtProvider(CallStatus.NO_ANSWER, 9, CLIENT),
        CallAtProvider(CallStatus.COMPLETED, 18, CLIENT),
    ]
    assert fake.requests[-1].query["ParentCallSid"] == CALL


def test_a_voicemail_is_what_the_caller_left_and_nothing_else(
    fake: TwilioFake, twilio: TwilioProvider, call: FakeCall
) -> None:
    first = fake.calls.record(CALL, seconds=5)
    fake.calls.record(CALL, source="DialVerb")
    fake.calls.record(CALL, source="StartCallRecordingAPI")
    fake.calls.record(CALL, status="processing")
    last = fake.calls.record(CALL, seconds=None)

    assert twilio.calls.voicemails(CALL) == [
        RecordedVoicemail(first.sid, 5),
        RecordedVoicemail(last.sid, None),
    ]
    assert twilio.media_of(CALL) == [
        ReceivedMedia("audio/mpeg", first.sid),
        ReceivedMedia("audio/mpeg", last.sid),
    ]


def test_every_page_of_recordings_is_read(
    fake: TwilioFake, twilio: TwilioProvider, call: FakeCall
) -> None:
    sids = [fake.calls.record(CALL).sid for _ in range(205)]

    assert [each.recording for each in twilio.calls.voicemails(CALL)] == sids


def test_a_voicemail_is_fetched_with_credentials(
    fake: TwilioFake, twilio: TwilioProvider, call: FakeCall
) -> None:
    made = fake.calls.record(CALL)

    assert twilio.fetch_media(CALL, made.sid, most=MOST) == FetchedMedia(MP3, "audio/mpeg")
    asked = fake.requests[-1]
    assert asked.path == f"/2010-04-01/Accounts/{fake.account_sid}/Recordings/{made.sid}.mp3"
    assert "authorization" in asked.headers
    with pytest.raises(MediaTooLarge):
        twilio.fetch_media(CALL, made.sid, most=len(MP3) - 1)


def test_a_voicemail_that_is_kept_elsewhere_is_fetched_without_credentials(
    fake: TwilioFake, twilio: TwilioProvider, call: FakeCall, storage: Storage
) -> None:
    made = fake.calls.record(CALL)
    fake.calls.moved[made.sid] = f"{storage.url}/far.mp3"
    storage.files["far.mp3"], storage.types["far.mp3"] = MP3, "audio/mpeg"

    assert twilio.fetch_media(CALL, made.sid, most=MOST).content == MP3
    assert storage.requests == [("far.mp3", None)]
    fake.calls.moved[made.sid] = "http://169.254.169.254/latest"
    with pytest.raises(ProviderUnavailable):
        twilio.fetch_media(CALL, made.sid, most=MOST)


def test_a_voicemail_that_is_not_ready_is_not_there_yet(
    fake: TwilioFake, twilio: TwilioProvider, call: FakeCall
) -> None:
    made = fake.calls.record(CALL, status="processing")

    with pytest.raises(MediaGone):
        twilio.fetch_media(CALL, made.sid, most=MOST)


def test_deleting_takes_the_voicemails_and_may_be_repeated(
    fake: TwilioFake, twilio: TwilioProvider, call: FakeCall
) -> None:
    kept = fake.calls.record(CALL, source="DialVerb")
    for status in ("completed", "processing"):
        fake.calls.record(CALL, status=status)

    twilio.delete_media(CALL)
    twilio.delete_media(CALL)
    twilio.delete_media("CA" + "2" * 32)

    assert [*fake.calls.recordings] == [kept.sid]


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (refusal(20003, status=401), ProviderAccount),
        (server_error(), ProviderUnavailable),
        (hang(), ProviderUnavailable),
        (cut_json(), ProviderUnavailable),
        (answer(404, b"<html>"), ProviderAccount),
        (answer(200, b"[]"), ProviderUnavailable),
        (answer(200, {"recordings": "none", "calls": 1}), ProviderUnavailable),
    ],
)
@pytest.mark.parametrize("act", ["call", "rung", "voicemails", "media", "delete"])
def test_each_failure_has_its_error(
    fake: TwilioFake, call: FakeCall, fault: Fault, error: type[PetmsgError], act: str
) -> None:
    hasty = TwilioProvider(GOOD, timeout_seconds=0.3, api_url=fake.url)
    fake.faults.append(fault)
    acts = {
        "call": lambda: hasty.calls.call(CALL),
        "rung": lambda: hasty.calls.rung(CALL),
        "voicemails": lambda: hasty.calls.voicemails(CALL),
        "media": lambda: hasty.media_of(CALL),
        "delete": lambda: hasty.delete_media(CALL),
    }

    with pytest.raises(error):
        acts[act]()
    hasty.close()


def test_an_id_never_becomes_another_path(fake: TwilioFake, twilio: TwilioProvider) -> None:
    odd = ("CA../x", "CA?a=b", "", "CA/1")
    assert {twilio.calls.call(each) for each in odd} == {None}
    assert [twilio.calls.voicemails(each) for each in odd] == [[]] * 4
    assert [twilio.calls.rung(each) for each in odd] == [()] * 4
    with pytest.raises(MediaGone):
        twilio.fetch_media(CALL, "RE../../x", most=MOST)
    assert fake.requests == []
