"""A store of pictures behind fsspec: the contract of every store, and what is true of URLs only.

fsspec's file system in memory stands for the object store.
"""

import sys
from collections.abc import Iterator

import pytest

from petmsg.errors import CONFIGURATION, ExtraMissing, MediaStoreUnusable
from petmsg.media.object_store import ObjectStore
from tests.media.contract import REX, MediaStoreContract


class TestInMemory(MediaStoreContract):
    @pytest.fixture
    def store(self) -> Iterator[ObjectStore]:
        from fsspec.implementations.memory import MemoryFileSystem

        MemoryFileSystem.store.clear()
        yield ObjectStore("memory://bucket/happy-paws")
        MemoryFileSystem.store.clear()

    @pytest.fixture
    def again(self) -> ObjectStore:
        return ObjectStore("memory://bucket/happy-paws/")


def test_its_place_shows_no_password() -> None:
    store = ObjectStore("memory://key:s3cret@bucket/pets?token=s3cret")
    assert store.place == "memory://bucket/pets"


def test_objects_of_others_are_passed_over() -> None:
    from fsspec.implementations.memory import MemoryFileSystem

    MemoryFileSystem.store.clear()
    store = ObjectStore("memory://bucket/pets")
    name = store.put(REX)
    files = MemoryFileSystem()
    files.pipe_file("/bucket/pets/README", b"ours")
    files.pipe_file(f"/bucket/pets/00/{'f' * 64}/x", b"ours")
    files.pipe_file(f"/bucket/other/{name[:2]}/{name}", b"theirs")
    assert [file.sha256 for file in store.listed()] == [name]
    MemoryFileSystem.store.clear()


def test_a_store_that_does_not_answer_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    from fsspec.implementations.memory import MemoryFileSystem

    def refuse(*_args: object, **_named: object) -> None:
        raise PermissionError("AccessDenied for key AKIA123")

    store = ObjectStore("memory://bucket/pets")
    monkeypatch.setattr(MemoryFileSystem, "pipe_file", refuse)
    with pytest.raises(MediaStoreUnusable) as unusable:
        store.put(REX)
    assert unusable.value.exit_code == CONFIGURATION
    assert "'memory://bucket/pets', cannot be used: PermissionError" in unusable.value.message
    assert "AKIA" not in unusable.value.message


def test_a_url_of_no_known_kind_is_refused() -> None:
    with pytest.raises(MediaStoreUnusable, match="'nonsense://bucket' cannot be used"):
        ObjectStore("nonsense://bucket")


@pytest.mark.parametrize("library", ["fsspec", "s3fs"])
def test_without_the_extra_it_says_how_to_get_it(
    library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ExtraMissing) as missing:
        ObjectStore("s3://bucket/pets")
    assert missing.value.exit_code == CONFIGURATION
    assert missing.value.code == "extra_missing"
    assert "pip install 'petmsg[s3]'" in missing.value.hint
