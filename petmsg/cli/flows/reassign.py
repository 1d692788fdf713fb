"""`booking reassign`: one booking, or the bookings of a file."""

from functools import partial

from petmsg.cli.batch import run_chunks
from petmsg.cli.context import Context
from petmsg.cli.options import read_file
from petmsg.cli.results import Results, show_warnings
from petmsg.errors import UsageProblem
from petmsg.render.views.booking import BOOKING_CHANGED
from petmsg.services.bookings import booking
from petmsg.services.bookings.reassign_rows import COLUMNS, reassign_rows
from petmsg.services.transfer.row_files import read_batch


def reassign(
    context: Context,
    ref: str | None,
    sitters: tuple[str | None, str | None],
    *,
    nobody: bool,
    file: str | None,
    reason: str | None,
) -> None:
    """Assign the booking, or each booking of the file, and show what came of it.

    `sitters` are the sitter as an argument and as an option. Raises `UsageProblem`.
    """
    named = [each for each in sitters if each is not None]
    if file is not None:
        if ref is not None or named or nobody:
            raise UsageProblem(
                "--file cannot be combined with a booking or a sitter.",
                hint=f"The columns of the file are {','.join(COLUMNS)}.",
            )
        _reassign_file(context, file, reason=reason)
        return
    if ref is None:
        raise UsageProblem(
            "Missing booking to reassign.", hint="Name its ref and the sitter, or use --file F."
        )
    if len(named) + nobody != 1:
        raise UsageProblem(
            "Name one sitter, or --nobody.",
            hint=f"petmsg booking reassign {ref} SITTER, or --nobody for no sitter.",
        )
    changed = context.write(booking.reassign, ref, sitter=(*named, None)[0], reason=reason)
    context.show_one(BOOKING_CHANGED, changed)
    show_warnings(context, changed)


def _reassign_file(context: Context, file: str, *, reason: str | None) -> None:
    batch = read_batch(read_file(file), columns=COLUMNS, required=COLUMNS)
    run_chunks(
        context,
        Results(context, BOOKING_CHANGED, also=partial(show_warnings, context)),
        batch.rows,
        lambda chunk: context.write(reassign_rows, chunk, reason=reason),
        doing="Reassigning",
        total=batch.lines,
        finds_again=True,
    )
