"""Phones that cannot receive SMS, as reported by the provider: a landline, or an unassigned
number."""

import shlex
from dataclasses import dataclass

from sqlmodel import select

from petmsg.enums.alerts import AlertKind, AlertSeverity
from petmsg.errors import NotFound
from petmsg.models import ClientPhone
from petmsg.phone import mask_phone, parse_phone
from petmsg.queries.lookup import find_client
from petmsg.services.alert import raise_alert
from petmsg.services.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class SmsCapablePhone:
    """A phone of a client that may receive SMS; `code` is what the provider had reported."""

    client: str
    client_name: str | None
    phone: str
    code: str | None
    reused: bool


def mark_undeliverable(uow: UnitOfWork, *, client_ref: str, to_e164: str, code: str) -> None:
    """Record that the provider reported a phone as unable to receive SMS, and raise an alert.
    Nothing more is sent to it. A phone that no longer belongs to a client is ignored."""
    phone = _locked(uow, to_e164)
    if phone is None:
        return
    if phone.not_textable_at is None:
        phone.not_textable_at = uow.now
        phone.not_textable_code = code
        payload = {"code": code, "primary": phone.is_primary}
        uow.audit("client.phone_not_textable", "client", client_ref, payload)
        uow.session.flush()
    raise_alert(
        uow,
        AlertKind.PHONE_NOT_SMS_CAPABLE,
        severity=AlertSeverity.WARNING,
        entity="client",
        ref=client_ref,
        message=f"A phone of client {client_ref} cannot receive SMS (code {code}).",
        command=f"petmsg client show {shlex.quote(client_ref)}",
    )


def mark_sms_capable(uow: UnitOfWork, text: str, phone: str, *, reason: str) -> SmsCapablePhone:
    """Mark a phone as able to receive SMS again. Repeating it changes nothing.

    Raises `NotFound` for a phone that is not the client's.
    """
    client = find_client(uow.cursor, uow.org.id, text)
    e164 = parse_phone(phone, uow.org.phone_country)
    phone_row = _locked(uow, e164)
    if phone_row is None or phone_row.client_id != client.id:
        raise NotFound(
            "phone", mask_phone(e164), hint=f"petmsg client show {shlex.quote(client.ref)}"
        )
    code = phone_row.not_textable_code
    if phone_row.not_textable_at is None:
        return SmsCapablePhone(client.ref, client.name, e164, None, reused=True)
    phone_row.not_textable_at = phone_row.not_textable_code = None
    uow.audit("client.phone_textable", "client", client.ref, {"code": code}, reason=reason)
    return SmsCapablePhone(client.ref, client.name, e164, code, reused=False)


def _locked(uow: UnitOfWork, e164: str) -> ClientPhone | None:
    return uow.session.exec(
        select(ClientPhone)
        .where(ClientPhone.org_id == uow.org.id, ClientPhone.e164 == e164)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).first()
