"""Where a database is: one file has one name, whichever links lead to it."""

from pathlib import Path

import pytest

from petmsg.db.liveness import is_dead, worker
from petmsg.db.location import BadDatabaseUrl, locate
from petmsg.db.write_lock import write_lock
from petmsg.errors import Busy
from tests.support.fixtures import looking


@pytest.fixture(params=["file", "folder", "chain", "url"])
def link(request: pytest.FixtureRequest, migrated_sqlite: str, tmp_path: Path) -> str:
    """Another way to the database of `migrated_sqlite`."""
    real = locate(migrated_sqlite).path
    assert real is not None
    if request.param == "folder":
        (tmp_path / "elsewhere").symlink_to(real.parent)
        return str(tmp_path / "elsewhere" / real.name)
    (tmp_path / "link.db").symlink_to(real)
    if request.param == "chain":
        (tmp_path / "another.db").symlink_to("link.db")
        return str(tmp_path / "another.db")
    path = str(tmp_path / "link.db")
    return path if request.param == "file" else f"sqlite:///{path}"


def test_a_link_to_a_database_is_the_database(migrated_sqlite: str, link: str) -> None:
    assert locate(link) == locate(migrated_sqlite)


def test_a_database_has_one_write_lock_through_any_link(migrated_sqlite: str, link: str) -> None:
    one, other = locate(link).path, locate(migrated_sqlite).path
    assert one is not None
    assert other is not None
    with write_lock(one), pytest.raises(Busy), write_lock(other, timeout_seconds=0.0):
        pass


def test_a_worker_is_alive_through_any_link(migrated_sqlite: str, link: str) -> None:
    with looking(migrated_sqlite) as cursor, worker(locate(link)) as one:
        assert not is_dead(cursor, locate(migrated_sqlite), one.token)
    with looking(migrated_sqlite) as cursor, worker(locate(migrated_sqlite)) as one:
        assert not is_dead(cursor, locate(link), one.token)


def test_a_link_to_what_is_not_there_yet_names_what_will_be(tmp_path: Path) -> None:
    (tmp_path / "link.db").symlink_to("petmsg.db")
    assert locate(str(tmp_path / "link.db")).path == tmp_path.resolve() / "petmsg.db"


def test_links_in_a_circle_name_no_database(tmp_path: Path) -> None:
    (tmp_path / "a.db").symlink_to("b.db")
    (tmp_path / "b.db").symlink_to("a.db")
    with pytest.raises(BadDatabaseUrl):
        locate(str(tmp_path / "a.db"))
