"""A worker's database and clock for tests: real ones, that count what they are asked for."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from petmsg.db.cursor import Cursor
from petmsg.workflows.environment import Environment
from petmsg.workflows.store import Store
from tests.support.fixtures import ACTOR


class TestStore(Store):
    """The database at `url`. Its clock is the machine's, moved by `set_off`; with `now` it stands
    still and only sleeping moves it. `did` counts snapshots, transactions and ticks."""

    __test__ = False

    def __init__(self, url: str, *, now: datetime | None = None) -> None:
        super().__init__(Environment({}, now), db=url, actor=ACTOR)
        self.did: Counter[str] = Counter()
        self.set_off = timedelta(0)
        self.before_write: Callable[[], None] | None = None

    def close(self) -> None:
        self.at_end.close()

    def clock(self) -> datetime:
        return super().clock() + self.set_off

    def tick(self) -> datetime:
        self.did["ticks"] += 1
        return super().tick()

    def sleep(self, seconds: float) -> None:
        self.did["sleeps"] += 1
        super().sleep(seconds)

    @contextmanager
    def snapshot(self) -> Iterator[Cursor]:
        self.did["snapshots"] += 1
        with super().snapshot() as cursor:
            yield cursor

    def write_in(self, slug: Any, service: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        self.did["writes"] += 1
        if self.before_write is not None:
            self.before_write()
        return super().write_in(slug, service, *args, **kwargs)
