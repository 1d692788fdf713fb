"""Opt-outs: who wants no messages from an org, as an operator notes, shows and ends them.

An opt-out is of a phone and an org; any opted-out phone of a client stops the client. It is kept by
the phone's digest, so that it outlives a client who was forgotten. It stands for the person: where
a phone leaves a client or a sitter, it holds for the phones they have.
"""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from petmsg.db.cursor import Cursor
from petmsg.enums import OptOutSource
from petmsg.errors import NotFound, Refused
from petmsg.phone import is_e164, mask_phone, parse_phone
from petmsg.queries.client_phones import waiting_count
from petmsg.queries.inbox import find_item
from petmsg.queries.lookup import ClientKey
from petmsg.queries.message import NoPhone
from petmsg.queries.optout import Person, find_person, phone_keys
from petmsg.queries.row_locks import lock_client
from petmsg.queries.senders import find_sender
from petmsg.services.people import optout_records as rows
from petmsg.services.unit_of_work import UnitOfWork


class SenderErased(Refused):
    code = "sender_erased"


@dataclass(frozen=True, slots=True)
class OptedOut:
    """A person who wants no messages: a client, a sitter, or somebody whose phone is nobody's.

    `waiting` messages to the client were queued before. None is sent while the opt-out stands.
    """

    client: str | None
    phones: tuple[str, ...]
    waiting: int
    reused: bool
    sitter: str | None = None


@dataclass(frozen=True, slots=True)
class OptedIn:
    """A person who may be sent messages again.

    `carrier_blocks`: the provider had said stop, and keeps the messages back until they send START.
    `unblocked` are the numbers whose block was forgotten with it. `waiting` messages to the client
    are queued, and will be sent.
    """

    client: str | None
    phones: tuple[str, ...]
    unblocked: tuple[str, ...]
    carrier_blocks: bool
    reused: bool
    sitter: str | None = None
    waiting: int = 0


def add(uow: UnitOfWork, text: str, *, reason: str, phone: str | None = None) -> OptedOut:
    """An operator opts a client or a sitter out: all their phones, or the one given. The same again
    changes nothing, except that an opt-in from before now no longer ends it."""
    person = _locked(uow, text)
    phones = None if phone is None else [parse_phone(phone)]
    return _opt_out(uow, person, phones=phones, source=OptOutSource.OPERATOR, reason=reason)


def add_from_message(uow: UnitOfWork, message_id: int, *, reason: str) -> OptedOut:
    """An operator acts on what somebody wrote: its sender is opted out, a client with all phones.

    Raises `NotFound` for a message that did not come in, `SenderErased` where it is not known any
    more who wrote it.
    """
    item = find_item(uow.cursor, uow.org, message_id, now=uow.now)
    phone = item.from_e164
    if not phone:
        raise SenderErased(
            f"Message {message_id} does not say who sent it any more.",
            hint="Name the person: petmsg optout add CLIENT --reason …",
        )
    sitter = find_sender(uow.cursor, uow.org.id, phone).sitter
    ref = item.client or (None if sitter is None else sitter.ref)
    person = Person(None, None, {}) if ref is None else _locked(uow, ref)
    shown_as = phone if is_e164(phone) else None
    person = person._replace(phones={**person.phones, rows.key_of(uow, phone): shown_as})
    return _opt_out(uow, person, phones=None, source=OptOutSource.OPERATOR, reason=reason)


def remove(uow: UnitOfWork, text: str, *, reason: str) -> OptedIn:
    """An operator ends every opt-out of a person's phones, or the one whose id is given."""
    return _end(uow, _locked(uow, text), reason=reason)


def opt_out(
    uow: UnitOfWork,
    client: ClientKey,
    *,
    phones: Sequence[str] | None,
    source: OptOutSource,
    reason: str,
) -> OptedOut:
    """Opt a client out for the whole org: these phones of theirs (E.164), or all if None.

    One that stands stays as it is. Raises `NoPhone`, and `NotFound` for a phone that is not theirs.
    """
    known = phone_keys(uow.cursor, uow.org, client.id)
    person = Person(client.ref, None, {**known}, client_id=client.id)
    return _opt_out(uow, person, phones=phones, source=source, reason=reason)


def _opt_out(
    uow: UnitOfWork,
    person: Person,
    *,
    phones: Sequence[str] | None,
    source: OptOutSource,
    reason: str,
) -> OptedOut:
    if not person.phones:
        raise NoPhone(f"Client {person.ref} has no phone, and gets no texts.")
    # All, because the opt-out would else be gone with the phone it was noted for. In one order, or
    # two of us could wait for each other.
    wanted = dict(sorted(person.phones.items(), key=lambda pair: pair[1] or pair[0]))
    if phones is not None:
        named = {rows.key_of(uow, e164): e164 for e164 in phones}
        for key, e164 in named.items():
            if key not in wanted:
                hint = f"petmsg client show {shlex.quote(person.ref or '')}"
                raise NotFound("phone", mask_phone(e164), hint=hint)
        wanted = {key: e164 for key, e164 in wanted.items() if key in named}
    new = sum(
        rows.note(uow, key, e164=e164, source=source, reason=reason, at=uow.now)
        for key, e164 in wanted.items()
    )
    waiting = _waiting(uow.cursor, uow.org.id, person.client_id)
    if new:
        noun, entity, ref = _named(uow, person)
        payload = {"source": source.value, "phones": new, "waiting": waiting}
        uow.audit(f"{noun}.opted_out", entity, ref, payload, reason=reason)
    shown = tuple(each for key in person.phones if (each := wanted.get(key)) is not None)
    return OptedOut(person.client, shown, waiting, reused=not new, sitter=person.sitter)


def _end(uow: UnitOfWork, person: Person, *, reason: str) -> OptedIn:
    """End the opt-outs of a person's phones, and forget which numbers a carrier kept from them.

    If the carrier blocks one still it says so at the next message, and the pair is blocked again.
    """
    sources = []
    ended = []
    unblocked: set[str] = set()
    for key, e164 in sorted(person.phones.items(), key=lambda pair: pair[1] or pair[0]):
        found = rows.end(uow, key, reason=reason)
        sources += found
        ended += [e164] if found and e164 is not None else []
        unblocked |= rows.unblock(uow, key)
    if sources or unblocked:
        noun, entity, ref = _named(uow, person)
        payload = {
            "sources": sorted(set(sources)),
            "phones": len(sources),
            "unblocked": sorted(unblocked),
        }
        uow.audit(f"{noun}.opted_in", entity, ref, payload, reason=reason)
    return OptedIn(
        client=person.client,
        sitter=person.sitter,
        phones=tuple(ended),
        unblocked=tuple(sorted(unblocked)),
        carrier_blocks=OptOutSource.PROVIDER in sources or bool(unblocked),
        reused=not (sources or unblocked),
        waiting=_waiting(uow.cursor, uow.org.id, person.client_id),
    )


def recognise(uow: UnitOfWork, e164: str) -> None:
    """A phone came to a client: opt-outs known by its digest only show it again."""
    rows.show_as(uow, e164, e164)


def let_go(uow: UnitOfWork, e164: str, *, to: Sequence[str]) -> bool:
    """A phone left its client or sitter. Its opt-outs stand, known by its digest only, and one that
    stands holds for the person's other phones, `to`, too; whether one did.

    Call it while nobody of the org has the phone any more, or it stays shown as theirs.
    """
    stands = rows.stands(uow, rows.key_of(uow, e164))
    rows.carry(uow, e164, to)
    if not find_sender(uow.cursor, uow.org.id, e164).is_known:
        rows.show_as(uow, e164, None)
    return stands


def _named(uow: UnitOfWork, person: Person) -> tuple[str, str, str]:
    if person.client is not None:
        return "client", "client", person.client
    if person.sitter is not None:
        return "sitter", "sitter", person.sitter
    return "phone", "org", uow.org.slug


def _waiting(cursor: Cursor, org_id: int, client_id: int | None) -> int:
    return waiting_count(cursor, org_id, client_id)


def _locked(uow: UnitOfWork, text: str) -> Person:
    """The person; a client's phones are changed by nobody until the commit."""
    person = find_person(uow.cursor, uow.org, text)
    if person.client_id is not None and uow.cursor.has_other_writers:
        lock_client(uow.cursor, person.client_id)
        known = phone_keys(uow.cursor, uow.org, person.client_id)
        return person._replace(phones={**known})
    return person
