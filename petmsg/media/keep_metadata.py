"""Files that keep their metadata, because somebody said so: read to the end, and not changed."""

from petmsg.errors import MediaNotAccepted
from petmsg.media import jpegs
from petmsg.media.content_types import GIF, JPEG, PNG, WEBP
from petmsg.media.pictures import Cleaned, check_picture, decoded
from petmsg.media.pixels import flattened

_ENDS = {JPEG: b"\xff\xd9", PNG: b"IEND\xaeB`\x82", GIF: b";"}
"""What the last bytes are (ITU-T T.81, B.1.1.3; PNG, 11.2.5; GIF89a, 27)."""


def kept_picture(content: bytes, content_type: str) -> Cleaned:
    """The same bytes; a WebP becomes a JPEG with the same EXIF, XMP and ICC profile.

    Raises `MediaNotAccepted` for a file with something behind the picture, and what Pillow raises.
    """
    width, height = check_picture(content, content_type)
    if content_type == WEBP:
        image = decoded(content, content_type)
        about = {name: image.info.get(name) or b"" for name in ("exif", "xmp", "icc_profile")}
        written = jpegs.encoded(flattened(image), quality=90, **about)
        return Cleaned(written, JPEG, (), False, width, height)
    if not content.endswith(_ENDS[content_type]):
        raise MediaNotAccepted(
            "There is something else behind the picture.",
            hint="Send it without --keep-metadata: then only the picture is sent.",
        )
    return Cleaned(content, content_type, (), False, width, height)


def kept_document(content: bytes, content_type: str) -> Cleaned:
    """The same bytes. Raises `MediaNotAccepted` for a PDF with scripts or files in it, and what
    pypdf raises."""
    from petmsg.media.documents import check_document

    check_document(content)
    return Cleaned(content, content_type, (), False, None, None)
