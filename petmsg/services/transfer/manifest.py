"""Reading an export: its manifest, and whether every file is as it was written."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from petmsg.db.schema_version import HEAD
from petmsg.enums import FileFormat
from petmsg.errors import MalformedFile, NotFound, Refused, quoted
from petmsg.services.orgs.org import is_slug
from petmsg.services.transfer.export import FORMAT, MANIFEST, file_name
from petmsg.services.transfer.files import IDS, BrokenExport, Line, Reader
from petmsg.services.transfer.table_schema import ROW, TableSchema, shapes

_LARGEST_MANIFEST = 64 * 1024 * 1024


class OtherSchema(Refused):
    """An export of another release's tables."""

    code = "other_schema"


@dataclass(frozen=True, slots=True)
class Listed:
    """A file as the manifest lists it."""

    rows: int
    sha256: str


@dataclass(frozen=True, slots=True)
class OrgFiles:
    """The files of one org of an export."""

    slug: str
    folder: Path
    file_format: FileFormat
    files: dict[str, Listed]

    def rows_of(self, table: str) -> int:
        """How many rows the table's file has."""
        return self.files[table].rows

    def lines(self, shape: TableSchema) -> Iterator[tuple[Reader, Line]]:
        """The rows of a table's file, each with the file. Raises `BrokenExport` at the end if the
        file is not the one that the manifest lists."""
        reader = Reader(
            self.folder / file_name(shape.table, self.file_format), shape, self.file_format
        )
        rows = 0
        for line in reader.lines():
            rows += 1
            if shape.numbered and line.values.pop(ROW) != rows:
                raise reader.broken(line.number, f"its {ROW} is not {rows}")
            yield reader, line
        listed = self.files[shape.table]
        if reader.sha256 != listed.sha256:
            raise reader.broken(None, "its SHA-256 is not the one in the manifest")
        if rows != listed.rows:
            raise reader.broken(None, f"it has {rows} rows, the manifest says {listed.rows}")

    def check(self, moved_on: Callable[[], None]) -> None:
        """Read every file to its end, so that a broken one is found before anything is written."""
        for shape in (*shapes(), IDS):
            for _ in self.lines(shape):
                moved_on()


def read_manifest(folder: Path, *, slug: str | None = None) -> list[OrgFiles]:
    """The orgs of an export, or the one of that slug.

    Raises `BrokenExport`, `OtherSchema`, and `NotFound` for an org the export does not hold.
    """
    found = _json(folder / MANIFEST)
    if found.get("format") != FORMAT:
        raise BrokenExport(f"{MANIFEST} is not the manifest of an export of petmsg.")
    if found.get("schema") != HEAD:
        schema, release = (quoted(str(found.get(name))) for name in ("schema", "petmsg"))
        raise OtherSchema(
            f"The export is of schema {schema}, this petmsg needs {HEAD}.",
            hint=f"Import it with petmsg {release}, then upgrade: petmsg db upgrade",
        )
    orgs = list(_orgs(folder, found))
    if slug is None:
        return orgs
    chosen = [org for org in orgs if org.slug == slug]
    if not chosen:
        names = ", ".join(org.slug for org in orgs[:10])
        raise NotFound("org", slug, hint=f"The export holds {names or 'no org'}.")
    return chosen


def _json(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > _LARGEST_MANIFEST:
            raise MalformedFile(f"{path} is too large to be a manifest.")
        found = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise MalformedFile(
            f"There is no {path}.", hint="Name the folder that petmsg export wrote."
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
    except (KeyError, TypeError, ValueError):
        raise BrokenExport(f"{MANIFEST} is not as petmsg wrote it.") from None
    wanted = {shape.table for shape in (*shapes(), IDS)}
    for slug, files in by_org.items():
        if not is_slug(slug):
            raise BrokenExport(f"{MANIFEST} names an org {quoted(slug)}, which cannot be one.")
        for table in sorted(wanted ^ set(files)):
            what = "lists no file of the table" if table in wanted else "lists a file of no table:"
            raise BrokenExport(f"{MANIFEST} {what} {quoted(table)} of org {slug}.")
        yield OrgFiles(slug, folder / slug, file_format, files)
