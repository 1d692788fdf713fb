"""petmsg message …"""

import sys
from typing import Annotated

import typer

from petmsg.cli.command import command, new_app
from petmsg.cli.options import (
    ALL,
    BEFORE,
    LIMIT,
    REASON,
    checked_reason,
    page,
    required_reason,
)
from petmsg.cli.run import Run
from petmsg.enums import MessageStatus
from petmsg.errors import MalformedText
from petmsg.queries import message as queries
from petmsg.queries.page import USUAL_LIMIT
from petmsg.render.conversation import MESSAGE, MESSAGES, QUEUED, SENT, SIZE

app = new_app("Send texts, and look at them.")

ID_ARG = Annotated[int, typer.Argument(metavar="ID", help="The text's id.")]
_LONGEST_STDIN = 65_536


@command(app, "send", writes=True, reveals=True)
def send(
    run: Run,
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
    preview: Annotated[
        bool, typer.Option("--preview", help="Show number, reason and size; send nothing.")
    ] = False,
) -> None:
    """Send a text to a client. The number it leaves from is decided at this very moment.

    Without --key the same command again is a second text. What was interrupted is finished by
    petmsg message dispatch.
    """
    from petmsg.cli import sending
    from petmsg.services.preview import preview as show_preview

    text = _read_stdin() if body == "-" else body
    if preview:
        run.show_one(SIZE, run.read(show_preview, client, body=text, now=run.now))
        return
    sending.send(
        run, client, fields=SENT, body=text, key=key, as_sitter=as_sitter, queue_only=queue_only
    )


@command(app, "dispatch", writes=True, reveals=True)
def dispatch(run: Run) -> None:
    """For cron: send every queued text, in all orgs unless --org is given."""
    from petmsg.cli import sending

    sending.dispatch(run, fields=SENT)


@command(app, "list", reveals=True)
def list_(
    run: Run,
    status: Annotated[MessageStatus | None, typer.Option("--status")] = None,
    client: Annotated[str | None, typer.Option("--client", metavar="CLIENT")] = None,
    limit: LIMIT = USUAL_LIMIT,
    before: BEFORE = None,
    all_: ALL = False,
) -> None:
    """The texts, the newest first."""
    rows = run.read(queries.list_messages, page(limit, before, all_), status=status, client=client)
    run.show_list(MESSAGES, rows)


@command(app, "show", reveals=True)
def show(run: Run, message: ID_ARG) -> None:
    """One text with the Decision that chose its number."""
    run.show_one(MESSAGE, run.read(queries.show_message, message))


@command(app, "retry", writes=True)
def retry(run: Run, message: ID_ARG, reason: REASON = None) -> None:
    """Put a failed text back in the queue, or one whose fate you have looked up at the provider."""
    from petmsg.services import message as service

    run.show_one(QUEUED, run.write(service.retry, message, reason=required_reason(reason)))


@command(app, "cancel", writes=True)
def cancel(run: Run, message: ID_ARG, reason: REASON = None) -> None:
    """Take a text out of the queue for good."""
    from petmsg.services import message as service

    run.show_one(QUEUED, run.write(service.cancel, message, reason=checked_reason(reason)))


def _read_stdin() -> str:
    content = sys.stdin.buffer.read(_LONGEST_STDIN)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise MalformedText("The body on stdin is not UTF-8.", hint="Save it as UTF-8.") from None
