"""A service's connection to its database: kept while requests come, for reading too, and never to a
file that is no longer the database."""

import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from petmsg.db import engine as engines
from petmsg.db import migrate, postgres
from petmsg.db import snapshot as snapshots
from petmsg.db.backup import backup
from petmsg.db.backup_mark import BackupNotRestored
from petmsg.db.engine import make_engine
from petmsg.db.location import locate
from petmsg.db.restore import restore
from petmsg.errors import DatabaseUnusable
from petmsg.services.people import client
from petmsg.workflows.environment import Environment
from petmsg.workflows.store import Store
from tests.support.fixtures import ACTOR, NOW, add_org, looking

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


def test_a_service_reads_on_the_connection_that_it_writes_with(
    file: str, opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that was just opened reads its whole schema before the first statement."""
    looked: list[object] = []
    monkeypatch.setattr(snapshots, "_open_sqlite", looked.append)
    store = service(file)
    with store.at_end:
        for known, name in enumerate(("Ann", "Ben")):
            with store.snapshot() as cursor:
                assert cursor.value("SELECT count(*) FROM client") == known
            add(store, name)
        assert (len(opened), looked) == (1, [])


def test_what_a_service_reads_with_cannot_write(migrated_url: str) -> None:
    add_org(migrated_url)
    store = service(migrated_url)
    with store.at_end:
        with pytest.raises((DatabaseUnusable, RuntimeError)), store.snapshot() as cursor:
            cursor.run("UPDATE org SET name = 'changed'")
        with pytest.raises(ZeroDivisionError), store.snapshot():
            raise ZeroDivisionError
        add(store, "Ann")
    assert names(migrated_url) == ["Ann"]


def test_a_service_sees_what_others_wrote_since(migrated_url: str) -> None:
    add_org(migrated_url)
    store, other = service(migrated_url), Store(Environment({}, now=NOW), db=migrated_url)
    with store.at_end, other.at_end:
        with store.snapshot() as cursor:
            assert cursor.value("SELECT count(*) FROM client") == 0
            add(other, "Ann")
            assert cursor.value("SELECT count(*) FROM client") == 0
        with store.snapshot() as cursor:
            assert cursor.value("SELECT count(*) FROM client") == 1


@pytest.mark.postgres
@pytest.mark.parametrize("then", ["read", "write"])
def test_a_server_that_hung_up_is_noticed_before_the_next_transaction(
    then: str, postgres_url: str
) -> None:
    migrate.upgrade(postgres_url, actor=ACTOR, now=NOW)
    add_org(postgres_url)
    store = service(postgres_url)
    with store.at_end:
        add(store, "Ann")
        with store.engine.connection() as kept:
            backend = kept.info.backend_pid
        with looking(postgres_url) as cursor:
            cursor.value("SELECT pg_terminate_backend(:backend, 5000)", backend=backend)
        if then == "read":
            with store.snapshot() as cursor:
                assert cursor.value("SELECT count(*) FROM client") == 1
        add(store, "Ben")
    assert names(postgres_url) == ["Ann", "Ben"]


@pytest.mark.postgres
def test_only_a_connection_on_which_something_came_is_asked_whether_it_lives(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = postgres.connect(locate(postgres_url))
    asked: list[object] = []
    execute = postgres.Connection.execute

    def asking(self: postgres.Connection, query: str, **how: Any) -> object:
        asked.append(query)
        return execute(self, query, **how)

    monkeypatch.setattr(postgres.Connection, "execute", asking)
    assert postgres.is_alive(connection)
    assert asked == []
    connection.close()
    assert not postgres.is_alive(connection)
    assert asked == ["SELECT 1"]


def test_another_thread_may_close_what_was_kept_at_the_same_time(file: str) -> None:
    """Both have looked whether any is left before one of them takes the last."""

    class Taken(list[Any]):
        def __bool__(self) -> bool:
            return True

    engine = make_engine(locate(file), keep_open=True)
    engine._kept = Taken()
    engine.dispose()
    assert engine._kept == []
