"""petmsg setup"""

from typing import Annotated

import typer

from petmsg.cli.command import new_command
from petmsg.cli.context import Context
from petmsg.cli.options import COUNTRY
from petmsg.enums.orgs import ProviderName, Switch
from petmsg.render.printed import list_of
from petmsg.render.views.service import STEPS

app = new_command()


@app.command(
    "setup",
    writes=True,
    may_ask=True,
    prints=list_of(STEPS),
    examples=[
        "petmsg setup --name 'Happy Paws' --timezone America/New_York --yes",
        "petmsg setup --relay on --dry-run",
    ],
)
def setup(
    context: Context,
    name: Annotated[str | None, typer.Option("--name", help="The company's name.")] = None,
    timezone: Annotated[
        str | None,
        typer.Option(
            "--timezone", metavar="ZONE", help="An IANA timezone name, such as America/New_York."
        ),
    ] = None,
    country: COUNTRY = None,
    front_desk: Annotated[
        str | None,
        typer.Option("--front-desk", metavar="E164", help="The company's front desk number."),
    ] = None,
    provider: Annotated[
        ProviderName | None,
        typer.Option("--provider", help="The message provider; twilio sends real messages."),
    ] = None,
    relay: Annotated[
        Switch | None,
        typer.Option("--relay", help="Forward clients' messages to their sitters' own phones."),
    ] = None,
    channel: Annotated[
        str | None,
        typer.Option(
            "--channel",
            metavar="NAME",
            help="Add a channel for alerts; its URL is asked for or read from stdin.",
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Switch the provider even if its account is refused.")
    ] = False,
) -> None:
    """Set up a company by answering questions. Safe to repeat.

    Asks for company, time zone, country, front desk number, provider, relay and alerts. Each answer
    is checked at once. The command that an answer stands for is run and printed; the first answers
    make one command, which adds the company. Leave with Ctrl-C, and go on later with the same
    command. An option answers its question; with --yes nothing is asked and the other settings
    stay. Before the provider is switched to twilio its account is looked at;
    if the credentials are missing or refused, the provider stays.
    """
    from petmsg.cli.flows import setup as flow

    answers = flow.Answers(name, timezone, country, front_desk, provider, relay, channel)
    flow.setup(context, answers, force=force, fields=STEPS)
