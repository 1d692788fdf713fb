"""Copies the pages of a PDF with what is needed to draw them, and nothing else.

Each key that is copied is named here, so that private data under a name nobody knows stays behind.
The names are those of ISO 32000-1; its chapters 7 to 9 and 12.5 say what they mean.
"""

from typing import TYPE_CHECKING, Any

from petmsg.errors import MediaNotAccepted
from petmsg.media.pdf_content import cleaned_content
from petmsg.media.pdf_images import cleaned_image

if TYPE_CHECKING:
    from pypdf import PageObject, PdfWriter

_PAGE = ("MediaBox", "CropBox", "Rotate", "UserUnit", "Group", "Resources")
_DRAWING = """
Type Subtype ExtGState ColorSpace Pattern Shading XObject Font ProcSet FormType BBox Matrix
Resources Group S CS I K
Width Height BitsPerComponent Intent ImageMask Mask Decode Interpolate SMask SMaskInData Matte
Filter DecodeParms Predictor Colors Columns EarlyChange EndOfLine EncodedByteAlign Rows
EndOfBlock BlackIs1 DamagedRowsBeforeError JBIG2Globals ColorTransform
LW LC LJ ML D RI OP op OPM BG BG2 UCR UCR2 TR TR2 FL SM SA BM CA ca AIS TK G BC FunctionType
Domain Range Size BitsPerSample Order Encode C0 C1 N Functions Bounds PatternType PaintType
TilingType XStep YStep ShadingType Background AntiAlias Coords Extend Function BitsPerCoordinate
BitsPerFlag VerticesPerRow
WhitePoint BlackPoint Gamma Alternate
BaseFont FirstChar LastChar Widths FontDescriptor Encoding BaseEncoding Differences ToUnicode
FontBBox FontMatrix CharProcs DescendantFonts CIDSystemInfo DW W DW2 W2 CIDToGIDMap CMapName
WMode UseCMap FontName FontFamily FontStretch FontWeight Flags ItalicAngle Ascent Descent
Leading CapHeight XHeight StemV StemH AvgWidth MaxWidth MissingWidth FontFile FontFile2
FontFile3 CharSet CIDSet Length1 Length2 Length3 Registry Ordering Supplement
"""
"""Keys of resources and forms, of images, of graphics, patterns and shadings, of colours and of
fonts."""
_KEYS = frozenset(f"/{key}" for key in _DRAWING.split())
_NAMED = frozenset(
    f"/{key}"
    for key in ("ExtGState", "ColorSpace", "Pattern", "Shading", "XObject", "Font", "CharProcs")
)
"""Keys of dictionaries whose own keys are names that the document chose."""
_DEVICE_COLORS = {1: "/DeviceGray", 3: "/DeviceRGB", 4: "/DeviceCMYK"}
_MOST_OBJECTS = 20_000
_NOT_DRAWN = frozenset(
    ("/Link", "/Popup", "/Text", "/FileAttachment", "/Sound", "/Movie", "/Screen", "/RichMedia")
)
_HIDDEN, _NO_VIEW = 1 << 1, 1 << 5


class Copier:
    """Copies pages into a writer. `words` collects what the pictures on them carried.

    With `longest`, no picture on a page has a longer side, in pixels.
    """

    def __init__(self, writer: "PdfWriter", *, longest: int | None) -> None:
        self.words: set[str] = set()
        self._writer = writer
        self._longest = longest
        self._copies: dict[tuple[int, int], Any] = {}
        self._count = 0

    def add_page(self, page: "PageObject") -> None:
        """Append a page as it is seen. Raises `MediaNotAccepted` and what pypdf raises."""
        from pypdf import PageObject
        from pypdf.generic import ContentStream, DictionaryObject, NameObject

        new = PageObject(self._writer)
        new[NameObject("/Type")] = NameObject("/Page")
        for key in _PAGE:
            if f"/{key}" in page:
                new[NameObject(f"/{key}")] = self._copied(page.raw_get(f"/{key}"))
        resources = new.get("/Resources")
        if resources is None:
            resources = DictionaryObject()
            new[NameObject("/Resources")] = resources
        drawn = page.get("/Contents")
        content = b"" if drawn is None else cleaned_content(ContentStream(drawn, None))
        content += self._annotations(page, resources.get_object())
        new[NameObject("/Contents")] = self._added(_packed(content))
        self._writer.add_page(new)

    # ----------------------------------------------------------------------------------- objects

    def _copied(self, value: Any, *, named: bool = False) -> Any:
        """A copy of any object; indirect ones are copied once."""
        from pypdf.generic import (
            ArrayObject,
            DictionaryObject,
            IndirectObject,
            NullObject,
            StreamObject,
        )

        self._count += 1
        if self._count > 50 * _MOST_OBJECTS:
            raise MediaNotAccepted("The PDF has too many objects.")
        if isinstance(value, IndirectObject):
            return self._copied_once(value, named=named)
        if isinstance(value, StreamObject):
            return self._added(self._stream(value))
        if isinstance(value, DictionaryObject):
            return self._dictionary(value, DictionaryObject(), named=named)
        if isinstance(value, ArrayObject):
            return self._array(value)
        return NullObject() if value is None else value

    def _copied_once(self, reference: Any, *, named: bool) -> Any:
        from pypdf.generic import DictionaryObject, NullObject, StreamObject

        key = (reference.idnum, reference.generation)
        if key in self._copies:
            return self._copies[key]
        if len(self._copies) > _MOST_OBJECTS:
            raise MediaNotAccepted("The PDF has too many objects.")
        found = reference.get_object()
        if isinstance(found, StreamObject) or not isinstance(found, DictionaryObject):
            self._copies[key] = NullObject()  # for one that contains itself
            copy = self._copied(found)
            self._copies[key] = copy
            return copy
        copy = DictionaryObject()
        self._copies[key] = self._added(copy)
        self._dictionary(found, copy, named=named)
        return self._copies[key]

    def _dictionary(self, value: Any, into: Any, *, named: bool = False) -> Any:
        for key in value:
            if key in _KEYS or (named and isinstance(value[key], (dict, list))):
                into[key] = self._copied(value.raw_get(key), named=not named and key in _NAMED)
        return into

    def _array(self, value: Any) -> Any:
        from pypdf.generic import ArrayObject, NameObject

        if len(value) == 2 and value[0] == "/ICCBased":
            count = value[1].get_object().get("/N")
            return NameObject(_DEVICE_COLORS[int(count)])
        return ArrayObject(self._copied(each) for each in value)

    def _stream(self, value: Any) -> Any:
        """A copy of a stream, unpacked and packed again, so that nothing is hidden behind it."""
        from pypdf.generic import ContentStream, DecodedStreamObject

        if value.get("/Subtype") == "/Image":
            image = cleaned_image(value, longest=self._longest)
            self.words |= image.words
            new = self._dictionary(value, image.stream)
            new.update(image.changes)
            for key in image.dropped:
                new.pop(key, None)
            return new
        if value.get("/Subtype") == "/Form" or value.get("/PatternType") == 1:
            content = cleaned_content(ContentStream(value, None))
        else:
            content = value.get_data()
        new = self._dictionary(value, DecodedStreamObject())
        for key in ("/Filter", "/DecodeParms"):
            new.pop(key, None)
        new.set_data(content)
        return new.flate_encode()

    def _added(self, value: Any) -> Any:
        return self._writer._add_object(value)

    # -------------------------------------------------------------------------------- annotations

    def _annotations(self, page: Any, resources: Any) -> bytes:
        """Draw stamps, filled fields and drawings on the page itself. What only shows when somebody
        clicks on it is left out."""
        from pypdf.generic import DictionaryObject, NameObject

        lines: list[bytes] = []
        for entry in page.get("/Annots") or ():
            annotation = entry.get_object()
            form = _appearance(annotation)
            if form is None:
                continue
            forms = resources.setdefault(NameObject("/XObject"), DictionaryObject()).get_object()
            name = f"/Drawn{len(lines)}"
            forms[NameObject(name)] = self._copied(form)
            numbers = " ".join(f"{number:.4f}" for number in _placed(annotation, form))
            lines.append(f"\nq {numbers} cm {name} Do Q".encode())
        return b"".join(lines)


def _packed(content: bytes) -> Any:
    from pypdf.generic import DecodedStreamObject

    stream = DecodedStreamObject()
    stream.set_data(content)
    return stream.flate_encode()


def _appearance(annotation: Any) -> Any:
    """The form that an annotation shows on the page, None if it shows none."""
    from pypdf.generic import StreamObject

    flags = int(annotation.get("/F", 0))
    if annotation.get("/Subtype") in _NOT_DRAWN or flags & (_HIDDEN | _NO_VIEW):
        return None
    looks = annotation.get("/AP", {}).get("/N")
    form = None if looks is None else looks.get_object()
    if form is not None and not isinstance(form, StreamObject):
        form = form.get(annotation.get("/AS"))
        form = None if form is None else form.get_object()
    return form if isinstance(form, StreamObject) and "/BBox" in form else None


def _placed(annotation: Any, form: Any) -> tuple[float, ...]:
    """The matrix that puts the form's box on the annotation's rectangle (12.5.5, algorithm 8.1)."""
    left, bottom, right, top = (float(each) for each in form["/BBox"])
    a, b, c, d, e, f = (float(each) for each in form.get("/Matrix", (1, 0, 0, 1, 0, 0)))
    corners = [(a * x + c * y + e, b * x + d * y + f) for x in (left, right) for y in (bottom, top)]
    low = [min(corner[axis] for corner in corners) for axis in (0, 1)]
    high = [max(corner[axis] for corner in corners) for axis in (0, 1)]
    x0, y0, x1, y1 = (float(each) for each in annotation["/Rect"])
    wide = (max(x0, x1) - min(x0, x1)) / ((high[0] - low[0]) or 1)
    tall = (max(y0, y1) - min(y0, y1)) / ((high[1] - low[1]) or 1)
    return wide, 0, 0, tall, min(x0, x1) - low[0] * wide, min(y0, y1) - low[1] * tall
