"""How a person's own STOP or START, and a provider's rejection, change opt-outs.

Keywords count in the order in which they were sent, even if one arrives late.
"""

import shlex
from datetime import datetime, timedelta
from typing import NamedTuple

from petmsg.clock import zone
from petmsg.db.cursor import Cursor
from petmsg.enums.alerts import AlertKind, AlertSeverity
from petmsg.enums.opt_outs import Keyword, OptOutSource
from petmsg.phone import is_e164
from petmsg.queries.opt_out_records import got_through, insert_blocked_pair, last_ended_at
from petmsg.queries.optout import phone_keys, said_since
from petmsg.queries.senders import Sender, find_sender
from petmsg.rules.keywords import START_FOR_OPTED_OUT, plain_word
from petmsg.services.alert import raise_alert
from petmsg.services.people import optout_records as rows
from petmsg.services.people.optout_alerts import end_opt_out_alerts
from petmsg.services.unit_of_work import UnitOfWork

CLOCKS_APART = timedelta(minutes=1)
"""A webhook's message is dated by its arrival, which may be this long after it was sent. If the
order of two keywords is uncertain, the opt-out stays."""


class Whose(NamedTuple):
    """Whom an audit event or an alert about a phone names: a ref, never a phone."""

    noun: str
    entity: str
    ref: str


def whose(uow: UnitOfWork, sender: Sender) -> Whose:
    """Return the client, or else the sitter, or else the org."""
    if sender.client is not None:
        return Whose("client", "client", sender.client.ref)
    if sender.sitter is not None:
        return Whose("sitter", "sitter", sender.sitter.ref)
    return Whose("phone", "org", uow.org.slug)


def keyword_stop(uow: UnitOfWork, phone: str, *, sender: Sender, at: datetime, reason: str) -> bool:
    """Opt out a phone that sent STOP at `at` (aware UTC), for the whole org.

    Returns False if it was already opted out, or opted in later than `at`. The phone need not
    belong to a client; the opt-out also applies to its next owner. An operator who ended an
    opt-out after `at` did not know of this one, so it stays, and an alert is raised.
    """
    if at < uow.now and opted_in_since(uow, phone, sender, at):
        return False
    key = rows.key_of(uow, phone)
    ended_at = rows.ended_since(uow, key, at)
    shown_as = phone if is_e164(phone) else None
    source = OptOutSource.KEYWORD
    if not rows.opt_out(uow, key, e164=shown_as, source=source, reason=reason, at=at):
        return False
    of = whose(uow, sender)
    payload = {"source": source.value, "phones": 1}
    uow.audit(f"{of.noun}.opted_out", of.entity, of.ref, payload, reason=reason)
    if ended_at is not None:
        _alert_late_stop(uow, of, at=at, ended_at=ended_at)
    return True


def keyword_start(
    uow: UnitOfWork, phone: str, *, sender: Sender, at: datetime, reason: str
) -> bool:
    """End the opt-outs of a phone that sent START at `at` (aware UTC), if they are older.

    The carrier's blocks end too. Returns False if there were none.
    """
    key = rows.key_of(uow, phone)
    sources = rows.end(uow, key, reason=reason, said_at=at)
    if rows.is_opted_out(uow, key):
        return False
    unblocked = sorted(rows.unblock(uow, key, said_at=at))
    if sources or unblocked:
        of = whose(uow, sender)
        payload = {"sources": sources, "phones": len(sources), "unblocked": unblocked}
        uow.audit(f"{of.noun}.opted_in", of.entity, of.ref, payload, reason=reason)
        keys = {key}
        if sender.client is not None:
            keys |= {*phone_keys(uow.cursor, uow.org, sender.client.id)}
        if sender.is_known:
            end_opt_out_alerts(uow, of.entity, of.ref, keys=keys, reason=reason, by_hand=False)
    return bool(sources or unblocked)


def record_provider_opt_out(
    uow: UnitOfWork,
    *,
    client_ref: str | None,
    to_e164: str,
    number_id: int,
    number: str,
    claimed_at: datetime,
    code: str,
) -> None:
    """Record that the provider rejected a message, claimed at `claimed_at`, because its recipient
    had opted out.

    Normally the phone is opted out for the whole org. After a newer START only this pair of numbers
    is blocked, because carriers keep opt-outs per pair of numbers. A message sent before the START
    proves nothing; one delivered from this number since then proves that the opt-out is newer.
    `client_ref` is None for a phone of no client.
    """
    key = rows.key_of(uow, to_e164)
    ended_at = _ended_at(uow.cursor, uow.org.id, key)
    if ended_at is not None and not _got_through(
        uow.cursor, uow.org.id, number_id, to_e164, since=ended_at, before=claimed_at
    ):
        if ended_at <= claimed_at:
            block_pair(
                uow,
                number_id=number_id,
                number=number,
                to_e164=to_e164,
                client_ref=client_ref,
                code=code,
            )
        return
    sender = find_sender(uow.cursor, uow.org.id, to_e164)
    if claimed_at < uow.now and opted_in_since(uow, to_e164, sender, claimed_at):
        return
    reason = f"the provider reported an opt-out (code {code})"
    source = OptOutSource.PROVIDER
    e164 = to_e164 if sender.is_known else None
    if not rows.opt_out(uow, key, e164=e164, source=source, reason=reason, at=claimed_at):
        return
    of = Whose("client", "client", client_ref) if client_ref is not None else whose(uow, sender)
    payload = {"source": source.value, "phones": 1, "number": number}
    uow.audit(f"{of.noun}.opted_out", of.entity, of.ref, payload, reason=reason)
    if of.entity != "org":
        raise_alert(
            uow,
            AlertKind.CLIENT_OPTED_OUT if of.entity == "client" else AlertKind.SITTER_OPTED_OUT,
            severity=AlertSeverity.INFO if of.entity == "client" else AlertSeverity.WARNING,
            entity=of.entity,
            ref=of.ref,
            message=f"{of.noun.capitalize()} {of.ref} opted out of messages: {reason}.",
            command=f"petmsg optout show {shlex.quote(of.ref)}",
        )


def block_pair(
    uow: UnitOfWork, *, number_id: int, number: str, to_e164: str, client_ref: str | None, code: str
) -> None:
    """Record that the carrier blocks messages from this number to this phone, and raise an alert.
    Repeating it only counts in the alert. `client_ref` is None for a phone of no client."""
    new = insert_blocked_pair(
        uow.cursor,
        uow.org.id,
        number_id=number_id,
        key=rows.key_of(uow, to_e164),
        code=code,
        now=uow.now,
    )
    payload = {"number": number, "code": code}
    if client_ref is None:
        if new:
            uow.audit("phone.pair_blocked", "org", uow.org.slug, payload)
        return
    if new:
        uow.audit("client.pair_blocked", "client", client_ref, payload)
    raise_alert(
        uow,
        AlertKind.PAIR_BLOCKED,
        severity=AlertSeverity.WARNING,
        entity="client",
        ref=client_ref,
        message=f"The carrier blocks messages from {number} to client {client_ref} (code {code}).",
        command=f"petmsg optout show {shlex.quote(client_ref)}",
    )


def opted_in_since(uow: UnitOfWork, phone: str, sender: Sender, at: datetime) -> bool:
    """Whether a stored message from the phone, which is the sender's, opted in later than `at`
    (aware UTC)."""
    client_id = None if sender.client is None else sender.client.id
    for said in said_since(uow.cursor, uow.org, phone, client_id=client_id, since=at):
        by_arrival = said.received_at == said.created_at
        sent_at = said.received_at - (CLOCKS_APART if by_arrival else timedelta(0))
        is_start = (
            said.keyword == Keyword.START or plain_word(said.body or "") in START_FOR_OPTED_OUT
        )
        if is_start and sent_at > at:
            return True
    return False


def _alert_late_stop(uow: UnitOfWork, of: Whose, *, at: datetime, ended_at: datetime) -> None:
    who = f"{of.noun.capitalize()} {of.ref}" if of.entity != "org" else "Somebody"
    what = shlex.quote(of.ref) if of.entity != "org" else "ID"
    raise_alert(
        uow,
        AlertKind.CLIENT_OPTED_OUT,
        severity=AlertSeverity.WARNING,
        entity=of.entity,
        ref=of.ref,
        message=f"{who} sent STOP at {_local(uow, at)}, which arrived late. An earlier opt-out "
        f"was ended by hand at {_local(uow, ended_at)}; the new one is active.",
        command=f"petmsg optout list; to end it: petmsg optout remove {what} --reason …",
    )


def _ended_at(cursor: Cursor, org_id: int, key: str) -> datetime | None:
    """When the phone's newest opt-out ended; None if one is active, or there never was one."""
    return last_ended_at(cursor, org_id, key)


def _got_through(
    cursor: Cursor, org_id: int, number_id: int, to_e164: str, *, since: datetime, before: datetime
) -> bool:
    """Whether the carrier accepted a message from the number to the phone between the two times."""
    return got_through(
        cursor, org_id, number_id=number_id, since=since, before=before, to_e164=to_e164
    )


def _local(uow: UnitOfWork, instant: datetime) -> str:
    return instant.astimezone(zone(uow.org.timezone)).strftime("%Y-%m-%d %H:%M %Z")
