"""petmsg coverage"""

from typing import Annotated

import typer

from petmsg.cli.command import new_command
from petmsg.cli.context import Context
from petmsg.cli.options import FINDINGS
from petmsg.errors import FINDING
from petmsg.render.printed import list_of

app = new_command()


@app.cron_command(
    "coverage",
    prints=list_of("coverage.GAPS"),
    examples=["petmsg coverage", "petmsg coverage --days 3"],
)
def coverage(
    context: Context,
    days: Annotated[
        int, typer.Option("--days", metavar="N", help="Days to look ahead: 1 to 366.")
    ] = 14,
    findings: FINDINGS = False,
) -> None:
    """Find upcoming visits without a usable number or a free sitter.

    For cron: covers all orgs unless --org is given, and exits with 10 on a gap. Lists windows whose
    sitter has no usable number, with the number used instead; confirmed bookings without a window;
    visits of a sitter who is away or in two homes at once; active sitters without a number; and
    orgs that cannot send outside of windows. Each gap comes with the command that helps, if
    possible with a sitter who is free. Notes, which are no gaps: two sitters for one client at
    once, conflicts of pending bookings, and the spare capacity of the pool.
    """
    from petmsg.render.views.coverage import GAPS
    from petmsg.services.routes import coverage as service

    with context.snapshot() as cursor:
        rows = service.coverage(cursor, context.chosen(cursor), now=context.now, days=days)
    context.show_list(GAPS, [row for row in rows if row.gap or not findings])
    context.exit_code = FINDING if any(row.gap for row in rows) else 0
