"""How fast a number sends: its own setting, or what its kind allows (`petmsg.rules.rate_limit`)."""

from collections.abc import Sequence
from dataclasses import dataclass

from petmsg.errors import OutOfRange
from petmsg.models import MessageNumber
from petmsg.rules.rate_limit import FASTEST, usual_pace
from petmsg.services.numbers import ledger
from petmsg.services.unit_of_work import Failure, UnitOfWork, each

SLOWEST = 0.001
"""One segment in a quarter of an hour. A pace next to nothing would block a number for years."""


@dataclass(frozen=True, slots=True)
class Pace:
    """The pace of a number in segments per second. `usual`: what its kind allows, nothing set."""

    number: str
    segments_per_second: float
    usual: bool
    reused: bool


def set_pace_all(
    uow: UnitOfWork,
    numbers: Sequence[str],
    *,
    segments_per_second: float | None,
    reason: str | None = None,
) -> list[Pace | Failure]:
    """`set_pace` for several numbers, each all or nothing. Raises `OutOfRange`."""
    if segments_per_second is not None and not SLOWEST <= segments_per_second <= FASTEST:
        raise OutOfRange(
            f"{segments_per_second:g} segments per second is out of range.",
            hint=f"From {SLOWEST:g} to {FASTEST:g}; usual are 1 for a long code and 3 for a "
            "toll-free number.",
        )
    return each(
        uow,
        numbers,
        lambda e164: set_pace(uow, e164, segments_per_second=segments_per_second, reason=reason),
    )


def set_pace(
    uow: UnitOfWork, e164: str, *, segments_per_second: float | None, reason: str | None = None
) -> Pace:
    """Set a number's pace; None is what its kind allows. The same again changes nothing.

    It holds for what is begun from now on: a text under way keeps the time it was given.
    """
    number = ledger.locked_number(uow, e164)
    before = number.segments_per_second
    if before == segments_per_second:
        return pace_of(number, reused=True)
    number.segments_per_second = segments_per_second
    uow.session.flush()
    uow.audit(
        "number.pace_set",
        "number",
        number.e164,
        {"before": before, "after": segments_per_second},
        reason=reason,
    )
    return pace_of(number, reused=False)


def pace_of(number: MessageNumber, *, reused: bool) -> Pace:
    """The pace at which the number sends."""
    own = number.segments_per_second
    usual = own is None
    return Pace(number.e164, usual_pace(number.e164) if own is None else own, usual, reused)
