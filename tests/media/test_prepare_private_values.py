"""No private value of a picture is in what is sent, whatever the value and wherever it stood.

The values are looked for as bytes, and in everything that Pillow and pypdf can read from the
result.
"""

import io
from collections.abc import Iterator
from typing import Any

import pypdf
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, IptcImagePlugin

from petmsg.errors import MediaTooLarge
from petmsg.media.prepare import Prepared, prepare, thumbnail
from tests.support import pictures
from tests.support.pictures import Private, values_of

words = st.text(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 -.", min_size=9, max_size=30
).map("".join)
privates = st.builds(
    Private,
    position=st.tuples(st.integers(1, 88), st.integers(10, 59), st.integers(1000, 5999)),
    camera=words.map("camera-{}".format),
    serial=words.map("serial-{}".format),
    owner=words.map("owner-{}".format),
    comment=st.from_regex(r"call \+1[2-9][0-9]{9} now", fullmatch=True),
    place=words.map("place-{}".format),
    maker_note=words.map("maker-{}".format),
    original=words.map("original-{}".format),
)
sizes = st.tuples(st.integers(17, 90), st.integers(17, 90))
orientations = st.integers(1, 8)
appended = st.sampled_from((b"", b"PK\x03\x04", pictures.photo_with_position(), b"\0" * 99))
usual = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)  # each builds and cleans several files


def everything_in(content: bytes) -> Iterator[str]:
    """All texts and values that libraries find in a picture, but for its pixels."""
    image = Image.open(io.BytesIO(content))
    image.load()
    yield from (f"{name} {value!r}" for name, value in image.info.items())
    exif = image.getexif()
    yield from (f"{tag} {value!r}" for tag, value in exif.items())
    for directory in (0x8769, 0x8825, 0xA005, -1):
        yield from (f"{tag} {value!r}" for tag, value in exif.get_ifd(directory).items())
    yield repr(image.getxmp()) if hasattr(image, "getxmp") else ""
    yield repr(IptcImagePlugin.getiptcinfo(image))  # type: ignore[arg-type]
    yield repr(getattr(image, "applist", ""))
    yield repr(getattr(image, "text", ""))


def assert_clean(found: Prepared, private: Private) -> None:
    values = values_of(private)
    assert [value for value in values if value in found.content] == []
    if found.content_type == "application/pdf":
        return
    texts = [value.decode() for value in values[1:9]]
    for content in (found.content, thumbnail(found.content)):
        said = " ".join(everything_in(content))
        assert [text for text in texts if text in said] == []
        image = Image.open(io.BytesIO(content))
        assert dict(image.getexif()) == {}
        assert not image.info.keys() & {"exif", "xmp", "icc_profile", "photoshop", "comment", "mp"}


def assert_scaled_is_clean(content: bytes, private: Private) -> None:
    """The picture in ever smaller sizes, as far as it can be made to fit."""
    for budget in (4_000, 2_000, 1_000):
        try:
            found = prepare(content, name="rex.jpg", budget=budget)
        except MediaTooLarge:
            return
        assert_clean(found, private)


@usual
@given(
    private=privates,
    size=sizes,
    orientation=orientations,
    behind=appended,
    options=st.fixed_dictionaries(
        {"subsampling": st.sampled_from((0, 1, 2)), "progressive": st.booleans()}
    ),
)
def test_a_jpeg(
    *, private: Private, size: tuple[int, int], orientation: int, behind: bytes, options: Any
) -> None:
    content = pictures.photo_with_position(
        *size, private=private, orientation=orientation, appended=behind, **options
    )
    values = values_of(private)
    assert sum(value in content for value in values) >= 8
    found = prepare(content, name="rex.jpg")
    assert_clean(found, private)
    assert found.removed[:4] == ("position", "camera", "owner", "thumbnail")
    assert (found.width, found.height) == (size if orientation < 5 else size[::-1])
    assert_scaled_is_clean(content, private)


@usual
@given(privates, sizes, st.sampled_from(("RGB", "RGBA", "L", "LA", "P", "1", "I;16")), appended)
def test_a_png(private: Private, size: tuple[int, int], mode: str, behind: bytes) -> None:
    content = pictures.png_with_text(*size, private=private, mode=mode, appended=behind)
    assert sum(value in content for value in values_of(private)) >= 6
    found = prepare(content, name="rex.png")
    assert_clean(found, private)
    assert {"position", "camera", "owner", "comment"} <= set(found.removed)
    assert_scaled_is_clean(content, private)


@usual
@given(privates, sizes, st.booleans())
def test_a_webp(private: Private, size: tuple[int, int], lossless: bool) -> None:
    content = pictures.webp_with_position(*size, private=private, lossless=lossless)
    assert sum(value in content for value in values_of(private)) >= 8
    found = prepare(content, name="rex.webp")
    assert_clean(found, private)
    assert found.content_type == "image/jpeg"
    assert {"position", "camera", "owner", "comment"} <= set(found.removed)


@usual
@given(privates, sizes, st.integers(1, 4))
def test_a_gif(private: Private, size: tuple[int, int], frames: int) -> None:
    content = pictures.animated_gif(*size, frames=frames, private=private)
    assert sum(value in content for value in values_of(private)) >= 4
    found = prepare(content, name="rex.gif")
    assert_clean(found, private)
    assert found.content_type == "image/gif"
    assert found.removed == ("comment",)


def decoded_parts(content: bytes) -> Iterator[bytes]:
    """Each object of a PDF as text, and each stream unpacked."""
    reader = pypdf.PdfReader(io.BytesIO(content))
    yield repr(reader.trailer).encode()
    for number in range(1, int(reader.trailer["/Size"])):  # type: ignore[call-overload]
        found: Any = reader.get_object(number)
        yield repr(found).encode()
        if hasattr(found, "get_data"):
            yield found.get_data()


@usual
@given(privates, st.integers(1, 3), appended)
def test_a_pdf(private: Private, pages: int, behind: bytes) -> None:
    content = pictures.pdf_with_metadata(private=private, pages=pages, appended=behind)
    values = values_of(private)
    assert sum(value in content for value in values) >= 8
    found = prepare(content, name="visit.pdf")
    for part in (found.content, *decoded_parts(found.content)):
        assert [value for value in values if value in part] == []
    assert {"position", "camera", "owner", "comment", "scripts", "notes"} <= set(found.removed)
    reader = pypdf.PdfReader(io.BytesIO(found.content))
    assert len(reader.pages) == pages
    assert "Rex ate well today" in reader.pages[0].extract_text()
    (image,) = reader.pages[0].images
    assert image.image is not None
    assert image.image.size == (240, 180)


@pytest.mark.parametrize(
    "build",
    [
        pictures.photo_with_position,
        pictures.png_with_text,
        pictures.webp_with_position,
        pictures.animated_gif,
        pictures.pdf_with_metadata,
    ],
)
def test_what_is_looked_for_would_be_found(build: Any) -> None:
    """Negative control: each builder writes what the tests above look for."""
    content = build()
    found = Prepared(content, "image/png", "x", "", 0, (), scaled=False, width=1, height=1)
    with pytest.raises(AssertionError):
        assert_clean(found, Private())
