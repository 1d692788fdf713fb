"""petmsg optout …"""

import shlex
from typing import Annotated

import typer

from petmsg.cli.command import command, new_app
from petmsg.cli.options import ALL, BEFORE, LIMIT, REASON, page, required_reason
from petmsg.cli.run import Run
from petmsg.queries import optout as queries
from petmsg.queries.page import USUAL_LIMIT
from petmsg.render.optout import BLOCKED, OPT_OUT, OPT_OUTS, OPTED_IN, OPTED_OUT

app = new_app("Who wants no texts: per company and phone; one phone stops its client.")

CLIENT_ARG = Annotated[str, typer.Argument(metavar="CLIENT", help="Her ref, phone or name.")]


@command(app, "list", reveals=True, examples=["petmsg optout list"])
def list_(
    run: Run,
    ended: Annotated[bool, typer.Option("--all-states", help="Those that ended too.")] = False,
    limit: LIMIT = USUAL_LIMIT,
    before: BEFORE = None,
    all_: ALL = False,
) -> None:
    """The opt-outs that stand, the newest first."""
    rows = run.read(queries.list_opt_outs, page(limit, before, all_), ended=ended)
    run.show_list(OPT_OUTS, rows)


@command(app, "show", reveals=True, examples=["petmsg optout show C-3"])
def show(run: Run, client: CLIENT_ARG) -> None:
    """Whether a client wants no texts, since when and why, and which numbers a carrier keeps from
    her phones."""
    found = run.read(queries.show_opt_outs, client)
    run.show_one(OPT_OUT, found)
    if run.is_table:
        if found["history"]:
            run.show_list(OPT_OUTS, found["history"])
        if found["blocked"]:
            run.show_list(BLOCKED, found["blocked"])
    for each in found["blocked"]:
        run.say(f"No text from {each['number']} reaches her until she texts START to it.")
    if found["opted_out"] or found["blocked"]:
        ref = shlex.quote(found["client"])
        run.say(f"If she asked for texts again: petmsg optout remove {ref} --reason …")


@command(
    app,
    "add",
    writes=True,
    reveals=True,
    examples=["petmsg optout add C-1 --reason 'she said so on the phone'"],
)
def add(
    run: Run,
    client: CLIENT_ARG,
    reason: REASON = None,
    phone: Annotated[
        str | None,
        typer.Option("--phone", metavar="PHONE", help="Only this phone of hers; usually all."),
    ] = None,
) -> None:
    """Send a client no texts any more, from no number. The same again changes nothing.

    What waits for her will not leave either. Any opted-out phone stops its client; all of hers are
    opted out unless one is given, so that her wish is not gone with a phone.
    """
    from petmsg.services import optout

    out = run.write(optout.add, client, reason=required_reason(reason), phone=phone)
    run.show_one(OPTED_OUT, out)
    if out.waiting:
        run.say(f"{out.waiting} text(s) to her wait, and will not be sent.")


@command(
    app,
    "remove",
    writes=True,
    reveals=True,
    examples=["petmsg optout remove C-3 --reason 'she wrote that she wants texts again'"],
)
def remove(run: Run, client: CLIENT_ARG, reason: REASON = None) -> None:
    """A client wants texts again: end every opt-out of her phones."""
    from petmsg.services import optout

    ended = run.write(optout.remove, client, reason=required_reason(reason))
    run.show_one(OPTED_IN, ended)
    if ended.carrier_blocks:
        numbers = ", ".join(ended.unblocked) or "each number that she stopped"
        run.say(f"The carrier blocks texts to her still, until she texts START to {numbers}.")
