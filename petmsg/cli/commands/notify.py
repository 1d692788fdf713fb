"""petmsg notify …"""

from typing import Annotated

import typer

from petmsg.cli.command import new_app
from petmsg.cli.context import Context
from petmsg.enums.alerts import AlertKind, AlertSeverity
from petmsg.render.printed import list_of, one
from petmsg.render.views.notify import ADDED, CHANNELS, REMOVED, TESTED, TOLD

app = new_app("Send alerts to e-mail, Slack, ntfy and other channels.")


@app.command(
    "add",
    writes=True,
    prints=one(ADDED),
    examples=[
        "petmsg notify add ops - < url.txt",
        "petmsg notify add owner - --severity critical --kind no_number < url.txt",
    ],
)
def add(
    context: Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A name for the channel.")],
    url: Annotated[
        str | None,
        typer.Argument(
            metavar="[URL]", help="Its URL for apprise; - reads stdin. By default it is asked for."
        ),
    ] = None,
    severity: Annotated[
        AlertSeverity | None,
        typer.Option(
            "--severity",
            help="Only alerts of at least this severity. [default: warning]",
            show_default=False,
        ),
    ] = None,
    kinds: Annotated[
        list[AlertKind] | None,
        typer.Option(
            "--kind", metavar="KIND", help="Only alerts of this type; repeat for more than one."
        ),
    ] = None,
) -> None:
    """Add a channel that is told of alerts. Safe to repeat.

    The URL is a secret, because everybody who has it can write to the channel. It is kept in a
    private file beside the credentials, never in the database, and it is never shown. Typed as an
    argument it stays in the shell's history and other users may see it while the command runs:
    leave it out to be asked for it, or pipe it in. For the URL of each service see
    https://appriseit.com/services. petmsg notify test sends a first message.
    """
    from petmsg.cli.flows import notify as flow
    from petmsg.workflows import notify_channels

    secret = flow.url_of(url)
    added = notify_channels.add(context, name, secret, severity=severity, kinds=kinds or [])
    context.show_one(ADDED, added)


@app.cron_command(
    "list",
    prints=list_of(CHANNELS),
    examples=["petmsg notify list", "petmsg notify list -o json"],
)
def list_(context: Context) -> None:
    """List channels and whether they work.

    Covers all orgs unless --org is given. A channel whose last message failed is failing; it is
    tried again after a minute, then after longer waits of up to an hour. A channel whose URL is
    missing, for example after an import on another machine, has the status no_url.
    """
    from petmsg.workflows import notify_channels

    context.show_list(CHANNELS, notify_channels.channel_states(context))


@app.command(
    "test",
    writes=True,
    prints=list_of(TESTED),
    examples=["petmsg notify test ops", "petmsg notify test --dry-run"],
)
def send_tests(
    context: Context,
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="Only this channel; by default all.")
    ] = None,
) -> None:
    """Send a test message to channels now.

    Covers all orgs unless --org is given. Reports which channels failed, and why. A channel that
    works again is told of waiting alerts at once. Exits with 6 if a channel failed, and with 5 if
    its URL is missing.
    """
    from petmsg.cli.flows import notify as flow

    flow.send_tests(context, TESTED, name)


@app.command(
    "remove",
    writes=True,
    prints=one(REMOVED),
    examples=["petmsg notify remove ops"],
)
def remove(
    context: Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The channel's name.")],
) -> None:
    """Remove a channel and its URL.

    Also removes a URL whose channel is not in the database any more.
    """
    from petmsg.workflows import notify_channels

    context.show_one(REMOVED, notify_channels.remove(context, name))


@app.cron_command(
    "run",
    writes=True,
    logs=True,
    prints=list_of(TOLD),
    examples=["petmsg notify run", "petmsg notify run --dry-run"],
)
def run(context: Context) -> None:
    """Tell each channel of new alerts once, and again after a day (for cron).

    Covers all orgs unless --org is given. Alerts of one type go out together, ten in a message,
    with refs and commands only. Prints what was told; without news nothing is printed. petmsg
    message dispatch --watch and petmsg serve do the same by themselves. Exits with 6 if a channel
    failed, and with 5 if its URL is missing: it is tried again after a minute, then after longer
    waits.
    """
    from petmsg.cli.flows import notify as flow

    flow.run(context, TOLD)
