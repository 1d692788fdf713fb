"""petmsg import …"""

from typing import Annotated

import typer

from petmsg.cli.command import new_app
from petmsg.cli.context import Context
from petmsg.cli.flows.import_export import restore_folder
from petmsg.cli.flows.import_snoutos import import_database, source_of
from petmsg.cli.options import named_folder
from petmsg.cli.results import show_results
from petmsg.enums.files import ImportNoun
from petmsg.queries import import_map as queries
from petmsg.render.printed import list_of, one, results_of
from petmsg.render.views.import_map import MAP_CHANGED, MAPS
from petmsg.render.views.transfer import REPORT, RESTORED_EXPORT

app = new_app("Restore an export, import from the previous system, or save maps of columns.")


map_app = new_app("Save what the columns of your files are, for all imports.")

NOUN = Annotated[ImportNoun, typer.Argument(metavar="NOUN", help="Type of rows in the files.")]


@map_app.command(
    "list",
    prints=list_of(MAPS),
    examples=["petmsg import map list"],
)
def list_maps(
    context: Context,
    noun: Annotated[
        ImportNoun | None, typer.Option("--noun", help="Only for files of these rows.")
    ] = None,
) -> None:
    """List the saved columns. An import uses them before its own names of headers."""
    context.show_list(MAPS, context.read(queries.list_maps, noun=noun))


@map_app.command(
    "set",
    writes=True,
    prints=results_of(MAP_CHANGED),
    examples=["petmsg import map set client 'Kontakt=name' 'Handy=phone' 'Vermerk='"],
)
def set_map(
    context: Context,
    noun: NOUN,
    maps: Annotated[
        list[str],
        typer.Argument(
            metavar="HEADER=COLUMN",
            help="Map a header to a column; 'Header=' ignores it.",
        ),
    ],
) -> None:
    """Save what headers of files mean. Safe to repeat; --map of an import goes before it."""
    from petmsg.services.transfer import import_map

    show_results(context, MAP_CHANGED, context.write(import_map.save, noun, maps))


@map_app.command(
    "remove",
    writes=True,
    prints=results_of(MAP_CHANGED),
    examples=["petmsg import map remove client Handy"],
)
def remove_map(
    context: Context,
    noun: NOUN,
    headers: Annotated[list[str], typer.Argument(metavar="HEADER", help="A saved header.")],
) -> None:
    """Remove saved headers; imports then use the known names again."""
    from petmsg.services.transfer import import_map

    show_results(context, MAP_CHANGED, context.write(import_map.remove, noun, headers))


app.add_group(map_app, "map")


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
    restore_folder(context, named_folder(folder))


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
    import_database(
        context,
        source_of(context, url, folder),
        old_org=old_org,
        timezone=timezone,
        grace_minutes=old_grace_minutes,
    )
