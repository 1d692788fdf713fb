"""petmsg export"""

from typing import Annotated

import typer

from petmsg.cli.command import new_command
from petmsg.cli.context import Context
from petmsg.cli.flows.import_export import report_missing
from petmsg.cli.options import named_folder
from petmsg.enums.output import FileFormat
from petmsg.errors import NoOrg
from petmsg.render.printed import list_of
from petmsg.render.views.transfer import EXPORTED

app = new_command()


@app.command(
    "export",
    current=True,
    prints=list_of(EXPORTED),
    examples=["petmsg export company-files", "petmsg export company-files --format jsonl"],
)
def export(
    context: Context,
    folder: Annotated[str, typer.Argument(metavar="DIR", help="A new or empty folder.")],
    file_format: Annotated[
        FileFormat, typer.Option("--format", help="Format of the files.")
    ] = FileFormat.CSV,
) -> None:
    """Export all data of a company to files.

    Writes every table of every org, or of the org that --org names, as of one moment: a file per
    table, a file per picture, and a manifest with SHA-256 checksums. petmsg import petmsg restores
    them. The folder holds phones, names, messages and pictures as they are. Only its owner can read
    it; protect it like the database. Unmatched messages (petmsg inbox strays) belong to no org and
    are not exported.
    """
    from petmsg.services.transfer import export as service

    place = named_folder(folder)
    with context.snapshot() as cursor:
        orgs = context.chosen(cursor)
        if not orgs:
            raise NoOrg
        written, media = service.export(
            cursor, orgs, place, file_format=file_format, now=context.now, store=context.media
        )
    context.show_list(EXPORTED, written)
    report_missing(context, media)
    context.notify(
        f"{folder} holds personal phones, names and messages in plain text: keep it safe."
    )
