"""Import the rows of a chunk as one set: read together, checked one by one, written together."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from petmsg.db.driver_errors import is_driver_error, is_unique_violation
from petmsg.services.transfer.row_files import BatchRow, RowDone
from petmsg.services.unit_of_work import Failure, UnitOfWork, run_in_savepoint

Apply = Callable[[Sequence[BatchRow]], list[RowDone | Failure]]
"""Imports some rows as a set; one result for each, in their order."""


def import_as_set(
    uow: UnitOfWork, rows: Sequence[BatchRow], apply: Apply
) -> list[RowDone | Failure]:
    """Import the rows with one call of `apply`, or with a call for each row if another transaction
    has just added something that a row adds as well."""
    results = _all_at_once(uow, rows, apply)
    if results is None:
        results = [_alone(uow, row, apply) for row in rows]
    for _ in rows:
        uow.on_progress()
    return results


def _all_at_once(
    uow: UnitOfWork, rows: Sequence[BatchRow], apply: Apply
) -> list[RowDone | Failure] | None:
    try:
        with uow.all_or_nothing():
            return apply(rows)
    except Exception as problem:
        if not (is_driver_error(problem) and is_unique_violation(problem)):
            raise
    return None


def _alone(uow: UnitOfWork, row: BatchRow, apply: Apply) -> RowDone | Failure:
    """Import one row in its own savepoint, twice if another transaction was faster."""
    done = run_in_savepoint(uow, row, lambda each: apply([each])[0], ref=lambda each: each.ref)
    return replace(done, row=row.line) if isinstance(done, Failure) else done
