"""Histories that leave out pool numbers, against those that have all of them and against the naive
rules. Worlds are those of `test_routing_of_pools`."""

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from unittest import mock

import pytest

from petmsg.db.cursor import Cursor
from petmsg.enums.numbers import NumberClass, NumberStatus
from petmsg.models import MessageNumber
from petmsg.queries.lookup import find_client
from petmsg.queries.org import OrgRow, find_org
from petmsg.queries.state_intervals import OrgHistory, Span, read_org_history
from petmsg.rules.routing.simulate import Segment
from petmsg.services.numbers import ledger, number
from petmsg.services.orgs import org as org_service
from petmsg.services.outbox import queue
from petmsg.services.people import client
from petmsg.services.routes import simulate
from tests.queries.test_routing import Loader
from tests.queries.test_routing_of_pools import ASKED, HOUR, HOURS, fill
from tests.rules.routing import naive
from tests.support.fixtures import NOW, add_org, looking, working

ALL = 10**6
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
LATER = NOW + HOUR * HOURS
"""The command's now: the world of `fill` ends here."""
SPANS = [
    Span(NOW + timedelta(minutes=first), NOW + timedelta(minutes=last), LATER)
    for first, last in ((60, 800), (130, 250), (310, 60 * HOURS), (500, 900))
]
# A claim lends no number that the pool never had; `fill` does.
SETTLE = """
UPDATE message_attempt SET rule = 'front_desk' WHERE NOT EXISTS (
    SELECT 1 FROM number_custody c
    WHERE c.number_id = message_attempt.number_id AND c.class = 'pool'
)
"""
# The last use of these numbers did not come with an import: it was an attempt to send.
ATTEMPTS = """
INSERT INTO message_attempt
    (org_id, message_id, attempt, thread_id, number_id, rule, status, claimed_at)
SELECT n.org_id, m.id, 1000 + n.id, m.thread_id, n.id, 'front_desk', 'put_back', n.last_used_at
FROM message_number n JOIN message m ON m.id = 1
WHERE n.last_used_at < n.created_at AND n.id / :but_each * :but_each <> n.id
"""
OLDER = """
UPDATE message_number SET created_at = last_used_at
WHERE last_used_at < created_at AND id / :but_each * :but_each <> id
"""


@contextmanager
def reading(most: int, times_more: int = 2) -> Iterator[Counter[int]]:
    """Simulate with so many pool numbers at first; how often so many were read."""
    read: Counter[int] = Counter()

    def counted(*arguments: object, most: int, **options: object) -> OrgHistory:
        read[most] += 1
        return read_org_history(*arguments, most=most, **options)  # type: ignore[arg-type]

    with (
        mock.patch.object(simulate, "AT_FIRST", most),
        mock.patch.object(simulate, "TIMES_MORE", times_more),
        mock.patch.object(simulate, "read_org_history", counted),
    ):
        yield read


def lived(cursor: Cursor, org: OrgRow, span: Span, only: str | None = None) -> list[list[Segment]]:
    key = None if only is None else find_client(cursor, org.id, only)
    return list(simulate.segments_by_client(cursor, org, span, key))


def pool_of(cursor: Cursor, org: OrgRow, span: Span, most: int) -> set[int]:
    """The pool numbers that are read."""
    history = read_org_history(cursor, org, span, most=most)
    return {each.number.id for pool in history.intervals.pool.states for each in pool}


def agrees(loader: Loader, segment: Segment, at: datetime) -> None:
    """The naive rules say so of everything there is."""
    expected = naive.expect(loader.facts(segment.client), at)
    chosen = segment.route.number
    assert (chosen and (chosen.e164, str(chosen.number_class), chosen.sitter)) == expected.number
    assert segment.route.code == expected.trace[-1][-1]


@pytest.mark.parametrize(("countries", "numbers"), [(1, 6), (1, 26), (2, 40), (4, 14)])
def test_segments_are_those_of_all_pool_numbers(
    migrated_url: str, countries: int, numbers: int
) -> None:
    chance = random.Random(numbers + countries)
    add_org(migrated_url, front_desk="+14155550100")
    with working(migrated_url, now=NOW) as uow:
        fill(uow, chance, countries, numbers)
        uow.session.flush()
        uow.cursor.run(SETTLE)
        for sql in (ATTEMPTS, OLDER):
            uow.cursor.run(sql, but_each=5)
    unread: Counter[Span] = Counter()
    read: Counter[int] = Counter()
    for limit in (0, 1, 2):
        with working(migrated_url, now=LATER) as uow:
            org_service.change(uow, pool_threads_per_number=limit)
            for span in SPANS:
                with reading(ALL):
                    expected = lived(uow.cursor, uow.org, span)
                with reading(1) as found:
                    assert lived(uow.cursor, uow.org, span) == expected
                    for each in expected[:ASKED]:
                        assert lived(uow.cursor, uow.org, span, each[0].client) == [each]
                read += found
                few, all_ = (pool_of(uow.cursor, uow.org, span, most) for most in (1, ALL))
                unread[span] += len(all_ - few)
                segment = chance.choice(chance.choice(expected))
                at = segment.from_at + chance.random() * (segment.to_at - segment.from_at)
                agrees(Loader(uow.session, at, past=at < LATER), segment, at)
    if numbers > 14:
        assert min(unread[span] for span in SPANS[1:]) > 2, unread
        assert min(read[1], read[2]) > 10, read


@pytest.mark.parametrize("used", [0, 6, 12])
def test_numbers_that_come_and_go_are_lent_in_turn(migrated_url: str, used: int) -> None:
    """The first ones in the order of rule 2 are in quarantine or retired for most of the time, and
    the very first were sitters' numbers before."""
    chance = random.Random(used)
    add_org(migrated_url, front_desk="+14155550100")
    numbers = [f"+1415555{place:04}" for place in range(200, 212)]
    with working(migrated_url, now=NOW) as uow:
        client.add(uow, "Ann", phones=["+14155551001"], ref="C-1")
        queue.queue(uow, "C-1", body="Hi")
        number.add_all(uow, numbers[:3], number_class=NumberClass.SITTER)
        number.add_all(uow, numbers[3:], number_class=NumberClass.POOL)
        for place, e164 in enumerate(numbers[:used]):
            ledger.locked_number(uow, e164).last_used_at = NOW - HOUR * (20 - place)
        uow.session.flush()
        for sql in (ATTEMPTS, OLDER):
            uow.cursor.run(sql, but_each=1000)
    for hour in range(HOURS):
        with working(migrated_url, now=NOW + HOUR * hour + MINUTE) as uow:
            for e164 in chance.sample(numbers[:8], 4):
                row = ledger.locked_number(uow, e164, even_retired=True)
                if row.status is NumberStatus.RETIRED:
                    continue
                if row.number_class is NumberClass.SITTER:
                    row.number_class = NumberClass.POOL
                    ledger.append(uow, row, reason="why")
                    continue
                ledger.to_quarantine(row, until=uow.now + HOUR * chance.randint(1, 5), reason="why")
                if chance.random() < 0.3:
                    ledger.activate(row)
                    row.status = NumberStatus.RETIRED
                ledger.append(uow, row, reason="why")
    lent = set()
    with looking(migrated_url) as cursor:
        org = find_org(cursor, None)
        for hour in range(HOURS + 2):
            since = NOW + HOUR * hour
            for span in (Span(since, since + HOUR, LATER), Span(since, LATER + DAY, LATER)):
                with reading(ALL):
                    expected = lived(cursor, org, span)
                for most in (1, 2, 3):
                    with reading(most):
                        assert lived(cursor, org, span) == expected
                lent |= {each.route.number for each in expected[0]}
    assert len(lent) > 1, lent


@pytest.mark.parametrize("now", [NOW, LATER], ids=["future", "past"])
@pytest.mark.parametrize(
    ("phone", "only", "others"),
    [
        ("+447700900123", "+447700900001", "+1415555{:04}"),
        ("+14155551001", "+14155550001", "+44770090{:04}"),
    ],
    ids=["the highest", "the lowest"],
)
def test_the_one_number_of_the_clients_country_is_found_behind_all_others(
    migrated_url: str, now: datetime, phone: str, only: str, others: str
) -> None:
    add_org(migrated_url, front_desk=others.format(100))
    with working(migrated_url, now=NOW) as uow:
        client.add(uow, "Ann", phones=[phone], ref="C-1")
        numbers = [others.format(200 + place) for place in range(30)]
        number.add_all(uow, [*numbers, only], number_class=NumberClass.POOL)
    if now == LATER:
        with working(migrated_url, now=LATER) as uow:
            row = ledger.locked_number(uow, only)
            row.status = NumberStatus.RETIRED
            ledger.append(uow, row, reason="why")
    with looking(migrated_url) as cursor:
        ((segment,),) = lived(cursor, find_org(cursor, None), Span(NOW + HOUR, NOW + DAY / 8, now))
    assert segment.route.number is not None
    assert segment.route.number.e164 == only


def test_a_number_that_comes_within_the_span_hides_none_that_was_there_before(
    migrated_url: str,
) -> None:
    add_org(migrated_url, front_desk="+14155550100")
    for number_id, born in ((40, NOW), (20, NOW + HOUR * 3)):
        with working(migrated_url, now=born) as uow:
            row = MessageNumber(
                id=number_id,
                org_id=uow.org.id,
                e164=f"+141555502{number_id}",
                number_class=NumberClass.POOL,
                created_at=born,
            )
            uow.session.add(row)
            uow.session.flush()
            ledger.append(uow, row, reason="added")
            client.add(uow, "Ann", phones=[f"+141555510{number_id}"], ref=f"C-{number_id}")
    with reading(1), looking(migrated_url) as cursor:
        found = lived(cursor, find_org(cursor, None), Span(NOW + HOUR, LATER, LATER), "C-20")
    assert [each.route.number and each.route.number.id for each in found[0]] == [40, 20]
