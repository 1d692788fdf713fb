"""Import the rows of a file: in chunks, a transaction each.

`petmsg.spreadsheets` reads the file before a transaction is opened. A file that cannot be read at
all is an error. An invalid row is an error of that row alone; the other rows are still imported.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from petmsg.errors import MalformedRow
from petmsg.services.transfer.row_faults import Faults
from petmsg.services.unit_of_work import Failure, UnitOfWork, run_in_savepoint
from petmsg.spreadsheets.batch_row import Batch, BatchRow
from petmsg.spreadsheets.columns import plain_layout
from petmsg.spreadsheets.read import read_sheet

__all__ = [
    "CHUNK",
    "Batch",
    "BatchRow",
    "RowDone",
    "chunks",
    "import_one_by_one",
    "read_batch",
    "required_cell",
]

CHUNK = 1000


@dataclass(frozen=True, slots=True)
class RowDone:
    """A row that was imported: `result` is `created`, `updated` or `unchanged`.

    `notes` say what a person should look at: a likely double, a value that was left out.
    """

    row: int
    ref: str
    result: str
    notes: tuple[str, ...] = ()


def read_batch(content: bytes, *, columns: Sequence[str], required: Sequence[str]) -> Batch:
    """The rows of a file that is written for petmsg: CSV or JSONL. Raises `MalformedFile`.

    A file that begins with an opening brace is JSONL. Unknown columns are refused, because a
    mistyped header would silently drop a column. `required` columns may be absent if there is a
    `ref` column: an absent column leaves the stored value unchanged.
    """
    sheet = read_sheet(content, plain_layout(columns, required))
    return Batch(sheet.rows, sheet.lines)


def chunks(rows: Iterable[BatchRow]) -> Iterator[Sequence[BatchRow]]:
    """The rows in chunks, one transaction each."""
    rows = iter(rows)
    while piece := list(islice(rows, CHUNK)):
        yield piece


def import_one_by_one(
    uow: UnitOfWork,
    rows: Sequence[BatchRow],
    import_row: Callable[[UnitOfWork, Mapping[str, str | None]], tuple[str, str]],
) -> list[RowDone | Failure]:
    """Import each row in its own savepoint."""

    def take(row: BatchRow) -> RowDone:
        if row.problem is not None:
            raise row.problem
        Faults(row.faults).require_none()
        ref, result = import_row(uow, row.cells)
        return RowDone(row.line, ref, result)

    results: list[RowDone | Failure] = []
    for row in rows:
        done = run_in_savepoint(uow, row, take, ref=lambda each_row: each_row.ref)
        results.append(replace(done, row=row.line) if isinstance(done, Failure) else done)
        uow.on_progress()
    return results


def required_cell(row: Mapping[str, str | None], column: str) -> str:
    """The value of a cell that a new row must have. Raises `MalformedRow`."""
    cell = row.get(column)
    if not cell:
        raise MalformedRow(f"The {column} is missing.", hint="A new row needs it.")
    return cell
