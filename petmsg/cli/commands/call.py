"""petmsg call …"""

from typing import Annotated

import typer

from petmsg.cli.command import new_app
from petmsg.cli.commands import call_simulate
from petmsg.cli.context import Context
from petmsg.cli.options import ALL, BEFORE, LIMIT, page
from petmsg.enums.calls import CallStatus
from petmsg.queries.page import USUAL_LIMIT
from petmsg.render.printed import list_of, one

app = new_app("List, show and try out phone calls, missed calls and voicemails.")
app.entries.update(call_simulate.part.entries)


@app.command(
    "list",
    reveals=True,
    prints=list_of("call.CALLS"),
    examples=[
        "petmsg call list",
        "petmsg call list --missed --since today",
        "petmsg call list --client C-1 --status completed",
    ],
)
def list_(
    context: Context,
    client: Annotated[
        str | None,
        typer.Option("--client", metavar="CLIENT", help="Only calls from or to this client."),
    ] = None,
    sitter: Annotated[
        str | None,
        typer.Option("--sitter", metavar="SITTER", help="Only calls from or for this sitter."),
    ] = None,
    number: Annotated[
        str | None,
        typer.Option("--number", metavar="E164", help="Only calls to this masked number."),
    ] = None,
    status: Annotated[
        CallStatus | None, typer.Option("--status", help="Only calls with this status.")
    ] = None,
    missed: Annotated[bool, typer.Option("--missed", help="Only calls that nobody took.")] = False,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="T", help="Only calls that began at or after this time."),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option("--until", metavar="T", help="Only calls that began before this time."),
    ] = None,
    limit: LIMIT = USUAL_LIMIT,
    before: BEFORE = None,
    all_: ALL = False,
) -> None:
    """List phone calls, newest first.

    A call that nobody took is also in the inbox, where it can be claimed, answered and closed. A
    bound is a time, or a day in the org's timezone; a day at the end belongs to the span.
    """
    from petmsg.cli.flows.list_calls import list_calls
    from petmsg.queries.call_list import CallFilter

    only = CallFilter(client=client, sitter=sitter, number=number, status=status, missed=missed)
    list_calls(context, page(limit, before, all_), only=only, since=since, until=until)


@app.command(
    "show",
    reveals=True,
    prints=one("call.CALL"),
    examples=["petmsg call show 1", "petmsg call show 1 -o json"],
)
def show(
    context: Context,
    call: Annotated[int, typer.Argument(metavar="ID", help="The call's ID.")],
) -> None:
    """Show one phone call: who was rung, who answered, and why.

    Includes its voicemail and the command that saves it, and each rule that was tried to find whom
    the call is for.
    """
    from petmsg.cli.flows.list_calls import show_call

    show_call(context, call)
