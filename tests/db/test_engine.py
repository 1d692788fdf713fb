"""A service's connection to an SQLite file: kept while requests come, and never to a file that is
no longer the database."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from petmsg.db import engine as engines
from petmsg.db.backup import backup
from petmsg.db.backup_mark import BackupNotRestored
from petmsg.db.location import locate
from petmsg.db.restore import restore
from petmsg.services.people import client
from petmsg.workflows.environment import Environment
from petmsg.workflows.store import Store
from tests.support.fixtures import NOW, add_org, looking

PHONES = {name: f"+1415555100{at}" for at, name in enumerate(("Ann", "Ben", "Cid", "Dan"))}


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that were opened for writing, each time."""
    found: list[str] = []
    open_sqlite = engines._open_sqlite

    def opening(location: engines.Location, *, is_restoring: bool) -> object:
        found.append(str(location.path))
        return open_sqlite(location, is_restoring=is_restoring)

    monkeypatch.setattr(engines, "_open_sqlite", opening)
    return found


def service(url: str) -> Store:
    store = Store(Environment({}, now=NOW), db=url)
    store.is_service = True
    return store


def add(store: Store, name: str) -> None:
    store.write(client.add, name, phones=[PHONES[name]])


def names(url: str) -> list[str]:
    with looking(url) as cursor:
        return [row[0] for row in cursor.tuples("SELECT name FROM client ORDER BY id")]


@pytest.fixture
def file(migrated_sqlite: str) -> str:
    add_org(migrated_sqlite)
    path = locate(migrated_sqlite).path
    assert path is not None
    return str(path)


def test_a_service_opens_its_file_once_and_closes_it_when_told(
    file: str, opened: list[str]
) -> None:
    """An open file's log is copied at its thousandth page, a closed one's at once: five waits for
    the disk instead of one."""
    log = Path(f"{file}-wal")
    store = service(file)
    with store.at_end:
        for name in ("Ann", "Ben", "Cid"):
            add(store, name)
        assert len(opened) == 1
        assert log.exists()
        store.let_go()
        assert not log.exists()
        add(store, "Dan")
        assert len(opened) == 2
    assert not log.exists()
    assert names(file) == ["Ann", "Ben", "Cid", "Dan"]


def test_a_command_keeps_no_file_open(file: str, opened: list[str]) -> None:
    store = Store(Environment({}, now=NOW), db=file)
    with store.at_end:
        for name in ("Ann", "Ben"):
            add(store, name)
        assert len(opened) == 2
        assert not Path(f"{file}-wal").exists()


def test_another_file_at_the_place_is_noticed_at_the_next_transaction(
    file: str, tmp_path: Path
) -> None:
    copy, old = tmp_path / "copy.db", tmp_path / "old.db"
    shutil.copy(file, copy)
    store = service(file)
    with store.at_end:
        add(store, "Ann")
        for suffix in ("", "-wal", "-shm"):  # what belongs to the old one goes with it
            Path(f"{file}{suffix}").replace(f"{old}{suffix}")
        copy.replace(file)
        add(store, "Ben")
        assert names(file) == ["Ben"]
    assert names(file) == ["Ben"]
    assert names(str(old)) == ["Ann"]


def test_a_backup_that_is_restored_into_the_file_is_noticed(file: str, tmp_path: Path) -> None:
    location, saved = locate(file), tmp_path / "backup.db"
    store = service(file)
    with store.at_end:
        add(store, "Ann")
        backup(location, saved, now=NOW)
        add(store, "Ben")
        restore(location, saved, since=None, now=NOW + timedelta(hours=1))
        with pytest.raises(BackupNotRestored):
            add(store, "Cid")
    assert names(file) == ["Ann"]
