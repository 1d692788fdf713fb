"""petmsg message prices"""

from typing import Annotated

import typer

from petmsg.cli.command import new_app
from petmsg.cli.context import Context
from petmsg.render.printed import list_of

part = new_app("")
"""A part of the group `petmsg message`."""


@part.cron_command(
    "prices",
    writes=True,
    prints=list_of("prices.PRICED"),
    examples=["petmsg message prices", "petmsg message prices --days 30"],
)
def prices(
    context: Context,
    days: Annotated[
        int,
        typer.Option("--days", metavar="N", help="How many days back, today included: 1 to 400."),
    ] = 3,
) -> None:
    """Fetch what messages cost from the provider (for cron).

    Covers all orgs unless --org is given. Providers tell a price minutes to hours after the
    message: run it once an hour or once a day. It lists the messages of each day (UTC), a request
    for each 1,000, and stores the price, its currency and the segments that the provider counted.
    Safe to repeat.
    """
    from petmsg.cli.results import Results
    from petmsg.render.views.prices import PRICED
    from petmsg.workflows.message_prices import fetch_prices

    stored = fetch_prices(context, days=days)
    with Results(context, PRICED, as_record=False) as shown:
        for day in stored:
            shown.add(day)
