"""Masked numbers: adding, giving, classing, quarantining, restoring, retiring."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import col, select

from petmsg.clock import iso_utc
from petmsg.enums import NumberClass, NumberStatus, SitterStatus
from petmsg.errors import AlreadyDifferent, NumberTaken, OutOfRange, Refused
from petmsg.models import MessageNumber, Sitter
from petmsg.phone import parse_phone
from petmsg.queries.impact import affected_windows, threads_of_pool_number
from petmsg.queries.lookup import find_sitter
from petmsg.queries.routing import read_facts
from petmsg.routing import decide, usable
from petmsg.services import custody
from petmsg.services.work import Work

MOST_WINDOWS_PLANNED = 500


class NumberNotQuarantined(Refused):
    code = "number_not_quarantined"
    hint = "Look at it: petmsg number show E164"


class ReasonRequired(Refused):
    code = "reason_required"


class FrontDeskTaken(Refused):
    code = "front_desk_taken"


class FrontDeskNeedsReplacement(Refused):
    code = "front_desk_needs_replacement"


class NumberHeld(Refused):
    code = "number_held"


class NumberOfAnother(Refused):
    code = "number_of_another_sitter"


class SitterHasNumber(Refused):
    code = "sitter_has_number"


@dataclass(frozen=True, slots=True)
class NumberAdded:
    """A number of the org after `add`; `reused` says that it was there already."""

    number: str
    number_class: NumberClass
    status: NumberStatus
    reused: bool


@dataclass(frozen=True, slots=True)
class Assigned:
    """A number and the sitter who holds it (None once it is held by nobody)."""

    number: str
    number_class: NumberClass
    status: NumberStatus
    sitter: str | None
    reused: bool
    replaced: str | None = None


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A number in quarantine, whom it touches, and where their texts go meanwhile."""

    number: str
    quarantined_until: datetime
    reason: str
    days: int
    sitter: str | None
    threads: int
    future_windows: int
    meanwhile: tuple[tuple[str | None, str | None, int], ...]
    replacement: str | None


@dataclass(frozen=True, slots=True)
class Restored:
    """A number back in use. `forced`: before its quarantine was over."""

    number: str
    sitter: str | None
    forced: bool
    reason: str | None


def add(work: Work, e164: str, *, number_class: NumberClass) -> NumberAdded:
    """Add a number to the org. The same again changes nothing; another class is refused."""
    phone = parse_phone(e164)
    there = work.session.exec(select(MessageNumber).where(MessageNumber.e164 == phone)).first()
    if there is not None:
        if there.org_id != work.org.id:
            raise NumberTaken(f"{phone} belongs to another org of this database.")
        if there.number_class is not number_class:
            raise AlreadyDifferent(
                f"{phone} is there already, with class {there.number_class}.",
                hint=f"Change it: petmsg number set-class {phone} {number_class}",
            )
        return NumberAdded(phone, there.number_class, there.status, reused=True)
    if number_class is NumberClass.FRONT_DESK:
        _require_no_active_desk(work, phone)
    number = MessageNumber(
        org_id=work.org.id, e164=phone, number_class=number_class, created_at=work.now
    )
    work.session.add(number)
    work.session.flush()
    custody.enter(work, number, reason="added")
    work.record("number.added", "number", phone, {"class": number_class.value})
    return NumberAdded(phone, number_class, number.status, reused=False)


def import_row(work: Work, row: Mapping[str, str | None]) -> tuple[str, str]:
    """One row of `number import` (columns `e164,class`). Returns the number and what was done."""
    number_class = parse_class(row.get("class") or "")
    added = add(work, row.get("e164") or "", number_class=number_class)
    return added.number, "unchanged" if added.reused else "created"


def parse_class(text: str) -> NumberClass:
    """The class of that name. Raises `OutOfRange`."""
    try:
        return NumberClass(text.strip())
    except ValueError:
        raise OutOfRange(
            f"{text!r} is not a class of numbers.", hint="One of front_desk, sitter, pool."
        ) from None


def assign(work: Work, e164: str, sitter_text: str, *, reason: str | None = None) -> Assigned:
    """Give a free sitter-class number to a sitter who holds none."""
    key = find_sitter(work.cursor, work.org.id, sitter_text)
    sitter = work.session.get(Sitter, key.id, with_for_update=True, populate_existing=True)
    assert sitter is not None
    number = custody.locked_number(work, e164)
    if number.sitter_id == key.id:
        return Assigned(number.e164, number.number_class, number.status, key.ref, reused=True)
    if sitter.status is SitterStatus.OFFBOARDED:
        raise Refused(
            f"Sitter {key.ref} is offboarded.", hint=f"First: petmsg sitter activate {key.ref}"
        )
    held = held_by(work, key.id)
    if held is not None:
        raise SitterHasNumber(
            f"Sitter {key.ref} holds {held.e164}, and a sitter has one number.",
            hint=f"Exchange it: petmsg sitter renumber {key.ref} --to {number.e164} --reason …",
        )
    give(work, number, sitter, reason=reason or "assigned")
    return Assigned(number.e164, number.number_class, number.status, key.ref, reused=False)


def give(work: Work, number: MessageNumber, sitter: Sitter, *, reason: str) -> None:
    """Make the sitter the holder of the locked number. Raises if it may not be hers."""
    if number.sitter_id is not None:
        raise NumberHeld(f"{number.e164} is held by another sitter.")
    if number.first_sitter_id not in (None, sitter.id):
        raise NumberOfAnother(
            f"{number.e164} was another sitter's and never goes to a second one.",
            hint="Give her a fresh number: petmsg number add E164 --class sitter",
        )
    if number.number_class is not NumberClass.SITTER:
        raise Refused(
            f"{number.e164} is a {number.number_class} number; only sitter numbers can be held.",
            hint=f"First: petmsg number set-class {number.e164} sitter",
        )
    if not usable(number, work.now):
        raise Refused(f"{number.e164} is quarantined until {number.quarantined_until:%Y-%m-%d}.")
    if number.status is NumberStatus.QUARANTINED:
        _end_quarantine(work, number, forced=False, reason="quarantine over", enter=False)
    number.sitter_id = sitter.id
    number.first_sitter_id = sitter.id
    custody.enter(work, number, reason=reason)
    work.record(
        "number.assigned", "number", number.e164, {"sitter": sitter.ref}, reason=reason
    )


def held_by(work: Work, sitter_id: int) -> MessageNumber | None:
    """The number the sitter holds, in any status."""
    return work.session.exec(
        select(MessageNumber).where(MessageNumber.sitter_id == sitter_id)
    ).first()


def set_class(
    work: Work,
    e164: str,
    *,
    number_class: NumberClass,
    replace: bool = False,
    reason: str | None = None,
) -> Assigned:
    """Give a number another class. `replace` makes the old front desk number a pool number."""
    number = custody.locked_number(work, e164)
    if number.number_class is number_class:
        return Assigned(
            number.e164, number.number_class, number.status, _ref_of(work, number), reused=True
        )
    if number.sitter_id is not None:
        raise NumberHeld(
            f"{number.e164} is held by sitter {_ref_of(work, number)}.",
            hint="Give her another first: petmsg sitter renumber SITTER --reason …",
        )
    replaced = None
    if number_class is NumberClass.FRONT_DESK and number.status is NumberStatus.ACTIVE:
        replaced = _make_room_at_the_desk(work, number, replace=replace)
    before = number.number_class
    number.number_class = number_class
    custody.enter(work, number, reason=reason or f"class set to {number_class}")
    work.record(
        "number.class_set",
        "number",
        number.e164,
        {"before": before.value, "after": number_class.value, "replaced": replaced},
        reason=reason,
    )
    return Assigned(
        number.e164, number_class, number.status, None, reused=False, replaced=replaced
    )


def retire(work: Work, e164: str, *, reason: str | None = None) -> Assigned:
    """Retire a number for good. A holder loses it; the active front desk number is refused."""
    number = custody.locked_number(work, e164, even_retired=True)
    if number.status is NumberStatus.RETIRED:
        return Assigned(number.e164, number.number_class, number.status, None, reused=True)
    if number.number_class is NumberClass.FRONT_DESK and number.status is NumberStatus.ACTIVE:
        raise FrontDeskNeedsReplacement(
            f"{number.e164} is the active front desk number.",
            hint="Make another the desk first: petmsg number set-class E164 front_desk --replace",
        )
    holder = _ref_of(work, number)
    number.sitter_id = None
    custody.to_active(number)
    number.status = NumberStatus.RETIRED
    custody.enter(work, number, reason=reason or "retired")
    work.record(
        "number.retired", "number", number.e164, {"sitter": holder}, reason=reason
    )
    return Assigned(number.e164, number.number_class, number.status, None, reused=False)


def quarantine(
    work: Work,
    e164: str,
    *,
    reason: str,
    days: int | None = None,
    until: datetime | None = None,
    replacement: str | None = None,
) -> Quarantined:
    """Take a number out of use until `now + days` (default the org's) or `until` (aware UTC).

    The holder keeps her claim. The active front desk number needs a `replacement`, which becomes
    the desk in the same transaction. Done again, the new end and reason replace the old.
    """
    end, whole_days = _quarantine_end(work, days=days, until=until)
    number = custody.locked_number(work, e164)
    is_desk = (
        number.number_class is NumberClass.FRONT_DESK and number.status is NumberStatus.ACTIVE
    )
    if is_desk and replacement is None:
        raise FrontDeskNeedsReplacement(
            f"{number.e164} is the active front desk number.",
            hint="Name the next one: --replacement E164",
        )
    before = number.quarantined_until
    custody.to_quarantine(number, until=end, reason=reason)
    custody.enter(work, number, reason=reason)
    new_desk = None
    if is_desk and replacement is not None:
        new_desk = _replace_desk(work, replacement, reason=reason)
    affected = _affected(work, number, until=end)
    work.record(
        "number.quarantined",
        "number",
        number.e164,
        {
            "until": end,
            "days": whole_days,
            "previous_until": before,
            "sitter": affected["sitter"],
            "replacement": new_desk,
        },
        reason=reason,
    )
    return Quarantined(
        number=number.e164,
        quarantined_until=end,
        reason=reason,
        days=whole_days,
        replacement=new_desk,
        **affected,
    )


def restore(work: Work, e164: str, *, reason: str | None = None) -> Restored:
    """End a quarantine. Before its end that is forced, and must have a reason."""
    number = custody.locked_number(work, e164)
    if number.status is not NumberStatus.QUARANTINED or number.quarantined_until is None:
        raise NumberNotQuarantined(f"{number.e164} is not quarantined.")
    forced = number.quarantined_until > work.now
    if forced and reason is None:
        raise ReasonRequired(
            f"{number.e164} is quarantined until {iso_utc(number.quarantined_until)}; an early "
            "restore must have a reason.",
            hint=f"Say why: petmsg number restore {number.e164} --reason 'carrier cleared it'",
        )
    if number.number_class is NumberClass.FRONT_DESK:
        _require_no_active_desk(work, number.e164)
    _end_quarantine(work, number, forced=forced, reason=reason)
    return Restored(number.e164, _ref_of(work, number), forced, reason)


def release_due(work: Work) -> list[Restored]:
    """Restore every number of the org whose quarantine is over. Repeating it changes nothing.

    A desk number becomes a pool number if another one is the active desk by now.
    """
    due = work.session.exec(
        select(MessageNumber)
        .where(
            MessageNumber.org_id == work.org.id,
            MessageNumber.status == NumberStatus.QUARANTINED,
            col(MessageNumber.quarantined_until) <= work.now,
        )
        .order_by(col(MessageNumber.id))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    released = []
    for number in due:
        if number.number_class is NumberClass.FRONT_DESK and active_desk(work) is not None:
            number.number_class = NumberClass.POOL
        _end_quarantine(work, number, forced=False, reason="quarantine over")
        released.append(Restored(number.e164, _ref_of(work, number), False, "quarantine over"))
    return released


def active_desk(work: Work) -> MessageNumber | None:
    """The org's active front desk number, locked until the commit."""
    return work.session.exec(
        select(MessageNumber)
        .where(
            MessageNumber.org_id == work.org.id,
            MessageNumber.number_class == NumberClass.FRONT_DESK,
            MessageNumber.status == NumberStatus.ACTIVE,
        )
        .with_for_update()
    ).first()


def _end_quarantine(
    work: Work, number: MessageNumber, *, forced: bool, reason: str | None, enter: bool = True
) -> None:
    original_until, original_reason = number.quarantined_until, number.quarantine_reason
    custody.to_active(number)
    if enter:
        custody.enter(work, number, reason=reason or "quarantine over")
    work.record(
        "number.restored",
        "number",
        number.e164,
        {
            "forced": forced,
            "original_until": original_until,
            "quarantine_reason": original_reason,
            "class": number.number_class.value,
            "sitter": _ref_of(work, number),
        },
        reason=reason,
    )


def _quarantine_end(
    work: Work, *, days: int | None, until: datetime | None
) -> tuple[datetime, int]:
    if until is None:
        count = work.org.quarantine_days if days is None else days
        if not 1 <= count <= 3650:
            raise OutOfRange(
                f"{count} days is out of range.",
                hint="From 1 to 3650; usual are 1, 3, 7, 14, 30 and 90.",
            )
        return work.now + timedelta(days=count), count
    if days is not None:
        raise OutOfRange("Give --days or --until, not both.")
    if not work.now < until <= work.now + timedelta(days=3650):
        raise OutOfRange(
            f"{iso_utc(until)} is not between now and 3650 days from now.",
            hint="Give an end in the future.",
        )
    return until, -(-(until - work.now) // timedelta(days=1))


def _affected(work: Work, number: MessageNumber, *, until: datetime) -> dict[str, Any]:
    """Who is touched: the holder, her threads and windows to come, and the routes meanwhile."""
    if number.sitter_id is None:
        threads = (
            threads_of_pool_number(work.cursor, number.id or 0)
            if number.number_class is NumberClass.POOL
            else 0
        )
        return {"sitter": None, "threads": threads, "future_windows": 0, "meanwhile": ()}
    windows = affected_windows(work.cursor, number.sitter_id, now=work.now, until=until)
    meanwhile: Counter[tuple[str | None, str | None]] = Counter()
    for window in windows[:MOST_WINDOWS_PLANNED]:
        at = max(work.now, window.starts_at)
        facts = read_facts(work.cursor, work.org, window.client, at=at, past=False)
        chosen = decide(facts, at).number
        key = (None, None) if chosen is None else (chosen.e164, chosen.number_class.value)
        meanwhile[key] += 1
    return {
        "sitter": _ref_of(work, number),
        "threads": len({window.thread_id for window in windows}),
        "future_windows": len(windows),
        "meanwhile": tuple((e164, kind, count) for (e164, kind), count in meanwhile.items()),
    }


def _replace_desk(work: Work, e164: str, *, reason: str) -> str:
    number = custody.locked_number(work, e164)
    if number.sitter_id is not None:
        raise NumberHeld(f"{number.e164} is held by sitter {_ref_of(work, number)}.")
    if number.status is not NumberStatus.ACTIVE:
        raise Refused(f"{number.e164} is {number.status} and cannot become the front desk.")
    before = number.number_class
    number.number_class = NumberClass.FRONT_DESK
    custody.enter(work, number, reason=reason)
    work.record(
        "number.class_set",
        "number",
        number.e164,
        {"before": before.value, "after": NumberClass.FRONT_DESK.value, "replaced": None},
        reason=reason,
    )
    return number.e164


def _make_room_at_the_desk(work: Work, number: MessageNumber, *, replace: bool) -> str | None:
    desk = active_desk(work)
    if desk is None:
        return None
    if not replace:
        raise FrontDeskTaken(
            f"{desk.e164} is the active front desk number, and an org has one.",
            hint=f"Replace it: petmsg number set-class {number.e164} front_desk --replace",
        )
    desk.number_class = NumberClass.POOL
    custody.enter(work, desk, reason=f"replaced as front desk by {number.e164}")
    work.record(
        "number.class_set",
        "number",
        desk.e164,
        {"before": NumberClass.FRONT_DESK.value, "after": NumberClass.POOL.value},
        reason=f"replaced as front desk by {number.e164}",
    )
    return desk.e164


def _require_no_active_desk(work: Work, e164: str) -> None:
    desk = active_desk(work)
    if desk is not None:
        raise FrontDeskTaken(
            f"{desk.e164} is the active front desk number, and an org has one.",
            hint=f"Make {e164} the desk: petmsg number set-class {e164} front_desk --replace",
        )


def _ref_of(work: Work, number: MessageNumber) -> str | None:
    if number.sitter_id is None:
        return None
    sitter = work.session.get(Sitter, number.sitter_id)
    return None if sitter is None else sitter.ref
