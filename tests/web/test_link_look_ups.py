"""Look-ups wait together and are answered together; a flood ends at the queue's length."""

import asyncio
import threading
from collections.abc import Sequence

import pytest

from petmsg.errors import Busy
from petmsg.media.links import AskedFile
from petmsg.queries.media_link import LinkedFile
from petmsg.web.link_look_ups import (
    MOST_AT_ONCE,
    MOST_WAITING,
    LinkLookUps,
    TooManyLookUps,
)


def asked(number: int) -> AskedFile:
    return AskedFile(f"{number:064x}", 0, "picture-1.jpg")


def file(number: int) -> LinkedFile:
    return LinkedFile(f"{number:064x}", "image/jpeg", number, None)


class Finder:
    """Knows the even ones; waits before its first answer until it may go on."""

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.begun = threading.Event()
        self.goes_on = threading.Event()

    def __call__(self, files: Sequence[AskedFile]) -> list[LinkedFile | None]:
        self.batches.append(len(files))
        self.begun.set()
        assert self.goes_on.wait(10)
        numbers = [int(each.token_hash, 16) for each in files]
        return [None if number % 2 else file(number) for number in numbers]


def test_what_waits_is_looked_up_together_and_each_gets_its_own_answer() -> None:
    finder = Finder()

    async def ask() -> list[LinkedFile | None]:
        look_ups = LinkLookUps(finder)
        first = look_ups.put(asked(0))
        await asyncio.to_thread(finder.begun.wait, 10)
        others = [look_ups.put(asked(number)) for number in range(1, 150)]
        finder.goes_on.set()
        return await asyncio.gather(first, *others)

    found = asyncio.run(ask())
    assert found == [None if number % 2 else file(number) for number in range(150)]
    assert finder.batches == [1, MOST_AT_ONCE, MOST_AT_ONCE, 149 - 2 * MOST_AT_ONCE]


def test_more_than_the_queue_holds_are_rejected_at_once() -> None:
    finder = Finder()

    async def ask() -> None:
        look_ups = LinkLookUps(finder)
        taken = [look_ups.put(asked(0))]
        await asyncio.to_thread(finder.begun.wait, 10)
        taken += [look_ups.put(asked(number)) for number in range(MOST_WAITING)]
        with pytest.raises(TooManyLookUps):
            look_ups.put(asked(1))
        finder.goes_on.set()
        await asyncio.gather(*taken)
        assert await look_ups.put(asked(2)) == file(2), "there is room again"

    asyncio.run(ask())


def test_who_no_longer_waits_costs_no_look_up() -> None:
    finder = Finder()

    async def ask() -> None:
        look_ups = LinkLookUps(finder)
        first = look_ups.put(asked(0))
        await asyncio.to_thread(finder.begun.wait, 10)
        gone, stays = look_ups.put(asked(2)), look_ups.put(asked(4))
        gone.cancel()
        first.cancel()
        finder.goes_on.set()
        assert await stays == file(4)

    asyncio.run(ask())
    assert finder.batches == [1, 1]


def test_an_error_is_everybodys_and_the_next_look_up_is_made() -> None:
    broken = [True]

    def find(files: Sequence[AskedFile]) -> list[LinkedFile | None]:
        if broken.pop():
            broken.append(False)
            raise Busy("locked")
        return [None] * len(files)

    async def ask() -> None:
        look_ups = LinkLookUps(find)
        with pytest.raises(Busy):
            await look_ups.put(asked(1))
        assert await look_ups.put(asked(1)) is None

    asyncio.run(ask())
