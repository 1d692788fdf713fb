"""Export everything of one org, or of all, into a new folder.

The rows are read from one snapshot, a page at a time, so that memory use stays constant. The export
is written under a temporary name and renamed at the end: a folder with its name is complete.
"""

import errno
import json
import os
import shutil
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from petmsg import __version__
from petmsg.clock import iso_utc
from petmsg.db.cursor import Cursor
from petmsg.db.partial_files import temp_path_for
from petmsg.db.schema_version import HEAD
from petmsg.durability import flush_folder, flush_folders
from petmsg.enums.output import FileFormat
from petmsg.errors import Misconfigured, Refused
from petmsg.media.base import MediaStore
from petmsg.queries.client import ref_of_client
from petmsg.queries.org import OrgRow
from petmsg.queries.transfer import ids_after, page_text, stored_hashes
from petmsg.services.transfer import media_files
from petmsg.services.transfer.files import IDS, ExportFile
from petmsg.services.transfer.media_files import write_media
from petmsg.services.transfer.references import alert_with_row_numbers, question_with_refs
from petmsg.services.transfer.table_schema import (
    EXCLUDED,
    Column,
    Kind,
    TableSchema,
    table_schema_of,
    table_schemas,
)
from petmsg.services.transfer.values import Value, from_database

FORMAT = "petmsg-export/1"
MANIFEST = "manifest.json"
_PAGE = 1000


class FolderNotEmpty(Refused):
    code = "folder_not_empty"
    hint = "Name a new folder: an export never overwrites files."


class FolderUnusable(Misconfigured):
    code = "file_error"
    hint = "Check the path, its permissions and the free space."


@dataclass(frozen=True, slots=True)
class ExportedMedia:
    """The pictures of an org in an export: their SHA-256, and those that the store did not have."""

    org: str
    files: list[str]
    missing: list[str]


@dataclass(frozen=True, slots=True)
class Exported:
    """A file of an export, as its manifest lists it."""

    org: str
    table: str
    file: str
    rows: int
    sha256: str


def export(
    cursor: Cursor,
    orgs: Sequence[OrgRow],
    folder: Path,
    *,
    file_format: FileFormat,
    now: datetime,
    store: MediaStore,
) -> tuple[list[Exported], list[ExportedMedia]]:
    """Write everything of the orgs into `folder`, which must be new or empty; returns its files.

    The bytes of the pictures come from `store`.

    The folder has mode 0700, its files 0600. Raises `FolderNotEmpty` and `FolderUnusable`, and
    `ValueError`, `TypeError` or `LookupError` for a damaged value; no folder is left then.
    """
    written: list[Exported] = []
    media: list[ExportedMedia] = []
    with _new_folder(folder) as place:
        for org in orgs:
            written += _OrgExport(cursor, org, place, file_format).write()
            hashes = stored_hashes(cursor, org.id)
            missing = write_media(store, hashes, place / org.slug / media_files.FOLDER)
            files = [each for each in hashes if each not in missing]
            media.append(ExportedMedia(org.slug, files, missing))
        _write_manifest(place, written, media, file_format=file_format, now=now)
    return written, media


@contextmanager
def _new_folder(folder: Path) -> Iterator[Path]:
    """A temporary folder, which is renamed to `folder` when all of it was written."""
    place = folder.absolute()
    if place.exists() and not place.is_dir():
        raise FolderNotEmpty(f"{folder} is a file.")
    partial = temp_path_for(place)
    try:
        if place.is_dir() and any(place.iterdir()):
            raise _not_empty(folder)
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        partial.mkdir(mode=0o700)
        yield partial
        flush_folders(partial)
        try:
            partial.rename(place)  # replaces an empty folder only
        except OSError as problem:
            if problem.errno in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
                raise _not_empty(folder) from None
            raise
        flush_folder(place.parent)
    except OSError as problem:
        raise FolderUnusable(f"{folder} cannot be written: {problem.strerror}.") from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _not_empty(folder: Path) -> FolderNotEmpty:
    return FolderNotEmpty(f"{folder} is not empty.")


def _write_manifest(
    folder: Path,
    written: Sequence[Exported],
    media: Sequence[ExportedMedia],
    *,
    file_format: FileFormat,
    now: datetime,
) -> None:
    manifest = {
        "format": FORMAT,
        "petmsg": __version__,
        "schema": HEAD,
        "written_at": iso_utc(now),
        "files_are": file_format.value,
        "excluded": EXCLUDED,
        "files": [asdict(each) for each in written],
        "media": [asdict(each) for each in media],
    }
    text = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
    handle = os.open(folder / MANIFEST, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


class _OrgExport:
    """The export of one org."""

    def __init__(self, cursor: Cursor, org: OrgRow, folder: Path, file_format: FileFormat) -> None:
        self._cursor = cursor
        self._org = org
        self._folder = folder / org.slug
        self._format = file_format
        self._ids_by_table = {
            schema.table: self._ids_of(schema.table)
            for schema in table_schemas()
            if schema.numbered
        }

    def write(self) -> list[Exported]:
        """Write the files of all tables."""
        self._folder.mkdir(mode=0o700)
        with self._open_file(IDS) as ids:
            written = [self._table(schema, _IdRanges(schema, ids)) for schema in table_schemas()]
            written.append(self._exported(IDS, ids))
        return written

    def _open_file(self, schema: TableSchema) -> ExportFile:
        return ExportFile(
            self._folder / file_name(schema.table, self._format), schema, self._format
        )

    def _exported(self, schema: TableSchema, file: ExportFile) -> Exported:
        done = file.close()
        name = f"{self._org.slug}/{file_name(schema.table, self._format)}"
        return Exported(self._org.slug, schema.table, name, done.rows, done.sha256)

    def _table(self, schema: TableSchema, runs: "_IdRanges") -> Exported:
        with self._open_file(schema) as file:
            for number, row in enumerate(self._rows(schema), start=1):
                values = self._values(schema, row)
                runs.add(row)
                file.add([*((number,) if schema.numbered else ()), *values])
            runs.end()
            return self._exported(schema, file)

    def _rows(self, schema: TableSchema) -> Iterator[dict[str, Any]]:
        """All rows of the org, a page at a time, with the names of the rows they refer to."""
        after: dict[str, Any] = {}
        while True:
            page = self._cursor.plain_rows(
                select(schema, byte_order=self._cursor.byte_order, is_first=not after),
                org_id=self._org.id,
                page=_PAGE,
                **after,
            )
            yield from page
            if len(page) < _PAGE or not schema.order:
                return
            after = {f"after_{name}": page[-1][f"by_{name}"] for name in schema.order}

    def _values(self, schema: TableSchema, row: Mapping[str, Any]) -> list[Value]:
        values = {
            column.name: from_database(column, self._named(schema, column, row))
            for column in schema.columns
        }
        if schema.table == "alert":
            values = alert_with_row_numbers(values, self._row_of_message)
        elif schema.table == "relay_question":
            values = question_with_refs(values, self._client_ref)
        return list(values.values())

    def _named(self, schema: TableSchema, column: Column, row: Mapping[str, Any]) -> Any:
        """The stored value; for a reference, the name or row number of the row it refers to."""
        stored = row[column.name]
        if stored is None or column.target is None:
            return stored
        if column.kind is Kind.NAME:
            found = row[f"name_{column.name}"]
        else:
            found = self._place(column.target, stored)
        if found is None:
            raise ValueError(
                f"A row of {schema.table} refers to a {column.target} that org {self._org.slug} "
                "does not have."
            )
        return found

    def _client_ref(self, id_: int) -> Value:
        ref: Value = ref_of_client(self._cursor, self._org.id, id_)
        if ref is None:
            raise ValueError("A row of relay_question refers to a client that does not exist.")
        return ref

    def _row_of_message(self, id_: int) -> int | None:
        return self._place("message", id_)

    def _place(self, table: str, id_: int) -> int | None:
        ids = self._ids_by_table[table]
        at = bisect_left(ids, id_)
        return at + 1 if at < len(ids) and ids[at] == id_ else None

    def _ids_of(self, table: str) -> "array[int]":
        """The ids of the org's rows, in ascending order, in eight bytes each."""
        ids = array("q")
        while True:
            after = ids[-1] if ids else 0
            page = ids_after(self._cursor, self._org.id, table=table, after=after, limit=_PAGE)
            ids.extend(page)
            if len(page) < _PAGE:
                return ids


class _IdRanges:
    """Writes the ids of a table's rows to the file `ids`, as ranges of consecutive ids."""

    def __init__(self, schema: TableSchema, file: ExportFile) -> None:
        self._shape = schema
        self._open_file = file
        self._row, self._id, self._count = 1, 0, 0

    def add(self, row: Mapping[str, Any]) -> None:
        if not self._shape.has_id:
            return
        id_ = row["by_id"] if self._shape.order else row["id"]
        if self._count and id_ == self._id + self._count:
            self._count += 1
            return
        self.end()
        self._row, self._id, self._count = self._row + self._count, id_, 1

    def end(self) -> None:
        """Write the range that is open."""
        if self._count:
            self._open_file.add([self._shape.table, self._row, self._id, self._count])


def file_name(table: str, file_format: FileFormat) -> str:
    """The name of a table's file."""
    return f"{table}.{file_format.value}"


def select(schema: TableSchema, *, byte_order: str, is_first: bool) -> str:
    """The SQL that reads a page of an org's rows of a table, with the names of the rows they refer
    to. Text is ordered by its bytes; `byte_order` is the database's clause for that."""
    columns = [f't."{column.name}" AS "{column.name}"' for column in schema.columns]
    joins = []
    for column in schema.columns:
        if column.kind is Kind.NAME and column.target is not None:
            alias = f"at_{column.name}"
            expression, more = name_of(table_schema_of(column.target), alias=alias)
            columns.append(f'{expression} AS "name_{column.name}"')
            joins += [
                f'LEFT JOIN "{column.target}" {alias} ON {alias}."id" = t."{column.name}"',
                *more,
            ]
    columns += [f't."{name}" AS "by_{name}"' for name in schema.order]
    if schema.has_id and not schema.order:
        columns.append('t."id" AS "id"')
    texts = {column.name for column in schema.columns if column.kind is Kind.TEXT}
    order = [f't."{name}"' + (byte_order if name in texts else "") for name in schema.order]
    where = f't."{schema.org_column}" = :org_id'
    if order and not is_first:
        where += f" AND ({', '.join(order)}) > ({', '.join(f':after_{n}' for n in schema.order)})"
    ordered = f" ORDER BY {', '.join(order)}" if order else ""
    return page_text(schema.table, columns=columns, joins=joins, where=where + ordered)


def name_of(target: TableSchema, *, alias: str) -> tuple[str, list[str]]:
    """The SQL expression for the name of the row `alias`, and the joins that it needs."""
    joins: list[str] = []
    for number, step in enumerate(target.name):
        if step.table is None:
            return f'{alias}."{step.column}"', joins
        further = f"{alias}_{number}"
        joins.append(
            f'LEFT JOIN "{step.table}" {further} ON {further}."id" = {alias}."{step.column}"'
        )
        alias = further
    raise AssertionError(f"table {target.table} has no name")
