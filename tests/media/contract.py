"""What petmsg relies on in every store of pictures. One class of tests, run once per store."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest

from petmsg.errors import MediaMissing
from petmsg.media.base import MediaStore

REX, CAT = b"a picture of Rex", b"a picture of the cat"
NAMES = ("", "..", "../" * 20 + "etc/passwd", "A" * 64, "a" * 63, "a" * 65, "a" * 64 + "\n")


class MediaStoreContract:
    """Mix into a test class that has a fixture `store`, an empty one.

    The class is not collected by itself: its name does not begin with `Test`.
    """

    @pytest.fixture
    def store(self) -> MediaStore:
        raise NotImplementedError("the class under test supplies its store")

    def test_bytes_come_back_under_their_hash(self, store: MediaStore) -> None:
        name = store.put(REX)
        assert name == sha256(REX).hexdigest()
        assert store.read(name) == REX
        assert store.size(name) == len(REX)

    def test_the_same_bytes_are_kept_once(self, store: MediaStore) -> None:
        assert store.put(REX) == store.put(REX)
        store.put(CAT)
        assert {file.sha256: file.size for file in store.listed()} == {
            sha256(REX).hexdigest(): len(REX),
            sha256(CAT).hexdigest(): len(CAT),
        }

    def test_an_empty_file_is_a_file(self, store: MediaStore) -> None:
        name = store.put(b"")
        assert (store.read(name), store.size(name)) == (b"", 0)

    @pytest.mark.parametrize(
        ("start", "length"), [(0, 1), (2, 5), (2, None), (15, 100), (16, None), (99, 5), (3, 0)]
    )
    def test_a_part_is_read(self, store: MediaStore, start: int, length: int | None) -> None:
        name = store.put(REX)
        end = None if length is None else start + length
        assert store.read(name, start=start, length=length) == REX[start:end]

    def test_what_is_not_there_is_said(self, store: MediaStore) -> None:
        name = sha256(REX).hexdigest()
        assert store.size(name) is None
        with pytest.raises(MediaMissing) as missing:
            store.read(name)
        assert missing.value.exit_code == 3
        assert name[:12] in missing.value.message
        assert list(store.listed()) == []

    def test_a_deleted_file_is_gone_and_deleting_it_again_is_no_error(
        self, store: MediaStore
    ) -> None:
        kept, name = store.put(CAT), store.put(REX)
        store.delete(name)
        store.delete(name)
        assert store.size(name) is None
        assert [file.sha256 for file in store.listed()] == [kept]
        assert store.put(REX) == name
        assert store.read(name) == REX

    def test_putting_bytes_again_renews_their_time(self, store: MediaStore) -> None:
        """A check for files without a message must not delete those that are about to get one."""
        store.put(REX)
        (first,) = store.listed()
        store.put(REX)
        (second,) = store.listed()
        assert first.modified_at < second.modified_at
        assert abs(second.modified_at - datetime.now(UTC)) < timedelta(minutes=1)

    @pytest.mark.parametrize("name", NAMES)
    def test_a_name_that_is_no_hash_leads_nowhere(self, store: MediaStore, name: str) -> None:
        with pytest.raises(ValueError, match="64 hex digits"):
            store.read(name)
        with pytest.raises(ValueError, match="64 hex digits"):
            store.size(name)
        with pytest.raises(ValueError, match="64 hex digits"):
            store.delete(name)

    def test_two_stores_at_one_place_see_the_same_files(
        self, store: MediaStore, again: MediaStore
    ) -> None:
        assert list(again.listed()) == []
        name = store.put(REX)
        assert again.read(name) == REX
        again.delete(name)
        assert store.size(name) is None

    def test_nothing_is_left_unfinished(self, store: MediaStore) -> None:
        name = store.put(REX)
        tomorrow = datetime.now(UTC) + timedelta(days=1)
        assert store.count_unfinished(before=tomorrow) == 0
        assert store.clear_unfinished(before=tomorrow) == 0
        assert store.read(name) == REX
