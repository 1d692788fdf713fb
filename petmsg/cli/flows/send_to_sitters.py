"""`message send --to-sitter`: sends one message to sitters and prints a result for each."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from petmsg.cli.context import Context
from petmsg.cli.results import Results
from petmsg.cli.streams import note_done
from petmsg.plurals import counted
from petmsg.render.views.message import SENT_TO_SITTER
from petmsg.services.outbox.claimed import Waiting
from petmsg.services.outbox.preview import SendOptions
from petmsg.services.outbox.send import Sending
from petmsg.services.unit_of_work import Failure
from petmsg.workflows import outgoing_files
from petmsg.workflows import send_to_sitters as sending


def send_to_sitters(
    context: Context,
    sitters: Sequence[str],
    *,
    body: str,
    options: SendOptions,
    send_at: str | None,
    expires_at: str | None,
    queue_only: bool,
    media: Sequence[str] = (),
) -> None:
    """Queue and send one message to each sitter. With a single sitter an error is raised, after the
    result was printed if there is one; with several it is the result of its sitter."""
    if media:
        with context.snapshot() as cursor:  # refused before a large picture is scaled down
            org = context.org(cursor)
        outgoing_files.require_sendable(context, org, media)
    named = sending.named_sitters(context, sitters)
    if not named:
        context.notify("No sitter is active: nothing was sent.")
    waiting, problem = 0, None
    with Results(context, SENT_TO_SITTER, also=lambda row: _tell(context, row)) as shown:
        for row in sending.send_to_sitters(
            context,
            list(named),
            body=body,
            options=options,
            send_at=send_at,
            expires_at=expires_at,
            queue_only=queue_only,
            media=outgoing_files.prepare_files(
                media, keep_metadata=options.metadata_reason is not None
            ),
            on_warning=lambda sitter, warning: context.notify(f"Warning: {sitter}: {warning}"),
        ):
            if isinstance(row, Failure):
                shown.add([row])
                continue
            if not context.dry_run:
                note_done(f"Message {row.sending.message} is {row.sending.status}.")
            waiting += isinstance(row.sending.claim_result, Waiting)
            if row.problem is not None and len(named) > 1:
                shown.add([Failure(row.sitter, row.problem)])
                continue
            problem = row.problem
            shown.add([_row(row.sitter, named[row.sitter], row.sending)])
    if problem is not None:
        raise problem
    if waiting and not context.dry_run:
        waits = "stays" if waiting == 1 else "stay"
        context.notify(
            f"{counted(waiting, 'message')} {waits} queued; petmsg message dispatch sends "
            f"{'it when it is' if waiting == 1 else 'them when they are'} due."
        )


class _Row(NamedTuple):
    """A message being sent, as it is printed."""

    sitter: str
    sitter_name: str
    message: int
    status: str
    from_e164: str | None
    to_e164: str | None
    segments: int
    decision: str | None
    note: str | None
    warnings: tuple[str, ...]


def _row(sitter: str, name: str, sent: Sending) -> _Row:
    own = {each: getattr(sent, each) for each in _Row._fields if not each.startswith("sitter")}
    return _Row(sitter, name, **own)


def _tell(context: Context, row: Any) -> None:
    if row.note is not None:
        context.notify(f"Message {row.message} to {row.sitter}: {row.note}.")
