"""petmsg import …"""

from typing import Annotated

import typer

from petmsg.cli.command import command, new_app
from petmsg.cli.context import Context
from petmsg.cli.flows.import_export import take_back
from petmsg.cli.flows.import_snoutos import source_of, take_over
from petmsg.cli.options import named_folder

app = new_app("Take a company over: from an export, or from the system petmsg replaces.")


@command(app, "petmsg", writes=True, examples=["petmsg import petmsg company-files"])
def petmsg(
    context: Context,
    folder: Annotated[str, typer.Argument(metavar="DIR", help="What petmsg export wrote.")],
) -> None:
    """Take back what petmsg export wrote, into a database that does not have those orgs.

    All of it or nothing, SQLite or PostgreSQL, whichever it came from; with --org only that org. A
    database that is not there yet is created. The audit comes along and must verify. Where a file
    is not as it was written, nothing is taken, and it says where.
    """
    take_back(context, named_folder(folder))


@command(
    app,
    "snoutos",
    writes=True,
    examples=[
        "petmsg import snoutos --dir old-tables --timezone America/New_York --dry-run",
        "petmsg import snoutos --dir old-tables --timezone America/New_York",
    ],
)
def snoutos(
    context: Context,
    url: Annotated[
        str | None,
        typer.Option(
            "--url",
            metavar="URL",
            help="The old database, postgresql://…; with a password rather in the environment: "
            "PETMSG_SNOUTOS_URL",
        ),
    ] = None,
    folder: Annotated[
        str | None,
        typer.Option("--dir", metavar="DIR", help="A folder with Client.csv, Message.csv, …"),
    ] = None,
    old_org: Annotated[
        str | None,
        typer.Option("--old-org", metavar="NAME", help="Only this organisation of the old tables."),
    ] = None,
    timezone: Annotated[
        str | None,
        typer.Option("--timezone", metavar="ZONE", help="Of an org that is new here."),
    ] = None,
    old_grace_minutes: Annotated[
        int,
        typer.Option(
            "--old-grace-minutes",
            metavar="N",
            min=0,
            max=10_080,
            help="How long the old windows outlast their visits: it is taken off their ends.",
        ),
    ] = 60,
) -> None:
    """Take a company over from the system petmsg replaces: tables Client, Thread, Message, …

    The old database is only read. Its ids become refs, a client's several threads her one thread,
    windows confirmed bookings; numbers keep class, status, quarantine and holder. Repeat it as
    often as you like: only news are taken. Rows that could not be taken, or not as they stood, are
    told one by one, and make it exit 4. Try it with --dry-run first: the report is the same. A
    database that is not there yet is created. Overrides that run there are told: petmsg has none.
    """
    take_over(
        context,
        source_of(context, url, folder),
        old_org=old_org,
        timezone=timezone,
        grace_minutes=old_grace_minutes,
    )
