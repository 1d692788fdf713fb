"""petmsg thread …"""

from typing import Annotated

import typer

from petmsg.cli.command import new_app
from petmsg.cli.context import Context
from petmsg.cli.options import ALL, BEFORE, LIMIT, page
from petmsg.queries import thread as queries
from petmsg.queries.page import USUAL_LIMIT
from petmsg.render.printed import list_of, one
from petmsg.render.views.thread import NUMBERS_SEEN, THREAD, THREAD_WINDOWS, THREADS

_HELP = (
    "Each client has exactly one conversation thread. Multiple bookings create multiple assignment"
    " windows within the same thread."
)
app = new_app("Show each client's one conversation thread. " + _HELP)


@app.command(
    "list",
    prints=list_of(THREADS),
    examples=["petmsg thread list --limit 20"],
)
def list_(
    context: Context, limit: LIMIT = USUAL_LIMIT, before: BEFORE = None, all_: ALL = False
) -> None:
    """List threads, newest first.

    Each client has exactly one conversation thread. Multiple bookings create multiple assignment
    windows within the same thread.
    """
    context.show_list(THREADS, context.read(queries.list_threads, page(limit, before, all_)))


@app.command(
    "show",
    prints=one(THREAD),
    examples=["petmsg thread show C-1", "petmsg thread show 'Ann Ivers' -o json"],
)
def show(
    context: Context,
    client: Annotated[
        str, typer.Argument(metavar="CLIENT", help="The client's ref, phone or name.")
    ],
    limit: LIMIT = USUAL_LIMIT,
    before: BEFORE = None,
    all_: ALL = False,
) -> None:
    """Show a client's thread: windows, numbers seen, messages and calls.

    Each client has exactly one conversation thread. Multiple bookings create multiple assignment
    windows within the same thread. The default number is the one that it began with; petmsg route
    explain shows the number of a message.
    """
    found = context.read(queries.show_thread, client, page(limit, before, all_), now=context.now)
    context.show_one(THREAD, found)
    if context.is_table:
        from petmsg.render.conversation_text import print_conversation

        for fields, rows in ((THREAD_WINDOWS, found.windows), (NUMBERS_SEEN, found.numbers_seen)):
            if rows:
                context.show_list(fields, rows)
        print_conversation(found, view=context.view)


@app.command(
    "timeline",
    prints=one("timeline.TIMELINE"),
    examples=[
        "petmsg thread timeline C-1",
        "petmsg thread timeline C-1 --from -1d --to +6d --svg timeline.svg",
    ],
)
def timeline(
    context: Context,
    client: Annotated[
        str, typer.Argument(metavar="CLIENT", help="The client's ref, phone or name.")
    ],
    from_: Annotated[
        str | None, typer.Option("--from", metavar="T", help="Start  [default: 3 days ago]")
    ] = None,
    to: Annotated[
        str | None, typer.Option("--to", metavar="T", help="End  [default: 14 days from now]")
    ] = None,
    svg: Annotated[
        str | None,
        typer.Option("--svg", metavar="FILE", help="Also write the drawing to this file."),
    ] = None,
    html: Annotated[
        str | None,
        typer.Option(
            "--html", metavar="FILE", help="Also write a page with the drawing and the list."
        ),
    ] = None,
) -> None:
    """Draw a client's thread over time.

    Shows windows, the number the client sees, quarantines, messages and calls. Each sitter has a
    lane: booked time is solid, grace is lighter. The line below is the number that messages to the
    client are sent from, with a letter where it changes: green is the sitter's own number, yellow
    is a fallback number, ! is no number. At any moment petmsg route explain --at gives the same
    answer; the future is computed as in petmsg route simulate. Existing files are replaced, and
    only their owner can read them. -o json prints the segments and everything that is drawn.
    """
    from petmsg.cli import timeline_files

    timeline_files.show(context, client, from_=from_, to=to, svg=svg, html=html)
