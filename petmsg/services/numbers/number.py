"""Masked numbers: add, assign, set the class, retire. Quarantines are in `quarantine`."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import col, select

from petmsg.clock import format_local
from petmsg.enums.numbers import NumberClass, NumberStatus
from petmsg.enums.people import SitterStatus
from petmsg.errors import AlreadyExists, NumberTaken, Refused
from petmsg.models import MessageNumber, Sitter
from petmsg.queries.lookup import find_sitter, refuse_somebodys_phone
from petmsg.rules.routing import usable
from petmsg.services.numbers import ledger
from petmsg.services.unit_of_work import Failure, UnitOfWork, each


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
    """A number of the org after `add`; `reused` means that the org had it already."""

    number: str
    number_class: NumberClass
    status: NumberStatus
    reused: bool


@dataclass(frozen=True, slots=True)
class Assigned:
    """A number and the sitter who holds it; None if nobody holds it.

    `released` is the sitter who held it until now, `replaced` the previous front desk number.
    """

    number: str
    number_class: NumberClass
    status: NumberStatus
    sitter: str | None
    sitter_name: str | None
    reused: bool
    replaced: str | None = None
    released: str | None = None


def add(uow: UnitOfWork, e164: str, *, number_class: NumberClass) -> NumberAdded:
    """Add a number to the org. Adding it again changes nothing.

    Raises `MalformedPhone`; `NumberTaken` for a number of another org; `AlreadyExists` for another
    class; `FrontDeskTaken` for a second front desk; `SomebodysPhone` for a personal phone.
    """
    phone = uow.phone(e164)
    existing = uow.session.exec(select(MessageNumber).where(MessageNumber.e164 == phone)).first()
    if existing is not None:
        if existing.org_id != uow.org.id:
            raise NumberTaken(f"{phone} belongs to another org of this database.")
        if existing.number_class is not number_class:
            raise AlreadyExists(
                f"Number {phone} already exists with the class {existing.number_class}.",
                hint=f"Change it: petmsg number set-class {phone} {number_class}",
            )
        return NumberAdded(phone, existing.number_class, existing.status, reused=True)
    refuse_somebodys_phone(uow.cursor, uow.org.id, phone)
    if number_class is NumberClass.FRONT_DESK:
        require_no_active_front_desk(uow, phone, is_new=True)
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


def assign(uow: UnitOfWork, e164: str, sitter_text: str, *, reason: str | None = None) -> Assigned:
    """Assign a free number of the class sitter to a sitter who holds none.

    Raises `SitterHasNumber` if the sitter holds another one, `Refused` for an offboarded sitter,
    and what `assign_to_sitter` raises. Assigning the sitter's own number changes nothing.
    """
    key = find_sitter(uow.cursor, uow.org.id, sitter_text)
    sitter = uow.session.get(Sitter, key.id, with_for_update=True, populate_existing=True)
    assert sitter is not None
    number = ledger.locked_number(uow, e164)
    if number.sitter_id == key.id:
        return _assigned(uow, number, reused=True)
    if sitter.status is SitterStatus.OFFBOARDED:
        raise Refused(
            f"Sitter {key.ref} is offboarded.",
            hint=f"Activate them first: petmsg sitter activate {key.ref}",
        )
    held = number_held_by(uow, key.id)
    if held is not None:
        raise SitterHasNumber(
            f"Sitter {key.ref} holds {held.e164}; a sitter can hold one number only.",
            hint=f"Replace it: petmsg sitter renumber {key.ref} --to {number.e164} --reason …",
        )
    assign_to_sitter(uow, number, sitter, reason=reason or "assigned")
    return _assigned(uow, number, reused=False)


def assign_to_sitter(
    uow: UnitOfWork, number: MessageNumber, sitter: Sitter, *, reason: str
) -> None:
    """Make the sitter the holder of the locked number.

    Raises `NumberHeld`, `NumberOfAnother` for a number that another sitter once held,
    `NotASitterNumber` and `NumberQuarantined`.
    """
    if number.sitter_id is not None:
        raise NumberHeld(f"{number.e164} is held by sitter {holder_ref(uow, number)}.")
    if number.first_sitter_id not in (None, sitter.id):
        raise NumberOfAnother(
            f"{number.e164} belonged to another sitter and is never assigned to a second one.",
            hint="Add a new number: petmsg number add E164 --class sitter",
        )
    if number.number_class is not NumberClass.SITTER:
        raise NotASitterNumber(
            f"{number.e164} is a {number.number_class} number; only sitter numbers are assigned.",
            hint=f"Change its class first: petmsg number set-class {number.e164} sitter",
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
            hint=f"Use another, or restore it: petmsg number restore {number.e164} --reason …",
        )


def end_due_quarantine(uow: UnitOfWork, number: MessageNumber) -> None:
    """Activate a number whose quarantine is over. The caller appends it to the ledger."""
    if number.status is NumberStatus.QUARANTINED:
        end_quarantine(uow, number, forced=False, reason="quarantine over")


def end_quarantine(
    uow: UnitOfWork, number: MessageNumber, *, forced: bool, reason: str | None
) -> None:
    """End the locked number's quarantine and audit it. The caller appends it to the ledger."""
    payload = {
        "forced": forced,
        "original_until": number.quarantined_until,
        "quarantine_reason": number.quarantine_reason,
        "class": number.number_class.value,
        "sitter": holder_ref(uow, number),
    }
    ledger.activate(number)
    uow.audit("number.restored", "number", number.e164, payload, reason=reason)


def number_held_by(uow: UnitOfWork, sitter_id: int) -> MessageNumber | None:
    """The number that the sitter holds, in any status; None if they hold none."""
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
    """Change the class of a number; `replace` turns the old front desk number into a pool number.

    Raises `NumberHeld` for a number that a sitter holds, `FrontDeskNeedsReplacement` for the front
    desk number itself, `FrontDeskTaken` for a second front desk without `replace`, and
    `NumberQuarantined` for a quarantined number that would become the front desk.
    """
    number = ledger.locked_number(uow, e164)
    if number.number_class is number_class:
        return _assigned(uow, number, reused=True)
    if number.sitter_id is not None:
        raise NumberHeld(
            f"{number.e164} is held by sitter {holder_ref(uow, number)}.",
            hint="Assign another first: petmsg sitter renumber SITTER --reason …",
        )
    if is_front_desk(uow, number):
        raise front_desk_needs_replacement(number)
    replaced = None
    if number_class is NumberClass.FRONT_DESK:
        if active_front_desk(uow) is not None:
            require_usable(uow, number)
        if usable(number, uow.now):
            replaced = replace_front_desk(uow, number, replace=replace)
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
    return _assigned(uow, number, reused=False, replaced=replaced)


def retire(uow: UnitOfWork, e164: str, *, reason: str | None = None) -> Assigned:
    """Retire a number permanently; a sitter who holds it loses it.

    Raises `FrontDeskNeedsReplacement` for the active front desk number.
    """
    number = ledger.locked_number(uow, e164, even_retired=True)
    if number.status is NumberStatus.RETIRED:
        return _assigned(uow, number, reused=True)
    if is_front_desk(uow, number):
        raise front_desk_needs_replacement(number)
    return _retire(uow, number, reason)


def retire_all(uow: UnitOfWork, *, reason: str) -> int:
    """Retire every number of the org, also the front desk's, because the org is removed; return how
    many."""
    rows = uow.session.exec(
        select(MessageNumber)
        .where(
            MessageNumber.org_id == uow.org.id,
            col(MessageNumber.status) != NumberStatus.RETIRED,
        )
        .order_by(col(MessageNumber.id))
    ).all()
    for row in rows:
        _retire(uow, ledger.locked_number(uow, row.e164), reason)
    return len(rows)


def _retire(uow: UnitOfWork, number: MessageNumber, reason: str | None) -> Assigned:
    former = holder_ref(uow, number)
    number.sitter_id = None
    ledger.activate(number)
    number.status = NumberStatus.RETIRED
    ledger.append(uow, number, reason=reason or "retired")
    uow.audit("number.retired", "number", number.e164, {"sitter": former}, reason=reason)
    return _assigned(uow, number, reused=False, released=former)


def _assigned(
    uow: UnitOfWork,
    number: MessageNumber,
    *,
    reused: bool,
    replaced: str | None = None,
    released: str | None = None,
) -> Assigned:
    """The number as it is after a change."""
    sitter = holder(uow, number)
    return Assigned(
        number=number.e164,
        number_class=number.number_class,
        status=number.status,
        sitter=None if sitter is None else sitter.ref,
        sitter_name=None if sitter is None else sitter.name,
        reused=reused,
        replaced=replaced,
        released=released,
    )


def is_front_desk(uow: UnitOfWork, number: MessageNumber) -> bool:
    """Whether the locked number is the org's front desk: the active front desk number, or one whose
    quarantine is over if there is no active one."""
    if number.number_class is not NumberClass.FRONT_DESK or not usable(number, uow.now):
        return False
    return number.status is NumberStatus.ACTIVE or active_front_desk(uow) is None


def front_desk_needs_replacement(number: MessageNumber) -> FrontDeskNeedsReplacement:
    """The error for a change that would leave the org without a front desk."""
    return FrontDeskNeedsReplacement(
        f"{number.e164} is the active front desk number.",
        hint="Choose another first: petmsg number set-class E164 front_desk --replace",
    )


def active_front_desk(uow: UnitOfWork) -> MessageNumber | None:
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


def replace_front_desk(uow: UnitOfWork, number: MessageNumber, *, replace: bool) -> str | None:
    desk = active_front_desk(uow)
    if desk is None:
        return None
    if not replace:
        raise FrontDeskTaken(
            f"{desk.e164} is already the active front desk number; an org has only one.",
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


def require_no_active_front_desk(
    uow: UnitOfWork, e164: str, other: str | None = None, *, is_new: bool = False
) -> None:
    """Raise `FrontDeskTaken` if `e164` would be a second front desk number beside the stored one or
    beside `other`, which is about to be stored. `is_new`: `e164` is not stored yet."""
    desk = active_front_desk(uow)
    taken = other if desk is None else desk.e164
    if taken is not None:
        raise FrontDeskTaken(
            f"{taken} is already the active front desk number; an org has only one.",
            hint="Replace it: "
            + (f"petmsg number add {e164} --class pool && " if is_new else "")
            + f"petmsg number set-class {e164} front_desk --replace",
        )


def holder(uow: UnitOfWork, number: MessageNumber) -> Sitter | None:
    """The sitter who holds the number; None if nobody does."""
    return None if number.sitter_id is None else uow.session.get(Sitter, number.sitter_id)


def holder_ref(uow: UnitOfWork, number: MessageNumber) -> str | None:
    """The ref of the sitter who holds the number; None if nobody does."""
    sitter = holder(uow, number)
    return None if sitter is None else sitter.ref
