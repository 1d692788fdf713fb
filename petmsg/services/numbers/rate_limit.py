"""The rate limits of numbers: their own setting, or the default of their kind of number.

The defaults are in `petmsg.rules.rate_limit`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from petmsg.errors import OutOfRange
from petmsg.models import MessageNumber
from petmsg.rules.rate_limit import FASTEST, default_rate_limit
from petmsg.services.numbers import ledger
from petmsg.services.unit_of_work import Failure, UnitOfWork, each

SLOWEST = 0.001
"""One segment in about a quarter of an hour. A lower limit would block a number for years."""


@dataclass(frozen=True, slots=True)
class RateLimit:
    """The rate limit of a number in segments per second. `usual` means the default of its kind."""

    number: str
    segments_per_second: float
    usual: bool
    reused: bool


def set_rate_limits(
    uow: UnitOfWork,
    numbers: Sequence[str],
    *,
    segments_per_second: float | None,
    reason: str | None = None,
) -> list[RateLimit | Failure]:
    """`set_rate_limit` for several numbers, each all or nothing. Raises `OutOfRange`."""
    if segments_per_second is not None and not SLOWEST <= segments_per_second <= FASTEST:
        raise OutOfRange(
            f"{segments_per_second:g} segments per second is out of range.",
            hint=f"Use {SLOWEST:g} to {FASTEST:g}; the default is 1 for a long code and 3 for a "
            "toll-free number.",
        )
    return each(
        uow,
        numbers,
        lambda e164: set_rate_limit(
            uow, e164, segments_per_second=segments_per_second, reason=reason
        ),
    )


def set_rate_limit(
    uow: UnitOfWork, e164: str, *, segments_per_second: float | None, reason: str | None = None
) -> RateLimit:
    """Set a number's rate limit in segments per second; None restores the default of its kind.

    Setting the same limit again changes nothing. The limit applies to messages that are claimed
    from now on; a message that is being sent keeps its time. Raises `NotFound`, `NumberRetired`.
    """
    number = ledger.locked_number(uow, e164)
    before = number.segments_per_second
    if before == segments_per_second:
        return rate_limit_of(number, reused=True)
    number.segments_per_second = segments_per_second
    uow.session.flush()
    uow.audit(
        "number.pace_set",
        "number",
        number.e164,
        {"before": before, "after": segments_per_second},
        reason=reason,
    )
    return rate_limit_of(number, reused=False)


def rate_limit_of(number: MessageNumber, *, reused: bool) -> RateLimit:
    """The rate limit of the number."""
    own = number.segments_per_second
    usual = own is None
    return RateLimit(
        number.e164, default_rate_limit(number.e164) if own is None else own, usual, reused
    )
