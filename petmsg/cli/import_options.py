"""The options of all commands that import a file: how the file is to be read."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from petmsg.enums.files import DateOrder

if TYPE_CHECKING:
    from petmsg.spreadsheets.columns import Layout
    from petmsg.spreadsheets.read import Reading

MAP = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        metavar="HEADER=COLUMN",
        help="A column of the file and what it is; 'Header=' ignores it. Repeat for more.",
    ),
]
ENCODING = Annotated[
    str | None,
    typer.Option(
        "--encoding",
        metavar="NAME",
        help="The encoding of a file that is not UTF-8 or UTF-16, such as windows-1252.",
    ),
]
DATE_ORDER = Annotated[
    DateOrder | None,
    typer.Option("--date-order", help="The order of dates such as 02/03/2026 in the file."),
]
STRICT = Annotated[bool, typer.Option("--strict", help="Refuse a file with an unknown column.")]

REJECTS = Annotated[
    str | None,
    typer.Option(
        "--rejects",
        metavar="F",
        help="Write refused rows and their reasons to this file, to fix and import again.",
    ),
]
SHEET = Annotated[
    str | None,
    typer.Option("--sheet", metavar="NAME", help="The sheet of an XLSX workbook [default: first]"),
]
EMPTY = Annotated[
    bool, typer.Option("--template", help="Print an empty file with every column instead.")
]


class FileOptions(NamedTuple):
    """What the options of an import say."""

    maps: Sequence[str] | None = None
    encoding: str | None = None
    date_order: DateOrder | None = None
    is_strict: bool = False
    rejects: str | None = None
    sheet: str | None = None
    is_template: bool = False

    def reading(self, layout: "Layout", saved: Mapping[str, str]) -> "Reading":
        """How the file is to be read; `saved` are the maps of the org.

        Raises `UsageProblem` and `OutOfRange` for a bad --map.
        """
        from petmsg.spreadsheets.header import parse_map
        from petmsg.spreadsheets.read import Reading

        return Reading(
            saved=saved,
            maps=dict(parse_map(each, layout) for each in self.maps or ()),
            encoding=self.encoding,
            date_order=self.date_order,
            is_strict=self.is_strict,
            sheet=self.sheet,
        )
