"""petmsg version"""

from petmsg.cli.command import new_command
from petmsg.cli.context import Context
from petmsg.render.printed import one

app = new_command()


@app.command(
    "version",
    prints=one("program.VERSION"),
    examples=["petmsg version", "petmsg version -o json"],
)
def version(context: Context) -> None:
    """Print the versions of petmsg, Python and SQLite, and the extras.

    Needs no database. `petmsg --version` prints one line.
    """
    from petmsg.cli.installation import installed
    from petmsg.render.views.program import VERSION

    context.show_one(VERSION, installed())
