"""petmsg inbox …"""

from typing import Annotated

import typer

from petmsg.cli.command import new_app
from petmsg.cli.context import Context
from petmsg.cli.options import (
    ABOUT_VISIT,
    ALL,
    BEFORE,
    KEY,
    LIMIT,
    MEDIA,
    QUEUE_ONLY,
    REASON,
    TEMPLATE,
    URGENT,
    VALUES,
    body_of,
    checked_reason,
    page,
)
from petmsg.cli.results import show_results
from petmsg.errors import UsageProblem
from petmsg.queries import inbox as queries
from petmsg.queries.page import USUAL_LIMIT
from petmsg.render.printed import list_of, one, results_of
from petmsg.render.views.inbound import (
    ASSIGNED,
    INBOX,
    ITEM,
    ITEM_CHANGED,
    RECEIVED,
    REPLIED,
    UNMATCHED,
)

app = new_app("List, answer, claim and close received messages that need a person.")

IDS = Annotated[list[str] | None, typer.Argument(metavar="ID...", help="IDs of the messages.")]
ITEM_ID = Annotated[int, typer.Argument(metavar="ID", help="The message's ID.")]


@app.command(
    "list",
    reveals=True,
    prints=list_of(INBOX),
    examples=[
        "petmsg inbox list",
        "petmsg inbox list --oldest --since -2d",
        "petmsg inbox list --for unrouted --reveal",
    ],
)
def list_(
    context: Context,
    whose: Annotated[
        str | None,
        typer.Option(
            "--for",
            metavar="WHOM",
            help="Only messages for front_desk, unrouted, relay, or a sitter.",
        ),
    ] = None,
    client: Annotated[
        str | None,
        typer.Option("--client", metavar="CLIENT", help="Only messages of this client."),
    ] = None,
    sitter: Annotated[
        str | None,
        typer.Option("--sitter", metavar="SITTER", help="Only messages to or from this sitter."),
    ] = None,
    number: Annotated[
        str | None,
        typer.Option("--number", metavar="E164", help="Only messages to this masked number."),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="T", help="Only messages received at or after this time."),
    ] = None,
    oldest: Annotated[
        bool, typer.Option("--oldest", help="List those that have waited longest first.")
    ] = False,
    done: Annotated[
        bool, typer.Option("--done", help="List messages that are marked as handled instead.")
    ] = False,
    limit: LIMIT = USUAL_LIMIT,
    before: BEFORE = None,
    all_: ALL = False,
) -> None:
    """List messages that need a person, newest first.

    Messages that no sitter was notified of are listed, with a note; with the relay off,
    that includes messages to sitters. With the relay on, a message forwarded to a sitter is listed
    when it is not answered in time (petmsg org set --unanswered-after), or when the visit is over.
    """
    from petmsg.cli.flows.inbox import show_inbox

    only = queries.InboxFilter(whose=whose, client=client, sitter=sitter, number=number, done=done)
    show_inbox(context, page(limit, before, all_), only=only, since=since, oldest_first=oldest)


@app.command(
    "show",
    reveals=True,
    prints=one(ITEM),
    examples=["petmsg inbox show 4"],
)
def show(context: Context, message: ITEM_ID) -> None:
    """Show one received message and how to answer it.

    Includes its client, its assignee, and why it is in the inbox.
    """
    from petmsg.cli.flows.inbox import show_item

    show_item(context, message)


@app.command(
    "claim",
    writes=True,
    prints=results_of(ITEM_CHANGED),
    examples=["petmsg inbox claim 4", "petmsg inbox claim 4 5 --actor ada"],
)
def claim(
    context: Context,
    messages: IDS = None,
    take_over: Annotated[
        bool,
        typer.Option("--take-over", help="Also claim messages that somebody else has claimed."),
    ] = False,
) -> None:
    """Assign messages to yourself, so that nobody else answers them.

    You are the user that --actor names.
    """
    from petmsg.services import inbox as service

    ids = queries.ids_of(_some(messages))
    show_results(context, ITEM_CHANGED, context.write(service.claim_all, ids, take_over=take_over))


@app.command(
    "reply",
    writes=True,
    reveals=True,
    prints=one(REPLIED),
    examples=[
        "petmsg inbox reply 4 --body 'Rex is fine, Maya is with him.'",
        "petmsg inbox reply 4 --body 'We are on it.' --take-over --actor ada",
    ],
)
def reply(
    context: Context,
    message: ITEM_ID,
    body: Annotated[
        str | None, typer.Option("--body", metavar="TEXT", help="The answer; - for stdin.")
    ] = None,
    media: MEDIA = None,
    template: TEMPLATE = None,
    values: VALUES = None,
    booking: ABOUT_VISIT = None,
    key: KEY = None,
    take_over: Annotated[
        bool,
        typer.Option(
            "--take-over",
            help="Also answer what somebody else has claimed, or what the sitter may still answer.",
        ),
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Also answer a message that is done.")
    ] = False,
    urgent: URGENT = False,
    queue_only: QUEUE_ONLY = False,
) -> None:
    """Answer a message, claim it and mark it as handled, in one step.

    A client is answered from the number they wrote to, if it is a pool number or the front desk's;
    otherwise the number is chosen as for petmsg message send. An unknown sender is answered from
    the number they wrote to, and a sitter on their own phone. If somebody else has claimed the
    message, nothing is sent. A template is for clients only. An answer that is not delivered puts
    the message into the inbox again.
    """
    from petmsg.cli.flows.choose_send import template_of
    from petmsg.cli.flows.reply import reply as answer
    from petmsg.services.outbox.preview import SendOptions

    use = template_of(template, body=body, values=values, booking=booking)
    answer(
        context,
        message,
        body=None if body is None else body_of(body),
        media=media or (),
        options=SendOptions(key=key, urgent=urgent, template=use),
        take_over=take_over,
        again=again,
        queue_only=queue_only,
    )


@app.command(
    "done",
    writes=True,
    prints=results_of(ITEM_CHANGED),
    examples=["petmsg inbox done 4 --reason 'called the client'", "petmsg inbox done --client C-2"],
)
def done(
    context: Context,
    messages: IDS = None,
    client: Annotated[
        str | None,
        typer.Option("--client", metavar="CLIENT", help="All waiting messages of this client."),
    ] = None,
    reason: REASON = None,
) -> None:
    """Mark messages as handled. Safe to repeat."""
    from petmsg.services import inbox as service

    if (client is None) == (not messages):
        raise UsageProblem(
            "Specify message IDs or --client CLIENT (not both).",
            hint="List them: petmsg inbox list",
        )
    ids = queries.ids_of(messages or [])
    if client is not None:
        ids = context.read(queries.open_of_client, client, now=context.now)
        if not ids:
            context.notify(f"No message of {client} waits for an answer.")
            context.show_list(ITEM_CHANGED, [])
            return
    rows = context.write(service.done_all, ids, reason=checked_reason(reason))
    show_results(context, ITEM_CHANGED, rows)


@app.command(
    "assign",
    writes=True,
    prints=one(ASSIGNED),
    examples=["petmsg inbox assign 5 C-2"],
)
def assign(
    context: Context,
    message: ITEM_ID,
    client: Annotated[
        str, typer.Argument(metavar="CLIENT", help="The client's ref, phone or name.")
    ],
) -> None:
    """Link an unknown sender to a client.

    The phone is added to the client. All unrouted messages from that phone move into the client's
    thread and wait for the front desk.
    """
    from petmsg.services import inbox as service

    context.show_one(ASSIGNED, context.write(service.assign, message, client))


@app.command(
    "strays",
    reveals=True,
    prints=list_of(UNMATCHED),
    examples=["petmsg inbox strays"],
)
def strays(
    context: Context,
    adopted: Annotated[
        bool, typer.Option("--adopted", help="List messages that were adopted instead.")
    ] = False,
    limit: LIMIT = USUAL_LIMIT,
    before: BEFORE = None,
    all_: ALL = False,
) -> None:
    """List unmatched messages, newest first.

    They were sent to numbers that belonged to no org.
    """
    with context.snapshot() as cursor:
        rows = queries.list_unmatched(cursor, page(limit, before, all_), adopted=adopted)
    context.show_list(UNMATCHED, rows)


@app.command(
    "adopt",
    writes=True,
    prints=one(RECEIVED),
    examples=["petmsg inbox adopt 1"],
)
def adopt(
    context: Context,
    unmatched: Annotated[
        str, typer.Argument(metavar="UNMATCHED", help="The unmatched message's ID.")
    ],
) -> None:
    """Adopt an unmatched message once its number belongs to an org.

    It is stored as of the time when it was received.
    """
    from petmsg.workflows import receive

    context.show_one(RECEIVED, receive.adopt(context, unmatched))


def _some(messages: list[str] | None) -> list[str]:
    if not messages:
        raise UsageProblem("Missing message IDs.", hint="List them: petmsg inbox list")
    return messages
