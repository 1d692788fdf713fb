"""A transaction for writing and its savepoints."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from petmsg.db.engine import make_engine
from petmsg.db.location import locate
from petmsg.db.transaction import reading
from petmsg.errors import DatabaseUnusable
from petmsg.services.unit_of_work import UnitOfWork
from tests.support.fixtures import add_org, working


def test_a_savepoint_that_an_interrupt_left_open_says_nothing_when_it_is_collected(
    migrated_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C can come after the generator of a savepoint began and before its block did."""
    unraisable: list[object] = []
    monkeypatch.setattr("sys.unraisablehook", unraisable.append)
    add_org(migrated_url)
    with suppress(KeyboardInterrupt), working(migrated_url, org="happy-paws") as uow:
        left = _begun(uow)
        raise KeyboardInterrupt
    del left
    gc.collect()
    assert unraisable == []


def _begun(uow: UnitOfWork) -> Iterator[None]:
    @contextmanager
    def savepoint() -> Iterator[None]:
        with uow.transaction.savepoint():
            yield

    generator = savepoint().gen
    next(generator)
    return generator


def test_a_look_that_writes_raises_and_changes_nothing(migrated_url: str) -> None:
    add_org(migrated_url)
    location = locate(migrated_url)
    engine = make_engine(location, keep_open=True)

    try:
        with pytest.raises((RuntimeError, DatabaseUnusable)), reading(engine, location) as cursor:
            cursor.run("UPDATE org SET name = 'Another'")
        with reading(engine, location) as cursor:
            assert cursor.value("SELECT name FROM org") == "Happy Paws"
    finally:
        engine.dispose()
