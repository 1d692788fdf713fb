"""petmsg report …"""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

import typer

from petmsg.cli.command import new_app
from petmsg.cli.context import Context
from petmsg.enums.reports import ReportBy
from petmsg.render.printed import list_of

app = new_app("Count messages, their cost, and how soon clients are answered.")

BY = Annotated[ReportBy, typer.Option("--by", help="What makes a row.")]
START = Annotated[
    str | None,
    typer.Option("--from", metavar="T", help="First day or time [default: 30 days]"),
]
END = Annotated[
    str | None, typer.Option("--to", metavar="T", help="Last day, or end time [default: now]")
]

Span = tuple[datetime, datetime]


@app.command(
    "volume",
    prints=list_of("reports.VOLUME"),
    examples=["petmsg report volume", "petmsg report volume --by sitter --from 2026-02-01"],
)
def volume(context: Context, by: BY = ReportBy.DAY, start: START = None, end: END = None) -> None:
    """Count messages that were sent and received.

    A sent message counts once, when the provider accepted it; a received one when it was stored.
    Days and weeks (from Monday on) are those of the org's timezone; a day at the end belongs to the
    span. A sitter has the messages of their own number.
    """
    from petmsg.render.views.reports import VOLUME
    from petmsg.services import reports

    context.show_list(VOLUME, _rows(context, reports.volume, by, start, end))


@app.command(
    "cost",
    prints=list_of("reports.COST"),
    examples=["petmsg report cost --by week", "petmsg report cost --by client -o csv"],
)
def cost(context: Context, by: BY = ReportBy.DAY, start: START = None, end: END = None) -> None:
    """Sum what messages cost, by currency.

    Prices are those that petmsg message prices fetched. Messages whose price is not known yet have
    a row of their own. Days, weeks and sitters are those of petmsg report volume.
    """
    from petmsg.render.views.reports import COST
    from petmsg.services import reports

    context.show_list(COST, _rows(context, reports.cost, by, start, end))


@app.command(
    "responses",
    prints=list_of("reports.RESPONSES"),
    examples=["petmsg report responses", "petmsg report responses --by sitter --from -4w"],
)
def responses(
    context: Context, by: BY = ReportBy.DAY, start: START = None, end: END = None
) -> None:
    """Show how soon clients were answered.

    A client's message is answered by the next message that a person sent to them; automatic replies
    are no answers, and keywords such as STOP need none. Days, weeks and sitters are those of petmsg
    report volume.
    """
    from petmsg.render.views.reports import RESPONSES
    from petmsg.services import reports

    context.show_list(RESPONSES, _rows(context, reports.responses, by, start, end))


def _rows(
    context: Context,
    report: Callable[..., list[Any]],
    by: ReportBy,
    start: str | None,
    end: str | None,
) -> list[Any]:
    from petmsg.services.reports import span_of_report

    with context.snapshot() as cursor:
        org = context.org(cursor)
        return report(cursor, org, span_of_report(org, start, end, now=context.now), by)
