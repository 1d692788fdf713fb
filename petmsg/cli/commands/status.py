"""petmsg status"""

from typing import Annotated

import typer

from petmsg.cli.command import new_command
from petmsg.cli.context import Context
from petmsg.render.printed import list_of

app = new_command()


@app.cron_command(
    "status",
    prints=list_of("status.STATUS"),
    examples=["petmsg status", "petmsg status --days 7 -o json"],
)
def status(
    context: Context,
    days: Annotated[
        int, typer.Option("--days", metavar="N", help="Days to look ahead for gaps: 1 to 366.")
    ] = 3,
) -> None:
    """Show today's visits, queue, inbox and upcoming gaps.

    Covers all orgs unless --org is given. Gaps are those of petmsg coverage. "Last send attempt"
    and "Last sync" show whether message dispatch and message sync run.
    """
    from petmsg.render.views.status import FIRST_GAPS, RELEASES, STATUS, VISITS
    from petmsg.services.routes import status as service

    with context.snapshot() as cursor:
        rows = service.status(cursor, context.chosen(cursor), now=context.now, days=days)
    if not context.is_table:
        context.show_list(STATUS, rows)
        return
    for row in rows:
        context.about(row.org)
        context.show_one(STATUS, row)
        for fields, below in (
            (VISITS, row.today.sitters),
            (RELEASES, row.releases),
            (FIRST_GAPS, row.gaps[: service.FIRST_GAPS]),
        ):
            if below:
                context.show_list(fields, below)
