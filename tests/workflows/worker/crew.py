"""A dispatcher in this process: its queue, its providers, and what it tells."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from petmsg.clock import now
from petmsg.db.liveness import worker
from petmsg.db.location import locate
from petmsg.enums.numbers import NumberClass
from petmsg.providers.base import Provider
from petmsg.queries.org import all_orgs
from petmsg.services.numbers import number
from petmsg.services.outbox import queue as message
from petmsg.services.outbox.preview import SendOptions
from petmsg.services.people import client
from petmsg.workflows.worker.dispatcher import Dispatcher, DispatchEvent, Timings
from petmsg.workflows.worker.sender_pool import SenderPool
from tests.support.fixtures import add_org, looking, working
from tests.workflows.worker.stores import TestStore

QUICK = Timings(poll=0.2)


def crowd(
    url: str,
    *,
    clients: int,
    numbers: int,
    per_second: float = 50.0,
    org: str = "happy-paws",
    first: int = 0,
) -> None:
    """An org with a pool of numbers at that rate limit and clients D-0, D-1, …"""
    add_org(url, org, front_desk=None)
    with working(url, org=org) as uow:
        for at in range(first, first + numbers):
            number.add(uow, f"+1415555{at:04}", number_class=NumberClass.POOL)
        for at in range(clients):
            client.add(uow, f"D-{at}", phones=[f"+1415{first + 1000000 + at}"], ref=f"D-{at}")
        uow.cursor.run(
            "UPDATE message_number SET segments_per_second = :p WHERE org_id = :o",
            p=per_second,
            o=uow.org.id,
        )


def queue(
    url: str, texts: Sequence[tuple[int, str]], *, org: str = "happy-paws", **options: Any
) -> list[int]:
    """Messages to clients, by their place in the crowd."""
    with working(url, now=now(), org=org) as uow:
        made = SendOptions(**options)
        return [message.queue(uow, f"D-{at}", body=b, options=made).message for at, b in texts]


def statuses(url: str) -> Counter[str]:
    with looking(url) as cursor:
        rows = cursor.tuples("SELECT status, count(*) FROM message GROUP BY status")
    return Counter(dict(rows))


@dataclass
class Crew:
    """A dispatcher with what it needs, and what it saw."""

    dispatcher: Dispatcher
    store: TestStore
    seen: list[DispatchEvent]


@contextmanager
def dispatcher_for(
    url: str, *providers: Provider, pool: int = 8, timings: Timings = QUICK
) -> Iterator[Crew]:
    """A dispatcher for all orgs of the database, one carrier each."""
    store = TestStore(url)
    with looking(url) as cursor:
        lines = list(zip(all_orgs(cursor), providers, strict=True))
    with worker(locate(url)) as alive:
        seen: list[DispatchEvent] = []
        dispatcher = Dispatcher(
            store,
            lines,
            worker=alive,
            pool=SenderPool(pool, now=store.clock),
            on_event=seen.append,
            timings=timings,
        )
        try:
            yield Crew(dispatcher, store, seen)
        finally:
            store.close()


def run_once(url: str, *providers: Provider, **options: Any) -> Crew:
    with dispatcher_for(url, *providers, **options) as crew:
        crew.dispatcher.run_once()
    return crew


@contextmanager
def running(crew: Crew) -> Iterator[None]:
    """Let it keep going in a thread of its own, and stop it at the end."""
    thread = threading.Thread(target=crew.dispatcher.run_forever)
    thread.start()
    try:
        yield
    finally:
        crew.dispatcher.stop()
        thread.join(30)
        assert not thread.is_alive()


def wait_until(condition: Callable[[], bool], *, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.02)
