"""petmsg optout …"""

import shlex
from typing import Annotated

import typer

from petmsg.cli.command import new_app
from petmsg.cli.context import Context
from petmsg.cli.options import (
    ALL,
    BEFORE,
    LIMIT,
    REASON,
    checked_reason,
    page,
    required_reason,
)
from petmsg.errors import UsageProblem
from petmsg.plurals import counted
from petmsg.queries import optout as queries
from petmsg.queries.page import USUAL_LIMIT
from petmsg.render.printed import list_of, one
from petmsg.render.views.optout import BLOCKED, OPT_OUT, OPT_OUTS, OPTED_IN, OPTED_OUT

app = new_app("Add, remove and list opt-outs, per company and phone.")

WHO_ARG = Annotated[
    str | None,
    typer.Argument(
        metavar="CLIENT",
        help="Ref, phone or name of a client or sitter, or an opt-out's ID.",
    ),
]

FROM_MESSAGE = Annotated[
    int | None,
    typer.Option("--from-message", metavar="ID", help="The sender of this message."),
]


@app.command(
    "list",
    reveals=True,
    prints=list_of(OPT_OUTS),
    examples=["petmsg optout list"],
)
def list_(
    context: Context,
    ended: Annotated[
        bool, typer.Option("--all-states", help="Include opt-outs that have ended.")
    ] = False,
    limit: LIMIT = USUAL_LIMIT,
    before: BEFORE = None,
    all_: ALL = False,
) -> None:
    """List opt-outs in force, newest first."""
    rows = context.read(queries.list_opt_outs, page(limit, before, all_), ended=ended)
    context.show_list(OPT_OUTS, rows)


@app.command(
    "show",
    reveals=True,
    prints=one(OPT_OUT),
    examples=["petmsg optout show C-3", "petmsg optout show S-1"],
)
def show(context: Context, client: WHO_ARG = None, from_message: FROM_MESSAGE = None) -> None:
    """Show whether a client or sitter is opted out, and why.

    Also shows which numbers a carrier blocks for their phones. Opt-outs of sitters, and of unknown
    senders, are shown by ref, by phone, by the ID in the list or by a message of theirs.
    """
    _require_one(client, from_message)
    if from_message is not None:
        found = context.read(queries.show_opt_outs_of_sender, from_message, now=context.now)
    else:
        found = context.read(queries.show_opt_outs, client or "")
    context.show_one(OPT_OUT, found)
    if context.is_table:
        if found.history:
            context.show_list(OPT_OUTS, found.history)
        if found.blocked:
            context.show_list(BLOCKED, found.blocked)
    for each in found.blocked:
        context.notify(f"No message from {each.number} reaches them until they send START to it.")
    if found.opted_out or found.blocked:
        typed = client or f"--from-message {from_message}"
        ref = found.client or found.sitter
        who = typed if ref is None else shlex.quote(ref)
        context.notify(f"If they asked for messages again: petmsg optout remove {who} --reason …")


@app.command(
    "add",
    writes=True,
    reveals=True,
    prints=one(OPTED_OUT),
    examples=[
        "petmsg optout add C-1 --reason 'they asked on the phone'",
        "petmsg optout add --from-message 5",
    ],
)
def add(
    context: Context,
    client: Annotated[
        str | None,
        typer.Argument(metavar="CLIENT", help="Ref, phone or name of a client or sitter."),
    ] = None,
    reason: REASON = None,
    phone: Annotated[
        str | None,
        typer.Option(
            "--phone", metavar="PHONE", help="Opt out only this phone; default: all of them."
        ),
    ] = None,
    from_message: Annotated[
        int | None,
        typer.Option("--from-message", metavar="ID", help="Opt out the sender of this message."),
    ] = None,
) -> None:
    """Opt a client or sitter out of all messages. Safe to repeat.

    Messages that wait for them are not sent while they are opted out. One opted-out phone stops all
    messages to its client. All phones are opted out unless --phone is given.
    """
    from petmsg.services.people import optout

    if from_message is not None and client is None and not phone:
        why = checked_reason(reason) or f"asked for it in message {from_message}"
        out = context.write(optout.add_from_message, from_message, reason=why)
    elif client is not None and from_message is None:
        out = context.write(optout.add, client, reason=required_reason(reason), phone=phone)
    else:
        raise UsageProblem(
            "Specify a CLIENT or --from-message ID (not both).",
            hint="petmsg optout add CLIENT --reason …",
        )
    context.show_one(OPTED_OUT, out)
    if out.waiting:
        waiting = counted(out.waiting, "queued message")
        context.notify(f"{waiting} to them will not be sent while they are opted out.")
        context.notify(
            "What is still queued when the opt-out ends is sent then: petmsg message list "
            f"--client {shlex.quote(out.client or '')} --status queued"
        )
    if from_message is not None:
        _say_what_waits(context, from_message)


@app.command(
    "remove",
    writes=True,
    reveals=True,
    prints=one(OPTED_IN),
    examples=["petmsg optout remove C-3 --reason 'they asked for messages again'"],
)
def remove(
    context: Context,
    client: WHO_ARG = None,
    reason: REASON = None,
    from_message: FROM_MESSAGE = None,
) -> None:
    """End the opt-outs of a client, a sitter or an unknown sender.

    Ends every opt-out of their phones, or the one with the ID given. Use it when they ask for
    messages again.
    """
    from petmsg.services.people import optout

    _require_one(client, from_message)
    why = required_reason(reason)
    if from_message is not None:
        ended = context.write(optout.remove_from_message, from_message, reason=why)
    else:
        ended = context.write(optout.remove, client or "", reason=why)
    context.show_one(OPTED_IN, ended)
    if ended.carrier_blocks:
        numbers = ", ".join(ended.unblocked) or "each number they opted out of"
        context.notify(
            f"The carrier still blocks messages to them until they send START to {numbers}."
        )
    if ended.waiting and not ended.reused:
        context.notify(f"{counted(ended.waiting, 'message')} to them will be sent now.")


def _say_what_waits(context: Context, message: int) -> None:
    """Say which messages of the sender stay in the inbox: nobody can answer them any more."""
    from petmsg.queries.inbox import find_item
    from petmsg.queries.waiting import open_of_same_sender

    item = context.read(find_item, message, now=context.now)
    own = [message] if item.inbox_at is not None and item.done_at is None else []
    waits = sorted([*own, *context.read(open_of_same_sender, message, now=context.now)])
    if waits:
        ids = " ".join(map(str, waits))
        verb = "waits" if len(waits) == 1 else "wait"
        context.notify(
            f"{counted(len(waits), 'message')} of theirs still {verb} in the inbox. Close "
            f"{'it' if len(waits) == 1 else 'them'}: petmsg inbox done {ids}"
        )


def _require_one(client: str | None, from_message: int | None) -> None:
    """Raise `UsageProblem` unless just one of them names the person."""
    if (client is None) == (from_message is None):
        raise UsageProblem(
            "Specify a CLIENT or --from-message ID (not both).",
            hint="List the opt-outs: petmsg optout list",
        )
