"""Masked numbers: adding, giving, classing, retiring. Quarantine has its own module."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlmodel import select

from petmsg.clock import format_local
from petmsg.enums import NumberClass, NumberStatus, SitterStatus
from petmsg.errors import AlreadyExists, NumberTaken, OutOfRange, Refused, quoted
from petmsg.models import MessageNumber, Sitter
from petmsg.phone import parse_phone
from petmsg.queries.lookup import find_sitter, refuse_somebodys_phone
from petmsg.rules.routing import usable
from petmsg.services.numbers import ledger
from petmsg.services.transfer.row_files import BatchRow, RowDone, needed, one_by_one
from petmsg.services.unit_of_work import Failure, UnitOfWork, each

COLUMNS = ("e164", "class")


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


class NotASitterNumber(Refused):
    code = "not_a_sitter_number"


@dataclass(frozen=True, slots=True)
class NumberAdded:
    """A number of the org after `add`; `reused` says that it was there already."""

    number: str
    number_class: NumberClass
    status: NumberStatus
    reused: bool


@dataclass(frozen=True, slots=True)
class Assigned:
    """A number and the sitter who holds it (None once it is held by nobody).

    `released` is the sitter who lost it just now; `replaced` the front desk number it follows.
    """

    number: str
    number_class: NumberClass
    status: NumberStatus
    sitter: str | None
    reused: bool
    replaced: str | None = None
    released: str | None = None


def add(uow: UnitOfWork, e164: str, *, number_class: NumberClass) -> NumberAdded:
    """Add a number to the org. The same again changes nothing; another class is refused."""
    phone = parse_phone(e164)
    there = uow.session.exec(select(MessageNumber).where(MessageNumber.e164 == phone)).first()
    if there is not None:
        if there.org_id != uow.org.id:
            raise NumberTaken(f"{phone} belongs to another org of this database.")
        if there.number_class is not number_class:
            raise AlreadyExists(
                f"{phone} is there already, with class {there.number_class}.",
                hint=f"Change it: petmsg number set-class {phone} {number_class}",
            )
        return NumberAdded(phone, there.number_class, there.status, reused=True)
    refuse_somebodys_phone(uow.cursor, uow.org.id, phone)
    if number_class is NumberClass.FRONT_DESK:
        require_no_active_desk(uow, phone)
    number = MessageNumber(
        org_id=uow.org.id, e164=phone, number_class=number_class, created_at=uow.now
    )
    uow.session.add(number)
    uow.session.flush()
    ledger.append(uow, number, reason="added")
    uow.audit("number.added", "number", phone, {"class": number_class.value})
    return NumberAdded(phone, number_class, number.status, reused=False)


def add_all(
    uow: UnitOfWork, numbers: Sequence[str], *, number_class: NumberClass
) -> list[NumberAdded | Failure]:
    """`add` for several numbers, each all or nothing."""
    return each(uow, numbers, lambda e164: add(uow, e164, number_class=number_class))


def import_rows(uow: UnitOfWork, rows: Sequence[BatchRow]) -> list[RowDone | Failure]:
    """Rows of `number import`, each all or nothing."""
    return one_by_one(uow, rows, import_row)


def import_row(uow: UnitOfWork, row: Mapping[str, str | None]) -> tuple[str, str]:
    """One row of `number import` (columns `e164,class`). Returns the number and what was done."""
    number_class = parse_class(needed(row, "class"))
    added = add(uow, needed(row, "e164"), number_class=number_class)
    return added.number, "unchanged" if added.reused else "created"


def parse_class(text: str) -> NumberClass:
    """The class of that name. Raises `OutOfRange`."""
    try:
        return NumberClass(text.strip())
    except ValueError:
        raise OutOfRange(
            f"{quoted(text)} is not a class of numbers.", hint="One of front_desk, sitter, pool."
        ) from None


def assign(uow: UnitOfWork, e164: str, sitter_text: str, *, reason: str | None = None) -> Assigned:
    """Give a free sitter-class number to a sitter who holds none."""
    key = find_sitter(uow.cursor, uow.org.id, sitter_text)
    sitter = uow.session.get(Sitter, key.id, with_for_update=True, populate_existing=True)
    assert sitter is not None
    number = ledger.locked_number(uow, e164)
    if number.sitter_id == key.id:
        return Assigned(number.e164, number.number_class, number.status, key.ref, reused=True)
    if sitter.status is SitterStatus.OFFBOARDED:
        raise Refused(
            f"Sitter {key.ref} is offboarded.", hint=f"First: petmsg sitter activate {key.ref}"
        )
    held = held_by(uow, key.id)
    if held is not None:
        raise SitterHasNumber(
            f"Sitter {key.ref} holds {held.e164}, and a sitter has one number.",
            hint=f"Exchange it: petmsg sitter renumber {key.ref} --to {number.e164} --reason …",
        )
    give(uow, number, sitter, reason=reason or "assigned")
    return Assigned(number.e164, number.number_class, number.status, key.ref, reused=False)


def give(uow: UnitOfWork, number: MessageNumber, sitter: Sitter, *, reason: str) -> None:
    """Make the sitter the holder of the locked number. Raises if it may not be hers."""
    if number.sitter_id is not None:
        raise NumberHeld(f"{number.e164} is held by sitter {ref_of(uow, number)}.")
    if number.first_sitter_id not in (None, sitter.id):
        raise NumberOfAnother(
            f"{number.e164} was another sitter's and never goes to a second one.",
            hint="Give her a fresh number: petmsg number add E164 --class sitter",
        )
    if number.number_class is not NumberClass.SITTER:
        raise NotASitterNumber(
            f"{number.e164} is a {number.number_class} number; only sitter numbers can be held.",
            hint=f"First: petmsg number set-class {number.e164} sitter",
        )
    require_usable(uow, number)
    end_due_quarantine(uow, number)
    number.sitter_id = sitter.id
    number.first_sitter_id = sitter.id
    ledger.append(uow, number, reason=reason)
    uow.audit("number.assigned", "number", number.e164, {"sitter": sitter.ref}, reason=reason)


def require_usable(uow: UnitOfWork, number: MessageNumber) -> None:
    """Raises `NumberQuarantined` while the locked number's quarantine lasts."""
    if not usable(number, uow.now):
        assert number.quarantined_until is not None
        raise ledger.NumberQuarantined(
            f"{number.e164} is quarantined until "
            f"{format_local(number.quarantined_until, uow.org.timezone)}.",
            hint=f"Take another, or first: petmsg number restore {number.e164} --reason …",
        )


def end_due_quarantine(uow: UnitOfWork, number: MessageNumber) -> None:
    """Take a number whose quarantine is over for what it is: in use. The caller enters it."""
    if number.status is NumberStatus.QUARANTINED:
        end_quarantine(uow, number, forced=False, reason="quarantine over")


def end_quarantine(
    uow: UnitOfWork, number: MessageNumber, *, forced: bool, reason: str | None
) -> None:
    """End the locked number's quarantine, with its audit event. The caller enters it."""
    payload = {
        "forced": forced,
        "original_until": number.quarantined_until,
        "quarantine_reason": number.quarantine_reason,
        "class": number.number_class.value,
        "sitter": ref_of(uow, number),
    }
    ledger.activate(number)
    uow.audit("number.restored", "number", number.e164, payload, reason=reason)


def held_by(uow: UnitOfWork, sitter_id: int) -> MessageNumber | None:
    """The number the sitter holds, in any status."""
    return uow.session.exec(
        select(MessageNumber).where(MessageNumber.sitter_id == sitter_id)
    ).first()


def set_class(
    uow: UnitOfWork,
    e164: str,
    *,
    number_class: NumberClass,
    replace: bool = False,
    reason: str | None = None,
) -> Assigned:
    """Give a number another class. `replace` makes the old front desk number a pool number.

    The front desk number itself is refused, and so is a quarantined one as the next desk while
    another is: the org would be without one, or have this one turned into a pool number later.
    """
    number = ledger.locked_number(uow, e164)
    if number.number_class is number_class:
        return Assigned(
            number.e164, number.number_class, number.status, ref_of(uow, number), reused=True
        )
    if number.sitter_id is not None:
        raise NumberHeld(
            f"{number.e164} is held by sitter {ref_of(uow, number)}.",
            hint="Give her another first: petmsg sitter renumber SITTER --reason …",
        )
    if is_the_desk(uow, number):
        raise desk_needs_replacement(number)
    replaced = None
    if number_class is NumberClass.FRONT_DESK:
        if active_desk(uow) is not None:
            require_usable(uow, number)
        if usable(number, uow.now):
            replaced = make_room_at_the_desk(uow, number, replace=replace)
            end_due_quarantine(uow, number)
    before = number.number_class
    number.number_class = number_class
    ledger.append(uow, number, reason=reason or f"class set to {number_class}")
    uow.audit(
        "number.class_set",
        "number",
        number.e164,
        {"before": before.value, "after": number_class.value, "replaced": replaced},
        reason=reason,
    )
    return Assigned(number.e164, number_class, number.status, None, reused=False, replaced=replaced)


def retire(uow: UnitOfWork, e164: str, *, reason: str | None = None) -> Assigned:
    """Retire a number for good. A holder loses it; the active front desk number is refused."""
    number = ledger.locked_number(uow, e164, even_retired=True)
    if number.status is NumberStatus.RETIRED:
        return Assigned(number.e164, number.number_class, number.status, None, reused=True)
    if is_the_desk(uow, number):
        raise desk_needs_replacement(number)
    holder = ref_of(uow, number)
    number.sitter_id = None
    ledger.activate(number)
    number.status = NumberStatus.RETIRED
    ledger.append(uow, number, reason=reason or "retired")
    uow.audit("number.retired", "number", number.e164, {"sitter": holder}, reason=reason)
    return Assigned(
        number.e164, number.number_class, number.status, None, reused=False, released=holder
    )


def is_the_desk(uow: UnitOfWork, number: MessageNumber) -> bool:
    """Whether the org's desk texts leave from the locked number: the active front desk number, or
    where there is none, one whose quarantine is over."""
    if number.number_class is not NumberClass.FRONT_DESK or not usable(number, uow.now):
        return False
    return number.status is NumberStatus.ACTIVE or active_desk(uow) is None


def desk_needs_replacement(number: MessageNumber) -> FrontDeskNeedsReplacement:
    """The refusal to leave an org without a front desk."""
    return FrontDeskNeedsReplacement(
        f"{number.e164} is the active front desk number.",
        hint="Make another the desk first: petmsg number set-class E164 front_desk --replace",
    )


def active_desk(uow: UnitOfWork) -> MessageNumber | None:
    """The org's active front desk number, locked until the commit."""
    return uow.session.exec(
        select(MessageNumber)
        .where(
            MessageNumber.org_id == uow.org.id,
            MessageNumber.number_class == NumberClass.FRONT_DESK,
            MessageNumber.status == NumberStatus.ACTIVE,
        )
        .with_for_update()
    ).first()


def make_room_at_the_desk(uow: UnitOfWork, number: MessageNumber, *, replace: bool) -> str | None:
    desk = active_desk(uow)
    if desk is None:
        return None
    if not replace:
        raise FrontDeskTaken(
            f"{desk.e164} is the active front desk number, and an org has one.",
            hint=f"Replace it: petmsg number set-class {number.e164} front_desk --replace",
        )
    desk.number_class = NumberClass.POOL
    ledger.append(uow, desk, reason=f"replaced as front desk by {number.e164}")
    uow.audit(
        "number.class_set",
        "number",
        desk.e164,
        {"before": NumberClass.FRONT_DESK.value, "after": NumberClass.POOL.value},
        reason=f"replaced as front desk by {number.e164}",
    )
    return desk.e164


def require_no_active_desk(uow: UnitOfWork, e164: str) -> None:
    desk = active_desk(uow)
    if desk is not None:
        raise FrontDeskTaken(
            f"{desk.e164} is the active front desk number, and an org has one.",
            hint=f"Make {e164} the desk: petmsg number set-class {e164} front_desk --replace",
        )


def ref_of(uow: UnitOfWork, number: MessageNumber) -> str | None:
    """The ref of the sitter who holds the number."""
    if number.sitter_id is None:
        return None
    sitter = uow.session.get(Sitter, number.sitter_id)
    return None if sitter is None else sitter.ref
