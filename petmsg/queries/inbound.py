"""The facts about an inbound message: whose number it was, whose phone, and which windows.

Numbers, holders and sitters are as they were at the instant, by the ledger. Its last row is today's
state, so that one set of statements serves the past, now and the future. A message that is older
than the ledger of its number is read as if it came when the ledger begins: the number is ours, and
the ledger knows nothing before.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from petmsg.db.cursor import Cursor
from petmsg.enums.messages import AttemptStatus
from petmsg.enums.numbers import NumberClass, NumberStatus
from petmsg.enums.opt_outs import Keyword
from petmsg.enums.routing import Rule
from petmsg.phone import phone_key
from petmsg.queries.org import OrgRow
from petmsg.queries.override import holding_overrides
from petmsg.queries.senders import Sender, find_sender
from petmsg.rules.keywords import START_FOR_OPTED_OUT, keyword_of, plain_word
from petmsg.rules.routing.facts import NumberFact, OverrideFact, WindowFact
from petmsg.rules.routing.inbound import HolderFact, InboundFacts

NUMBER = """
SELECT n.id, n.e164, c.class AS number_class, c.status, c.quarantined_until,
       s.ref AS sitter, s.name AS sitter_name, s.phone AS sitter_phone
FROM message_number n
JOIN number_custody c ON c.number_id = n.id AND c.from_at = coalesce(
    (SELECT max(l.from_at) FROM number_custody l
      WHERE l.number_id = n.id AND l.from_at <= :ledger_at),
    (SELECT min(l.from_at) FROM number_custody l WHERE l.number_id = n.id)
)
LEFT JOIN sitter s ON s.id = c.sitter_id
WHERE n.org_id = :org_id AND n.e164 IN (:e164s)
"""

WINDOWS = """
SELECT t.client_id, b.id AS booking_id, b.ref AS booking, w.starts_at, w.booked_until, w.ends_at,
       s.ref AS sitter, s.name AS sitter_name,
       CASE WHEN EXISTS (
           SELECT 1 FROM sitter_activity a WHERE a.sitter_id = w.sitter_id
             AND a.activated_at <= :ledger_at
             AND (a.offboarded_at IS NULL OR a.offboarded_at > :ledger_at)
       ) THEN 1 ELSE 0 END AS sitter_active
FROM thread t
JOIN assignment_window w ON w.thread_id = t.id
JOIN booking b ON b.id = w.booking_id AND b.status = 'confirmed'
LEFT JOIN sitter s ON s.id = w.sitter_id
WHERE t.org_id = :org_id AND t.client_id IN (:client_ids)
  AND w.ends_at > :at AND w.starts_at <= :at
ORDER BY w.starts_at DESC, b.id DESC
"""

# Whose the number was when the client last had messages from it. One whose outcome is unknown, or
# that the carrier did not deliver, may have reached them.
LAST_SEEN = """
SELECT a.status, a.rule, s.ref AS sitter, s.name AS sitter_name,
       CASE WHEN a.provider_message_id IS NULL THEN 0 ELSE 1 END AS was_accepted
FROM thread t
JOIN message_attempt a ON a.thread_id = t.id AND a.number_id = :number_id
JOIN number_custody c ON c.number_id = a.number_id AND c.from_at = (
    SELECT max(l.from_at) FROM number_custody l
    WHERE l.number_id = a.number_id AND l.from_at <= a.claimed_at
)
LEFT JOIN sitter s ON s.id = c.sitter_id
WHERE t.org_id = :org_id AND t.client_id = :client_id
  AND a.claimed_at <= :at
  AND (a.provider_message_id IS NOT NULL OR a.status IN ('sending', 'unknown'))
ORDER BY a.claimed_at DESC, a.id DESC LIMIT 20
"""


def _of_each_asked(text: str) -> str:
    """`LAST_SEEN` as a part of a statement that asks it for many clients and numbers."""
    return (
        text.replace("AS was_accepted", "AS was_accepted, a.claimed_at, a.id")
        .replace(":client_id", "asked.client_id")
        .replace(":number_id", "asked.number_id")
    )


# For a server that is asked over a connection.
LAST_SEEN_TOGETHER = f"""
SELECT asked.client_id, asked.number_id, seen.status, seen.rule, seen.sitter, seen.sitter_name,
       seen.was_accepted
FROM unnest(CAST(:client_ids AS bigint[]), CAST(:number_ids AS bigint[]))
     AS asked (client_id, number_id)
CROSS JOIN LATERAL ({_of_each_asked(LAST_SEEN)}) seen
ORDER BY seen.claimed_at DESC, seen.id DESC
"""

ORGS_OF_NUMBERS = """
SELECT n.e164, o.slug FROM message_number n JOIN org o ON o.id = n.org_id
WHERE n.e164 IN (:e164s) AND o.removed_at IS NULL
"""

OPTED_OUT_AT = """
SELECT 1 FROM opt_out WHERE org_id = :org_id AND phone_key = :phone_key
  AND opted_out_at <= :at AND (ended_at IS NULL OR ended_at > :at) LIMIT 1
"""

STORED = """
SELECT m.provider_message_id, m.id, m.org_id, m.direction, m.to_e164, m.decision, i.keyword,
       i.received_at,
       c.ref AS client, c.name AS client_name, s.ref AS sitter, s.name AS sitter_name
FROM message m
LEFT JOIN inbound_text i ON i.message_id = m.id
LEFT JOIN client c ON c.id = m.client_id
LEFT JOIN sitter s ON s.id = i.sitter_id
WHERE m.provider_message_id IN (:ids)
"""

_REACHED = (AttemptStatus.SENT, AttemptStatus.DELIVERED)

_NO_LATER = datetime(9999, 1, 1, tzinfo=UTC)

_SET_KEYWORD = "UPDATE inbound_text SET keyword = :keyword WHERE message_id = :id"

_SITTER_ID_OF_MESSAGE = "SELECT sitter_id FROM inbound_text WHERE message_id = :id"

_MEDIA_COUNT = "SELECT media_count FROM inbound_text WHERE message_id = :id"


class StoredMessage(NamedTuple):
    """A message that is stored already. `decision` is JSON; `received_at` (aware UTC) is None for
    one that was sent."""

    provider_message_id: str
    id: int
    org_id: int
    direction: str
    to_e164: str | None
    decision: str | None
    keyword: str | None
    received_at: datetime | None
    client: str | None
    client_name: str | None
    sitter: str | None
    sitter_name: str | None


class CalledNumber(NamedTuple):
    """A number of the org's that was written to, and who held it then."""

    id: int
    e164: str
    number_class: str
    status: str
    quarantined_until: datetime | None
    sitter: str | None
    sitter_name: str | None
    sitter_phone: str | None


class _NumbersOrg(NamedTuple):
    e164: str
    slug: str


class LastSeen(NamedTuple):
    """A message that the client had from a number, and who held it then."""

    status: str
    rule: str
    sitter: str | None
    sitter_name: str | None
    was_accepted: int


class ClientFacts(NamedTuple):
    """What holds for a client's thread at an instant: the windows that run, and the override."""

    windows: tuple[WindowFact, ...] = ()
    override: OverrideFact | None = None


class _Window(NamedTuple):
    client_id: int
    booking_id: int
    booking: str
    starts_at: datetime
    booked_until: datetime
    ends_at: datetime
    sitter: str | None
    sitter_name: str | None
    sitter_active: int


def org_of_number(cursor: Cursor, e164: str) -> str | None:
    """The slug of the org that has, or had, the number; None if it was never ours, or if the org
    was removed."""
    return orgs_of_numbers(cursor, [e164]).get(e164)


def orgs_of_numbers(cursor: Cursor, e164s: Sequence[str]) -> dict[str, str]:
    """`org_of_number` of each number that an org has or had."""
    found = cursor.all_in_list(_NumbersOrg, ORGS_OF_NUMBERS, "e164s", list(dict.fromkeys(e164s)))
    return {each.e164: each.slug for each in found}


def read_inbound_facts(
    cursor: Cursor,
    org: OrgRow,
    *,
    to_e164: str,
    from_phone: str,
    at: datetime,
    past: bool,
    body: str = "",
    said: Keyword | None = None,
    sender: Sender | None = None,
    number: CalledNumber | None = None,
    client: ClientFacts | None = None,
    last: Sequence[LastSeen] | None = None,
) -> InboundFacts | None:
    """The facts about a message from that phone to that number at `at` (aware UTC).

    `past` says whether `at` lies before the command's own now; else numbers, holders and sitters
    are today's. `said` is the keyword that the provider reported: the account may have its own
    word for STOP. `sender` is who has the phone; `number` and `client` are the facts of
    the number and of the sender's thread as of now, and `last` what they last had from the number.
    What is not given is looked up. None where the number is not the org's.
    """
    ledger_at = at if past else _NO_LATER
    row = number
    if past or row is None:
        row = called_numbers(cursor, org, [to_e164], ledger_at=ledger_at).get(to_e164)
    if row is None:
        return None
    is_hers = row.sitter_phone is not None and row.sitter_phone == from_phone
    if sender is None:
        sender = find_sender(cursor, org.id, from_phone)
    holder = _holder(row)
    if said is not Keyword.STOP:
        said = keyword_of(body, opted_out=_may_opt_in(cursor, org, from_phone, body, at)) or said
    facts = InboundFacts(
        org=org.slug,
        timezone=org.timezone,
        number=NumberFact(
            row.id,
            row.e164,
            NumberClass(row.number_class),
            NumberStatus(row.status),
            row.quarantined_until,
        ),
        holder=holder,
        keyword=said,
        sender=holder if is_hers else _sitter(sender),
        to_own_number=is_hers,
        relay=org.relay,
    )
    if sender.client is None:
        return facts
    client_id = sender.client.id
    if past or last is None:
        last = cursor.all(
            LastSeen, LAST_SEEN, number_id=row.id, org_id=org.id, client_id=client_id, at=at
        )
    seen = next((each for each in last if each.was_accepted), None)
    if past or client is None:
        client = client_facts(cursor, org, [client_id], at=at, ledger_at=ledger_at)[client_id]
    return facts._replace(
        client=sender.client.ref,
        windows=client.windows,
        seen=seen is not None,
        seen_holder=_holder(seen) if seen is not None else None,
        override=client.override,
        desk_wrote=holder is not None and _may_answer_the_company(last),
    )


def called_numbers(
    cursor: Cursor, org: OrgRow, e164s: Sequence[str], *, ledger_at: datetime = _NO_LATER
) -> dict[str, CalledNumber]:
    """Those of the numbers that are the org's, as they were by the ledger at `ledger_at` (aware
    UTC); without it as they are now."""
    found = cursor.all_in_list(
        CalledNumber, NUMBER, "e164s", e164s, org_id=org.id, ledger_at=ledger_at
    )
    return {each.e164: each for each in found}


def client_facts(
    cursor: Cursor,
    org: OrgRow,
    client_ids: Sequence[int],
    *,
    at: datetime,
    ledger_at: datetime = _NO_LATER,
) -> dict[int, ClientFacts]:
    """The facts of each of these clients' threads at `at` (aware UTC); sitters are as they were by
    the ledger at `ledger_at`, without it as they are now."""
    windows: dict[int, list[WindowFact]] = {}
    for each in cursor.all_in_list(
        _Window, WINDOWS, "client_ids", client_ids, org_id=org.id, at=at, ledger_at=ledger_at
    ):
        windows.setdefault(each.client_id, []).append(_window(each))
    overrides = {
        client_id: OverrideFact(each.starts_at, each.ends_at)
        for client_id, each in holding_overrides(cursor, client_ids, at).items()
    }
    return {
        each: ClientFacts(tuple(windows.get(each, ())), overrides.get(each)) for each in client_ids
    }


def last_seen(
    cursor: Cursor, org: OrgRow, pairs: Sequence[tuple[int, int]], *, at: datetime
) -> dict[tuple[int, int], list[LastSeen]]:
    """What each client of the pairs, as of `at` (aware UTC), last had from the number beside it,
    the newest first. By their ids. Empty where a question takes no time to be answered."""
    if not cursor.writes_together or not pairs:
        return {}
    found: dict[tuple[int, int], list[LastSeen]] = {pair: [] for pair in pairs}
    for client_id, number_id, *seen in cursor.tuples(
        LAST_SEEN_TOGETHER,
        client_ids=[client for client, _ in pairs],
        number_ids=[number for _, number in pairs],
        org_id=org.id,
        at=at,
    ):
        found[client_id, number_id].append(LastSeen._make(seen))
    return found


def _may_answer_the_company(last: Sequence[LastSeen]) -> bool:
    """Whether the last of these messages that reached the client, or one after it that may have,
    was sent when no sitter held the number.

    The rule is asked too: a number that was assigned while it sent is its sitter's by the ledger.
    """
    for each in last:
        if each.sitter is None or each.rule != Rule.ACTIVE_WINDOW:
            return True
        if each.status in _REACHED:
            return False
    return False


def _holder(row: CalledNumber | LastSeen) -> HolderFact | None:
    if row.sitter is None or row.sitter_name is None:
        return None
    return HolderFact(row.sitter, row.sitter_name)


def _sitter(sender: Sender) -> HolderFact | None:
    return None if sender.sitter is None else HolderFact(sender.sitter.ref, sender.sitter.name)


def _may_opt_in(cursor: Cursor, org: OrgRow, phone: str, body: str, at: datetime) -> bool:
    """Whether an everyday word means START: the phone was opted out when it was sent."""
    if plain_word(body) not in START_FOR_OPTED_OUT:
        return False
    found = cursor.value(OPTED_OUT_AT, org_id=org.id, phone_key=phone_key(org.slug, phone), at=at)
    return found is not None


def _window(row: _Window) -> WindowFact:
    fields = row._asdict()
    del fields["client_id"]
    return WindowFact(**{**fields, "sitter_active": bool(row.sitter_active)})


def set_keyword(cursor: Cursor, *, keyword: str, message_id: int) -> None:
    """What a stored message means to the carriers."""
    cursor.run(_SET_KEYWORD, keyword=keyword, id=message_id)


def sitter_id_of_message(cursor: Cursor, message_id: int) -> int:
    """The sitter whom an inbound message is for, or from."""
    found: int = cursor.value(_SITTER_ID_OF_MESSAGE, id=message_id)
    return found


def media_count(cursor: Cursor, message_id: int) -> int:
    """How many pictures an inbound message has."""
    found: int = cursor.value(_MEDIA_COUNT, id=message_id)
    return found


def stored_message(cursor: Cursor, provider_message_id: str) -> StoredMessage | None:
    """The message of any org that has this id at the provider."""
    return stored_messages(cursor, [provider_message_id]).get(provider_message_id)


def stored_messages(cursor: Cursor, ids: Sequence[str]) -> dict[str, StoredMessage]:
    """`stored_message` of each of these ids that is stored."""
    found = cursor.all_in_list(StoredMessage, STORED, "ids", ids)
    return {each.provider_message_id: each for each in found}
