"""Pictures and files of a message in words. Standard library only."""

from collections.abc import Sequence
from typing import Any

from petmsg.enums.media import MediaStatus
from petmsg.plurals import counted

_KINDS = {
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/gif": "GIF",
    "image/webp": "WebP",
    "image/heic": "HEIC",
    "image/avif": "AVIF",
    "application/pdf": "PDF",
    "text/vcard": "contact card",
    "text/x-vcard": "contact card",
    "video/mp4": "MP4 video",
    "video/3gpp": "3GP video",
    "video/quicktime": "QuickTime video",
    "audio/amr": "AMR audio",
    "audio/mpeg": "MP3 audio",
}


def size_of(size: int) -> str:
    """A size in bytes as people read it, in decimal units: `412 kB`."""
    if size < 1000:
        return counted(size, "byte")
    if size < 999_500:
        return f"{size / 1000:.0f} kB"
    return f"{size / 1_000_000:.1f} MB"


def kind_of(content_type: str) -> str:
    """A media type as people call it: `JPEG`."""
    return _KINDS.get(content_type, content_type)


def picture_notes(media: Sequence[Any], media_count: int) -> list[str]:
    """What is said of each picture of a message: `[rex.jpg, 412 kB, JPEG]`.

    A message without `media` is from before pictures were stored: the provider has them. The
    sender's names are not escaped.
    """
    if not media and media_count:
        return [f"[{counted(media_count, 'picture')}, kept by the provider]"]
    return [f"[{_note(each)}]" for each in media]


def words_with_pictures(body: str | None, media: Sequence[Any] | None, media_count: int) -> str:
    """A message in one line: its words and its pictures."""
    words = "[erased]" if body is None else body.strip()
    return " ".join([*filter(None, [words]), *picture_notes(media or (), media_count)]) or "[empty]"


def noun_of(content_type: str | None) -> str:
    """`picture` for what is one or may be one, else `file`."""
    return "picture" if content_type is None or content_type.startswith("image/") else "file"


def _note(row: Any) -> str:
    noun = noun_of(row.content_type)
    match row.status:
        case MediaStatus.MISSING:
            return f"{noun} being fetched"
        case MediaStatus.LOST:
            why = f": {row.error.rstrip('.')}" if row.error else ""
            return f"{noun} lost{why}; petmsg media fetch {row.fetched_as}"
        case MediaStatus.ERASING | MediaStatus.ERASED:
            return f"{noun} erased"
    known = [
        row.name or noun,
        *([] if row.size is None else [size_of(row.size)]),
        *([] if row.content_type is None else [kind_of(row.content_type)]),
    ]
    if row.status == MediaStatus.LINKED:
        known.append("at a web address")
    return ", ".join(known)


def previewed(media: Any) -> str:
    """A file in one line: its name, type, sizes and what was removed."""
    if media.url is not None:
        return f"{media.name} (fetched from {media.url})"
    size = f"{media.size:,} bytes"
    if media.size != media.original_size:
        size = f"{media.original_size:,} bytes, {media.size:,} after"
    gone = f", without {', '.join(media.removed)}" if media.removed else ""
    return f"{media.name} ({media.content_type}, {size}{', scaled down' * media.scaled}{gone})"
