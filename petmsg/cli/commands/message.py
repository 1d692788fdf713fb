"""petmsg message …"""

from typing import Annotated

import typer

from petmsg.cli.command import new_app
from petmsg.cli.commands import message_prices
from petmsg.cli.context import Context
from petmsg.cli.options import (
    ABOUT_VISIT,
    ALL,
    BEFORE,
    CREATED_SINCE,
    CREATED_UNTIL,
    FILE,
    KEY,
    LIMIT,
    MEDIA,
    QUEUE_ONLY,
    REASON,
    SEARCH,
    TEMPLATE,
    URGENT,
    VALUES,
    body_of,
    checked_reason,
    page,
    required_reason,
)
from petmsg.cli.results import Results
from petmsg.enums.messages import MessageStatus
from petmsg.errors import UsageProblem
from petmsg.queries import message as queries
from petmsg.queries.page import USUAL_LIMIT
from petmsg.render.printed import list_of, one, results_of, stream_of
from petmsg.render.views.inbound import RECEIVED
from petmsg.render.views.message import (
    MESSAGE,
    MESSAGES,
    QUEUED,
    QUEUED_ROWS,
    SENT,
    SENT_TO_SITTER,
    SIZE,
    SIZE_TO_SITTER,
)
from petmsg.render.views.provider_drift import SYNCED

app = new_app("Send, receive, list and manage messages.")
app.entries.update(message_prices.part.entries)

ID_ARG = Annotated[int, typer.Argument(metavar="ID", help="The message's ID.")]


@app.command(
    "send",
    writes=True,
    reveals=True,
    prints=one(SENT),
    prints_with={
        "--preview": one(SIZE),
        "--file": results_of(QUEUED_ROWS),
        "--to-sitter": results_of(SENT_TO_SITTER),
        "--to-sitter --preview": results_of(SIZE_TO_SITTER),
    },
    examples=[
        "petmsg message send C-1 --body 'Rex is fed and happy.'",
        "petmsg message send C-1 --media rex.jpg --body 'Walked and fed'",
        "petmsg message send C-1 --body 'See you at 3.' --preview",
        "petmsg message send C-1 --body 'We are sorry about Monday.' --as desk",
        "petmsg message send C-1 --template on-the-way",
        "petmsg message send --file messages.csv",
        "petmsg message send --to-sitter S-1 --body 'Can you work on Saturday?'",
    ],
)
def send(
    context: Context,
    client: Annotated[
        str | None, typer.Argument(metavar="CLIENT", help="The client's ref, phone or name.")
    ] = None,
    body: Annotated[
        str | None, typer.Option("--body", metavar="TEXT", help="The message; - for stdin.")
    ] = None,
    media: MEDIA = None,
    file: FILE = None,
    template: TEMPLATE = None,
    values: VALUES = None,
    booking: ABOUT_VISIT = None,
    to_sitter: Annotated[
        list[str] | None,
        typer.Option(
            "--to-sitter",
            metavar="SITTER",
            help="Send to this sitter instead of a client, or to all-active; may be repeated.",
        ),
    ] = None,
    as_sitter: Annotated[
        str | None,
        typer.Option(
            "--as",
            metavar="SITTER",
            help="Send as this sitter (requires an active window), or as the front desk: desk.",
        ),
    ] = None,
    key: KEY = None,
    queue_only: QUEUE_ONLY = False,
    at: Annotated[
        str | None, typer.Option("--at", metavar="T", help="Do not send before this time.")
    ] = None,
    expires: Annotated[
        str | None,
        typer.Option("--expires", metavar="T", help="Do not send from this time on."),
    ] = None,
    urgent: URGENT = False,
    force: Annotated[
        bool,
        typer.Option(
            "--force", help="Send even if it contains a personal phone or address; needs --reason."
        ),
    ] = False,
    keep_metadata: Annotated[
        bool,
        typer.Option(
            "--keep-metadata", help="Leave position and camera in the files; needs --reason."
        ),
    ] = False,
    reason: REASON = None,
    preview: Annotated[
        bool,
        typer.Option("--preview", help="Show number, size and what blocks it; send nothing."),
    ] = False,
) -> None:
    """Send a message to a client.

    The number it is sent from is chosen at send time. Without --key, the same command again sends a
    second message. petmsg message dispatch finishes interrupted messages, after asking the provider
    whether it has them.

    A picture is sent without its position, camera and owner, and is scaled down where it is too
    large. With --media the body may be left out.

    With --template the message is that template, filled in. It is about the visit that runs now,
    else about the next one; --booking names another.

    With --as desk it is sent from the front desk's number, also during a visit; without a usable
    one it waits. In --as the word desk always means the front desk.

    With --file: columns client,body,media,key,as, where media are paths or URLs with | between
    them; a path begins at the file's folder. Each row is queued, and petmsg message dispatch sends
    it. A row with a key is queued once, however often the file is read; without, each time.

    A message to a sitter is sent from the sitter's own number, or from the front desk's if that
    cannot be used. No client ever gets it. Each sitter has a result of their own; a key counts for
    each sitter.
    """
    from petmsg.cli.flows.choose_send import check_send, send_chosen, template_of
    from petmsg.services.outbox.preview import SendOptions

    others, reasons = (key, preview, template), (reason, force, keep_metadata)
    check_send(
        client, file, to_sitter, as_sitter, body=body, media=media, others=others, reasons=reasons
    )
    options = SendOptions(
        key=key,
        as_sitter=as_sitter,
        urgent=urgent,
        force_reason=required_reason(reason) if force else None,
        metadata_reason=required_reason(reason) if keep_metadata else None,
        template=template_of(template, body=body, values=values, booking=booking),
    )
    send_chosen(
        context,
        client or "",
        file=file,
        to_sitter=to_sitter or (),
        body=body_of(body or ""),
        media=media or (),
        options=options,
        send_at=at,
        expires_at=expires,
        queue_only=queue_only,
        preview=preview,
    )


@app.cron_command(
    "dispatch",
    writes=True,
    logs=True,
    reveals=True,
    prints=results_of(SENT),
    prints_with={"--watch": stream_of(SENT)},
    examples=["petmsg message dispatch", "petmsg message dispatch --workers 32 -o jsonl"],
)
def dispatch(
    context: Context,
    watch: Annotated[
        bool, typer.Option("--watch", help="Keep running until SIGTERM or Ctrl-C.")
    ] = False,
    workers: Annotated[
        int,
        typer.Option("--workers", min=1, max=256, help="How many messages are sent at once."),
    ] = 8,
) -> None:
    """Send all due messages (for cron).

    Covers all orgs unless --org is given. Honours rate limits; skips scheduled and backed-off
    messages; first looks up unknown outcomes. Several may run at once, on several machines too.
    """
    from petmsg.cli.flows import dispatch as dispatching

    dispatching.dispatch(context, fields=SENT, watch=watch, workers=workers)


@app.cron_command(
    "sync",
    writes=True,
    prints=results_of(SYNCED),
    examples=["petmsg message sync"],
)
def sync(
    context: Context,
    limit: Annotated[
        int,
        typer.Option(
            "--limit", metavar="N", min=1, help="Maximum number of messages to ask for, per org."
        ),
    ] = 1000,
) -> None:
    """Fetch delivery receipts for sent messages (for cron).

    Covers all orgs unless --org is given. The messages not asked for longest come first. A message
    without a receipt is asked for again after 1, 5, 15 and 60 minutes, then once an hour. A status
    never goes back. A message that was not delivered may be retried like one that was rejected.
    Messages sent more than 4 days ago are not asked for any more: they stay sent.
    """
    from petmsg.workflows import sync_delivery

    stored = sync_delivery.sync(context, limit=limit)
    with Results(context, SYNCED, as_record=False) as shown:
        for rows in stored:
            shown.add(rows)


@app.command(
    "receive",
    writes=True,
    prints=one(RECEIVED),
    examples=[
        "petmsg message receive --from +12025550103 --to +14155550100 --body Hello",
        "petmsg message receive --from +12025550101 --to +14155550101 --body STOP",
    ],
)
def receive(
    context: Context,
    from_: Annotated[str, typer.Option("--from", metavar="PHONE", help="The sender's phone.")],
    to: Annotated[
        str, typer.Option("--to", metavar="E164", help="The number the message was sent to.")
    ],
    body: Annotated[
        str | None,
        typer.Option(
            "--body", metavar="TEXT", help="The message; - for stdin. Optional with --media."
        ),
    ] = None,
    media: Annotated[
        list[str] | None,
        typer.Option("--media", metavar="FILE", help="A picture or file of it; may be repeated."),
    ] = None,
    sid: Annotated[
        str | None,
        typer.Option(
            "--sid",
            metavar="ID",
            help="The provider's ID; the same ID never creates a second message.",
        ),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option("--at", metavar="T", help="When it was received; not in the future."),
    ] = None,
) -> None:
    """Store a message as if a client had just sent it.

    For tests and repairs. It has every effect of a real message: opt-outs, forwarding, automatic
    replies. Files are stored as they are, at most 10 of up to 20 MB each. Exits with 4 for a number
    that never belonged to an org; the message is then kept as unmatched, without its files.
    """
    from petmsg.workflows import receive as receiving

    if body is None and not media:
        raise UsageProblem("Specify --body, --media, or both.", hint="Add --body TEXT.")
    text = body_of(body or "")
    typed = receiving.typed(context, from_=from_, to=to, body=text, sid=sid, at=at)
    with_files = receiving.with_files(context, typed, media or [])
    context.show_one(RECEIVED, receiving.receive(context, with_files))


@app.cron_command(
    "pull",
    writes=True,
    prints=results_of(RECEIVED),
    examples=["petmsg message pull", "petmsg message pull --since -2d -o json"],
)
def pull(
    context: Context,
    since: Annotated[
        str | None,
        typer.Option(
            "--since",
            metavar="T",
            help="Start time [default: the last pull; the first time 24 hours ago]",
        ),
    ] = None,
) -> None:
    """Fetch received messages from the provider (for cron).

    Covers all orgs unless --org is given. Needs no public address. Messages that petmsg serve has
    stored are not stored twice. If --org leaves out other orgs of the same provider, each run
    fetches the last 24 hours, or everything since the last run for all orgs: after a longer break,
    run it once without --org or with --since.
    """
    from petmsg.cli.flows import receive as receiving

    receiving.pull(context, since=since)


@app.command(
    "list",
    reveals=True,
    prints=list_of(MESSAGES),
    examples=[
        "petmsg message list --client C-1",
        "petmsg message list --status queued",
        "petmsg message list --search 'the key' --since -2w",
    ],
)
def list_(
    context: Context,
    status: Annotated[MessageStatus | None, typer.Option("--status")] = None,
    client: Annotated[str | None, typer.Option("--client", metavar="CLIENT")] = None,
    search: SEARCH = None,
    since: CREATED_SINCE = None,
    until: CREATED_UNTIL = None,
    limit: LIMIT = USUAL_LIMIT,
    before: BEFORE = None,
    all_: ALL = False,
) -> None:
    """List messages, newest first.

    --search looks in their bodies; case and accents do not count. A bound is a time, or a day in
    the org's timezone; a day at the end belongs to the span.
    """
    from petmsg.cli.flows.list_messages import list_messages

    which = page(limit, before, all_)
    list_messages(
        context, which, since=since, until=until, status=status, client=client, search=search
    )


@app.command(
    "show",
    reveals=True,
    prints=one(MESSAGE),
    examples=["petmsg message show 1"],
)
def show(context: Context, message: ID_ARG) -> None:
    """Show one message and the decision that chose its number."""
    context.show_one(MESSAGE, context.read(queries.show_message, message))


@app.command(
    "retry",
    writes=True,
    prints=one(QUEUED),
    examples=["petmsg message retry 3 --reason 'the phone is on again'"],
)
def retry(context: Context, message: ID_ARG, reason: REASON = None) -> None:
    """Queue a failed message again.

    Also for a message whose outcome is unknown, after you have looked it up at the provider.
    """
    from petmsg.services.outbox import queue as service

    context.show_one(QUEUED, context.write(service.retry, message, reason=required_reason(reason)))


@app.command(
    "cancel",
    writes=True,
    prints=one(QUEUED),
    examples=["petmsg message cancel 2"],
)
def cancel(context: Context, message: ID_ARG, reason: REASON = None) -> None:
    """Remove a message from the queue for good."""
    from petmsg.services.outbox import queue as service

    context.show_one(QUEUED, context.write(service.cancel, message, reason=checked_reason(reason)))
