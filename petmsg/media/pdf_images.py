"""The pictures inside a PDF: a JPEG there carries the same metadata as one that is alone."""

import io
from typing import Any, NamedTuple

from petmsg.errors import MediaNotAccepted
from petmsg.media import jpegs
from petmsg.media.metadata import described
from petmsg.media.pictures import MOST_PIXELS
from petmsg.media.pixels import shrunk, size_within

_RAW = ("/CCITTFaxDecode", "/CCF", "/JBIG2Decode")
"""Kept as they are: they have no place for metadata, and pypdf cannot pack them again."""


class CleanImage(NamedTuple):
    """A stream with the bytes of a picture, without entries yet. `changes` replace entries that are
    copied from the old stream, `dropped` are left out. `words` are what was removed."""

    stream: Any
    changes: dict[Any, Any]
    dropped: tuple[str, ...]
    words: set[str]


def cleaned_image(image: Any, *, longest: int | None) -> CleanImage:
    """The picture of a stream without metadata. A JPEG keeps its tables and colours, and with
    `longest` gets no longer side. Raises what Pillow and pypdf raise, and `MediaNotAccepted`."""
    from pypdf.generic import DecodedStreamObject, EncodedStreamObject

    names = _filters(image)
    if names and names[-1] in ("/DCTDecode", "/DCT"):
        return _jpeg(image.get_data(), longest)
    if names and names[-1] == "/JPXDecode":
        return _jpeg_2000(image.get_data(), longest)
    if names and names[-1] in _RAW:
        kept = EncodedStreamObject()
        kept._data = image._data
        return CleanImage(kept, {}, (), set())
    plain = DecodedStreamObject()
    plain.set_data(image.get_data())
    packed = plain.flate_encode()
    changes = {key: packed[key] for key in packed}
    return CleanImage(packed, changes, ("/DecodeParms",), set())


def _filters(image: Any) -> list[str]:
    filters = image.get("/Filter")
    filters = None if filters is None else filters.get_object()
    return list(filters) if isinstance(filters, list) else [] if filters is None else [filters]


def _jpeg(content: bytes, longest: int | None) -> CleanImage:
    opened = jpegs.opened(content)
    words = described(opened)
    if longest is None or longest >= max(opened.size):
        same = jpegs.encoded(jpegs.decoded_exactly(content), **jpegs.tables_of(opened))
        return CleanImage(_stream(same), _entries(opened.size, None), (), words)
    near = size_within(opened.size, longest)
    small = shrunk(jpegs.decoded(content, near=near), longest)
    tables = {"keep_rgb": jpegs.tables_of(opened)["keep_rgb"]}
    written = jpegs.encoded(small, quality=75, **tables)
    return CleanImage(_stream(written), _entries(small.size, None), (), words)


def _jpeg_2000(content: bytes, longest: int | None) -> CleanImage:
    """The picture as a JPEG, because Pillow writes no JPEG 2000 without its boxes."""
    from PIL import Jpeg2KImagePlugin

    opened = Jpeg2KImagePlugin.Jpeg2KImageFile(io.BytesIO(content))
    if opened.width * opened.height > MOST_PIXELS:
        raise MediaNotAccepted("A picture in the PDF has too many pixels.")
    opened.load()
    mode = "L" if opened.mode in ("L", "LA", "I;16") else "RGB"
    small = shrunk(opened.convert(mode), longest or max(opened.size))
    colors = "/DeviceGray" if mode == "L" else "/DeviceRGB"
    written = jpegs.encoded(small, quality=90)
    return CleanImage(
        _stream(written), _entries(small.size, colors), ("/SMaskInData", "/Decode"), {"other data"}
    )


def _stream(content: bytes) -> Any:
    from pypdf.generic import EncodedStreamObject

    stream = EncodedStreamObject()
    stream._data = content
    return stream


def _entries(size: tuple[int, int], colors: str | None) -> dict[Any, Any]:
    from pypdf.generic import NameObject, NumberObject

    entries: dict[Any, Any] = {
        NameObject("/Filter"): NameObject("/DCTDecode"),
        NameObject("/Width"): NumberObject(size[0]),
        NameObject("/Height"): NumberObject(size[1]),
        NameObject("/BitsPerComponent"): NumberObject(8),
    }
    if colors is not None:
        entries[NameObject("/ColorSpace")] = NameObject(colors)
    return entries
