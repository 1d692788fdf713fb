"""Read the manifest of an export, and verify its files."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from petmsg.db.schema_version import HEAD
from petmsg.enums.output import FileFormat
from petmsg.errors import MalformedFile, NotFound, Refused, quoted
from petmsg.media.base import MediaStore
from petmsg.services.orgs.org import is_slug
from petmsg.services.transfer import media_files
from petmsg.services.transfer.export import FORMAT, MANIFEST, file_name
from petmsg.services.transfer.files import IDS, BrokenExport, Line, Reader
from petmsg.services.transfer.media_files import check_media, restore_media
from petmsg.services.transfer.table_schema import ROW, TableSchema, table_schemas

_HASH = re.compile(r"[0-9a-f]{64}")
_LARGEST_MANIFEST = 64 * 1024 * 1024


class ExportOfOtherSchema(Refused):
    """The export has the schema of another release."""

    code = "other_schema"


@dataclass(frozen=True, slots=True)
class Listed:
    """A file in the manifest: its number of rows and its SHA-256."""

    rows: int
    sha256: str


@dataclass(frozen=True, slots=True)
class OrgFiles:
    """The files of one org in an export."""

    slug: str
    folder: Path
    file_format: FileFormat
    files: dict[str, Listed]
    media: tuple[str, ...] = ()
    """The SHA-256 of its pictures."""

    def rows_of(self, table: str) -> int:
        """The number of rows in the table's file."""
        return self.files[table].rows

    def lines(self, schema: TableSchema) -> Iterator[tuple[Reader, Line]]:
        """The rows of a table's file, each with its reader.

        Raises `BrokenExport`, at the end also for a file that does not match the manifest.
        """
        reader = Reader(
            self.folder / file_name(schema.table, self.file_format), schema, self.file_format
        )
        rows = 0
        for line in reader.lines():
            rows += 1
            if schema.numbered and line.values.pop(ROW) != rows:
                raise reader.broken(line.number, f"its {ROW} is not {rows}")
            yield reader, line
        listed = self.files[schema.table]
        if reader.sha256 != listed.sha256:
            raise reader.broken(None, "its SHA-256 is not the one in the manifest")
        if rows != listed.rows:
            raise reader.broken(None, f"it has {rows} rows, the manifest says {listed.rows}")

    def check(self, on_progress: Callable[[], None]) -> None:
        """Read all files completely, so that damage is found before anything is written."""
        for schema in (*table_schemas(), IDS):
            for _ in self.lines(schema):
                on_progress()
        check_media(self.folder / media_files.FOLDER, self.media, on_progress)

    def restore_media(self, store: MediaStore) -> None:
        """Put the bytes of the pictures into the store. Repeating it changes nothing."""
        restore_media(self.folder / media_files.FOLDER, self.media, store)


def read_manifest(folder: Path, *, slug: str | None = None) -> list[OrgFiles]:
    """The orgs of an export, or the one with this slug.

    Raises `BrokenExport`, `MalformedFile`, `ExportOfOtherSchema`, and `NotFound` for an org that
    the export does not contain.
    """
    found = _json(folder / MANIFEST)
    if found.get("format") != FORMAT:
        raise BrokenExport(f"{MANIFEST} is not the manifest of an export of petmsg.")
    if found.get("schema") != HEAD:
        schema, release = (quoted(str(found.get(name))) for name in ("schema", "petmsg"))
        raise ExportOfOtherSchema(
            f"The export has schema {schema}, but this version of petmsg needs {HEAD}.",
            hint=f"Import it with petmsg {release}, then upgrade: petmsg db upgrade",
        )
    orgs = list(_orgs(folder, found))
    if slug is None:
        return orgs
    chosen = [org for org in orgs if org.slug == slug]
    if not chosen:
        names = ", ".join(org.slug for org in orgs[:10])
        raise NotFound("org", slug, hint=f"The export contains {names or 'no org'}.")
    return chosen


def _json(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > _LARGEST_MANIFEST:
            raise MalformedFile(f"{path} is too large to be a manifest.")
        found = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise MalformedFile(
            f"{path} does not exist.", hint="Name a folder that petmsg export wrote."
        ) from None
    except OSError as problem:
        raise MalformedFile(f"{path} cannot be read: {problem.strerror}.") from None
    except (ValueError, RecursionError):
        raise BrokenExport(f"{path.name} is not JSON.") from None
    return found if isinstance(found, dict) else {}


def _orgs(folder: Path, manifest: dict[str, Any]) -> Iterator[OrgFiles]:
    try:
        file_format = FileFormat(manifest["files_are"])
        by_org: dict[str, dict[str, Listed]] = {}
        for each in manifest["files"]:
            org, table = str(each["org"]), str(each["table"])
            by_org.setdefault(org, {})[table] = Listed(int(each["rows"]), str(each["sha256"]))
        media = {str(each["org"]): _hashes(each["files"]) for each in manifest["media"]}
    except (KeyError, TypeError, ValueError):
        raise BrokenExport(f"{MANIFEST} is damaged or was changed.") from None
    wanted = {schema.table for schema in (*table_schemas(), IDS)}
    for slug, files in by_org.items():
        if not is_slug(slug):
            raise BrokenExport(f"{MANIFEST} names an org with the invalid slug {quoted(slug)}.")
        for table in sorted(wanted ^ set(files)):
            what = "lists no file for the table" if table in wanted else "lists the unknown table"
            raise BrokenExport(f"{MANIFEST} {what} {quoted(table)} of org {slug}.")
        yield OrgFiles(slug, folder / slug, file_format, files, media.get(slug, ()))


def _hashes(listed: Any) -> tuple[str, ...]:
    """The hashes of a list in the manifest. Raises `ValueError`: each becomes part of a path."""
    hashes = tuple(map(str, listed))
    if not all(_HASH.fullmatch(each) for each in hashes):
        raise ValueError
    return hashes
