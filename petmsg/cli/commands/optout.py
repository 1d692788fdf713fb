"""petmsg optout …"""

import shlex
from typing import Annotated

import typer

from petmsg.cli.command import command, new_app
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
from petmsg.queries import optout as queries
from petmsg.queries.page import USUAL_LIMIT
from petmsg.render.views.optout import BLOCKED, OPT_OUT, OPT_OUTS, OPTED_IN, OPTED_OUT

app = new_app("Who wants no texts: per company and phone; one phone stops its client.")

WHO_ARG = Annotated[
    str,
    typer.Argument(
        metavar="CLIENT",
        help="Their ref, phone or name; also a sitter's, or the id of an opt-out.",
    ),
]


@command(app, "list", reveals=True, examples=["petmsg optout list"])
def list_(
    context: Context,
    ended: Annotated[bool, typer.Option("--all-states", help="Those that ended too.")] = False,
    limit: LIMIT = USUAL_LIMIT,
    before: BEFORE = None,
    all_: ALL = False,
) -> None:
    """The opt-outs that stand, the newest first."""
    rows = context.read(queries.list_opt_outs, page(limit, before, all_), ended=ended)
    context.show_list(OPT_OUTS, rows)


@command(app, "show", reveals=True, examples=["petmsg optout show C-3", "petmsg optout show S-1"])
def show(context: Context, client: WHO_ARG) -> None:
    """Whether somebody wants no messages, since when and why.

    Also which numbers a carrier keeps from their phones. Opt-outs of sitters, and of people the
    company does not know, are shown by ref, by phone or by the id in the list.
    """
    found = context.read(queries.show_opt_outs, client)
    context.show_one(OPT_OUT, found)
    if context.is_table:
        if found["history"]:
            context.show_list(OPT_OUTS, found["history"])
        if found["blocked"]:
            context.show_list(BLOCKED, found["blocked"])
    for each in found["blocked"]:
        context.say(f"No message from {each['number']} reaches them until they text START to it.")
    if found["opted_out"] or found["blocked"]:
        who = shlex.quote(found["client"] or found["sitter"] or client)
        context.say(f"If they asked for messages again: petmsg optout remove {who} --reason …")


@command(
    app,
    "add",
    writes=True,
    reveals=True,
    examples=[
        "petmsg optout add C-1 --reason 'she said so on the phone'",
        "petmsg optout add --from-message 5",
    ],
)
def add(
    context: Context,
    client: Annotated[
        str | None,
        typer.Argument(metavar="CLIENT", help="Their ref, phone or name; also a sitter's."),
    ] = None,
    reason: REASON = None,
    phone: Annotated[
        str | None,
        typer.Option("--phone", metavar="PHONE", help="Only this phone of theirs; usually all."),
    ] = None,
    from_message: Annotated[
        int | None,
        typer.Option(
            "--from-message", metavar="ID", help="Whoever sent this message asked for it."
        ),
    ] = None,
) -> None:
    """Send somebody no more messages, from no number. The same again changes nothing.

    Messages that wait for them are not sent while the opt-out stands. Any opted-out phone stops its
    client; all phones are opted out unless one is given.
    """
    from petmsg.services.people import optout

    if from_message is not None and client is None and not phone:
        why = checked_reason(reason) or f"asked for it in message {from_message}"
        out = context.write(optout.add_from_message, from_message, reason=why)
    elif client is not None and from_message is None:
        out = context.write(optout.add, client, reason=required_reason(reason), phone=phone)
    else:
        raise UsageProblem(
            "Say who wants no messages: CLIENT, or --from-message ID.",
            hint="petmsg optout add CLIENT --reason …",
        )
    context.show_one(OPTED_OUT, out)
    if out.waiting:
        context.say(
            f"{out.waiting} message(s) to them wait. None is sent while the opt-out stands."
        )
        context.say(
            "What still waits when it ends is sent then. To see them: petmsg message list "
            f"--client {shlex.quote(out.client or '')} --status queued"
        )


@command(
    app,
    "remove",
    writes=True,
    reveals=True,
    examples=["petmsg optout remove C-3 --reason 'she wrote that she wants texts again'"],
)
def remove(context: Context, client: WHO_ARG, reason: REASON = None) -> None:
    """Somebody wants messages again: end every opt-out of their phones, or the one of that id."""
    from petmsg.services.people import optout

    ended = context.write(optout.remove, client, reason=required_reason(reason))
    context.show_one(OPTED_IN, ended)
    if ended.carrier_blocks:
        numbers = ", ".join(ended.unblocked) or "each number that they stopped"
        context.say(
            f"The carrier blocks messages to them still, until they text START to {numbers}."
        )
    if ended.waiting and not ended.reused:
        context.say(f"{ended.waiting} message(s) to them still wait, and will be sent.")
