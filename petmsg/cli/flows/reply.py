"""`inbox reply`: answers one message, and says what else of its sender waits."""

from collections.abc import Sequence
from functools import partial

from petmsg.cli.context import Context
from petmsg.cli.flows import send as sending
from petmsg.errors import UsageProblem
from petmsg.plurals import counted
from petmsg.queries.waiting import open_of_same_sender
from petmsg.services.inbound.reply import reply as service
from petmsg.services.outbox.preview import SendOptions


def reply(
    context: Context,
    message: int,
    *,
    body: str | None,
    media: Sequence[str],
    options: SendOptions,
    take_over: bool,
    again: bool,
    queue_only: bool,
) -> None:
    """Answer the message, as `message send` sends one; an error is raised after the result was
    printed."""
    if body is None and not media and options.template is None:
        raise UsageProblem(
            "Specify --body, --media, or both; or --template.",
            hint=f"petmsg inbox reply {message} --body TEXT",
        )
    sending.send(
        context,
        str(message),
        body=body or "",
        options=options,
        send_at=None,
        expires_at=None,
        queue_only=queue_only,
        media=media,
        queue_it=partial(service, take_over=take_over, again=again),
        reply_to=message,
    )
    others = context.read(open_of_same_sender, message, now=context.now)
    if others:
        ids = " ".join(map(str, others))
        waits, them = ("waits", "it") if len(others) == 1 else ("wait", "them")
        context.notify(
            f"{counted(len(others), 'other message')} from the same sender {waits} in the inbox. "
            f"If your answer covers {them}: petmsg inbox done {ids}"
        )
