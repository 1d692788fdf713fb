"""What `booking reschedule` does with its options."""

from petmsg.cli.booking_options import one_of_end_and_for
from petmsg.cli.context import Context
from petmsg.clock import parse_duration
from petmsg.errors import UsageProblem
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
    return context.write(
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
