"""petmsg message …"""

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

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
from petmsg.cli.results import Results
from petmsg.enums import MessageStatus
from petmsg.errors import MalformedText, UsageProblem
from petmsg.queries import message as queries
from petmsg.queries.page import USUAL_LIMIT
from petmsg.render.views.conversation import MESSAGE, MESSAGES, QUEUED, SENT, SIZE
from petmsg.render.views.inbound import RECEIVED
from petmsg.render.views.provider_drift import SYNCED

if TYPE_CHECKING:
    from petmsg.services.outbox.preview import SendOptions

app = new_app("Send texts, and look at them.")

ID_ARG = Annotated[int, typer.Argument(metavar="ID", help="The text's id.")]
_LONGEST_STDIN = 65_536


@command(
    app,
    "send",
    writes=True,
    reveals=True,
    examples=[
        "petmsg message send C-1 --body 'Rex is fed and happy.'",
        "petmsg message send C-1 --body 'See you at 3.' --preview",
    ],
)
def send(
    context: Context,
    client: Annotated[str, typer.Argument(metavar="CLIENT", help="Her ref, phone or name.")],
    body: Annotated[str, typer.Option("--body", metavar="TEXT", help="The text; - for stdin.")],
    as_sitter: Annotated[
        str | None,
        typer.Option("--as", metavar="SITTER", help="Speak as her, only in a window of hers."),
    ] = None,
    key: Annotated[
        str | None,
        typer.Option("--key", metavar="K", help="The same key never makes a second text."),
    ] = None,
    queue_only: Annotated[
        bool, typer.Option("--queue-only", help="Leave it to petmsg message dispatch.")
    ] = False,
    at: Annotated[
        str | None, typer.Option("--at", metavar="T", help="Not before this time.")
    ] = None,
    expires: Annotated[
        str | None,
        typer.Option("--expires", metavar="T", help="From this time on it is not sent any more."),
    ] = None,
    urgent: Annotated[
        bool, typer.Option("--urgent", help="Pass quiet hours; kept in the audit.")
    ] = False,
    force: Annotated[
        bool,
        typer.Option("--force", help="Send a personal phone or address all the same; a --reason."),
    ] = False,
    reason: REASON = None,
    preview: Annotated[
        bool,
        typer.Option("--preview", help="Show number, reason, size and obstacles; send nothing."),
    ] = False,
) -> None:
    """Send a text to a client. The number it leaves from is decided when it leaves.

    Without --key the same command again is a second text. What was interrupted is finished by
    petmsg message dispatch, which first asks the provider whether it has the text.
    """
    from petmsg.services.outbox.preview import SendOptions

    text = _read_stdin() if body == "-" else body
    if reason is not None and not force:
        raise UsageProblem("--reason goes with --force.", hint="Say why it must be forced.")
    options = SendOptions(
        key=key,
        as_sitter=as_sitter,
        urgent=urgent,
        force_reason=required_reason(reason) if force else None,
    )
    if preview:
        _preview(context, client, text, options, at=at, expires=expires)
        return
    from petmsg.cli.flows import send as sending

    sending.send(
        context,
        client,
        body=text,
        options=options,
        send_at=at,
        expires_at=expires,
        queue_only=queue_only,
    )


def _preview(
    context: Context,
    client: str,
    text: str,
    options: "SendOptions",
    *,
    at: str | None,
    expires: str | None,
) -> None:
    from petmsg.services.outbox.preview import preview

    with context.snapshot() as cursor:
        org = context.org(cursor)
        options = replace(
            options,
            send_at=None if at is None else context.instant(at, org),
            expires_at=None if expires is None else context.instant(expires, org),
        )
        context.show_one(
            SIZE, preview(cursor, org, client, body=text, options=options, now=context.now)
        )


@command(
    app,
    "dispatch",
    writes=True,
    reveals=True,
    examples=["petmsg message dispatch", "petmsg message dispatch --workers 32 -o jsonl"],
)
def dispatch(
    context: Context,
    watch: Annotated[
        bool, typer.Option("--watch", help="Keep going until SIGTERM or Ctrl-C.")
    ] = False,
    workers: Annotated[
        int,
        typer.Option("--workers", min=1, max=256, help="How many texts are handed over at once."),
    ] = 8,
) -> None:
    """For cron: send every text that is due, in all orgs unless --org is given.

    Waits out the pace of the numbers, but neither schedules nor back-offs. Texts whose fate is not
    known are looked up at the provider first. It may run several times at once, also on several
    machines.
    """
    from petmsg.cli.flows import dispatch as dispatching

    dispatching.dispatch(context, fields=SENT, watch=watch, workers=workers)


@command(app, "sync", writes=True, examples=["petmsg message sync"])
def sync(
    context: Context,
    limit: Annotated[
        int,
        typer.Option("--limit", metavar="N", min=1, help="How many to ask for, of each org."),
    ] = 1000,
) -> None:
    """For cron: ask the provider what became of the texts it took, in all orgs unless --org.

    Those longest not asked for come first. While nothing is known of one, it is asked for again
    after 1, 5, 15 and 60 minutes, then once an hour. A later state never goes back. One that did
    not arrive may wait for another try, like one that was refused. Texts sent more than 4 days ago
    are not asked for any more: they stay sent.
    """
    from petmsg.workflows import sync_delivery

    with Results(context, SYNCED, as_record=False) as shown:
        sync_delivery.sync(context, limit=limit, on_rows=shown.add)


@command(
    app,
    "receive",
    writes=True,
    examples=[
        "petmsg message receive --from +12025550103 --to +14155550100 --body Hello",
        "petmsg message receive --from +12025550101 --to +14155550101 --body STOP",
    ],
)
def receive(
    context: Context,
    from_: Annotated[str, typer.Option("--from", metavar="PHONE", help="Who texted.")],
    to: Annotated[str, typer.Option("--to", metavar="E164", help="The number she texted.")],
    body: Annotated[str, typer.Option("--body", metavar="TEXT", help="The text; - for stdin.")],
    sid: Annotated[
        str | None,
        typer.Option(
            "--sid", metavar="ID", help="The provider's id; the same one never makes a second text."
        ),
    ] = None,
    at: Annotated[
        str | None, typer.Option("--at", metavar="T", help="When it came; not later than now.")
    ] = None,
) -> None:
    """Take in a text as if a client had just sent it: for tests, and for repairs.

    Everything follows that follows from a real one: opt-outs, the relay, answers. Exit 4 for a
    number that was never ours; the text is kept as a stray.
    """
    from petmsg.workflows import receive as receiving

    text = _read_stdin() if body == "-" else body
    typed = receiving.typed(context, from_=from_, to=to, body=text, sid=sid, at=at)
    context.show_one(RECEIVED, receiving.receive(context, typed))


@command(
    app,
    "pull",
    writes=True,
    examples=["petmsg message pull", "petmsg message pull --since -2d -o json"],
)
def pull(
    context: Context,
    since: Annotated[
        str | None,
        typer.Option(
            "--since",
            metavar="T",
            help="From when on [default: since the last pull; the first time 24 hours]",
        ),
    ] = None,
) -> None:
    """For cron: ask the provider for texts that came in, in all orgs unless --org is given.

    It needs no public address. What petmsg serve took in already is not stored twice. Where --org
    leaves out others of the same provider, each run asks for the last 24 hours, or since the last
    run for all: after a longer break run it once without --org, or with --since.
    """
    from petmsg.cli.flows import receive as receiving

    receiving.pull(context, since=since)


@command(
    app,
    "list",
    reveals=True,
    examples=["petmsg message list --client C-1", "petmsg message list --status queued"],
)
def list_(
    context: Context,
    status: Annotated[MessageStatus | None, typer.Option("--status")] = None,
    client: Annotated[str | None, typer.Option("--client", metavar="CLIENT")] = None,
    limit: LIMIT = USUAL_LIMIT,
    before: BEFORE = None,
    all_: ALL = False,
) -> None:
    """The texts, the newest first."""
    rows = context.read(
        queries.list_messages, page(limit, before, all_), status=status, client=client
    )
    context.show_list(MESSAGES, rows)


@command(app, "show", reveals=True, examples=["petmsg message show 1"])
def show(context: Context, message: ID_ARG) -> None:
    """One text with the Decision that chose its number."""
    context.show_one(MESSAGE, context.read(queries.show_message, message))


@command(
    app,
    "retry",
    writes=True,
    examples=["petmsg message retry 3 --reason 'she switched her phone on'"],
)
def retry(context: Context, message: ID_ARG, reason: REASON = None) -> None:
    """Put a failed text back in the queue, or one whose fate you have looked up at the provider."""
    from petmsg.services.outbox import queue as service

    context.show_one(QUEUED, context.write(service.retry, message, reason=required_reason(reason)))


@command(app, "cancel", writes=True, examples=["petmsg message cancel 2"])
def cancel(context: Context, message: ID_ARG, reason: REASON = None) -> None:
    """Take a text out of the queue for good."""
    from petmsg.services.outbox import queue as service

    context.show_one(QUEUED, context.write(service.cancel, message, reason=checked_reason(reason)))


def _read_stdin() -> str:
    content = sys.stdin.buffer.read(_LONGEST_STDIN)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise MalformedText("The body on stdin is not UTF-8.", hint="Save it as UTF-8.") from None
