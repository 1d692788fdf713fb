"""What a picture says about where, when, by whom and with what it was made, in plain words."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL import ImageFile

POSITION, CAMERA, OWNER, THUMBNAIL = "position", "camera", "owner", "thumbnail"
COMMENT, TIME, COLORS, OTHER = "comment", "time", "color profile", "other data"
ANIMATION = "animation"
ORDER = (POSITION, CAMERA, OWNER, THUMBNAIL, COMMENT, TIME, COLORS, ANIMATION, OTHER)

# Numbers of EXIF 2.32's tags.
_IN_EXIF = {
    POSITION: {0x9C9B},
    CAMERA: {0x010F, 0x0110, 0x0131, 0x927C, 0xA431, 0xA433, 0xA434, 0xA435},
    OWNER: {0x013B, 0x8298, 0xA430, 0x9C9D},
    COMMENT: {0x010E, 0x9286, 0x9C9C, 0x9C9F},
    TIME: {0x0132, 0x9003, 0x9004},
}
# Records of IPTC's IIM 4.2, in record 2.
_IN_IPTC = {
    POSITION: {90, 92, 95, 100, 101},
    OWNER: {80, 85, 110, 116},
    COMMENT: {5, 25, 105, 120},
    TIME: {55, 60},
}
_IN_XMP = {
    POSITION: rb"GPS(Latitude|Longitude|Position)|photoshop:(City|State)|Iptc4xmpCore:Location",
    CAMERA: rb"SerialNumber|tiff:(Make|Model)|CreatorTool|aux:Lens",
    OWNER: rb"dc:(creator|rights)|photoshop:(AuthorsPosition|Credit)|xmpRights:",
    THUMBNAIL: rb"xmp:Thumbnails|xmpGImg:image",
    COMMENT: rb"dc:(description|title|subject)|UserComment",
    TIME: rb"CreateDate|ModifyDate|DateTimeOriginal|DateCreated",
}
_COMMENTS = {"comment", "description", "title"}
_THUMBNAIL_OF_PHOTOSHOP = (1033, 1036)
_EXIF_DIRECTORY, _GPS_DIRECTORY, _THUMBNAIL_DIRECTORY = 0x8769, 0x8825, -1  # as Pillow numbers them


def described(image: "ImageFile.ImageFile") -> set[str]:
    """What the picture's metadata holds. Call it after the pixels were loaded: a PNG has some
    behind them. Metadata that cannot be read is `OTHER`."""
    found: set[str] = set()
    for look in (_in_exif, _in_xmp, _in_iptc, _in_texts):
        try:
            found.update(look(image))
        except Exception:  # noqa: BLE001 because a library reads bytes that anybody wrote
            found.add(OTHER)
    return found


def in_order(words: set[str]) -> tuple[str, ...]:
    """The words as they are listed for people: the position first."""
    return tuple(word for word in ORDER if word in words)


def _in_exif(image: "ImageFile.ImageFile") -> Iterator[str]:
    if not image.info.get("exif"):
        return
    exif = image.getexif()
    tags = {*exif, *exif.get_ifd(_EXIF_DIRECTORY)}
    yield from (word for word, known in _IN_EXIF.items() if tags & known)
    if exif.get_ifd(_GPS_DIRECTORY):
        yield POSITION
    if exif.get_ifd(_THUMBNAIL_DIRECTORY):
        yield THUMBNAIL
    if not tags & set().union(*_IN_EXIF.values()):
        yield OTHER


def _in_xmp(image: "ImageFile.ImageFile") -> Iterator[str]:
    xmp = image.info.get("xmp")
    if not xmp:
        return
    content = xmp if isinstance(xmp, bytes) else str(xmp).encode()
    words = [word for word, pattern in _IN_XMP.items() if re.search(pattern, content)]
    yield from words or [OTHER]


def _in_iptc(image: "ImageFile.ImageFile") -> Iterator[str]:
    resources: Any = image.info.get("photoshop")
    if not resources:
        return
    from PIL import IptcImagePlugin

    if any(number in resources for number in _THUMBNAIL_OF_PHOTOSHOP):
        yield THUMBNAIL
    records = {number for record, number in IptcImagePlugin.getiptcinfo(image) or {} if record == 2}
    words = [word for word, known in _IN_IPTC.items() if records & known]
    yield from words or [OTHER]


def _in_texts(image: "ImageFile.ImageFile") -> Iterator[str]:
    """Comments, the texts of a PNG, an ICC profile, and a second picture behind the first."""
    texts: Any = getattr(image, "text", None) or {}
    for name in {*texts, *image.info.keys()}:
        lower = str(name).lower()
        if lower in _COMMENTS:
            yield COMMENT
        elif lower in ("author", "copyright", "artist"):
            yield OWNER
        elif lower in ("software", "source"):
            yield CAMERA
        elif lower in ("creation time", "date:create"):
            yield TIME
        elif name in texts and name != "XML:com.adobe.xmp":
            yield OTHER
    if image.info.get("icc_profile"):
        yield COLORS
    if "mp" in image.info:
        yield THUMBNAIL
