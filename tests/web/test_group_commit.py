"""The writer behind `petmsg serve`: many at once, never more than it holds, alive after a bug."""

import asyncio
import threading
from collections.abc import Sequence

import pytest

from petmsg.web import group_commit
from petmsg.web.app import _stored
from petmsg.web.group_commit import BROKEN, GroupCommit, TooManyWait
from petmsg.web.read_request import Refusal
from petmsg.workflows.webhook_outcome import Outcome

DONE = Outcome(200, "stored")


def all_done(items: Sequence[object]) -> list[Outcome]:
    return [DONE] * len(items)


def test_what_comes_during_a_commit_goes_into_the_next_in_its_order() -> None:
    batches: list[list[object]] = []
    goes_on = threading.Event()

    def store(items: Sequence[object]) -> list[Outcome]:
        batches.append([*items])
        goes_on.wait(10)
        return all_done(items)

    async def ask() -> list[Outcome]:
        with GroupCommit(store) as queue:
            first = queue.put(0)
            while not batches:
                await asyncio.sleep(0.001)
            others = [queue.put(i) for i in range(1, 500)]
            goes_on.set()
            return await asyncio.gather(first, *others)

    assert asyncio.run(ask()) == [DONE] * 500
    assert [len(each) for each in batches] == [1, 256, 243]
    assert [item for batch in batches for item in batch] == [*range(500)]


def test_it_says_once_that_nothing_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_commit, "IDLE_SECONDS", 0.01)
    told: list[str] = []

    def store(items: Sequence[object]) -> list[Outcome]:
        told.append("stored")
        return all_done(items)

    async def ask() -> None:
        with GroupCommit(store, on_idle=lambda: told.append("idle")) as queue:
            for stored in (1, 2):
                await queue.put("text")
                while told.count("idle") < stored:
                    await asyncio.sleep(0.005)
                await asyncio.sleep(0.05)
                assert told[-2:] == ["stored", "idle"]

    asyncio.run(ask())


def test_a_queue_that_is_full_takes_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_commit, "MOST_WAITING", 2)
    goes_on = threading.Event()

    def store(items: Sequence[object]) -> list[Outcome]:
        goes_on.wait(10)
        return all_done(items)

    async def ask() -> None:
        with GroupCommit(store) as queue:
            taken = [queue.put("first")]
            while queue._queue:  # until the writer has it
                await asyncio.sleep(0.001)
            taken += [queue.put("text") for _ in range(2)]
            with pytest.raises(TooManyWait):
                queue.put("text")
            with pytest.raises(Refusal) as refused:
                await _stored(queue, "text", began=0.0)
            assert (refused.value.status, refused.value.word) == (503, "too_many_wait")
            goes_on.set()
            assert set(await asyncio.gather(*taken)) == {DONE}

    asyncio.run(ask())


def test_a_slow_commit_is_a_503_and_never_a_200(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("petmsg.web.app.ANSWER_WITHIN", 0.05)
    began, goes_on, stored = threading.Event(), threading.Event(), []

    def store(items: Sequence[object]) -> list[Outcome]:
        began.set()
        goes_on.wait(10)
        stored.extend(items)
        return all_done(items)

    async def ask() -> None:
        with GroupCommit(store) as queue:
            with pytest.raises(Refusal) as refused:
                await _stored(queue, "text", began=asyncio.get_running_loop().time())
            assert await asyncio.to_thread(began.wait, 10)
            goes_on.set()
        assert (refused.value.status, refused.value.word) == (503, "too_slow")

    asyncio.run(ask())
    assert stored == ["text"]


def test_a_bug_is_a_500_and_the_writer_lives_on() -> None:
    async def ask() -> None:
        def store(items: Sequence[object]) -> list[Outcome]:
            return [DONE] if items == ["good"] else items[5]  # type: ignore[return-value]  # a bug

        with GroupCommit(store) as queue:
            assert await queue.put("bad") == BROKEN
            assert queue.is_alive
            assert await queue.put("good") == DONE
        assert not queue.is_alive
        with pytest.raises(TooManyWait):
            queue.put("late")

    asyncio.run(ask())


def test_the_writer_lives_on_when_letting_go_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_commit, "IDLE_SECONDS", 0.01)
    fails = threading.Event()

    def let_go() -> None:
        fails.set()
        raise OSError("the disk failed")

    async def ask() -> None:
        with GroupCommit(all_done, on_idle=let_go) as queue:
            assert await asyncio.to_thread(fails.wait, 10)
            assert await asyncio.wait_for(queue.put("text"), 10) == DONE

    asyncio.run(ask())


def test_what_waits_is_stored_after_the_loop_has_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_commit, "MOST_AT_ONCE", 1)
    began, goes_on, stored = threading.Event(), threading.Event(), []

    def store(items: Sequence[object]) -> list[Outcome]:
        began.set()
        goes_on.wait(10)
        stored.extend(items)
        return all_done(items)

    async def ask(queue: GroupCommit) -> None:
        assert queue.put_aside("first")
        assert queue.put_aside("second")
        await asyncio.to_thread(began.wait, 10)

    loop = asyncio.new_event_loop()
    with GroupCommit(store) as queue:
        loop.run_until_complete(ask(queue))
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()
        # It closes between the question and the call.
        monkeypatch.setattr(loop, "is_closed", lambda: False)
        goes_on.set()
    monkeypatch.undo()
    assert stored == ["first", "second"]
