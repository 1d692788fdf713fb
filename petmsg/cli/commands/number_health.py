"""petmsg number health and petmsg number pace"""

from typing import Annotated

import typer

from petmsg.cli.command import new_app
from petmsg.cli.context import Context
from petmsg.cli.options import REASON
from petmsg.errors import UsageProblem
from petmsg.render.printed import results_of

part = new_app("")
"""A part of the group `petmsg number`."""

NUMBERS_ARG = Annotated[list[str], typer.Argument(metavar="E164...", help="The numbers.")]


@part.cron_command(
    "health",
    writes=True,
    prints=results_of("health.HEALTH"),
    prints_with={
        "--propose": results_of("health.PROPOSED"),
        "--apply": results_of("numbers.QUARANTINED"),
    },
    examples=[
        "petmsg number health",
        "petmsg number health --propose",
        "petmsg number health +14155550105 --days 30",
    ],
)
def health(
    context: Context,
    numbers: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="E164...", help="Only these numbers; default: all that sent in the period."
        ),
    ] = None,
    days: Annotated[
        int, typer.Option("--days", metavar="N", help="Length of the period in days: 1 to 3650.")
    ] = 7,
    propose: Annotated[
        bool,
        typer.Option("--propose", help="List only flagged numbers; exit with 10 if there are any."),
    ] = False,
    apply: Annotated[
        bool,
        typer.Option("--apply", help="Quarantine flagged numbers, for the org's default period."),
    ] = False,
) -> None:
    """Show how messages from each number were delivered.

    Covers all orgs unless --org is given. An active number is flagged when carriers filtered (code
    30007) at least 3 of its last 50 messages, and at least 5 % of those of the last 24 hours. The
    active front desk number is never quarantined automatically: --apply raises an alert instead and
    exits with 4.
    """
    from petmsg.cli.flows.numbers import show_health

    show_health(context, numbers, days=days, propose=propose, apply=apply)


@part.command(
    "pace",
    writes=True,
    prints=results_of("health.PACE"),
    prints_with={
        "--segments-per-second": results_of("health.PACE_SET"),
        "--usual": results_of("health.PACE_SET"),
    },
    examples=[
        "petmsg number pace +14155550101 +14155550102",
        "petmsg number pace +14155550101 --segments-per-second 3",
    ],
)
def pace(
    context: Context,
    numbers: NUMBERS_ARG,
    segments_per_second: Annotated[
        float | None,
        typer.Option(
            "--segments-per-second", metavar="R", help="Set the rate limit: 0.001 to 1000."
        ),
    ] = None,
    usual: Annotated[
        bool, typer.Option("--usual", help="Go back to the default for this type of number.")
    ] = False,
    reason: REASON = None,
) -> None:
    """Show or set the rate limit of numbers, in segments per second.

    The default is 1 for a long code and 3 for a toll-free number. All workers together honour the
    limit.
    """
    from petmsg.cli.flows.numbers import set_rate_limits, show_rate_limits

    if usual and segments_per_second is not None:
        raise UsageProblem("--usual and --segments-per-second cannot be combined.")
    if usual or segments_per_second is not None:
        set_rate_limits(context, numbers, segments_per_second, reason=reason)
    else:
        show_rate_limits(context, numbers)
