"""`--rejects FILE`: the refused rows of an import, with their reasons."""

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from petmsg.cli.context import Context
from petmsg.db.partial_files import temp_path_for
from petmsg.errors import PetmsgError, UsageProblem
from petmsg.services.unit_of_work import Failure
from petmsg.spreadsheets.columns import REASON
from petmsg.spreadsheets.refused_rows import RefusedRows

if TYPE_CHECKING:
    from petmsg.spreadsheets.batch_row import BatchRow
    from petmsg.spreadsheets.read import Sheet

_REASON_CELL = rf"""(?:^|[,;|\t])"?{REASON}"?\s*(?:[,;|\t]|$)"""
_REASON_KEY = rf'"{REASON}"\s*:'


class Rejects:
    """Takes the refused rows of an import, and writes them if there is a file for them."""

    def __init__(self, file: IO[str] | None, form: RefusedRows) -> None:
        self._file = file
        self._form = form
        self.count = 0
        self._write(form.head)

    def kept(self, rows: "Sequence[BatchRow]", results: list[Any]) -> list[Any]:
        """Write those of the rows whose result is a failure; returns the results.

        Raises `FileUnwritable`.
        """
        if self._file is not None:
            for row, result in zip(rows, results, strict=True):
                if isinstance(result, Failure):
                    self._write(self._form.row(row, result.error))
                    self.count += 1
        return results

    def _write(self, text: str) -> None:
        if self._file is not None:
            try:
                self._file.write(text)
            except OSError as problem:
                raise _unwritable("The file of refused rows", problem) from None


@contextmanager
def keep_rejects(
    context: Context, name: str | None, sheet: "Sheet", *, imported: str
) -> Iterator[Rejects]:
    """A file for refused rows that only its owner can read; without a name, none is kept.

    It replaces the file of that name at the end, also if the import stops half way; without a
    refused row it has a header alone. Raises `FileUnwritable` before a row is imported, and
    `UsageProblem` if it is the file that is imported, or one of something else.
    """
    form = RefusedRows(sheet)
    if name is None:
        yield Rejects(None, form)
        return
    target = _target(name, imported)
    partial = temp_path_for(target)
    try:
        partial.unlink(missing_ok=True)  # of a killed process with the same id
        handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except (OSError, ValueError) as problem:
        raise _unwritable(name, problem) from None
    try:
        with os.fdopen(
            handle, "w", encoding="utf-8", errors="backslashreplace", newline=""
        ) as file:
            rejects = Rejects(file, form)
            yield rejects
        partial.replace(target)
    except BaseException:
        with suppress(OSError):
            partial.replace(target)
        raise
    context.notify(
        f"Refused rows: {name}"
        if rejects.count
        else f"No row was refused: {name} has only a header."
    )


def _target(name: str, imported: str) -> Path:
    if name == "-":
        raise UsageProblem("--rejects needs the name of a file.", hint="Name a new file.")
    try:
        target = Path(name).resolve()
        is_folder, is_same = target.is_dir(), imported != "-" and Path(imported).resolve() == target
        is_other = target.is_file() and not _may_be_replaced(target)
    except (OSError, ValueError, RuntimeError) as problem:
        raise _unwritable(name, problem) from None
    if is_folder or is_same:
        what = "a folder" if is_folder else "the file that is imported"
        raise UsageProblem(f"--rejects names {what}.", hint="Name a new file.")
    if is_other:
        raise UsageProblem(
            f"{name} exists already and does not hold refused rows.", hint="Name a new file."
        )
    return target


def _may_be_replaced(file: Path) -> bool:
    """Whether the file is empty, or is one of refused rows: it has a column or a key `reason`."""
    with file.open("rb") as opened:
        begin = opened.read(65_536).decode("utf-8-sig", "replace").strip()
    if not begin or begin.startswith("{"):
        return not begin or re.search(_REASON_KEY, begin.partition("\n")[0]) is not None
    return re.search(_REASON_CELL, _first_row(begin)) is not None


def _first_row(text: str) -> str:
    """The header of a CSV file: it has more than one line if a cell has a line break."""
    end = text.find("\n")
    while end >= 0 and text.count('"', 0, end) % 2:
        end = text.find("\n", end + 1)
    return text if end < 0 else text[:end]


def _unwritable(name: str, problem: Exception) -> PetmsgError:
    from petmsg.cli.timeline_files import FileUnwritable

    words = problem.strerror if isinstance(problem, OSError) else str(problem)
    return FileUnwritable(f"{name} cannot be written: {words}.")
