"""Unit files in a folder: which of them petmsg wrote, and how they are replaced.

petmsg knows its own files by their first line, and a checksum below it tells whether somebody has
changed one since.
"""

import contextlib
import hashlib
import os
import stat
from collections.abc import Iterable
from pathlib import Path

from petmsg.enums.service import UnitState
from petmsg.errors import Misconfigured
from petmsg.systemd.units import PREFIX, TARGET, Unit

_MARK = "# Written by petmsg service install."
_SUM = "# Checksum: "
UNIT_MODE = 0o644


class UnitFileUnusable(Misconfigured):
    """A unit file, or its folder, cannot be read or written."""

    code = "unit_file"
    hint = "Check the folder's permissions, or name another one with --to."

    def __init__(self, path: Path, problem: OSError) -> None:
        super().__init__(f"{path}: {problem.strerror or problem}.")


def marked(unit: Unit) -> str:
    """The whole text of a unit file."""
    return (
        f"{_MARK} For settings of your own: {unit.systemctl} edit {unit.name}\n"
        f"{_SUM}{_checksum(unit.text)}\n{unit.text}"
    )


def state_of(folder: Path, unit: Unit) -> UnitState:
    """How the file of that name compares with the unit. Raises `UnitFileUnusable`."""
    found = _read(folder / unit.name)
    if found is None:
        return UnitState.MISSING
    if found == marked(unit):
        return UnitState.CURRENT
    state = _origin(found)
    return UnitState.OUTDATED if state is UnitState.UNUSED else state


def left_over(folder: Path, units: Iterable[Unit]) -> list[Path]:
    """The files that petmsg wrote for units that are not among these, in the order of their names.

    Raises `UnitFileUnusable`.
    """
    wanted = {unit.name for unit in units}
    try:
        names = sorted(each.name for each in folder.iterdir()) if folder.is_dir() else []
    except OSError as problem:
        raise UnitFileUnusable(folder, problem) from None
    ours = (name for name in names if name.startswith(PREFIX) or name == TARGET)
    return [
        folder / name
        for name in ours
        if name.endswith((".service", ".timer", ".target"))
        and name not in wanted
        and _origin(_read(folder / name) or "") is not UnitState.FOREIGN
    ]


def was_changed(path: Path) -> bool:
    """Whether somebody has changed a file that petmsg wrote. Raises `UnitFileUnusable`."""
    return _origin(_read(path) or "") is not UnitState.UNUSED


def write(path: Path, text: str, mode: int) -> None:
    """Write a file whole: a reader finds the old one or the new one. Raises `UnitFileUnusable`."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.unlink(missing_ok=True)
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            os.fchmod(descriptor, mode)
            file.write(text)
            file.flush()
            os.fsync(descriptor)
        beside.replace(path)
    except OSError as problem:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
        raise UnitFileUnusable(path, problem) from None


def remove(path: Path) -> None:
    """Remove a file. Raises `UnitFileUnusable`."""
    try:
        path.unlink(missing_ok=True)
    except OSError as problem:
        raise UnitFileUnusable(path, problem) from None


def _read(path: Path) -> str | None:
    """The text of a file; None if there is none. What is no regular file (a link to /dev/null masks
    a unit) is somebody else's, and so is what is no text."""
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            return ""
        return path.read_text("utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        return ""
    except OSError as problem:
        raise UnitFileUnusable(path, problem) from None


def _origin(text: str) -> UnitState:
    """`UNUSED` for a text that petmsg wrote, `CHANGED` for one that was changed, or `FOREIGN`."""
    mark, _, rest = text.partition("\n")
    checksum, _, body = rest.partition("\n")
    if not mark.startswith(_MARK):
        return UnitState.FOREIGN
    return UnitState.UNUSED if checksum == f"{_SUM}{_checksum(body)}" else UnitState.CHANGED


def _checksum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
