"""petmsg export"""

from typing import Annotated

import typer

from petmsg.cli.command import command, new_command
from petmsg.cli.context import Context
from petmsg.cli.options import named_folder
from petmsg.enums import FileFormat
from petmsg.errors import NoOrg
from petmsg.render.views.import_provider_numbers import EXPORTED

app = new_command()


@command(
    app,
    "export",
    examples=["petmsg export company-files", "petmsg export company-files --format jsonl"],
)
def export(
    context: Context,
    folder: Annotated[str, typer.Argument(metavar="DIR", help="A folder that is new or empty.")],
    file_format: Annotated[
        FileFormat, typer.Option("--format", help="How the files are written.")
    ] = FileFormat.CSV,
) -> None:
    """Write everything of a company as files that petmsg import petmsg takes back.

    Every table of every org, or of the one that --org names, as it is at one moment: a file for
    each, and a manifest with their SHA-256. The folder holds phones, names and texts as they are:
    only its owner can read it, and it deserves the same care as the database. Texts to numbers that
    are no company's (petmsg inbox strays) belong to none, and are not among them.
    """
    from petmsg.services.transfer import export as service

    place = named_folder(folder)
    with context.snapshot() as cursor:
        orgs = context.chosen(cursor)
        if not orgs:
            raise NoOrg
        written = service.export(cursor, orgs, place, file_format=file_format, now=context.now)
    context.show_list(EXPORTED, written)
    context.say(f"{folder} holds personal phones, names and texts as they are: keep it safe.")
