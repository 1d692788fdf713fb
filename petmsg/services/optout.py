"""Opt-outs: who wants no texts from an org, and which pairs of numbers a carrier keeps apart.

An opt-out is of a phone and an org; any opted-out phone of a client stops the client. It is kept by
the phone's digest, so that it outlives a client who was forgotten.
"""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from petmsg.db.cursor import Cursor
from petmsg.enums import AlertKind, AlertSeverity, OptOutSource
from petmsg.errors import NotFound
from petmsg.phone import mask_phone, parse_phone, phone_key
from petmsg.queries.lookup import ClientKey, find_client
from petmsg.queries.message import NoPhone
from petmsg.queries.optout import phone_keys
from petmsg.services.alert import raise_alert
from petmsg.services.work import Work


@dataclass(frozen=True, slots=True)
class OptedOut:
    """A client who wants no texts. `waiting` of hers were queued before, and will never leave."""

    client: str
    phones: tuple[str, ...]
    waiting: int
    reused: bool


@dataclass(frozen=True, slots=True)
class OptedIn:
    """A client who may be texted again.

    `carrier_blocks`: the provider had said stop, and keeps the texts back until she writes START.
    `unblocked` are the numbers whose block was forgotten with it.
    """

    client: str
    phones: tuple[str, ...]
    unblocked: tuple[str, ...]
    carrier_blocks: bool
    reused: bool


def add(work: Work, text: str, *, reason: str, phone: str | None = None) -> OptedOut:
    """An operator opts a client out: all her phones, or the one given. The same again changes
    nothing."""
    client = _locked(work, text)
    phones = None if phone is None else [parse_phone(phone)]
    return opt_out(work, client, phones=phones, source=OptOutSource.OPERATOR, reason=reason)


def remove(work: Work, text: str, *, reason: str) -> OptedIn:
    """An operator ends every opt-out of a client's phones."""
    return end(work, _locked(work, text), reason=reason)


def opt_out(
    work: Work,
    client: ClientKey,
    *,
    phones: Sequence[str] | None,
    source: OptOutSource,
    reason: str,
) -> OptedOut:
    """Opt a client out for the whole org: these phones of hers (E.164), or all if None.

    All, because a wish of hers would else be gone with the phone it was noted for. One that stands
    stays as it is. Raises `NoPhone`, and `NotFound` for a phone that is not hers.
    """
    hers = {e164: key for key, e164 in phone_keys(work.cursor, work.org, client.id).items()}
    if not hers:
        raise NoPhone(f"Client {client.ref} has no phone, and gets no texts.")
    wanted = list(hers) if phones is None else list(dict.fromkeys(phones))
    for e164 in wanted:
        if e164 not in hers:
            hint = f"petmsg client show {shlex.quote(client.ref)}"
            raise NotFound("phone", mask_phone(e164), hint=hint)
    new = sum(
        _note(work, hers[e164], e164=e164, source=source, reason=reason)
        for e164 in sorted(wanted)  # always in one order, or two of us could wait for each other
    )
    waiting = _waiting(work.cursor, work.org.id, client.id)
    if new:
        payload = {"source": source.value, "phones": new, "waiting": waiting}
        work.record("client.opted_out", "client", client.ref, payload, reason=reason)
    return OptedOut(client.ref, tuple(wanted), waiting, reused=not new)


def end(work: Work, client: ClientKey, *, reason: str) -> OptedIn:
    """End every opt-out of a client's phones, and forget which numbers a carrier kept from them.

    If the carrier blocks one still it says so at the next text, and the pair is blocked again.
    """
    keys = phone_keys(work.cursor, work.org, client.id)
    sources = []
    ended = []
    unblocked: set[str] = set()
    for key, e164 in sorted(keys.items(), key=lambda pair: pair[1]):
        found = _end(work, key, reason=reason)
        sources += found
        ended += [e164] if found else []
        unblocked |= _unblock(work, key)
    if sources or unblocked:
        payload = {
            "sources": sorted(set(sources)),
            "phones": len(ended),
            "unblocked": sorted(unblocked),
        }
        work.record("client.opted_in", "client", client.ref, payload, reason=reason)
    return OptedIn(
        client=client.ref,
        phones=tuple(ended),
        unblocked=tuple(sorted(unblocked)),
        carrier_blocks=OptOutSource.PROVIDER in sources or bool(unblocked),
        reused=not (sources or unblocked),
    )


def provider_said_stop(
    work: Work,
    *,
    client_ref: str | None,
    to_e164: str,
    number_id: int,
    number: str,
    claimed_at: datetime,
    code: str,
) -> None:
    """The provider refused a text, claimed at `claimed_at`, because its recipient opted out.

    Normally that opts her phone out for the whole org. After a newer START the carrier only kept
    this pair of numbers apart: the pair is blocked, the org-wide opt-out not renewed (spec section
    7). A text that left before the START proves nothing; one that got through from this number
    since then proves that the stop is newer. `client_ref` is None for a phone of no client.
    """
    key = phone_key(work.org.slug, to_e164)
    ended_at = _ended_at(work.cursor, work.org.id, key)
    if ended_at is not None and not _got_through(
        work.cursor, work.org.id, number_id, to_e164, since=ended_at, before=claimed_at
    ):
        if ended_at <= claimed_at:
            block_pair(
                work,
                number_id=number_id,
                number=number,
                to_e164=to_e164,
                client_ref=client_ref,
                code=code,
            )
        return
    reason = f"the provider said stop (code {code})"
    e164 = to_e164 if _is_known(work.cursor, work.org.id, to_e164) else None
    if _note(work, key, e164=e164, source=OptOutSource.PROVIDER, reason=reason):
        payload = {"source": OptOutSource.PROVIDER.value, "phones": 1, "number": number}
        if client_ref is None:
            work.record("phone.opted_out", "org", work.org.slug, payload, reason=reason)
            return
        work.record("client.opted_out", "client", client_ref, payload, reason=reason)
        raise_alert(
            work,
            AlertKind.CLIENT_OPTED_OUT,
            severity=AlertSeverity.INFO,
            entity="client",
            ref=client_ref,
            message=f"Client {client_ref} opted out of texts; {reason}.",
            command=f"petmsg optout show {shlex.quote(client_ref)}",
        )


def block_pair(
    work: Work, *, number_id: int, number: str, to_e164: str, client_ref: str | None, code: str
) -> None:
    """Remember that the carrier keeps texts from this number from this phone, and alert. The same
    again only counts in the alert. `client_ref` is None for a phone of no client."""
    new = work.cursor.run(
        "INSERT INTO blocked_pair (org_id, number_id, phone_key, code, blocked_at)"
        " VALUES (:org_id, :number_id, :key, :code, :now)"
        " ON CONFLICT (number_id, phone_key) DO NOTHING",
        org_id=work.org.id,
        number_id=number_id,
        key=phone_key(work.org.slug, to_e164),
        code=code,
        now=work.now,
    )
    payload = {"number": number, "code": code}
    if client_ref is None:
        if new:
            work.record("phone.pair_blocked", "org", work.org.slug, payload)
        return
    if new:
        work.record("client.pair_blocked", "client", client_ref, payload)
    raise_alert(
        work,
        AlertKind.PAIR_BLOCKED,
        severity=AlertSeverity.WARNING,
        entity="client",
        ref=client_ref,
        message=f"The carrier lets no text from {number} through to client {client_ref} "
        f"(code {code}).",
        command=f"petmsg optout show {shlex.quote(client_ref)}",
    )


def keyword_stop(work: Work, e164: str, *, client_ref: str | None, word: str) -> bool:
    """Somebody texted STOP: the phone is opted out for the whole org; False if it was before.

    It need be no client's: whoever it becomes later, the wish stands.
    """
    reason = f"texted {word}"
    shown_as = e164 if _is_known(work.cursor, work.org.id, e164) else None
    new = _note(
        work,
        phone_key(work.org.slug, e164),
        e164=shown_as,
        source=OptOutSource.KEYWORD,
        reason=reason,
    )
    if new:
        entity, ref = _whose(work, client_ref)
        payload = {"source": OptOutSource.KEYWORD.value, "phones": 1}
        work.record(f"{entity[0]}.opted_out", entity[1], ref, payload, reason=reason)
    return bool(new)


def keyword_start(work: Work, e164: str, *, client_ref: str | None, word: str) -> bool:
    """Somebody texted START: the phone's opt-outs end, whoever noted them, and the carrier lets
    texts through again; False if there was none."""
    key = phone_key(work.org.slug, e164)
    reason = f"texted {word}"
    sources = _end(work, key, reason=reason)
    unblocked = sorted(_unblock(work, key))
    if sources or unblocked:
        entity, ref = _whose(work, client_ref)
        payload = {"sources": sources, "phones": len(sources), "unblocked": unblocked}
        work.record(f"{entity[0]}.opted_in", entity[1], ref, payload, reason=reason)
    return bool(sources or unblocked)


def _whose(work: Work, client_ref: str | None) -> tuple[tuple[str, str], str]:
    """The noun of the event and its entity, and the ref: a client, or a phone of the org's."""
    if client_ref is None:
        return ("phone", "org"), work.org.slug
    return ("client", "client"), client_ref


def recognise(work: Work, e164: str) -> None:
    """A phone came to a client: opt-outs known by its digest only show it again."""
    _name(work, e164, e164)


def let_go(work: Work, e164: str) -> None:
    """A phone left its client: its opt-outs stand, known by its digest only."""
    _name(work, e164, None)


def _name(work: Work, e164: str, shown_as: str | None) -> None:
    work.cursor.run(
        "UPDATE opt_out SET e164 = :shown_as WHERE org_id = :org_id AND phone_key = :key",
        shown_as=shown_as,
        org_id=work.org.id,
        key=phone_key(work.org.slug, e164),
    )


def _note(work: Work, key: str, *, e164: str | None, source: OptOutSource, reason: str) -> int:
    """1 if the phone had not opted out before."""
    return work.cursor.run(
        "INSERT INTO opt_out (org_id, phone_key, e164, source, reason, actor, opted_out_at)"
        " VALUES (:org_id, :key, :e164, :source, :reason, :actor, :now)"
        " ON CONFLICT (org_id, phone_key) WHERE ended_at IS NULL DO NOTHING",
        org_id=work.org.id,
        key=key,
        e164=e164,
        source=source.value,
        reason=reason,
        actor=work.actor,
        now=work.now,
    )


def _end(work: Work, key: str, *, reason: str) -> list[str]:
    """End a phone's standing opt-out; its sources."""
    rows = work.cursor.tuples(
        "UPDATE opt_out SET ended_at = :now, end_reason = :reason, end_actor = :actor"
        " WHERE org_id = :org_id AND phone_key = :key AND ended_at IS NULL RETURNING source",
        now=work.now,
        reason=reason,
        actor=work.actor,
        org_id=work.org.id,
        key=key,
    )
    return [row[0] for row in rows]


def _unblock(work: Work, key: str) -> set[str]:
    rows = work.cursor.tuples(
        "SELECT n.e164 FROM blocked_pair b JOIN message_number n ON n.id = b.number_id"
        " WHERE b.org_id = :org_id AND b.phone_key = :key",
        org_id=work.org.id,
        key=key,
    )
    if rows:
        work.cursor.run(
            "DELETE FROM blocked_pair WHERE org_id = :org_id AND phone_key = :key",
            org_id=work.org.id,
            key=key,
        )
    return {row[0] for row in rows}


def _ended_at(cursor: Cursor, org_id: int, key: str) -> datetime | None:
    """When the phone's newest opt-out ended; None if one stands, or there never was one."""
    row = cursor.one(
        "SELECT CASE WHEN count(*) = count(ended_at) THEN max(ended_at) END AS ended_at"
        " FROM opt_out WHERE org_id = :org_id AND phone_key = :key",
        org_id=org_id,
        key=key,
    )
    return None if row is None else row["ended_at"]


def _got_through(
    cursor: Cursor, org_id: int, number_id: int, to_e164: str, *, since: datetime, before: datetime
) -> bool:
    """Whether the carrier took a text from the number to the phone that was claimed meanwhile."""
    found = cursor.value(
        "SELECT 1 FROM message_attempt a JOIN message m ON m.id = a.message_id"
        " WHERE a.number_id = :number_id AND a.claimed_at > :since AND a.claimed_at < :before"
        " AND a.status IN ('sent', 'delivered') AND m.org_id = :org_id AND m.to_e164 = :to_e164"
        " LIMIT 1",
        number_id=number_id,
        since=since,
        before=before,
        org_id=org_id,
        to_e164=to_e164,
    )
    return found is not None


def _is_known(cursor: Cursor, org_id: int, e164: str) -> bool:
    found = cursor.value(
        "SELECT 1 FROM client_phone WHERE org_id = :org_id AND e164 = :e164",
        org_id=org_id,
        e164=e164,
    )
    return found is not None


def _waiting(cursor: Cursor, org_id: int, client_id: int) -> int:
    return int(
        cursor.value(
            "SELECT count(*) FROM message WHERE status = 'queued' AND thread_id ="
            " (SELECT id FROM thread WHERE org_id = :org_id AND client_id = :client_id)",
            org_id=org_id,
            client_id=client_id,
        )
    )


def _locked(work: Work, text: str) -> ClientKey:
    """The client, whose phones nobody changes until the commit."""
    key = find_client(work.cursor, work.org.id, text)
    if not work.cursor.is_sqlite:
        work.cursor.tuples("SELECT 1 FROM client WHERE id = :id FOR UPDATE", id=key.id)
    return key
