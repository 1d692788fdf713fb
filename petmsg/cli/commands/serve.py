"""petmsg serve"""

from typing import Annotated

import typer

from petmsg.cli.command import new_command
from petmsg.cli.context import Context
from petmsg.render.printed import list_of, stream_of

app = new_command()


@app.command(
    "serve",
    writes=True,
    logs=True,
    prints=stream_of("nouns.REQUESTS"),
    prints_with={"--dry-run": list_of("nouns.WEBHOOKS")},
    examples=["petmsg serve --dry-run", "petmsg serve --org happy-paws --port 8025 --dry-run"],
)
def serve(
    context: Context,
    host: Annotated[
        str, typer.Option("--host", metavar="HOST", help="Address to listen on.")
    ] = "127.0.0.1",
    port: Annotated[
        int,
        typer.Option(
            "--port",
            metavar="PORT",
            min=0,
            max=65535,
            help="Port to listen on; 0 takes a free one.",
        ),
    ] = 8025,
    metrics_port: Annotated[
        int | None,
        typer.Option(
            "--metrics-port",
            metavar="PORT",
            min=0,
            max=65535,
            help="Answer /metrics on this port for Prometheus; off by default.",
        ),
    ] = None,
    metrics_host: Annotated[
        str, typer.Option("--metrics-host", metavar="HOST", help="Address of the metrics port.")
    ] = "127.0.0.1",
) -> None:
    """Receive webhooks from Twilio and Stripe.

    Stores received messages, delivery receipts and payments, and puts phone calls through. Requires
    the extra `web`. Put it behind a TLS-terminating reverse proxy; PETMSG_PUBLIC_URL is the public
    address, such as https://texts.example.com. Set the webhook of the Twilio number to POST
    /twilio/inbound, that of its calls to POST /twilio/voice, and the status callback of its calls
    to POST /twilio/voice/ended; receipts of messages go to /twilio/status automatically. Stripe's
    endpoint is /stripe. /healthz answers 503 while webhooks cannot be stored. --org is for payments
    that name no org.

    The signature of every request is checked first. A request is answered with 200 only after its
    content is stored; if that is uncertain, it is answered with 503 and may be repeated. A phone
    call is answered within two seconds all the same: the front desk's phone rings, or the caller
    hears a sentence. One line is printed for each request. Ctrl-C and SIGTERM finish accepted
    requests. With --dry-run it lists the addresses that the settings open.

    --metrics-port answers GET /metrics on a port of its own, never on the public one.
    """
    from petmsg.cli.flows import serve as serving

    metrics = None if metrics_port is None else (metrics_host, metrics_port)
    serving.serve(context, host=host, port=port, metrics=metrics)
