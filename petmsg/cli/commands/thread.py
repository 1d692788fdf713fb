"""petmsg thread …"""

from typing import Annotated

import typer

from petmsg.cli.command import command, new_app
from petmsg.cli.context import Context
from petmsg.cli.options import ALL, BEFORE, LIMIT, page
from petmsg.queries import thread as queries
from petmsg.queries.page import USUAL_LIMIT
from petmsg.render.views.conversation import NUMBERS_SEEN, THREAD, THREAD_WINDOWS, THREADS

_HELP = (
    "Each client has exactly one conversation thread. Multiple bookings create multiple assignment"
    " windows within the same thread."
)
app = new_app("The one conversation of each client. " + _HELP)


@command(app, "list", examples=["petmsg thread list --limit 20"])
def list_(
    context: Context, limit: LIMIT = USUAL_LIMIT, before: BEFORE = None, all_: ALL = False
) -> None:
    """The threads, the newest first.

    Each client has exactly one conversation thread. Multiple bookings create multiple assignment
    windows within the same thread.
    """
    context.show_list(THREADS, context.read(queries.list_threads, page(limit, before, all_)))


@command(app, "show", examples=["petmsg thread show C-1", "petmsg thread show 'Ann Ivers' -o json"])
def show(
    context: Context,
    client: Annotated[str, typer.Argument(metavar="CLIENT", help="Her ref, phone or name.")],
    limit: LIMIT = USUAL_LIMIT,
    before: BEFORE = None,
    all_: ALL = False,
) -> None:
    """A client's thread: its windows, the numbers she has seen, and what was said.

    Each client has exactly one conversation thread. Multiple bookings create multiple assignment
    windows within the same thread.
    """
    found = context.read(queries.show_thread, client, page(limit, before, all_), now=context.now)
    context.show_one(THREAD, found)
    if context.is_table:
        from petmsg.render.conversation_text import print_talk

        context.show_list(THREAD_WINDOWS, found["windows"])
        context.show_list(NUMBERS_SEEN, found["numbers_seen"])
        print_talk(found, view=context.view)


@command(
    app,
    "timeline",
    examples=[
        "petmsg thread timeline C-1",
        "petmsg thread timeline C-1 --from -1d --to +6d --svg timeline.svg",
    ],
)
def timeline(
    context: Context,
    client: Annotated[str, typer.Argument(metavar="CLIENT", help="Her ref, phone or name.")],
    from_: Annotated[
        str | None, typer.Option("--from", metavar="T", help="Since when  [default: 3 days ago]")
    ] = None,
    to: Annotated[
        str | None, typer.Option("--to", metavar="T", help="Until when  [default: 14 days later]")
    ] = None,
    svg: Annotated[
        str | None, typer.Option("--svg", metavar="FILE", help="Write the drawing into a file too.")
    ] = None,
    html: Annotated[
        str | None,
        typer.Option("--html", metavar="FILE", help="Write a page with the drawing and the list."),
    ] = None,
) -> None:
    """A client's thread drawn over time: windows, the number she sees, quarantines and texts.

    A lane for each sitter shows booked time solid and grace lighter. The line below is the number
    that texts to her leave from, a letter where it changes: green is her sitter's, yellow stands in
    for a sitter who cannot speak, ! is none at all. At any moment petmsg route explain --at says
    the same; what is to come is told as petmsg route simulate does. A file that is there is
    replaced; only its owner can read it. With -o json the segments and what was drawn.
    """
    from petmsg.cli import timeline_files

    timeline_files.show(context, client, from_=from_, to=to, svg=svg, html=html)
