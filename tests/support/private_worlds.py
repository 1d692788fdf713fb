"""A company whose clients write back, made by chance: who reads their answers is known beforehand.

world = PrivateWorld(url, seed=3)
world.live(60)       # visits, overrides, re-classed numbers, messages, answers
world.leaks          # answers to the front desk that reached a sitter's phone
world.missed         # answers to a sitter that did not reach their phone
world.judged         # how many answers of each kind there were

The world keeps its own history of what each client got from which number, and of the overrides.
"""

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from petmsg.enums.messages import MessageStatus
from petmsg.enums.numbers import NumberClass
from petmsg.enums.orgs import ProviderName, Switch
from petmsg.errors import PetmsgError
from petmsg.providers.base import Accepted, ReceivedMessage
from petmsg.services.bookings import booking, confirm
from petmsg.services.inbound.receive import receive
from petmsg.services.numbers import number
from petmsg.services.orgs import org
from petmsg.services.outbox import claim, queue, record_outcome
from petmsg.services.outbox.preview import SendOptions
from petmsg.services.people import sitter as sitters
from petmsg.services.routes import override
from petmsg.services.unit_of_work import UnitOfWork
from tests.support.fixtures import looking, working
from tests.support.worlds import CLIENTS, DESK, NUMBERS, ORG, POOL, SITTERS, WORKER, World

OURS = (DESK, *POOL, *NUMBERS)
SPARE_DESK = "+14155550109"
NEVER = timedelta(days=99_999)


@dataclass(frozen=True)
class Got:
    """A message that a client got: when, from which number, and whether the front desk wrote it."""

    at: datetime
    client: str
    number: str
    is_private: bool
    sitter: str | None


@dataclass
class Held:
    """An override as the world started it."""

    client: str
    starts_at: datetime
    ends_at: datetime


def _phone(client: str) -> str:
    return f"+1415555100{CLIENTS.index(client)}"


class PrivateWorld(World):
    """A `World` whose org relays, and whose clients answer."""

    def __init__(self, url: str, *, seed: int) -> None:
        self.got: list[Got] = []
        self.held: list[Held] = []
        self.private: set[str] = set()
        self.leaks: list[str] = []
        self.missed: list[str] = []
        self.judged: Counter[str] = Counter()
        self._answers = 0
        self._is_held_up = False
        super().__init__(url, seed=seed)
        with working(url, now=self.now, org=ORG) as uow:
            org.change(uow, relay=Switch.ON)
            number.add(uow, SPARE_DESK, number_class=NumberClass.POOL)

    def live(self, steps: int) -> None:
        """Let `steps` things happen; every answer is judged when it came."""
        things = (
            self._change, self._visit, self._write, self._write, self._write_as_desk,
            self._answer, self._answer, self._answer, self._answer_late, self._move_a_number,
            self._betray, self._relay, self._talk, self._talk, self._hold, self._overtake,
        )  # fmt: skip
        for _ in range(steps):
            self.tick()
            self.random.choice(things)()
            if self.random.random() < 0.5:
                self._forward()

    def _try(self, ref: str, queued: int, outcome: Any, options: SendOptions) -> bool:
        again = super()._try(ref, queued, outcome, options)
        last = self.sent[-1]
        if isinstance(outcome, Accepted) and last.stored is not None:
            first, chosen = last.stored["trace"][0], last.stored["number"]
            is_private = first["code"] in ("DESK_SPEAKS", "OVERRIDE")
            assert not is_private or chosen["sitter"] is None
            self.got.append(Got(self.now, ref, chosen["e164"], is_private, chosen["sitter"]))
        return again

    def _write(self) -> None:
        self.text(self.random.choice(CLIENTS))

    def _write_as_desk(self) -> None:
        self._as_desk(self.random.choice(CLIENTS))

    def _as_desk(self, ref: str) -> None:
        """The front desk speaks."""
        self._as(ref, "desk")

    def _as(self, ref: str, sender: str) -> bool:
        """A person writes as the front desk or as a sitter; whether it was sent."""
        options, before = SendOptions(as_sitter=sender), len(self.got)
        with suppress(PetmsgError):
            with working(self.url, now=self.now, org=ORG) as uow:
                queued = queue.queue(uow, ref, body="About the visit", options=options).message
            self._try(ref, queued, Accepted(f"SB-{queued}", "accepted"), options)
        return len(self.got) > before

    def _received(self, uow: UnitOfWork, ref: str) -> int:
        """A message from the client, which is answered next."""
        self._answers += 1
        text = ReceivedMessage(
            provider_message_id=f"SM-{self._answers}",
            from_phone=_phone(ref),
            to_e164=self.random.choice((DESK, *POOL[:2], *NUMBERS[:3])),
            body="Hello?",
        )
        return receive(uow, text).message

    def _visit(self) -> None:
        """A visit that runs now."""
        self._visit_of(self.random.choice(CLIENTS), self.random.choice(SITTERS))

    def _visit_of(self, client: str, sitter: str) -> None:
        self._bookings += 1
        ref = f"B-{self._bookings}"
        with suppress(PetmsgError), working(self.url, now=self.now, org=ORG) as uow:
            booking.add(
                uow,
                client=client,
                sitter=sitter,
                starts_at=self.now - timedelta(minutes=5),
                ends_at=self.now + timedelta(hours=8),
                ref=ref,
            )
            confirm.confirm(uow, [ref], of_many=False)

    def _override(self, uow: UnitOfWork) -> None:
        self._override_of(uow, self.random.choice(CLIENTS))

    def _override_of(self, uow: UnitOfWork, client: str) -> None:
        until = self.now + timedelta(minutes=self.random.choice((5, 60, 600)))
        started = override.start(uow, client, until=until, reason="a complaint")
        if not started.reused:
            self._over(client)
            self.held.append(Held(client, self.now, until))

    def _end_override(self, uow: UnitOfWork) -> None:
        client = self.random.choice(CLIENTS)
        override.end(uow, client)
        self._over(client)

    def _over(self, client: str) -> None:
        for each in self.held:
            if each.client == client:
                each.ends_at = min(each.ends_at, self.now)

    def _holds(self, client: str, at: datetime) -> bool:
        return any(h.client == client and h.starts_at <= at < h.ends_at for h in self.held)

    def _relay(self) -> None:
        with working(self.url, now=self.now, org=ORG) as uow:
            org.change(uow, relay=self.random.choice((Switch.ON, Switch.ON, Switch.OFF)))

    def _move_a_number(self) -> None:
        """A desk or pool number becomes a sitter's, or a number the front desk's."""
        e164 = self.random.choice(OURS)
        with suppress(PetmsgError), working(self.url, now=self.now, org=ORG) as uow:
            if self.random.random() < 0.5:
                number.set_class(uow, SPARE_DESK, number_class=NumberClass.FRONT_DESK, replace=True)
            number.set_class(uow, e164, number_class=NumberClass.SITTER)
            sitters.renumber(
                uow, self.random.choice(SITTERS), to=e164, reason="a better number", days=1
            )

    def _betray(self) -> None:
        """The front desk writes about a sitter; then that sitter gets its number."""
        client, sitter = self.random.choice(CLIENTS), self.random.choice(SITTERS)
        self._visit_of(client, sitter)
        self._as_desk(client)
        theirs = [got for got in self.got if got.client == client and got.is_private]
        if not theirs:
            return
        self.now += timedelta(seconds=self.random.choice((1, 30)))
        with suppress(PetmsgError), working(self.url, now=self.now, org=ORG) as uow:
            other = SPARE_DESK if theirs[-1].number != SPARE_DESK else POOL[0]
            number.set_class(uow, other, number_class=NumberClass.FRONT_DESK, replace=True)
            number.set_class(uow, theirs[-1].number, number_class=NumberClass.SITTER)
            sitters.renumber(uow, sitter, to=theirs[-1].number, reason="hers now", days=1)
        self.now += timedelta(seconds=1)
        self._answer_to(client, theirs[-1].number)

    def _talk(self) -> None:
        """A sitter writes during a visit, and the client answers."""
        client, sitter = self.random.choice(CLIENTS), self.random.choice(SITTERS)
        self._visit_of(client, sitter)
        if not self._as(client, sitter):
            return
        self.now += timedelta(seconds=self.random.choice((1, 30, 300)))
        self._answer_to(client, self.got[-1].number)

    def _overtake(self) -> None:
        """An override begins while a client's message waits to be forwarded."""
        client, sitter = self.random.choice(CLIENTS), self.random.choice(SITTERS)
        self._visit_of(client, sitter)
        if self._as(client, sitter):
            self.now += timedelta(seconds=1)
            self._answer_to(client, self.got[-1].number, waits=True)
            self.now += timedelta(seconds=1)
            with working(self.url, now=self.now, org=ORG) as uow:
                self._override_of(uow, client)
            self._forward()

    def _hold(self) -> None:
        """An override begins or ends while messages are under way."""
        change = self._override if self.random.random() < 0.7 else self._end_override
        with suppress(PetmsgError), working(self.url, now=self.now, org=ORG) as uow:
            change(uow)
        self.now += timedelta(seconds=1)
        self._forward()

    def _answer(self) -> None:
        """A client answers on a number they had a message from, mostly the last one."""
        client = self.random.choice(CLIENTS)
        theirs = [got.number for got in self.got if got.client == client]
        at_hand = theirs[-1:] * 4 + theirs[-5:] + [self.random.choice(OURS)]
        self._answer_to(client, self.random.choice(at_hand))

    def _answer_late(self) -> None:
        """An answer that the provider reports minutes later."""
        client = self.random.choice(CLIENTS)
        theirs = [got.number for got in self.got if got.client == client] or [DESK]
        self._answer_to(client, theirs[-1], late=timedelta(minutes=self.random.randint(1, 50)))

    def _answer_to(
        self, client: str, e164: str, *, late: timedelta | None = None, waits: bool = False
    ) -> None:
        """The client writes; whether a sitter's phone may get it follows from the history."""
        self._answers += 1
        token = f"answer-{self._answers}"
        at = self.now if late is None else self.now - late
        text = ReceivedMessage(
            provider_message_id=f"SM-{token}",
            from_phone=_phone(client),
            to_e164=e164,
            body=f"She was late {token}",
            received_at=None if late is None else at,
            media_count=self.random.choice((0, 0, 0, 0, 1)),
        )
        known = [got for got in self.got if got.client == client and got.number == e164]
        before = [got for got in known if got.at <= at]
        if self._holds(client, at) or (before and before[-1].is_private):
            self.private.add(token)
        expected = None if late is not None else self._reader(client, e164, before)
        try:
            with working(self.url, now=self.now, org=ORG) as uow:
                receive(uow, text)
        except PetmsgError:
            return  # the number is not there yet
        self.judged["private" if token in self.private else "open"] += 1
        waits = waits or expected is None
        carried = [] if waits else self._forward()
        if not waits and not self._is_held_up:  # a picture that is fetched holds up the phone
            self.judged["sitters"] += 1
            if token not in "\n".join(carried):
                self.missed.append(f"{token} of {client} to {e164} did not reach {expected}")

    def _reader(self, client: str, e164: str, before: list[Got]) -> str | None:
        """The sitter who must read an answer: the last message from the number was theirs, and
        nothing stands between."""
        if not before or before[-1].sitter is None or before[-1].is_private:
            return None
        if self._holds(client, self.now):
            return None
        with looking(self.url) as cursor:
            found = cursor.tuples(
                "SELECT s.ref FROM message_number n"
                " JOIN sitter s ON s.id = n.sitter_id AND s.status = 'active'"
                " JOIN org o ON o.id = n.org_id AND o.relay"
                " JOIN client c ON c.org_id = n.org_id AND c.ref = :client"
                " JOIN assignment_window w ON w.client_id = c.id AND w.sitter_id = s.id"
                "  AND w.starts_at <= :now AND w.ends_at > :now"
                " JOIN booking b ON b.id = w.booking_id AND b.status = 'confirmed'"
                " WHERE n.e164 = :e164 AND n.status = 'active'",
                client=client,
                e164=e164,
                now=self.now,
            )
        sitter = found[0][0] if found else None
        return sitter if sitter == before[-1].sitter else None

    def _forward(self) -> list[str]:
        """Send what waits for sitters' phones; the words that were sent."""
        with looking(self.url) as cursor:
            ids = cursor.tuples(
                "SELECT m.id, m.body, c.ref FROM message m JOIN relay r ON r.message_id = m.id"
                " JOIN message a ON a.id = r.about_id LEFT JOIN client c ON c.id = a.client_id"
                " WHERE m.status = 'queued' AND m.thread_id IS NULL ORDER BY m.id"
            )
        carried = []
        self._is_held_up = False
        for message_id, body, client in ids:
            with working(self.url, now=self.now, org=ORG) as uow:
                taken = claim.claim(
                    uow,
                    message_id,
                    provider=ProviderName.SANDBOX,
                    worker=WORKER,
                    ahead=NEVER,
                )
                if not isinstance(taken, claim.Claim):
                    self._is_held_up |= isinstance(taken, claim.Waiting)
                    continue
                accepted = Accepted(f"SB-{message_id}", "accepted")
                handed = record_outcome.HandedOver(taken, accepted, self.now)
                assert record_outcome.record(uow, handed) is MessageStatus.SENT
            carried.append(str(body))
            if self._holds(client, self.now):
                self.leaks.append(f"{body} was sent to a sitter under an override")
            if {word for word in str(body).split() if word.startswith("answer-")} & self.private:
                self.leaks.append(f"{body} was sent to a sitter")
        return carried
