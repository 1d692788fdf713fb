"""`petmsg today`: prints the day or its chart, and writes the chart to files."""

from petmsg.cli.context import Context
from petmsg.cli.timeline_files import write_privately
from petmsg.days import parse_day
from petmsg.enums.output import OutputFormat
from petmsg.services.routes import today as service


def show(
    context: Context,
    on: str | None,
    *,
    show_all: bool,
    chart: bool,
    svg: str | None,
    html: str | None,
) -> None:
    """Show a day of the org. Raises `MalformedTime`, `FileUnwritable`, and what finding the org
    does."""
    with context.snapshot() as cursor:
        org = context.org(cursor)
        day = None if on is None else parse_day(on, timezone=org.timezone, at=context.now)
        found = service.today(cursor, org, day, now=context.now)
    if svg is not None or html is not None:
        from petmsg.render.day_report import html as page_of
        from petmsg.render.day_report import svg as picture_of

        for name, made in ((svg, picture_of), (html, page_of)):
            if name is not None:
                write_privately(name, made(found))
                context.notify(f"Written: {name}")
    if context.is_table and chart:
        from petmsg.render.day_drawing import print_day

        print_day(found, view=context.view)
    elif context.is_table:
        from petmsg.render.today_screen import print_today

        print_today(found, view=context.view, show_all=show_all)
    else:
        _print_data(context, found)


def _print_data(context: Context, found: service.Today) -> None:
    """JSON is one object; TSV and CSV have a row for each visit, absence, gap and who waits."""
    from petmsg.render.views.today import ROWS, TODAY, rows_of_day

    if context.output in (OutputFormat.JSON, OutputFormat.JSONL):
        context.show_one(TODAY, found)
    else:
        context.show_list(ROWS, rows_of_day(found))
