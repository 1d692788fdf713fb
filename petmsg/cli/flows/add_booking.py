"""What `booking add` does with its options: one booking, or a series of them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, TypedDict

from petmsg.cli.booking_options import one_of_end_and_for
from petmsg.cli.context import Context
from petmsg.cli.results import show_warnings
from petmsg.clock import parse_duration
from petmsg.errors import UsageProblem
from petmsg.plurals import counted
from petmsg.render.views.booking import BOOKING_CHANGED

if TYPE_CHECKING:
    from petmsg.rules.recurrence import FirstVisit
    from petmsg.services.bookings.series import Repetition
    from petmsg.services.unit_of_work import UnitOfWork


class Times(NamedTuple):
    """The times of a booking as they were typed: its start, and either its end or its duration."""

    start: str
    end: str | None
    lasts: str | None

    def first(self, uow: "UnitOfWork") -> "FirstVisit":
        """The times as instants. Raises `UsageProblem` and `MalformedTime`."""
        from petmsg.rules.recurrence import FirstVisit

        if (self.end is None) == (self.lasts is None):
            raise one_of_end_and_for()
        starts_at = uow.instant(self.start)
        if self.lasts is not None:
            return FirstVisit(starts_at, starts_at + parse_duration(self.lasts), True)
        return FirstVisit(starts_at, uow.instant(self.end or ""), False)


class Booked(TypedDict):
    """The other options of `booking add`."""

    client: str
    sitter: str | None
    ref: str | None
    lead: str | None
    allow_duplicates: bool


def add_booking(
    context: Context, times: Times, booked: Booked, repetition: "Repetition | None"
) -> None:
    """Add a booking, or the bookings of a series, and show what was added."""
    if repetition is not None:
        _add_series(context, times, booked, repetition)
        return
    from petmsg.services.bookings import booking

    def add(uow: "UnitOfWork") -> booking.BookingChanged:
        first = times.first(uow)
        return booking.add(uow, starts_at=first.starts_at, ends_at=first.ends_at, **booked)

    added = context.write(add)
    context.show_one(BOOKING_CHANGED, added)
    if added.reused:
        context.notify(f"Booking {added.booking} already exists; nothing was changed.")
    show_warnings(context, added)


def _add_series(context: Context, times: Times, booked: Booked, repetition: "Repetition") -> None:
    from petmsg.services.bookings import series

    added = context.write(
        lambda uow: series.add_series(uow, times.first(uow), repetition, **booked)
    )
    context.show_list(BOOKING_CHANGED, added.bookings)
    for row in added.bookings:
        show_warnings(context, row)
    for note in added.notes:
        context.notify(note)
    new = sum(not row.reused for row in added.bookings)
    known = len(added.bookings) - new
    context.notify(f"{counted(new, 'booking')} added, {known} existed already.")


def repetition_of(
    repeat: str | None, until: str | None, count: int | None, excepted: Sequence[str] | None
) -> "Repetition | None":
    """The series that the options ask for. Raises `UsageProblem`."""
    if repeat is None:
        if until is not None or count is not None or excepted:
            raise UsageProblem(
                "--until, --count and --except require --repeat.",
                hint="Add how it repeats: --repeat weekly:mo,we,fr",
            )
        return None
    from petmsg.services.bookings.series import Repetition

    return Repetition(repeat, until, count, tuple(excepted or ()))
