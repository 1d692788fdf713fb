"""One chunk of a file of clients: read together, checked one by one, written together."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from petmsg.enums.people import ClientKind
from petmsg.errors import AlreadyExists, PhoneTaken, quoted
from petmsg.phone import mask_phone, phone_key
from petmsg.queries import client_rows as queries
from petmsg.queries.client_phones import readdress_waiting
from petmsg.queries.lookup import OurNumber
from petmsg.queries.opt_out_records import show_phone
from petmsg.services.people.client import client_was_erased
from petmsg.services.people.person_rows import PersonRow, read_person
from petmsg.services.people.same_person import can_be_same, name_words
from petmsg.services.refs import GeneratedRefs
from petmsg.services.transfer.row_files import BatchRow, RowDone
from petmsg.services.unit_of_work import Failure, UnitOfWork

_MADE_REF = re.compile(r"C-\d+")


@dataclass(slots=True, eq=False)
class ClientState:
    """A client as the rows of the chunk leave them; `id` is None until they are stored."""

    id: int | None
    ref: str
    name: str | None
    kind: ClientKind
    phones: dict[str, bool]
    is_erased: bool = False


class ClientRows:
    """One chunk of rows of `client import`."""

    def __init__(self, uow: UnitOfWork, *, parse_kind: Callable[[str], ClientKind]) -> None:
        self.uow = uow
        self.cursor = uow.cursor
        self.parse_kind = parse_kind
        self.by_ref: dict[str, ClientState] = {}
        self.owners: dict[str, ClientState] = {}
        self.ours: set[str] = set()
        self.namesakes: dict[str, str] = {}
        self.new: list[ClientState] = []
        self.updated: dict[str, ClientState] = {}
        self.new_phones: list[tuple[ClientState, str]] = []
        self.new_primaries: dict[str, ClientState] = {}

    def apply(self, rows: Sequence[BatchRow]) -> list[RowDone | Failure]:
        """Import the rows; one result for each, in their order."""
        country = self.uow.org.phone_country
        read = [read_person(row, country=country) for row in rows]
        self._look_up(read)
        results = [self._apply_row(each) for each in read]
        self._write()
        return results

    # ------------------------------------------------------------------------------------ read

    def _look_up(self, read: Sequence[PersonRow]) -> None:
        org_id = self.uow.org.id
        refs = list(dict.fromkeys(each.ref for each in read if each.ref is not None))
        phones = list(dict.fromkeys(phone for each in read for phone in each.phones))
        self.refs = GeneratedRefs(self.uow, "client", besides=frozenset(refs))
        ids = queries.ids_of_refs(self.cursor, org_id, refs)
        states: dict[int, ClientState] = {}
        owners = queries.owners_of_phones(self.cursor, org_id, phones)
        while missing := (ids | set(owners.values())) - states.keys():
            states |= self._locked(missing)
            if self.cursor.has_other_writers:  # a phone may have changed hands before the lock
                owners = queries.owners_of_phones(self.cursor, org_id, phones)
        self.by_ref = {each.ref: each for each in states.values()}
        self.owners = {phone: states[client_id] for phone, client_id in owners.items()}
        for state in states.values():
            self.owners |= dict.fromkeys(state.phones, state)
        self.ours = queries.our_numbers_among(self.cursor, phones)
        names = {each.name for each in read if each.name}
        self.namesakes = queries.namesakes(self.cursor, org_id, sorted(names))

    def _locked(self, ids: set[int]) -> dict[int, ClientState]:
        rows = queries.locked_clients(self.cursor, self.uow.org.id, sorted(ids))
        phones = queries.phones_of_clients(self.cursor, self.uow.org.id, sorted(ids))
        return {
            row.id: ClientState(
                row.id,
                row.ref,
                row.name,
                ClientKind(row.kind),
                phones[row.id],
                row.forgotten_at is not None,
            )
            for row in rows
        }

    # ----------------------------------------------------------------------------------- check

    def _apply_row(self, read: PersonRow) -> RowDone | Failure:
        if read.row.problem is not None:
            return read.refused()
        known = self._known(read)
        kind = self._kind(read)
        if known is None:
            read.require_values()
        elif known.is_erased:
            read.faults.add(client_was_erased(known.ref))
        elif read.has_ref:
            read.refuse_empty()
        else:
            self._compare_names(read, known)
        self._check_phones(read, known)
        if read.faults:
            return read.refused()
        return self._add(read, kind) if known is None else self._change(read, known, kind)

    def _kind(self, read: PersonRow) -> ClientKind | None:
        """The kind that the row says. An empty cell is the default, without a ref it says
        nothing."""
        if read.is_empty("kind"):
            return ClientKind.ONE_TIME if read.has_ref else None
        if "kind" not in read.says:
            return None
        return read.faults.collect(self.parse_kind, read.row.cells["kind"])

    def _known(self, read: PersonRow) -> ClientState | None:
        """The client of the row's ref or, without one, of the first of its phones that is known."""
        owner = next((self.owners[each] for each in read.phones if each in self.owners), None)
        if not read.has_ref:
            return owner
        known = self.by_ref.get(read.ref or "")
        if known is None and owner is not None and read.ref and _is_numbered(owner, read.name):
            read.is_known_by_phone = True
            read.notes.append(
                f"The row has a phone of client {owner.ref}, so it is about them; their ref stays "
                f"{owner.ref}, and {quoted(read.ref)} is not stored."
            )
            return owner
        return known

    def _compare_names(self, read: PersonRow, known: ClientState) -> None:
        if read.name and known.name and not can_be_same(read.name, known.name):
            phone = next(each for each in read.phones if self.owners.get(each) is known)
            read.faults.add(
                AlreadyExists(
                    f"{mask_phone(phone)} is a phone of client {known.ref}, {quoted(known.name)}, "
                    f"not of {quoted(read.name)}.",
                    hint=f"If they are the same client, give the row the ref {known.ref}.",
                )
            )

    def _check_phones(self, read: PersonRow, known: ClientState | None) -> None:
        for phone in read.phones:
            owner = self.owners.get(phone)
            if owner is None:
                if phone in self.ours:
                    read.faults.add(OurNumber(phone))
            elif owner is not known:
                read.faults.add(
                    PhoneTaken(
                        f"{mask_phone(phone)} is a phone of client {owner.ref}.",
                        hint="A phone can belong to only one client of an org, so that each "
                        "inbound message has one sender.",
                    )
                )

    # ---------------------------------------------------------------------------------- change

    def _add(self, read: PersonRow, kind: ClientKind | None) -> RowDone:
        assert read.name is not None
        ref = read.ref or self.refs.next_ref()
        client = ClientState(None, ref, read.name, kind or ClientKind.ONE_TIME, {})
        self.new.append(client)
        self.by_ref[ref] = client
        for phone in read.phones:
            self._add_phone(client, phone)
        payload = {"kind": client.kind.value, "phones": len(client.phones)}
        self.uow.audit("client.added", "client", ref, payload)
        twin = self.namesakes.setdefault(read.name, ref)
        return read.done(ref, "created", *(() if twin == ref else (_likely_double(twin),)))

    def _change(self, read: PersonRow, client: ClientState, kind: ClientKind | None) -> RowDone:
        events = len(self.uow.events)
        notes: tuple[str, ...] = ()
        changed: dict[str, object] = {}
        if read.name and read.name != client.name:
            if read.has_ref:
                client.name = read.name
                changed["name"] = True
            elif name_words(read.name) != name_words(client.name or ""):
                notes = (f"The name of client {client.ref} stays {quoted(client.name or '')}.",)
        if kind is not None and kind is not client.kind:
            changed["kind"] = {"before": client.kind.value, "after": kind.value}
            client.kind = kind
        if changed:
            self.updated[client.ref] = client
            self.uow.audit("client.updated", "client", client.ref, changed)
        if read.has_ref and read.phones and not client.phones.get(read.phones[0]):
            self._make_primary(client, read.phones[0])
        for phone in read.phones:
            if phone not in client.phones:
                self._add_phone(client, phone)
                self.uow.audit("client.phone_added", "client", client.ref)
        result = "updated" if len(self.uow.events) > events else "unchanged"
        return read.done(client.ref, result, *notes)

    def _add_phone(self, client: ClientState, phone: str) -> None:
        """Add a phone; the first one of a client is the primary one."""
        client.phones[phone] = not client.phones
        self.owners[phone] = client
        self.new_phones.append((client, phone))

    def _make_primary(self, client: ClientState, phone: str) -> None:
        """Make a phone the primary one, for waiting messages too; add it if it is missing."""
        if phone not in client.phones:
            self._add_phone(client, phone)
        client.phones.update({each: each == phone for each in client.phones})
        moved = 0
        if client.id is not None:
            self.new_primaries[client.ref] = client
            moved = readdress_waiting(
                self.cursor, self.uow.org.id, primary=phone, client_id=client.id
            )
        self.uow.audit(
            "client.phone_made_primary", "client", client.ref, {"texts_readdressed": moved}
        )

    # ----------------------------------------------------------------------------------- write

    def _write(self) -> None:
        org_id, now = self.uow.org.id, self.uow.now
        rows = [(each.ref, each.name, each.kind.value) for each in self.new]
        ids = queries.insert_clients(self.cursor, org_id, rows, now=now)
        self.refs.store()
        for client in self.new:
            client.id = ids[client.ref]
        old = [each for each in self.updated.values() if each.ref not in ids]
        queries.update_clients(
            self.cursor,
            [{"id": each.id, "name": each.name, "kind": each.kind.value} for each in old],
        )
        primaries = list(self.new_primaries.values())
        queries.unset_primaries(self.cursor, org_id, [each.id or 0 for each in primaries])
        queries.insert_phones(
            self.cursor,
            org_id,
            [(client.id or 0, phone, client.phones[phone]) for client, phone in self.new_phones],
            now=now,
        )
        queries.set_primaries(
            self.cursor,
            org_id,
            [phone for each in primaries for phone, first in each.phones.items() if first],
        )
        self._show_in_opt_outs()

    def _show_in_opt_outs(self) -> None:
        """Show the added phones in opt-outs that stored only their digests."""
        org_id = self.uow.org.id
        if not (self.new_phones and queries.has_hidden_opt_outs(self.cursor, org_id)):
            return
        keys = {phone_key(self.uow.org.slug, phone): phone for _, phone in self.new_phones}
        for key in sorted(queries.hidden_opt_outs(self.cursor, org_id, list(keys))):
            show_phone(self.cursor, org_id, shown_as=keys[key], key=key)


def _is_numbered(client: ClientState, name: str | None) -> bool:
    """Whether the client was added without a ref, so that petmsg numbered them, and may be called
    `name`. A file with refs that is imported later is about them too."""
    is_made = _MADE_REF.fullmatch(client.ref) is not None
    return bool(name) and is_made and can_be_same(name or "", client.name or "")


def _likely_double(ref: str) -> str:
    return (
        f"Client {ref} has the same name and another phone, so this may be the same person twice: "
        f"petmsg client show {ref}"
    )
