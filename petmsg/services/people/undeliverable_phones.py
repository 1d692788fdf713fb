"""Phones that take no texts: a landline, a number nobody has. The provider said so."""

import shlex
from dataclasses import dataclass

from sqlmodel import select

from petmsg.enums import AlertKind, AlertSeverity
from petmsg.errors import NotFound
from petmsg.models import ClientPhone
from petmsg.phone import mask_phone, parse_phone
from petmsg.queries.lookup import find_client
from petmsg.services.alert import raise_alert
from petmsg.services.unit_of_work import Work


@dataclass(frozen=True, slots=True)
class Textable:
    """A phone of a client that may be texted; `code` is what the provider had said of it."""

    client: str
    phone: str
    code: str | None
    reused: bool


def mark_not_textable(work: Work, *, client_ref: str, to_e164: str, code: str) -> None:
    """The provider said that a phone takes no texts: none is sent to it any more, and a person is
    told. A phone that is no client's any more is left alone."""
    phone = _locked(work, to_e164)
    if phone is None:
        return
    if phone.not_textable_at is None:
        phone.not_textable_at = work.now
        phone.not_textable_code = code
        payload = {"code": code, "primary": phone.is_primary}
        work.record("client.phone_not_textable", "client", client_ref, payload)
        work.session.flush()
    raise_alert(
        work,
        AlertKind.PHONE_NOT_TEXTABLE,
        severity=AlertSeverity.WARNING,
        entity="client",
        ref=client_ref,
        message=f"A phone of client {client_ref} takes no texts (code {code}).",
        command=f"petmsg client show {shlex.quote(client_ref)}",
    )


def mark_textable(work: Work, text: str, phone: str, *, reason: str) -> Textable:
    """A person knows better: text the phone again. One that is textable already stays so.

    Raises `NotFound` for a phone that is not hers.
    """
    client = find_client(work.cursor, work.org.id, text)
    e164 = parse_phone(phone)
    hers = _locked(work, e164)
    if hers is None or hers.client_id != client.id:
        raise NotFound(
            "phone", mask_phone(e164), hint=f"petmsg client show {shlex.quote(client.ref)}"
        )
    code = hers.not_textable_code
    if hers.not_textable_at is None:
        return Textable(client.ref, e164, None, reused=True)
    hers.not_textable_at = hers.not_textable_code = None
    work.record("client.phone_textable", "client", client.ref, {"code": code}, reason=reason)
    return Textable(client.ref, e164, code, reused=False)


def _locked(work: Work, e164: str) -> ClientPhone | None:
    return work.session.exec(
        select(ClientPhone)
        .where(ClientPhone.org_id == work.org.id, ClientPhone.e164 == e164)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).first()
