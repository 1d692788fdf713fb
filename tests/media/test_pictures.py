"""PNG, GIF and WebP: the same pixels without metadata, or a JPEG where that does not fit."""

import io

import pytest
from PIL import Image, ImageOps

from petmsg.media.prepare import prepare
from tests.support import pictures


def opened(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P", "1", "I;16"])
@pytest.mark.parametrize("orientation", [1, 6])
def test_a_png_has_exactly_the_same_pixels(mode: str, orientation: int) -> None:
    content = pictures.png_with_text(90, 60, mode=mode, orientation=orientation)
    found = opened(prepare(content, name="rex.png").content)
    before = ImageOps.exif_transpose(opened(content))
    assert (found.mode, found.size) == (before.mode, before.size)
    assert found.convert("RGBA").tobytes() == before.convert("RGBA").tobytes()
    assert found.info.keys() <= {"transparency"}


@pytest.mark.parametrize("transparency", [3, b"\x00\x80" + b"\xff" * 60])
def test_a_transparent_colour_stays_transparent(transparency: int | bytes) -> None:
    drawn = pictures.picture(60, 40).quantize(62)
    content = pictures.saved(drawn, "PNG", transparency=transparency)
    found = opened(prepare(content, name="rex.png").content)
    assert found.convert("RGBA").tobytes() == opened(content).convert("RGBA").tobytes()


def test_what_is_transparent_is_white_in_a_jpeg() -> None:
    drawn = Image.new("RGBA", (60, 40), (255, 0, 0, 0))
    found = opened(prepare(pictures.saved(drawn, "WEBP"), name="rex.webp").content)
    assert found.getpixel((30, 20)) == (255, 255, 255)


def test_a_moving_gif_still_moves() -> None:
    content = pictures.animated_gif(60, 40, frames=5)
    before, found = opened(content), opened(prepare(content, name="rex.gif").content)
    assert (found.n_frames, found.info["duration"], found.info["loop"]) == (5, 80, 0)  # type: ignore[attr-defined]
    for number in range(5):
        before.seek(number)
        found.seek(number)
        assert found.convert("RGB").tobytes() == before.convert("RGB").tobytes()


def test_a_gif_that_moves_too_long_or_is_too_large_stands_still() -> None:
    content = pictures.animated_gif(8, 8, frames=520)
    found = prepare(content, name="rex.gif")
    assert "animation" in found.removed
    assert getattr(opened(found.content), "n_frames", 1) == 1
    content = pictures.animated_gif(200, 150, frames=6)
    found = prepare(content, name="rex.gif", budget=40_000)
    assert "animation" in found.removed
    assert len(found.content) <= 40_000


def test_colours_that_phones_do_not_know_are_converted() -> None:
    """A picture in another profile looks the same without it, so its numbers change."""
    swapped = _profile_with_swapped_colours()
    drawn = Image.new("RGB", (32, 32), (200, 30, 30))
    for kind, name in (("PNG", "rex.png"), ("JPEG", "rex.jpg")):
        content = pictures.saved(drawn, kind, icc_profile=swapped)
        found = opened(prepare(content, name=name).content)
        assert "icc_profile" not in found.info
        red, _green, blue = found.convert("RGB").getpixel((16, 16))  # type: ignore[misc]
        assert blue > red


def _profile_with_swapped_colours() -> bytes:
    """sRGB whose primaries for red and blue changed places in the table of tags."""
    profile = pictures.srgb_profile()
    place = {name: profile.index(name, 128) for name in (b"rXYZ", b"bXYZ")}
    swapped = bytearray(profile)
    swapped[place[b"rXYZ"] : place[b"rXYZ"] + 4] = b"bXYZ"
    swapped[place[b"bXYZ"] : place[b"bXYZ"] + 4] = b"rXYZ"
    return bytes(swapped)
