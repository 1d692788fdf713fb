"""No file takes more than 300 MB of memory, whether it is sent, scaled or refused."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from benchmarks.measure import watched
from tests import ROOT
from tests.support import pictures

MOST_BYTES = 300_000_000

PREPARE = """
import sys
from petmsg.errors import PetmsgError
from petmsg.media.prepare import prepare, thumbnail
content = open(sys.argv[1], "rb").read()
for keep_metadata in (False, True):
    try:
        prepare(content, name="rex", keep_metadata=keep_metadata)
    except PetmsgError as problem:
        assert problem.exit_code == 4, problem
try:
    thumbnail(content)
except PetmsgError:
    pass
"""


def flat(width: int, height: int, mode: str = "RGB") -> Image.Image:
    return Image.new(mode, (width, height), 90 if mode == "L" else None)


def moving(width: int, height: int, frames: int) -> bytes:
    drawn = [Image.new("RGB", (width, height), (each, 0, 0)).quantize(4) for each in range(frames)]
    return pictures.saved(drawn[0], "GIF", save_all=True, append_images=drawn[1:])


def unpacked_pdf() -> bytes:
    """Return a PDF whose page has 200 MB of commands in 200 kB."""
    import zlib

    packed = zlib.compressobj(9)
    many = b"".join(packed.compress(b"0 0 m " * 100_000) for _ in range(330)) + packed.flush()
    return pictures.pdf_with_stream(many)


FILES: dict[str, Callable[[], bytes]] = {
    "12 megapixels": pictures.photo_of_12_megapixels,
    "50 megapixels": lambda: pictures.saved(flat(8160, 6120), "JPEG"),
    "50 megapixels, progressive": lambda: pictures.saved(flat(8160, 6120), progressive=True),
    "26 megapixels, all colours, turned": lambda: pictures.photo_with_position(
        5888, 4416, subsampling=0, progressive=True, orientation=6
    ),
    "2 gigapixels": lambda: pictures.photo_that_claims(45_000, 45_000),
    "a PNG bomb": pictures.bomb,
    "a bomb of text": pictures.text_bomb,
    "a PNG of 20 megapixels, turned": lambda: pictures.saved(
        flat(5000, 4000, "RGBA"), "PNG", exif=pictures.exif(pictures.Private(), orientation=6)
    ),
    "a GIF of 20 megapixels": lambda: pictures.saved(flat(5000, 4000).quantize(4), "GIF"),
    "a GIF of 8 large frames": lambda: moving(3000, 2000, 8),
    "a GIF of 39 frames": lambda: moving(1000, 1000, 39),
    "a WebP of 14 megapixels": lambda: pictures.saved(flat(4000, 3500), "WEBP", method=0),
    "a WebP of 20 megapixels": lambda: pictures.saved(flat(5000, 4000), "WEBP", method=0),
    "a PDF bomb": unpacked_pdf,
    "a PDF of 12 megapixels": lambda: pictures.pdf_with_metadata(
        jpeg=pictures.photo_of_12_megapixels()
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_no_file_takes_much_memory(name: str, tmp_path: Path) -> None:
    file = tmp_path / "rex"
    file.write_bytes(FILES[name]())
    ran = watched([sys.executable, "-c", PREPARE, str(file)], {"PYTHONPATH": str(ROOT)})
    assert ran.peak_memory < MOST_BYTES
