"""What a file is, by its bytes; and the names that say nothing about it."""

import pytest

from petmsg.media.content_types import content_type_of, extension_of, public_name

STARTS = {
    b"\xff\xd8\xff\xe0\0\x10JFIF": "image/jpeg",
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR": "image/png",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
    b"RIFF\x24\0\0\0WEBPVP8 ": "image/webp",
    b"RIFF\x24\0\0\0WAVEfmt ": "audio/wav",
    b"%PDF-1.7\n": "application/pdf",
    b"BEGIN:VCARD\r\nVERSION:3.0": "text/vcard",
    b"\xef\xbb\xbf\n begin:vcard\n": "text/vcard",
    b"\0\0\0\x18ftypheic": "image/heic",
    b"\0\0\0\x18ftypmif1": "image/heic",
    b"\0\0\0\x18ftypavif": "image/avif",
    b"\0\0\0\x18ftypisom": "video/mp4",
    b"\0\0\0\x18ftypmp42": "video/mp4",
    b"\0\0\0\x18ftyp3gp5": "video/3gpp",
    b"\0\0\0\x18ftypqt  ": "video/quicktime",
    b"\0\0\0\x18ftypM4A ": "audio/mp4",
    b"#!AMR\n": "audio/amr",
    b"ID3\x04": "audio/mpeg",
    b"\xff\xfb\x90\x64": "audio/mpeg",
    b"\xff\xf3\x84\xc4": "audio/mpeg",
    b"\xff\xe3\x18\xc4": "audio/mpeg",
    b"\xff\xfa\x90\x64": "audio/mpeg",
    b"OggS\0": "audio/ogg",
}


@pytest.mark.parametrize(("start", "content_type"), STARTS.items())
def test_the_first_bytes_say_what_it_is(start: bytes, content_type: str) -> None:
    assert content_type_of(start + b"\0" * 100) == content_type


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        b"RIFF",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"<!DOCTYPE html><script>alert(1)</script>",
        b"GIF88a",
        b"\n%PDF-1.7",
        b"MZ\x90",
        b"PK\x03\x04",
        b"hello",
        b"\xff\xfe\x90\x64",
        b"\xff\xeb\x90\x64",
        b"\xff\xff\xff\xff",
        b"\xff\xfb\xf0\x64",
        b"\xff\xfb",
    ],
)
def test_other_bytes_have_no_type(content: bytes) -> None:
    assert content_type_of(content) is None


def test_an_extension_is_the_usual_one() -> None:
    assert extension_of("image/jpeg") == "jpg"
    assert extension_of("application/pdf") == "pdf"
    assert extension_of("application/x-unknown") == "bin"


def test_a_public_name_says_nothing_about_the_file() -> None:
    assert public_name(0, "image/jpeg") == "picture-1.jpg"
    assert public_name(9, "application/pdf") == "file-10.pdf"
