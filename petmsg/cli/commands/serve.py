"""petmsg serve"""

from typing import Annotated

import typer

from petmsg.cli.command import command, new_command
from petmsg.cli.context import Context

app = new_command()


@command(
    app,
    "serve",
    writes=True,
    examples=["petmsg serve --dry-run", "petmsg serve --org happy-paws --port 8025 --dry-run"],
)
def serve(
    context: Context,
    host: Annotated[
        str, typer.Option("--host", metavar="HOST", help="Where to listen.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", metavar="PORT", min=0, max=65535, help="0 takes a free one.")
    ] = 8025,
) -> None:
    """Take in what Twilio and Stripe tell of: texts, delivery reports, payments.

    Needs the extra web. Put it behind a proxy that speaks TLS; PETMSG_PUBLIC_URL is the address
    they ask, such as https://texts.example.com. Twilio's number: POST to /twilio/inbound; its
    status callbacks come to /twilio/status by themselves; Stripe's endpoint: /stripe; /healthz
    tells whether the database answers. --org is for payments that name no org.

    Every request is checked for its signature first, and answered 200 only once what it brought is
    stored; in doubt it is answered 503 and may come again. A line is printed for each. Ctrl-C or
    SIGTERM finish what was accepted. With --dry-run it tells which addresses the settings open.
    """
    from petmsg.cli.flows import serve as serving

    serving.serve(context, host=host, port=port)
