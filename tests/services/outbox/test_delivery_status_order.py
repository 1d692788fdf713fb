"""Receipts of attempts that were delivered or not: a later state never goes back.

Tried against a naive model: of each attempt only the most final status counts, the first of equals;
a message is delivered from the moment any attempt is, unless a later one is under way just then.
"""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from petmsg.db.engine import make_engine
from petmsg.db.location import locate
from petmsg.db.transaction import Transaction, transaction
from petmsg.enums.messages import MessageStatus
from petmsg.enums.numbers import NumberClass
from petmsg.enums.orgs import ProviderName
from petmsg.providers.base import (
    Accepted,
    Delivery,
    Rejected,
    RejectionClass,
    RetryLater,
    SendOutcome,
    Unknown,
)
from petmsg.queries.org import find_org
from petmsg.services.numbers import number
from petmsg.services.outbox.claim import claim
from petmsg.services.outbox.claimed import Claim
from petmsg.services.outbox.delivery_status import Reported, report
from petmsg.services.outbox.queue import cancel, queue
from petmsg.services.outbox.record_outcome import HandedOver, record
from petmsg.services.outbox.stored_message import MessageNotWaiting
from petmsg.services.outbox.unknown_outcomes import (
    GRACE,
    SECOND_LOOK,
    UnknownOutcome,
    list_unknown,
    reconcile,
)
from petmsg.services.people import client
from petmsg.services.unit_of_work import UnitOfWork
from tests.support.fixtures import ACTOR, NOW, add_org, looking, migrated_and, working
from tests.support.postgres import Copies

ANN = "+14155551001"
UNREACHABLE = ("30003", RejectionClass.UNREACHABLE)
FILTERED = ("30007", RejectionClass.FILTERED)
TRY_AGAIN_AT = {1: timedelta(hours=4), 2: timedelta(hours=16)}


@pytest.fixture
def url(refilled: Copies) -> str:
    """A database with an org, its desk number, a client and a queued message to the client."""
    return refilled("one text", migrated_and(filled))


def filled(url: str) -> str:
    add_org(url)
    with working(url) as uow:
        client.add(uow, "Ann", phones=[ANN], ref="C-1")
        number.add(uow, "+14155550201", number_class=NumberClass.POOL)
        queue(uow, "C-1", body="Hi")
    return url


@dataclass
class FakeProvider:
    """Whoever claims, hands over and reports, each in a transaction of its own."""

    url: str
    now: datetime = NOW
    tries: list[str] = field(default_factory=list)
    out: Claim | None = None

    def begin(self) -> bool:
        """Claim the message when it is due; whether that was possible."""
        with looking(self.url) as cursor:
            (row,) = cursor.rows("SELECT status, due_at FROM message")
        if row["status"] != "queued":
            return False
        self.now = max(self.now, row["due_at"]) + timedelta(minutes=1)
        with working(self.url, now=self.now) as uow:
            taken = claim(uow, 1, provider=ProviderName.SANDBOX, worker="w-1")
        assert isinstance(taken, Claim), taken
        self.out = taken
        return True

    def end(self, outcome: SendOutcome) -> None:
        """Record what became of the try that is out."""
        assert self.out is not None
        if isinstance(outcome, Accepted):
            self.tries.append(outcome.provider_message_id)
        with working(self.url, now=self.now) as uow:
            record(uow, HandedOver(self.out, outcome, self.now))
        self.out = None

    def send(self) -> str:
        """A try that the provider takes; its id."""
        assert self.begin()
        sid = f"SM{len(self.tries)}"
        self.end(Accepted(sid, "accepted"))
        return sid

    def report(
        self, sid: str, delivery: Delivery, why: tuple[str, RejectionClass] | None = None
    ) -> Reported | None:
        """A report of the provider."""
        code, whose = why if why is not None else (None, None)
        with working(self.url, now=self.now) as uow:
            return report(uow, sid, delivery=delivery, code=code, rejection_class=whose)

    @property
    def status(self) -> str:
        return str(self.text["status"])

    @property
    def text(self) -> dict[str, Any]:
        with looking(self.url) as cursor:
            return cursor.rows("SELECT * FROM message")[0]

    def attempts(self) -> list[tuple[str, str | None]]:
        with looking(self.url) as cursor:
            return cursor.tuples("SELECT status, code FROM message_attempt ORDER BY attempt")


# --- one report after another ------------------------------------------------------------------


def test_a_delivered_text_stays_delivered_whatever_comes_late(url: str) -> None:
    provider = FakeProvider(url)
    sid = provider.send()
    provider.report(sid, Delivery.DELIVERED)
    for delivery in Delivery:
        provider.report(sid, delivery, UNREACHABLE)
        assert provider.status == "delivered"
    assert provider.attempts() == [("delivered", None)]


def test_the_same_report_again_changes_nothing_and_leaves_no_event(url: str) -> None:
    provider = FakeProvider(url)
    sid = provider.send()
    first = provider.report(sid, Delivery.UNDELIVERED, UNREACHABLE)
    assert first is not None
    assert (first.status, first.changed) == (MessageStatus.QUEUED, True)
    before, events = provider.text, count_events(url)
    provider.now += timedelta(minutes=1)
    again = provider.report(sid, Delivery.UNDELIVERED, UNREACHABLE)
    assert again is not None
    assert not again.changed
    assert (provider.text, count_events(url)) == (before, events)


def count_events(url: str) -> int:
    with looking(url) as cursor:
        return int(cursor.value("SELECT count(*) FROM audit_event"))


def test_the_first_word_about_a_try_that_did_not_arrive_counts(url: str) -> None:
    provider = FakeProvider(url)
    sid = provider.send()
    provider.report(sid, Delivery.UNDELIVERED, FILTERED)
    provider.report(sid, Delivery.FAILED, UNREACHABLE)
    assert (provider.status, provider.attempts()) == ("undelivered", [("undelivered", "30007")])


def test_what_turns_out_delivered_is_not_sent_again(url: str) -> None:
    provider = FakeProvider(url)
    sid = provider.send()
    provider.report(sid, Delivery.UNDELIVERED, UNREACHABLE)
    assert provider.status == "queued"
    provider.report(sid, Delivery.DELIVERED)
    assert (provider.status, provider.text["due_at"]) == ("delivered", None)
    assert provider.attempts() == [("delivered", None)]
    with working(url, now=NOW + timedelta(days=1)) as uow, pytest.raises(MessageNotWaiting):
        claim(uow, 1, provider=ProviderName.SANDBOX, worker="w-1")


def test_an_earlier_try_that_was_delivered_counts_while_a_later_one_is_on_its_way(
    url: str,
) -> None:
    provider = FakeProvider(url)
    first = provider.send()
    provider.report(first, Delivery.UNDELIVERED, UNREACHABLE)
    second = provider.send()
    reported = provider.report(first, Delivery.DELIVERED)
    assert reported is not None
    assert (reported.provider_id, provider.status) == (first, "delivered")
    provider.report(second, Delivery.UNDELIVERED, UNREACHABLE)
    assert provider.status == "delivered"
    assert provider.attempts() == [("delivered", None), ("undelivered", "30003")]


def test_an_earlier_try_that_failed_says_nothing_of_the_later_one(url: str) -> None:
    """The provider listed the first try only after it was given up and sent again."""
    provider = FakeProvider(url)
    assert provider.begin()
    lost = provider.out
    with working(url) as uow:
        uow.cursor.run("UPDATE message SET status = 'queued'")
        uow.cursor.run("UPDATE message_attempt SET status = 'absent'")
    second = provider.send()
    provider.out = lost
    provider.end(Accepted("SM-late", "accepted"))
    provider.report("SM-late", Delivery.UNDELIVERED, FILTERED)
    assert provider.status == "sent"
    provider.report(second, Delivery.DELIVERED)
    assert provider.attempts() == [("undelivered", "30007"), ("delivered", None)]


def test_a_try_that_was_found_late_is_the_one_whose_reports_count(url: str) -> None:
    """It was given up and queued again, and none after it was begun."""
    provider = FakeProvider(url)
    assert provider.begin()
    with working(url) as uow:
        uow.cursor.run("UPDATE message SET status = 'queued'")
        uow.cursor.run("UPDATE message_attempt SET status = 'absent'")
    lost = provider.out
    assert provider.begin()
    provider.out = lost
    provider.end(Accepted("SM-late", "accepted"))
    provider.report("SM-late", Delivery.UNDELIVERED, FILTERED)
    assert provider.status == "undelivered"


def test_a_text_cancelled_before_its_next_try_that_arrived_after_all_is_delivered(url: str) -> None:
    provider = FakeProvider(url)
    sid = provider.send()
    provider.report(sid, Delivery.UNDELIVERED, UNREACHABLE)
    with working(url) as uow:
        cancel(uow, 1)
    provider.report(sid, Delivery.DELIVERED)
    assert provider.status == "delivered"


@pytest.mark.parametrize(
    "outcome",
    [
        Accepted("SM-2", "accepted"),
        Rejected("21610", RejectionClass.OPTED_OUT, "STOP"),
        Rejected("30003", RejectionClass.UNREACHABLE, "off"),
        RetryLater(None, "20429", "slow down"),
    ],
    ids=["accepted", "opted out", "unreachable", "throttled"],
)
def test_while_a_later_try_is_handed_over_the_text_is_busy_and_then_delivered(
    url: str, outcome: SendOutcome
) -> None:
    provider = FakeProvider(url)
    first = provider.send()
    provider.report(first, Delivery.UNDELIVERED, UNREACHABLE)
    assert provider.begin()
    provider.report(first, Delivery.DELIVERED)
    assert provider.status == "sending"  # the phone is busy: nothing else may be sent to it
    provider.end(outcome)
    assert (provider.status, provider.text["due_at"]) == ("delivered", None)


def test_a_later_attempt_with_an_unknown_outcome_is_looked_up_and_not_sent_again(url: str) -> None:
    provider = FakeProvider(url)
    first = provider.send()
    provider.report(first, Delivery.UNDELIVERED, UNREACHABLE)
    assert provider.begin()
    provider.end(Unknown(None, "timed out"))
    provider.report(first, Delivery.DELIVERED)
    assert provider.status == "unknown"
    for wait in (timedelta(0), GRACE, SECOND_LOOK):
        provider.now += wait
        with working(url, now=provider.now) as uow:
            reconcile(uow, unknown_of(uow), [], asked=f"given {provider.now.timestamp()}")
    assert (provider.status, provider.text["due_at"]) == ("delivered", None)


def unknown_of(uow: UnitOfWork) -> UnknownOutcome:
    (found,) = list_unknown(uow.cursor, uow.org)
    return found


def test_an_answer_that_was_found_at_the_provider_first_takes_nothing_back(url: str) -> None:
    """A worker whose session was lost records what somebody else has found and synced."""
    provider = FakeProvider(url)
    assert provider.begin()
    slow = provider.out
    provider.end(Accepted("SM0", "accepted"))
    provider.report("SM0", Delivery.DELIVERED)
    provider.out = slow
    provider.end(Accepted("SM0", "accepted"))
    assert (provider.status, provider.attempts()) == ("delivered", [("delivered", None)])


def test_a_slow_answer_about_a_text_that_waits_for_its_next_try_takes_nothing_back(
    url: str,
) -> None:
    provider = FakeProvider(url)
    assert provider.begin()
    slow = provider.out
    provider.end(Accepted("SM0", "accepted"))
    provider.report("SM0", Delivery.UNDELIVERED, UNREACHABLE)
    provider.out = slow
    provider.end(Accepted("SM0", "accepted"))
    assert (provider.status, provider.attempts()) == ("queued", [("undelivered", "30003")])


def test_an_id_that_no_try_carries_is_none(url: str) -> None:
    assert FakeProvider(url).report("SM-strange", Delivery.DELIVERED) is None


def test_the_try_of_another_org_is_none(url: str) -> None:
    provider = FakeProvider(url)
    sid = provider.send()
    add_org(url, "other-pals", front_desk=None)
    with working(url, org="other-pals") as uow:
        assert report(uow, sid, delivery=Delivery.DELIVERED) is None
    with working(url, org="happy-paws") as uow:
        assert report(uow, sid, delivery=Delivery.DELIVERED) is not None


def test_reports_that_come_at_once_are_taken_one_after_the_other(url: str) -> None:
    provider = FakeProvider(url)
    sid = provider.send()
    reports = [(sid, Delivery.UNDELIVERED, UNREACHABLE), (sid, Delivery.DELIVERED)] * 4
    with ThreadPoolExecutor(len(reports)) as threads:
        assert all(threads.map(lambda each: provider.report(*each), reports))
    assert (provider.status, provider.attempts()) == ("delivered", [("delivered", None)])
    with looking(url) as cursor:
        events = [row[0] for row in cursor.tuples("SELECT event FROM audit_event ORDER BY seq")]
    assert events.count("message.delivered") == 1
    assert events.count("message.put_back") <= 1


# --- against a naive model ---------------------------------------------------------------------


@dataclass
class Model:
    """One message as a list of what was said of each try, and its status from the whole of it."""

    said: list[str] = field(default_factory=list)
    status: str = "queued"
    delivered: bool = False

    def report(self, at: int, word: str, worth_another: bool) -> None:
        rank = {"on_its_way": 0, "undelivered": 1, "failed": 1, "delivered": 2}
        if rank[word] <= rank[self.said[at]]:
            return
        self.said[at] = word
        if word == "delivered":
            self.delivered = True
            if self.status != "sending":
                self.status = "delivered"
        elif self.status == "sent" and at == len(self.said) - 1:
            again = worth_another and len(self.said) in TRY_AGAIN_AT
            self.status = "queued" if again else word

    def begin(self) -> None:
        self.status = "sending"

    def accepted(self) -> None:
        self.said.append("on_its_way")
        self.status = "delivered" if self.delivered else "sent"


STEP = st.one_of(
    st.sampled_from(["begin", "accept"]),
    st.tuples(st.integers(0, 2), st.sampled_from([*Delivery]), st.booleans()),
)


@pytest.fixture
def one_text(migrated_sqlite: str) -> str:
    return filled(migrated_sqlite)


class _TakenBack(Exception):
    """Ends an example's transaction without a commit."""


@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=st.lists(STEP, max_size=25))
def test_late_repeated_and_shuffled_reports_never_take_a_text_back(
    one_text: str, steps: list[Any]
) -> None:
    location = locate(one_text)
    engine = make_engine(location)
    try:
        with suppress(_TakenBack), transaction(engine, location) as begun:
            play(begun, steps)
            raise _TakenBack
    finally:
        engine.dispose()


def play(transaction: Transaction, steps: list[Any]) -> None:
    """Play the steps on the message, and on the model beside it."""
    org = find_org(transaction.cursor, None)
    model, now, out = Model(), NOW, None
    for step in steps:
        now += timedelta(days=2)
        uow = UnitOfWork(transaction, org, ACTOR, now)
        if step == "begin" and model.status == "queued":
            taken = claim(uow, 1, provider=ProviderName.SANDBOX, worker="w-1")
            assert isinstance(taken, Claim)
            out = taken
            model.begin()
        elif step == "accept" and out is not None:
            sid = f"SM{len(model.said)}"
            record(uow, HandedOver(out, Accepted(sid, "accepted"), now))
            out = None
            model.accepted()
        elif isinstance(step, tuple) and step[0] < len(model.said):
            at, delivery, worth_another = step
            code, whose = UNREACHABLE if worth_another else FILTERED
            report(uow, f"SM{at}", delivery=delivery, code=code, rejection_class=whose)
            model.report(at, delivery.value, worth_another)
        uow.finish()
        check(uow, model)


def check(uow: UnitOfWork, model: Model) -> None:
    text = uow.cursor.rows("SELECT status, due_at, delivered_at FROM message")[0]
    assert text["status"] == model.status
    assert (text["delivered_at"] is not None) == model.delivered
    if model.status != "sending":
        assert (text["due_at"] is not None) == (model.status == "queued")
    tries = uow.cursor.tuples(
        "SELECT status FROM message_attempt WHERE provider_message_id IS NOT NULL ORDER BY attempt"
    )
    words = ["sent" if each == "on_its_way" else each for each in model.said]
    assert [each for (each,) in tries] == words
