"""Whole calls through the routes and the store: each request goes where the last answer sent it.

They are signed as Twilio signs them, and every document is held against the grammar of TwiML.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from petmsg.db.cursor import Cursor
from petmsg.queries.desk_lines import desk_lines
from petmsg.web import late_events, voice_route
from petmsg.web.voice_route import VoiceSource
from petmsg.workflows.store_webhooks import WebhookStore
from petmsg.workflows.webhook_outcome import Outcome
from tests.support.call_requests import RECORDING, call_form, leg_form
from tests.support.calling import DESK_PHONE, MAYAS_OWN, company
from tests.support.fixtures import NOW, Cli, looking
from tests.support.texting import ANN, MAYA
from tests.support.voice_app import Session, during, spoken
from tests.support.webhooks import PUBLIC
from tests.workflows.worker.stores import TestStore

Steps = Callable[["Caller"], Awaitable[None]]


class Caller:
    """Somebody on the phone: makes the requests that Twilio makes, each `times` times."""

    def __init__(self, session: Session, sender: str, to: str, times: int) -> None:
        self._session = session
        self._sender = sender
        self._to = to
        self._times = times
        self.now: ET.Element = ET.Element("Nothing")

    async def calls(self) -> None:
        await self._ask("/twilio/voice", call_form(self._sender, self._to))

    async def rings(self, phone: str, *, shows: str) -> None:
        """That phone rings now."""
        dial = self._one("Dial")
        assert dial.attrib["callerId"] == shows
        assert [each.text for each in dial] == [phone]

    async def picks_up(self, key: str | None = None) -> str:
        """Who was rung picks up, hears something, and presses a key; returns what they hear."""
        dial = self._one("Dial")
        (number,) = dial
        form = leg_form(dial.attrib["callerId"], number.text or "")
        heard = await self._get(_target(number.attrib["url"]), form, whisper=True)
        words = " ".join(each.text or "" for each in heard.iter("Say"))
        gather = heard.find("Gather")
        if key is not None and gather is not None:
            target = _target(gather.attrib["action"])
            last = await self._get(target, form | {"Digits": key}, whisper=True)
            assert [each.tag for each in last] == ([] if key == "1" else ["Hangup"])
        return words

    async def ringing_ends(self, status: str) -> None:
        action = _target(self._one("Dial").attrib["action"])
        form = call_form(self._sender, self._to, status="in-progress")
        await self._ask(action, form | {"DialCallStatus": status, "DialCallDuration": "30"})

    async def presses(self, key: str) -> None:
        action = _target(self._one("Gather").attrib["action"])
        await self._ask(action, call_form(self._sender, self._to) | {"Digits": key})

    async def speaks(self) -> None:
        """They leave a voicemail; Twilio tells of it twice."""
        record = self._one("Record")
        form = call_form(self._sender, self._to, status="in-progress")
        form |= {"RecordingSid": RECORDING, "RecordingDuration": "23"}
        told = form | {"RecordingStatus": "completed", "RecordingSource": "RecordVerb"}
        await self._get(_target(record.attrib["recordingStatusCallback"]), told)
        await self._ask(_target(record.attrib["action"]), form)

    async def hangs_up(self) -> None:
        form = call_form(self._sender, self._to, status="completed") | {"CallDuration": "65"}
        for _ in range(self._times):
            answer = await self._session.ask(("/twilio/voice/ended", form))
            assert answer.status == 204

    @property
    def hears(self) -> str:
        return " ".join(each.text or "" for each in self.now.iter("Say"))

    @property
    def is_over(self) -> bool:
        return [each.tag for each in self.now][-1:] == ["Hangup"]

    def _one(self, tag: str) -> ET.Element:
        found = self.now.find(tag)
        assert found is not None, ET.tostring(self.now)
        return found

    async def _ask(self, target: str, form: Mapping[str, str]) -> None:
        self.now = await self._get(target, form)

    async def _get(
        self, target: str, form: Mapping[str, str], *, whisper: bool = False
    ) -> ET.Element:
        """Every repeated request is answered as the first one was."""
        bodies = {
            spoken(await self._session.ask((target, form)), whisper=whisper)
            for _ in range(self._times)
        }
        (body,) = bodies
        return ET.fromstring(body)  # noqa: S314 because petmsg made it


def _target(url: str) -> str:
    assert url.startswith(PUBLIC)
    return url.removeprefix(PUBLIC)


class Line:
    """A company's telephone: `call` carries out one call with the whole application."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self._folder = folder
        self.is_away = False
        self.now = NOW

    def call(self, steps: Steps, *, sender: str = ANN, to: str = MAYA, times: int = 1) -> None:
        async def run(session: Session) -> None:
            await steps(Caller(session, sender, to, times))

        with looking(self.url) as cursor:
            lines = desk_lines(cursor, NOW)
        voice = VoiceSource(PUBLIC, lines.get, lines.__contains__, lambda: self.now)

        def kept(items: Any) -> list[Outcome]:
            if self.is_away:
                return [Outcome(503, "database_away")] * len(items)
            store = TestStore(self.url, now=self.now)
            try:
                return WebhookStore(store)(items)
            finally:
                store.close()

        during(self._folder, kept, voice, run)

    @property
    def calls(self) -> list[tuple[Any, ...]]:
        """Status, who answered, and the length of the voicemail."""
        with looking(self.url) as cursor:
            return _calls(cursor)


def _calls(cursor: Cursor) -> list[tuple[Any, ...]]:
    return cursor.tuples("SELECT status, answered_by, voicemail_seconds FROM call ORDER BY id")


@pytest.fixture
def line(cli: Cli, migrated_url: str, tmp_path: Path) -> Line:
    """A company with a visit that runs now, a desk phone and voicemail."""
    company(cli)
    return Line(migrated_url, tmp_path)


@pytest.mark.parametrize("times", [1, 2])
def test_a_client_s_call_rings_the_sitter_who_presses_the_key(line: Line, times: int) -> None:
    async def steps(ann: Caller) -> None:
        await ann.calls()
        await ann.rings(MAYAS_OWN, shows=MAYA)
        heard = await ann.picks_up("1")
        assert heard.endswith("from Ann. To take the call, press 1.")
        await ann.ringing_ends("completed")
        assert ann.is_over
        await ann.hangs_up()

    line.call(steps, times=times)
    assert line.calls == [("completed", "sitter", None)]


@pytest.mark.parametrize(
    ("key", "status"),
    [(None, "no-answer"), (None, "busy"), ("2", "completed"), (None, "completed")],
)
def test_a_call_that_the_sitter_does_not_take_goes_to_the_desk(
    line: Line, key: str | None, status: str
) -> None:
    """Not answered, busy, another key, and the sitter's own voicemail."""

    async def steps(ann: Caller) -> None:
        await ann.calls()
        if status == "completed":
            await ann.picks_up(key)
        await ann.ringing_ends(status)
        await ann.rings(DESK_PHONE, shows=MAYA)
        assert (await ann.picks_up()).endswith("from Ann.")
        await ann.ringing_ends("completed")
        assert ann.is_over
        await ann.hangs_up()

    line.call(steps)
    assert line.calls == [("completed", "front_desk", None)]


@pytest.mark.parametrize("times", [1, 2])
def test_a_call_that_nobody_takes_ends_in_a_voicemail(line: Line, cli: Cli, times: int) -> None:
    async def steps(ann: Caller) -> None:
        await ann.calls()
        await ann.ringing_ends("no-answer")
        await ann.ringing_ends("busy")
        assert "leave a message after the tone" in ann.hears
        await ann.speaks()
        assert ann.hears == "Thank you for your message. Goodbye."
        await ann.hangs_up()

    line.call(steps, times=times)
    ((_, nobody, seconds),) = line.calls
    assert (nobody, seconds) == (None, 23)
    waiting = cli("inbox", "list", "-o", "json").json
    assert [row["body"] for row in waiting] == ["Voicemail, 23 seconds"]


def test_a_sitter_s_call_rings_the_client_who_hears_nothing_before(line: Line) -> None:
    async def steps(maya: Caller) -> None:
        await maya.calls()
        await maya.rings(ANN, shows=MAYA)
        (number,) = maya._one("Dial")
        assert number.attrib == {}
        await maya.ringing_ends("completed")
        assert maya.is_over
        await maya.hangs_up()

    line.call(steps, sender=MAYAS_OWN)
    assert line.calls == [("completed", "client", None)]


def test_a_number_that_was_never_ours_is_rejected(line: Line) -> None:
    async def steps(ann: Caller) -> None:
        await ann.calls()
        assert [each.tag for each in ann.now] == ["Reject"]

    line.call(steps, to="+14155557777")
    assert line.calls == []


def test_a_call_while_the_database_is_away_is_stored_afterwards(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(late_events, "FIRST_SECONDS", 60.0)

    async def steps(ann: Caller) -> None:
        line.is_away = True
        await ann.calls()
        await ann.rings(DESK_PHONE, shows=MAYA)
        line.is_away = False
        line.now = NOW + timedelta(minutes=12)
        await ann.ringing_ends("completed")
        assert ann.is_over
        await ann.hangs_up()

    line.call(steps)
    assert line.calls == [("completed", "front_desk", None)]
    with looking(line.url) as cursor:
        assert cursor.instant("SELECT started_at FROM call") == NOW
        assert cursor.instant("SELECT ended_at FROM call") == line.now


def test_a_key_while_the_database_is_away_connects_and_is_stored_afterwards(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(late_events, "FIRST_SECONDS", 60.0)

    async def steps(ann: Caller) -> None:
        await ann.calls()
        line.is_away = True
        assert "from an unknown caller" in await ann.picks_up("1")
        line.is_away = False
        await ann.ringing_ends("completed")
        assert ann.is_over

    line.call(steps)
    assert line.calls == [("ringing", "sitter", None)]


def test_a_call_that_is_all_over_while_the_database_is_away_is_one_call(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(late_events, "FIRST_SECONDS", 0.01)

    async def steps(ann: Caller) -> None:
        line.is_away = True
        await ann.calls()
        await ann.ringing_ends("completed")
        assert ann.is_over
        line.is_away = False
        await ann.hangs_up()

    line.call(steps)
    assert line.calls == [("completed", "front_desk", None)]


def test_a_slow_commit_rings_the_desk_and_the_sitter_is_not_rung_later(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The decision names the sitter first, but the caller has already talked with the desk."""
    monkeypatch.setattr(voice_route, "ANSWER_WITHIN", 0.0)

    async def steps(ann: Caller) -> None:
        await ann.calls()
        await ann.rings(DESK_PHONE, shows=MAYA)
        while not line.calls:
            await asyncio.sleep(0.01)
        monkeypatch.setattr(voice_route, "ANSWER_WITHIN", 1.5)
        await ann.ringing_ends("completed")
        assert ann.is_over
        await ann.hangs_up()

    line.call(steps)
    assert line.calls == [("completed", "front_desk", None)]
