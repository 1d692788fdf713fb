"""Phones of the old system, which may be written in any way."""

from petmsg.errors import MalformedPhone
from petmsg.phone import Phone, is_e164, read_phone, split_phones
from petmsg.services.unit_of_work import UnitOfWork


def phone_of(uow: UnitOfWork, written: str | None, *, is_ours: bool = False) -> str:
    """Return a phone in E.164; one without a country code is of the org's country.

    Raises `MalformedPhone`, which repeats the phone only if it `is_ours`: it may still be
    somebody's.
    """
    return _read(uow, written or "", is_ours=is_ours).e164


def phones_of(uow: UnitOfWork, written: str | None) -> list[Phone]:
    """Return the phones in a cell, at least one, each in E.164 and with its extension.

    Raises `MalformedPhone`, which does not repeat them.
    """
    return [_read(uow, each) for each in split_phones(written or "") or [""]]


def known_phone(uow: UnitOfWork, written: str | None) -> str | None:
    """Return a phone in E.164; None if it cannot be read."""
    try:
        return phone_of(uow, written)
    except MalformedPhone:
        return None


def _read(uow: UnitOfWork, written: str, *, is_ours: bool = False) -> Phone:
    try:
        return read_phone(written, None if is_e164(written) else uow.org.phone_country)
    except MalformedPhone as problem:
        if not is_ours:
            problem.message = "Its phone cannot be read as a phone number."
        problem.hint = ""
        raise
