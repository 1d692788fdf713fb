"""What is done with decoded pixels: turn them upright, flatten and scale them, encode them."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from petmsg.media import jpegs

if TYPE_CHECKING:
    from PIL import Image

STEPS = (
    (2016, 85),
    (2016, 75),
    (1600, 80),
    (1280, 80),
    (1024, 80),
    (800, 75),
    (640, 75),
    (480, 70),
    (320, 60),
)
"""The longest side in pixels and the quality, tried in this order until the file fits. A phone's
4032 pixels are twice the first, so that they are halved while they are decoded."""

_ORIENTATION = 0x0112


def orientation_of(image: "Image.Image") -> int:
    """EXIF's orientation, 1 to 8; 1 is upright. A value that cannot be read is taken for 1."""
    try:
        found = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # noqa: BLE001 because a library reads bytes that anybody wrote
        return 1
    return found if found in range(1, 9) else 1


def turned(image: "Image.Image", orientation: int) -> "Image.Image":
    """The picture upright, as a viewer that knows its orientation shows it."""
    from PIL.Image import Transpose

    turn = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }.get(orientation)
    return image if turn is None else image.transpose(turn)


def bare(image: "Image.Image") -> "Image.Image":
    """A copy with the same pixels and palette, and nothing else but which colour is transparent."""
    copy = image.copy()
    transparency = image.info.get("transparency")
    copy.info = {} if transparency is None else {"transparency": transparency}
    return copy


def flattened(image: "Image.Image") -> "Image.Image":
    """The picture in a mode that JPEG has. What is transparent becomes white."""
    from PIL import Image

    if image.mode in ("L", "RGB", "YCbCr") and "transparency" not in image.info:
        return image
    if image.mode.startswith("I"):  # 16 bits of grey
        return image.convert("I").point(lambda level: level * (1 / 256)).convert("L")
    if not image.has_transparency_data:
        return image.convert("L" if image.mode in ("1", "L") else "RGB")
    layer = image.convert("RGBA")
    flat = Image.new("RGB", layer.size, "white")
    flat.paste(layer, mask=layer.getchannel("A"))
    return flat


def shrunk(image: "Image.Image", longest: int) -> "Image.Image":
    """The picture with no side longer than that; itself if none is."""
    from PIL.Image import Resampling

    if max(image.size) <= longest:
        return image
    if image.mode in ("P", "1"):
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    return image.resize(size_within(image.size, longest), Resampling.LANCZOS, reducing_gap=2.0)


def size_within(size: tuple[int, int], longest: int) -> tuple[int, int]:
    """The size with the same proportions whose longer side is `longest`, or the size itself."""
    width, height = size
    factor = min(longest / max(size), 1)
    return max(round(width * factor), 1), max(round(height * factor), 1)


def smaller_jpegs(image: "Image.Image") -> Iterator[tuple[bytes, tuple[int, int]]]:
    """Ever smaller files of an upright picture with their sizes in pixels, by `STEPS`."""
    tried = 101
    for longest, quality in STEPS:
        if longest >= max(image.size):
            if quality >= tried:
                continue
            tried = quality
        step = flattened(shrunk(image, longest))
        yield jpegs.encoded(step, quality=quality, subsampling="4:2:0"), step.size
