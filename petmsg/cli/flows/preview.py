"""`message send --preview`: what sending would do. Without files it loads no slow library."""

from collections.abc import Sequence
from dataclasses import replace

from petmsg.cli.context import Context
from petmsg.queries.org import OrgRow
from petmsg.render.views.message import SIZE, SIZE_TO_SITTER
from petmsg.services.outbox.preview import Preview, PreviewedMedia, SendOptions, preview


def show_preview(
    context: Context,
    client: str,
    *,
    body: str,
    options: SendOptions,
    send_at: str | None,
    expires_at: str | None,
    media: Sequence[str] = (),
) -> None:
    """Print what sending would do; nothing is sent or stored."""
    files, problem = _look_at(context, media, keep_metadata=options.metadata_reason is not None)
    with context.snapshot() as cursor:
        org = context.org(cursor)
        shown = preview(
            cursor,
            org,
            client,
            body=body,
            options=replace(
                options,
                send_at=None if send_at is None else context.instant(send_at, org),
                expires_at=None if expires_at is None else context.instant(expires_at, org),
            ),
            now=context.now,
            media=files,
            problem=problem,
        )
    context.show_one(SIZE, shown)


def show_previews_to_sitters(
    context: Context,
    sitters: Sequence[str],
    *,
    body: str,
    options: SendOptions,
    send_at: str | None,
    expires_at: str | None,
    media: Sequence[str] = (),
) -> None:
    """Print what sending to each of the sitters would do; nothing is sent or stored."""
    from petmsg.cli.results import show_results
    from petmsg.errors import PetmsgError
    from petmsg.services.outbox.staff_preview import preview_to_sitter
    from petmsg.services.unit_of_work import Failure
    from petmsg.workflows.send_to_sitters import named_sitters

    files, problem = _look_at(context, media, keep_metadata=options.metadata_reason is not None)
    named = named_sitters(context, sitters)
    rows: list[Preview | Failure] = []
    with context.snapshot() as cursor:
        org = context.org(cursor)
        dated = replace(
            options,
            send_at=None if send_at is None else context.instant(send_at, org),
            expires_at=None if expires_at is None else context.instant(expires_at, org),
        )
        for sitter in named:
            try:
                row = preview_to_sitter(
                    cursor,
                    org,
                    sitter,
                    body=body,
                    options=dated,
                    now=context.now,
                    media=files,
                    problem=problem,
                )
            except PetmsgError as refused:
                if len(named) == 1:
                    raise
                rows.append(Failure(sitter, refused))
            else:
                rows.append(row)
    show_results(context, SIZE_TO_SITTER, rows)


def _look_at(
    context: Context, media: Sequence[str], *, keep_metadata: bool
) -> tuple[list[PreviewedMedia], str | None]:
    """The files as they would be sent, and why they could not be."""
    if not media:
        return [], None
    from petmsg.workflows import outgoing_files

    with context.snapshot() as cursor:
        org: OrgRow = context.org(cursor)
    files = outgoing_files.prepare_files(media, keep_metadata=keep_metadata)
    return outgoing_files.preview_of(files), outgoing_files.problem_with(context, org, media)
