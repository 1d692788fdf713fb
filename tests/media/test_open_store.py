"""Which store a setting means."""

from pathlib import Path

import pytest

from petmsg.errors import MediaStoreUnusable
from petmsg.media.folder_store import FolderStore
from petmsg.media.object_store import ObjectStore
from petmsg.media.open_store import open_store
from petmsg.workflows.environment import Environment
from petmsg.workflows.store import Store


@pytest.mark.parametrize("scheme", ["", "file://", "local://"])
def test_a_path_is_a_folder(scheme: str, tmp_path: Path) -> None:
    store = open_store(f"{scheme}{tmp_path}/pets")
    assert isinstance(store, FolderStore)
    assert store.place == f"{tmp_path}/pets"
    assert list(tmp_path.iterdir()) == []


def test_a_path_may_begin_with_the_home_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert open_store("~/pets").place == f"{tmp_path}/pets"


def test_another_url_is_an_object_store() -> None:
    store = open_store("memory://bucket/pets")
    assert isinstance(store, ObjectStore)
    assert store.place == "memory://bucket/pets"


@pytest.mark.parametrize("place", ["", "  ", "a\0b"])
def test_a_place_that_is_none_is_refused(place: str) -> None:
    with pytest.raises(MediaStoreUnusable, match="names no folder"):
        open_store(place)


def test_a_loop_of_links_is_refused(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(MediaStoreUnusable, match="form a loop"):
        open_store(str(tmp_path / "loop"))


def test_the_store_of_a_database_is_beside_its_file(tmp_path: Path) -> None:
    store = Store(Environment({"PETMSG_DATABASE_URL": f"sqlite:///{tmp_path}/pets.db"}))
    assert store.media.place == f"{tmp_path}/pets.db-media"
    assert store.media_setting == ("media dir", f"{tmp_path}/pets.db-media", "default")


def test_the_store_of_a_server_is_in_the_data_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    store = Store(Environment({"PETMSG_DATABASE_URL": "postgresql://db.example/petmsg"}))
    assert store.media.place.endswith("/petmsg/media")


def test_a_setting_names_another_place(tmp_path: Path) -> None:
    environ = {"PETMSG_DATABASE_URL": f"{tmp_path}/a.db", "PETMSG_MEDIA_DIR": "memory://bucket/a"}
    store = Store(Environment(environ))
    assert store.media.place == "memory://bucket/a"
    assert store.media_setting.source == "environment PETMSG_MEDIA_DIR"
