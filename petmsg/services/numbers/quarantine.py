"""Quarantines: take a number out of use for a while, and restore it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import col, select

from petmsg.clock import format_local
from petmsg.enums.numbers import NumberClass, NumberStatus
from petmsg.errors import OutOfRange, Refused
from petmsg.models import MessageNumber
from petmsg.services.numbers import ledger
from petmsg.services.numbers.number import (
    FrontDeskNeedsReplacement,
    NumberHeld,
    active_front_desk,
    end_due_quarantine,
    end_quarantine,
    holder,
    holder_ref,
    is_front_desk,
    require_no_active_front_desk,
    require_usable,
)
from petmsg.services.numbers.quarantine_plan import Fallback, Plan, affected
from petmsg.services.unit_of_work import Failure, UnitOfWork, each


class NumberNotQuarantined(Refused):
    code = "number_not_quarantined"
    hint = "Show the numbers and their status: petmsg number list"


class ReasonRequired(Refused):
    code = "reason_required"


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A quarantined number, what it affects, and the fallback numbers until its end.

    `previous_until` is the end of the quarantine that this one replaces; None if there was none.
    `warning` says so if that was later. `plan` has the same day by day; None if it was not asked
    for.
    """

    number: str
    quarantined_until: datetime
    previous_until: datetime | None
    reason: str
    days: int
    sitter: str | None
    sitter_name: str | None
    threads: int
    future_windows: int
    meanwhile: Fallback
    replacement: str | None
    plan: Plan | None = None
    warning: str | None = None


@dataclass(frozen=True, slots=True)
class Restored:
    """A restored number. `forced` means that its quarantine was not over."""

    number: str
    sitter: str | None
    sitter_name: str | None
    forced: bool
    reason: str | None


def quarantine_all(
    uow: UnitOfWork,
    numbers: Sequence[str],
    *,
    reason: str,
    days: int | None = None,
    until: datetime | None = None,
    replacement: str | None = None,
    planned: bool = False,
) -> list[Quarantined | Failure]:
    """`quarantine` for several numbers, each all or nothing.

    Raises `Refused`, with nothing changed, for a `replacement` although none of the numbers is the
    active front desk number.
    """
    end, whole_days = _quarantine_end(uow, days=days, until=until)
    done = each(
        uow,
        numbers,
        lambda e164: quarantine(
            uow,
            e164,
            until=end,
            days=whole_days,
            reason=reason,
            replacement=replacement,
            planned=planned,
        ),
    )
    needless = all(isinstance(row, Quarantined) and row.replacement is None for row in done)
    if replacement is not None and needless:
        raise Refused(
            f"None of these is the active front desk number; {replacement} cannot replace one.",
            hint="Leave out --replacement.",
        )
    return done


def restore_all(
    uow: UnitOfWork, numbers: Sequence[str], *, reason: str | None = None
) -> list[Restored | Failure]:
    """`restore` for several numbers, each all or nothing."""
    return each(uow, numbers, lambda e164: restore(uow, e164, reason=reason))


def quarantine(
    uow: UnitOfWork,
    e164: str,
    *,
    until: datetime,
    days: int,
    reason: str,
    replacement: str | None = None,
    planned: bool = False,
) -> Quarantined:
    """Take a number out of use until `until` (aware UTC), which is in `days` days.

    The number stays assigned to its sitter. A second quarantine replaces the end and the reason of
    the first. The `replacement` of the active front desk number becomes the front desk in the same
    transaction.

    Raises `FrontDeskNeedsReplacement` for the active front desk number without a `replacement`.
    """
    number = ledger.locked_number(uow, e164)
    is_desk = is_front_desk(uow, number)
    if is_desk and replacement is None:
        raise FrontDeskNeedsReplacement(
            f"{number.e164} is the active front desk number.",
            hint="Name its replacement: --replacement E164",
        )
    before = number.quarantined_until
    ledger.to_quarantine(number, until=until, reason=reason)
    ledger.append(uow, number, reason=reason)
    new_desk = None
    if is_desk and replacement is not None:
        new_desk = _replace_desk(uow, replacement, reason=reason)
    touched = affected(uow, number, until=until, planned=planned)
    uow.audit(
        "number.quarantined",
        "number",
        number.e164,
        {
            "until": until,
            "days": days,
            "previous_until": before,
            "sitter": touched.sitter,
            "replacement": new_desk,
        },
        reason=reason,
    )
    return Quarantined(
        number=number.e164,
        quarantined_until=until,
        previous_until=before,
        reason=reason,
        days=days,
        sitter=touched.sitter,
        sitter_name=touched.sitter_name,
        threads=touched.threads,
        future_windows=touched.future_windows,
        meanwhile=touched.meanwhile,
        replacement=new_desk,
        plan=touched.plan,
        warning=_shorter_warning(uow, number, before=before, until=until),
    )


def _shorter_warning(
    uow: UnitOfWork, number: MessageNumber, *, before: datetime | None, until: datetime
) -> str | None:
    """A warning that the quarantine which is replaced would have ended later."""
    if before is None or before <= until:
        return None
    ended = format_local(before, uow.org.timezone)
    return f"{number.e164} was quarantined until {ended}; now its quarantine ends earlier."


def restore(uow: UnitOfWork, e164: str, *, reason: str | None = None) -> Restored:
    """End a quarantine. Before its end a reason is required, and the audit says `forced`.

    Raises `NumberNotQuarantined`, `ReasonRequired` and `FrontDeskTaken`.
    """
    number = ledger.locked_number(uow, e164)
    if number.status is not NumberStatus.QUARANTINED or number.quarantined_until is None:
        raise NumberNotQuarantined(
            f"{number.e164} is not quarantined.",
            hint=f"Show it: petmsg number show {number.e164}",
        )
    forced = number.quarantined_until > uow.now
    if forced and reason is None:
        raise ReasonRequired(
            f"{number.e164} is quarantined until "
            f"{format_local(number.quarantined_until, uow.org.timezone)}; restoring it early "
            "requires a reason.",
            hint=f"Give one: petmsg number restore {number.e164} --reason 'carrier cleared it'",
        )
    if number.number_class is NumberClass.FRONT_DESK:
        require_no_active_front_desk(uow, number.e164)
    return _end_quarantine(uow, number, forced=forced, reason=reason)


def release_due(uow: UnitOfWork) -> list[Restored]:
    """Restore all numbers of the org whose quarantine is over. Can be repeated safely.

    A front desk number becomes a pool number if the org has another active front desk by now.
    """
    due = uow.session.exec(
        select(MessageNumber)
        .where(
            MessageNumber.org_id == uow.org.id,
            MessageNumber.status == NumberStatus.QUARANTINED,
            col(MessageNumber.quarantined_until) <= uow.now,
        )
        .order_by(col(MessageNumber.id))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    released = []
    for number in due:
        if number.number_class is NumberClass.FRONT_DESK and active_front_desk(uow) is not None:
            number.number_class = NumberClass.POOL
        released.append(_end_quarantine(uow, number, forced=False, reason="quarantine over"))
    return released


def _end_quarantine(
    uow: UnitOfWork, number: MessageNumber, *, forced: bool, reason: str | None
) -> Restored:
    sitter = holder(uow, number)
    end_quarantine(uow, number, forced=forced, reason=reason)
    ledger.append(uow, number, reason=reason or "quarantine over")
    return Restored(
        number=number.e164,
        sitter=None if sitter is None else sitter.ref,
        sitter_name=None if sitter is None else sitter.name,
        forced=forced,
        reason=reason,
    )


def _quarantine_end(
    uow: UnitOfWork, *, days: int | None, until: datetime | None
) -> tuple[datetime, int]:
    if until is None:
        return ledger.quarantine_end(uow, days), days or uow.org.quarantine_days
    if days is not None:
        raise OutOfRange("Give --days or --until, not both.")
    if not uow.now < until <= uow.now + timedelta(days=3650):
        raise OutOfRange(
            f"The end {format_local(until, uow.org.timezone)} is not within the next 3650 days.",
            hint="Give an end in the future.",
        )
    return until, -(-(until - uow.now) // timedelta(days=1))


def _replace_desk(uow: UnitOfWork, e164: str, *, reason: str) -> str:
    number = ledger.locked_number(uow, e164)
    if number.sitter_id is not None:
        raise NumberHeld(f"{number.e164} is held by sitter {holder_ref(uow, number)}.")
    require_usable(uow, number)
    end_due_quarantine(uow, number)
    before = number.number_class
    number.number_class = NumberClass.FRONT_DESK
    ledger.append(uow, number, reason=reason)
    uow.audit(
        "number.class_set",
        "number",
        number.e164,
        {"before": before.value, "after": NumberClass.FRONT_DESK.value, "replaced": None},
        reason=reason,
    )
    return number.e164
