"""A worker's database and clock for tests: real ones, that count what they are asked for."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from petmsg import clock
from petmsg.db.cursor import Cursor
from petmsg.db.engine import make_engine, transaction
from petmsg.db.location import Location, locate
from petmsg.db.snapshot import snapshot
from petmsg.db.stopwatch import Stopwatch, stopwatch_of
from petmsg.queries.org import find_org
from petmsg.services.unit_of_work import UnitOfWork
from tests.support.fixtures import ACTOR


class TestStore:
    """The database at `url`. Its clock is the machine's, moved by `set_off`; with `now` it stands
    still and only sleeping moves it. `did` counts snapshots, transactions and ticks."""

    __test__ = False

    def __init__(self, url: str, *, now: datetime | None = None) -> None:
        self.location: Location = locate(url)
        self.engine = make_engine(self.location)
        self.did: Counter[str] = Counter()
        self.set_off = timedelta(0)
        self.before_write: Callable[[], None] | None = None
        self._given = now
        self._now = self.clock()

    def close(self) -> None:
        self.engine.dispose()

    def clock(self) -> datetime:
        return (self._given or clock.now()) + self.set_off

    def tick(self) -> datetime:
        self.did["ticks"] += 1
        self._now = self.clock()
        return self._now

    def stopwatch(self, cursor: Cursor) -> Stopwatch:
        if self._given is None:
            return stopwatch_of(cursor)
        return Stopwatch("given", lambda: self.clock().timestamp())

    def sleep(self, seconds: float) -> None:
        self.did["sleeps"] += 1
        if self._given is None:
            import time

            time.sleep(seconds)
        else:
            self.set_off += timedelta(seconds=seconds)

    @contextmanager
    def snapshot(self) -> Iterator[Cursor]:
        self.did["snapshots"] += 1
        with snapshot(self.location) as cursor:
            yield cursor

    def write_in(self, slug: str, service: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        self.did["writes"] += 1
        if self.before_write is not None:
            self.before_write()
        with transaction(self.engine, self.location) as begun:
            uow = UnitOfWork(begun, find_org(begun.cursor, slug), ACTOR, self._now)
            result = service(uow, *args, **kwargs)
            uow.finish()
        return result
