"""petmsg metrics"""

from typing import Annotated

import typer

from petmsg.cli.command import new_command
from petmsg.cli.context import Context
from petmsg.render.printed import list_of, one

app = new_command()


@app.command(
    "metrics",
    prints=list_of("metrics.SAMPLES"),
    prints_with={"--to": one("metrics.WRITTEN")},
    examples=["petmsg metrics", "petmsg metrics --to petmsg.prom"],
)
def metrics(
    context: Context,
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="FILE", help="Write them to this .prom file for a collector."),
    ] = None,
) -> None:
    """Show figures for monitoring: queue, errors, alerts, numbers, waiting clients.

    Covers all orgs unless --org is given. Requires the extra `metrics`. With --to (for cron) they
    are written in Prometheus' format for the textfile collector of the node exporter; the file is
    replaced at once. No figure holds a phone, a name, a ref or a message. petmsg serve
    --metrics-port answers the same and counts its requests.
    """
    from petmsg.cli.flows import metrics as flow

    flow.metrics(context, to=to)
