"""The database ids of rows that are taken back: the ones they had, or new ones."""

from collections.abc import Iterator
from typing import Protocol

from petmsg.db.cursor import Cursor
from petmsg.queries.transfer import count_on_from_highest, new_ids
from petmsg.services.transfer.files import IDS, BrokenExport
from petmsg.services.transfer.manifest import OrgFiles
from petmsg.services.transfer.table_schema import shapes


class Ids(Protocol):
    """Where the ids of a table's rows come from."""

    def take(self, table: str, count: int) -> Iterator[int]:
        """The ids of the `count` rows of an org's table, in order."""
        ...


class KeptIds:
    """The ids that the rows had, from the export's file of ids."""

    def __init__(self, files: OrgFiles) -> None:
        self._runs: dict[str, list[range]] = {shape.table: [] for shape in shapes()}
        covered = dict.fromkeys(self._runs, 0)
        for reader, line in files.lines(IDS):
            table = str(line.values["table"])
            row, first, count = (int(line.values[name] or 0) for name in ("row", "id", "count"))
            runs = self._runs.get(table)
            if runs is None or row != covered[table] + 1 or (runs and first < runs[-1].stop):
                raise reader.broken(line.number, "it does not follow the rows before it")
            runs.append(range(first, first + count))
            covered[table] += count
        for shape in shapes():
            if shape.has_id and covered[shape.table] != files.rows_of(shape.table):
                raise BrokenExport(f"{files.slug}: not every row of {shape.table} has an id.")

    def take(self, table: str, count: int) -> Iterator[int]:
        """The ids of the table's rows; there are `count` of them."""
        del count
        for run in self._runs[table]:
            yield from run

    @staticmethod
    def count_on(cursor: Cursor) -> None:
        """Let the database count on from the ids that were kept."""
        for shape in shapes():
            if shape.has_id:
                count_on_from_highest(cursor, shape.table)


class NewIds:
    """Ids as the database gives them."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor

    def take(self, table: str, count: int) -> Iterator[int]:
        """`count` ids that no row has, in ascending order."""
        yield from new_ids(self._cursor, table, count)
