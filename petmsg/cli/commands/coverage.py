"""petmsg coverage"""

from typing import Annotated

import typer

from petmsg.cli.command import command, new_command
from petmsg.cli.context import Context
from petmsg.cli.options import FINDINGS
from petmsg.errors import FINDING

app = new_command()


@command(app, "coverage", examples=["petmsg coverage", "petmsg coverage --days 3"])
def coverage(
    context: Context,
    days: Annotated[
        int, typer.Option("--days", metavar="N", help="How far to look ahead: 1 to 366.")
    ] = 14,
    findings: FINDINGS = False,
) -> None:
    """Who will have no number: windows, sitters and bookings; exit 10 on a gap.

    For cron, in all orgs unless --org is given. Lists windows whose sitter has no usable number
    and where their texts leave from meanwhile, confirmed bookings without a window, active sitters
    without a number, and orgs whose texts outside of windows have none; each with the command that
    helps. How much the pool can still take is told too, and is never a gap.
    """
    from petmsg.render.views.coverage import GAPS
    from petmsg.services.routes import coverage as service

    with context.snapshot() as cursor:
        rows = service.coverage(cursor, context.chosen(cursor), now=context.now, days=days)
    context.show_list(GAPS, [row for row in rows if row.gap or not findings])
    context.exit_code = FINDING if any(row.gap for row in rows) else 0
