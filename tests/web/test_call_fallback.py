"""What a caller hears when their call cannot be stored in time: the desk rings all the same."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from petmsg.rules.call_plan import Dial
from petmsg.rules.send_blocks import QuietHours
from petmsg.web import group_commit, voice_route
from tests.support.call_requests import CALL, call_form, query
from tests.support.voice_app import Session, spoken
from tests.support.webhooks import PUBLIC
from tests.web.phones import (
    ANNS,
    ARRIVES,
    DESKS,
    LINE,
    MAYAS,
    NOON,
    NUMBER,
    OTHER,
    OVER,
    PICKS_UP,
    PRESSES,
    RANG,
    SPOKEN,
    Phones,
    Problem,
    away,
    slow,
)

FALLBACK_DIAL = (
    '<?xml version="1.0" encoding="UTF-8"?><Response><Dial'
    f' action="{PUBLIC}/twilio/voice/ended?call={CALL}&amp;ring=0&amp;desk=1" answerOnBridge="true"'
    f' callerId="{NUMBER}" method="POST" timeout="20"><Number>{DESKS}</Number></Dial></Response>'
)
SENTENCE = "Your call cannot be connected at this moment."


@pytest.fixture
def phones(tmp_path: Path) -> Phones:
    return Phones(tmp_path)


def bug(phones: Phones) -> None:
    phones.raises = True


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


@pytest.mark.parametrize(
    ("changed", "expected"), [(1, [False, False]), (4, [True, False])], ids=["lowered", "raised"]
)
def test_a_changed_limit_counts_for_who_has_called_before(
    phones: Phones, changed: int, expected: list[bool]
) -> None:
    away(phones)

    async def often(session: Session) -> None:
        for _ in range(LINE.calls_per_hour - (changed < LINE.calls_per_hour)):
            assert spoken(await session.ask(ARRIVES)) == FALLBACK_DIAL
        phones.lines[NUMBER] = LINE._replace(calls_per_hour=changed)
        rings = [spoken(await session.ask(ARRIVES)) == FALLBACK_DIAL for _ in expected]
        assert rings == expected

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
