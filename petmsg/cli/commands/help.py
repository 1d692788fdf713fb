"""petmsg help"""

from typing import Annotated

import typer

from petmsg.cli.command import new_command
from petmsg.cli.context import Context
from petmsg.enums.output import OutputFormat
from petmsg.render.printed import one

app = new_command()

WORDS = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[COMMAND]...", help="A group or command: booking confirm.", show_default=False
    ),
]


@app.command(
    "help",
    prints=one("program.HELP"),
    examples=["petmsg help", "petmsg help booking confirm"],
)
def show_help(context: Context, words: WORDS = None) -> None:
    """Print the help of petmsg, a group or a command."""
    from petmsg.cli.command_help import help_of
    from petmsg.render.views.program import HELP

    found = help_of(words or ())
    if context.output in (OutputFormat.JSON, OutputFormat.JSONL):
        context.show_one(HELP, found)
    else:
        typer.echo(found.help)
