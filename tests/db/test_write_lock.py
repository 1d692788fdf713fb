"""The write lock of an SQLite file: one at a time, and who waits is woken."""

import fcntl
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from petmsg.db.write_lock import write_lock
from petmsg.errors import Busy, DatabaseUnusable


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "petmsg.db"


def waiting(path: Path, got: list[int], at: int = 0) -> threading.Thread:
    """A thread that takes the lock as soon as it can."""

    def take() -> None:
        with write_lock(path):
            got.append(at)

    thread = threading.Thread(target=take)
    thread.start()
    return thread


def test_who_waits_gets_the_lock_when_it_is_free(path: Path) -> None:
    got: list[int] = []
    with write_lock(path):
        threads = [waiting(path, got, at) for at in range(8)]
        time.sleep(0.05)
        assert got == []
    for thread in threads:
        thread.join(30)
    assert sorted(got) == list(range(8))


def test_who_waits_does_not_ask_again_and_again(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: Counter[int] = Counter()
    flock = fcntl.flock

    def counted(handle: int, how: int) -> None:
        asked[threading.get_ident()] += 1
        flock(handle, how)

    monkeypatch.setattr(fcntl, "flock", counted)
    got: list[int] = []
    with write_lock(path):
        thread = waiting(path, got)
        time.sleep(0.3)
    thread.join(30)
    assert got == [0]
    assert sum(asked.values()) == 3  # the holder's, one that was refused, one that waited


@pytest.mark.parametrize("seconds", [0.0, 0.05])
def test_a_wait_that_ended_in_vain_keeps_no_lock(path: Path, seconds: float) -> None:
    with (
        write_lock(path),
        pytest.raises(Busy, match="Another petmsg has been writing"),
        write_lock(path, timeout_seconds=seconds),
    ):
        pass
    with write_lock(path, timeout_seconds=10):
        pass


def test_a_wait_that_fails_says_why(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flock = fcntl.flock

    def broken(handle: int, how: int) -> Any:
        if not how & fcntl.LOCK_NB:
            raise OSError(37, "No locks available")
        return flock(handle, how)

    with write_lock(path):
        monkeypatch.setattr(fcntl, "flock", broken)
        with (
            pytest.raises(DatabaseUnusable, match="No locks available"),
            write_lock(path),
        ):
            pass
