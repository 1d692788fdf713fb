"""What `booking reschedule` does with its options."""

from petmsg.cli.booking_options import one_of_end_and_for
from petmsg.cli.context import Context
from petmsg.clock import from_now, parse_duration
from petmsg.errors import EndNotAfterStart, UsageProblem
from petmsg.services.bookings import booking


def reschedule(
    context: Context,
    ref: str,
    *,
    start: str | None,
    end: str | None,
    lasts: str | None,
    lead: str | None,
    reason: str | None,
) -> booking.BookingChanged:
    """Change the times of a booking, or its lead. Raises `UsageProblem` and `MalformedTime`."""
    if start is None and end is None and lasts is None and lead is None:
        raise UsageProblem(
            "Missing option: --start, --end, --for or --lead.",
            hint="Give the new start, the new end or duration, or the new lead.",
        )
    if end is not None and lasts is not None:
        raise one_of_end_and_for()
    moves_start_alone = start is not None and end is None and lasts is None
    try:
        changed = context.write(
            lambda uow: booking.reschedule(
                uow,
                ref,
                starts_at=uow.instant(start),
                ends_at=uow.instant(end),
                lasts=None if lasts is None else parse_duration(lasts),
                lead=lead,
                reason=reason,
            )
        )
    except EndNotAfterStart as problem:
        if moves_start_alone:
            problem.hint = "To move the whole visit, add its duration (--for 1h) or its new end."
        raise
    if moves_start_alone and not changed.reused:
        takes = from_now(changed.ends_at, now=changed.starts_at).removeprefix("in ")
        context.notify(
            f"The end stays, so the visit takes {takes}. To move the whole visit, add its "
            "duration (--for 1h) or its new end."
        )
    return changed
