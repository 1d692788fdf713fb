"""Makes a file ready to be sent: checked by its content, cleaned, and small enough.

Nothing of a file is believed: not its name, its header, nor that what it contains ends where it
should. What is sent is written anew by Pillow or pypdf.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NoReturn

from petmsg.errors import MediaNotAccepted, MediaTooLarge, PetmsgError, quoted
from petmsg.media.content_types import (
    AVIF,
    GIF,
    HEIC,
    JPEG,
    PDF,
    PICTURES,
    PNG,
    VCARD,
    WEBP,
    content_type_of,
    extension_of,
)
from petmsg.media.libraries import need_pillow, need_pypdf
from petmsg.media.pictures import Cleaned
from petmsg.text_inputs import LONGEST_NAME, normal_name

BUDGET = 600_000
"""The bytes of a picture that most carriers in the US take."""
LARGEST_INPUT = 20_000_000
LARGEST_TOGETHER = 5_000_000
"""The bytes of all pictures of a message that Twilio takes (error 11751)."""
_BUDGETS = (450_000, 300_000, 200_000, 120_000, 60_000)
"""For each picture, where all together are too large."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A file that may be sent. Sizes are in bytes, `width` and `height` in pixels.

    `name` is the file's own with the ending of its new type; it is for the company's own eyes.
    Who fetches the file sees `content_types.public_name`. `removed` are plain words such as
    "position" and "camera".
    """

    content: bytes
    content_type: str
    name: str
    original_type: str
    original_size: int
    removed: tuple[str, ...]
    scaled: bool
    width: int | None
    height: int | None


def prepare(
    content: bytes, *, name: str, keep_metadata: bool = False, budget: int = BUDGET
) -> Prepared:
    """The file as it is sent, with at most `budget` bytes and without metadata.

    With `keep_metadata` the bytes stay what they are; only a WebP still becomes a JPEG. Raises
    `MediaNotAccepted` for a type that is not sent, a damaged or dangerous file, `MediaTooLarge`
    for one that cannot be made to fit, and `ExtraMissing`.
    """
    if len(content) > LARGEST_INPUT:
        raise_too_large(name, len(content))
    content_type = content_type_of(content)
    if content_type not in PICTURES and content_type != PDF:
        _refuse(name, content_type, content)
    need_pillow()
    if content_type == PDF:
        need_pypdf()
    try:
        clean = _kept if keep_metadata else _cleaned
        cleaned = clean(content, content_type, budget)
    except (MediaNotAccepted, MediaTooLarge) as problem:
        raise type(problem)(f"{quoted(name)}: {problem.message}", hint=problem.hint) from problem
    except PetmsgError:
        raise
    except Exception as problem:  # because a library reads bytes that anybody wrote
        raise MediaNotAccepted(
            f"{quoted(name)} begins like {_NOUNS[content_type]}, but is damaged or cut off.",
            hint="Open the file, save it anew and try again.",
        ) from problem
    return Prepared(
        content=cleaned.content,
        content_type=cleaned.content_type,
        name=_named(name, cleaned.content_type, content_type),
        original_type=content_type,
        original_size=len(content),
        removed=cleaned.removed,
        scaled=cleaned.scaled,
        width=cleaned.width,
        height=cleaned.height,
    )


def fit_together(
    prepared: Sequence[Prepared], *, limit: int = LARGEST_TOGETHER, keep_metadata: bool = False
) -> list[Prepared]:
    """The files of one message, the larger ones scaled down until all together have at most
    `limit` bytes. Raises `MediaTooLarge` where they cannot be made to fit."""
    files = list(prepared)
    budgets = () if keep_metadata else _BUDGETS
    for budget in budgets:
        if _together(files) <= limit:
            break
        files = [_within(file, budget) for file in files]
    if _together(files) > limit:
        raise MediaTooLarge(
            f"The {len(files)} files have {_together(files):,} bytes together;"
            f" a message carries at most {limit:,}."
        )
    return files


def thumbnail(content: bytes, *, longest: int = 320) -> bytes:
    """A small JPEG of a picture, without metadata. Raises `MediaNotAccepted`, `ExtraMissing`."""
    from petmsg.media.pictures import thumbnail_of

    content_type = content_type_of(content)
    if content_type not in PICTURES or len(content) > LARGEST_INPUT:
        raise MediaNotAccepted("The file is not a picture that can be shown.")
    need_pillow()
    try:
        return thumbnail_of(content, content_type, longest=longest)
    except PetmsgError:
        raise
    except Exception as problem:
        raise MediaNotAccepted("The picture is damaged.") from problem


def raise_too_large(name: str, size: int) -> NoReturn:
    """Refuse a file before it is opened. Raises `MediaTooLarge`."""
    raise MediaTooLarge(
        f"{quoted(name)} has {size:,} bytes; a file to send has at most {LARGEST_INPUT:,}.",
        hint="Send a smaller file.",
    )


# ----------------------------------------------------------------------------------------- cleaning


def _cleaned(content: bytes, content_type: str, budget: int) -> Cleaned:
    if content_type == PDF:
        from petmsg.media.documents import clean_document

        return clean_document(content, budget=budget)
    from petmsg.media.pictures import clean_picture

    return clean_picture(content, content_type, budget=budget)


def _kept(content: bytes, content_type: str, budget: int) -> Cleaned:
    """The bytes as they are, once they were read to the end."""
    from petmsg.media.keep_metadata import kept_document, kept_picture

    keep = kept_document if content_type == PDF else kept_picture
    cleaned = keep(content, content_type)
    if len(cleaned.content) > budget:
        raise MediaTooLarge(
            f"It has {len(cleaned.content):,} bytes; carriers take {budget:,}.",
            hint="Without --keep-metadata, a picture is scaled down to fit.",
        )
    return cleaned


def _within(file: Prepared, budget: int) -> Prepared:
    """The file with at most `budget` bytes, or itself if it cannot be made that small."""
    if len(file.content) <= budget:
        return file
    try:
        smaller = prepare(file.content, name=file.name, budget=budget)
    except MediaTooLarge:
        return file
    return replace(
        file,
        content=smaller.content,
        content_type=smaller.content_type,
        name=smaller.name,
        removed=(*file.removed, *(word for word in smaller.removed if word not in file.removed)),
        scaled=True,
        width=smaller.width,
        height=smaller.height,
    )


def _together(files: Sequence[Prepared]) -> int:
    return sum(len(file.content) for file in files)


# ---------------------------------------------------------------------------------------- refusals

_NOUNS = {
    JPEG: "a JPEG picture",
    PNG: "a PNG picture",
    GIF: "a GIF picture",
    WEBP: "a WebP picture",
    PDF: "a PDF",
    HEIC: "a HEIC picture",
    AVIF: "an AVIF picture",
}


def _refuse(name: str, content_type: str | None, content: bytes) -> NoReturn:
    if content_type == VCARD:
        raise MediaNotAccepted(
            f"{quoted(name)} is a contact card, which has phone numbers in it.",
            hint="Send the words that are meant in the body of the message.",
        )
    if content_type in (HEIC, AVIF):
        raise MediaNotAccepted(
            f"{quoted(name)} is {_NOUNS[content_type]}, which many phones cannot show.",
            hint="Export it as JPEG and send that.",
        )
    if content_type is not None:
        raise MediaNotAccepted(f"{quoted(name)} is of the type {content_type}.")
    raise MediaNotAccepted(f"{quoted(name)} is {_what_else(content)}.")


def _what_else(content: bytes) -> str:
    if not content:
        return "empty"
    start = content[:1000].lower()
    if b"<svg" in start:
        return "an SVG drawing, which may contain scripts"
    if b"<html" in start or b"<!doctype" in start:
        return "an HTML page"
    return "neither a picture nor a PDF"


def _named(name: str, content_type: str, original_type: str) -> str:
    """The name to show, without folders and control characters."""
    base = name.replace("\\", "/").rstrip("/").rpartition("/")[2]
    plain = normal_name("".join(c if c.isprintable() else " " for c in base))
    stem, dot, ending = plain.rpartition(".")
    extension = extension_of(content_type)
    known = {extension_of(original_type), extension, "jpeg", "jpg"}
    if not (dot and stem and ending.isalnum() and len(ending) <= 5):
        stem, ending = plain or "file", ""
    if content_type != original_type or ending.lower() not in known:
        ending = extension
    return f"{stem[: LONGEST_NAME - 10]}.{ending}"
