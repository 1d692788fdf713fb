"""Partial files: what a backup or an export writes until it is whole and renamed."""

import os
import re
import shutil
import time
from contextlib import suppress
from pathlib import Path

_NAME = re.compile(r"\..+\.([0-9]{1,10})\.petmsg\.partial(-journal|-wal|-shm)?")
_OLD_SECONDS = 3600.0


def temp_path_for(target: Path) -> Path:
    """Where to write what shall become `target`: in its folder, hidden, of this process alone.

    What a process that was killed left in that folder an hour ago or earlier is removed.
    """
    with suppress(OSError):
        for each in target.parent.glob(".*.petmsg.partial*"):
            _remove_left(each)
    return target.with_name(f".{target.name}.{os.getpid()}.petmsg.partial")


def _remove_left(path: Path) -> None:
    named = _NAME.fullmatch(path.name)
    with suppress(OSError):
        # By age too: a folder may be shared with a machine whose processes are not seen here.
        if named is None or time.time() - _last_written(path) < _OLD_SECONDS:
            return
        if _is_running(int(named[1])):
            return
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _last_written(path: Path) -> float:
    below = path.rglob("*") if path.is_dir() and not path.is_symlink() else ()
    latest: float = max(each.lstat().st_mtime for each in (path, *below))
    return latest


def _is_running(pid: int) -> bool:
    if pid == os.getpid():
        return False  # nothing of ours is there yet; in a container every petmsg has the same id
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True
