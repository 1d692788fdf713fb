"""What is said of a message's pictures."""

from typing import Any

import pytest

from petmsg.queries.media_of_messages import MessageMedia
from petmsg.render.picture_text import kind_of, picture_notes, size_of, words_with_pictures


def media(**values: Any) -> MessageMedia:
    """A stored JPEG, but for these values."""
    usual: dict[str, Any] = {
        "message": 1, "media": 12, "name": "rex.jpg", "content_type": "image/jpeg",
        "size": 412_345, "status": "stored", "error": None, "sha256": None, "fetched_as": 12,
    }  # fmt: skip
    return MessageMedia(**{**usual, **values})


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 bytes"), (1, "1 byte"), (999, "999 bytes"), (1000, "1 kB"), (412_345, "412 kB"),
        (999_499, "999 kB"), (999_500, "1.0 MB"), (4_949_999, "4.9 MB"), (20_000_000, "20.0 MB"),
    ],
)  # fmt: skip
def test_a_size_in_words(size: int, words: str) -> None:
    assert size_of(size) == words


def test_a_type_in_words() -> None:
    assert [kind_of(each) for each in ("image/jpeg", "application/pdf", "x/y")] == [
        "JPEG", "PDF", "x/y",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("row", "note"),
    [
        (media(), "[rex.jpg, 412 kB, JPEG]"),
        (media(name=None), "[picture, 412 kB, JPEG]"),
        (media(name=None, content_type="application/pdf"), "[file, 412 kB, PDF]"),
        (media(name=None, content_type=None, size=None), "[picture]"),
        (media(status="linked", size=None), "[rex.jpg, JPEG, at a web address]"),
        (media(status="missing"), "[picture being fetched]"),
        (media(status="missing", content_type="text/vcard"), "[file being fetched]"),
        (media(status="lost", error="gone."), "[picture lost: gone; petmsg media fetch 12]"),
        (media(status="lost", fetched_as=7), "[picture lost; petmsg media fetch 7]"),
        (media(status="erasing"), "[picture erased]"),
        (media(status="erased", content_type="application/pdf"), "[file erased]"),
    ],
)  # fmt: skip
def test_a_picture_in_words(row: MessageMedia, note: str) -> None:
    assert picture_notes([row], 1) == [note]


def test_messages_of_the_time_before_pictures_were_stored_say_that_the_provider_has_them() -> None:
    assert picture_notes([], 2) == ["[2 pictures, kept by the provider]"]
    assert picture_notes([], 0) == []


def test_words_and_pictures_on_one_line() -> None:
    assert words_with_pictures(" Look ", [media()], 1) == "Look [rex.jpg, 412 kB, JPEG]"
    assert words_with_pictures("", [media(name="a"), media(name="b")], 2).count("[") == 2
    assert words_with_pictures(None, None, 0) == "[erased]"
    assert words_with_pictures("", None, 0) == "[empty]"
