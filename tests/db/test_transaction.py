"""A transaction for writing and its savepoints."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from sqlalchemy import text

from petmsg.db.cursor import Cursor
from petmsg.db.engine import make_engine
from petmsg.db.location import locate
from petmsg.db.transaction import reading
from petmsg.errors import DatabaseUnusable
from petmsg.services.unit_of_work import UnitOfWork
from tests.support.fixtures import add_org, looking, working
from tests.support.unmatched import add_unmatched


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


STORED = "SELECT provider_message_id FROM stray_text ORDER BY provider_message_id"


def hold(uow: UnitOfWork, sid: str) -> None:
    uow.cursor.write_later(write, sid)


def write(cursor: Cursor, sids: list[Any]) -> None:
    for sid in sids:
        add_unmatched(cursor, sid)


def test_what_was_held_back_is_part_of_its_savepoint(migrated_url: str) -> None:
    """What came before is not undone with it, nor is anything written after it was undone."""
    add_org(migrated_url)
    with working(migrated_url, org="happy-paws") as uow:
        hold(uow, "before")
        with suppress(KeyError), uow.all_or_nothing():
            hold(uow, "undone")
            raise KeyError
        with uow.all_or_nothing():
            hold(uow, "inside")
        with suppress(KeyError), uow.all_or_nothing():
            hold(uow, "written and undone")
            uow.cursor.tuples(STORED)
            raise KeyError
        hold(uow, "at the end")
    with looking(migrated_url) as cursor:
        assert cursor.tuples(STORED) == [("at the end",), ("before",), ("inside",)]


def test_and_of_one_with_a_session(migrated_url: str) -> None:
    add_org(migrated_url)
    with working(migrated_url, org="happy-paws") as uow:
        hold(uow, "before")
        assert uow.session.scalar(text("SELECT count(*) FROM stray_text")) == 1
        with suppress(KeyError), uow.all_or_nothing():
            hold(uow, "undone")
            raise KeyError
        with uow.all_or_nothing():
            hold(uow, "inside")
    with looking(migrated_url) as cursor:
        assert cursor.tuples(STORED) == [("before",), ("inside",)]


def hold_all(uow: UnitOfWork, *sids: str) -> None:
    with uow.all_or_nothing():
        for sid in sids:
            hold(uow, sid)


def test_an_error_of_what_was_held_back_undoes_the_savepoint(migrated_url: str) -> None:
    add_org(migrated_url)
    with working(migrated_url, org="happy-paws") as uow:
        hold(uow, "twice")
        with pytest.raises(Exception, match=r"(?i)unique"):
            hold_all(uow, "undone", "twice")
        hold(uow, "after")
    with looking(migrated_url) as cursor:
        assert cursor.tuples(STORED) == [("after",), ("twice",)]


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
