"""What is sent of a file: checked by its content, cleaned, small enough, or refused."""

import io
from collections.abc import Callable

import pytest
from PIL import Image, ImageChops

from petmsg.errors import MediaNotAccepted, MediaTooLarge
from petmsg.media.content_types import content_type_of
from petmsg.media.prepare import (
    BUDGET,
    LARGEST_INPUT,
    Prepared,
    fit_together,
    prepare,
    thumbnail,
)
from tests.support import pictures
from tests.support.pictures import Private, values_of

WHOLE = {
    "rex.jpg": pictures.photo_with_position,
    "rex.png": pictures.png_with_text,
    "rex.webp": pictures.webp_with_position,
    "rex.gif": pictures.gif_with_comment,
    "moving.gif": pictures.animated_gif,
    "visit.pdf": pictures.pdf_with_metadata,
}


def opened(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


@pytest.fixture(scope="module")
def twelve_megapixels() -> bytes:
    return pictures.photo_of_12_megapixels()


# ------------------------------------------------------------------------------------- what is told


def test_a_photo_is_told_with_what_was_removed() -> None:
    content = pictures.photo_with_position(64, 48, orientation=6)
    assert prepare(content, name="Rex.JPG") == Prepared(
        content=prepare(content, name="Rex.JPG").content,
        content_type="image/jpeg",
        name="Rex.JPG",
        original_type="image/jpeg",
        original_size=len(content),
        removed=(
            "position", "camera", "owner", "thumbnail", "comment", "time", "color profile",
        ),
        scaled=False,
        width=48,
        height=64,
    )  # fmt: skip


def test_of_a_plain_photo_nothing_is_removed() -> None:
    assert prepare(pictures.photo(), name="rex.jpg").removed == ()


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("rex.jpeg", "rex.jpeg"),
        ("/home/anna/Pictures/rex.jpg", "rex.jpg"),
        ("C:\\Pictures\\rex.jpg", "rex.jpg"),
        ("rex", "rex.jpg"),
        ("rex.png", "rex.jpg"),
        ("re\x1b[31mx\n.jpg", "re [31mx .jpg"),
        (".jpg", ".jpg.jpg"),
        ("", "file.jpg"),
        ("a" * 300 + ".jpg", "a" * 110 + ".jpg"),
        ("12.5 kg.jpg", "12.5 kg.jpg"),
    ],
)
def test_the_name_is_the_files_own_with_the_ending_of_its_type(name: str, shown: str) -> None:
    assert prepare(pictures.photo(), name=name).name == shown


@pytest.mark.parametrize("name", WHOLE)
def test_what_is_prepared_again_stays_and_has_nothing_to_remove(name: str) -> None:
    once = prepare(WHOLE[name](), name=name)
    again = prepare(once.content, name=once.name)
    assert (again.removed, again.scaled) == ((), False)
    assert again.content_type == once.content_type
    if content_type_of(once.content) == "image/png":
        assert again.content == once.content


# ---------------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("rex.jpg", pictures.html(), "'rex.jpg' is an HTML page"),
        ("rex.png", pictures.svg(), "'rex.png' is an SVG drawing"),
        ("ann.vcf", pictures.vcard(), "'ann.vcf' is a contact card"),
        ("rex.jpg", pictures.vcard(), "'rex.jpg' is a contact card"),
        ("rex.jpg", pictures.heic(), "'rex.jpg' is a HEIC picture"),
        ("rex.jpg", b"", "'rex.jpg' is empty"),
        ("rex.jpg", b"MZ\x90\0" + bytes(1000), "is neither a picture nor a PDF"),
        ("rex.mp4", b"\0\0\0\x18ftypisom" + bytes(99), "is of the type video/mp4"),
        ("rex.png", pictures.bomb, r"'rex.png': The picture has 40000 × 40000 pixels"),
        ("rex.png", pictures.text_bomb, "'rex.png' begins like a PNG picture, but is damaged"),
    ],
)
def test_a_file_that_is_not_sent_is_named_with_its_reason(
    name: str, content: bytes | Callable[[], bytes], words: str
) -> None:
    content = content() if callable(content) else content  # a bomb takes a second to make
    for keep_metadata in (False, True):
        with pytest.raises(MediaNotAccepted, match=words) as refused:
            prepare(content, name=name, keep_metadata=keep_metadata)
        assert (refused.value.exit_code, refused.value.code) == (4, "media_not_accepted")
        assert refused.value.hint


def test_a_large_file_is_refused_before_it_is_opened() -> None:
    with pytest.raises(MediaTooLarge, match="at most 20,000,000") as refused:
        prepare(b"\xff\xd8\xff" + bytes(LARGEST_INPUT), name="rex.jpg")
    assert (refused.value.exit_code, refused.value.code) == (4, "media_too_large")


@pytest.mark.parametrize("name", WHOLE)
def test_a_file_that_is_cut_off_is_refused_or_safe(name: str) -> None:
    """At each length, also those at which a library finds enough to be content."""
    content = WHOLE[name]()
    values = values_of(Private())
    refused = 0
    for length in range(1, len(content), max(len(content) // 60, 1)):
        try:
            found = prepare(content[:length], name=name)
        except MediaNotAccepted:
            refused += 1
            continue
        assert not [value for value in values if value in found.content]
    assert refused > 20


# --------------------------------------------------------------------------------------- the budget


def test_a_large_photo_is_halved_until_it_fits(twelve_megapixels: bytes) -> None:
    found = prepare(twelve_megapixels, name="rex.jpg")
    assert found.scaled
    assert (found.width, found.height) == (2016, 1512)
    assert len(found.content) <= BUDGET
    small = opened(twelve_megapixels).resize((504, 378))
    difference = ImageChops.difference(small, opened(found.content).resize((504, 378)))
    assert max(high for _, high in difference.getextrema()) < 16  # type: ignore[misc]


@pytest.mark.parametrize("budget", [300_000, 100_000, 40_000])
def test_a_budget_is_kept_step_by_step(twelve_megapixels: bytes, budget: int) -> None:
    found = prepare(twelve_megapixels, name="rex.jpg", budget=budget)
    assert len(found.content) <= budget
    assert found.width is not None
    assert found.height is not None
    assert found.width / found.height == pytest.approx(4 / 3, abs=0.02)


def test_a_large_png_becomes_a_jpeg() -> None:
    content = pictures.saved(pictures.noise(900, 700), "PNG")
    found = prepare(content, name="rex.png")
    assert (found.content_type, found.name, found.scaled) == ("image/jpeg", "rex.jpg", True)
    assert found.original_type == "image/png"
    assert len(found.content) <= BUDGET


def test_what_cannot_be_made_to_fit_is_refused() -> None:
    with pytest.raises(MediaTooLarge, match=r"'rex.jpg': .* smaller than 900 bytes"):
        prepare(pictures.saved(pictures.noise(600, 400)), name="rex.jpg", budget=900)


def test_ten_pictures_fit_one_message_together() -> None:
    content = pictures.saved(pictures.noise(920, 690), "JPEG", quality=90)
    one = prepare(content, name="rex.jpg")
    assert 500_000 < len(one.content) <= BUDGET
    small = prepare(pictures.photo(), name="cat.jpg")
    found = fit_together([one] * 9 + [small])
    assert sum(len(file.content) for file in found) <= 5_000_000
    assert found[-1] == small
    assert all(file.scaled and file.original_size == len(content) for file in found[:9])
    assert fit_together([one, small]) == [one, small]


def test_pictures_that_cannot_fit_together_are_refused() -> None:
    one = prepare(pictures.saved(pictures.noise(300, 200)), name="rex.jpg")
    with pytest.raises(MediaTooLarge, match="The 2 files have"):
        fit_together([one, one], limit=1_000)
    with pytest.raises(MediaTooLarge):
        fit_together([one, one], limit=len(one.content) + 1, keep_metadata=True)


# ------------------------------------------------------------------------------------ kept metadata


@pytest.mark.parametrize("name", ["rex.jpg", "rex.png", "rex.gif", "moving.gif"])
def test_kept_metadata_means_the_same_bytes(name: str) -> None:
    content = WHOLE[name]()
    found = prepare(content, name=name, keep_metadata=True)
    assert found.content == content
    assert (found.removed, found.scaled) == ((), False)


def test_a_webp_with_kept_metadata_is_a_jpeg_with_them() -> None:
    found = prepare(pictures.webp_with_position(), name="rex.webp", keep_metadata=True)
    assert found.content_type == "image/jpeg"
    assert Private().position_bytes in found.content
    assert Private().owner.encode() in found.content


def test_kept_metadata_of_a_large_file_is_refused(twelve_megapixels: bytes) -> None:
    with pytest.raises(MediaTooLarge, match="carriers take 600,000") as refused:
        prepare(twelve_megapixels, name="rex.jpg", keep_metadata=True)
    assert "--keep-metadata" in refused.value.hint


@pytest.mark.parametrize("name", ["rex.jpg", "rex.png", "rex.gif"])
def test_kept_metadata_is_no_way_for_something_behind_the_picture(name: str) -> None:
    content = WHOLE[name]() + b"PK\x03\x04 an archive"
    with pytest.raises(MediaNotAccepted, match="something else behind the picture"):
        prepare(content, name=name, keep_metadata=True)
    assert b"an archive" not in prepare(content, name=name).content


def test_kept_metadata_is_no_way_for_scripts() -> None:
    with pytest.raises(MediaNotAccepted, match="scripts and attached files"):
        prepare(pictures.pdf_with_metadata(), name="visit.pdf", keep_metadata=True)


# --------------------------------------------------------------------------------------- thumbnails


@pytest.mark.parametrize("name", ["rex.jpg", "rex.png", "rex.webp", "rex.gif", "moving.gif"])
def test_a_thumbnail_is_a_small_jpeg_without_metadata(name: str) -> None:
    small = thumbnail(WHOLE[name](320, 240), longest=160)
    assert opened(small).format == "JPEG"
    assert opened(small).size == (160, 120)
    assert not [value for value in values_of(Private()) if value in small]


def test_a_thumbnail_is_upright() -> None:
    assert opened(thumbnail(pictures.photo_with_position(640, 480, orientation=6))).size == (
        240,
        320,
    )


def test_what_is_no_picture_has_no_thumbnail() -> None:
    for content in (pictures.pdf_with_metadata(), pictures.heic(), b"", pictures.photo()[:900]):
        with pytest.raises(MediaNotAccepted):
            thumbnail(content)
