"""petmsg call simulate"""

from typing import Annotated

import typer

from petmsg.cli.command import new_app
from petmsg.cli.context import Context
from petmsg.render.printed import list_of

part = new_app("")
"""The commands of `petmsg call` that stand in this file."""

LONGEST_VOICEMAIL = 600


@part.command(
    "simulate",
    writes=True,
    reveals=True,
    prints=list_of("simulated_call.STEPS"),
    examples=[
        "petmsg call simulate --from +12025550101 --to +14155550101",
        "petmsg call simulate --from +12025550101 --to +14155550101 --press none",
        "petmsg call simulate --from withheld --to +14155550100 --desk-answers",
    ],
)
def simulate(
    context: Context,
    from_: Annotated[
        str,
        typer.Option("--from", metavar="PHONE", help="The caller's phone, or: withheld."),
    ],
    to: Annotated[str, typer.Option("--to", metavar="E164", help="The number that is called.")],
    answer: Annotated[
        bool | None,
        typer.Option(
            "--answer/--no-answer",
            help="Whether the phone that rings first is picked up [default: a sitter or client "
            "picks up, the front desk does not].",
            show_default=False,
        ),
    ] = None,
    busy: Annotated[
        bool, typer.Option("--busy", help="The phone that rings first is busy.")
    ] = False,
    press: Annotated[
        str,
        typer.Option(
            "--press", metavar="N", help="The key that is pressed where one is asked for, or: none."
        ),
    ] = "1",
    desk_answers: Annotated[
        bool, typer.Option("--desk-answers", help="The front desk picks up whenever it is rung.")
    ] = False,
    leave_voicemail: Annotated[
        int,
        typer.Option(
            "--leave-voicemail",
            metavar="SECONDS",
            min=0,
            max=LONGEST_VOICEMAIL,
            help="How long the caller speaks after the beep; 0 hangs up.",
        ),
    ] = 0,
    hang_up: Annotated[
        bool, typer.Option("--hang-up", help="The caller hangs up while the first phone rings.")
    ] = False,
    live: Annotated[
        bool, typer.Option("--live", help="Store the call although the org sends real messages.")
    ] = False,
) -> None:
    """Try out a phone call: who is rung, and what each person hears.

    The call goes through the handlers of petmsg serve, in this process: no port is opened, no
    provider is asked and no phone rings. It is stored like a real one, as petmsg message receive
    stores a message: it is in petmsg call list, and a call that nobody takes waits in the inbox.
    So it is refused for an org that does not use the sandbox, unless --live says otherwise.
    Requires the extra `web`. Exits with 4 if the call is rejected.
    """
    from petmsg.cli.flows import simulate_call as simulating

    people = simulating.people(
        answer=answer,
        busy=busy,
        press=press,
        desk_answers=desk_answers,
        leave=leave_voicemail,
        hang_up=hang_up,
    )
    simulating.simulate(context, from_=from_, to=to, people=people, is_live=live)
