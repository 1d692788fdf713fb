"""petmsg thread …"""

from typing import Annotated

import typer

from petmsg.cli.command import command, new_app
from petmsg.cli.options import ALL, BEFORE, LIMIT, page
from petmsg.cli.run import Run
from petmsg.queries import thread as queries
from petmsg.queries.page import USUAL_LIMIT
from petmsg.render.conversation import (
    NUMBERS_SEEN,
    THREAD,
    THREAD_WINDOWS,
    THREADS,
)
from petmsg.render.talk import print_talk

_HELP = (
    "Each client has exactly one conversation thread. Multiple bookings create multiple assignment"
    " windows within the same thread."
)
app = new_app("The one conversation of each client. " + _HELP)


@command(app, "list", examples=["petmsg thread list --limit 20"])
def list_(run: Run, limit: LIMIT = USUAL_LIMIT, before: BEFORE = None, all_: ALL = False) -> None:
    """The threads, the newest first.

    Each client has exactly one conversation thread. Multiple bookings create multiple assignment
    windows within the same thread.
    """
    run.show_list(THREADS, run.read(queries.list_threads, page(limit, before, all_)))


@command(app, "show", examples=["petmsg thread show C-1", "petmsg thread show 'Ann Ivers' -o json"])
def show(
    run: Run,
    client: Annotated[str, typer.Argument(metavar="CLIENT", help="Her ref, phone or name.")],
    limit: LIMIT = USUAL_LIMIT,
    before: BEFORE = None,
    all_: ALL = False,
) -> None:
    """A client's thread: its windows, the numbers she has seen, and what was said.

    Each client has exactly one conversation thread. Multiple bookings create multiple assignment
    windows within the same thread.
    """
    found = run.read(queries.show_thread, client, page(limit, before, all_))
    run.show_one(THREAD, found)
    if run.is_table:
        run.show_list(THREAD_WINDOWS, found["windows"])
        run.show_list(NUMBERS_SEEN, found["numbers_seen"])
        print_talk(found, view=run.view)
