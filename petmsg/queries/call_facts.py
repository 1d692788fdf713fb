"""The facts about a phone call: those about a message from the same phone, and what rings need.

As for a message, numbers and sitters are as they were at the instant; the org's settings, the
phones and the numbers' voice are today's.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from petmsg.db.cursor import Cursor
from petmsg.enums.calls import CallerKind
from petmsg.enums.numbers import NumberClass, NumberStatus
from petmsg.enums.people import ClientKind
from petmsg.queries.inbound import read_inbound_facts
from petmsg.queries.lookup import ClientKey
from petmsg.queries.org import OrgRow
from petmsg.queries.relay import read_clients_around
from petmsg.queries.routing import read_facts
from petmsg.queries.senders import Sender, find_sender
from petmsg.queries.sitter_number import front_desks
from petmsg.rules.routing.call import CallClient, CallFacts, can_show
from petmsg.rules.routing.decide import decide
from petmsg.rules.routing.facts import Facts, NumberFact, SpeakerFact, VoiceFact
from petmsg.rules.routing.inbound import InboundFacts
from petmsg.rules.routing.relay import MOST_OPTIONS, OpenClient
from petmsg.rules.send_blocks import quiet_hours, quiet_until

NOBODYS_PHONE = Sender(None, None)
LIMIT_COUNTS = timedelta(hours=1)
"""The time in which the calls of one phone are counted."""

DESKS_AT = """
SELECT n.id, n.e164, c.class AS number_class, c.status, c.quarantined_until
FROM number_custody c
JOIN message_number n ON n.id = c.number_id
WHERE c.org_id = :org_id AND c.class = 'front_desk' AND c.from_at = (
    SELECT max(l.from_at) FROM number_custody l
    WHERE l.number_id = c.number_id AND l.from_at <= :at
)
"""

# A number that can be shown; the ledger's last row is today's state.
SPARE_AT = """
SELECT n.id, n.e164, c.class AS number_class, c.status, c.quarantined_until
FROM number_custody c
JOIN message_number n ON n.id = c.number_id
WHERE c.org_id = :org_id AND c.from_at = (
    SELECT max(l.from_at) FROM number_custody l
    WHERE l.number_id = c.number_id AND l.from_at <= :ledger_at
)
  AND (c.status = 'active' OR (c.status = 'quarantined' AND c.quarantined_until <= :at))
  AND (n.voice IS NULL OR n.voice)
ORDER BY CASE c.class WHEN 'front_desk' THEN 0 WHEN 'pool' THEN 1 ELSE 2 END, n.id LIMIT 1
"""

SILENT = "SELECT id FROM message_number WHERE org_id = :org_id AND id IN (:ids) AND NOT voice"

OWN_NUMBER = "SELECT 1 FROM message_number WHERE e164 = :e164"

PHONE_OF_A_SITTER = "SELECT 1 FROM sitter WHERE org_id = :org_id AND phone = :phone LIMIT 1"

CALLS_OF_PHONE = """
SELECT count(*) FROM (
    SELECT 1 FROM call WHERE org_id = :org_id AND from_phone = :from_phone
      AND started_at > :since AND started_at <= :at LIMIT :limit
) counted
"""

# The phone of an erased client is gone as well, but the call is still a client's.
CALLS_WITHHELD = """
SELECT count(*) FROM (
    SELECT 1 FROM call WHERE org_id = :org_id AND from_phone IS NULL AND caller = 'unknown'
      AND started_at > :since AND started_at <= :at LIMIT :limit
) counted
"""

SITTER_OF_REF = "SELECT id FROM sitter WHERE org_id = :org_id AND ref = :ref"

WAS_ACTIVE = """
SELECT 1 FROM sitter_activity WHERE sitter_id = :sitter_id AND activated_at <= :at
  AND (offboarded_at IS NULL OR offboarded_at > :at) LIMIT 1
"""

KIND_AND_PHONE = """
SELECT c.kind, p.e164 FROM client c
LEFT JOIN client_phone p ON p.client_id = c.id AND p.is_primary
WHERE c.org_id = :org_id AND c.id = :client_id
"""

_NO_LATER = datetime(9999, 1, 1, tzinfo=UTC)


class _Number(NamedTuple):
    id: int
    e164: str
    number_class: str
    status: str
    quarantined_until: datetime | None


class _Caller(NamedTuple):
    kind: CallerKind
    ref: str | None = None
    name: str | None = None


def read_call_facts(
    cursor: Cursor,
    org: OrgRow,
    *,
    to_e164: str,
    from_phone: str | None,
    at: datetime,
    past: bool,
    sender: Sender | None = None,
) -> CallFacts | None:
    """The facts about a call from that phone (None: withheld) to that number at `at` (aware UTC).

    `past` says whether `at` lies before the command's own now. `sender` is who has the phone,
    looked up if it is not given. None where the number is not the org's.
    """
    if sender is None:
        sender = NOBODYS_PHONE if from_phone is None else find_sender(cursor, org.id, from_phone)
    inbound = read_inbound_facts(
        cursor,
        org._replace(relay=True),
        to_e164=to_e164,
        from_phone=from_phone or "",
        at=at,
        past=past,
        sender=sender,
    )
    if inbound is None:
        return None
    caller = _caller(inbound, sender)
    clients: tuple[CallClient, ...] = ()
    if inbound.to_own_number:
        clients = _open_clients(cursor, org, caller, from_phone, at=at, past=past)
    desks = _desks(cursor, org, at, past=past)
    told = (inbound.number, *desks, *(each.caller_id for each in clients if each.caller_id))
    silent = _silent(cursor, org, {each.id for each in told})
    spare = None
    if not any(can_show(each, silent, at) for each in (inbound.number, *desks)):
        spare = _spare(cursor, org, at, past=past)
    office = quiet_hours(org.open_from_minute, org.open_until_minute)
    return CallFacts(
        inbound,
        caller.kind,
        caller.ref,
        caller.name,
        open=clients,
        desks=desks,
        spare=spare,
        silent=silent,
        has_desk_phone=org.desk_phone is not None,
        desk_is_a_sitters=org.desk_phone is not None
        and cursor.value(PHONE_OF_A_SITTER, org_id=org.id, phone=org.desk_phone) is not None,
        desk_calls=from_phone is not None and from_phone == org.desk_phone,
        is_open=office is None or quiet_until(office, at, org.timezone) is not None,
        holder_calls=inbound.to_own_number,
        takes_voicemail=org.voicemail,
        ring_seconds=org.ring_seconds,
        calls_before=_calls_before(cursor, org, from_phone, at),
        calls_per_hour=org.calls_per_hour,
        from_own_number=from_phone is not None
        and cursor.value(OWN_NUMBER, e164=from_phone) is not None,
    )


def _caller(inbound: InboundFacts, sender: Sender) -> _Caller:
    """Who calls, as the rules for a message see it: the holder of the number before a client, and a
    client before any other sitter."""
    holder = inbound.sender
    if inbound.to_own_number and holder is not None:
        return _Caller(CallerKind.SITTER, holder.sitter, holder.name)
    if sender.client is not None:
        return _Caller(CallerKind.CLIENT, sender.client.ref, sender.client.name)
    if holder is not None:
        return _Caller(CallerKind.SITTER, holder.sitter, holder.name)
    return _Caller(CallerKind.UNKNOWN)


def _open_clients(
    cursor: Cursor,
    org: OrgRow,
    sitter: _Caller,
    from_phone: str | None,
    *,
    at: datetime,
    past: bool,
) -> tuple[CallClient, ...]:
    """The clients of the sitter's open windows, as for a message that the sitter sends."""
    sitter_id = cursor.value(SITTER_OF_REF, org_id=org.id, ref=sitter.ref)
    was_active = None
    if past:
        was_active = cursor.value(WAS_ACTIVE, sitter_id=sitter_id, at=at) is not None
    around = read_clients_around(cursor, org, sitter_id, at=at, now=at, was_active=was_active)
    voice = VoiceFact(SpeakerFact(sitter.ref or "", sitter.name or "", own_number_only=False))
    is_open = [each.client for each in around if each.is_open]
    return tuple(
        _client(cursor, org, each, voice, from_phone, at=at, past=past)
        if place < MOST_OPTIONS
        else CallClient(each.ref, each.name, None)
        for place, each in enumerate(is_open)
    )


def _client(
    cursor: Cursor,
    org: OrgRow,
    client: OpenClient,
    voice: VoiceFact,
    from_phone: str | None,
    *,
    at: datetime,
    past: bool,
) -> CallClient:
    ((kind, phone),) = cursor.tuples(KIND_AND_PHONE, org_id=org.id, client_id=client.id)
    key = ClientKey(client.id, client.ref, client.name, ClientKind(kind))
    facts = read_facts(cursor, org, key, at=at, past=past, voice=voice, phone=phone)
    override = facts.override
    return CallClient(
        client.ref,
        client.name,
        _sent_from(facts, at),
        is_caller=phone == from_phone,
        is_overridden=override is not None and override.starts_at <= at < override.until,
    )


def _sent_from(facts: Facts, at: datetime) -> NumberFact | None:
    """The number that a message would be sent from."""
    chosen = decide(facts, at).number
    if chosen is None:
        return None
    held = (each.number for each in facts.windows if each.number is not None)
    known: Iterable[NumberFact] = (*held, *(each.number for each in facts.pool), *facts.desks)
    return next(each for each in known if each.id == chosen.id)


def _desks(cursor: Cursor, org: OrgRow, at: datetime, *, past: bool) -> tuple[NumberFact, ...]:
    if not past:
        return front_desks(cursor, org)
    return tuple(_fact(each) for each in cursor.all(_Number, DESKS_AT, org_id=org.id, at=at))


def _spare(cursor: Cursor, org: OrgRow, at: datetime, *, past: bool) -> NumberFact | None:
    ledger_at = at if past else _NO_LATER
    found = cursor.first(_Number, SPARE_AT, org_id=org.id, at=at, ledger_at=ledger_at)
    return None if found is None else _fact(found)


def _fact(row: _Number) -> NumberFact:
    return NumberFact(
        row.id,
        row.e164,
        NumberClass(row.number_class),
        NumberStatus(row.status),
        row.quarantined_until,
    )


class _Id(NamedTuple):
    id: int


def _silent(cursor: Cursor, org: OrgRow, ids: set[int]) -> frozenset[int]:
    """Those of the numbers that are known to take no calls."""
    listed: Sequence[int] = sorted(ids)
    found = cursor.all_in_list(_Id, SILENT, "ids", listed, org_id=org.id)
    return frozenset(each.id for each in found)


def _calls_before(cursor: Cursor, org: OrgRow, from_phone: str | None, at: datetime) -> int:
    """How many calls came from the phone in the hour up to `at`, counted up to the limit. Rejected
    ones count too, and withheld phones count together."""
    within = {"since": at - LIMIT_COUNTS, "at": at, "limit": org.calls_per_hour}
    if from_phone is None:
        found = cursor.value(CALLS_WITHHELD, org_id=org.id, **within)
    else:
        found = cursor.value(CALLS_OF_PHONE, org_id=org.id, from_phone=from_phone, **within)
    return int(found)
