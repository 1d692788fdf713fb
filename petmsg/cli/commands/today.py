"""petmsg today"""

from typing import Annotated

import typer

from petmsg.cli.command import new_command
from petmsg.cli.context import Context
from petmsg.render.printed import one

app = new_command()


@app.command(
    "today",
    prints=one("today.TODAY"),
    examples=[
        "petmsg today",
        "petmsg today --on tomorrow",
        "petmsg today --chart",
        "petmsg today --chart --html today.html",
    ],
)
def today(
    context: Context,
    on: Annotated[
        str | None,
        typer.Option(
            "--on", metavar="DAY", help="Another day: 2026-02-14, tomorrow, +2d. [default: today]"
        ),
    ] = None,
    show_all: Annotated[
        bool, typer.Option("--all", help="Show everything, not only one screen.")
    ] = False,
    chart: Annotated[
        bool, typer.Option("--chart", help="Draw the day: one line for each sitter.")
    ] = False,
    svg: Annotated[
        str | None,
        typer.Option("--svg", metavar="FILE", help="Also write the chart to an SVG file."),
    ] = None,
    html: Annotated[
        str | None,
        typer.Option("--html", metavar="FILE", help="Also write the chart and a table to HTML."),
    ] = None,
) -> None:
    """Show the day on one screen: visits, absences, gaps and waiting clients.

    The day is the org's local day. At most 24 lines at 80 columns: where there is more, a line says
    how much and which command shows it. Gaps are those of petmsg coverage for the day and the next.
    Bookings that are not confirmed are marked "pending".
    """
    from petmsg.cli import today_files

    today_files.show(context, on, show_all=show_all, chart=chart, svg=svg, html=html)
