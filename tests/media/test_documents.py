"""A PDF is drawn anew: its pages stay, everything beside them goes."""

import io
from typing import Any

import pypdf
import pytest
from pypdf.generic import (
    ArrayObject,
    BooleanObject,
    DecodedStreamObject,
    DictionaryObject,
    FloatObject,
    NameObject,
    NullObject,
    NumberObject,
    TextStringObject,
)

from petmsg.errors import MediaNotAccepted, MediaTooLarge
from petmsg.media.prepare import prepare
from tests.support import pictures


def read(content: bytes) -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(content))


def written(writer: pypdf.PdfWriter) -> bytes:
    file = io.BytesIO()
    writer.write(file)
    return file.getvalue()


def named(**entries: Any) -> DictionaryObject:
    return DictionaryObject({NameObject(f"/{key}"): value for key, value in entries.items()})


def test_nothing_but_pages_is_in_the_root() -> None:
    found = read(prepare(pictures.pdf_with_metadata(), name="a.pdf").content)
    assert found.trailer.keys() == {"/Size", "/Root"}
    assert found.trailer["/Root"].keys() == {"/Type", "/Pages"}  # type: ignore[attr-defined]
    (page,) = found.pages
    assert page.keys() == {"/Type", "/Parent", "/MediaBox", "/Resources", "/Contents"}


def test_a_page_keeps_its_box_and_its_turn() -> None:
    writer = pypdf.PdfWriter()
    writer.add_blank_page(200, 100).rotate(90)
    (page,) = read(prepare(written(writer), name="a.pdf").content).pages
    assert (page.rotation, float(page.mediabox.width)) == (90, 200)


def test_a_filled_field_stays_to_be_seen() -> None:
    writer = pypdf.PdfWriter()
    page = writer.add_blank_page(200, 100)
    look = DecodedStreamObject()
    look.set_data(b"BT /F1 10 Tf 2 2 Td (fed twice) Tj ET")
    font = named(
        Type=NameObject("/Font"), Subtype=NameObject("/Type1"), BaseFont=NameObject("/Helvetica")
    )
    look.update(
        named(
            Type=NameObject("/XObject"),
            Subtype=NameObject("/Form"),
            BBox=ArrayObject(FloatObject(each) for each in (0, 0, 50, 10)),
            Resources=named(Font=named(F1=font)),
        )
    )
    field = named(
        Subtype=NameObject("/Widget"),
        FT=NameObject("/Tx"),
        V=TextStringObject("the value"),
        Rect=ArrayObject(FloatObject(each) for each in (20, 20, 120, 40)),
        AP=named(N=writer._add_object(look)),
    )
    page[NameObject("/Annots")] = ArrayObject([writer._add_object(field)])
    found = prepare(written(writer), name="a.pdf")
    (clean,) = read(found.content).pages
    assert "fed twice" in clean.extract_text()
    assert "/Annots" not in clean
    assert b"the value" not in found.content
    assert "form fields" in found.removed
    assert b"2.0000 0.0000 0.0000 2.0000 20.0000 20.0000 cm" in clean.get_contents().get_data()  # type: ignore[union-attr]


def test_a_pdf_with_a_password_is_refused() -> None:
    writer = pypdf.PdfWriter()
    writer.add_blank_page(99, 99)
    writer.encrypt("secret", algorithm="RC4-128")
    with pytest.raises(MediaNotAccepted, match=r"'a.pdf': The PDF is encrypted"):
        prepare(written(writer), name="a.pdf")


def test_hidden_layers_are_refused() -> None:
    writer = pypdf.PdfWriter()
    writer.add_blank_page(99, 99)
    layer = writer._add_object(named(Type=NameObject("/OCG"), Name=TextStringObject("notes")))
    layers = named(OCGs=ArrayObject([layer]), D=named(OFF=ArrayObject([layer])))
    writer.root_object[NameObject("/OCProperties")] = layers
    with pytest.raises(MediaNotAccepted, match="hidden layers"):
        prepare(written(writer), name="a.pdf")


def test_too_many_pages_are_refused() -> None:
    with pytest.raises(MediaNotAccepted, match="101 pages"):
        prepare(pictures.pdf_with_metadata(pages=101), name="a.pdf")


def test_a_large_photo_in_a_pdf_is_scaled() -> None:
    content = pictures.pdf_with_metadata(jpeg=pictures.photo_of_12_megapixels())
    found = prepare(content, name="a.pdf")
    assert found.scaled
    assert len(found.content) <= 600_000
    (image,) = read(found.content).pages[0].images
    assert image.image is not None
    assert image.image.size[0] == 1600


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_a_photo_in_other_colours_keeps_them(mode: str) -> None:
    jpeg = pictures.saved(pictures.picture(120, 90, mode=mode), "JPEG", quality=90)
    found = prepare(pictures.pdf_with_metadata(jpeg=jpeg), name="a.pdf")
    (page,) = read(found.content).pages
    image: Any = page["/Resources"]["/XObject"]["/Im0"]  # type: ignore[index]
    assert image["/ColorSpace"] == {"L": "/DeviceGray", "CMYK": "/DeviceCMYK"}[mode]


def test_a_pdf_that_cannot_be_made_smaller_is_refused() -> None:
    with pytest.raises(MediaTooLarge, match="The PDF cannot be made smaller than 1,000 bytes"):
        prepare(pictures.pdf_with_metadata(), name="a.pdf", budget=1_000)


def test_a_pdf_whose_parts_contain_themselves_ends() -> None:
    writer = pypdf.PdfWriter()
    page = writer.add_blank_page(99, 99)
    form = DecodedStreamObject()
    form.set_data(b"/Me Do")
    form[NameObject("/Subtype")] = NameObject("/Form")
    reference = writer._add_object(form)
    form[NameObject("/Resources")] = named(XObject=named(Me=reference))
    page[NameObject("/Resources")] = named(XObject=named(Me=reference))
    prepare(written(writer), name="a.pdf")


def test_an_address_to_begin_at_is_no_script() -> None:
    writer = pypdf.PdfWriter()
    page = writer.add_blank_page(99, 99)
    writer.root_object[NameObject("/OpenAction")] = ArrayObject(
        [page.indirect_reference, NameObject("/XYZ"), NullObject(), NullObject(), NumberObject(0)]
    )
    writer.root_object[NameObject("/NeedsRendering")] = BooleanObject(False)
    content = written(writer)
    assert "scripts" not in prepare(content, name="a.pdf").removed
    assert prepare(content, name="a.pdf", keep_metadata=True).content == content
