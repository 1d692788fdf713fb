"""Threads that send messages: never too soon, never after a stop, never too late."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from petmsg.clock import now, uptime
from petmsg.enums.routing import Outcome
from petmsg.providers.base import Accepted, OutgoingMessage, RetryLater, SendOutcome, Unknown
from petmsg.rules.routing import Decision
from petmsg.services.outbox.claimed import Claim
from petmsg.services.outbox.record_outcome import HandedOver
from petmsg.workflows.worker import sender_pool as module
from petmsg.workflows.worker.sender_pool import SenderPool
from tests.workflows.worker.fake_providers import Remembering

DECISION = Decision(
    org="happy-paws",
    client="C-1",
    at=datetime(2026, 2, 14, tzinfo=UTC),
    outcome=Outcome.NO_NUMBER,
    number=None,
    reason="",
    window=None,
    warnings=(),
    ruleset="1",
    trace=(),
)


@pytest.fixture
def started() -> Iterator[list[SenderPool]]:
    """Hands of a test; they are let go at its end."""
    all_: list[SenderPool] = []
    yield all_
    for each in all_:
        each.stop()
        each.close()


def pool(
    started: list[SenderPool], count: int = 4, *, clock: Callable[[], datetime] = now
) -> SenderPool:
    started.append(SenderPool(count, now=clock))
    return started[-1]


def claim(message: int = 1, *, number: int = 1, starts_in: float = 0, busy: float = 0.0) -> Claim:
    at = now()
    return Claim(
        message=message,
        attempt=1,
        worker="w-0123456789abcde",
        thread=message,
        number=number,
        text=OutgoingMessage(f"+1415555010{number}", "+14155551001", str(message)),
        segments=1,
        decision=DECISION,
        claimed_at=at,
        start_at=at + timedelta(seconds=starts_in),
        occupancy=timedelta(seconds=busy),
    )


def results(crew: SenderPool, count: int) -> list[HandedOver]:
    found: list[HandedOver] = []
    deadline = time.monotonic() + 20
    while len(found) < count and time.monotonic() < deadline:
        found += [done for _, done in crew.results(0.5)]
    return found


def test_a_text_is_handed_over_and_comes_back_with_its_org_and_when_it_began(
    started: list[SenderPool],
) -> None:
    crew, provider = pool(started), Remembering()
    before = now()
    crew.submit("happy-paws", claim(), provider, claimed_at=uptime())
    assert crew.busy == 1
    ((org, done),) = crew.results(20)
    assert (org, done.claim.message, crew.busy) == ("happy-paws", 1, 0)
    assert isinstance(done.outcome, Accepted)
    assert done.started_at is not None
    assert before <= done.started_at <= now()
    assert 0 <= done.jitter <= 1


def test_nothing_begins_before_its_start(started: list[SenderPool]) -> None:
    crew, provider = pool(started), Remembering()
    given_at = time.monotonic()
    crew.submit("o", claim(starts_in=0.2), provider, claimed_at=uptime())
    results(crew, 1)
    assert provider.got[0][0] - given_at >= 0.19


def test_texts_of_one_number_keep_its_pace_also_if_the_clock_says_they_may_start(
    started: list[SenderPool],
) -> None:
    """A clock that jumps ahead makes every number look free."""
    crew, provider = pool(started), Remembering()
    for message in range(4):
        crew.submit("o", claim(message, busy=0.1), provider, claimed_at=uptime())
    results(crew, 4)
    assert len(provider.gaps()) == 3
    assert provider.fastest_rate() <= 10 * 1.1


def test_texts_of_several_numbers_do_not_wait_for_each_other(started: list[SenderPool]) -> None:
    meet = threading.Barrier(3, timeout=10)

    def answer(_: OutgoingMessage) -> SendOutcome | None:
        meet.wait()
        return None

    crew, provider = pool(started), Remembering(answer)
    for number in range(3):
        crew.submit("o", claim(number, number=number, busy=60), provider, claimed_at=uptime())
    assert all(isinstance(done.outcome, Accepted) for done in results(crew, 3))
    assert provider.most_at_once == 3


def test_no_more_threads_are_made_than_are_busy(started: list[SenderPool]) -> None:
    crew, provider = pool(started, 200), Remembering()
    before = threading.active_count()
    crew.submit("o", claim(), provider, claimed_at=uptime())
    results(crew, 1)
    assert threading.active_count() <= before + 1
    assert (crew.busy, crew.count) == (0, 200)


def test_what_waited_too_long_for_a_thread_is_not_sent(
    started: list[SenderPool], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What its claim decided (the number, that nobody opted out) may not be true any more."""
    monkeypatch.setattr(module, "LONGEST_SPARE", 0.2)
    may_answer, begun = threading.Event(), threading.Event()

    def answer(_: OutgoingMessage) -> SendOutcome | None:
        begun.set()
        assert may_answer.wait(20)
        return None

    crew, provider = pool(started, 1), Remembering(answer)
    crew.submit("o", claim(1), provider, claimed_at=uptime())
    assert begun.wait(20)
    crew.submit("o", claim(2, number=2), provider, claimed_at=uptime())
    time.sleep(0.3)
    may_answer.set()
    first, second = results(crew, 2)
    assert isinstance(first.outcome, Accepted)
    assert isinstance(second.outcome, RetryLater)
    assert second.started_at is None
    assert [text.body for _, text in provider.got] == ["1"]


def test_more_than_the_threads_can_send_is_only_taken_while_the_provider_accepts(
    started: list[SenderPool],
) -> None:
    outcomes: list[SendOutcome | None] = [None, RetryLater(None, "429", "Too many.")]
    crew, provider = pool(started, 2), Remembering(lambda _: outcomes.pop(0))
    assert crew.free == 2
    crew.submit("o", claim(1), provider, claimed_at=uptime())
    results(crew, 1)
    assert 2 < crew.free <= 2 + module.MOST_SPARE
    crew.submit("o", claim(2, number=2), provider, claimed_at=uptime())
    results(crew, 1)
    assert crew.free == 2


def test_what_was_not_begun_when_it_is_stopped_comes_back_at_once(
    started: list[SenderPool],
) -> None:
    crew, provider = pool(started), Remembering()
    crew.submit("o", claim(starts_in=60), provider, claimed_at=uptime())
    crew.submit("o", claim(2, number=2, busy=60), provider, claimed_at=uptime())
    results(crew, 1)
    crew.submit("o", claim(3, number=2), provider, claimed_at=uptime())  # waits for the rate limit
    crew.stop()
    began = time.monotonic()
    back = results(crew, 2)
    assert time.monotonic() - began < 5
    assert [done.started_at for done in back] == [None, None]
    assert all(isinstance(done.outcome, RetryLater) for done in back)
    assert provider.bodies == ["2"]
    crew.submit("o", claim(4), provider, claimed_at=uptime())
    assert [done.started_at for done in results(crew, 1)] == [None]


def test_what_was_begun_when_it_is_stopped_comes_back_with_its_answer(
    started: list[SenderPool],
) -> None:
    inside, go_on = threading.Event(), threading.Event()

    def answer(_: OutgoingMessage) -> SendOutcome | None:
        inside.set()
        go_on.wait(10)
        return None

    crew = pool(started)
    crew.submit("o", claim(), Remembering(answer), claimed_at=uptime())
    assert inside.wait(10)
    crew.stop()
    assert crew.results(0.05) == []
    go_on.set()
    assert isinstance(results(crew, 1)[0].outcome, Accepted)


def test_a_text_that_slept_too_long_after_its_claim_is_not_begun(
    started: list[SenderPool], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The machine was suspended: by now another worker may have found the message and sent it."""
    crew, provider = pool(started), Remembering()
    asleep = threading.Event()
    monkeypatch.setattr(
        module.clock, "uptime", lambda: uptime() + (module.BEGIN_WITHIN + 1) * asleep.is_set()
    )
    crew.submit("o", claim(starts_in=0.1), provider, claimed_at=uptime())
    asleep.set()
    (done,) = results(crew, 1)
    assert (done.started_at, provider.got) == (None, [])
    assert isinstance(done.outcome, RetryLater)


def test_a_clock_that_is_set_back_keeps_no_text_waiting_for_an_hour(
    started: list[SenderPool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BEGIN_WITHIN", 0.2)
    crew, provider = pool(started, clock=lambda: now() - timedelta(hours=1)), Remembering()
    crew.submit("o", claim(), provider, claimed_at=uptime())
    (done,) = results(crew, 1)
    assert done.started_at is None  # put back, to be claimed by the clock that counts now


@pytest.mark.parametrize("problem", [RuntimeError("boom"), MemoryError(), ValueError()])
def test_a_carrier_that_breaks_leaves_the_outcome_unknown(
    started: list[SenderPool], problem: Exception
) -> None:
    def answer(_: OutgoingMessage) -> SendOutcome:
        raise problem

    crew = pool(started)
    crew.submit("o", claim(), Remembering(answer), claimed_at=uptime())
    (done,) = results(crew, 1)
    assert isinstance(done.outcome, Unknown)
    assert done.started_at is not None
    crew.submit("o", claim(2), Remembering(), claimed_at=uptime())  # and its thread goes on
    assert isinstance(results(crew, 1)[0].outcome, Accepted)


def test_collecting_waits_no_longer_than_asked(started: list[SenderPool]) -> None:
    crew: Any = pool(started)
    began = time.monotonic()
    assert crew.results(0.05) == []
    assert crew.results() == []
    assert time.monotonic() - began < 2
