"""A dry run of several transactions that build on one another."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, TypeVar

from petmsg.db.cursor import Cursor
from petmsg.workflows.store import Store

if TYPE_CHECKING:
    from petmsg.db.transaction import Transaction
    from petmsg.services.unit_of_work import UnitOfWork

R = TypeVar("R")


class _Over(Exception):
    """Ends the one transaction without a commit."""


class Rehearsal(Store):
    """A store whose transactions are parts of one, and whose snapshots see what those changed.

    It is used by one thread at a time. Warnings go to the store that it stands for.
    """

    def __init__(self, store: Store, begun: "Transaction") -> None:
        super().__init__(
            store.environment,
            db=store.db_option,
            org=store.org_option,
            actor=store.actor_option,
        )
        self.warn = store.warn  # type: ignore[method-assign] # a Context tells its person
        self._begun = begun

    @contextmanager
    def snapshot(self) -> Iterator[Cursor]:
        """What was changed so far."""
        yield self._begun.cursor

    def transact(self, service: "Callable[[Transaction], tuple[R, UnitOfWork]]") -> R:
        """Run a service in a savepoint of the one transaction, which nobody tries again."""
        with self._begun.savepoint():
            result, uow = service(self._begun)
            uow.finish()
        self._org = uow.org
        for warning in uow.warnings:
            self.warn(warning)
        return result


@contextmanager
def rehearsal(store: Store) -> "Iterator[Rehearsal]":
    """Begin a transaction that is rolled back at the end, and give a store that works in it.

    Raises what opening a transaction raises (`petmsg.db.transaction`).
    """
    from petmsg.db.transaction import transaction

    with suppress(_Over), transaction(store.engine, store.location) as begun:
        yield Rehearsal(store, begun)
        raise _Over
