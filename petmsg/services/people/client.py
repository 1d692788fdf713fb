"""Clients: add and change them and their phones."""

from dataclasses import dataclass

from sqlmodel import col, select

from petmsg.clock import zone
from petmsg.enums.people import ClientKind
from petmsg.errors import AlreadyExists, NotFound, OutOfRange, PhoneTaken, Refused
from petmsg.models import Client, ClientPhone
from petmsg.phone import mask_phone, phone_to_look_up
from petmsg.plurals import named
from petmsg.queries.client_phones import readdress_waiting
from petmsg.queries.lookup import find_client, refuse_our_number
from petmsg.queries.personal_phones import sitter_of
from petmsg.services.people import optout
from petmsg.services.people.same_person import shared_phone
from petmsg.services.refs import lock_refs, next_ref
from petmsg.services.unit_of_work import UnitOfWork
from petmsg.text_inputs import parse_name, parse_ref


class ClientForgotten(Refused):
    code = "client_forgotten"


@dataclass(frozen=True, slots=True)
class ClientChanged:
    """A client after a change; `reused` is true if nothing changed.

    `opted_out` is true if a removed phone was opted out, so that the client's other phones are too.
    """

    client: str
    client_name: str | None
    kind: ClientKind
    phones: int
    reused: bool
    opted_out: bool = False


def add(
    uow: UnitOfWork,
    name: str,
    *,
    phones: list[str],
    ref: str | None = None,
    kind: ClientKind | None = None,
    timezone: str | None = None,
) -> ClientChanged:
    """Add a client; the first phone is the primary one.

    `kind` defaults to `one_time`, `timezone` (an IANA name) to the org's. Repeating it changes
    nothing. Different values, or a phone of another client, are rejected; omitted values do not
    differ.
    """
    clean_name = parse_name(name)
    numbers = list(dict.fromkeys(uow.phone(phone) for phone in phones))
    if not numbers:
        raise OutOfRange("A client needs a phone.", hint="Add it: --phone +14155550123")
    place = _timezone(timezone)
    if ref is None:
        lock_refs(uow, "client")
    existing = _by_ref(uow, parse_ref(ref)) if ref is not None else _by_phone(uow, numbers[0])
    if existing is not None:
        _require_not_erased(existing)
        known = phones_of(uow, existing)
        same = (
            existing.name == clean_name
            and kind in (None, existing.kind)
            and (timezone is None or place == existing.timezone)
            and set(numbers) <= {phone.e164 for phone in known}
            and numbers[0] in {phone.e164 for phone in known if phone.is_primary}
        )
        if not same:
            by_phone = f", who has the phone {mask_phone(numbers[0])}," if ref is None else ""
            raise AlreadyExists(
                f"Client {named(existing.ref, existing.name)}{by_phone} already exists with other "
                "values.",
                hint=f"Change the client: petmsg client set {existing.ref} …, petmsg client phone "
                "add …",
            )
        return _changed(existing, len(known), reused=True)
    kind = kind or ClientKind.ONE_TIME
    client = Client(
        org_id=uow.org.id,
        ref=parse_ref(ref) if ref is not None else next_ref(uow, "client"),
        name=clean_name,
        kind=kind,
        created_at=uow.now,
        timezone=place,
    )
    uow.session.add(client)
    uow.session.flush()
    for index, number in enumerate(numbers):
        _add_phone(uow, client, number, primary=index == 0)
    uow.audit("client.added", "client", client.ref, {"kind": kind.value, "phones": len(numbers)})
    return _changed(client, len(numbers), reused=False)


def change(
    uow: UnitOfWork,
    text: str,
    *,
    name: str | None = None,
    kind: ClientKind | None = None,
    timezone: str | None = None,
) -> ClientChanged:
    """Change a client's name, kind or timezone (empty: the org's). None keeps the value."""
    client = locked_client(uow, text)
    changed: dict[str, object] = {}
    if name is not None and parse_name(name) != client.name:
        client.name = parse_name(name)
        changed["name"] = True
    if kind is not None and kind is not client.kind:
        changed["kind"] = {"before": client.kind.value, "after": kind.value}
        client.kind = kind
    if timezone is not None and _timezone(timezone) != client.timezone:
        changed["timezone"] = {"before": client.timezone, "after": _timezone(timezone)}
        client.timezone = _timezone(timezone)
    if changed:
        uow.audit("client.updated", "client", client.ref, changed)
    return _changed(client, len(phones_of(uow, client)), reused=not changed)


def phone_add(uow: UnitOfWork, text: str, phone: str, *, primary: bool = False) -> ClientChanged:
    """Add a phone to a client; a phone the client already has changes nothing."""
    client = locked_client(uow, text)
    number = uow.phone(phone)
    known = phones_of(uow, client)
    if number in {each.e164 for each in known}:
        if primary:
            return phone_primary(uow, client.ref, number)
        return _changed(client, len(known), reused=True)
    _add_phone(uow, client, number, primary=not known)
    uow.audit("client.phone_added", "client", client.ref)
    if primary and known:
        phone_primary(uow, client.ref, number)
    return _changed(client, len(known) + 1, reused=False)


def phone_remove(uow: UnitOfWork, text: str, phone: str) -> ClientChanged:
    """Remove a phone of a client; waiting messages go to the primary phone.

    An opt-out of that phone then applies to the client's remaining phones. The primary phone cannot
    be removed while there are others, and the last phone never, because a client needs a phone.
    """
    client = locked_client(uow, text)
    number = phone_to_look_up(phone, uow.org.phone_country)
    known = phones_of(uow, client)
    gone = next((each for each in known if each.e164 == number), None)
    if gone is None:
        raise NotFound("phone", mask_phone(number), hint=f"petmsg client show {client.ref}")
    if len(known) == 1:
        raise Refused(
            f"It is the only phone of client {client.ref}.",
            hint=f"Add another first: petmsg client phone add {client.ref} E164",
        )
    if gone.is_primary:
        raise Refused(
            f"It is the primary phone of client {client.ref}.",
            hint=f"Choose another first: petmsg client phone primary {client.ref} E164",
        )
    uow.session.delete(gone)
    uow.session.flush()
    is_opted_out = optout.release_phone(
        uow, number, to=[each.e164 for each in known if each is not gone]
    )
    moved = _readdress_waiting(uow, client)
    payload = {"texts_readdressed": moved, "opted_out": is_opted_out}
    uow.audit("client.phone_removed", "client", client.ref, payload)
    return _changed(client, len(known) - 1, reused=False, opted_out=is_opted_out)


def phone_primary(
    uow: UnitOfWork, text: str, phone: str, *, add_missing: bool = False
) -> ClientChanged:
    """Make a phone the client's primary one, for waiting messages too."""
    client = locked_client(uow, text)
    number = uow.phone(phone)
    known = phones_of(uow, client)
    wanted = next((each for each in known if each.e164 == number), None)
    if wanted is None:
        if not add_missing:
            raise NotFound(
                "phone",
                mask_phone(number),
                hint=f"Add it: petmsg client phone add {client.ref} E164",
            )
        wanted = _add_phone(uow, client, number, primary=False)
        known = [*known, wanted]
    if wanted.is_primary:
        return _changed(client, len(known), reused=True)
    for each in known:
        each.is_primary = False
    uow.session.flush()
    wanted.is_primary = True
    uow.session.flush()
    moved = _readdress_waiting(uow, client)
    uow.audit("client.phone_made_primary", "client", client.ref, {"texts_readdressed": moved})
    return _changed(client, len(known), reused=False)


def locked_client(uow: UnitOfWork, text: str, *, even_erased: bool = False) -> Client:
    """Return the client, locked until the commit. Raises `NotFound`, `ClientForgotten`."""
    key = find_client(uow.cursor, uow.org.id, text)
    client = uow.session.get(Client, key.id, with_for_update=True, populate_existing=True)
    assert client is not None
    if not even_erased:
        _require_not_erased(client)
    return client


def _changed(
    client: Client, phones: int, *, reused: bool, opted_out: bool = False
) -> ClientChanged:
    return ClientChanged(client.ref, client.name, client.kind, phones, reused, opted_out)


def _require_not_erased(client: Client) -> None:
    if client.forgotten_at is not None:
        raise client_was_erased(client.ref)


def client_was_erased(ref: str) -> ClientForgotten:
    """The error for a change of a client who was erased."""
    return ClientForgotten(
        f"Client {ref} was erased.", hint="Add the person again with another ref."
    )


def _timezone(text: str | None) -> str | None:
    """Return a timezone as it is stored: None, like an empty text, means the org's."""
    return zone(text).key if text else None


def _by_ref(uow: UnitOfWork, ref: str) -> Client | None:
    return uow.session.exec(
        select(Client).where(Client.org_id == uow.org.id, Client.ref == ref)
    ).first()


def _by_phone(uow: UnitOfWork, e164: str) -> Client | None:
    return uow.session.exec(
        select(Client)
        .join(ClientPhone, col(ClientPhone.client_id) == Client.id)
        .where(ClientPhone.org_id == uow.org.id, ClientPhone.e164 == e164)
    ).first()


def phones_of(uow: UnitOfWork, client: Client) -> list[ClientPhone]:
    """Return the client's phones, oldest first."""
    return list(
        uow.session.exec(
            select(ClientPhone)
            .where(ClientPhone.org_id == uow.org.id, ClientPhone.client_id == client.id)
            .order_by(col(ClientPhone.id))
        )
    )


def _readdress_waiting(uow: UnitOfWork, client: Client) -> int:
    """Send the client's waiting messages to the primary phone; return how many changed."""
    primary = next(phone.e164 for phone in phones_of(uow, client) if phone.is_primary)
    return readdress_waiting(uow.cursor, uow.org.id, primary=primary, client_id=client.id)


def _add_phone(uow: UnitOfWork, client: Client, e164: str, *, primary: bool) -> ClientPhone:
    refuse_our_number(uow.cursor, e164)
    owner = _by_phone(uow, e164)
    if owner is not None:
        raise PhoneTaken(
            f"{mask_phone(e164)} is a phone of client {owner.ref}.",
            hint="A phone can belong to only one client of an org, so that each inbound message "
            "has one sender.",
        )
    phone = ClientPhone(
        org_id=uow.org.id,
        client_id=client.id or 0,
        e164=e164,
        is_primary=primary,
        created_at=uow.now,
    )
    uow.session.add(phone)
    uow.session.flush()
    sitter = sitter_of(uow.cursor, uow.org, e164)
    if sitter is not None:
        uow.warnings.append(shared_phone(e164, "sitter", sitter))
    optout.show_phone_in_opt_outs(uow, e164)
    return phone
