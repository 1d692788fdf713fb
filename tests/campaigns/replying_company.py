"""Bookings, windows, quarantines, renumbering and offboarding by chance; the model is told."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize

from petmsg.enums.numbers import NumberClass
from petmsg.errors import PetmsgError
from petmsg.services.bookings import booking, confirm
from petmsg.services.numbers import number, quarantine
from petmsg.services.orgs import org
from petmsg.services.people import client, offboard, sitter
from petmsg.services.unit_of_work import UnitOfWork
from tests.campaigns.replies import (
    CLIENTS,
    DESK,
    GRACE,
    NAMES,
    POOL,
    SITTER_NUMBERS,
    SITTERS,
    Model,
    Window,
    World,
)

SECOND, MINUTE, HOUR, DAY = (
    timedelta(seconds=1),
    timedelta(minutes=1),
    timedelta(hours=1),
    timedelta(days=1),
)
EVERY_NUMBER = (DESK, *POOL, *SITTER_NUMBERS)

clients = st.sampled_from([*CLIENTS])
sitters = st.sampled_from([*SITTERS])
numbers = st.sampled_from(EVERY_NUMBER)
spans = st.sampled_from([MINUTE, MINUTE, 5 * MINUTE, 10 * MINUTE, HOUR, 5 * HOUR, 2 * DAY])
starts = st.sampled_from([-4 * HOUR, -30 * MINUTE, 0 * MINUTE, 20 * MINUTE, 3 * HOUR])
lengths = st.sampled_from([45 * MINUTE, 2 * HOUR, 12 * HOUR])

Draw = Callable[[st.SearchStrategy[Any]], Any]


class CompanyLife(RuleBasedStateMachine):
    """What happens to a company, told to its model; `url` is a migrated SQLite database with an
    org in it. `Replies` adds its messages."""

    url: str
    steps = 0

    def __init__(self) -> None:
        super().__init__()
        self.world = World(self.url)
        self.model = Model()
        self.bookings = 0

    @initialize()
    def company(self) -> None:
        self.model.becomes(DESK, "front_desk", None)
        self.model.now += SECOND
        uow = self._work()
        org.change(uow, relay="on")
        for ref, phone in CLIENTS.items():
            client.add(uow, f"Client {ref[-1]} of {phone}", phones=[phone], ref=ref)
        for e164 in POOL:
            number.add(uow, e164, number_class=NumberClass.POOL)
            self.model.becomes(e164, "pool", None)
        for ref, phone in SITTERS.items():
            sitter.add(uow, NAMES[ref], phone=phone, ref=ref)
            self.model.active[ref] = []
        for e164 in SITTER_NUMBERS:
            number.add(uow, e164, number_class=NumberClass.SITTER)
            self.model.becomes(e164, "sitter", None)
        uow.finish()
        for ref in SITTERS:
            self.activates(ref)
        for who, whose in (("C-1", "S-1"), ("C-2", "S-1"), ("C-3", "S-2")):
            self.books(who, whose, 0 * MINUTE, DAY)
        self.model.now += 6 * HOUR

    def _work(self) -> UnitOfWork:
        return self.world.uow(self.model.now)

    def _do(self, what: Callable[[UnitOfWork], object]) -> bool:
        """Whether petmsg did it; what it refuses changes nothing."""
        type(self).steps += 1
        self.model.now += SECOND
        uow = self._work()
        try:
            with uow.session.begin_nested():
                what(uow)
                uow.finish()
        except PetmsgError:
            return False
        return True

    def time_goes_by(self, draw: Draw) -> None:
        type(self).steps += 1
        self.model.now += draw(spans)

    def somebody_books(self, draw: Draw) -> None:
        self.books(draw(clients), draw(sitters), draw(starts), draw(lengths))

    def books(self, who: str, whose: str, starts: timedelta, lasts: timedelta) -> None:
        self.bookings += 1
        ref = f"B-{self.bookings}"
        start = (self.model.now + starts).replace(second=0)
        added = self._do(
            lambda uow: booking.add(
                uow, ref=ref, client=who, sitter=whose, starts_at=start, ends_at=start + lasts
            )
        )
        if added and self._do(lambda uow: confirm.confirm(uow, [ref], of_many=False)):
            until = start + lasts
            window = Window(self.bookings, who, whose, start, until, until + GRACE)
            self.model.windows.append(window)

    def somebody_cancels(self, draw: Draw) -> None:
        if not self.model.windows:
            return
        window = draw(st.sampled_from(self.model.windows))
        assert self._do(lambda uow: booking.cancel(uow, f"B-{window.booking}"))
        self.model.windows.remove(window)

    def a_booking_is_reassigned(self, draw: Draw) -> None:
        if not self.model.windows:
            return
        window, to = draw(st.sampled_from(self.model.windows)), draw(st.one_of(st.none(), sitters))
        if self._do(lambda uow: booking.reassign(uow, f"B-{window.booking}", sitter=to)):
            window.sitter = to
            window.booked_until = max(window.booked_until, window.end - GRACE)
            self._as_stored(window)

    def _as_stored(self, window: Window) -> None:
        """Reassigning puts a window that was cut short back to its booking's times."""
        (row,) = self.world.rows(
            "SELECT starts_at, ends_at FROM booking WHERE ref = :ref", ref=f"B-{window.booking}"
        )
        window.booked_until, window.end = row["ends_at"], row["ends_at"] + GRACE

    def a_number_rests(self, draw: Draw) -> None:
        days, at_random, whose = map(draw, (st.sampled_from([1, 3, 90]), numbers, sitters))
        hers = self.model.number_of(whose, self.model.now)
        e164 = hers if hers is not None and draw(st.booleans()) else at_random
        if e164 == DESK:
            return
        if self._do(lambda uow: quarantine.quarantine_all(uow, [e164], reason="x", days=days)):
            span = self.model.span(e164, self.model.now)
            until = self.model.now + days * DAY
            self.model.becomes(e164, span.number_class, span.holder, until)

    def a_number_returns(self, draw: Draw) -> None:
        e164 = draw(numbers)
        if self._do(lambda uow: quarantine.restore(uow, e164, reason="x")):
            span = self.model.span(e164, self.model.now)
            self.model.becomes(e164, span.number_class, span.holder)

    def quarantines_end(self, _: Draw) -> None:
        self._do(quarantine.release_due)

    def a_sitter_comes(self, draw: Draw) -> None:
        self.activates(draw(sitters))

    def activates(self, who: str) -> None:
        if not self._do(lambda uow: sitter.activate(uow, who)):
            return
        if not self.model.is_active(who, self.model.now):
            self.model.active[who].append([self.model.now, None])
        self._holds(who)

    def a_sitter_is_renumbered(self, draw: Draw) -> None:
        who = draw(sitters)
        old = self.model.number_of(who, self.model.now)
        if self._do(lambda uow: sitter.renumber(uow, who, reason="x", days=1)):
            if old is not None:
                self.model.becomes(old, "pool", None, self.model.now + DAY)
            self._holds(who)

    def a_sitter_leaves(self, draw: Draw) -> None:
        who = draw(sitters)
        old = self.model.number_of(who, self.model.now)
        if self.model.is_active(who, self.model.now) and self._do(
            lambda uow: offboard.deactivate(uow, who, days=1)
        ):
            if old is not None:
                self.model.becomes(old, "pool", None, self.model.now + DAY)
            self.model.leaves(who)

    def a_number_is_a_sitters_again(self, draw: Draw) -> None:
        """A number that rested as a pool number may become another sitter's."""
        e164, kind = draw(numbers), NumberClass.SITTER
        if e164 not in SITTER_NUMBERS:
            return
        if self._do(lambda uow: number.set_class(uow, e164, number_class=kind)):
            span = self.model.span(e164, self.model.now)
            if span.number_class != "sitter":
                self.model.becomes(e164, "sitter", None, span.resting_until)

    def _holds(self, who: str) -> None:
        """Which free number she was given is petmsg's choice; the model is told."""
        (row,) = self.world.rows(
            "SELECT n.e164 FROM message_number n JOIN sitter s ON s.id = n.sitter_id"
            " WHERE s.ref = :ref",
            ref=who,
        )
        if self.model.span(row["e164"], self.model.now).holder != who:
            self.model.becomes(row["e164"], "sitter", who)
