"""What `message send` does with its options: a preview, one message, or a file of them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from petmsg.cli.context import Context
from petmsg.errors import UsageProblem

if TYPE_CHECKING:
    from petmsg.services.outbox.filled_template import TemplateUse
    from petmsg.services.outbox.preview import SendOptions


def check_send(
    client: str | None,
    file: str | None,
    to_sitter: Sequence[str] | None,
    as_sitter: str | None,
    *,
    body: str | None,
    media: Sequence[str] | None,
    others: Sequence[object],
    reasons: tuple[str | None, bool, bool],
) -> None:
    """Raise `UsageProblem` for options that do not go together.

    `others` are the values of --key, --preview and --template, which a file does not allow either;
    `reasons` those of --reason, --force and --keep-metadata.
    """
    reason, force, keep_metadata = reasons
    if to_sitter and (client is not None or file is not None or as_sitter is not None):
        raise UsageProblem(
            "--to-sitter cannot be combined with CLIENT, --file or --as.",
            hint="Send to clients and to sitters in two commands.",
        )
    if file is not None and (
        client is not None or body is not None or media or as_sitter or any(others)
    ):
        raise UsageProblem(
            "--file cannot be combined with CLIENT, --body, --media, --key, --as, --template or "
            "--preview.",
            hint="Put them into the file's columns client,body,media,key,as.",
        )
    if file is None and client is None and not to_sitter:
        raise UsageProblem(
            "Missing CLIENT.", hint="Name a client, or use --to-sitter SITTER or --file F."
        )
    *_, template = others
    if to_sitter and template is not None:
        raise UsageProblem(
            "--to-sitter cannot be combined with --template: a template is for clients.",
            hint="Write the message: --body TEXT",
        )
    if file is None and body is None and not media and template is None:
        raise UsageProblem(
            "Specify --body, --media, or both.",
            hint="petmsg message send CLIENT --body TEXT --media FILE",
        )
    if keep_metadata and not media and file is None:
        raise UsageProblem("--keep-metadata requires --media.", hint="Leave out --keep-metadata.")
    if reason is not None and not (force or keep_metadata):
        raise UsageProblem(
            "--reason requires --force or --keep-metadata.",
            hint="Add one of them, or leave out --reason.",
        )


def template_of(
    name: str | None, *, body: str | None, values: Sequence[str] | None, booking: str | None
) -> "TemplateUse | None":
    """Return the template that the options name. Raises `UsageProblem`."""
    if name is None:
        if values or booking is not None:
            raise UsageProblem("--var and --booking require --template.", hint="Leave them out.")
        return None
    if body is not None:
        raise UsageProblem("--template and --body cannot be combined.", hint="Leave one out.")
    from petmsg.services.outbox.filled_template import TemplateUse, parse_values

    return TemplateUse(name, parse_values(values or ()), booking)


def send_chosen(
    context: Context,
    client: str,
    *,
    file: str | None,
    to_sitter: Sequence[str],
    body: str,
    media: Sequence[str],
    options: "SendOptions",
    send_at: str | None,
    expires_at: str | None,
    queue_only: bool,
    preview: bool,
) -> None:
    """Queue the file's rows, show a preview, or send one message; only that part is loaded."""
    times = {"send_at": send_at, "expires_at": expires_at}
    if file is not None:
        from petmsg.cli.flows.send_file import send_file

        send_file(context, file, options=options, **times)
    elif to_sitter and preview:
        from petmsg.cli.flows.preview import show_previews_to_sitters

        show_previews_to_sitters(
            context, to_sitter, body=body, options=options, media=media, **times
        )
    elif to_sitter:
        from petmsg.cli.flows.send_to_sitters import send_to_sitters

        send_to_sitters(
            context,
            to_sitter,
            body=body,
            options=options,
            queue_only=queue_only,
            media=media,
            **times,
        )
    elif preview:
        from petmsg.cli.flows.preview import show_preview

        show_preview(context, client, body=body, options=options, media=media, **times)
    else:
        from petmsg.cli.flows import send as sending

        sending.send(
            context,
            client,
            body=body,
            options=options,
            queue_only=queue_only,
            media=media,
            send_at=send_at,
            expires_at=expires_at,
        )
