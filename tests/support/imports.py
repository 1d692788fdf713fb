"""Imports in tests: rows, what came of them, and imports that run at once."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from petmsg.errors import PetmsgError
from petmsg.services.transfer.row_faults import RowFaults
from petmsg.services.transfer.row_files import BatchRow, RowDone
from petmsg.services.unit_of_work import Failure, UnitOfWork


class _Undone(Exception):
    pass


@contextmanager
def undone(uow: UnitOfWork) -> Iterator[None]:
    """What is done inside is undone afterwards."""
    try:
        with uow.all_or_nothing():
            yield
            raise _Undone  # noqa: TRY301 because only this undoes a savepoint
    except _Undone:
        pass


def rows_of(file: Sequence[Mapping[str, str | None]]) -> list[BatchRow]:
    return [BatchRow(line, cells) for line, cells in enumerate(file, start=2)]


def told(results: Sequence[RowDone | Failure]) -> list[Any]:
    return [
        sorted(codes(each.error)) if isinstance(each, Failure) else (each.ref, each.result)
        for each in results
    ]


def codes(error: PetmsgError) -> list[str]:
    return [each.code for each in error.faults] if isinstance(error, RowFaults) else [error.code]


def at_once(*works: Any) -> None:
    """Run them in threads that begin together; a failure of one is raised."""
    barrier, failed = threading.Barrier(len(works)), []

    def run(work: Any) -> None:
        try:
            barrier.wait()
            work()
        except BaseException as problem:  # noqa: BLE001 because the thread that waits raises it
            failed.append(problem)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    if failed:
        raise failed[0]
