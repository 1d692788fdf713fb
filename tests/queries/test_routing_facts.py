"""`read_facts` against a second loader, written with the ORM from the spec, on both databases.

Nothing is shared: the loader takes whole tables and picks in Python what the statement joins.
"""

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, col, select

from petmsg.enums import BookingStatus, NumberClass, NumberStatus, SitterStatus
from petmsg.models import (
    AssignmentWindow,
    Booking,
    Client,
    Message,
    MessageNumber,
    NumberCustody,
    Org,
    Sitter,
    SitterActivity,
    Thread,
)
from petmsg.queries.lookup import find_client
from petmsg.queries.routing import read_facts
from petmsg.routing.facts import Facts, NumberFact, PoolNumberFact, WindowFact
from petmsg.services import org as org_service
from tests.fixtures import working
from tests.queries.worlds import CLIENTS, World

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
        self.texts = [m for m in session.exec(select(Message)) if m.claimed_at and m.number_id]

    def facts(self, ref: str) -> Facts:
        client = self.session.exec(select(Client).where(Client.ref == ref)).one()
        thread = next((t for t in self.threads if t.client_id == client.id), None)
        states = {number_id: self.state(number_id) for number_id in self.numbers if number_id}
        lent = [(fact, holder) for fact, holder in states.values() if fact and fact.status in LENT]
        pool = [fact for fact, _ in lent if fact.number_class is NumberClass.POOL]
        own = self.own_pool_number(thread) if thread else None
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
        )

    def state(self, number_id: int) -> tuple[NumberFact | None, int | None]:
        """The number as it is, or was, and its holder."""
        number = self.numbers[number_id]
        now: MessageNumber | NumberCustody | None = number
        if self.past:
            rows = self.session.exec(
                select(NumberCustody)
                .where(NumberCustody.number_id == number_id)
                .order_by(col(NumberCustody.from_at))
            )
            now = next((row for row in reversed(list(rows)) if row.from_at <= self.at), None)
        if now is None:
            return None, None
        fact = NumberFact(
            number_id, number.e164, now.number_class, now.status, now.quarantined_until
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
        uses = [m.claimed_at for m in self.texts if m.number_id == number_id and m.claimed_at]
        return max((use for use in uses if use <= self.at), default=None)

    def own_pool_number(self, thread: Thread) -> int | None:
        if not self.past:
            return thread.pool_number_id
        until = [m for m in self.texts if m.claimed_at and m.claimed_at <= self.at]
        lent = [m for m in until if m.thread_id == thread.id and m.rule == "pool"]
        return max(lent, key=lambda m: (m.claimed_at, m.id)).number_id if lent else None

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


@pytest.mark.parametrize("seed", [1, 2])
def test_the_statement_reads_what_the_orm_reads_now_and_in_the_past(
    migrated_url: str, seed: int
) -> None:
    world = World(migrated_url, seed=seed)
    world.live(40)
    moments = [world.now, world.now + timedelta(hours=3), world.now - timedelta(minutes=1)]
    moments += [sent.at for sent in world.sent]
    seen = {"windows": 0, "own": 0, "pool": 0, "counted": 0}
    for limit in (0, 2):
        with working(migrated_url, now=world.now) as work:
            org_service.change(work, pool_threads_per_number=limit)
            for at in moments:
                past = at < world.now
                loader = Loader(work.session, at, past=past)
                for ref in CLIENTS:
                    client = find_client(work.cursor, work.org.id, ref)
                    read = read_facts(work.cursor, work.org, client, at=at, past=past)
                    expected = comparable(loader.facts(ref))
                    assert comparable(read) == expected
                    seen["windows"] += len(expected.windows)
                    seen["own"] += expected.own_pool_number_id is not None
                    seen["pool"] += len(expected.pool)
                    seen["counted"] += sum(each.own_threads for each in expected.pool)
    assert all(seen.values()), seen  # a company in which nothing happened would prove nothing
