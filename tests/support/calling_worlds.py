"""Companies that are called, made by chance: whom a call may ring is known beforehand.

world = CallingWorld(url, seed=3)
world.live(60)       # visits, messages, quarantines, renumbering, offboarding, STOP, and calls
world.wrong          # what petmsg did with calls and must not do, in words
world.judged         # how many calls of each kind there were

The world's own history says who held which number when a client last got a message from it.
"""

import asyncio
import json
import re
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from xml.etree import ElementTree as ET

from petmsg.enums.calls import CallStatus
from petmsg.enums.numbers import NumberClass
from petmsg.enums.orgs import Switch
from petmsg.enums.simulated_calls import PickUp
from petmsg.errors import PetmsgError
from petmsg.providers.base import ReceivedMessage
from petmsg.providers.public_url import CALL, CALL_ENDED
from petmsg.providers.sandbox_call import Callers, Reaction, SimulatedCall, VoiceRequest
from petmsg.services.bookings import booking, confirm
from petmsg.services.inbound.receive import receive
from petmsg.services.numbers import number
from petmsg.services.orgs import org
from petmsg.services.people import client
from petmsg.services.people import sitter as sitters
from tests.support.fixtures import add_org, looking, run_cli, working
from tests.support.in_process_calls import Asked, Handlers
from tests.support.private_worlds import OURS, PrivateWorld
from tests.support.twilio_fake import ACCOUNT_SID
from tests.support.worlds import CLIENTS, ORG, SITTERS

OTHER = "tail-waggers"
OTHER_DESK, OTHER_SITTER, RETIRED = "+14155550200", "+14155550211", "+14155550212"
DESK_PHONES = {ORG: "+14155553000", OTHER: "+14155553001"}
STRANGER, NOT_OURS, WITHHELD = "+16175559999", "+14155550777", "anonymous"
CLIENT_PHONES = {ref: f"+1415555100{at}" for at, ref in enumerate(CLIENTS)}
SITTER_PHONES = {ref: f"+1415555200{at}" for at, ref in enumerate(SITTERS)}
ONLY_OTHERS = "+14155551009"
PER_HOUR = 5
PERSONAL = {
    *CLIENT_PHONES.values(), *SITTER_PHONES.values(), *DESK_PHONES.values(), STRANGER, ONLY_OTHERS,
}  # fmt: skip
_SITTER_OF = """
SELECT s.ref FROM message_number n
JOIN sitter s ON s.id = n.sitter_id AND s.status = 'active'
JOIN org o ON o.id = n.org_id AND o.slug = :slug
JOIN client c ON c.org_id = n.org_id AND c.ref = :client
JOIN assignment_window w ON w.client_id = c.id AND w.sitter_id = s.id
 AND w.starts_at <= :now AND w.ends_at > :now
JOIN booking b ON b.id = w.booking_id AND b.status = 'confirmed'
WHERE n.e164 = :e164 AND n.status = 'active'
"""
_CLIENTS_OF = """
SELECT c.ref, p.e164 FROM message_number n
JOIN sitter s ON s.id = n.sitter_id AND s.status = 'active'
JOIN org o ON o.id = n.org_id AND o.slug = :slug
JOIN assignment_window w ON w.sitter_id = s.id AND w.starts_at <= :now AND w.ends_at > :now
JOIN booking b ON b.id = w.booking_id AND b.status = 'confirmed'
JOIN client c ON c.id = w.client_id
JOIN client_phone p ON p.client_id = c.id
WHERE n.e164 = :e164 AND s.phone = :phone
"""


@dataclass
class Placed:
    """A call that the world places: the caller, the number, its org, and who may be rung.

    `must_ring` is the phone that must be rung first, if anybody's must.
    """

    caller: str
    number: str
    org: str | None
    at: datetime
    may_ring: set[str] = field(default_factory=set)
    must_ring: str | None = None
    asked: list[Asked] = field(default_factory=list, repr=False)
    rung: list[str] = field(default_factory=list)


class CallingWorld(PrivateWorld):
    """A `PrivateWorld` beside a second company, with telephones."""

    def __init__(self, url: str, *, seed: int) -> None:
        self.wrong: list[str] = []
        self.accepted: list[tuple[str, str, datetime]] = []
        super().__init__(url, seed=seed)
        self._add_the_other_company()
        with working(url, now=self.now, org=ORG) as uow:
            org.change(
                uow,
                desk_phone=DESK_PHONES[ORG],
                voicemail=Switch.ON,
                calls_per_hour=PER_HOUR,
                missed_call_reply="We call you back.",
            )
        self.handlers = Handlers(url, now=self.now)

    def _add_the_other_company(self) -> None:
        """People may be with two companies: it has the same phones of a client and a sitter."""
        add_org(self.url, OTHER, front_desk=OTHER_DESK)
        with working(self.url, now=self.now, org=OTHER) as uow:
            number.add(uow, OTHER_SITTER, number_class=NumberClass.SITTER)
            number.add(uow, RETIRED, number_class=NumberClass.POOL)
            client.add(uow, "Client 0", phones=[CLIENT_PHONES["C-1"]], ref="C-1")
            client.add(uow, "Other Client", phones=[ONLY_OTHERS], ref="C-2")
            sitters.add(uow, "Sitter 0", phone=SITTER_PHONES["S-1"], ref="S-1")
            sitters.activate_all(uow, ["S-1"])
            number.retire(uow, RETIRED, reason="too old")
            for at, ref in enumerate(("C-1", "C-2")):
                booking.add(
                    uow,
                    client=ref,
                    sitter="S-1",
                    starts_at=self.now - timedelta(hours=1),
                    ends_at=self.now + timedelta(days=900),
                    ref=f"B-{at}",
                )
                confirm.confirm(uow, [f"B-{at}"], of_many=False)
            org.change(uow, desk_phone=DESK_PHONES[OTHER], calls_per_hour=PER_HOUR)

    def live(self, steps: int, *, until_wrong: bool = False) -> None:
        """Let `steps` things happen; every answer to a request is judged when it comes."""
        things = (
            self._change, self._visit, self._write, self._talk, self._hold, self._move_a_number,
            self._betray, self._stop, self._relay,
            *[self._call] * 4, self._call_often, *[self._call_back] * 3,
            *[self._call_each_other] * 4,
        )  # fmt: skip
        try:
            for _ in range(steps):
                self.tick()
                self.random.choice(things)()
                if until_wrong and self.wrong:
                    return
            self._look_for_phones()
        finally:
            self.handlers.close()

    def _write(self) -> None:
        with suppress(PetmsgError):  # they have opted out
            super()._write()

    def _stop(self) -> None:
        """A client opts out, or in again: their calls are put through all the same."""
        ref = self.random.choice(CLIENTS)
        self._answers += 1
        text = ReceivedMessage(
            provider_message_id=f"SM-stop-{self._answers}",
            from_phone=CLIENT_PHONES[ref],
            to_e164=self.random.choice(OURS[:3]),
            body=self.random.choice(("STOP", "STOP", "START")),
        )
        with suppress(PetmsgError), working(self.url, now=self.now, org=ORG) as uow:
            receive(uow, text)

    # --- calls -----------------------------------------------------------------------------

    def _call(self) -> None:
        """Anybody calls any number, mostly one that they know."""
        callers = (
            *CLIENT_PHONES.values(), *CLIENT_PHONES.values(), *SITTER_PHONES.values(),
            STRANGER, WITHHELD, ONLY_OTHERS, DESK_PHONES[ORG], OURS[0],
        )  # fmt: skip
        caller = self.random.choice(callers)
        held = self._numbers_of_sitters()
        theirs = [got.number for got in self.got if CLIENT_PHONES[got.client] == caller]
        known = theirs[-3:] * 2 + held * 2 + [OTHER_SITTER, OTHER_SITTER]
        others = [*OURS, OTHER_DESK, RETIRED, NOT_OURS]
        self._place(caller, self.random.choice(known if self.random.random() < 0.8 else others))

    def _call_back(self) -> None:
        """A client calls the number of the last message that they got."""
        if not self.got:
            return
        last = self.random.choice(self.got[-6:])
        self._place(CLIENT_PHONES[last.client], last.number)

    def _call_each_other(self) -> None:
        """During a visit the client calls the sitter, or the sitter the client."""
        ref, sitter = self.random.choice(CLIENTS), self.random.choice(SITTERS)
        self._visit_of(ref, sitter)
        with looking(self.url) as cursor:
            held = cursor.tuples(
                "SELECT n.e164 FROM message_number n JOIN sitter s ON s.id = n.sitter_id"
                " WHERE s.phone = :phone AND n.status = 'active' ORDER BY n.org_id",
                phone=SITTER_PHONES[sitter],
            )
        caller = self.random.choice((CLIENT_PHONES[ref], SITTER_PHONES[sitter]))
        for (e164,) in held[:1]:
            self._place(caller, e164)

    def _call_often(self) -> None:
        """A phone calls again and again."""
        caller = self.random.choice((*CLIENT_PHONES.values(), STRANGER, WITHHELD))
        for _ in range(PER_HOUR + 2):
            self.now += timedelta(seconds=self.random.choice((1, 60)))
            self._place(caller, self.random.choice(OURS[:8]))

    def _numbers_of_sitters(self) -> list[str]:
        sql = "SELECT e164 FROM message_number WHERE sitter_id IS NOT NULL AND status = 'active'"
        with looking(self.url) as cursor:
            return [e164 for (e164,) in cursor.tuples(sql)]

    def _place(self, caller: str, called: str) -> None:
        """Place a call: people react by chance, requests come again, the world goes on."""
        placed = self._known_of(caller, called)
        self.handlers.set_now(self.now)
        chance = self.random
        call = SimulatedCall(
            Callers(
                caller,
                called,
                key=chance.choice(("", "1", "1", "2", "9")),
                speaks=chance.choice((0, 0, 23)),
                hangs_up=chance.random() < 0.1,
            ),
            lambda _: Reaction(chance.choice(tuple(PickUp)), chance.choice(("", "1", "1", "5"))),
            account_sid=ACCOUNT_SID,
            voice=CALL,
            ended=CALL_ENDED,
        )
        first = [self._early_end(call, placed)] if chance.random() < 0.1 else None
        carrying = self.handlers.carry(
            call, look=lambda asked: self._judge(placed, asked), first=first, again=self._again
        )
        asyncio.run(carrying)
        self._repeat(call, placed)
        self._judge_call(call, placed)

    def _early_end(self, call: SimulatedCall, placed: Placed) -> VoiceRequest:
        """The end of a call that is told before its arrival."""
        return VoiceRequest(
            CALL_ENDED,
            {
                "AccountSid": ACCOUNT_SID, "CallSid": call.sid, "From": placed.caller,
                "To": placed.number, "Direction": "inbound", "CallStatus": "completed",
                "CallDuration": "4",
            },
        )  # fmt: skip

    def _again(self, asked: list[Asked]) -> list[VoiceRequest]:
        """Requests that come again at once or late; now and then something happens before."""
        if self.random.random() < 0.3:
            self.now += timedelta(seconds=5)
            self._change()
            self.handlers.set_now(self.now)
        return [each.request for each in asked if self.random.random() < 0.15]

    def _repeat(self, call: SimulatedCall, placed: Placed) -> None:
        """After the end every request comes again, in any order: nothing changes."""
        before = self._stored(call)
        self.now += timedelta(seconds=1)
        self.handlers.set_now(self.now)
        requests = [each.request for each in placed.asked]
        self.random.shuffle(requests)
        silent = _Silent(requests)
        asyncio.run(self.handlers.carry(silent, look=lambda asked: self._judge(placed, asked)))
        if self._stored(call) != before:
            self.wrong.append(f"{before} became {self._stored(call)} by requests that came again")

    def _stored(self, call: SimulatedCall) -> list[Any]:
        with looking(self.url) as cursor:
            rows = cursor.tuples(
                "SELECT status, answered_by, answered_at, ended_at, duration_seconds, code,"
                " decision, voicemail_seconds, message_id FROM call WHERE provider_call_id = :sid",
                sid=call.sid,
            )
            entries = cursor.tuples(
                "SELECT id, body FROM message WHERE provider_message_id = :sid", sid=call.sid
            )
        return [*map(tuple, rows), *map(tuple, entries)]

    # --- what is known beforehand ----------------------------------------------------------

    def _known_of(self, caller: str, called: str) -> Placed:
        """Whom a call may ring, by the world's own history."""
        slug = self._org_of(called)
        placed = Placed(caller, called, slug, self.now)
        if slug is None:
            return placed
        placed.may_ring.add(DESK_PHONES[slug])
        if caller in SITTER_PHONES.values():
            self._know_of_sitter(placed)
        elif slug == ORG and caller in CLIENT_PHONES.values():
            self._know_of_client(placed)
        elif called == OTHER_SITTER and caller in (CLIENT_PHONES["C-1"], ONLY_OTHERS):
            placed.may_ring.add(SITTER_PHONES["S-1"])
            placed.must_ring = SITTER_PHONES["S-1"]
        placed.may_ring.discard(caller)
        return placed

    def _org_of(self, called: str) -> str | None:
        with looking(self.url) as cursor:
            slug: str | None = cursor.value(
                "SELECT o.slug FROM message_number n JOIN org o ON o.id = n.org_id"
                " WHERE n.e164 = :e164",
                e164=called,
            )
        return slug

    def _know_of_client(self, placed: Placed) -> None:
        """The sitter of the visit, if the last message from the number was theirs."""
        ref = next(each for each, phone in CLIENT_PHONES.items() if phone == placed.caller)
        with looking(self.url) as cursor:
            found = cursor.tuples(
                _SITTER_OF, slug=ORG, client=ref, now=self.now, e164=placed.number
            )
        if not found or self._holds(ref, self.now):
            return
        phone = SITTER_PHONES[found[0][0]]
        theirs = [got for got in self.got if got.client == ref and got.number == placed.number]
        if not theirs:
            placed.may_ring.add(phone)
        elif theirs[-1].sitter == found[0][0] and not theirs[-1].is_private:
            placed.may_ring.add(phone)
            placed.must_ring = phone

    def _know_of_sitter(self, placed: Placed) -> None:
        """The clients of their open visits, on their own number."""
        with looking(self.url) as cursor:
            found = cursor.tuples(
                _CLIENTS_OF, slug=placed.org, now=self.now, e164=placed.number, phone=placed.caller
            )
        for ref, phone in found:
            if placed.org == OTHER or not self._holds(ref, self.now):
                placed.may_ring.add(phone)

    # --- judging ---------------------------------------------------------------------------

    def _judge(self, placed: Placed, asked: Asked) -> None:
        """An answer: whom it dials, which number is shown, and that no phone stands elsewhere."""
        placed.asked.append(asked)
        path = asked.request.path.partition("?")[0]
        if path == CALL_ENDED and asked.reply.status == 204:
            return
        if asked.reply.status != 200:
            self.wrong.append(f"{path} was answered with {asked.reply.status} {asked.reply.body}")
            return
        document = ET.fromstring(asked.reply.body)  # noqa: S314 - because petmsg wrote it
        for dial in document.iter("Dial"):
            self._judge_dial(placed, dial)
        if phones_in(ET.tostring(document, encoding="unicode")):
            self.wrong.append(f"a phone is in {asked.reply.body}")

    def _judge_dial(self, placed: Placed, dial: ET.Element) -> None:
        shown = dial.attrib.pop("callerId", "")
        with looking(self.url) as cursor:
            usable = cursor.tuples(
                "SELECT o.slug FROM message_number n JOIN org o ON o.id = n.org_id"
                " WHERE n.e164 = :e164 AND (n.status = 'active' OR n.quarantined_until <= :now)",
                e164=shown,
                now=self.now,
            )
        if [slug for (slug,) in usable] != [placed.org]:
            self.wrong.append(f"{placed} showed {shown}, which is no usable number of the company")
        if dial.get("record"):
            self.wrong.append("a conversation was recorded")
        for dialled in dial.iter("Number"):
            phone, dialled.text = dialled.text or "", None
            placed.rung.append(phone)
            if phone not in placed.may_ring or self._has_left(placed, phone):
                self.wrong.append(f"{placed} rang {phone}")

    def _has_left(self, placed: Placed, phone: str) -> bool:
        """Whether it is the phone of a sitter who is not active in the company any more."""
        with looking(self.url) as cursor:
            found = cursor.tuples(
                "SELECT s.status FROM sitter s JOIN org o ON o.id = s.org_id"
                " WHERE o.slug = :slug AND s.phone = :phone",
                slug=placed.org,
                phone=phone,
            )
        return any(status != "active" for (status,) in found)

    def _judge_call(self, call: SimulatedCall, placed: Placed) -> None:
        """What the whole call came to."""
        with looking(self.url) as cursor:
            rows = cursor.tuples(
                "SELECT status, decision, code FROM call WHERE provider_call_id = :sid",
                sid=call.sid,
            )
            entries = cursor.value(
                "SELECT COUNT(*) FROM message WHERE provider_message_id = :sid", sid=call.sid
            )
        if placed.org is None:
            if self._org_of(placed.number) is not None:
                return  # it was added meanwhile, and what came again is its first call
            if rows or placed.rung:
                self.wrong.append(f"a call to a number of nobody was stored or rang: {placed}")
            self.judged["nobody's"] += 1
            return
        if len(rows) != 1 or entries > 1:
            self.wrong.append(f"{len(rows)} calls and {entries} entries of {placed}")
            return
        status, decision, code = rows[0]
        if status == CallStatus.RINGING:
            self.wrong.append(f"the end of a call was not stored: {placed}")
        if phones_in(decision):
            self.wrong.append(f"a phone is in the decision {decision}")
        if status == CallStatus.REJECTED:
            self.judged["rejected"] += 1
            if placed.rung:
                self.wrong.append(f"a call was rejected and rang {placed.rung}")
            return
        self._judge_rate(placed)
        kind = json.loads(decision)["addressed_to"]
        self.judged[f"{kind}'s"] += 1
        if placed.must_ring is not None and placed.rung[:1] != [placed.must_ring]:
            self.wrong.append(f"{placed.must_ring} did not ring first: {code} {placed}")

    def _judge_rate(self, placed: Placed) -> None:
        """At most so many calls of a phone in an hour are taken."""
        key = (placed.org or "", placed.caller)
        lately = [
            at
            for org_, caller, at in self.accepted
            if (org_, caller) == key and at > placed.at - timedelta(hours=1)
        ]
        if len(lately) >= PER_HOUR:
            self.wrong.append(f"{placed.caller} called {len(lately) + 1} times in an hour")
        self.accepted.append((*key, placed.at))

    def _look_for_phones(self) -> None:
        """No personal phone is in the log, the audit, the alerts or what commands print."""
        told = [str(each) for each in self.handlers.logged] + self.handlers.told
        for table in ("audit_event", "alert"):
            with looking(self.url) as cursor:
                told += [f"{table} {row}" for row in cursor.tuples(f"SELECT * FROM {table}")]
        for line in (("call", "list"), ("alert", "list"), ("status",)):
            ran = run_cli(self.url, *line, "--org", ORG, now=self.now)
            told += [ran.out, ran.err]
        with looking(self.url) as cursor:
            ids = cursor.tuples(
                "SELECT c.id, o.slug FROM call c JOIN org o ON o.id = c.org_id"
                " ORDER BY c.id DESC LIMIT 5"
            )
        for id_, slug in ids:
            ran = run_cli(self.url, "call", "show", str(id_), "--org", slug, "-o", "json")
            told += [ran.out, ran.err]
        self.wrong += [f"a phone is in: {each}" for each in told if phones_in(each)]


class _Silent(SimulatedCall):
    """Requests that are made as they are, whatever the answers say."""

    def __init__(self, requests: list[VoiceRequest]) -> None:
        self._all = requests

    def requests(self) -> Any:
        while self._all:
            yield self._all.pop(0)


_SEPARATORS = re.compile(r"[^0-9A-Za-z<>]")


def phones_in(text: str) -> set[str]:
    """The personal phones that a text holds, however they are written."""
    plain = _SEPARATORS.sub("", text)
    return {phone for phone in PERSONAL if phone[2:] in plain}
