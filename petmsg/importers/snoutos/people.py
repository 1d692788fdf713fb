"""Import sitters, clients and their phones."""

from collections.abc import Mapping, Sequence
from sqlite3 import Row
from typing import Any

from petmsg.enums.people import SitterStatus
from petmsg.errors import MalformedPhone, MalformedRef, MalformedText, PetmsgError, PhoneTaken
from petmsg.importers.snoutos.report import Imported
from petmsg.models import Client, ClientPhone, Sitter, SitterActivity
from petmsg.phone import mask_phone, parse_phone
from petmsg.services.people import optout
from petmsg.services.people.client import ClientForgotten
from petmsg.services.unit_of_work import UnitOfWork
from petmsg.text_inputs import parse_name, parse_ref

WHY = "imported from Snoutos"

_YES = frozenset(("true", "t", "1", "yes", "y", "on"))
_NO = frozenset(("false", "f", "0", "no", "n", "off"))


class NotImported(PetmsgError):
    """An old row was not imported, because it needs another row that was not imported."""

    code = "needs_another_row"


class Forgotten(ClientForgotten):
    hint = ""


# ----------------------------------------------------------------------------------------- sitters


def import_sitters(uow: UnitOfWork, rows: Sequence[Row]) -> Imported:
    """Import sitters with their status; a known ref is not changed.

    The old table may have no phones of sitters: such a sitter's phone stays empty until somebody
    adds it.
    """
    result = Imported("Sitter", read=len(rows))
    known = ids_by_ref(uow, "sitter", [row["id"] for row in rows])
    new: dict[str, tuple[Sitter, bool]] = {}
    for row in rows:
        if row["id"] in known:
            result.known += 1
            continue
        try:
            ref = parse_ref(row["id"])
        except MalformedRef as problem:
            result.refuse(row["id"], problem)
            continue
        is_active = _is_active(row, result)
        phone = _sitters_phone(row, result)
        result.phoneless += not phone
        new[ref] = (
            Sitter(
                org_id=uow.org.id,
                ref=ref,
                name=_name(row, result),
                phone=phone,
                status=SitterStatus.ACTIVE if is_active else SitterStatus.INACTIVE,
                created_at=uow.now,
            ),
            is_active,
        )
    uow.session.add_all([sitter for sitter, _ in new.values()])
    uow.session.flush()
    for sitter, is_active in new.values():
        uow.audit("sitter.added", "sitter", sitter.ref, reason=WHY)
        if is_active:
            uow.session.add(
                SitterActivity(org_id=uow.org.id, sitter_id=sitter.id or 0, activated_at=uow.now)
            )
            uow.audit("sitter.activated", "sitter", sitter.ref, {"before": None}, reason=WHY)
    result.new = len(new)
    return result


def _is_active(row: Row, result: Imported) -> bool:
    written = (row["active"] or "").lower()
    if written not in _YES | _NO:
        result.note(
            row["id"],
            "not_active",
            "The column active is neither yes nor no, so the sitter is inactive.",
        )
    return written in _YES


def _sitters_phone(row: Row, result: Imported) -> str:
    written = row["phone"] or row["e164"]
    if not written:
        return ""
    try:
        return parse_phone(written)
    except MalformedPhone:
        result.note(
            row["id"], "malformed_phone", "The sitter's phone is not E.164, so it was left out."
        )
        return ""


# ----------------------------------------------------------------------------------------- clients


def import_clients(uow: UnitOfWork, rows: Sequence[Row]) -> Imported:
    """Import clients, without phones yet; a known ref is not changed.

    `contacts` of a row is how many phones the old system has.
    """
    result = Imported("Client", read=len(rows))
    known = clients_by_ref(uow, [row["id"] for row in rows])
    new: dict[str, Client] = {}
    for row in rows:
        existing = known.get(row["id"])
        if existing is not None:
            if existing["forgotten_at"] is not None:
                result.refuse(row["id"], forgotten(row["id"]))
            else:
                result.known += 1
            continue
        try:
            ref = parse_ref(row["id"])
        except MalformedRef as problem:
            result.refuse(row["id"], problem)
            continue
        if not row["contacts"]:
            result.note(
                ref, "client_without_phone", "The client has no phone and receives no messages."
            )
        new[ref] = Client(org_id=uow.org.id, ref=ref, name=_name(row, result), created_at=uow.now)
    uow.session.add_all(list(new.values()))
    uow.session.flush()
    for client in new.values():
        payload = {"kind": client.kind.value, "phones": 0}
        uow.audit("client.added", "client", client.ref, payload, reason=WHY)
    result.new = len(new)
    return result


def import_contacts(uow: UnitOfWork, rows: Sequence[Row]) -> Imported:
    """Import phones of clients; a client's first phone becomes the primary one.

    A phone belongs to one client of an org: the first client keeps it.
    """
    result = Imported("ClientContact", read=len(rows))
    clients = clients_by_ref(uow, [row["clientId"] for row in rows])
    phones = [_phone_or_problem(row["e164"]) for row in rows]
    owners = _owners(uow, [phone for phone in phones if isinstance(phone, str)])
    textable = _with_primary(uow, [client["id"] for client in clients.values()])
    new: list[ClientPhone] = []
    for row, phone in zip(rows, phones, strict=True):
        client = clients.get(row["clientId"])
        try:
            if isinstance(phone, PetmsgError):
                raise phone
            if client is None:
                raise NotImported(f"Its client {row['clientId']} was not imported.")
            if client["forgotten_at"] is not None:
                raise forgotten(client["ref"])
            owner = owners.get(phone)
            if owner == client["ref"]:
                result.known += 1
                continue
            if owner is not None:
                raise PhoneTaken(f"{mask_phone(phone)} is a phone of client {owner}.", hint="")
        except PetmsgError as problem:
            result.refuse(row["id"], problem)
            continue
        new.append(
            ClientPhone(
                org_id=uow.org.id,
                client_id=client["id"],
                e164=phone,
                is_primary=client["id"] not in textable,
                created_at=uow.now,
            )
        )
        textable.add(client["id"])
        owners[phone] = client["ref"]
        uow.audit("client.phone_added", "client", client["ref"], reason=WHY)
    uow.session.add_all(new)
    uow.session.flush()
    for added in new:
        optout.show_phone_in_opt_outs(uow, added.e164)
    result.new = len(new)
    return result


def _phone_or_problem(written: str | None) -> str | PetmsgError:
    try:
        return parse_phone(written or "")
    except MalformedPhone as problem:
        # Without the value, which may still be somebody's phone.
        problem.message = "Its phone is not E.164: a plus, the country code and the number."
        problem.hint = ""
        return problem


def _owners(uow: UnitOfWork, phones: Sequence[str]) -> dict[str, str]:
    """Return the refs of the clients that already have these phones, by phone."""
    return {
        row["e164"]: row["ref"]
        for row in uow.cursor.in_list(
            "SELECT p.e164, c.ref FROM client_phone p JOIN client c ON c.id = p.client_id"
            " WHERE p.org_id = :org_id AND p.e164 IN (:phones)",
            "phones",
            list(dict.fromkeys(phones)),
            org_id=uow.org.id,
        )
    }


def _with_primary(uow: UnitOfWork, clients: Sequence[int]) -> set[int]:
    """Return those of the clients who have a primary phone."""
    return {
        row["client_id"]
        for row in uow.cursor.in_list(
            "SELECT client_id FROM client_phone WHERE org_id = :org_id AND is_primary"
            " AND client_id IN (:clients)",
            "clients",
            list(clients),
            org_id=uow.org.id,
        )
    }


# ------------------------------------------------------------------------------------------- both


def _name(row: Row, result: Imported) -> str:
    """Return the name; the ID if the name is invalid."""
    try:
        return parse_name(row["name"] or "")
    except MalformedText:
        result.note(row["id"], "malformed_text", "Its name is invalid, so its ID is used.")
        return str(row["id"])


def forgotten(ref: str) -> Forgotten:
    """Return the error that an erased client is not imported again."""
    return Forgotten(f"Client {ref} was erased here and is not imported again.")


def clients_by_ref(uow: UnitOfWork, refs: Sequence[str]) -> Mapping[str, dict[str, Any]]:
    """Return the clients with those refs: `id`, `ref`, `name`, `kind`, `forgotten_at`."""
    return {
        row["ref"]: row
        for row in uow.cursor.in_list(
            "SELECT id, ref, name, kind, forgotten_at FROM client"
            " WHERE org_id = :org_id AND ref IN (:refs)",
            "refs",
            [ref for ref in dict.fromkeys(refs) if ref],
            org_id=uow.org.id,
        )
    }


def ids_by_ref(uow: UnitOfWork, noun: str, refs: Sequence[str | None]) -> dict[str, int]:
    """Return the IDs of the sitters or bookings with those refs."""
    return {
        row["ref"]: row["id"]
        for row in uow.cursor.in_list(
            f"SELECT id, ref FROM {noun} WHERE org_id = :org_id AND ref IN (:refs)",
            "refs",
            [ref for ref in dict.fromkeys(refs) if ref],
            org_id=uow.org.id,
        )
    }
