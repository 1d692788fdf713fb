"""Takes everything from a picture but its pixels, and makes it small enough to be carried."""

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from petmsg.errors import MediaNotAccepted, MediaTooLarge
from petmsg.media import jpegs
from petmsg.media.animations import is_animated, still_or_animation
from petmsg.media.colors import converted, needs_conversion
from petmsg.media.content_types import GIF, JPEG, PNG, WEBP
from petmsg.media.metadata import ANIMATION, described, in_order
from petmsg.media.pixels import (
    STEPS,
    bare,
    flattened,
    orientation_of,
    shrunk,
    size_within,
    smaller_jpegs,
    turned,
)

if TYPE_CHECKING:
    from PIL import Image, ImageFile

MOST_PIXELS = 20_000_000
"""Of a picture that is decoded at its full size: 80 MB, and twice that while it is turned."""
MOST_PIXELS_OF_WEBP = 14_000_000
"""Its decoder has several copies of the pixels."""
_QUALITY = 90
"""Of a JPEG that was a WebP, or had colours that phones do not know."""


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A file without metadata. `width` and `height` are in pixels, None for a document."""

    content: bytes
    content_type: str
    removed: tuple[str, ...]
    scaled: bool
    width: int | None
    height: int | None


def clean_picture(content: bytes, content_type: str, *, budget: int) -> Cleaned:
    """The picture upright, without metadata, and with at most `budget` bytes.

    A JPEG stays a JPEG, a PNG and a GIF stay what they are if they fit; else they become a JPEG, as
    a WebP always does. Raises `MediaNotAccepted`, `MediaTooLarge`, and whatever Pillow raises for a
    damaged file.
    """
    if content_type == JPEG:
        return _clean_jpeg(content, budget)
    image = decoded(content, content_type)
    words = described(image)
    if content_type == GIF and is_animated(image):
        moving = still_or_animation(image, budget=budget)
        if moving is not None:
            return Cleaned(moving, GIF, in_order(words), False, *image.size)
        image = decoded(content, content_type)
    if is_animated(image):
        words.add(ANIMATION)
    removed, upright = in_order(words), _upright(image)
    del image
    if content_type == WEBP:
        same = jpegs.encoded(flattened(upright), quality=_QUALITY)
        if len(same) <= budget:
            return Cleaned(same, JPEG, removed, False, *upright.size)
    else:
        for optimize in (False, True):
            file = io.BytesIO()
            upright.save(file, "PNG" if content_type == PNG else "GIF", optimize=optimize)
            if file.tell() <= budget:
                return Cleaned(file.getvalue(), content_type, removed, False, *upright.size)
    return _scaled(upright, removed, budget)


def decoded(content: bytes, content_type: str) -> "ImageFile.ImageFile":
    """The picture or its first frame, of a type that is not JPEG. Bytes behind it are ignored.

    Raises `MediaNotAccepted` for one with too many pixels, and what Pillow raises.
    """
    from PIL import GifImagePlugin, PngImagePlugin, WebPImagePlugin

    # Not Image.open, which tries other formats and warns about many pixels.
    classes: dict[str, type[ImageFile.ImageFile]] = {
        PNG: PngImagePlugin.PngImageFile,
        GIF: GifImagePlugin.GifImageFile,
        WEBP: WebPImagePlugin.WebPImageFile,
    }
    image = classes[content_type](io.BytesIO(content))
    most = MOST_PIXELS_OF_WEBP if content_type == WEBP else MOST_PIXELS
    if image.width * image.height > most:
        raise MediaNotAccepted(
            f"The picture has {image.width} × {image.height} pixels; at most"
            f" {most // 1_000_000} million are accepted.",
            hint="Make it smaller, or export it as JPEG.",
        )
    image.load()
    return image


def check_picture(content: bytes, content_type: str) -> tuple[int, int]:
    """Decode the whole picture and return its size. Raises as `clean_picture` does."""
    if content_type != JPEG:
        return decoded(content, content_type).size
    size = jpegs.opened(content).size
    jpegs.decoded(content, near=size_within(size, STEPS[0][0]))
    return size


def thumbnail_of(content: bytes, content_type: str, *, longest: int) -> bytes:
    """A small JPEG without metadata. Raises as `clean_picture` does."""
    if content_type == JPEG:
        opened = jpegs.opened(content)
        image = jpegs.decoded(content, near=size_within(opened.size, longest))
        orientation = orientation_of(opened)
    else:
        other = decoded(content, content_type)
        image, orientation = bare(other), orientation_of(other)
    small = _plain(shrunk(image, longest), None)
    return jpegs.encoded(flattened(turned(small, orientation)), quality=80)


def _clean_jpeg(content: bytes, budget: int) -> Cleaned:
    opened = jpegs.opened(content)
    removed, orientation = in_order(described(opened)), orientation_of(opened)
    profile = opened.info.get("icc_profile")
    profile = profile if needs_conversion(profile, opened.mode) else None
    if jpegs.may_keep_pixels(opened, len(content), budget):
        upright = turned(_plain(jpegs.decoded_exactly(content), profile), orientation)
        options = jpegs.tables_of(opened)
        if upright.mode != jpegs.decoded_mode(opened):
            options = {"quality": _QUALITY}
        elif orientation > 4 and options["subsampling"] == 1:
            options["subsampling"] = 0  # halved to the side is halved in height when it is turned
        for optimize in (False, True):
            same = jpegs.encoded(upright, **options, optimize=optimize)
            if len(same) <= budget:
                return Cleaned(same, JPEG, removed, False, *upright.size)
    else:
        near = size_within(opened.size, STEPS[0][0])
        upright = turned(_plain(jpegs.decoded(content, near=near), profile), orientation)
    return _scaled(upright, removed, budget)


def _scaled(upright: "Image.Image", removed: tuple[str, ...], budget: int) -> Cleaned:
    for content, size in smaller_jpegs(upright):
        if len(content) <= budget:
            return Cleaned(content, JPEG, removed, True, *size)
    raise MediaTooLarge(f"The picture cannot be made smaller than {budget:,} bytes.")


def _upright(image: "Image.Image") -> "Image.Image":
    """The picture turned and in the usual colours, without anything else."""
    profile = image.info.get("icc_profile")
    upright = bare(image)
    if profile and image.mode == "P":
        mode = "RGBA" if image.has_transparency_data else "RGB"
        if needs_conversion(profile, mode):
            upright = upright.convert(mode)
    if needs_conversion(profile, upright.mode):
        assert isinstance(profile, bytes)
        upright = bare(converted(upright, profile))
    return turned(upright, orientation_of(image))


def _plain(image: "Image.Image", profile: bytes | None) -> "Image.Image":
    """A decoded JPEG as it is, or in RGB where its colours are not those that phones know."""
    if profile is not None:
        image = converted(image.convert("RGB") if image.mode == "YCbCr" else image, profile)
    return image.convert("RGB") if image.mode == "CMYK" else image
