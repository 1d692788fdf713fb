"""Which encoding a text file has, and its text, decoded piece by piece.

UTF-8 and UTF-16 prove themselves. Any other encoding must be named: its bytes are valid in a dozen
others, and a wrong guess would change names without an error.
"""

import codecs
import io

from petmsg.errors import MalformedFile, OutOfRange, quoted

_PIECE = 1 << 20
_SAMPLE = 4096
_HINT = (
    "Save it as CSV UTF-8, or name its encoding: --encoding windows-1252 (Excel on Windows), "
    "--encoding mac-roman (Excel on a Mac)."
)
_NO_TABLE = frozenset(("idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined"))
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def encoding_of(content: bytes, named: str | None = None) -> str:
    """Return the encoding of the file as Python names it; `named` is what the user says it is.

    Raises `OutOfRange` for an unknown name, `MalformedFile` if the file is not in that encoding or
    in none that is recognised.
    """
    marked = next((name for mark, name in _MARKS if content.startswith(mark)), None)
    if named is not None:
        chosen = _known(named)
        if marked is not None and chosen in ("utf-8", marked):
            chosen = marked
        _check(content, chosen, hint="Try another encoding, or save the file as CSV UTF-8.")
        return chosen
    found = marked or _without_mark(content)
    _check(content, found, hint=_HINT)
    return found


def spoken(encoding: str) -> str:
    """The encoding as people write it."""
    return {"utf-8-sig": "UTF-8", "cp1252": "windows-1252"}.get(
        encoding, encoding.upper() if encoding.startswith("utf") else encoding
    )


def decoded(content: bytes, encoding: str, *, newline: str) -> io.TextIOWrapper:
    """The text, decoded while it is read."""
    return io.TextIOWrapper(io.BytesIO(content), encoding, newline=newline)


def _known(name: str) -> str:
    try:
        info = codecs.lookup(name)
    except (LookupError, ValueError, UnicodeError):
        info = None
    is_text = info is not None and getattr(info, "_is_text_encoding", True)
    if info is None or not is_text or info.name.replace("_", "-") in _NO_TABLE:
        raise OutOfRange(
            f"Unknown encoding {quoted(name)}.",
            hint="For example windows-1252, iso-8859-15, mac-roman, utf-16 or utf-8.",
        )
    return info.name.replace("_", "-")


def _without_mark(content: bytes) -> str:
    """UTF-16 without a byte order mark has a NUL in nearly every second byte of a Latin text."""
    sample = content[:_SAMPLE]
    half = len(sample) // 2
    if half and sample[1::2].count(0) > half * 0.6 and sample[::2].count(0) < half * 0.2:
        return "utf-16-le"
    if half and sample[::2].count(0) > half * 0.6 and sample[1::2].count(0) < half * 0.2:
        return "utf-16-be"
    return "utf-8"


def _check(content: bytes, encoding: str, *, hint: str) -> None:
    """Raise `MalformedFile` with the first line that is not in the encoding."""
    decoder = codecs.getincrementaldecoder(encoding)()
    line = 1
    try:
        for start in range(0, len(content), _PIECE):
            line += decoder.decode(content[start : start + _PIECE]).count("\n")
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as problem:
        line += problem.object[: problem.start].decode(encoding, "replace").count("\n")
        raise MalformedFile(f"Line {line} is not {spoken(encoding)}.", hint=hint) from None
    except UnicodeError:
        raise MalformedFile(f"The file is not {spoken(encoding)}.", hint=hint) from None
