"""When a worker looks for more messages: at once while few wait, seldom while many do."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from petmsg.queries.org import find_org
from petmsg.queries.queue import DueMessage
from petmsg.services.outbox import queue as message
from petmsg.services.people import client
from petmsg.workflows.worker.org_queue import (
    ENOUGH,
    FETCH_INTERVAL,
    MAX_SCHEDULED_AT_ONCE,
    PAGE,
    OrgQueue,
)
from tests.support.fixtures import NOW, add_org, looking, working
from tests.workflows.worker.fake_providers import Remembering

ROOM = 2000
SOON = NOW + FETCH_INTERVAL / 2
LATER = NOW + FETCH_INTERVAL

LineWith = Callable[[int], OrgQueue]


@pytest.fixture
def line_with(migrated_sqlite: str) -> LineWith:
    """A function `messages -> an org queue that was read at NOW and has so many scheduled`."""
    add_org(migrated_sqlite)

    def made(texts: int) -> OrgQueue:
        with looking(migrated_sqlite) as cursor:
            line = OrgQueue(find_org(cursor, None), Remembering())
            line.fetch(cursor, NOW, max_scheduled=ROOM, poll=1.0)
        for at in range(texts):
            text = DueMessage(at, at, at, f"+1202555{at:04}", 1, NOW)
            line.scheduler.schedule_at(text, NOW + timedelta(minutes=1))
        return line

    return made


def looks(line: OrgQueue, now: datetime, *, max_scheduled: int = ROOM) -> bool:
    return line.may_find_more(now, for_ever=False, max_scheduled=max_scheduled)


def test_a_thread_of_which_a_text_came_back_is_looked_at_at_once_while_few_wait(
    line_with: LineWith,
) -> None:
    line = line_with(ENOUGH - 1)
    assert not looks(line, SOON)
    line.changed.add(1)
    assert looks(line, SOON)


def test_it_is_looked_at_a_few_times_a_second_while_many_wait(line_with: LineWith) -> None:
    line = line_with(ENOUGH)
    line.changed.add(1)
    assert not looks(line, SOON)
    assert looks(line, LATER)


def test_a_full_queue_is_looked_through_by_the_page_and_not_for_each_text_that_left(
    line_with: LineWith,
) -> None:
    line = line_with(ENOUGH)
    line.read_from_start()
    assert looks(line, SOON, max_scheduled=ENOUGH + PAGE)
    assert not looks(line, LATER, max_scheduled=ENOUGH + PAGE - 1)


def test_a_small_parking_is_filled_whatever_fits(line_with: LineWith) -> None:
    line = line_with(9)
    line.read_from_start()
    assert looks(line, SOON, max_scheduled=10)
    assert not looks(line, SOON, max_scheduled=9)


def test_a_clock_that_was_set_back_delays_no_look(line_with: LineWith) -> None:
    line = line_with(ENOUGH)
    line.start_over()
    line.scanned = True
    line.changed.add(1)
    assert looks(line, NOW - timedelta(hours=1))


def test_the_rate_limits_are_read_for_what_is_scheduled_already(
    line_with: LineWith, migrated_sqlite: str
) -> None:
    """Another worker may have sent from the number since."""
    line = line_with(1)
    with working(migrated_sqlite) as uow:
        number = uow.cursor.value("SELECT min(id) FROM message_number")
        free_at = NOW + timedelta(seconds=30)
        uow.cursor.run("UPDATE message_number SET free_at = :at", at=free_at)
    with looking(migrated_sqlite) as cursor:
        line.fetch(cursor, NOW, max_scheduled=ROOM, poll=1.0)
    assert line.scheduler.next_turn((number,), NOW) >= free_at


@pytest.fixture
def queue(migrated_sqlite: str) -> tuple[str, list[int]]:
    """A database with more messages than are scheduled in one go, each of a thread of its own."""
    add_org(migrated_sqlite)
    with working(migrated_sqlite) as uow:
        texts = []
        for at in range(MAX_SCHEDULED_AT_ONCE + MAX_SCHEDULED_AT_ONCE // 2):
            client.add(uow, f"D-{at}", phones=[f"+1415{1000000 + at}"], ref=f"D-{at}")
            texts.append(message.queue(uow, f"D-{at}", body="Hi").message)
    return migrated_sqlite, texts


def test_a_long_queue_is_parked_in_pieces_and_nothing_is_passed_over(
    queue: tuple[str, list[int]],
) -> None:
    url, texts = queue
    with looking(url) as cursor:
        line = OrgQueue(find_org(cursor, None), Remembering())
        line.fetch(cursor, NOW, max_scheduled=ROOM, poll=1.0)
        assert [each for each in texts if each in line.scheduler] == texts[:MAX_SCHEDULED_AT_ONCE]
        assert not line.scanned
        line.fetch(cursor, NOW, max_scheduled=ROOM, poll=1.0)
        assert all(each in line.scheduler or each in line.deferred for each in texts)
        assert line.scanned


def test_what_is_known_already_is_passed_by_the_page(queue: tuple[str, list[int]]) -> None:
    url, _ = queue
    with looking(url) as cursor:
        line = OrgQueue(find_org(cursor, None), Remembering())
        while not line.scanned:
            line.fetch(cursor, NOW, max_scheduled=ROOM, poll=1.0)
        line.read_from_start()
        line.fetch(cursor, NOW, max_scheduled=ROOM, poll=1.0)
        assert line.scanned
