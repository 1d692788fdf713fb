"""petmsg route …"""

from typing import Annotated

import typer

from petmsg.cli.command import command, new_app
from petmsg.cli.run import Run
from petmsg.enums import Outcome, OutputFormat
from petmsg.errors import REFUSED, UsageProblem
from petmsg.render.fields import Field

app = new_app("Which number does a text leave from, and why?")

_KEYS = (
    "org", "client", "at", "outcome", "number", "reason", "window", "warnings", "ruleset", "trace",
)  # fmt: skip
_DECISION = tuple(Field(key, key) for key in _KEYS)
_INBOUND = tuple(
    Field(key, key)
    for key in ("org", "number", "at", "client", "addressed_to", "code", "reason", "trace")
)
_STORED = (
    Field("message", "Message"),
    Field("differences", "Then and now"),
    Field("stored", None),
    Field("today", None),
)


@command(
    app,
    "explain",
    examples=[
        "petmsg route explain C-1",
        "petmsg route explain C-1 --at +3h",
        "petmsg route explain --message 1",
    ],
)
def explain(
    run: Run,
    client: Annotated[
        str | None, typer.Argument(metavar="CLIENT", help="Her ref, phone or name.")
    ] = None,
    at: Annotated[
        str, typer.Option("--at", metavar="T", help="When: ISO 8601, now, +2h, -30m, +14d.")
    ] = "now",
    message: Annotated[
        int | None,
        typer.Option("--message", metavar="ID", help="The Decision a text was sent with."),
    ] = None,
) -> None:
    """Which number a text to the client leaves from at a time, past or to come, step by step.

    What it says for now is what petmsg message send does now. Exit 4 if there is no number.
    """
    from petmsg.services import route

    if (client is None) == (message is None):
        raise UsageProblem("Of whom?", hint="Name a CLIENT, or --message ID.")
    with run.snapshot() as cursor:
        org = run.org(cursor)
        if message is not None:
            run.show_one(_STORED, route.explain_message(cursor, org, message, now=run.now))
            return
        instant = run.instant(at, org)
        found = route.explain(cursor, org, client or "", at=instant, now=run.now).decision
    show_decision(run, found.to_json(), at=instant)
    run.exit_code = 0 if found.outcome is Outcome.ROUTED else REFUSED


@command(app, "inbound", examples=["petmsg route inbound --from +12025550101 --to +14155550101"])
def inbound(
    run: Run,
    from_: Annotated[str, typer.Option("--from", metavar="PHONE", help="Who texted.")],
    to: Annotated[str, typer.Option("--to", metavar="E164", help="The number she texted.")],
    at: Annotated[
        str, typer.Option("--at", metavar="T", help="When: ISO 8601, now, +2h, -30m, +14d.")
    ] = "now",
    body: Annotated[
        str,
        typer.Option("--body", metavar="TEXT", help="What she wrote: STOP, START, HELP matter."),
    ] = "",
) -> None:
    """Who is to read a client's text to a number of ours, step by step: a sitter or the desk.

    The number gives the org, the phone gives the client. It changes nothing. Exit 4 for a number
    that was never ours.
    """
    from petmsg.phone import parse_phone
    from petmsg.services import inbound_route as service

    to_e164, from_phone = parse_phone(to), parse_phone(from_)
    with run.snapshot() as cursor:
        org = service.org_of(cursor, to_e164, slug=run.setting("org").value)
        run.about(org)
        instant = run.instant(at, org)
        found = service.explain_inbound(
            cursor, org, to_e164=to_e164, from_phone=from_phone, at=instant, now=run.now, body=body
        )
    if run.output is OutputFormat.TABLE:
        from petmsg.render.decision import print_addressee
        from petmsg.render.fields import words

        print_addressee(found.to_json(), at=words(instant, run.view), view=run.view)
    else:
        run.show_one(_INBOUND, found.to_json())


def show_decision(run: Run, decision: dict[str, object], *, at: object) -> None:
    """Print a Decision: its trace as a table on a terminal, else its JSON shape."""
    if run.output is OutputFormat.TABLE:
        from petmsg.render.decision import print_decision
        from petmsg.render.fields import words

        print_decision(decision, at=words(at, run.view), view=run.view)
    else:
        run.show_one(_DECISION, decision)
