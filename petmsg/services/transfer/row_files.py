"""Import the rows of a file: in chunks, a transaction each.

`petmsg.spreadsheets` reads the file before a transaction is opened. A file that cannot be read at
all is an error. An invalid row is an error of that row alone; the other rows are still imported.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from petmsg.spreadsheets.batch_row import Batch, BatchRow
from petmsg.spreadsheets.columns import plain_layout
from petmsg.spreadsheets.read import read_sheet

__all__ = [
    "CHUNK",
    "Batch",
    "BatchRow",
    "RowDone",
    "chunks",
    "read_batch",
]

CHUNK = 1000


@dataclass(frozen=True, slots=True)
class RowDone:
    """A row that was imported: `result` is `created`, `updated` or `unchanged`; of a
    calendar also `cancelled`.

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
