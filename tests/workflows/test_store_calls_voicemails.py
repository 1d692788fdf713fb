"""A voicemail from the call to its file, and to its end: fetched, kept, erased with the client."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from petmsg.enums.calls import CallStatus
from petmsg.providers.call_events import CallArrived, CallEnded, VoicemailLeft
from tests.support.calling import tell
from tests.support.fixtures import Cli
from tests.support.on_twilio import ANN, DESK, POOL, SPARE, company, keys
from tests.support.twilio_calls import MP3, FakeCall
from tests.support.twilio_fake import TwilioFake

CALL = f"CA{7:032x}"


@pytest.fixture
def fake() -> Iterator[TwilioFake]:
    with TwilioFake(numbers=[DESK, POOL, SPARE]) as running:
        yield running


class Caller:
    """A client's call to a company on Twilio."""

    def __init__(self, cli: Cli, url: str, fake: TwilioFake, place: Path) -> None:
        self.cli, self.url, self.fake = cli, url, fake
        self.environ = keys(fake, PETMSG_MEDIA_DIR=str(place), PETMSG_DATABASE_URL=url)
        company(cli)

    def run(self, *words: str) -> Any:
        ran = self.cli(*words, "-o", "json", **self.environ)
        assert ran.code == 0, ran.err
        return ran.json

    def leaves_a_voicemail(self) -> str:
        self.fake.calls.add(FakeCall(CALL, ANN, DESK, seconds=40))
        recording = self.fake.calls.record(CALL)
        told = tell(
            self.url,
            CallArrived(CALL, ANN, DESK),
            VoicemailLeft(CALL, recording.sid, 23),
            CallEnded(CALL, CallStatus.COMPLETED, 40, ANN, DESK),
        )
        assert {each.status for each in told} == {200}
        return recording.sid


@pytest.fixture
def caller(cli: Cli, migrated_url: str, fake: TwilioFake, tmp_path: Path) -> Caller:
    return Caller(cli, migrated_url, fake, tmp_path / "files")


def test_a_voicemail_is_fetched_and_kept(caller: Caller, tmp_path: Path) -> None:
    recording = caller.leaves_a_voicemail()
    (fetched,) = caller.run("media", "fetch")
    assert fetched["status"] == "stored"
    (file,) = caller.run("media", "list")
    assert (file["content_type"], file["size"], file["message"]) == ("audio/mpeg", len(MP3), 1)
    caller.run("media", "save", str(file["media"]), "--to", str(tmp_path / "saved"))
    (saved,) = [each for each in (tmp_path / "saved").rglob("*") if each.is_file()]
    assert saved.read_bytes() == MP3
    assert recording in caller.fake.calls.recordings
    (entry,) = caller.run("inbox", "list")
    assert (entry["client"], entry["body"]) == ("C-1", "Voicemail, 23 seconds")


def test_it_is_erased_with_its_client_here_and_at_the_provider(caller: Caller) -> None:
    recording = caller.leaves_a_voicemail()
    caller.run("media", "fetch")
    caller.run("client", "forget", "C-1", "--reason", "asked", "--yes")
    caller.run("media", "fetch")
    (file,) = caller.run("media", "list")
    assert file["status"] == "erased"
    assert recording not in caller.fake.calls.recordings


def test_one_that_comes_after_the_erasure_is_deleted_at_the_provider(caller: Caller) -> None:
    caller.fake.calls.add(FakeCall(CALL, ANN, DESK))
    tell(caller.url, CallArrived(CALL, ANN, DESK))
    caller.run("client", "forget", "C-1", "--reason", "asked", "--yes")
    recording = caller.fake.calls.record(CALL)
    tell(caller.url, VoicemailLeft(CALL, recording.sid, 23))
    caller.run("media", "fetch")
    assert recording.sid not in caller.fake.calls.recordings
    assert [each["status"] for each in caller.run("media", "list")] == ["erased"]
