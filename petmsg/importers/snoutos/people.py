"""Import clients and their phones, and what the import of other rows needs of people."""

import shlex
from collections.abc import Mapping, Sequence
from sqlite3 import Row

from petmsg.errors import (
    MalformedPhone,
    MalformedText,
    PetmsgError,
    PhoneTaken,
    Refused,
)
from petmsg.importers.snoutos.phones import phones_of
from petmsg.importers.snoutos.report import Imported
from petmsg.models import Client, ClientPhone
from petmsg.phone import Phone, mask_phone
from petmsg.queries.client_rows import KnownClient
from petmsg.queries.imported import clients_by_ref, clients_of_phones, clients_with_primary
from petmsg.services.people import optout
from petmsg.services.people.client import ClientForgotten
from petmsg.services.unit_of_work import UnitOfWork
from petmsg.text_inputs import parse_name, parse_ref

WHY = "imported from Snoutos"


class NotImported(PetmsgError):
    """An old row was not imported, because it needs another row that was not imported."""

    code = "needs_another_row"


class DeletedThere(Refused):
    """Somebody was deleted in the old system."""

    code = "deleted_there"


class Forgotten(ClientForgotten):
    hint = ""


def import_clients(uow: UnitOfWork, rows: Sequence[Row]) -> Imported:
    """Import clients, without phones yet; a known ref is not changed.

    A client who was deleted there is not imported, and so nothing of theirs is.
    `contacts` of a row is how many phones the old system has.
    """
    result = Imported("Client", read=len(rows))
    known = clients_by_ref(uow.cursor, uow.org.id, [row["id"] for row in rows])
    new: dict[str, Client] = {}
    for row in rows:
        try:
            if _is_known(row, known.get(row["id"])):
                result.known += 1
                continue
            ref = parse_ref(row["id"])
        except PetmsgError as problem:
            result.refuse(row["id"], problem)
            continue
        if not row["contacts"]:
            result.note(
                ref, "client_without_phone", "The client has no phone and receives no messages."
            )
        new[ref] = Client(org_id=uow.org.id, ref=ref, name=name_of(row, result), created_at=uow.now)
    uow.session.add_all(list(new.values()))
    uow.session.flush()
    for client in new.values():
        payload = {"kind": client.kind.value, "phones": 0}
        uow.audit("client.added", "client", client.ref, payload, reason=WHY)
    result.new = len(new)
    return result


def _is_known(row: Row, existing: KnownClient | None) -> bool:
    """Whether the client is here. Raises `Forgotten`, and `DeletedThere` for one to leave out."""
    if existing is not None and existing.forgotten_at is not None:
        raise forgotten(row["id"])
    if row["deletedAt"] is None:
        return existing is not None
    if existing is None:
        raise DeletedThere("The client was deleted there.")
    raise DeletedThere(
        "The client was deleted there since, and is still here.",
        hint=f"Erase them: petmsg client forget {shlex.quote(row['id'])}",
    )


def import_contacts(uow: UnitOfWork, rows: Sequence[Row]) -> Imported:
    """Import phones of clients; a client's first phone becomes the primary one.

    A phone belongs to one client of an org: the first client keeps it.
    """
    result = Imported("ClientContact", read=len(rows))
    clients = clients_by_ref(uow.cursor, uow.org.id, [row["clientId"] for row in rows])
    read = [(row, _phones_or_problem(uow, row["e164"])) for row in rows]
    owners = clients_of_phones(
        uow.cursor,
        uow.org.id,
        [each.e164 for _, phones in read for each in _sound(phones)],
    )
    textable = clients_with_primary(
        uow.cursor, uow.org.id, [client.id for client in clients.values()]
    )
    new: list[ClientPhone] = []
    for row, phones in read:
        try:
            client = client_of(row, clients)
            if isinstance(phones, PetmsgError):
                raise phones
            wanted = _not_taken(client.ref, [each.e164 for each in phones], owners)
        except PetmsgError as problem:
            result.refuse(row["id"], problem)
            continue
        for phone in wanted:
            is_primary = client.id not in textable
            new.append(_phone(uow, client.id, phone, is_primary=is_primary))
            textable.add(client.id)
            owners[phone] = client.ref
            uow.audit("client.phone_added", "client", client.ref, reason=WHY)
        result.known += not wanted
        result.new += bool(wanted)
        if wanted and any(each.extension for each in phones):
            what = "Its phone has an extension, which was left out."
            result.note(row["id"], "extension_dropped", what)
    uow.session.add_all(new)
    uow.session.flush()
    for added in new:
        optout.show_phone_in_opt_outs(uow, added.e164)
    return result


def client_of(row: Row, clients: Mapping[str, KnownClient]) -> KnownClient:
    """Return the client `clientId` of a row. Raises `NotImported`, `Forgotten`."""
    client = clients.get(row["clientId"])
    if client is None:
        raise NotImported(f"Its client {row['clientId']} was not imported.")
    if client.forgotten_at is not None:
        raise forgotten(client.ref)
    return client


def client_of_thread(row: Row, clients: Mapping[str, KnownClient]) -> KnownClient:
    """Return the client of the row's thread, whose org is `threadOrg`.

    Raises `NotImported`, `Forgotten`.
    """
    if row["clientId"] is None:
        raise NotImported(f"Thread {row['threadId']} does not exist, or has no client.")
    if row["threadOrg"] != row["orgId"]:
        raise NotImported(f"Its thread {row['threadId']} belongs to another organisation.")
    return client_of(row, clients)


def _not_taken(client: str, phones: Sequence[str], owners: Mapping[str, str]) -> list[str]:
    """Return those of the phones that the client does not have yet.

    Raises `PhoneTaken` if one is another client's.
    """
    for phone in phones:
        owner = owners.get(phone)
        if owner not in (None, client):
            raise PhoneTaken(f"{mask_phone(phone)} is a phone of client {owner}.", hint="")
    return [phone for phone in dict.fromkeys(phones) if phone not in owners]


def _phone(uow: UnitOfWork, client_id: int, e164: str, *, is_primary: bool) -> ClientPhone:
    return ClientPhone(
        org_id=uow.org.id,
        client_id=client_id,
        e164=e164,
        is_primary=is_primary,
        created_at=uow.now,
    )


def _phones_or_problem(uow: UnitOfWork, written: str | None) -> list[Phone] | PetmsgError:
    try:
        return phones_of(uow, written)
    except MalformedPhone as problem:
        return problem


def _sound(phones: list[Phone] | PetmsgError) -> list[Phone]:
    return [] if isinstance(phones, PetmsgError) else phones


def name_of(row: Row, result: Imported) -> str:
    """Return the name; the ID if the name is invalid."""
    try:
        return parse_name(row["name"] or "")
    except MalformedText:
        result.note(row["id"], "malformed_text", "Its name is invalid, so its ID is used.")
        return str(row["id"])


def forgotten(ref: str) -> Forgotten:
    """Return the error that an erased client is not imported again."""
    return Forgotten(f"Client {ref} was erased here and is not imported again.")
