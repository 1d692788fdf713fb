"""Opt-outs: who wants no messages from an org, as an operator adds, shows and ends them.

An opt-out belongs to a phone and an org; any opted-out phone of a client stops messages to the
client. It is stored by the phone's digest, so that it remains when a client is erased. It applies
to the person: if a phone leaves a client or a sitter, their other phones are opted out.
"""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from petmsg.db.cursor import Cursor
from petmsg.enums.alerts import AlertKind
from petmsg.enums.opt_outs import OptOutSource
from petmsg.errors import NotFound
from petmsg.phone import mask_phone
from petmsg.queries.client_phones import waiting_count
from petmsg.queries.lookup import ClientKey
from petmsg.queries.message import NoPhone
from petmsg.queries.optout import Person, find_person, phone_keys, sender_of_message
from petmsg.queries.row_locks import lock_client
from petmsg.queries.senders import find_sender
from petmsg.services.alert import close_alert
from petmsg.services.people import optout_records as rows
from petmsg.services.people.optout_alerts import end_opt_out_alerts
from petmsg.services.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class OptedOut:
    """A person who wants no messages: a client, a sitter, or an unknown phone.

    `waiting` messages to the client are queued. None is sent while the opt-out is active.
    """

    client: str | None
    phones: tuple[str, ...]
    waiting: int
    reused: bool
    sitter: str | None = None
    client_name: str | None = None
    sitter_name: str | None = None


@dataclass(frozen=True, slots=True)
class OptedIn:
    """A person who may receive messages again.

    `carrier_blocks` is true if the provider had reported the opt-out; the carrier then blocks
    messages until the person sends START. `unblocked` are the numbers whose block was removed.
    `waiting` messages to the client are queued and will be sent.
    """

    client: str | None
    phones: tuple[str, ...]
    unblocked: tuple[str, ...]
    carrier_blocks: bool
    reused: bool
    sitter: str | None = None
    waiting: int = 0
    client_name: str | None = None
    sitter_name: str | None = None


def add(uow: UnitOfWork, text: str, *, reason: str, phone: str | None = None) -> OptedOut:
    """Opt a client or a sitter out: all their phones, or the given one.

    Repeating it changes nothing, except that an earlier opt-in no longer ends it. An alert about a
    request for no more messages ends.
    """
    person = _locked(uow, text)
    phones = None if phone is None else [uow.phone(phone)]
    out = _opt_out(uow, person, phones=phones, source=OptOutSource.OPERATOR, reason=reason)
    _end_requests(uow, person, why="opted out by an operator")
    return out


def add_from_message(uow: UnitOfWork, message_id: int, *, reason: str) -> OptedOut:
    """Opt out the sender of a message; for a client, all their phones.

    The audit says which message it was. An alert about a request for no more messages ends. Raises
    `NotFound` for a message that is not inbound, `SenderErased` if its sender is no longer known.
    """
    person = _with_locked_phones(uow, _sender(uow, message_id))
    out = _opt_out(
        uow,
        person,
        phones=None,
        source=OptOutSource.OPERATOR,
        reason=reason,
        message_id=message_id,
    )
    _end_requests(uow, person, message=message_id, why=f"opted out because of message {message_id}")
    return out


def remove(uow: UnitOfWork, text: str, *, reason: str) -> OptedIn:
    """End every opt-out of a person's phones, or the one with the given ID."""
    return _end(uow, _locked(uow, text), reason=reason)


def remove_from_message(uow: UnitOfWork, message_id: int, *, reason: str) -> OptedIn:
    """End every opt-out of the person who sent a message. Raises like `add_from_message`."""
    return _end(uow, _with_locked_phones(uow, _sender(uow, message_id)), reason=reason)


def opt_out(
    uow: UnitOfWork,
    client: ClientKey,
    *,
    phones: Sequence[str] | None,
    source: OptOutSource,
    reason: str,
) -> OptedOut:
    """Opt a client out for the whole org: these phones of theirs (E.164), or all if None.

    An existing opt-out stays as it is. Raises `NoPhone`, and `NotFound` for a phone that is not
    theirs.
    """
    known = phone_keys(uow.cursor, uow.org, client.id)
    person = Person(client.ref, None, {**known}, client_id=client.id, client_name=client.name)
    return _opt_out(uow, person, phones=phones, source=source, reason=reason)


def _opt_out(
    uow: UnitOfWork,
    person: Person,
    *,
    phones: Sequence[str] | None,
    source: OptOutSource,
    reason: str,
    message_id: int | None = None,
) -> OptedOut:
    if not person.phones:
        raise NoPhone(f"Client {person.ref} has no phone and receives no messages.")
    # All phones, so that removing one phone does not remove the opt-out. In one order, so that two
    # transactions cannot deadlock.
    wanted = dict(sorted(person.phones.items(), key=lambda pair: pair[1] or pair[0]))
    if phones is not None:
        named = {rows.key_of(uow, e164): e164 for e164 in phones}
        for key, e164 in named.items():
            if key not in wanted:
                hint = f"petmsg client show {shlex.quote(person.ref or '')}"
                raise NotFound("phone", mask_phone(e164), hint=hint)
        wanted = {key: e164 for key, e164 in wanted.items() if key in named}
    new = sum(
        rows.opt_out(uow, key, e164=e164, source=source, reason=reason, at=uow.now)
        for key, e164 in wanted.items()
    )
    waiting = _waiting(uow.cursor, uow.org.id, person.client_id)
    if new:
        noun, entity, ref = _named(uow, person)
        payload = {"source": source.value, "phones": new, "waiting": waiting}
        if message_id is not None:
            payload["message"] = message_id
        uow.audit(f"{noun}.opted_out", entity, ref, payload, reason=reason)
    shown = tuple(each for key in person.phones if (each := wanted.get(key)) is not None)
    return OptedOut(
        client=person.client,
        phones=shown,
        waiting=waiting,
        reused=not new,
        sitter=person.sitter,
        client_name=person.client_name,
        sitter_name=person.sitter_name,
    )


def _end(uow: UnitOfWork, person: Person, *, reason: str) -> OptedIn:
    """End the opt-outs of a person's phones, and remove the carrier's blocks.

    If the carrier still blocks a number, it reports this for the next message, and the pair is
    blocked again.
    """
    sources = []
    ended = []
    unblocked: set[str] = set()
    for key, e164 in sorted(person.phones.items(), key=lambda pair: pair[1] or pair[0]):
        found = rows.end(uow, key, reason=reason)
        sources += found
        ended += [e164] if found and e164 is not None else []
        unblocked |= rows.unblock(uow, key)
    _end_alerts(uow, person)
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
        client_name=person.client_name,
        sitter_name=person.sitter_name,
    )


def show_phone_in_opt_outs(uow: UnitOfWork, e164: str) -> None:
    """Show a phone that was added to a client in opt-outs that stored only its digest."""
    rows.show_as(uow, e164, e164)


def release_phone(uow: UnitOfWork, e164: str, *, to: Sequence[str]) -> bool:
    """Keep the opt-outs of a phone that left its client or sitter, by digest only, and copy an
    active one to the person's other phones, `to`. Return whether one was active.

    Call this when nobody in the org has the phone any more; otherwise it stays shown as theirs.
    """
    was_active = rows.is_opted_out(uow, rows.key_of(uow, e164))
    rows.copy_to(uow, e164, to)
    if not find_sender(uow.cursor, uow.org.id, e164).is_known:
        rows.show_as(uow, e164, None)
    return was_active


def _named(uow: UnitOfWork, person: Person) -> tuple[str, str, str]:
    if person.client is not None:
        return "client", "client", person.client
    if person.sitter is not None:
        return "sitter", "sitter", person.sitter
    return "phone", "org", uow.org.slug


def _waiting(cursor: Cursor, org_id: int, client_id: int | None) -> int:
    return waiting_count(cursor, org_id, client_id)


def _sender(uow: UnitOfWork, message_id: int) -> Person:
    return sender_of_message(uow.cursor, uow.org, message_id, now=uow.now)


def _end_requests(uow: UnitOfWork, person: Person, *, why: str, message: int | None = None) -> None:
    """End the alerts about what the person, or the sender of the message, asked for."""
    asked = None if message is None else str(message)
    about = [("message", asked), ("client", person.client), ("sitter", person.sitter)]
    for entity, ref in about:
        if ref is not None:
            close_alert(uow, AlertKind.OPT_OUT_REQUEST, entity=entity, ref=ref, reason=why)


def _end_alerts(uow: UnitOfWork, person: Person) -> None:
    """End the alerts about opt-outs of the person that have ended."""
    _, entity, ref = _named(uow, person)
    keys = {*person.phones}
    if person.client_id is not None:
        keys |= {*phone_keys(uow.cursor, uow.org, person.client_id)}
    if entity != "org":
        why = "an operator ended the opt-out"
        end_opt_out_alerts(uow, entity, ref, keys=keys, reason=why, by_hand=True)


def _locked(uow: UnitOfWork, text: str) -> Person:
    """Return the person; a client's phones stay locked until the commit."""
    return _with_locked_phones(uow, find_person(uow.cursor, uow.org, text))


def _with_locked_phones(uow: UnitOfWork, person: Person) -> Person:
    """Return the person with the phones they have now; a client's stay locked until the commit."""
    if person.client_id is not None and uow.cursor.has_other_writers:
        lock_client(uow.cursor, person.client_id)
        known = phone_keys(uow.cursor, uow.org, person.client_id)
        return person._replace(phones={**person.phones, **known})
    return person
