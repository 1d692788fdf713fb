"""petmsg service …"""

from typing import Annotated

import typer

from petmsg.cli.command import new_app
from petmsg.cli.context import Context
from petmsg.render.printed import list_of
from petmsg.render.views.service import INSTALLED, UNITS

app = new_app("Install, list and remove the systemd units that run petmsg.")

_SYSTEM = Annotated[
    bool | None,
    typer.Option(
        "--system/--user",
        help="The machine's systemd, or your own. [default: --system for root, else --user]",
        show_default=False,
    ),
]
_TO = Annotated[
    str | None,
    typer.Option("--to", metavar="DIR", help="Folder of the units. [default: systemd's own]"),
]


@app.command(
    "install",
    writes=True,
    may_ask=True,
    prints=list_of(INSTALLED),
    examples=[
        "petmsg service install --user --to units",
        "petmsg service install --user --to units --dry-run",
    ],
)
def install(
    context: Context,
    system: _SYSTEM = None,
    to: _TO = None,
    service_user: Annotated[
        str | None,
        typer.Option(
            "--service-user",
            metavar="USER",
            help="With --system: who runs the services. [default: you]",
        ),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            "--port",
            metavar="PORT",
            min=1,
            max=65535,
            help="Port of petmsg serve. [default: 8025]",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Write the systemd units that run petmsg. Safe to repeat.

    The dispatcher and, where webhooks are configured, petmsg serve run all the time, with a
    watchdog; timers start what cron would: message pull and sync, notify run, media fetch, number
    release-due and health, doctor, reconcile, coverage and the nightly report with its backup.
    petmsg.target starts and stops them all. The database and other settings of this shell go into
    petmsg.env beside the units, secrets do not. Run it again after an upgrade or a change. Files
    that petmsg did not write, or that were changed, are overwritten only after a question.
    """
    from petmsg.cli.flows import service as flow
    from petmsg.workflows.service_units import place_of

    place = place_of(context, system=system, to=to, service_user=service_user)
    flow.install(context, place, port=port, fields=INSTALLED)


@app.command(
    "list",
    prints=list_of(UNITS),
    examples=["petmsg service list --user --to units"],
)
def list_(context: Context, system: _SYSTEM = None, to: _TO = None) -> None:
    """List the systemd units, and how their files compare.

    A file is outdated when petmsg service install would write it differently, changed when somebody
    has edited it, and foreign when petmsg did not write it.
    """
    from petmsg.workflows.service_units import place_of, unit_rows

    place = place_of(context, system=system, to=to, service_user=None)
    context.show_list(UNITS, unit_rows(context, place))


@app.command(
    "uninstall",
    writes=True,
    may_ask=True,
    prints=list_of(INSTALLED),
    examples=["petmsg service uninstall --user --to units"],
)
def uninstall(context: Context, system: _SYSTEM = None, to: _TO = None) -> None:
    """Remove the systemd units that petmsg wrote.

    Stop them first; units that run are refused. Other files of the folder stay, and so does the
    data.
    """
    from petmsg.cli.flows import service as flow
    from petmsg.workflows.service_units import place_of

    place = place_of(context, system=system, to=to, service_user=None)
    flow.uninstall(context, place, fields=INSTALLED)
