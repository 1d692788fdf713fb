"""Animated GIFs: cleaned frame by frame."""

import io
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL import Image

MOST_FRAMES = 500
MOST_PIXELS_TOGETHER = 40_000_000
"""Of all frames: Pillow keeps one byte for each pixel until the file is written."""


def is_animated(image: "Image.Image") -> bool:
    """Whether the picture has more than one frame."""
    return bool(getattr(image, "is_animated", False))


def still_or_animation(image: "Image.Image", *, budget: int) -> bytes | None:
    """The GIF without comments and other data, as long and as often shown as it was.

    None if it has too many frames or does not fit the budget: then its first frame is all that can
    be sent. Raises what Pillow raises for a damaged file. The image is at another frame afterwards.
    """
    frames: list[Image.Image] = []
    durations: list[int] = []
    options: dict[str, Any] = {}
    if "loop" in image.info:
        options["loop"] = image.info["loop"]
    most = min(MOST_FRAMES, MOST_PIXELS_TOGETHER // (image.width * image.height))
    size = image.size
    while True:
        if len(frames) == most or image.size != size:
            return None
        frames.append(_frame(image))
        durations.append(int(image.info.get("duration", 0)))
        try:
            image.seek(image.tell() + 1)
        except EOFError:
            break
    file = io.BytesIO()
    frames[0].save(
        file,
        "GIF",
        save_all=True,
        append_images=frames[1:],
        duration=durations,
        disposal=2 if any(frame.has_transparency_data for frame in frames) else 0,
        optimize=False,
        **options,
    )
    return file.getvalue() if file.tell() <= budget else None


def _frame(image: "Image.Image") -> "Image.Image":
    """The frame as it is seen, with a palette of its own and nothing else."""
    from PIL.Image import Dither

    image.load()
    frame = image.copy()
    transparency = frame.info.get("transparency")
    frame.info = {}
    if frame.mode in ("P", "L") and transparency is not None:
        frame.info["transparency"] = transparency
    elif frame.mode == "RGB":
        colors = frame.getcolors(256)
        frame = frame.quantize(256 if colors is None else len(colors), dither=Dither.NONE)
    elif frame.mode == "RGBA":
        frame = frame.quantize(255, dither=Dither.NONE)
    return frame
