"""Sitters: add, activate and change them, and change their numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import select

from petmsg.enums.people import SitterStatus
from petmsg.errors import AlreadyExists, Refused
from petmsg.models import MessageNumber, Sitter, SitterActivity
from petmsg.queries.lookup import find_sitter, refuse_our_number
from petmsg.queries.number_ledger import free_number
from petmsg.queries.personal_phones import client_of
from petmsg.queries.sitter import last_offboarded_at
from petmsg.services.numbers import ledger
from petmsg.services.numbers.number import assign_to_sitter, number_held_by
from petmsg.services.people import optout
from petmsg.services.people.same_person import shared_phone
from petmsg.services.refs import lock_refs, next_ref
from petmsg.services.unit_of_work import Failure, UnitOfWork, each
from petmsg.text_inputs import parse_name, parse_ref

# The usable sitter number that nobody holds, unused for longest; never one that another sitter had.


class NoNumberFree(Refused):
    code = "no_number_free"


class SitterNotActive(Refused):
    code = "sitter_not_active"


@dataclass(frozen=True, slots=True)
class SitterAdded:
    """A sitter after `add` or `set`; `reused` is true if nothing changed."""

    sitter: str
    sitter_name: str
    status: SitterStatus
    number: str | None
    reused: bool


@dataclass(frozen=True, slots=True)
class Activated:
    """An active sitter and their dedicated number."""

    sitter: str
    sitter_name: str
    status: SitterStatus
    number: str | None
    reused: bool


@dataclass(frozen=True, slots=True)
class Renumbered:
    """A sitter with another number; the old one is a quarantined pool number."""

    sitter: str
    sitter_name: str
    number: str
    previous: str | None
    quarantined_until: datetime | None


def add(
    uow: UnitOfWork, name: str, *, phone: str, ref: str | None = None, do_activate: bool = False
) -> SitterAdded:
    """Add an inactive sitter. Repeating it changes nothing; different values are rejected."""
    clean_name, e164 = parse_name(name), uow.phone(phone)
    if ref is not None:
        ref = parse_ref(ref)
        existing = _by_ref(uow, ref)
    else:
        lock_refs(uow, "sitter")
        existing = uow.session.exec(
            select(Sitter).where(
                Sitter.org_id == uow.org.id, Sitter.phone == e164, Sitter.name == clean_name
            )
        ).first()
    if existing is not None:
        if (existing.name, existing.phone) != (clean_name, e164):
            raise AlreadyExists(
                f"Sitter {existing.ref} already exists with another name or phone.",
                hint=f"Change the sitter: petmsg sitter set {existing.ref} --name … --phone …",
            )
    else:
        existing = _insert(uow, ref or next_ref(uow, "sitter"), clean_name, e164)
        number = activate(uow, existing.ref).number if do_activate else None
        return _added(existing, number, reused=False)
    if do_activate:
        activated = activate(uow, existing.ref)
        return _added(existing, activated.number, reused=activated.reused)
    held = number_held_by(uow, existing.id or 0)
    return _added(existing, held.e164 if held else None, reused=True)


def change(
    uow: UnitOfWork, text: str, *, name: str | None = None, phone: str | None = None
) -> SitterAdded:
    """Change a sitter's name or personal phone. None keeps the value."""
    sitter = locked(uow, text)
    changed = []
    if name is not None and parse_name(name) != sitter.name:
        sitter.name = parse_name(name)
        changed.append("name")
    e164 = None if phone is None else uow.phone(phone)
    if e164 is not None and e164 != sitter.phone:
        refuse_our_number(uow.cursor, e164)
        before, sitter.phone = sitter.phone, e164
        uow.session.flush()
        optout.release_phone(uow, before, to=[sitter.phone])
        _warn_of_client(uow, sitter.phone)
        changed.append("phone")
    if changed:
        uow.audit("sitter.updated", "sitter", sitter.ref, {"changed": changed})
    held = number_held_by(uow, sitter.id or 0)
    return _added(sitter, held.e164 if held else None, reused=not changed)


def activate(uow: UnitOfWork, text: str, *, without_number: bool = False) -> Activated:
    """Activate a sitter and assign the dedicated number.

    Repeating it changes nothing. Raises `NoNumberFree` and changes nothing, unless `without_number`
    allows an active sitter without a number. An offboarded sitter gets a new number.
    """
    sitter = locked(uow, text)
    assert sitter.id is not None
    was_active = sitter.status is SitterStatus.ACTIVE
    if not was_active:
        before = sitter.status
        sitter.status = SitterStatus.ACTIVE
        uow.session.add(
            SitterActivity(
                org_id=uow.org.id, sitter_id=sitter.id, activated_at=_next_span(uow, sitter.id)
            )
        )
        uow.audit("sitter.activated", "sitter", sitter.ref, {"before": before.value})
    number = number_held_by(uow, sitter.id)
    if number is not None:
        return Activated(sitter.ref, sitter.name, sitter.status, number.e164, reused=was_active)
    number = _free_number(uow, sitter)
    if number is not None:
        assign_to_sitter(uow, number, sitter, reason="sitter activated")
    elif not without_number:
        raise no_number_free(sitter)
    elif was_active:
        return Activated(sitter.ref, sitter.name, sitter.status, None, reused=True)
    return Activated(
        sitter.ref,
        sitter.name,
        sitter.status,
        number.e164 if number is not None else None,
        reused=False,
    )


def activate_all(
    uow: UnitOfWork, sitters: Sequence[str], *, without_number: bool = False
) -> list[Activated | Failure]:
    """Activate several sitters, each in its own savepoint."""
    return each(uow, sitters, lambda text: activate(uow, text, without_number=without_number))


def renumber(
    uow: UnitOfWork, text: str, *, reason: str, to: str | None = None, days: int | None = None
) -> Renumbered:
    """Replace an active sitter's number; the old one becomes a quarantined pool number."""
    ledger.quarantine_end(uow, days)
    sitter = locked(uow, text)
    assert sitter.id is not None
    if sitter.status is not SitterStatus.ACTIVE:
        raise SitterNotActive(
            f"Sitter {sitter.ref} is {sitter.status}.",
            hint=f"Activate the sitter first: petmsg sitter activate {sitter.ref}",
        )
    old = number_held_by(uow, sitter.id)
    new = _free_number(uow, sitter) if to is None else ledger.locked_number(uow, to)
    if new is None:
        raise no_number_free(sitter)
    if old is not None and new.id == old.id:
        raise Refused(f"Sitter {sitter.ref} already has the number {new.e164}.")
    if old is not None:
        old = ledger.locked_by_id(uow, old.id or 0)
        ledger.retire_from_sitter(
            uow, old, sitter=sitter.ref, days=days, quarantine_reason=reason, reason=reason
        )
    assign_to_sitter(uow, new, sitter, reason=reason)
    uow.audit(
        "sitter.renumbered",
        "sitter",
        sitter.ref,
        {"before": old.e164 if old else None, "after": new.e164},
        reason=reason,
    )
    return Renumbered(
        sitter.ref,
        sitter.name,
        new.e164,
        old.e164 if old else None,
        old.quarantined_until if old else None,
    )


def locked(uow: UnitOfWork, text: str) -> Sitter:
    """Return the sitter that a person named, locked until the commit."""
    key = find_sitter(uow.cursor, uow.org.id, text)
    sitter = uow.session.get(Sitter, key.id, with_for_update=True, populate_existing=True)
    assert sitter is not None
    return sitter


def _added(sitter: Sitter, number: str | None, *, reused: bool) -> SitterAdded:
    return SitterAdded(sitter.ref, sitter.name, sitter.status, number, reused)


def _by_ref(uow: UnitOfWork, ref: str) -> Sitter | None:
    return uow.session.exec(
        select(Sitter).where(Sitter.org_id == uow.org.id, Sitter.ref == ref)
    ).first()


def _insert(uow: UnitOfWork, ref: str, name: str, phone: str) -> Sitter:
    refuse_our_number(uow.cursor, phone)
    sitter = Sitter(org_id=uow.org.id, ref=ref, name=name, phone=phone, created_at=uow.now)
    uow.session.add(sitter)
    uow.session.flush()
    _warn_of_client(uow, phone)
    uow.audit("sitter.added", "sitter", ref)
    return sitter


def _warn_of_client(uow: UnitOfWork, phone: str) -> None:
    client = client_of(uow.cursor, uow.org, phone)
    if client is not None:
        uow.warnings.append(shared_phone(phone, "client", client))


def _next_span(uow: UnitOfWork, sitter_id: int) -> datetime:
    """Return when the new span of activity begins: now, but never inside an earlier one."""
    ended = last_offboarded_at(uow.cursor, sitter_id)
    return uow.now if ended is None else max(uow.now, ended)


def no_number_free(sitter: Sitter) -> NoNumberFree:
    """Return the error that no number is free for a sitter."""
    return NoNumberFree(
        f"No sitter number is free for {sitter.ref}. Nothing was changed.",
        hint="Add a number: petmsg number add E164 --class sitter. Or use --without-number.",
    )


def _free_number(uow: UnitOfWork, sitter: Sitter) -> MessageNumber | None:
    found = free_number(uow.cursor, uow.org.id, sitter_id=sitter.id, now=uow.now)
    return None if found is None else ledger.locked_by_id(uow, found)
