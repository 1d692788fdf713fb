"""petmsg number webhooks …"""

from typing import Annotated

import typer

from petmsg.cli.command import new_app
from petmsg.cli.context import Context
from petmsg.cli.results import show_results
from petmsg.enums.alerts import CheckResult
from petmsg.errors import FINDING
from petmsg.render.printed import list_of, results_of

webhooks_app = new_app("Compare and set the addresses of numbers at the provider.")


@webhooks_app.command(
    "check",
    prints=list_of("number_webhooks.WEBHOOK_CHECKED"),
    examples=["petmsg number webhooks check"],
)
def check(context: Context) -> None:
    """Check the webhook addresses of the org's numbers; exit with 10 on a problem.

    An address is right if it is PETMSG_PUBLIC_URL and /twilio/inbound; without a public URL, only
    what loses or answers messages is a problem. Calls are right at /twilio/voice, with the status
    callback /twilio/voice/ended. They are checked if the org has a desk phone or voicemail (petmsg
    org set), or gave a number's calls to petmsg; else only Twilio's demo is a problem.
    Calls that go elsewhere on purpose are a warning.
    """
    from petmsg.render.views.number_webhooks import WEBHOOK_CHECKED
    from petmsg.workflows import number_webhooks

    rows = number_webhooks.check(context)
    context.show_list(WEBHOOK_CHECKED, rows)
    if any(row.result is CheckResult.PROBLEM for row in rows):
        context.exit_code = FINDING
        if context.is_table:
            for command in dict.fromkeys(row.command for row in rows if row.command):
                context.notify(f"See: {command}")


@webhooks_app.command(
    "install",
    writes=True,
    may_ask=True,
    prints=results_of("number_webhooks.WEBHOOK_INSTALLED"),
    examples=[
        "petmsg number webhooks install --yes",
        "petmsg number webhooks install --calls --dry-run",
    ],
)
def install(
    context: Context,
    calls: Annotated[
        bool | None,
        typer.Option(
            "--calls/--no-calls",
            help="Hand calls to petmsg as well, or leave them. Default: with a desk phone or "
            "voicemail, or where petmsg has calls already.",
        ),
    ] = None,
    voice_url: Annotated[
        str | None,
        typer.Option(
            "--voice-url", metavar="URL", help="Hand calls to this https URL instead, with POST."
        ),
    ] = None,
) -> None:
    """Hand messages and calls to the org's numbers to petmsg serve.

    Changes the numbers at the provider, so petmsg asks first; --dry-run shows the changes. The
    address is PETMSG_PUBLIC_URL and /twilio/inbound#rc=5&rp=all, with POST. A Messaging Service
    that drops or diverts messages is told to use the addresses of its numbers, if all of them are
    the org's. Calls go to /twilio/voice and their end to /twilio/voice/ended, in the place of the
    address, application or trunk that had them; a number without voice is left as it is. Safe to
    repeat.
    """
    from petmsg.render.views.number_webhooks import WEBHOOK_INSTALLED
    from petmsg.workflows import number_webhooks

    done = number_webhooks.install(
        context, calls=calls, voice_url=voice_url, confirm=context.confirm
    )
    show_results(context, WEBHOOK_INSTALLED, done.rows)
    if done.leaves_calls:
        context.notify(
            "Calls stay as they are. To take them: petmsg number webhooks install --calls"
        )
