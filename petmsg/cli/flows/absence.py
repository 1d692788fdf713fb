"""`sitter away` and `sitter back`: what is shown of an absence, and which command comes next."""

import shlex
from datetime import datetime

from petmsg.cli.context import Context
from petmsg.cli.options import read_file
from petmsg.clock import iso_local
from petmsg.days import parse_bound
from petmsg.errors import UsageProblem
from petmsg.plurals import counted
from petmsg.render.views.absence import AWAY, BACK, VISITS_AWAY
from petmsg.services.bookings.reassign_rows import COLUMNS
from petmsg.services.people import absence
from petmsg.services.transfer.row_files import BatchRow, read_batch
from petmsg.services.unit_of_work import UnitOfWork


def send_away(
    context: Context,
    sitter: str,
    *,
    since: str,
    until: str,
    reason: str,
    to_sitter: str | None,
    file: str | None,
) -> None:
    """Store the absence, hand the visits over as asked, and list them. Raises `UsageProblem`."""
    if to_sitter is not None and file is not None:
        raise UsageProblem(
            "--to-sitter and --file cannot be combined.",
            hint="Name the sitter of every booking in the file, or one sitter for all.",
        )
    rows = None if file is None else _rows(file)
    done = context.write(
        lambda uow: absence.away(
            uow,
            sitter,
            starts_at=_bound(uow, since),
            ends_at=_bound(uow, until, is_end=True),
            reason=reason,
            to_sitter=to_sitter,
            rows=rows,
        )
    )
    context.show_one(AWAY, done)
    if context.is_table and done.visits:
        context.show_list(VISITS_AWAY, done.visits)
    _notify(context, done)


def bring_back(context: Context, sitter: str, *, since: str | None, reason: str | None) -> None:
    """End or cancel the absence, and say that bookings do not come back by themselves."""
    done = context.write(
        lambda uow: absence.back(
            uow, sitter, starts_at=None if since is None else _bound(uow, since), reason=reason
        )
    )
    context.show_one(BACK, done)
    if done.reused:
        context.notify(f"Sitter {done.sitter} is not away; nothing was changed.")
    else:
        context.notify(
            "Bookings that were handed over stay with their new sitters. To give one back: "
            f"petmsg booking reassign REF {shlex.quote(done.sitter)}"
        )


def _bound(uow: UnitOfWork, text: str, *, is_end: bool = False) -> datetime:
    """A time, or the beginning or the end of a local day of the org."""
    return parse_bound(text, timezone=uow.org.timezone, at=uow.now, is_end=is_end)


def _notify(context: Context, done: absence.Away) -> None:
    for visit in done.visits:
        for warning in visit.warnings:
            context.notify(f"{visit.booking}: {warning}")
    left = [each for each in done.visits if not each.handed_over]
    if not left:
        return
    timezone = context.view.timezone
    words = (
        "petmsg", "sitter", "away", done.sitter,
        "--from", iso_local(done.starts_at, timezone), "--to", iso_local(done.ends_at, timezone),
        "--reason", done.reason, "--to-sitter", "SITTER",
    )  # fmt: skip
    context.notify(
        f"{counted(len(left), 'visit')} stayed with {done.sitter}. To hand them over to one "
        f"sitter: {shlex.join(words)}"
    )
    context.notify("To several sitters: --file F with columns ref,sitter.")


def _rows(file: str) -> list[BatchRow]:
    return list(read_batch(read_file(file), columns=COLUMNS, required=COLUMNS).rows)
