"""What kind of file it is, by its content: people rename files."""

import re
import zipfile
from enum import Enum
from io import BytesIO

from petmsg.errors import MalformedFile

_AS_CSV = "Open it in your spreadsheet program and save it as CSV UTF-8."
_BEGIN = 1024


class FileKind(Enum):
    """The kinds of file that petmsg reads."""

    TEXT = "CSV or JSON lines"
    XLSX = "XLSX"
    CALENDAR = "iCalendar"


def kind_of(content: bytes) -> FileKind:
    """Return the kind of the file. Raises `MalformedFile` for one that petmsg does not read."""
    begin = content[:_BEGIN]
    if begin.startswith(b"PK\x03\x04"):
        return _zipped(content)
    if begin.startswith(b"\xd0\xcf\x11\xe0"):
        raise MalformedFile(
            "The file is a workbook of Excel 97 to 2003, or is protected by a password.",
            hint="Save it without a password as .xlsx, or as CSV UTF-8.",
        )
    if begin.startswith(b"%PDF-"):
        raise MalformedFile("The file is a PDF.", hint="Export a spreadsheet or CSV instead.")
    text = begin.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith((b"<!doctype html", b"<html", b"<table", b"<?xml")):
        raise MalformedFile("The file is a web page or XML, not a spreadsheet.", hint=_AS_CSV)
    if text.startswith(b"begin:vcard"):
        raise MalformedFile(
            "The file has contacts (vCard), not a table.", hint="Export the contacts as CSV."
        )
    if re.match(rb"\[\s*[\[{\]]", text):
        raise MalformedFile(
            "The file is one JSON array, not a JSON object per line.",
            hint="Write an object per line: jq -c '.[]' FILE. Or export CSV.",
        )
    if text.startswith(b"begin:vcalendar"):
        return FileKind.CALENDAR
    return FileKind.TEXT


def require_table(kind: FileKind) -> None:
    """Raise `MalformedFile` for a calendar where rows are needed."""
    if kind is FileKind.CALENDAR:
        raise MalformedFile(
            "The file is a calendar.", hint="Visits of a calendar: petmsg booking import FEED.ics"
        )


def _zipped(content: bytes) -> FileKind:
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as problem:
        raise MalformedFile(
            f"The workbook is damaged or cut off: {problem}.",
            hint="Save it again in your spreadsheet program, or download it again.",
        ) from None
    if "xl/workbook.xml" in names or "[Content_Types].xml" in names:
        return FileKind.XLSX
    if any(name.endswith(".iwa") for name in names):
        raise MalformedFile(
            "The file is a Numbers document.", hint="In Numbers: File > Export To > CSV or Excel."
        )
    if "mimetype" in names:
        raise MalformedFile("The file is an OpenDocument file.", hint=_AS_CSV)
    raise MalformedFile("The file is an archive, not a spreadsheet.", hint="Unpack it first.")
