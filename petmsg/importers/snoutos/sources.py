"""The sources of the old tables: the old database, or a folder of CSV files."""

import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from petmsg.db.foreign_database import Foreign, foreign
from petmsg.errors import MalformedFile, Misconfigured, PetmsgError
from petmsg.importers.snoutos.legacy_schema import OldRow, OldTableMissing, Source

if TYPE_CHECKING:
    from _csv import Reader

_LONGEST_CELL = 16 * 1024 * 1024
_NOTHING = ("", "\\N")
"""How PostgreSQL's COPY writes NULL, as CSV and as text."""


class TableMissing(Misconfigured, OldTableMissing):
    code = "old_table_missing"


class FileMissing(MalformedFile, OldTableMissing):
    """There is no file for that table."""


@contextmanager
def in_database(url: str) -> Iterator[Source]:
    """Open the tables in the old system's database."""
    with foreign(url) as database:
        yield _Database(database)


class _Database:
    def __init__(self, database: Foreign) -> None:
        self._database = database

    def columns(self, table: str) -> Sequence[str]:
        columns = self._database.columns(table)
        if not columns:
            raise TableMissing(
                f'The old database has no table "{table}".',
                hint="Check that it is the right database. petmsg also honours ?schema=… in the "
                "URL, as Prisma does.",
            )
        return columns

    def rows(self, table: str, columns: Sequence[str]) -> Iterator[OldRow]:
        for values in self._database.rows(table, columns):
            yield OldRow(0, values)

    def not_the_old_system(self, why: str) -> PetmsgError:
        return TableMissing(
            f"The old database is not that of the old system. {why}",
            hint="Check that it is the right database. petmsg also honours ?schema=… in the "
            "URL, as Prisma does.",
        )


class Folder:
    """The tables as CSV files with a header (`Client.csv` and so on), as PostgreSQL's COPY writes
    them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        if not folder.is_dir():
            raise MalformedFile(f"Folder {folder} does not exist.", hint="Check the path.")

    def columns(self, table: str) -> Sequence[str]:
        with self._opened(table) as reader:
            return self._header(table, reader)

    def rows(self, table: str, columns: Sequence[str]) -> Iterator[OldRow]:
        with self._opened(table) as reader:
            header = self._header(table, reader)
            places = [header.index(column) for column in columns]
            while True:
                line = reader.line_num + 1
                try:
                    cells = next(reader)
                except StopIteration:
                    return
                except csv.Error as problem:
                    yield OldRow(line, (), f"The line is not valid CSV: {problem}.")
                    continue
                if not cells:
                    continue
                if len(cells) != len(header):
                    what = f"The line has {len(cells)} cells, but the header has {len(header)}."
                    yield OldRow(line, (), what)
                    continue
                picked = (cells[place] for place in places)
                yield OldRow(line, tuple(None if cell in _NOTHING else cell for cell in picked))

    def not_the_old_system(self, why: str) -> PetmsgError:
        return FileMissing(
            f"Folder {self._folder} does not hold the tables of the old system. {why}",
            hint="Write each table into it: \\copy \"Client\" TO 'Client.csv' WITH (FORMAT csv, "
            "HEADER)",
        )

    @contextmanager
    def _opened(self, table: str) -> Iterator["Reader"]:
        csv.field_size_limit(_LONGEST_CELL)
        path = self._folder / f"{table}.csv"
        try:
            with path.open(newline="", encoding="utf-8-sig") as file:
                yield csv.reader(file, strict=True)
        except FileNotFoundError:
            raise FileMissing(
                f"File {path} does not exist.",
                hint=f"Create it: \\copy \"{table}\" TO '{table}.csv' WITH (FORMAT csv, HEADER)",
            ) from None
        except UnicodeDecodeError:
            raise MalformedFile(f"{path} is not UTF-8.", hint="Save it as CSV in UTF-8.") from None
        except OSError as problem:
            raise MalformedFile(f"{path} cannot be read: {problem.strerror}.") from None

    def _header(self, table: str, reader: "Reader") -> list[str]:
        try:
            header = [name.strip() for name in next(reader, [])]
        except csv.Error as problem:
            raise MalformedFile(f"The header of {table}.csv cannot be read: {problem}.") from None
        if len(set(header)) != len(header):
            raise MalformedFile(f"The header of {table}.csv names a column twice.")
        return header
