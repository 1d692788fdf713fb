"""`read_facts` against a second loader, written with the ORM, on both databases.

Nothing is shared: the loader takes whole tables and picks in Python what the statement joins.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, col, select

from petmsg.enums.bookings import BookingStatus
from petmsg.enums.messages import AttemptStatus
from petmsg.enums.numbers import NumberClass, NumberStatus
from petmsg.enums.people import SitterStatus
from petmsg.enums.routing import Rule
from petmsg.models import (
    AssignmentWindow,
    Booking,
    Client,
    ClientPhone,
    MessageAttempt,
    MessageNumber,
    NumberLedgerEntry,
    Org,
    RouteOverride,
    Sitter,
    SitterActivity,
    Thread,
)
from petmsg.phone import calling_code
from petmsg.queries import routing
from petmsg.queries.lookup import ClientKey, find_client
from petmsg.queries.number import show_number
from petmsg.queries.org import find_org
from petmsg.queries.page import Page
from petmsg.queries.routing import read_facts
from petmsg.queries.routing_of_many import read_facts_of_many
from petmsg.queries.thread import NumberSeen, show_thread
from petmsg.rules.routing import (
    COMPANY,
    Facts,
    NumberFact,
    OverrideFact,
    PoolNumberFact,
    SpeakerFact,
    VoiceFact,
    WindowFact,
    decide,
)
from petmsg.rules.routing.decide import needs_shared_numbers
from petmsg.services.numbers import number
from petmsg.services.orgs import org as org_service
from petmsg.services.outbox import queue
from petmsg.services.people import client
from tests.support.fixtures import NOW, add_org, looking, working
from tests.support.worlds import CLIENTS, POOL, World

LENT = (NumberStatus.ACTIVE, NumberStatus.QUARANTINED)


class Loader:
    """Everything of one org, picked apart in Python. `past` as in `read_facts`."""

    def __init__(self, session: Session, at: datetime, *, past: bool) -> None:
        self.session = session
        self.at = at
        self.past = past
        self.org = session.exec(select(Org)).one()
        self.numbers = {n.id: n for n in session.exec(select(MessageNumber))}
        self.threads = list(session.exec(select(Thread)))
        self.attempts = list(session.exec(select(MessageAttempt)))
        by_time = col(NumberLedgerEntry.from_at)
        self.ledger = list(session.exec(select(NumberLedgerEntry).order_by(by_time)))

    def facts(self, ref: str) -> Facts:
        client = self.session.exec(select(Client).where(Client.ref == ref)).one()
        thread = next((t for t in self.threads if t.client_id == client.id), None)
        states = {number_id: self.state(number_id) for number_id in self.numbers if number_id}
        lent = [(fact, holder) for fact, holder in states.values() if fact and fact.status in LENT]
        pool = [fact for fact, _ in lent if fact.number_class is NumberClass.POOL]
        own = self.own_pool_number(thread) if thread else None
        codes = {calling_code(fact.e164) for fact, _ in lent}
        phone = self.session.exec(
            select(ClientPhone.e164).where(ClientPhone.client_id == client.id)
            .where(ClientPhone.is_primary)
        ).first()  # fmt: skip
        return Facts(
            org=self.org.slug,
            timezone=self.org.timezone,
            pool_for=self.org.pool_for,
            pool_threads_per_number=self.org.pool_threads_per_number,
            client=client.ref,
            client_kind=client.kind,
            windows=tuple(self.windows(thread, states)),
            own_pool_number_id=own if own in {fact.id for fact in pool} else None,
            pool=tuple(
                PoolNumberFact(fact, self.last_use(fact.id), self.own_threads(fact.id))
                for fact in pool
            ),
            desks=tuple(f for f, _ in lent if f.number_class is NumberClass.FRONT_DESK),
            override=self.override(client),
            calling_code=calling_code(phone) if phone and len(codes) > 1 else None,
        )

    def override(self, client: Client) -> OverrideFact | None:
        found = []
        for row in self.session.exec(select(RouteOverride)):
            until = row.until_at if row.ended_at is None else row.ended_at
            if row.client_id == client.id and row.starts_at <= self.at < until:
                found.append(OverrideFact(row.starts_at, until))
        assert len(found) <= 1
        return found[0] if found else None

    def state(self, number_id: int) -> tuple[NumberFact | None, int | None]:
        """The number as it is, or was, and its holder."""
        number = self.numbers[number_id]
        now: MessageNumber | NumberLedgerEntry | None = number
        if self.past:
            rows = [row for row in self.ledger if row.number_id == number_id]
            now = next((row for row in reversed(rows) if row.from_at <= self.at), None)
        if now is None:
            return None, None
        fact = NumberFact(
            number_id,
            number.e164,
            now.number_class,
            now.status,
            now.quarantined_until,
            number.mms,
        )
        return fact, now.sitter_id

    def windows(
        self, thread: Thread | None, states: dict[int, tuple[NumberFact | None, int | None]]
    ) -> list[WindowFact]:
        found = []
        for window in self.session.exec(select(AssignmentWindow)):
            booking = self.session.get(Booking, window.booking_id)
            assert booking is not None
            if thread is None or window.thread_id != thread.id:
                continue
            if booking.status is not BookingStatus.CONFIRMED:
                continue
            if not window.starts_at <= self.at < window.ends_at:
                continue
            sitter = self.session.get(Sitter, window.sitter_id) if window.sitter_id else None
            held = [fact for fact, holder in states.values() if sitter and holder == sitter.id]
            assert len(held) <= 1
            found.append(
                WindowFact(
                    booking_id=booking.id or 0,
                    booking=booking.ref,
                    starts_at=window.starts_at,
                    booked_until=window.booked_until,
                    ends_at=window.ends_at,
                    sitter=sitter.ref if sitter else None,
                    sitter_name=sitter.name if sitter else None,
                    sitter_active=sitter is not None and self.is_active(sitter),
                    number=held[0] if held else None,
                    booked_from=(
                        None if booking.starts_at == window.starts_at else booking.starts_at
                    ),
                )
            )
        return found

    def is_active(self, sitter: Sitter) -> bool:
        if not self.past:
            return sitter.status is SitterStatus.ACTIVE
        spans = self.session.exec(
            select(SitterActivity).where(SitterActivity.sitter_id == sitter.id)
        )
        return any(
            span.activated_at <= self.at
            and (span.offboarded_at is None or self.at < span.offboarded_at)
            for span in spans
        )

    def last_use(self, number_id: int) -> datetime | None:
        if not self.past:
            return self.numbers[number_id].last_used_at
        uses = [a.claimed_at for a in self.attempts if a.number_id == number_id]
        return max((use for use in uses if use <= self.at), default=None)

    def own_pool_number(self, thread: Thread) -> int | None:
        if not self.past:
            return thread.pool_number_id
        until = [a for a in self.attempts if a.claimed_at <= self.at]
        lent = [a for a in until if a.thread_id == thread.id and a.rule == "pool"]
        return max(lent, key=lambda a: (a.claimed_at, a.id)).number_id if lent else None

    def own_threads(self, number_id: int) -> int:
        limit = self.org.pool_threads_per_number or 0
        return min(limit, sum(self.own_pool_number(t) == number_id for t in self.threads))


def comparable(facts: Facts) -> Facts:
    """In one order, and with threads counted no further than the limit, as `Facts` says."""
    limit = facts.pool_threads_per_number or 0
    pool = [PoolNumberFact(p.number, p.last_used_at, min(p.own_threads, limit)) for p in facts.pool]
    return facts._replace(
        windows=tuple(sorted(facts.windows, key=lambda each: each.booking_id)),
        pool=tuple(sorted(pool, key=lambda each: each.number.id)),
        desks=tuple(sorted(facts.desks, key=lambda each: each.id)),
    )


def moved(url: str) -> int:
    """How many messages were tried from more than one number."""
    with looking(url) as cursor:
        return len(
            cursor.tuples(
                "SELECT message_id FROM message_attempt GROUP BY message_id"
                " HAVING count(DISTINCT number_id) > 1"
            )
        )


@pytest.mark.parametrize("seed", [4, 9])
def test_the_statement_reads_what_the_orm_reads_now_and_in_the_past(
    migrated_url: str, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With every pool number. `test_routing_of_pools` is about those that are not read."""
    monkeypatch.setattr(routing, "AT_FIRST", 1_000)
    world = World(migrated_url, seed=seed)
    world.live(60)
    moments = [world.now, world.now + timedelta(hours=3), world.now - timedelta(minutes=1)]
    moments += [sent.at for sent in world.sent]
    seen = {"windows": 0, "own": 0, "pool": 0, "counted": 0, "moved": moved(migrated_url)}
    seen |= {"lead": 0, "override": 0, "not needed": 0}
    for limit in (0, 2):
        with working(migrated_url, now=world.now) as uow:
            org_service.change(uow, pool_threads_per_number=limit)
            for at in moments:
                past = at < world.now
                loader = Loader(uow.session, at, past=past)
                for ref in CLIENTS:
                    client = find_client(uow.cursor, uow.org.id, ref)
                    read = read_facts(uow.cursor, uow.org, client, at=at, past=past)
                    everything = comparable(loader.facts(ref))
                    expected = everything
                    if not needs_shared_numbers(everything, at):
                        expected = expected._replace(own_pool_number_id=None, pool=(), desks=())
                        seen["not needed"] += len(everything.pool)
                    assert comparable(read) == expected
                    seen["windows"] += len(expected.windows)
                    seen["own"] += expected.own_pool_number_id is not None
                    seen["pool"] += len(expected.pool)
                    seen["lead"] += any(each.booked_from for each in expected.windows)
                    seen["override"] += expected.override is not None
                    seen["counted"] += sum(each.own_threads for each in expected.pool)
    assert all(seen.values()), seen  # a company in which nothing happened would prove nothing


def test_a_decision_is_that_of_all_numbers_whoever_speaks(migrated_url: str) -> None:
    """Also where neither pool nor desks are read, because the decision cannot depend on them."""
    world = World(migrated_url, seed=4)
    world.live(60)
    ahead = [world.now + timedelta(hours=each) for each in (0, 3, 9, 27)]
    moments = [*ahead, *(sent.at for sent in world.sent[::5])]
    unread: Counter[str] = Counter()
    many: list[tuple[ClientKey, datetime]] = []
    with working(migrated_url, now=world.now) as uow:
        voices = list(voices_of(uow.session))
        for at in moments:
            past = at < world.now
            loader = Loader(uow.session, at, past=past)
            for ref in CLIENTS:
                client = find_client(uow.cursor, uow.org.id, ref)
                everything = loader.facts(ref)
                if not past:
                    many.append((client, at))
                for voice in voices:
                    named = {"at": at, "past": past, "voice": voice, "with_media": False}
                    read = read_facts(uow.cursor, uow.org, client, **named)
                    decision = decide(read, at)
                    assert decision == decide(everything._replace(**voice._asdict()), at)
                    if everything.pool and not read.pool:
                        unread[decision.trace[-1].code] += 1
        together = read_facts_of_many(uow.cursor, uow.org, many)
        for facts, (client, at) in zip(together, many, strict=True):
            alone = read_facts(uow.cursor, uow.org, client, at=at, past=False)
            assert decide(facts, at) == decide(alone, at)
    assert {"WINDOW_ACTIVE", "REPLY_FROM_SAME_NUMBER", "NO_ACTIVE_WINDOW"} <= unread.keys(), unread


def voices_of(session: Session) -> Iterator[VoiceFact]:
    """The company, the front desk, each sitter with and without the rest of the rules, and a reply
    from each number."""
    yield COMPANY
    yield VoiceFact(desk_speaks=True)
    for sitter in session.exec(select(Sitter)):
        for alone in (True, False):
            yield VoiceFact(SpeakerFact(sitter.ref, sitter.name, own_number_only=alone))
    for row in session.exec(select(MessageNumber)):
        yield VoiceFact(
            reply_to=NumberFact(
                row.id or 0, row.e164, row.number_class, row.status, row.quarantined_until
            )
        )


# ----------------------------------------------------------------------------- attempts, one by one


def hours(after: int) -> datetime:
    return NOW + timedelta(hours=after)


@pytest.fixture
def tried(migrated_url: str) -> str:
    """C-1's message was tried from the first pool number at +1 h and put back, then from the second
    at +3 h and sent; C-2's failed from the first at +2 h. The messages themselves know their last
    try."""
    add_org(migrated_url)
    with working(migrated_url) as uow:
        for e164 in POOL[:2]:
            number.add(uow, e164, number_class=NumberClass.POOL)
        org_service.change(uow, pool_threads_per_number=9)
        for ref, phone in (("C-1", "+14155551001"), ("C-2", "+14155551002")):
            client.add(uow, ref, phones=[phone], ref=ref)
            queue.queue(uow, ref, body="Hi")
        uow.session.flush()
        first, second = (
            uow.cursor.value("SELECT id FROM message_number WHERE e164 = :e", e=e164)
            for e164 in POOL[:2]
        )
        for text, attempt, number_id, status, at in (
            (1, 1, first, AttemptStatus.PUT_BACK, hours(1)),
            (2, 1, first, AttemptStatus.FAILED, hours(2)),
            (1, 2, second, AttemptStatus.SENT, hours(3)),
        ):
            thread = uow.cursor.value("SELECT thread_id FROM message WHERE id = :id", id=text)
            uow.session.add(
                MessageAttempt(
                    org_id=uow.org.id,
                    message_id=text,
                    attempt=attempt,
                    thread_id=thread,
                    number_id=number_id,
                    rule=Rule.POOL,
                    status=status,
                    provider_message_id="SB-1" if status is AttemptStatus.SENT else None,
                    claimed_at=at,
                )
            )
            uow.cursor.run(
                "UPDATE message SET number_id = :n, claimed_at = :at, rule = 'pool' WHERE id = :id",
                n=number_id,
                at=at,
                id=text,
            )
    return migrated_url


@pytest.mark.parametrize(
    ("after", "own", "used", "threads"),
    [
        (0, None, (None, None), (0, 0)),
        (1, POOL[0], (1, None), (1, 0)),
        (2, POOL[0], (2, None), (2, 0)),
        (3, POOL[1], (2, 3), (1, 1)),
    ],
)
def test_a_later_try_from_another_number_does_not_hide_the_first(
    tried: str,
    after: int,
    own: str | None,
    used: tuple[int | None, int | None],
    threads: tuple[int, int],
) -> None:
    """Nor does it matter what became of a try: a claim is never undone."""
    with looking(tried) as cursor:
        org = find_org(cursor, None)
        ann = find_client(cursor, org.id, "C-1")
        facts = read_facts(cursor, org, ann, at=hours(after), past=True)
    pool = sorted(facts.pool, key=lambda each: each.number.e164)
    owned = {each.number.id: each.number.e164 for each in pool}
    assert owned.get(facts.own_pool_number_id or 0) == own
    assert [each.last_used_at for each in pool] == [
        None if hour is None else hours(hour) for hour in used
    ]
    assert tuple(each.own_threads for each in pool) == threads


def test_a_number_shows_every_thread_it_was_tried_for(tried: str) -> None:
    with looking(tried) as cursor:
        org = find_org(cursor, None)
        shown = {e164: show_number(cursor, org, e164).threads for e164 in POOL[:2]}
    assert shown == {POOL[0]: ["C-1", "C-2"], POOL[1]: ["C-1"]}


def test_a_client_saw_only_numbers_whose_texts_the_provider_took(tried: str) -> None:
    with looking(tried) as cursor:
        org = find_org(cursor, None)
        seen = {
            ref: show_thread(cursor, org, ref, Page(10), now=NOW).numbers_seen
            for ref in ("C-1", "C-2")
        }
    assert seen == {
        "C-1": [NumberSeen(POOL[1], "pool", messages=1, last_used_at=hours(3))],
        "C-2": [],
    }


# ----------------------------------------------------------------------------- several countries


@pytest.mark.parametrize(
    ("others", "phone", "expected"),
    [
        ((), None, None),
        (("+14155550151", "+18885550101"), None, None),
        (("+447700900001",), None, "44"),
        (("+447700900001",), "+4915112345678", "49"),
        (("+447700900001",), "+14155551001", "1"),
        (("+447700900001", "+4915112345678"), None, "44"),
    ],
)
@pytest.mark.parametrize("past", [False, True])
def test_the_country_of_the_phone_is_read_where_the_numbers_are_of_several(
    migrated_url: str, others: tuple[str, ...], phone: str | None, expected: str | None, past: bool
) -> None:
    add_org(migrated_url, front_desk="+14155550100")
    with working(migrated_url, now=NOW) as uow:
        client.add(uow, "Ann", phones=["+447700900123", "+14155551001"], ref="C-1")
        for other in others:
            number.add(uow, other, number_class=NumberClass.POOL)
    with looking(migrated_url) as cursor:
        org = find_org(cursor, None)
        ann = find_client(cursor, org.id, "C-1")
        facts = read_facts(cursor, org, ann, at=NOW + timedelta(hours=1), past=past, phone=phone)
    assert facts.calling_code == expected


def test_numbers_of_one_country_outside_north_america_are_not_told_apart(
    migrated_url: str,
) -> None:
    add_org(migrated_url, front_desk="+447700900001")
    with working(migrated_url, now=NOW) as uow:
        client.add(uow, "Ann", phones=["+14155551001"], ref="C-1")
        number.add(uow, "+447700900002", number_class=NumberClass.POOL)
    with looking(migrated_url) as cursor:
        org = find_org(cursor, None)
        facts = read_facts(cursor, org, find_client(cursor, org.id, "C-1"), at=NOW, past=False)
        assert facts.calling_code is None
    with working(migrated_url, now=NOW) as uow:
        number.add(uow, "+4915112345678", number_class=NumberClass.POOL)
    with looking(migrated_url) as cursor:
        facts = read_facts(cursor, org, find_client(cursor, org.id, "C-1"), at=NOW, past=False)
        assert facts.calling_code == "1"
