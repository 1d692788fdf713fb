"""Events of calls that could not be stored in time are stored later, in order and once."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from petmsg.enums.calls import CallStatus
from petmsg.providers.call_events import CallArrived, CallEnded, RingAnswered, RingEnded
from petmsg.rules.call_plan import HangUp
from petmsg.web import late_events, voice_route
from petmsg.workflows.webhook_outcome import Outcome
from tests.support.call_requests import CALL, call_form
from tests.support.voice_app import Session, spoken
from tests.web.phones import (
    ANNS,
    ARRIVES,
    BY_DESK,
    NUMBER,
    OVER,
    PRESSES,
    RANG,
    Phones,
    Problem,
    away,
    slow,
)


@pytest.fixture
def phones(tmp_path: Path) -> Phones:
    return Phones(tmp_path)


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
        batches.clear()  # with the requests themselves they may have been more
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
