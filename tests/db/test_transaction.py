"""A transaction for writing and its savepoints."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

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
