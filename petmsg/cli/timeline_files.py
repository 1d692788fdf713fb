"""`petmsg thread timeline`: prints the timeline and writes it to files."""

import os
from contextlib import suppress
from pathlib import Path

from petmsg.cli.context import Context
from petmsg.errors import Misconfigured
from petmsg.services.routes import timeline as service


class FileUnwritable(Misconfigured):
    """A report cannot be written where it was asked for."""

    code = "file_unwritable"
    hint = "Check the folder, its permissions and the free space."


def show(
    context: Context,
    client: str,
    *,
    from_: str | None,
    to: str | None,
    svg: str | None,
    html: str | None,
) -> None:
    """Draw a client's timeline. Raises what reading it does, and `FileUnwritable`."""
    with context.snapshot() as cursor:
        org = context.org(cursor)
        start = None if from_ is None else context.instant(from_, org)
        end = None if to is None else context.instant(to, org)
        span = service.span_of(start, end, now=context.now, timezone=org.timezone)
        found = service.timeline(cursor, org, client, span, context.now)
    for remark in found.remarks:
        context.notify(f"note: {remark}")
    if svg is not None or html is not None:
        from petmsg.render import timeline_report

        for name, text in (
            (svg, lambda: timeline_report.svg(found)),
            (html, lambda: _page(context, found)),
        ):
            if name is not None:
                write_privately(name, text())
                context.notify(f"Written: {name}")
    if context.is_table:
        from petmsg.render.timeline_drawing import print_timeline

        print_timeline(found, view=context.view)
    else:
        from petmsg.render.views.timeline import TIMELINE

        context.show_one(TIMELINE, found)


def _page(context: Context, found: service.Timeline) -> str:
    """The page with its thumbnails; what it does not show is said on stderr."""
    from petmsg.render import timeline_report
    from petmsg.workflows.thumbnails import thumbnails_of

    media = [each for row in found.messages for each in row.media or ()]
    thumbnails = thumbnails_of(context, media)
    for remark in thumbnails.remarks:
        context.notify(f"note: {remark}")
    return timeline_report.html(found, view=context.view, thumbnails=thumbnails.by_sha256)


def write_privately(name: str, text: str) -> None:
    """Write a file that only its owner can read, completely or not at all. Replaces a file.

    A symbolic link is followed. A device or a pipe is written to and not replaced. Raises
    `FileUnwritable`.
    """
    from petmsg.db.partial_files import temp_path_for

    partial = None
    try:
        target = Path(name).resolve()
        if target.exists() and not target.is_file():
            target.write_text(text, encoding="utf-8")
            return
        partial = temp_path_for(target)
        partial.unlink(missing_ok=True)  # of a killed process with the same id
        handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        partial.replace(target)
    except (OSError, ValueError) as problem:
        words = problem.strerror if isinstance(problem, OSError) else str(problem)
        raise FileUnwritable(f"{name} cannot be written: {words}.") from None
    finally:
        if partial is not None:
            with suppress(OSError, ValueError):
                partial.unlink(missing_ok=True)
