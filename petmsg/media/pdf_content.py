"""Writes the drawing commands of a PDF anew: no comments, no marks, no unknown commands."""

from typing import Any

from petmsg.errors import MediaNotAccepted

_OPERATORS = frozenset(
    b"b B b* B* BT BX c cm cs CS d d0 d1 Do ET EX f F f* G g gs h i j J K k l m M n q Q re RG rg"
    b" ri s S sc SC scn SCN sh T* Tc Td TD Tf Tj TJ TL Tm Tr Ts Tw Tz v w W W* y ' \"".split()
)
"""All of ISO 32000-1, annex A, but for those of marked content, which draw nothing."""
_JPEG_INSIDE = ("/DCT", "/DCTDecode", "/JPX", "/JPXDecode")


def cleaned_content(stream: Any) -> bytes:
    """The commands of a pypdf `ContentStream` that draw something.

    Raises `MediaNotAccepted` for a JPEG among the commands, and what pypdf raises.
    """
    kept = []
    for operands, operator in stream.operations:
        if operator == b"INLINE IMAGE":
            _refuse_jpeg(operands["settings"])
            kept.append((operands, operator))
        elif operator in _OPERATORS:
            kept.append((operands, operator))
    if not kept:
        return b""
    stream.operations = kept
    content: bytes = stream.get_data()
    return content


def _refuse_jpeg(settings: Any) -> None:
    filters = settings.get("/F", settings.get("/Filter", ()))
    names = filters if isinstance(filters, list) else [filters]
    if any(name in _JPEG_INSIDE for name in names):
        raise MediaNotAccepted(
            "A picture in the PDF cannot be cleaned.",
            hint="Print it to a new PDF and send that one.",
        )
