"""The path of a file: made in one place, read in one place, and nothing else is read as one."""

import pytest

from petmsg.media.links import asked_file, hash_of_token, new_token, path_of, without_tokens

TOKEN = "A-z_" * 10 + "q09"


def test_a_path_that_is_made_is_read() -> None:
    for position, content_type, name in (
        (0, "image/jpeg", "picture-1.jpg"),
        (9, "application/pdf", "file-10.pdf"),
        (3, "application/x-unknown", "file-4.bin"),
    ):
        path = path_of(TOKEN, position=position, content_type=content_type)
        assert path == f"/media/{TOKEN}/{name}"
        asked = asked_file(path)
        assert asked is not None
        assert (asked.token_hash, asked.position, asked.name) == (
            hash_of_token(TOKEN),
            position,
            name,
        )


def test_a_token_is_256_bits_that_a_url_takes_as_they_are() -> None:
    tokens = {new_token() for _ in range(200)}
    assert len(tokens) == 200
    assert {len(token) for token in tokens} == {43}
    assert all(asked_file(f"/media/{token}/picture-1.jpg") for token in tokens)


def test_the_hash_is_the_sha256_of_the_characters() -> None:
    digest = "688787d8ff144c502c7f5cffaafe2cc588d86079f9de88304c26b0cb99ce91c6"
    assert hash_of_token("asd") == digest


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/media",
        "/media/",
        f"/media/{TOKEN}",
        f"/media/{TOKEN}/",
        f"/media/{TOKEN}x/picture-1.jpg",
        f"/media/{TOKEN[1:]}/picture-1.jpg",
        f"/media/{TOKEN[1:]}=/picture-1.jpg",
        f"/media/{TOKEN[1:]}é/picture-1.jpg",
        f"/media/{TOKEN}//picture-1.jpg",
        f"//media/{TOKEN}/picture-1.jpg",
        f"/media/{TOKEN}/picture-1.jpg/",
        f"/media/{TOKEN}/picture-1.jpg\n",
        f"/media/{TOKEN}/picture-0.jpg",
        f"/media/{TOKEN}/picture-01.jpg",
        f"/media/{TOKEN}/picture-100.jpg",
        f"/media/{TOKEN}/picture-\u0661.jpg",
        f"/media/{TOKEN}/picture-1",
        f"/media/{TOKEN}/picture-1.JPG",
        f"/media/{TOKEN}/rex.jpg",
        f"/media/{TOKEN}/../{TOKEN}/picture-1.jpg",
        f"/media/{TOKEN}/%2e%2e/picture-1.jpg",
        f"/media/{TOKEN}%2Fpicture-1.jpg",
        f"/media/{TOKEN}/picture-1.jpg%00",
        f"/media/{TOKEN}/picture-1.jpg\0",
        f"/media/{TOKEN}/picture%2d1.jpg",
        f"/media/%41{TOKEN[1:]}/picture-1.jpg",
        f"http://example.com/media/{TOKEN}/picture-1.jpg",
    ],
)
def test_every_other_path_names_no_file(path: str) -> None:
    assert asked_file(path) is None


@pytest.mark.parametrize(
    "words",
    [
        "Invalid media URL(s) 'https://texts.example.com{path}'",
        "See {path}",
        "https%3A%2F%2Ftexts.example.com%2Fmedia%2F{token}%2Fpicture-1.jpg",
        "HTTPS://TEXTS.EXAMPLE.COM/MEDIA/{token}",
        "Cut off: https://texts.example.com/media/{half}",
    ],
)
def test_quoted_links_lose_their_tokens(words: str) -> None:
    path = path_of(TOKEN, position=0, content_type="image/jpeg")
    said = without_tokens(words.format(path=path, token=TOKEN, half=TOKEN[:20]))
    assert TOKEN[:8] not in said
    assert "***" in said
    assert said.startswith(words[:4])


@pytest.mark.parametrize("words", ["/media/rex.jpg", "the media/text", "/media/ is missing"])
def test_other_words_about_media_stay(words: str) -> None:
    assert without_tokens(words) == words
