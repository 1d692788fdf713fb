"""The database ids of restored rows: their old ids, or new ones."""

from collections.abc import Iterator
from typing import Protocol

from petmsg.db.cursor import Cursor
from petmsg.queries.new_ids import count_on_from_highest, new_ids
from petmsg.services.transfer.files import IDS, BrokenExport
from petmsg.services.transfer.manifest import OrgFiles
from petmsg.services.transfer.table_schema import table_schemas


class Ids(Protocol):
    """The source of the ids for a table's rows."""

    def allocate(self, table: str, count: int) -> Iterator[int]:
        """The ids of the `count` rows of an org's table, in the order of the rows."""
        ...


class KeptIds:
    """The old ids of the rows, from the file `ids` of the export."""

    def __init__(self, files: OrgFiles) -> None:
        self._runs: dict[str, list[range]] = {schema.table: [] for schema in table_schemas()}
        covered = dict.fromkeys(self._runs, 0)
        for reader, line in files.lines(IDS):
            table = str(line.values["table"])
            row, first, count = (int(line.values[name] or 0) for name in ("row", "id", "count"))
            runs = self._runs.get(table)
            if runs is None or row != covered[table] + 1 or (runs and first < runs[-1].stop):
                raise reader.broken(line.number, "its rows do not follow the line before")
            runs.append(range(first, first + count))
            covered[table] += count
        for schema in table_schemas():
            if schema.has_id and covered[schema.table] != files.rows_of(schema.table):
                raise BrokenExport(f"{files.slug}: some rows of {schema.table} have no id.")

    def allocate(self, table: str, count: int) -> Iterator[int]:
        """The ids of the table's rows; `count` is their number."""
        del count
        for run in self._runs[table]:
            yield from run

    @staticmethod
    def count_on(cursor: Cursor) -> None:
        """Make the database generate new ids after the highest id that was kept."""
        for schema in table_schemas():
            if schema.has_id:
                count_on_from_highest(cursor, schema.table)


class NewIds:
    """New ids that the database generates."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor

    def allocate(self, table: str, count: int) -> Iterator[int]:
        """`count` ids that no row has, in ascending order."""
        yield from new_ids(self._cursor, table, count)
