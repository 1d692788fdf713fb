"""A JPEG that is only cleaned keeps its pixels as nearly as a JPEG can."""

import io

import pytest
from PIL import Image, ImageChops, ImageStat

from petmsg.errors import MediaNotAccepted
from petmsg.media import jpegs
from petmsg.media.prepare import prepare
from tests.support import pictures


def pixels(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content)).convert("RGB")


def difference(one: bytes, other: bytes) -> tuple[float, int]:
    """The mean difference of two pictures' levels, of 255, and the largest."""
    changed = ImageStat.Stat(ImageChops.difference(pixels(one), pixels(other)))
    return max(changed.mean), max(int(high) for _, high in changed.extrema)


def recoded(content: bytes) -> bytes:
    """The same picture through RGB, with Pillow's way to keep the quality."""
    return pictures.saved(Image.open(io.BytesIO(content)), "JPEG", quality="keep")


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize(("subsampling", "most"), [(0, 0.03), (2, 0.03), (1, 2.0)])
@pytest.mark.parametrize("quality", [60, 75, 90])
def test_a_cleaned_photo_has_the_same_pixels(
    quality: int, subsampling: int, most: float, *, progressive: bool
) -> None:
    """Colours at half width only (1) are smoothed by the decoder, which cannot be turned off."""
    content = pictures.photo(
        320, 240, quality=quality, subsampling=subsampling, progressive=progressive
    )
    found = prepare(content, name="rex.jpg")
    mean, largest = difference(content, found.content)
    assert mean < most
    assert largest <= 16
    assert mean <= difference(content, recoded(content))[0]
    assert not found.scaled
    before, after = Image.open(io.BytesIO(content)), Image.open(io.BytesIO(found.content))
    assert after.quantization == before.quantization  # type: ignore[attr-defined]
    assert after.info.get("progressive") == before.info.get("progressive")
    assert len(found.content) < len(content) * 1.05


def test_colours_at_half_size_are_a_hundred_times_nearer_than_through_rgb() -> None:
    content = pictures.saved(pictures.picture(640, 480, seed=7), "JPEG", quality=85)
    here = difference(content, prepare(content, name="rex.jpg").content)[0]
    assert here * 10 < difference(content, recoded(content))[0] or here < 0.005


def test_a_grey_photo_stays_grey() -> None:
    content = pictures.saved(pictures.picture(200, 150, mode="L"), "JPEG", quality=80)
    found = prepare(content, name="rex.jpg").content
    assert Image.open(io.BytesIO(found)).mode == "L"
    assert difference(content, found)[0] < 0.1


def test_a_photo_stored_as_rgb_keeps_its_colours() -> None:
    content = pictures.photo(200, 150, keep_rgb=True)
    assert difference(content, prepare(content, name="rex.jpg").content)[0] < 0.1


def test_a_photo_in_printing_colours_becomes_rgb() -> None:
    content = pictures.saved(pictures.picture(200, 150, mode="CMYK"), "JPEG", quality=90)
    found = prepare(content, name="rex.jpg").content
    assert Image.open(io.BytesIO(found)).mode == "RGB"
    assert difference(content, found)[0] < 4


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_is_turned_as_a_viewer_turns_it(orientation: int) -> None:
    from PIL import ImageOps

    content = pictures.photo_with_position(320, 240, orientation=orientation)
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(content)))
    found = prepare(content, name="rex.jpg").content
    assert pixels(found).size == upright.size
    changed = ImageStat.Stat(ImageChops.difference(upright.convert("RGB"), pixels(found)))
    assert max(changed.mean) < 2


def test_a_second_picture_behind_the_first_is_left_out() -> None:
    """As phones store what is behind the focus, and Pillow calls MPO."""
    first, second = pictures.picture(64, 48), pictures.picture(64, 48, seed=2)
    content = pictures.saved(first, "MPO", save_all=True, append_images=[second])
    assert Image.open(io.BytesIO(content)).format == "MPO"
    found = prepare(content, name="rex.jpg")
    assert len(found.content) < len(content) * 0.7
    assert found.removed == ("thumbnail",)
    assert found.content.count(b"\xff\xd8\xff") == 1


def test_a_photo_that_would_take_too_much_memory_is_refused() -> None:
    with pytest.raises(MediaNotAccepted, match="65000 × 65000 pixels, which are too many"):
        jpegs.opened(pictures.photo_that_claims(65_000, 65_000))
