"""`message send`: sends one message and prints the result."""

from collections.abc import Sequence
from dataclasses import replace

from petmsg.cli.context import Context
from petmsg.cli.streams import note_done
from petmsg.render.views.inbound import REPLIED
from petmsg.render.views.message import SENT
from petmsg.services.outbox.claimed import Waiting
from petmsg.services.outbox.preview import SendOptions
from petmsg.services.outbox.queue import queue
from petmsg.services.outbox.send import QueueIt
from petmsg.workflows import outgoing_files
from petmsg.workflows import send as sending


def send(
    context: Context,
    client: str,
    *,
    body: str,
    options: SendOptions,
    send_at: str | None,
    expires_at: str | None,
    queue_only: bool,
    media: Sequence[str] = (),
    queue_it: QueueIt = queue,
    reply_to: int | None = None,
) -> None:
    """Queue and send one message; an error is raised after the result was printed.

    `media` are paths and addresses of its files. `queue_it` queues it for whom `client` names;
    `reply_to` is the message that it answers.
    """
    if media:
        with context.snapshot() as cursor:  # refused before a large picture is scaled down
            org = context.org(cursor)
        outgoing_files.require_sendable(context, org, media)
    sent, problem = sending.send(
        context,
        client,
        body=body,
        options=options,
        send_at=send_at,
        expires_at=expires_at,
        queue_only=queue_only,
        media=outgoing_files.prepare_files(
            media, keep_metadata=options.metadata_reason is not None
        ),
        queue_it=queue_it,
        on_warning=lambda warning: context.notify(f"Warning: {warning}"),
    )
    if not context.dry_run:
        note_done(f"Message {sent.message} is {sent.status}.")
    if reply_to is None:
        context.show_one(SENT, sent)
    else:
        context.show_one(REPLIED, replace(sent, reply_to=reply_to))
    if problem is not None:
        raise problem
    if sent.note is not None:
        context.notify(f"Message {sent.message}: {sent.note}.")
    if isinstance(sent.claim_result, Waiting) and not context.dry_run:
        context.notify("It stays queued; petmsg message dispatch sends it when it is due.")
