"""Import opt-outs: who wants no messages from the old system gets none from petmsg either.

The newer schema says so of each phone. The older tables contain no opt-outs: the carrier kept one
per number, and petmsg may choose another number. So a client whose last keyword was an opt-out is
opted out for the whole org, with an alert, because CANCEL and END often mean the visit.
"""

import shlex
from collections.abc import Sequence
from datetime import datetime
from sqlite3 import Row

from petmsg.clock import iso_utc
from petmsg.enums.alerts import AlertKind, AlertSeverity
from petmsg.enums.messages import Direction
from petmsg.enums.opt_outs import Keyword, OptOutSource
from petmsg.enums.people import ClientKind
from petmsg.errors import MalformedPhone, MalformedRow, PetmsgError, quoted
from petmsg.importers.snoutos.legacy_schema import time_of, word_of
from petmsg.importers.snoutos.phones import phone_of
from petmsg.importers.snoutos.report import Imported
from petmsg.importers.snoutos.staging import Stage
from petmsg.phone import phone_key
from petmsg.queries.client_rows import KnownClient
from petmsg.queries.imported import (
    KnownOptOut,
    clients_by_ref,
    clients_of_phones,
    known_opt_outs,
    phones_of_clients,
    sitters_of_phones,
)
from petmsg.queries.imported_messages import NewMessage
from petmsg.queries.lookup import ClientKey
from petmsg.queries.message import NoPhone
from petmsg.queries.senders import Sender
from petmsg.rules.keywords import keyword_of, plain_word
from petmsg.services.alert import raise_alert
from petmsg.services.people import optout, optout_records
from petmsg.services.people.optout_messages import opted_in_since
from petmsg.services.unit_of_work import UnitOfWork

_LONGEST = 40
"""Longer bodies are not keywords."""

_SHORT = f"""
SELECT m.id, t.clientId, m.body, m.createdAt FROM "Message" m JOIN "Thread" t ON t.id = m.threadId
WHERE t.orgId = :org AND m.orgId = :org AND t.clientId IN (:values)
  AND lower(m.direction) = 'inbound' AND length(m.body) <= {_LONGEST}
ORDER BY m.createdAt, m.id
"""


OPT_OUTS = """
SELECT rowid, coalesce(id, 'row ' || rowid) AS id, phone, state, source,
       coalesce(updatedAt, createdAt) AS said_at
FROM "OptOut" WHERE orgId = :org ORDER BY rowid
"""
_WITH_STATE = 'SELECT DISTINCT e164 FROM "OptOut" WHERE orgId = :org AND e164 IN (:values)'
_OUT = frozenset(("opted_out", "optout", "opt_out", "out", "stop", "stopped", "unsubscribed"))
_IN = frozenset(("opted_in", "optin", "opt_in", "in", "start", "subscribed", "resubscribed"))


def import_opt_outs(uow: UnitOfWork, stage: Stage, rows: Sequence[Row]) -> Imported:
    """Opt out the phones that were opted out there, of clients and of others; existing ones stay.

    A phone that was opted in here since stays so. A state that is not known is an opt-out, because
    a message to somebody who opted out cannot be recalled. The phone of nobody here is stored by
    its digest only: its client may have been erased.
    """
    result = Imported("OptOut", read=len(rows))
    read = [(row, _phone_or_problem(uow, row["phone"])) for row in rows]
    phones = {phone: phone_key(uow.org.slug, phone) for _, phone in read if isinstance(phone, str)}
    known = known_opt_outs(uow.cursor, uow.org.id, list(phones.values()))
    people = _people(uow, list(phones))
    stage.write(
        'UPDATE "OptOut" SET e164 = :e164 WHERE rowid = :row',
        [{"e164": phone, "row": row["rowid"]} for row, phone in read if isinstance(phone, str)],
    )
    for row, phone in read:
        if isinstance(phone, PetmsgError):
            result.refuse(row["id"], phone)
            continue
        state = word_of(row["state"])
        if state in _IN:
            continue
        said_at = _said_at(uow, row["said_at"])
        if _is_known(known.get(phones[phone]), said_at):
            result.known += 1
            continue
        known[phones[phone]] = KnownOptOut(phones[phone], 1, None)
        _store(uow, row, phone, people.get(phone), said_at or uow.now)
        result.new += 1
        if state not in _OUT:
            what = f"Its state {quoted(row['state'] or '')} is not known; it is an opt-out here."
            result.note(row["id"], "unknown_state", what)
    return result


def _phone_or_problem(uow: UnitOfWork, written: str | None) -> str | PetmsgError:
    try:
        return phone_of(uow, written)
    except MalformedPhone as problem:
        return problem


def _said_at(uow: UnitOfWork, staged: str | None) -> datetime | None:
    """Return when an opt-out was said (aware UTC); None if that is not known."""
    try:
        return min(time_of(staged, "Its time"), uow.now)
    except MalformedRow:
        return None


def _is_known(known: KnownOptOut | None, said_at: datetime | None) -> bool:
    """Whether the opt-out is here, or the person opted in after it."""
    if known is None:
        return False
    if known.standing or known.ended_at is None or said_at is None:
        return True
    return said_at <= known.ended_at


def _store(
    uow: UnitOfWork, row: Row, phone: str, whose: tuple[str, str] | None, said_at: datetime
) -> None:
    by_keyword = "keyword" in word_of(row["source"])
    source = OptOutSource.KEYWORD if by_keyword else OptOutSource.OPERATOR
    shown = None if whose is None else phone
    key = phone_key(uow.org.slug, phone)
    reason = "opted out in Snoutos"
    optout_records.opt_out(uow, key, e164=shown, source=source, reason=reason, at=said_at)
    noun, ref = whose or ("phone", uow.org.slug)
    payload = {"source": source.value, "phones": 1, "waiting": 0}
    entity = "org" if noun == "phone" else noun
    uow.audit(f"{noun}.opted_out", entity, ref, payload, reason=reason)


def _people(uow: UnitOfWork, phones: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Return who has each phone: the noun and the ref. A client comes before a sitter."""
    sitters = sitters_of_phones(uow.cursor, uow.org.id, phones)
    clients = clients_of_phones(uow.cursor, uow.org.id, phones)
    return {
        **{phone: ("sitter", ref) for phone, ref in sitters.items()},
        **{phone: ("client", ref) for phone, ref in clients.items()},
    }


def store_opt_outs(
    uow: UnitOfWork, stage: Stage, org: str, new: Sequence[NewMessage], result: Imported
) -> None:
    """Opt out the clients with an opt-out among their `new` messages, unless a later opt-in ended
    it, there or here.

    A client without a phone cannot be opted out; this is noted, because they may get a phone later.
    A client with a phone of whose state the old system knows is left as that says.
    """
    clients = {
        text.client_id
        for text in new
        if text.direction == Direction.INBOUND and _said(text.body) is Keyword.STOP
    }
    if not clients:
        return
    refs = _without_state(uow, stage, org, clients)
    last: dict[str, Row] = {}
    for row in stage.among(_SHORT, refs, org=org):
        if _said(row["body"]) in (Keyword.STOP, Keyword.START):
            last[row["clientId"]] = row
    for client in clients_by_ref(uow.cursor, uow.org.id, refs).values():
        said = last.get(client.ref)
        if said is not None and _said(said["body"]) is Keyword.STOP:
            _opt_out(uow, client, said, result)


def _without_state(uow: UnitOfWork, stage: Stage, org: str, clients: set[int]) -> list[str]:
    """Return the refs of those of the clients of whose phones the old system knows no state."""
    found = phones_of_clients(uow.cursor, uow.org.id, clients)
    phones = [row.e164 for row in found if row.e164]
    stated = {row["e164"] for row in stage.among(_WITH_STATE, phones, org=org)}
    left_out = {row.ref for row in found if row.e164 in stated}
    return [ref for ref in dict.fromkeys(row.ref for row in found) if ref not in left_out]


def _said(body: str | None) -> Keyword | None:
    """Return the keyword of a body. YES counts as START here, because only the last keyword
    counts."""
    return keyword_of(body or "", opted_out=True)


def _opt_out(uow: UnitOfWork, client: KnownClient, said: Row, result: Imported) -> None:
    try:
        said_at = time_of(said["createdAt"], "Its time")
    except MalformedRow:
        return
    key = ClientKey(client.id, client.ref, client.name, ClientKind(client.kind))
    reason = f"sent {plain_word(said['body'])} to Snoutos at {iso_utc(said_at)}"
    found = [row.e164 for row in phones_of_clients(uow.cursor, uow.org.id, [client.id]) if row.e164]
    phones = [each for each in found if not opted_in_since(uow, each, Sender(key, None), said_at)]
    if found and not phones:
        return
    try:
        done = optout.opt_out(uow, key, phones=phones, source=OptOutSource.KEYWORD, reason=reason)
    except NoPhone:
        what = f"Client {key.ref} {reason}, but has no phone. Opt the client out when they get one."
        result.note(said["id"], "stop_without_phone", what)
        return
    if not done.reused:
        raise_alert(
            uow,
            AlertKind.CLIENT_OPTED_OUT,
            severity=AlertSeverity.INFO,
            entity="client",
            ref=key.ref,
            message=f"Client {key.ref} opted out of messages: {reason}.",
            command=f"petmsg optout show {shlex.quote(key.ref)}",
        )
