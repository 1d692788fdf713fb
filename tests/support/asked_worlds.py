"""A company with a past, made by chance, which is asked who would be rung for a call.

Who may be is known from its own history and from the bare tables.

world = AskedWorld(url, seed=3)
world.live(40)       # visits, overrides, messages, re-classed and quarantined numbers, people
world.call(100)      # who would be rung now, and at other times; nothing is stored
world.faults         # what must not be
world.codes          # how often each code came out
"""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from petmsg.db.cursor import Cursor
from petmsg.enums.calls import CallAddressee, RingTarget
from petmsg.enums.inbound import AddressedTo
from petmsg.enums.orgs import Switch
from petmsg.errors import PetmsgError
from petmsg.queries.call_facts import read_call_facts
from petmsg.queries.org import OrgRow, find_org
from petmsg.rules.call_steps import choose
from petmsg.rules.routing.call import route_call
from petmsg.rules.routing.call_decision import CallDecision, Ring
from petmsg.rules.routing.inbound import InboundDecision
from petmsg.services.inbound.address import explain_inbound
from petmsg.services.orgs import org
from petmsg.services.people import client
from petmsg.services.unit_of_work import UnitOfWork
from tests.support.consistency import raw
from tests.support.fixtures import looking, working
from tests.support.private_worlds import OURS, SPARE_DESK, PrivateWorld
from tests.support.worlds import CLIENTS, DESK, NUMBERS, POOL, SITTERS

STRANGER, DESK_PHONE = "+14155553000", "+14155553001"
OF_CLIENTS = {f"+1415555100{at}": ref for at, ref in enumerate(CLIENTS)}
OF_SITTERS = {f"+1415555200{at}": ref for at, ref in enumerate(SITTERS)}
SHARED = "+14155552002"
"""The phone of a sitter who is a client, too."""
CALLED = (DESK, SPARE_DESK, *POOL, *NUMBERS[:6])
CALLERS = (*OF_CLIENTS, *OF_SITTERS, *OF_SITTERS, STRANGER, DESK_PHONE, None, POOL[0])
AGO = tuple(timedelta(minutes=at) for at in (1, 30, 300, 1500))

CUSTODY = """
SELECT c.class, c.status, c.quarantined_until, s.ref, n.voice FROM message_number n
JOIN number_custody c ON c.number_id = n.id
LEFT JOIN sitter s ON s.id = c.sitter_id
WHERE n.e164 = :e164 AND c.from_at <= :at ORDER BY c.from_at DESC LIMIT 1
"""
OPEN_WINDOWS = """
SELECT c.ref FROM assignment_window w
JOIN booking b ON b.id = w.booking_id JOIN client c ON c.id = b.client_id
JOIN sitter s ON s.id = w.sitter_id
WHERE b.status = 'confirmed' AND s.ref = :sitter AND w.starts_at <= :at AND w.ends_at > :at
"""
FOREVER = timedelta(days=40_000)


class Called(NamedTuple):
    """A question: who would be rung for a call from that phone to that number."""

    phone: str | None
    e164: str
    at: datetime


Answer = tuple[str, str, str | None, tuple[Ring, ...], tuple[Any, ...]]


class AskedWorld(PrivateWorld):
    """A `PrivateWorld` whose numbers are called."""

    def __init__(self, url: str, *, seed: int) -> None:
        super().__init__(url, seed=seed)
        self.faults: list[str] = []
        self.codes: Counter[str] = Counter()
        self.then: dict[Called, Answer] = {}
        with working(url, now=self.now) as uow:
            client.phone_add(uow, CLIENTS[2], SHARED)
            org.change(uow, desk_phone=DESK_PHONE, voicemail=Switch.ON)

    def change_numbers(self, steps: int) -> None:
        """Let things happen of which the past is remembered: to numbers, sitters and overrides."""
        changes: tuple[Callable[[UnitOfWork], None], ...] = (
            self._quarantine, self._restore, self._release, self._renumber, self._activate,
            self._deactivate, self._override, self._end_override,
        )  # fmt: skip
        for _ in range(steps):
            self.tick()
            if self.random.random() < 0.3:
                self.text(self.random.choice(CLIENTS))
            else:
                with suppress(PetmsgError), working(self.url, now=self.now) as uow:
                    self.random.choice(changes)(uow)

    def visit(self) -> None:
        """Visits begin that run now."""
        for _ in range(2):
            self._visit()

    def mute(self) -> None:
        """The provider says of a few numbers that they take no calls."""
        with raw(self.url) as cursor:
            for e164 in OURS:
                heard = self.random.choice(("NULL", "(1 = 1)", "(1 = 0)"))
                cursor.run(f"UPDATE message_number SET voice = {heard} WHERE e164 = :e", e=e164)

    def call(self, times: int, *, remember: bool = False) -> None:
        """Call numbers, now and at other times. With `remember` only now, for `recall`."""
        with looking(self.url) as cursor:
            row = find_org(cursor, None)
            for _ in range(times):
                phone, e164 = self.random.choice(CALLERS), self.random.choice(CALLED)
                if phone in OF_SITTERS or self.random.random() < 0.5:
                    sitter = OF_SITTERS.get(phone or "") or self.random.choice(SITTERS)
                    e164 = self._number_of(cursor, sitter) or e164
                at = self.now
                if not remember and self.random.random() < 0.6:
                    at += self.random.choice(AGO) * self.random.choice((-1, 1))
                asked = Called(phone, e164, at)
                found = self._decide(cursor, row, asked)
                if found is not None and remember:
                    self.then[asked] = _answer(found)

    def recall(self) -> int:
        """Ask again for what was remembered, as something past; how often it was asked."""
        with looking(self.url) as cursor:
            row = find_org(cursor, None)
            for asked, answer in self.then.items():
                found = self._decide(cursor, row, asked)
                said = None if found is None else _answer(found)
                if said != answer:
                    self.faults.append(f"{asked}: {answer} then, {said} now")
        return len(self.then)

    def _number_of(self, cursor: Cursor, sitter: str) -> str | None:
        found: str | None = cursor.value(
            "SELECT n.e164 FROM message_number n JOIN sitter s ON s.id = n.sitter_id"
            " WHERE s.ref = :sitter",
            sitter=sitter,
        )
        return found

    def _decide(self, cursor: Cursor, row: OrgRow, asked: Called) -> CallDecision | None:
        phone, e164, at = asked
        past = at < self.now
        facts = read_call_facts(cursor, row, to_e164=e164, from_phone=phone, at=at, past=past)
        if facts is None:
            return None
        found = route_call(facts, at)
        self.codes[found.code.value] += 1
        message = explain_inbound(
            cursor,
            row._replace(relay=True),
            to_e164=e164,
            from_phone=phone or "",
            at=at,
            now=self.now,
        )
        wrong = [_addressee(found, message.decision), _secrets(found)]
        for decision in (found, *_choices(found)):
            wrong += [self._ring(cursor, each, asked) for each in decision.rings]
        what = f"{asked} (now {self.now}): {found.code} {found.rings}"
        self.faults += [f"{fault}: {what}" for fault in wrong if fault]
        return found

    def _ring(self, cursor: Cursor, ring: Ring, asked: Called) -> str | None:
        """Say what is wrong with somebody who is rung."""
        phone, _, at = asked
        if ring.target in (RingTarget.VOICEMAIL, RingTarget.SENTENCE):
            return "a number is shown to nobody" if ring.caller_id else None
        if ring.caller_id is None or not self._can_be_shown(cursor, ring.caller_id, at):
            return f"{ring.caller_id} cannot be shown"
        if ring.target is RingTarget.FRONT_DESK:
            return "the desk rings itself" if phone == DESK_PHONE else None
        if ring.target is RingTarget.CLIENT:
            windows = cursor.tuples(OPEN_WINDOWS, sitter=OF_SITTERS.get(phone or ""), at=at)
            is_open = (ring.ref,) in windows
            return None if is_open else "a sitter rings a client without an open window"
        return self._sitter(cursor, ring, asked)

    def _sitter(self, cursor: Cursor, ring: Ring, asked: Called) -> str | None:
        """Say what is wrong with a sitter who is rung."""
        phone, e164, at = asked
        caller = CLIENTS[2] if phone == SHARED else OF_CLIENTS.get(phone or "")
        if phone is not None and OF_SITTERS.get(phone) == ring.ref:
            return "a sitter is rung on the phone that calls"
        if (caller,) not in cursor.tuples(OPEN_WINDOWS, sitter=ring.ref, at=at):
            return "a sitter is rung for somebody without an open window with them"
        if self._held(cursor, e164, at)[3] != ring.ref:
            return "a sitter is rung who does not hold the number"
        if self._holds(caller or "", at):
            return "a sitter is rung under an override"
        got = [each for each in self.got if (each.client, each.number) == (caller, e164)]
        before = [each for each in got if each.at <= at]
        if before and (before[-1].is_private or before[-1].sitter != ring.ref):
            return "a sitter is rung for a client who had a message of somebody else's from it"
        return None

    def _can_be_shown(self, cursor: Cursor, e164: str, at: datetime) -> bool:
        _, status, until, _, voice = self._held(cursor, e164, at)
        is_over = status == "quarantined" and until is not None and until <= at
        is_silent = voice is not None and not voice
        return not is_silent and (status == "active" or is_over)

    def _held(self, cursor: Cursor, e164: str, at: datetime) -> tuple[Any, ...]:
        """The number's class, status, end of quarantine, sitter and voice: in the past as they
        were, else today's."""
        known_at = at if at < self.now else self.now + FOREVER
        rows = cursor.tuples(CUSTODY, e164=e164, at=known_at)
        if not rows:  # before the number's first day it is what it was then
            rows = cursor.tuples(CUSTODY.replace("DESC", "ASC"), e164=e164, at=self.now)
        number_class, status, until, sitter, voice = rows[0]
        return number_class, status, cursor.as_instant(until), sitter, voice


def _choices(found: CallDecision) -> list[CallDecision]:
    """What follows after each key of a sitter who chooses."""
    keys = range(1, len(found.options) + 1)
    return [chosen for key in keys if (chosen := choose(found, key)) is not None]


def _addressee(found: CallDecision, message: InboundDecision) -> str | None:
    """Say whether the call is for somebody else than a message would be."""
    if found.is_rejected:
        return None
    if message.kind is AddressedTo.SITTER:
        same = found.addressed_to is CallAddressee.SITTER and found.ref == message.addressed_to
    elif message.code.value == "SITTER_REPLY":
        same = found.addressed_to is not CallAddressee.SITTER
    else:
        same = found.addressed_to is CallAddressee.FRONT_DESK
        same = same and found.code.value == message.code.value
    return None if same else f"a message is for {message.addressed_to} ({message.code})"


def _secrets(found: CallDecision) -> str | None:
    """Say whether the decision holds a phone of a person's, or has too many choices."""
    words = str(found.to_json())
    personal = (*OF_CLIENTS, *OF_SITTERS, STRANGER, DESK_PHONE)
    if any(phone in words for phone in personal):
        return "it holds a personal phone"
    return "too many choices" if len(found.options) > 9 else None


def _answer(found: CallDecision) -> Answer:
    return found.code.value, found.addressed_to.value, found.ref, found.rings, found.options
