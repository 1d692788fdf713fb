"""Pictures and PDF files as people send them, and as they should not.

What carries private data has it in every place that a camera or a program writes it to. Each value
is distinct, so that a test can look for its bytes: `values_of(Private())`.
"""

import io
import struct
import zlib
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageCms, ImageOps, PngImagePlugin

_ASCII, _LONG, _RATIONAL, _UNDEFINED = 2, 4, 5, 7
_SIZES = {_ASCII: 1, _LONG: 4, _RATIONAL: 8, _UNDEFINED: 1}
_ORIENTATION, _EXIF_IFD, _GPS_IFD = 0x0112, 0x8769, 0x8825


@dataclass(frozen=True, slots=True)
class Private:
    """The private values that a picture carries. `position` is a latitude in degrees, minutes and
    hundredths of a second; its longitude is one degree more."""

    position: tuple[int, int, int] = (37, 46, 2993)
    camera: str = "Pixelcam 9000"
    serial: str = "SN-4711-0815"
    owner: str = "Anna Q. Owner"
    comment: str = "call me on 415-555-0199"
    place: str = "12 Elm Street, Springfield"
    maker_note: str = "MakerNote focus map 31337"
    original: str = "the street sign before it was cropped"
    taken_at: str = "2026:02:14 15:01:02"

    @property
    def position_bytes(self) -> bytes:
        """The latitude as EXIF stores it, little-endian."""
        degrees, minutes, hundredths = self.position
        return struct.pack("<6L", degrees, 1, minutes, 1, hundredths, 100)


def values_of(private: Private) -> list[bytes]:
    """The bytes that must not be in a cleaned file, in the encodings in which they may stand."""
    degrees, minutes, hundredths = private.position
    texts = [
        private.camera, private.serial, private.owner, private.comment, private.place,
        private.maker_note, private.original, private.taken_at,
        f"{degrees},{minutes}.{hundredths}N",
    ]  # fmt: skip
    return [
        private.position_bytes,
        *(text.encode() for text in texts),
        *(text.encode("utf-16-be") for text in texts),
        *(text.encode("utf-16-le") for text in texts),
        *(text.encode().hex().encode() for text in texts),
    ]


# ----------------------------------------------------------------------------------- plain pictures


def picture(width: int = 64, height: int = 48, *, seed: int = 1, mode: str = "RGB") -> Image.Image:
    """A colourful picture with soft and hard edges, the same for the same seed."""
    import random

    dice = random.Random(seed)
    small = Image.frombytes("RGB", (8, 6), dice.randbytes(8 * 6 * 3))
    drawn = small.resize((width, height), Image.Resampling.BICUBIC)
    drawn.paste(
        tuple(dice.randbytes(3)), (width // 4, height // 4, width // 2, max(height // 3, 1))
    )
    return drawn.convert(mode)


def saved(drawn: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    """The bytes of a picture in a format of Pillow."""
    file = io.BytesIO()
    drawn.save(file, kind, **options)
    return file.getvalue()


def noise(width: int, height: int, *, seed: int = 1) -> Image.Image:
    """A picture that hardly gets smaller by any compression."""
    import random

    return Image.frombytes(
        "RGB", (width, height), random.Random(seed).randbytes(width * height * 3)
    )


def photo(width: int = 64, height: int = 48, *, quality: int = 90, **options: Any) -> bytes:
    """A JPEG without metadata."""
    return saved(picture(width, height), "JPEG", quality=quality, **options)


def photo_of_12_megapixels(
    *, quality: int = 92, width: int = 4032, height: int = 3024, **options: Any
) -> bytes:
    """A JPEG as a phone takes it: 4032 by 3024, about 3 MB."""
    return saved(_grainy(width, height), "JPEG", quality=quality, **options)


def _grainy(width: int, height: int) -> Image.Image:
    drawn = picture(width, height, seed=12)
    grain = noise(512, 384, seed=3)
    tiled = Image.new("RGB", (width, height))
    for left in range(0, width, 512):
        for top in range(0, height, 384):
            tiled.paste(grain, (left, top))
    return Image.blend(drawn, tiled, 0.08)


# ------------------------------------------------------------------------------------ private data


def photo_with_position(
    width: int = 64,
    height: int = 48,
    *,
    private: Private = Private(),
    orientation: int = 1,
    appended: bytes = b"",
    **options: Any,
) -> bytes:
    """A JPEG with everything that a camera and a program write into it: the position, the camera,
    its owner, a MakerNote, a thumbnail of the uncropped original, XMP, IPTC and a comment.

    `appended` follows the end of the picture. `orientation` is EXIF's, 1 to 8.
    """
    options.setdefault("quality", 90)
    options.setdefault("icc_profile", srgb_profile())
    return (
        saved(
            picture(width, height),
            "JPEG",
            exif=exif(private, orientation=orientation),
            xmp=xmp(private),
            comment=private.comment.encode(),
            extra=_iptc(private),
            **options,
        )
        + appended
    )


def png_with_text(
    width: int = 64,
    height: int = 48,
    *,
    private: Private = Private(),
    mode: str = "RGB",
    orientation: int = 1,
    appended: bytes = b"",
) -> bytes:
    """A PNG with texts of all kinds, EXIF, XMP, a time, an ICC profile and a chunk of its own."""
    about = PngImagePlugin.PngInfo()
    about.add_text("Author", private.owner)
    about.add_text("Comment", private.comment, zip=True)
    about.add_itxt("Location", private.place, zip=True)
    about.add_itxt("XML:com.adobe.xmp", xmp(private).decode())
    about.add(b"prVt", private.maker_note.encode(), after_idat=True)
    return (
        saved(
            picture(width, height, mode=mode),
            "PNG",
            pnginfo=about,
            exif=exif(private, orientation=orientation),
            icc_profile=None if mode in ("L", "1", "LA", "I;16") else srgb_profile(),
        )
        + appended
    )


def webp_with_position(
    width: int = 64, height: int = 48, *, private: Private = Private(), **options: Any
) -> bytes:
    """A WebP with EXIF, XMP and an ICC profile."""
    return saved(
        picture(width, height, mode=options.pop("mode", "RGB")),
        "WEBP",
        exif=exif(private, orientation=options.pop("orientation", 1)),
        xmp=xmp(private),
        icc_profile=srgb_profile(),
        **options,
    )


def gif_with_comment(width: int = 64, height: int = 48, *, private: Private = Private()) -> bytes:
    """A GIF of one picture, with a comment and XMP."""
    content = saved(picture(width, height).quantize(64), "GIF", comment=private.comment.encode())
    return _with_xmp_in_gif(content, private)


def animated_gif(
    width: int = 64, height: int = 48, *, frames: int = 5, private: Private = Private()
) -> bytes:
    """A GIF that moves, with a comment and XMP. Each frame takes 80 ms."""
    drawn = [picture(width, height, seed=seed).quantize(64) for seed in range(frames)]
    content = saved(
        drawn[0],
        "GIF",
        save_all=True,
        append_images=drawn[1:],
        duration=80,
        loop=0,
        comment=private.comment.encode(),
    )
    return _with_xmp_in_gif(content, private)


def _with_xmp_in_gif(content: bytes, private: Private) -> bytes:
    assert content.endswith(b";")
    tail = b"\x01" + bytes(range(255, -1, -1)) + b"\0"
    return content[:-1] + b"!\xff\x0bXMP DataXMP" + xmp(private) + tail + b";"


def srgb_profile() -> bytes:
    """An ICC profile of the usual colours."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def exif(private: Private, *, orientation: int = 1) -> bytes:
    """EXIF with a camera, an owner, a position, a MakerNote, a comment, and a thumbnail."""
    degrees, minutes, hundredths = private.position
    exact = ((degrees, 1), (minutes, 1), (hundredths, 100))
    further = ((degrees + 1, 1), (minutes, 1), (hundredths, 100))
    thumbnail = ImageOps.mirror(picture(32, 24))
    small = saved(thumbnail, "JPEG", comment=private.original.encode())
    position = [(1, _ASCII, b"N\0"), (2, _RATIONAL, exact), (3, _ASCII, b"W\0"),
                (4, _RATIONAL, further), (29, _ASCII, b"2026:02:14\0")]  # fmt: skip
    details = [
        (0x9003, _ASCII, private.taken_at.encode() + b"\0"),
        (0x927C, _UNDEFINED, private.maker_note.encode()),
        (0x9286, _UNDEFINED, b"ASCII\0\0\0" + private.comment.encode()),
        (0xA430, _ASCII, private.owner.encode() + b"\0"),
        (0xA431, _ASCII, private.serial.encode() + b"\0"),
    ]
    first = [
        (0x010E, _ASCII, private.place.encode() + b"\0"),
        (0x010F, _ASCII, b"Pixelcam\0"),
        (0x0110, _ASCII, private.camera.encode() + b"\0"),
        (_ORIENTATION, 3, orientation),
        (0x013B, _ASCII, private.owner.encode() + b"\0"),
        (_EXIF_IFD, _LONG, details),
        (_GPS_IFD, _LONG, position),
    ]
    second = [(0x0103, 3, 6), (0x0201, _LONG, small), (0x0202, _LONG, len(small))]
    return b"Exif\0\0" + _tiff(first, second)


def _tiff(*directories: list[tuple[int, int, Any]]) -> bytes:
    """A little-endian TIFF of chained directories. A list as a value is a directory of its own,
    bytes of type LONG are stored apart and pointed to."""
    body = bytearray(b"II*\0" + struct.pack("<L", 8))
    for number, directory in enumerate(directories):
        link = _directory(body, directory)
        if number + 1 < len(directories):
            struct.pack_into("<L", body, link, len(body))
    return bytes(body)


def _directory(body: bytearray, entries: list[tuple[int, int, Any]]) -> int:
    """Append a directory and its values. Return where the link to the next one stands."""
    begin = len(body)
    body += struct.pack("<H", len(entries)) + bytes(12 * len(entries)) + bytes(4)
    for number, (tag, kind, value) in enumerate(entries):
        count, field = 1, b""
        if isinstance(value, list):
            field = struct.pack("<L", len(body))
            _directory(body, value)
        elif kind == _LONG and isinstance(value, bytes):
            field = struct.pack("<L", len(body))
            body += value + bytes(len(value) % 2)
        elif isinstance(value, int):
            field = struct.pack("<L", value)
        else:
            packed = value if isinstance(value, bytes) else b"".join(
                struct.pack("<2L", *pair) for pair in value
            )  # fmt: skip
            count = len(packed) // _SIZES[kind]
            field = packed
            if len(packed) > 4:
                field = struct.pack("<L", len(body))
                body += packed + bytes(len(packed) % 2)
        entry = struct.pack("<HHL", tag, kind, count) + field.ljust(4, b"\0")
        body[begin + 2 + 12 * number : begin + 14 + 12 * number] = entry
    return begin + 2 + 12 * len(entries)


def xmp(private: Private) -> bytes:
    """XMP with a position, an owner, a place and a serial number."""
    degrees, minutes, hundredths = private.position
    return f"""<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:exif="http://ns.adobe.com/exif/1.0/"
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:aux="http://ns.adobe.com/exif/1.0/aux/"
 exif:GPSLatitude="{degrees},{minutes}.{hundredths}N" aux:SerialNumber="{private.serial}">
<dc:creator><rdf:Seq><rdf:li>{private.owner}</rdf:li></rdf:Seq></dc:creator>
<dc:description>{private.place} {private.comment}</dc:description>
</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>""".encode()


def _iptc(private: Private) -> bytes:
    """A segment of Photoshop's resources with IPTC in it."""
    records = b"".join(
        struct.pack(">BBBH", 0x1C, 2, number, len(value.encode())) + value.encode()
        for number, value in ((80, private.owner), (90, private.place), (120, private.comment))
    )
    resource = b"8BIM" + struct.pack(">HHL", 0x0404, 0, len(records)) + records
    resource += bytes(len(records) % 2)
    segment = b"Photoshop 3.0\0" + resource
    return b"\xff\xed" + struct.pack(">H", len(segment) + 2) + segment


# ------------------------------------------------------------------------------------------- others


def vcard(phone: str = "+14155550199") -> bytes:
    """A contact card with a phone number."""
    return f"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Ann\r\nTEL:{phone}\r\nEND:VCARD\r\n".encode()


def heic() -> bytes:
    """The beginning of a HEIC file, as iPhones take pictures."""
    return struct.pack(">L", 24) + b"ftypheic" + bytes(4) + b"mif1heic" + bytes(200)


def html() -> bytes:
    """An HTML page, to be named `rex.jpg`."""
    return b"<!DOCTYPE html><html><script>alert(document.domain)</script></html>"


def svg() -> bytes:
    """An SVG with a script in it."""
    return b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"


def bomb(width: int = 40_000, height: int = 40_000) -> bytes:
    """A small PNG that would take gigabytes of memory: `width` by `height` black pixels."""
    rows = zlib.compressobj(9)
    line = bytes(1 + width * 3)
    packed = b"".join(rows.compress(line) for _ in range(min(height, 500))) + rows.flush()
    header = struct.pack(">LLBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", packed) + _chunk(
        b"IEND", b""
    )  # fmt: skip


def photo_that_claims(width: int, height: int) -> bytes:
    """A small JPEG whose header says that it has so many pixels."""
    content = photo()
    frame = content.index(b"\xff\xc0") + 5
    return content[:frame] + struct.pack(">2H", height, width) + content[frame + 4 :]


def text_bomb() -> bytes:
    """A small PNG with a compressed text of 100 MB."""
    about = PngImagePlugin.PngInfo()
    packed = zlib.compressobj(9)
    text = b"".join(packed.compress(bytes(1_000_000)) for _ in range(100)) + packed.flush()
    about.add(b"zTXt", b"Comment\0\0" + text)
    return saved(picture(), "PNG", pnginfo=about)


def _chunk(name: bytes, content: bytes) -> bytes:
    return (
        struct.pack(">L", len(content))
        + name
        + content
        + struct.pack(">L", zlib.crc32(name + content))
    )


# ------------------------------------------------------------------------------------------- PDF


def pdf_with_metadata(
    *,
    private: Private = Private(),
    jpeg: bytes | None = None,
    pages: int = 1,
    appended: bytes = b"",
) -> bytes:
    """A PDF of a photo and a line of words, with private data in every place that a PDF has: its
    information, XMP, an attached file, scripts, a link, a note, a thumbnail, the private data of a
    program, comments between the commands, and the metadata of the JPEG in it."""
    from pypdf import PdfWriter
    from pypdf.annotations import Text
    from pypdf.generic import (
        ArrayObject,
        DecodedStreamObject,
        DictionaryObject,
        EncodedStreamObject,
        NameObject,
        NumberObject,
        TextStringObject,
    )

    def named(**entries: Any) -> DictionaryObject:
        return DictionaryObject({NameObject(f"/{key}"): value for key, value in entries.items()})

    def stream(content: bytes, **entries: Any) -> DecodedStreamObject:
        made = DecodedStreamObject()
        made.set_data(content)
        made.update(named(**entries))
        return made

    writer = PdfWriter()
    text = TextStringObject
    writer.add_metadata(
        {"/Author": private.owner, "/Title": private.comment, "/Creator": private.camera}
    )
    jpeg = jpeg or photo_with_position(240, 180, private=private)
    with Image.open(io.BytesIO(jpeg)) as opened:
        size, mode = opened.size, opened.mode
    image = EncodedStreamObject()
    image._data = jpeg
    colors = {"L": "/DeviceGray", "RGB": "/DeviceRGB", "CMYK": "/DeviceCMYK"}[mode]
    image.update(
        named(
            Type=NameObject("/XObject"),
            Subtype=NameObject("/Image"),
            Width=NumberObject(size[0]),
            Height=NumberObject(size[1]),
            BitsPerComponent=NumberObject(8),
            ColorSpace=NameObject(colors),
            Filter=NameObject("/DCTDecode"),
            Metadata=writer._add_object(stream(xmp(private))),
        )
    )
    picture_of = writer._add_object(image)
    font = named(
        Type=NameObject("/Font"), Subtype=NameObject("/Type1"), BaseFont=NameObject("/Helvetica")
    )
    script = named(S=NameObject("/JavaScript"), JS=text(f"app.alert('{private.comment}')"))
    for _ in range(pages):
        page = writer.add_blank_page(300, 300)
        commands = (
            f"% {private.comment}\nq 240 0 0 180 30 90 cm /Im0 Do Q\n"
            f"/Artifact <</Contents ({private.place})>> BDC\n"
            f"BT /F1 12 Tf 30 40 Td (Rex ate well today) Tj ET\nEMC\n% {private.serial}\n"
        )
        resources = named(
            XObject=named(Im0=picture_of),
            Font=named(F1=writer._add_object(font)),
            Properties=named(MC0=named(Owner=text(private.owner))),
        )
        page[NameObject("/Resources")] = resources
        page[NameObject("/Contents")] = writer._add_object(stream(commands.encode()))
        page[NameObject("/PieceInfo")] = named(Program=named(Private=text(private.maker_note)))
        page[NameObject("/Thumb")] = writer._add_object(stream(private.original.encode()))
        page[NameObject("/AA")] = named(O=script)
        page[NameObject("/VP")] = ArrayObject([named(Name=text(private.place))])
    writer.add_attachment("notes.txt", private.comment.encode())
    writer.add_uri(0, f"https://example.org/{private.serial}", (0, 0, 20, 20))  # type: ignore[arg-type]
    writer.add_annotation(0, Text(rect=(50, 50, 70, 70), text=private.place))
    root = writer.root_object
    root[NameObject("/Metadata")] = writer._add_object(stream(xmp(private)))
    root[NameObject("/OpenAction")] = writer._add_object(script)
    file = io.BytesIO()
    writer.write(file)
    return file.getvalue() + appended


def pdf_with_stream(packed: bytes) -> bytes:
    """A PDF of one page with commands that are packed with zlib already."""
    from pypdf import PdfWriter
    from pypdf.generic import EncodedStreamObject, NameObject

    writer = PdfWriter()
    stream = EncodedStreamObject()
    stream._data = packed
    stream[NameObject("/Filter")] = NameObject("/FlateDecode")
    page = writer.add_blank_page(300, 300)
    page[NameObject("/Contents")] = writer._add_object(stream)
    file = io.BytesIO()
    writer.write(file)
    return file.getvalue()
