"""Bookings, windows, quarantines, renumbering, offboarding, and messages repeated and out of order.

Every inbound message is held against the naive model; every outbound one is looked at by somebody
who knows all personal phones. `run_replies` takes its seed and its number of steps:

    python -m tests.campaigns.replying --seed 7 --steps 1000000
"""

import argparse
import random
import sys
import tempfile
from datetime import datetime, timedelta

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import rule, run_state_machine_as_test

from petmsg.db import migrate
from petmsg.enums.orgs import ProviderName
from petmsg.providers.base import Accepted, ReceivedMessage, Rejected, RejectionClass
from petmsg.services.inbound.receive import STALE_AFTER, Received, receive
from petmsg.services.outbox import queue
from petmsg.services.outbox.claim import claim
from petmsg.services.outbox.claimed import Claim, Ended
from petmsg.services.outbox.record_outcome import HandedOver, record
from tests.campaigns.replies import CLIENTS, PEOPLE, SITTERS, STRANGERS, Forwarded, Text
from tests.campaigns.replying_company import (
    DAY,
    EVERY_NUMBER,
    HOUR,
    MINUTE,
    SECOND,
    CompanyLife,
    Draw,
    clients,
    numbers,
    sitters,
)
from tests.support.fixtures import ACTOR, NOW, add_org

AT_ONCE = 50_000
"""Steps in one database; each has a seed of its own, counted from the first."""
delays = st.sampled_from([*[0 * MINUTE] * 4, 5 * MINUTE, 50 * MINUTE, 3 * HOUR, 2 * DAY])
words = st.sampled_from(
    ["Hi", "Is Rex fine?", "STOP", "START", f"Call {CLIENTS['C-1']}", "me@example.org", ""]
)
targets = st.sampled_from(["her sitter", "her sitter", "seen", "any"])
LOVED, QUOTED = "Loved “{}”", "> {}\nAll well"
"""What a phone makes of the message that was forwarded last."""
her_words = st.sampled_from(
    [
        *("On my way", "Yes", "All well", "@C-1 all well", "@C-2 all well", "1", "2", "@C-9 hm"),
        *(LOVED, QUOTED),
    ]
)

OFTEN = {
    "a_client_writes": 7,
    "a_sitter_writes": 5,
    "the_queue_is_sent": 4,
    "somebody_books": 3,
    "time_goes_by": 2,
    "a_text_is_delivered_again": 2,
    "the_desk_writes": 2,
    "a_sitter_comes": 2,
    "a_stranger_writes": 1,
    "a_sitter_writes_to_some_number": 1,
    "somebody_cancels": 1,
    "a_booking_is_reassigned": 1,
    "a_number_rests": 2,
    "a_number_returns": 1,
    "quarantines_end": 1,
    "a_sitter_is_renumbered": 1,
    "a_sitter_leaves": 1,
    "a_number_is_a_sitters_again": 1,
}
"""How often each happens, beside the others. One rule draws them all: Hypothesis leaves out whole
rules at random, and a company in which nobody books proves little."""
WHAT_HAPPENS = [what for what, times in OFTEN.items() for _ in range(times)]


class Replies(CompanyLife):
    """One company's life and its messages."""

    def __init__(self) -> None:
        super().__init__()
        self.sids = 0
        self.passed_on: dict[int, str] = {}

    def teardown(self) -> None:
        try:
            if self.model.numbers and sys.exc_info()[0] is None:
                self._settle()
                self._nothing_is_lost()
        finally:
            self.world.close()

    @rule(what=st.sampled_from(WHAT_HAPPENS), data=st.data())
    def happens(self, what: str, data: st.DataObject) -> None:
        getattr(self, what)(data.draw)

    # ----------------------------------------------------------------------- what comes in

    def a_client_writes(self, draw: Draw) -> None:
        """To the sitter's number, to one that the client had a message from once, or to any."""
        who, to, at_random, body, ago = map(draw, (clients, targets, numbers, words, delays))
        now, known = self.model.now, [at_random]
        if to == "her sitter":
            her = {each.sitter for each in self.model.open_windows(who, now)}
            known = [e164 for each in her if each and (e164 := self.model.number_of(each, now))]
        elif to == "seen":
            known = [e164 for client_ref, e164, _, _ in self.model.seen if client_ref == who]
        choice = known[EVERY_NUMBER.index(at_random) % len(known)] if known else at_random
        self._comes(CLIENTS[who], choice, body, ago)

    def a_stranger_writes(self, draw: Draw) -> None:
        self._comes(draw(st.sampled_from(STRANGERS)), draw(numbers), draw(words), draw(delays))

    def a_sitter_writes(self, draw: Draw) -> None:
        who, body = draw(sitters), draw(her_words)
        to = self.model.number_of(who, self.model.now)
        about = None
        if body in (LOVED, QUOTED):
            about = self.model.last_forwarded(who)
            body = body.format("Nobody: hm" if about is None else about.body)
        if to is not None:
            self._comes(SITTERS[who], to, body, 0 * MINUTE, about=about)

    def a_sitter_writes_to_some_number(self, draw: Draw) -> None:
        self._comes(SITTERS[draw(sitters)], draw(numbers), draw(her_words), 0 * MINUTE)

    def a_text_is_delivered_again(self, draw: Draw) -> None:
        if not self.model.texts:
            return
        known = self.model.texts[draw(st.sampled_from([*self.model.texts]))]
        before = self._counts()
        told: list[Received] = []
        text = ReceivedMessage(known.sid, known.sender, known.number, "something else", known.at)
        assert self._do(lambda uow: told.append(receive(uow, text)))
        assert (told[0].message, told[0].duplicate) == (known.message, True)
        assert self._counts() == before, "a text that was there already did something"

    def _comes(
        self,
        who: str,
        to: str,
        body: str,
        ago: timedelta,
        *,
        about: Forwarded | None = None,
    ) -> None:
        self.sids += 1
        sid = f"SM{self.sids}"
        told: list[Received] = []
        came = self.model.now + SECOND
        at = came - ago
        text = ReceivedMessage(sid, who, to, body, at)
        assert self._do(lambda uow: told.append(receive(uow, text)))
        to_whom, code = self.model.expect(who, to, at, body)
        decision = told[0].decision
        assert (decision["addressed_to"], decision["code"]) == (to_whom, code), decision
        owner = next((ref for ref, phone in CLIENTS.items() if phone == who), None)
        known = Text(sid, body, who, to, at, came, owner, to_whom, code, told[0].message)
        known.about = about
        self.model.texts[sid] = known
        self._is_in_its_place(known)
        self._was_passed_on_rightly(known)

    def _is_in_its_place(self, text: Text) -> None:
        rows = self.world.rows(
            "SELECT m.id, m.body, c.ref AS client, t.client_id = m.client_id AS hers,"
            " i.inbox_at FROM message m JOIN inbound_text i ON i.message_id = m.id"
            " LEFT JOIN client c ON c.id = m.client_id LEFT JOIN thread t ON t.id = m.thread_id"
            " WHERE m.provider_message_id = :sid",
            sid=text.sid,
        )
        (row,) = rows
        assert row["body"] == text.body
        assert row["client"] == text.client
        assert bool(row["hers"]) == (text.client is not None), "not in her thread"
        waits = row["inbox_at"] is not None
        if text.to in ("front_desk", "unrouted"):
            assert waits, "nobody would read it"

    def _was_passed_on_rightly(self, text: Text) -> None:
        """What petmsg wrote because of this message goes to nobody but whom the model allows."""
        now = self.model.now
        for row in self._written_about(text.message):
            if row["kind"] == "forward":
                assert row["sitter"] == text.to, "passed on to a sitter it is not for"
                assert text.code == "WINDOW_ACTIVE"
                assert now - text.at <= STALE_AFTER
                assert text.client in self.model.open_clients(row["sitter"], text.at)
                self.passed_on[row["message"]] = text.sid
            elif row["kind"] == "reply":
                assert text.to == "relay"
                assert not text.is_reaction, "a reaction was passed on"
                assert text.about is None or row["client"] == text.about.client, "another's words"
                allowed = self.model.open_clients(row["sitter"], now)
                assert row["client"] in allowed, "a sitter's words went to a client not hers now"
                assert self._is_certain(text, row["sitter"], row["client"], allowed)
            elif row["kind"] == "notice":
                assert text.to == "relay"
                assert not text.is_reaction, "somebody who reacted was asked or told"
                assert row["to_e164"] == text.sender

    def _is_certain(self, text: Text, who: str, to: str, allowed: set[str]) -> bool:
        """With several clients open: the sitter named or chose one, or no other wrote just now."""
        if text.body.startswith("@"):
            return text.body.startswith(f"@{to} ")
        if text.body in ("1", "2") or text.about is not None:
            return True
        last = self.model.last_forwarded(who)
        if last is not None and text.came - last.at < 2 * HOUR and last.client != to:
            return False
        if len(allowed) == 1:
            return True
        return not any(
            each.to == who and each.client != to and text.came - each.at < 10 * MINUTE
            for each in self.model.texts.values()
            if each.came <= text.came and each.sid != text.sid
        )

    def _written_about(self, message_id: int) -> list[dict[str, object]]:
        return self.world.rows(
            "SELECT r.kind, r.message_id AS message, s.ref AS sitter, c.ref AS client, m.to_e164,"
            " m.body FROM relay r JOIN message m ON m.id = r.message_id"
            " LEFT JOIN sitter s ON s.id = r.sitter_id LEFT JOIN client c ON c.id = m.client_id"
            " WHERE r.about_id = :about",
            about=message_id,
        )

    def _counts(self) -> list[tuple[object, ...]]:
        return self.world.cursor.tuples(
            "SELECT (SELECT count(*) FROM message), (SELECT count(*) FROM inbound_text),"
            " (SELECT count(*) FROM thread), (SELECT count(*) FROM relay),"
            " (SELECT count(*) FROM audit_event)"
        )

    # ------------------------------------------------------------------------- what leaves

    def the_desk_writes(self, draw: Draw) -> None:
        to = draw(clients)
        self._do(lambda uow: queue.queue(uow, to, body="Good morning"))

    def the_queue_is_sent(self, draw: Draw) -> None:
        self.sends(refused=draw(st.integers(0, 4)) == 0)

    def sends(self, *, refused: bool) -> None:
        for _ in range(4):
            queued = self.world.rows(
                "SELECT id FROM message WHERE status = 'queued' AND due_at <= :now"
                " ORDER BY send_at, id",
                now=self.model.now + SECOND,
            )
            sent = [self._send(row["id"], refused=refused) for row in queued]
            if not any(sent):
                return
            self.model.now += 10 * SECOND

    def _send(self, id_: int, *, refused: bool) -> bool:
        taken: list[object] = []
        self._do(
            lambda uow: taken.append(
                claim(uow, id_, provider=ProviderName.SANDBOX, worker="w-0000000000000001")
            )
        )
        if not taken or not isinstance(taken[0], Claim):
            return bool(taken) and isinstance(taken[0], Ended)
        mine = taken[0]
        at = self.model.now
        self._may_leave(mine, at)
        outcome: Accepted | Rejected = Accepted(f"OUT{id_}-{mine.attempt}", "queued")
        if refused and mine.text.to_e164 in SITTERS.values():
            outcome = Rejected("30003", RejectionClass.RECIPIENT, "no such phone")
        assert self._do(lambda uow: record(uow, HandedOver(mine, outcome, at, 0.5)))
        owner = next((ref for ref, each in CLIENTS.items() if each == mine.text.to_e164), None)
        if owner is not None and isinstance(outcome, Accepted):
            holder = self.model.span(mine.text.from_e164, at).holder
            self.model.seen.append((owner, mine.text.from_e164, at, holder))
        if owner is None and isinstance(outcome, Accepted):
            self._was_forwarded(id_, mine.text.body, at)
        return True

    def _was_forwarded(self, id_: int, body: str, at: datetime) -> None:
        rows = self.world.rows(
            "SELECT s.ref AS sitter, c.ref AS client FROM relay r"
            " JOIN sitter s ON s.id = r.sitter_id JOIN message a ON a.id = r.about_id"
            " JOIN client c ON c.id = a.client_id"
            " WHERE r.message_id = :id AND r.kind = 'forward'",
            id=id_,
        )
        self.model.forwarded += [Forwarded(row["sitter"], row["client"], body, at) for row in rows]

    def _may_leave(self, mine: Claim, at: datetime) -> None:
        text, model = mine.text, self.model
        assert text.from_e164 in model.numbers, "not one of our numbers"
        assert model.is_usable(text.from_e164, at), "a number that rests"
        assert not [each for each in PEOPLE if each[2:] in text.body], "a personal phone"
        assert "@example.org" not in text.body
        holder = model.span(text.from_e164, at).holder
        owner = next((ref for ref, each in CLIENTS.items() if each == text.to_e164), None)
        if owner is not None:
            speaks = model.speaks(owner, at)
            for sitter, _ in self._passed_on(mine.message, "reply"):
                assert owner in model.open_clients(sitter, at), "a client who is not theirs now"
                speaks = model.sends_from(sitter, at)
            assert text.from_e164 == speaks or (speaks is None and holder is None)
            return
        assert mine.thread == 0
        assert holder is not None, "a sitter's own phone is texted from a number that is not hers"
        assert SITTERS[holder] == text.to_e164
        for sitter, ref in self._passed_on(mine.message, "forward"):
            assert sitter == holder
            assert ref in model.open_clients(sitter, at), "words of a client not theirs now"

    def _passed_on(self, message_id: int, kind: str) -> list[tuple[str, str | None]]:
        """The sitter of a message that the relay wrote, and the client whose words it holds."""
        rows = self.world.rows(
            "SELECT s.ref AS sitter, c.ref AS client FROM relay r JOIN sitter s"
            " ON s.id = r.sitter_id JOIN message a ON a.id = r.about_id"
            " LEFT JOIN client c ON c.id = a.client_id"
            " WHERE r.message_id = :id AND r.kind = :kind",
            id=message_id,
            kind=kind,
        )
        return [(row["sitter"], row["client"]) for row in rows]

    # ------------------------------------------------------------------------------ the end

    def _settle(self) -> None:
        """Everything that can leave has left, or will not any more."""
        self.model.now += 6 * HOUR
        self.sends(refused=False)

    def _nothing_is_lost(self) -> None:
        stored = self.world.rows(
            "SELECT provider_message_id AS sid, count(*) AS times FROM message"
            " WHERE direction = 'inbound' GROUP BY provider_message_id"
        )
        assert {row["sid"]: row["times"] for row in stored} == dict.fromkeys(self.model.texts, 1)
        unread = self.world.rows(
            "SELECT m.id, m.provider_message_id AS sid, m.body, i.addressed_to, i.code"
            " FROM inbound_text i"
            " JOIN message m ON m.id = i.message_id"
            " WHERE i.inbox_at IS NULL AND NOT EXISTS ("
            "  SELECT 1 FROM relay r JOIN message f ON f.id = r.message_id"
            "  WHERE r.about_id = i.message_id AND (f.status IN ('sent', 'delivered', 'queued')"
            "   OR r.kind = 'notice'))"
        )
        for row in unread:
            answers = row["addressed_to"] == "relay" and row["body"] in ("1", "2")
            reacts = self.model.texts[row["sid"]].is_reaction
            assert answers or reacts, f"nobody ever read {row}"
        failed = self.world.rows(
            "SELECT r.about_id FROM relay r JOIN message f ON f.id = r.message_id"
            " JOIN inbound_text i ON i.message_id = r.about_id"
            " WHERE r.kind IN ('forward', 'reply') AND i.inbox_at IS NULL"
            " AND f.status NOT IN ('sent', 'delivered', 'queued')"
        )
        assert failed == [], "it did not arrive, and nobody was told"
        assert len(self.world.rows("SELECT 1 FROM thread")) <= len(CLIENTS)
        queued = self.world.rows(
            "SELECT m.id FROM message m WHERE m.status = 'queued' AND m.thread_id IS NULL"
        )
        assert queued == [], "a text of ours waits for ever"


def run_replies(
    url: str, *, steps: int, first_seed: int, each: int = 100, shrink: bool = True
) -> int:
    """Run at least `steps` steps of the company's life; how many were done. Raises what the first
    step that went wrong raised, after looking for fewer steps that do unless it is not to
    `shrink`."""

    class Seeded(Replies):
        """Its counter is its own."""

    Seeded.url = url
    Seeded.steps = 0
    print(f"replies: seed {first_seed}, {steps} steps")
    run_state_machine_as_test(
        seed(first_seed)(Seeded),
        settings=settings(
            max_examples=steps // each + 1,
            stateful_step_count=each,
            deadline=None,
            database=None,
            phases=(Phase.generate, Phase.shrink) if shrink else (Phase.generate,),
            suppress_health_check=list(HealthCheck),
            print_blob=False,
        ),
    )
    return Seeded.steps


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.campaigns.replying", description=__doc__)
    parser.add_argument("--steps", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    asked = parser.parse_args()
    done = 0
    for place, begun in enumerate(range(0, asked.steps, AT_ONCE)):
        with tempfile.TemporaryDirectory() as folder:
            url = f"sqlite:///{folder}/petmsg.db"
            migrate.upgrade(url, actor=ACTOR, now=NOW, create=True)
            add_org(url)
            steps = min(asked.steps - begun, AT_ONCE)
            done += run_replies(url, steps=steps, first_seed=asked.seed + place)
        print(f"{done} steps: none lost, none to the wrong person", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
