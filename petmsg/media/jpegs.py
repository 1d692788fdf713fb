"""Reads and writes JPEG so that a picture that is only cleaned keeps its pixels.

Decoding to RGB and encoding again changes each pixel a little. What is changed least: luma and
chroma are decoded as they are stored, without a change of colours or size, and encoded with the
quantization tables they had.
"""

import io
from typing import TYPE_CHECKING, Any

from petmsg.errors import MediaNotAccepted

if TYPE_CHECKING:
    from PIL import Image, JpegImagePlugin

MOST_COEFFICIENTS = 80_000_000
"""Two bytes each are what a progressive JPEG takes while it is decoded: 53 megapixels as phones
store them."""
_KEPT = 13_000_000
"""Up to so many pixels are kept as they are, if the file is small enough."""
_HALF = 2
"""What Pillow calls 4:2:0, where chroma has half the width and height."""


def opened(content: bytes) -> "JpegImagePlugin.JpegImageFile":
    """The JPEG, its pixels not decoded yet. What follows its end is ignored.

    Raises `MediaNotAccepted` for one that would take too much memory, and what Pillow raises.
    """
    from PIL import JpegImagePlugin

    # Not Image.open, which looks for a second picture and warns about its metadata.
    image = JpegImagePlugin.JpegImageFile(io.BytesIO(content))
    largest = [max(layer[part] for layer in image.layer) for part in (1, 2)]
    share = sum(h * v / (largest[0] * largest[1]) for _, h, v, _ in image.layer)
    if image.width * image.height * share > MOST_COEFFICIENTS:
        raise MediaNotAccepted(
            f"The picture has {image.width} × {image.height} pixels, which are too many.",
            hint="Make it smaller first.",
        )
    return image


def may_keep_pixels(image: "JpegImagePlugin.JpegImageFile", size: int, budget: int) -> bool:
    """Whether the picture may fit the budget without being scaled; `size` is that of its file."""
    metadata = sum(len(segment) for _, segment in image.applist)
    pixels = image.width * image.height
    return pixels <= _KEPT and (pixels <= _KEPT // 4 or size - metadata <= budget * 1.5)


def decoded(content: bytes, *, near: tuple[int, int] | None = None) -> "Image.Image":
    """The picture in YCbCr, L, RGB or CMYK. With `near` it has at least that size, and is decoded
    at a half, a quarter or an eighth of its own if that is enough."""
    image = opened(content)
    image.draft("YCbCr" if _is_ycbcr(image) else None, near)
    image.load()
    return image


def decoded_mode(image: "JpegImagePlugin.JpegImageFile") -> str:
    """The mode in which `decoded` gives this picture."""
    return "YCbCr" if _is_ycbcr(image) else image.mode


def decoded_exactly(content: bytes) -> "Image.Image":
    """The picture as `decoded` gives it, but chroma that is stored at half size is repeated and
    not smoothed, so that encoding it gives the same values again."""
    from PIL import Image, JpegImagePlugin

    image = decoded(content)
    if image.mode != "YCbCr" or JpegImagePlugin.get_sampling(image) != _HALF:
        return image
    half = decoded(content, near=(max(image.width // 2, 1), max(image.height // 2, 1)))
    if half.size != ((image.width + 1) // 2, (image.height + 1) // 2):
        return image
    chroma = (
        half.getchannel(number)
        .resize((half.width * 2, half.height * 2), Image.Resampling.NEAREST)
        .crop((0, 0, image.width, image.height))
        for number in (1, 2)
    )
    return Image.merge("YCbCr", (image.getchannel(0), *chroma))


def tables_of(image: "JpegImagePlugin.JpegImageFile") -> dict[str, Any]:
    """What `encoded` needs to write a picture as this one was written."""
    from PIL import JpegImagePlugin

    return {
        "qtables": image.quantization,
        "subsampling": JpegImagePlugin.get_sampling(image),
        "progressive": bool(image.info.get("progressive")),
        "keep_rgb": len(image.layer) == 3 and not _is_ycbcr(image),
    }


def encoded(image: "Image.Image", **options: Any) -> bytes:
    """The bytes of the picture, without any metadata."""
    file = io.BytesIO()
    options = {"comment": b"", "exif": b"", "xmp": b"", "icc_profile": None, **options}
    image.save(file, "JPEG", **options)
    return file.getvalue()


def _is_ycbcr(image: "JpegImagePlugin.JpegImageFile") -> bool:
    """Whether three components are luma and chroma: libjpeg's rule (`default_decompress_parms`)."""
    if len(image.layer) != 3:
        return False
    if "jfif" in image.info:
        return True
    if "adobe_transform" in image.info:
        return bool(image.info["adobe_transform"])
    return bytes(layer[0] for layer in image.layer) != b"RGB"
