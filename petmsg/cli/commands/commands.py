"""petmsg commands"""

from petmsg.cli.command import new_command
from petmsg.cli.context import Context
from petmsg.render.printed import list_of

app = new_command()


@app.command(
    "commands",
    prints=list_of("program.COMMANDS"),
    examples=["petmsg commands", "petmsg commands -o json"],
)
def commands(context: Context) -> None:
    """List all commands.

    JSON also holds each command's arguments, options, examples and the file of its JSON Schema.
    """
    from petmsg.cli.command_tree import command_rows
    from petmsg.render.views.program import COMMANDS

    context.show_list(COMMANDS, command_rows())
