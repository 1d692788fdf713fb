"""`media fetch`: shows what became of received pictures and files."""

from collections.abc import Sequence

from petmsg.cli.context import Context
from petmsg.enums.media import MediaStatus
from petmsg.errors import BUSY, FINDING
from petmsg.render.views.media import FETCHED
from petmsg.workflows import fetch_media as workflow


def fetch(context: Context, ids: Sequence[int]) -> None:
    """Fetch them, show their rows, and say which accounts could not be asked."""
    rows, problems = workflow.fetch(context, ids)
    context.show_list(FETCHED, rows)
    for problem in problems:
        context.notify(problem.message, even_quiet=True)
        if problem.hint:
            context.notify(f"hint: {problem.hint}", even_quiet=True)
    statuses = {row.status for row in rows}
    if problems:
        context.exit_code = max(problem.exit_code for problem in problems)
    elif context.dry_run:
        pass
    elif MediaStatus.LOST in statuses:
        context.exit_code = FINDING
    elif MediaStatus.MISSING in statuses:
        context.exit_code = BUSY
