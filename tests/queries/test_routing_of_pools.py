"""Facts that leave out pool numbers, against the ORM's loader and the naive rules, which know all.

Rows are made by chance and not by the services, so that pools are full, far away, used a minute ago
or in quarantine.
"""

import random
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, col, select

from petmsg.enums.messages import AttemptStatus, StoredRule
from petmsg.enums.numbers import NumberClass, NumberStatus
from petmsg.models import Message, MessageAttempt, MessageNumber, NumberLedgerEntry, Thread
from petmsg.queries import routing, routing_of_many
from petmsg.queries.lookup import find_client
from petmsg.queries.org import find_org
from petmsg.queries.routing import read_facts
from petmsg.queries.routing_of_many import read_facts_of_many
from petmsg.rules.routing import Facts, decide
from petmsg.services.numbers import number
from petmsg.services.orgs import org as org_service
from petmsg.services.outbox import queue
from petmsg.services.people import client
from petmsg.services.unit_of_work import UnitOfWork
from tests.queries.test_routing import Loader
from tests.rules.routing import naive
from tests.support.fixtures import NOW, add_org, looking, working

HOUR = timedelta(hours=1)
HOURS = 8
PHONES = (
    "+14155551001", "+14155551002", "+447700900123", "+33612345678",
    "+14155551003", "+14155551004", "+14155551005", "+14155551006",
)  # fmt: skip
ASKED = 4
"""So many of the clients are asked about; the others only use the pool."""
COUNTRIES = ("+1415555{:04}", "+1415555{:04}", "+44770090{:04}", "+4915112{:06}")


def fill(uow: UnitOfWork, chance: random.Random, countries: int, numbers: int) -> None:
    """Numbers with a past of `HOURS` hours from `NOW` on, and messages from them."""
    session, org_id = uow.session, uow.org.id
    for place, phone in enumerate(PHONES, start=1):
        client.add(uow, f"Client {place}", phones=[phone], ref=f"C-{place}")
        queue.queue(uow, f"C-{place}", body="Hi")
    session.flush()
    born = {}
    for number_id in chance.sample(range(200, 200 + numbers), numbers):
        e164 = chance.choice(COUNTRIES[:countries]).format(number_id)
        hours = sorted(chance.sample(range(HOURS), chance.randint(1, 3)))
        rows = [_row(chance, number_id, NOW + HOUR * hour, org_id) for hour in hours]
        last = rows[-1]
        born[number_id] = hours[0]
        session.add(
            MessageNumber(
                id=number_id,
                org_id=org_id,
                e164=e164,
                number_class=last.number_class,
                status=last.status,
                quarantined_until=last.quarantined_until,
                quarantine_reason="why" if last.quarantined_until else None,
                created_at=rows[0].from_at,
                mms=chance.choice((None, True, False)),
                last_used_at=chance.choice((None, *(NOW - HOUR * each for each in range(1, 4)))),
            )
        )
        session.flush()
        session.add_all(rows)
    session.flush()
    _use(session, chance, org_id, born)


def _row(chance: random.Random, number_id: int, at: datetime, org_id: int) -> NumberLedgerEntry:
    number_class = chance.choice((*[NumberClass.POOL] * 5, NumberClass.SITTER))
    status = chance.choice(
        (*[NumberStatus.ACTIVE] * 4, *[NumberStatus.QUARANTINED] * 2, NumberStatus.RETIRED)
    )
    if number_class is NumberClass.POOL and chance.random() < 0.15:
        number_class, status = NumberClass.FRONT_DESK, NumberStatus.QUARANTINED
    until = None
    if status is NumberStatus.QUARANTINED:
        until = NOW + HOUR * chance.randint(1, 2 * HOURS)
    return NumberLedgerEntry(
        org_id=org_id,
        number_id=number_id,
        from_at=at,
        number_class=number_class,
        status=status,
        quarantined_until=until,
        reason="why",
        actor="ann",
    )


def _use(session: Session, chance: random.Random, org_id: int, born: dict[int, int]) -> None:
    """Attempts from the numbers, as a claim stores them. In the first hours the pool lends most of
    them, so that the numbers that were used longest ago are those of many threads."""
    tries: Counter[int] = Counter()
    for minutes in sorted(chance.sample(range(60 * HOURS), 40)):
        text, number_id = chance.randint(1, len(PHONES)), chance.choice(list(born))
        at = NOW + timedelta(minutes=minutes)
        if at < NOW + HOUR * born[number_id]:
            continue
        message, row = session.get(Message, text), session.get(MessageNumber, number_id)
        assert message is not None
        assert row is not None
        thread = session.get(Thread, message.thread_id)
        assert thread is not None
        is_lent = chance.random() < (0.9 if minutes < 30 * HOURS else 0.1)
        rule = StoredRule.POOL if is_lent else StoredRule.FRONT_DESK
        tries[text] += 1
        session.add(
            MessageAttempt(
                org_id=org_id,
                message_id=text,
                attempt=tries[text],
                thread_id=thread.id,
                number_id=number_id,
                rule=rule,
                status=AttemptStatus.PUT_BACK,
                claimed_at=at,
            )
        )
        row.last_used_at = at
        if rule is StoredRule.POOL:
            thread.pool_number_id = number_id
        session.flush()


def agrees(read: Facts, everything: Facts, at: datetime) -> None:
    """The same Decision, and what the naive rules say of everything."""
    decision, expected = decide(read, at), naive.expect(everything, at)
    assert decision == decide(everything, at)
    number = decision.number
    assert (number and (number.e164, str(number.number_class), number.sitter)) == expected.number
    assert [step.code for step in decision.trace] == [code for _, _, _, code in expected.trace]


@pytest.mark.parametrize(("countries", "numbers"), [(1, 5), (2, 14), (4, 14)])
def test_a_decision_is_that_of_all_pool_numbers(
    migrated_url: str, countries: int, numbers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("AT_FIRST", 1), ("TIMES_MORE", 2)):
        monkeypatch.setattr(routing, name, value)
        monkeypatch.setattr(routing_of_many, name, value)
    chance = random.Random(countries)
    add_org(migrated_url, front_desk="+14155550100")
    with working(migrated_url, now=NOW) as uow:
        fill(uow, chance, countries, numbers)
    unread: Counter[str] = Counter()
    codes: Counter[str] = Counter()
    now = NOW + HOUR * HOURS
    for minutes in (45, 200, 310, 60 * HOURS, 60 * (HOURS + 3)):
        at = NOW + timedelta(minutes=minutes)
        past = at < now
        for limit in (0, 1, 2):
            with working(migrated_url, now=now) as uow:
                org_service.change(uow, pool_threads_per_number=limit)
                org, wanted, expected = uow.org, [], []
                loader = Loader(uow.session, at, past=past)
                for place in range(1, ASKED + 1):
                    key = find_client(uow.cursor, org.id, f"C-{place}")
                    everything = loader.facts(key.ref)
                    wanted.append((key, at))
                    expected.append(everything)
                    for with_media in (False, True):
                        read = read_facts(
                            uow.cursor, org, key, at=at, past=past, with_media=with_media
                        )
                        agrees(read, everything._replace(with_media=with_media), at)
                        code = decide(read, at).trace[-1].code
                        codes[code] += 1
                        unread[code] += len(everything.pool) - len(read.pool)
                if not past:
                    together = read_facts_of_many(uow.cursor, org, wanted)
                    for read, everything in zip(together, expected, strict=True):
                        agrees(read, everything, at)
    if numbers > 5:
        assert unread["POOL_LEAST_RECENTLY_USED"] > 20, unread
        assert unread["POOL_STICKY"] > 10, unread
    else:
        assert codes["FRONT_DESK"] > 3, codes


@pytest.mark.parametrize("past", [False, True])
@pytest.mark.parametrize(
    ("phone", "only", "others"),
    [
        ("+447700900123", "+447700900001", "+1415555{:04}"),
        ("+14155551001", "+14155550001", "+44770090{:04}"),
    ],
    ids=["the highest", "the lowest"],
)
def test_the_one_number_of_the_clients_country_is_found_behind_all_others(
    migrated_url: str, past: bool, phone: str, only: str, others: str
) -> None:
    add_org(migrated_url, front_desk=others.format(100))
    with working(migrated_url, now=NOW) as uow:
        client.add(uow, "Ann", phones=[phone], ref="C-1")
        for place in range(30):
            number.add(uow, others.format(200 + place), number_class=NumberClass.POOL)
        number.add(uow, only, number_class=NumberClass.POOL)
    with looking(migrated_url) as cursor:
        org = find_org(cursor, None)
        ann = find_client(cursor, org.id, "C-1")
        at = NOW + HOUR
        chosen = decide(read_facts(cursor, org, ann, at=at, past=past), at).number
        (together,) = read_facts_of_many(cursor, org, [(ann, at)])
    assert chosen is not None
    assert chosen.e164 == only
    assert decide(together, at).number == chosen


def test_an_imported_use_is_none_in_the_past(migrated_url: str) -> None:
    """No attempt of ours used the numbers: the one with the lowest ID is lent, although it is the
    last in today's order, and neither the lowest nor the highest by its digits."""
    add_org(migrated_url, front_desk="+14155550100")
    with working(migrated_url, now=NOW) as uow:
        client.add(uow, "Ann", phones=["+14155551001"], ref="C-1")
        for place in (5, *range(5), *range(6, 12)):
            number.add(uow, f"+1415555{200 + place:04}", number_class=NumberClass.POOL)
        _, *rows = list(uow.session.exec(select(MessageNumber).order_by(col(MessageNumber.id))))
        for hours, each in enumerate(rows, start=1):
            each.last_used_at = NOW - HOUR * hours
    with looking(migrated_url) as cursor:
        org = find_org(cursor, None)
        ann = find_client(cursor, org.id, "C-1")
        read = read_facts(cursor, org, ann, at=NOW + HOUR, past=True)
    chosen = decide(read, NOW + HOUR).number
    assert chosen is not None
    assert chosen.e164 == "+14155550205"


@pytest.mark.parametrize("past", [False, True])
@pytest.mark.parametrize("used", [(), range(9, 12), range(12)])
def test_the_last_number_is_not_lent_before_those_between(
    migrated_url: str, past: bool, used: Sequence[int]
) -> None:
    """The first ones cannot send pictures. Of those after them the oldest that can is lent, and not
    the highest, nor a used one where one was never used."""
    add_org(migrated_url, front_desk="+14155550100")
    with working(migrated_url, now=NOW) as uow:
        client.add(uow, "Ann", phones=["+14155551001"], ref="C-1")
        for place in range(12):
            number.add(uow, f"+1415555{200 + place:04}", number_class=NumberClass.POOL)
        _, *rows = list(uow.session.exec(select(MessageNumber).order_by(col(MessageNumber.id))))
        for each in rows[:5]:
            each.mms = False
        for place in used:
            rows[place].last_used_at = NOW - HOUR
    with looking(migrated_url) as cursor:
        org = find_org(cursor, None)
        ann = find_client(cursor, org.id, "C-1")
        at = NOW + HOUR
        read = read_facts(cursor, org, ann, at=at, past=past, with_media=True)
    chosen = decide(read, at).number
    assert chosen is not None
    assert chosen.e164 == "+14155550205"
