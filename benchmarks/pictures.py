"""Making a photo ready to be sent, against the same steps in a bare Pillow script.

The photo has 12 megapixels, and a position, a camera and a thumbnail. The peer halves it while it
is decoded, turns it upright and encodes it with the same quality; petmsg looks at the file first,
says what it removed, and tries until the file is small enough for a carrier.
"""

import io

from benchmarks.bench import Bench
from benchmarks.measure import Row, seconds, take_turns
from petmsg.media.pixels import STEPS
from petmsg.media.prepare import BUDGET, prepare
from tests.support import pictures

_ORIENTATION = 0x0112


def measure(bench: Bench) -> list[Row]:
    """The rows of pictures."""
    from PIL import features

    width, height = bench.few(4032, 1008), bench.few(3024, 756)
    rows = []
    for what, orientation in (("upright", 1), ("turned", 6)):
        content = pictures.photo_of_12_megapixels(
            width=width,
            height=height,
            exif=pictures.exif(pictures.Private(), orientation=orientation),
        )
        cleaned = prepare(content, name="rex.jpg")
        assert cleaned.scaled is not bench.quick
        assert len(cleaned.content) <= BUDGET
        took = take_turns(
            {
                "petmsg": lambda content=content: seconds(  # type: ignore[misc]
                    lambda: prepare(content, name="rex.jpg")
                ),
                "bare": lambda content=content: seconds(lambda: _bare(content)),  # type: ignore[misc]
            },
            bench.few(15, 1),
        )
        rows.append(
            Row(
                "pictures",
                f"clear and scale {width} × {height}, {what}",
                took["petmsg"],
                "a bare Pillow script",
                took["bare"],
                at_most=1.5,
            )
        )
    bench.notes.append(f"Pictures: libjpeg-turbo {features.version('libjpeg_turbo')}.")
    return rows


def _bare(content: bytes) -> bytes:
    """What a script of a few lines does."""
    from PIL import Image, ImageOps

    longest, quality = STEPS[0]
    image = Image.open(io.BytesIO(content))
    image.draft("RGB", (longest, longest * image.height // image.width))
    image.load()
    upright = ImageOps.exif_transpose(image)
    upright.thumbnail((longest, longest))
    upright.info.clear()
    file = io.BytesIO()
    upright.save(file, "JPEG", quality=quality)
    assert file.tell() <= BUDGET
    return file.getvalue()
