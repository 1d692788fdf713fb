"""Takes everything from a PDF but what its pages show, and makes it small enough to be carried."""

import io
from typing import TYPE_CHECKING, Any

from petmsg.errors import MediaNotAccepted, MediaTooLarge
from petmsg.media import metadata
from petmsg.media.content_types import PDF
from petmsg.media.pdf_copy import Copier
from petmsg.media.pictures import Cleaned

if TYPE_CHECKING:
    from pypdf import PdfReader

MOST_PAGES = 100
MOST_DECODED = 40_000_000
"""Bytes of one stream of a PDF when it is unpacked."""
SCRIPTS, FILES, LINKS, NOTES = "scripts", "attached files", "links", "notes"
BOOKMARKS, FIELDS = "bookmarks", "form fields"
_ORDER = (*metadata.ORDER, SCRIPTS, FILES, LINKS, NOTES, FIELDS, BOOKMARKS)
_IN_INFO = {
    "/Author": metadata.OWNER,
    "/Title": metadata.COMMENT,
    "/Subject": metadata.COMMENT,
    "/Keywords": metadata.COMMENT,
    "/CreationDate": metadata.TIME,
    "/ModDate": metadata.TIME,
}
_IN_ANNOTATIONS = {
    "/Link": LINKS,
    "/FileAttachment": FILES,
    "/Widget": FIELDS,
    "/Screen": SCRIPTS,
    "/RichMedia": FILES,
    "/Sound": FILES,
    "/Movie": FILES,
}
_HARMLESS = ("/GoTo", "/GoToR", "/URI", "/Named")
_LONGEST_SIDES = (None, 1600, 1024, 640)
"""Of the pictures in a PDF that is too large, tried in this order. None leaves them as they are."""


def clean_document(content: bytes, *, budget: int) -> Cleaned:
    """The pages, drawn as they were, in a new PDF of at most `budget` bytes.

    What is filled into a form stays to be seen. Raises `MediaNotAccepted` for a PDF with a
    password, hidden layers or too many pages, `MediaTooLarge`, and what pypdf and Pillow raise.
    """
    for longest in _LONGEST_SIDES:
        written, removed = _written(content, longest=longest)
        if len(written) <= budget:
            return Cleaned(written, PDF, removed, longest is not None, None, None)
    raise MediaTooLarge(f"The PDF cannot be made smaller than {budget:,} bytes.")


def check_document(content: bytes) -> None:
    """Read the whole PDF. Raises as `clean_document` does, and `MediaNotAccepted` for one that
    holds scripts or files, or ends otherwise than a PDF."""
    if not content.rstrip(b"\r\n \0").endswith(b"%%EOF"):
        raise MediaNotAccepted(
            "There is something else behind the PDF.",
            hint="Send it without --keep-metadata: then only its pages are sent.",
        )
    _, removed = _written(content, longest=None)
    unsafe = [word for word in (SCRIPTS, FILES) if word in removed]
    if unsafe:
        raise MediaNotAccepted(
            f"The PDF contains {' and '.join(unsafe)}.",
            hint="Send it without --keep-metadata: then only its pages are sent.",
        )


def _written(content: bytes, *, longest: int | None) -> tuple[bytes, tuple[str, ...]]:
    import pypdf

    with pypdf.apply_configuration(
        zlib_maximum_output_length=MOST_DECODED,
        lzw_maximum_output_length=MOST_DECODED,
        run_length_maximum_output_length=MOST_DECODED,
        brotli_maximum_output_length=MOST_DECODED,
        array_based_stream_maximum_output_length=MOST_DECODED,
        stream_decoding_work_maximum_length=2 * MOST_DECODED,
        page_tree_maximum_entries=10 * MOST_PAGES,
        jbig2dec_binary=None,
    ):
        reader = pypdf.PdfReader(io.BytesIO(content))
        words = _described(reader)
        writer = pypdf.PdfWriter()
        writer.metadata = None
        copier = Copier(writer, longest=longest)
        for page in reader.pages:
            copier.add_page(page)
        words |= copier.words
        file = io.BytesIO()
        writer.write(file)
    return file.getvalue(), tuple(word for word in _ORDER if word in words)


def _described(reader: "PdfReader") -> set[str]:
    """What the document holds besides its pages. Refuses one that is not safe to clean."""
    if reader.is_encrypted:
        raise MediaNotAccepted(
            "The PDF is encrypted.", hint="Print it to a new PDF and send that one."
        )
    pages = len(reader.pages)
    if not 0 < pages <= MOST_PAGES:
        raise MediaNotAccepted(f"The PDF has {pages} pages; at most {MOST_PAGES} are accepted.")
    root: Any = reader.trailer["/Root"]
    _refuse_hidden_layers(root)
    info: Any = reader.trailer.get("/Info")
    keys = {*info.get_object()} if info is not None else set()
    words = {_IN_INFO.get(key, metadata.OTHER) for key in keys}
    if "/Metadata" in root or "/PieceInfo" in root:
        words.add(metadata.OTHER)
    names: Any = root.get("/Names", {})
    if "/JavaScript" in names or _runs(root.get("/OpenAction")) or _runs_any(root.get("/AA")):
        words.add(SCRIPTS)
    if "/EmbeddedFiles" in names or "/AF" in root or "/Collection" in root:
        words.add(FILES)
    if "/Outlines" in root:
        words.add(BOOKMARKS)
    if "/AcroForm" in root:
        words.add(FIELDS)
    for page in reader.pages:
        words |= _beside_the_page(page)
    return words


def _beside_the_page(page: Any) -> set[str]:
    """What the page holds that is not drawn."""
    words: set[str] = set()
    if _runs_any(page.get("/AA")):
        words.add(SCRIPTS)
    if "/Thumb" in page:
        words.add(metadata.THUMBNAIL)
    if page.keys() & {"/Metadata", "/PieceInfo", "/LastModified"}:
        words.add(metadata.OTHER)
    if page.keys() & {"/VP", "/LGIDict"}:
        words.add(metadata.POSITION)
    for entry in page.get("/Annots") or ():
        annotation = entry.get_object()
        words.add(_IN_ANNOTATIONS.get(annotation.get("/Subtype"), NOTES))
        if _runs(annotation.get("/A")) or _runs_any(annotation.get("/AA")):
            words.add(SCRIPTS)
    return words


def _runs(action: Any) -> bool:
    """Whether an action does more than go to a page or open an address."""
    if not isinstance(action, dict):  # None, or the page to begin at
        return False
    return action.get("/S") not in _HARMLESS or "/Next" in action


def _runs_any(actions: Any) -> bool:
    return actions is not None and any(_runs(actions[key]) for key in actions)


def _refuse_hidden_layers(root: Any) -> None:
    """Layers that are switched off would be seen by the recipient, because all layers stay."""
    layers: Any = root.get("/OCProperties")
    if not layers:
        return
    usual: Any = layers.get("/D", {})
    if usual.get("/OFF") or usual.get("/BaseState") in ("/OFF", "/Unchanged"):
        raise MediaNotAccepted(
            "The PDF has hidden layers.", hint="Print it to a new PDF and send that one."
        )
