"""What a file is, by its first bytes. A name or a header may say anything.

The signatures are those of the WHATWG's MIME Sniffing Standard, of ISO 14496-12 for the family of
MP4, and of ISO 11172-3 and 13818-3 for MP3 without a tag.
"""

JPEG, PNG, GIF, WEBP = "image/jpeg", "image/png", "image/gif", "image/webp"
HEIC, AVIF = "image/heic", "image/avif"
PDF, VCARD = "application/pdf", "text/vcard"
MP3, WAV = "audio/mpeg", "audio/wav"

PICTURES = frozenset((JPEG, PNG, GIF, WEBP))
"""What petmsg opens as a picture."""

_EXTENSIONS = {
    JPEG: "jpg",
    PNG: "png",
    GIF: "gif",
    WEBP: "webp",
    HEIC: "heic",
    AVIF: "avif",
    PDF: "pdf",
    VCARD: "vcf",
    "video/mp4": "mp4",
    "video/3gpp": "3gp",
    "video/quicktime": "mov",
    "video/webm": "webm",
    "audio/amr": "amr",
    MP3: "mp3",
    "audio/mp4": "m4a",
    "audio/ogg": "ogg",
    WAV: "wav",
    "text/plain": "txt",
}
_STARTS = (
    (b"\xff\xd8\xff", JPEG),
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"GIF87a", GIF),
    (b"GIF89a", GIF),
    (b"%PDF-", PDF),
    (b"#!AMR", "audio/amr"),
    (b"ID3", MP3),
    (b"OggS", "audio/ogg"),
    (b"\x1a\x45\xdf\xa3", "video/webm"),
)
_IN_RIFF = {b"WEBP": WEBP, b"WAVE": WAV}
_BRANDS = (
    (b"hei", HEIC),
    (b"hev", HEIC),
    (b"mif1", HEIC),
    (b"msf1", HEIC),
    (b"avi", AVIF),
    (b"3g", "video/3gpp"),
    (b"qt", "video/quicktime"),
    (b"M4A", "audio/mp4"),
)


def content_type_of(content: bytes) -> str | None:
    """The media type of the bytes, None if they are of no type that a message carries.

    The first few hundred bytes are enough. HTML and SVG have no type here, whatever they are named.
    """
    for start, content_type in _STARTS:
        if content.startswith(start):
            return content_type
    if content[:4] == b"RIFF":
        return _IN_RIFF.get(content[8:12])
    if content[4:8] == b"ftyp":
        brand = content[8:12]
        named = (of for start, of in _BRANDS if brand.startswith(start))
        return next(named, "video/mp4")
    if _is_mp3_frame(content[:4]):
        return MP3
    if content[:200].removeprefix(b"\xef\xbb\xbf").lstrip().upper().startswith(b"BEGIN:VCARD"):
        return VCARD
    return None


def _is_mp3_frame(header: bytes) -> bool:
    """Whether these are the four bytes with which a frame of MP3 begins: 11 bits that are set, a
    version of MPEG, Layer III, a bit rate and a sampling rate. Version 2.5 is that of phones."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE6 != 0xE2:
        return False
    has_version = header[1] & 0x18 != 0x08
    return has_version and header[2] & 0xF0 != 0xF0 and header[2] & 0x0C != 0x0C


def extension_of(content_type: str) -> str:
    """The usual ending of a file name, without a dot; `bin` for a type that is not known."""
    return _EXTENSIONS.get(content_type, "bin")


def public_name(position: int, content_type: str) -> str:
    """The name under which the recipient's provider fetches a file: `picture-1.jpg`.

    It is made of the position (from 0) and the type alone, because the name that a file has on
    somebody's disk may say where or who.
    """
    noun = "picture" if content_type.startswith("image/") else "file"
    return f"{noun}-{position + 1}.{extension_of(content_type)}"
