"""A company with a past, made by chance through the services: every step at its own instant.

world = World(url, seed=3)
world.live(60)                # bookings, quarantines, renumbering, settings, messages
world.sent                    # what was explained just before each message, and what was stored
"""

import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from petmsg.enums.messages import Direction, MessageStatus
from petmsg.enums.numbers import NumberClass
from petmsg.enums.orgs import PoolFor, ProviderName
from petmsg.enums.people import ClientKind
from petmsg.errors import PetmsgError
from petmsg.models import Message
from petmsg.providers.base import (
    Accepted,
    Rejected,
    RejectionClass,
    RetryLater,
    SendOutcome,
)
from petmsg.queries.lookup import find_client
from petmsg.queries.org import find_org
from petmsg.services.bookings import booking, confirm
from petmsg.services.bookings.assignment_window import ensure_threads
from petmsg.services.numbers import number, quarantine
from petmsg.services.orgs import org
from petmsg.services.outbox import claim, record_outcome
from petmsg.services.outbox import queue as message
from petmsg.services.outbox.own_window import OutsideOwnWindow
from petmsg.services.outbox.preview import SendOptions, preview
from petmsg.services.people import client, offboard
from petmsg.services.people import sitter as sitters
from petmsg.services.routes import explain as route
from petmsg.services.routes import override
from petmsg.services.unit_of_work import UnitOfWork
from tests.support.fixtures import NOW, add_org, looking, working

ORG = "happy-paws"
CLIENTS = ("C-1", "C-2", "C-3")
SITTERS = ("S-1", "S-2", "S-3")
WORKER = "w-0123456789abcde"
DESK = "+14155550100"
POOL = tuple(f"+1415555015{at}" for at in range(3))
NUMBERS = tuple(f"+1415555011{at}" for at in range(9))


@dataclass(frozen=True)
class Sent:
    """A try to send: when it was claimed, what was explained just before, what was stored.

    `sender` is the value of `--as`, `reply_to` the message that it answers.
    """

    message: int
    client: str
    at: datetime
    explained: dict[str, Any]
    stored: dict[str, Any] | None
    sender: str | None = None
    reply_to: int | None = None


class World:
    """One org on the database at `url`, and a clock that only goes forward."""

    def __init__(self, url: str, *, seed: int, settings_change: bool = True) -> None:
        self.url = url
        self.settings_change = settings_change
        self.random = random.Random(seed)
        self.now = NOW
        self.sent: list[Sent] = []
        self._bookings = 0
        add_org(url, ORG)
        with working(url, now=self.now, org=ORG) as uow:
            for at, ref in enumerate(CLIENTS):
                client.add(uow, f"Client {at}", phones=[f"+1415555100{at}"], ref=ref)
            for e164 in NUMBERS:
                number.add(uow, e164, number_class=NumberClass.SITTER)
            for e164 in POOL[:2]:
                number.add(uow, e164, number_class=NumberClass.POOL)
            for at, ref in enumerate(SITTERS):
                sitters.add(uow, f"Sitter {at}", phone=f"+1415555200{at}", ref=ref)
        self.tick()
        with working(url, now=self.now, org=ORG) as uow:
            sitters.activate_all(uow, SITTERS[:2])
            org.change(uow, pool_threads_per_number=self.random.choice((0, 1, 2)))

    def live(self, steps: int) -> None:
        """Let `steps` things happen, about every third a message."""
        for _ in range(steps):
            self.tick()
            if self.random.random() < 0.35:
                self.text(self.random.choice(CLIENTS))
            else:
                self._change()

    def _change(self) -> None:
        changes: tuple[Callable[[UnitOfWork], None], ...] = (
            self._book, self._book, self._confirm_again, self._cancel, self._reassign,
            self._reschedule, self._quarantine, self._quarantine, self._restore, self._release,
            self._renumber, self._activate, self._deactivate, self._lend,
            self._override, self._override, self._end_override, self._lead,
        )  # fmt: skip
        if self.settings_change:
            changes += (self._pool_limit, self._pool_for, self._kind)
        with suppress(PetmsgError), working(self.url, now=self.now, org=ORG) as uow:
            self.random.choice(changes)(uow)

    def tick(self) -> None:
        """Some time passes: a second to a few hours."""
        self.now += timedelta(seconds=self.random.choice((1, 60, 900, 3600, 4 * 3600)))

    def text(self, ref: str) -> None:
        """Explain, then send, at the same instant; and once more where the provider put it back.

        Whatever may happen between two tries may change the number. The company speaks, the front
        desk, a sitter where they may, or whoever answers a message.
        """
        sender = self.random.choice((None, None, None, "desk", *SITTERS))
        try:
            with working(self.url, now=self.now, org=ORG) as uow:
                reply_to = None
                if sender is None and self.random.random() < 0.4:
                    reply_to = self._received(uow, ref)
                options = SendOptions(as_sitter=sender, reply_to=reply_to)
                queued = message.queue(uow, ref, body="Hi", options=options).message
        except OutsideOwnWindow:
            assert self.explain(ref, at=self.now, sender=sender)["number"] is None
            return
        for attempt in range(1, 4):
            outcome = self._outcome(queued, last=attempt == 3)
            if not self._try(ref, queued, outcome, options):
                return
            self.tick()
            for _ in range(self.random.randint(0, 3)):
                self._change()

    def _received(self, uow: UnitOfWork, ref: str) -> int:
        """A message from the client to any number of the company."""
        client_row = find_client(uow.cursor, uow.org.id, ref)
        e164 = self.random.choice((DESK, *POOL[:2], *NUMBERS[:3]))
        received = Message(
            org_id=uow.org.id,
            thread_id=ensure_threads(uow, {client_row.id: (ref, None)})[client_row.id].id,
            client_id=client_row.id,
            direction=Direction.INBOUND,
            status=MessageStatus.RECEIVED,
            body="Hello?",
            number_id=uow.cursor.value("SELECT id FROM message_number WHERE e164 = :e", e=e164),
            to_e164=e164,
            segments=1,
            actor="test",
            created_at=self.now,
        )
        uow.session.add(received)
        uow.session.flush()
        assert received.id is not None
        return received.id

    def _outcome(self, queued: int, *, last: bool) -> SendOutcome:
        if last or self.random.random() < 0.6:
            return Accepted(f"SB-{queued}", "accepted")
        if self.random.random() < 0.8:
            return RetryLater(0.0, "20429", "too many")
        return Rejected("30007", RejectionClass.FILTERED, "taken for spam")

    def _try(self, ref: str, queued: int, outcome: SendOutcome, options: SendOptions) -> bool:
        """Whether the message waits to be tried again."""
        found = self.explain(ref, at=self.now, sender=options.as_sitter, reply_to=options.reply_to)
        with working(self.url, now=self.now, org=ORG) as uow:
            taken = claim.claim(uow, queued, provider=ProviderName.SANDBOX, worker=WORKER)
            if isinstance(taken, claim.Claim):
                status = record_outcome.record(
                    uow, record_outcome.HandedOver(taken, outcome, self.now)
                )
            else:
                message.cancel(uow, queued)
                status = MessageStatus.CANCELLED
        stored = taken.decision.to_json() if isinstance(taken, claim.Claim) else None
        self.sent.append(
            Sent(queued, ref, self.now, found, stored, options.as_sitter, options.reply_to)
        )
        return status is MessageStatus.QUEUED

    def explain(
        self,
        ref: str,
        *,
        at: datetime,
        sender: str | None = None,
        reply_to: int | None = None,
    ) -> dict[str, Any]:
        """What `route explain` says today of that instant; for a reply what its preview says."""
        with looking(self.url) as cursor:
            org_row = find_org(cursor, ORG)
            if reply_to is not None:
                options = SendOptions(reply_to=reply_to)
                shown = preview(cursor, org_row, ref, body="Hi", options=options, now=at)
                return shown.decision.to_json()
            found = route.explain(cursor, org_row, ref, at=at, now=self.now, as_sitter=sender)
            return found.decision.to_json()

    def _any_booking(self) -> str:
        return f"B-{self.random.randint(1, max(self._bookings, 1))}"

    def _times(self) -> tuple[datetime, datetime]:
        start = self.now + timedelta(minutes=self.random.randint(-180, 600))
        return start, start + timedelta(minutes=self.random.randint(20, 400))

    def _book(self, uow: UnitOfWork) -> None:
        start, end = self._times()
        self._bookings += 1
        ref = f"B-{self._bookings}"
        booking.add(
            uow,
            client=self.random.choice(CLIENTS),
            sitter=self.random.choice((*SITTERS, None)),
            starts_at=start,
            ends_at=end,
            ref=ref,
        )
        confirm.confirm(uow, [ref], of_many=False)

    def _confirm_again(self, uow: UnitOfWork) -> None:
        confirm.confirm(uow, [self._any_booking()], of_many=False)

    def _cancel(self, uow: UnitOfWork) -> None:
        booking.cancel(uow, self._any_booking())

    def _reassign(self, uow: UnitOfWork) -> None:
        booking.reassign(uow, self._any_booking(), sitter=self.random.choice((*SITTERS, None)))

    def _reschedule(self, uow: UnitOfWork) -> None:
        start, end = self._times()
        booking.reschedule(uow, self._any_booking(), starts_at=start, ends_at=end)

    def _quarantine(self, uow: UnitOfWork) -> None:
        until = self.now + timedelta(minutes=self.random.choice((5, 300, 5000)))
        e164 = self.random.choice((*NUMBERS[:5], *POOL, DESK))
        quarantine.quarantine(uow, e164, until=until, days=1, reason="spam", replacement=POOL[2])

    def _restore(self, uow: UnitOfWork) -> None:
        quarantine.restore(uow, self.random.choice((*NUMBERS[:5], *POOL, DESK)), reason="cleared")

    def _release(self, uow: UnitOfWork) -> None:
        quarantine.release_due(uow)

    def _renumber(self, uow: UnitOfWork) -> None:
        sitters.renumber(uow, self.random.choice(SITTERS), reason="spam", days=1)

    def _activate(self, uow: UnitOfWork) -> None:
        sitters.activate(uow, self.random.choice(SITTERS))

    def _deactivate(self, uow: UnitOfWork) -> None:
        if self.random.random() < 0.4:
            offboard.deactivate(uow, self.random.choice(SITTERS), days=1)

    def _override(self, uow: UnitOfWork) -> None:
        until = self.now + timedelta(minutes=self.random.choice((5, 60, 600)))
        override.start(uow, self.random.choice(CLIENTS), until=until, reason="a complaint")

    def _end_override(self, uow: UnitOfWork) -> None:
        override.end(uow, self.random.choice(CLIENTS))

    def _lead(self, uow: UnitOfWork) -> None:
        org.change(uow, lead_minutes=self.random.choice((0, 30, 240)))

    def _pool_limit(self, uow: UnitOfWork) -> None:
        org.change(uow, pool_threads_per_number=self.random.choice((0, 1, 2)))

    def _pool_for(self, uow: UnitOfWork) -> None:
        org.change(uow, pool_for=self.random.choice((PoolFor.ALL, PoolFor.ONE_TIME)))

    def _kind(self, uow: UnitOfWork) -> None:
        kinds = list(ClientKind)
        client.change(uow, self.random.choice(CLIENTS), kind=self.random.choice(kinds))

    def _lend(self, uow: UnitOfWork) -> None:
        number.add(uow, POOL[2], number_class=NumberClass.POOL)
