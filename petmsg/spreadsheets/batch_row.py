"""A row of a file, as the services that import it get it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from petmsg.errors import PetmsgError
from petmsg.text_inputs import FORMULA_STARTS

LONGEST_CELL = 4096


@dataclass(frozen=True, slots=True)
class BatchRow:
    """A row of a batch: its line in the file, and its cells or its `problem`.

    The cell of an absent column is None, an empty cell is an empty text. `faults` are those of
    single cells, whose columns are `faulty`: a service reads no cell of them, checks the others and
    refuses the row with all faults. `source` is the row as the file has it.
    """

    line: int
    cells: Mapping[str, str | None]
    problem: PetmsgError | None = None
    faults: tuple[PetmsgError, ...] = ()
    faulty: frozenset[str] = frozenset()
    source: Sequence[str] = field(default=(), repr=False, compare=False)

    @property
    def is_named(self) -> bool:
        """Whether importing the row again finds what it created."""
        return any(self.cells.get(name) for name in ("ref", "e164", "key"))

    @property
    def ref(self) -> str:
        """The name of the row in results: its ref or number if it has one, otherwise its line."""
        return (self.cells.get("ref") or self.cells.get("e164") or f"line {self.line}")[:64]


class RawRow(NamedTuple):
    """A row before its columns are known: its cells, or why it cannot be read.

    `text` is what the file has in the place of a row that cannot be read.
    """

    line: int
    cells: Sequence[str]
    problem: PetmsgError | None = None
    text: str = ""


class Batch(NamedTuple):
    """The rows of a file, parsed one at a time, and the file's number of lines without a header."""

    rows: Iterator[BatchRow]
    lines: int


def without_guard(cell: str) -> str:
    """Remove the `'` that petmsg writes before a cell that a spreadsheet would run as a formula."""
    if len(cell) > 1 and cell[0] == "'" and cell[1] in FORMULA_STARTS:
        return cell[1:]
    return cell


def with_guard(cell: str) -> str:
    """Write a `'` before a cell that a spreadsheet would run as a formula."""
    return f"'{cell}" if cell[:1] and cell[0] in FORMULA_STARTS else cell
