"""petmsg import …"""

from pathlib import Path
from typing import Annotated

import typer

from petmsg.cli.command import command, new_app
from petmsg.cli.run import Run
from petmsg.cli.taking_back import take_back

app = new_app("Take a company over: from an export, or from the system petmsg replaces.")


@command(app, "petmsg", writes=True)
def petmsg(
    run: Run,
    folder: Annotated[str, typer.Argument(metavar="DIR", help="What petmsg export wrote.")],
) -> None:
    """Take back what petmsg export wrote, into a database that does not have those orgs.

    All of it or nothing, SQLite or PostgreSQL, whichever it came from; with --org only that org. A
    database that is not there yet is created. The audit comes along and must verify. Where a file
    is not as it was written, nothing is taken, and it says where.

    petmsg --db postgresql://petmsg@db/petmsg import petmsg /srv/petmsg/2026-02-14
    """
    take_back(run, Path(folder))
