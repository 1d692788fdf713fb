"""petmsg import …"""

from typing import Annotated

import typer

from petmsg.cli.command import new_app
from petmsg.cli.context import Context
from petmsg.cli.flows.import_export import take_back
from petmsg.cli.flows.import_snoutos import source_of, take_over
from petmsg.cli.options import named_folder
from petmsg.render.printed import list_of, one
from petmsg.render.views.import_provider_numbers import REPORT, RESTORED_EXPORT

app = new_app("Restore an export, or import from the previous system.")


@app.command(
    "petmsg",
    writes=True,
    prints=list_of(RESTORED_EXPORT),
    examples=["petmsg import petmsg company-files"],
)
def petmsg(
    context: Context,
    folder: Annotated[
        str, typer.Argument(metavar="DIR", help="A folder written by petmsg export.")
    ],
) -> None:
    """Restore an export into a database that lacks its orgs.

    It is imported completely or not at all, from SQLite or PostgreSQL into either; with --org only
    that org. A missing database is created. Verifies checksums and the audit log: if a file was
    changed, nothing is imported, and the error names the place.
    """
    take_back(context, named_folder(folder))


@app.command(
    "snoutos",
    writes=True,
    prints=one(REPORT),
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
            help="The old database, postgresql://…; set one with a password in "
            "PETMSG_SNOUTOS_URL instead.",
        ),
    ] = None,
    folder: Annotated[
        str | None,
        typer.Option("--dir", metavar="DIR", help="A folder with Client.csv, Message.csv, …"),
    ] = None,
    old_org: Annotated[
        str | None,
        typer.Option(
            "--old-org", metavar="NAME", help="Import only this organisation of the old tables."
        ),
    ] = None,
    timezone: Annotated[
        str | None,
        typer.Option(
            "--timezone",
            metavar="ZONE",
            help="Timezone of new orgs, unless the old tables hold one.",
        ),
    ] = None,
    old_grace_minutes: Annotated[
        int | None,
        typer.Option(
            "--old-grace-minutes",
            metavar="N",
            min=0,
            max=10_080,
            help="Grace included in the old windows, subtracted from their ends; 60 by default for "
            "the older schema, 0 for the newer.",
        ),
    ] = None,
) -> None:
    """Import a company from Snoutos, the previous system.

    The old database is only read; which of its two schemas it has is detected. Its IDs become refs,
    a client's threads become one thread, and windows become confirmed bookings; numbers keep their
    class, status, quarantine and holder. Opt-outs, delivery states and running overrides to the
    front desk are imported; an override without an end ends 30 days from now. Can be repeated; only
    new rows are imported. Rows that were skipped or changed are listed, and the command exits with
    4. Try --dry-run first: it prints the same report. A missing database is created.
    """
    take_over(
        context,
        source_of(context, url, folder),
        old_org=old_org,
        timezone=timezone,
        grace_minutes=old_grace_minutes,
    )
