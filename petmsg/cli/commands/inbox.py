"""petmsg inbox …"""

from typing import Annotated

import typer

from petmsg.cli.command import command, new_app
from petmsg.cli.context import Context
from petmsg.cli.options import ALL, BEFORE, LIMIT, REASON, checked_reason, page
from petmsg.cli.results import show_results
from petmsg.errors import UsageProblem
from petmsg.queries import inbox as queries
from petmsg.queries.page import USUAL_LIMIT
from petmsg.render.views.inbound import ASSIGNED, INBOX, ITEM, ITEM_CHANGED, RECEIVED, STRAYS

app = new_app("Texts that came in and wait for a person.")

IDS = Annotated[list[str] | None, typer.Argument(metavar="ID...", help="Their ids.")]
ITEM_ID = Annotated[int, typer.Argument(metavar="ID", help="The text's id.")]


@command(
    app,
    "list",
    reveals=True,
    examples=["petmsg inbox list", "petmsg inbox list --for unrouted --reveal"],
)
def list_(
    context: Context,
    whose: Annotated[
        str | None,
        typer.Option("--for", metavar="WHOM", help="front_desk, unrouted, relay, or a sitter."),
    ] = None,
    done: Annotated[bool, typer.Option("--done", help="Those that are done instead.")] = False,
    limit: LIMIT = USUAL_LIMIT,
    before: BEFORE = None,
    all_: ALL = False,
) -> None:
    """What waits for a person, the newest first.

    Everything that nobody has been told of is listed: with the relay off also what is addressed
    to sitters. With the relay on, what a sitter was told of is listed when it is not answered
    within 15 minutes, or when the visit is over.
    """
    rows = context.read(
        queries.list_inbox, page(limit, before, all_), now=context.now, whose=whose, done=done
    )
    context.show_list(INBOX, rows)


@command(app, "show", reveals=True, examples=["petmsg inbox show 4"])
def show(context: Context, message: ITEM_ID) -> None:
    """One text that came in: whose it is, who looks after it, why it is here, how to answer."""
    context.show_one(ITEM, context.read(queries.find_item, message, now=context.now))


@command(
    app,
    "claim",
    writes=True,
    examples=["petmsg inbox claim 4", "petmsg inbox claim 4 5 --actor ada"],
)
def claim(
    context: Context,
    messages: IDS = None,
    take_over: Annotated[
        bool, typer.Option("--take-over", help="Also what somebody else looks after.")
    ] = False,
) -> None:
    """Look after texts, so that nobody else answers them too. You are --actor."""
    from petmsg.services import inbox as service

    ids = queries.ids_of(_some(messages))
    show_results(context, ITEM_CHANGED, context.write(service.claim_all, ids, take_over=take_over))


@command(
    app,
    "done",
    writes=True,
    examples=["petmsg inbox done 4 --reason 'called her'", "petmsg inbox done --client C-2"],
)
def done(
    context: Context,
    messages: IDS = None,
    client: Annotated[
        str | None,
        typer.Option("--client", metavar="CLIENT", help="All of hers that wait."),
    ] = None,
    reason: REASON = None,
) -> None:
    """Texts that wait for nobody any more. Done again changes nothing."""
    from petmsg.services import inbox as service

    if (client is None) == (not messages):
        raise UsageProblem("Which texts?", hint="Name IDs, or --client CLIENT.")
    ids = queries.ids_of(messages or [])
    if client is not None:
        ids = context.read(queries.open_of_client, client, now=context.now)
        if not ids:
            context.say(f"Nothing of {client} waits.")
            context.show_list(ITEM_CHANGED, [])
            return
    rows = context.write(service.done_all, ids, reason=checked_reason(reason))
    show_results(context, ITEM_CHANGED, rows)


@command(app, "assign", writes=True, examples=["petmsg inbox assign 5 C-2"])
def assign(
    context: Context,
    message: ITEM_ID,
    client: Annotated[str, typer.Argument(metavar="CLIENT", help="Her ref, phone or name.")],
) -> None:
    """A stranger's text is a client's: the phone becomes one of hers.

    All unrouted texts of that phone move into her thread, and wait for the front desk.
    """
    from petmsg.services import inbox as service

    context.show_one(ASSIGNED, context.write(service.assign, message, client))


@command(app, "strays", reveals=True, examples=["petmsg inbox strays"])
def strays(
    context: Context,
    adopted: Annotated[
        bool, typer.Option("--adopted", help="Those that found their place instead.")
    ] = False,
    limit: LIMIT = USUAL_LIMIT,
    before: BEFORE = None,
    all_: ALL = False,
) -> None:
    """Texts to numbers that were never ours, the newest first. They belong to no org."""
    with context.snapshot() as cursor:
        rows = queries.list_strays(cursor, page(limit, before, all_), adopted=adopted)
    context.show_list(STRAYS, rows)


@command(app, "adopt", writes=True, examples=["petmsg inbox adopt 1"])
def adopt(
    context: Context, stray: Annotated[str, typer.Argument(metavar="STRAY", help="Its id.")]
) -> None:
    """Take in a stray text, once its number is ours: as of the time when it came."""
    from petmsg.workflows import receive

    context.show_one(RECEIVED, receive.adopt(context, stray))


def _some(messages: list[str] | None) -> list[str]:
    if not messages:
        raise UsageProblem("Which texts?", hint="Name their IDs: petmsg inbox list")
    return messages
