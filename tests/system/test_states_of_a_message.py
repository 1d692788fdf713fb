"""The diagram of a message's states in `docs/architecture.md` has the changes that the code makes.

Each action is tried on a message in each situation, and the status before and after is compared
with the diagram, in both directions.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count

from petmsg.enums.orgs import ProviderName
from petmsg.errors import PetmsgError
from petmsg.providers.base import (
    Accepted,
    Delivery,
    ProviderMessage,
    Rejected,
    RejectionClass,
    RetryLater,
    SendOutcome,
    Unknown,
)
from petmsg.services.outbox import after_restore, delivery_status, unknown_outcomes
from petmsg.services.outbox import queue as outbox
from petmsg.services.outbox.claim import claim
from petmsg.services.outbox.claimed import Claim
from petmsg.services.outbox.record_outcome import HandedOver, record
from petmsg.services.outbox.unprocessable import UnusableMessage, hold_unusable
from petmsg.services.people import client, erase, optout
from petmsg.services.unit_of_work import UnitOfWork
from tests import ROOT
from tests.support.fixtures import working
from tests.support.queueing import POOL, SECOND, WORKER, company

_NUMBERS = count(1)
"""Makes each client, code and ID another one, so that no message has an effect on the others."""


@dataclass
class Trip:
    """One message on its way, with what an action needs to know of it."""

    uow: UnitOfWork
    client: str
    phone: str
    text: int
    claims: list[Claim] = field(default_factory=list)
    """Those that the provider has not answered."""
    sids: list[str] = field(default_factory=list)
    marks: int = 0

    def status(self) -> str:
        self.uow.session.flush()
        sql = "SELECT status FROM message WHERE id = :id"
        return str(self.uow.cursor.value(sql, id=self.text))

    def later(self) -> None:
        """The next action comes five hours later, in a unit of work of its own."""
        now = self.uow.now + timedelta(hours=5)
        self.uow = UnitOfWork(self.uow.transaction, self.uow.org, self.uow.actor, now)


Action = Callable[[Trip], object]


def started(uow: UnitOfWork) -> Trip:
    at = next(_NUMBERS)
    ref, phone = f"T-{at}", f"+1415556{at:04}"
    client.add(uow, ref, phones=[phone], ref=ref)
    return Trip(uow, ref, phone, outbox.queue(uow, ref, body="Hi").message)


def claim_it(trip: Trip) -> None:
    taken = claim(trip.uow, trip.text, provider=ProviderName.SANDBOX, worker=WORKER)
    if isinstance(taken, Claim):
        trip.claims.append(taken)


def answered(outcome: Callable[[], SendOutcome], *, place: int = -1) -> Action:
    """The provider's answer for the newest claim that has none, or for the oldest."""

    def record_it(trip: Trip) -> None:
        if not trip.claims:
            return
        answer = outcome()
        record(trip.uow, HandedOver(trip.claims.pop(place), answer, trip.uow.now - SECOND))
        if isinstance(answer, Accepted):
            trip.sids.append(answer.provider_message_id)

    return record_it


def accepted() -> Accepted:
    return Accepted(f"SM{next(_NUMBERS):032x}", "accepted")


def rejected(of_class: RejectionClass) -> Callable[[], Rejected]:
    return lambda: Rejected(str(60_000 + next(_NUMBERS)), of_class, "No.")


def receipt(delivery: Delivery, of_class: RejectionClass | None = None) -> Action:
    def report(trip: Trip) -> None:
        code = None if of_class is None else str(60_000 + next(_NUMBERS))
        for sid in trip.sids[:1]:
            delivery_status.report(
                trip.uow, sid, delivery=delivery, code=code, rejection_class=of_class
            )

    return report


def listed(trip: Trip, *, times: int, looks: int) -> None:
    """The provider's list has the message so many times, at so many looks an hour apart."""
    for _ in range(looks):
        trip.marks += 3_600
        for each in unknown_outcomes.list_unknown(trip.uow.cursor, trip.uow.org):
            if each.message == trip.text:
                found = [provided(trip, each.from_e164) for _ in range(times)]
                asked = f"boot {trip.marks}.0"
                unknown_outcomes.reconcile(trip.uow, each, found, asked=asked)


def provided(trip: Trip, from_e164: str) -> ProviderMessage:
    sid = accepted().provider_message_id
    return ProviderMessage(sid, from_e164, trip.phone, "Hi", Delivery.DELIVERED, trip.uow.now)


def die(trip: Trip) -> None:
    orphan = unknown_outcomes.ClaimedMessage(trip.text, WORKER)
    unknown_outcomes.mark_outcome_unknown(trip.uow, orphan)


def restore(trip: Trip) -> None:
    _, uow = after_restore.hold_all(
        trip.uow.transaction, made_at=trip.uow.now, actor="test", now=trip.uow.now
    )
    uow.finish()


def restored(*, listed: int) -> Action:
    def look(trip: Trip) -> None:
        for held in after_restore.list_held(trip.uow.cursor, trip.uow.org):
            if held.message == trip.text:
                found = [provided(trip, POOL) for _ in range(listed)]
                after_restore.reconcile(trip.uow, held, found)
                trip.later()
                after_restore.reconcile(trip.uow, held, found)

    return look


def opt_out(trip: Trip) -> None:
    optout.add(trip.uow, trip.client, reason="asked")
    claim_it(trip)


CONTENT, LOOP, UNREACHABLE = (
    RejectionClass.CONTENT,
    RejectionClass.LOOP,
    RejectionClass.UNREACHABLE,
)
SENT: list[Action] = [claim_it, answered(accepted)]
AGAIN: list[Action] = [*SENT, receipt(Delivery.UNDELIVERED, UNREACHABLE)]
"""Sent and not delivered, and queued again."""
DEAD: list[Action] = [claim_it, die]
"""Its worker is called dead, and may answer all the same."""
ACTIONS: list[Action] = [
    claim_it,
    opt_out,
    answered(accepted),
    answered(accepted, place=0),
    answered(rejected(CONTENT)),
    answered(rejected(LOOP)),
    answered(rejected(UNREACHABLE)),
    answered(lambda: RetryLater(1.0, None, "slow")),
    answered(lambda: Unknown(None, "lost")),
    die,
    receipt(Delivery.DELIVERED),
    receipt(Delivery.UNDELIVERED),
    receipt(Delivery.UNDELIVERED, CONTENT),
    receipt(Delivery.FAILED, CONTENT),
    receipt(Delivery.FAILED, LOOP),
    receipt(Delivery.UNDELIVERED, UNREACHABLE),
    lambda trip: listed(trip, times=1, looks=1),
    lambda trip: listed(trip, times=2, looks=1),
    lambda trip: listed(trip, times=0, looks=4),
    lambda trip: outbox.retry(trip.uow, trip.text, reason="asked"),
    lambda trip: outbox.cancel(trip.uow, trip.text),
    lambda trip: erase.forget(trip.uow, trip.client, reason="asked"),
    lambda trip: hold_unusable(trip.uow, trip.text, UnusableMessage(trip.text, ValueError())),
    restore,
    restored(listed=1),
    restored(listed=0),
]
CANCEL, RETRY = ACTIONS[20], ACTIONS[19]
SITUATIONS: list[list[Action]] = [
    [],
    [claim_it],
    SENT,
    [*SENT, receipt(Delivery.DELIVERED)],
    [*SENT, receipt(Delivery.UNDELIVERED)],
    [*SENT, receipt(Delivery.UNDELIVERED, CONTENT)],
    [*SENT, receipt(Delivery.FAILED)],
    [*SENT, receipt(Delivery.FAILED, CONTENT)],
    [*SENT, receipt(Delivery.FAILED, LOOP)],
    AGAIN,
    [*AGAIN, claim_it],
    [*AGAIN, *DEAD],
    [*AGAIN, CANCEL],
    [*AGAIN, claim_it, receipt(Delivery.DELIVERED)],
    [*AGAIN, *DEAD, receipt(Delivery.DELIVERED)],
    [claim_it, answered(rejected(CONTENT))],
    [claim_it, answered(rejected(LOOP))],
    DEAD,
    [*DEAD, CANCEL],
    [*DEAD, RETRY],
    [*DEAD, RETRY, claim_it, answered(rejected(CONTENT))],
    [CANCEL],
    [restore],
    [*SENT, receipt(Delivery.UNDELIVERED), RETRY, restore],
]
"""What happened to a message before an action: each status, by each way that makes a difference."""


def changes(uow: UnitOfWork) -> set[tuple[str, str]]:
    """The statuses before and after each action that changed one."""
    found = set()
    for situation in SITUATIONS:
        for action in ACTIONS:
            trip = started(uow)
            for each in (*situation, action):
                trip.later()
                before = trip.status()
                with suppress(PetmsgError), trip.uow.transaction.savepoint():
                    each(trip)
                found.add((before, trip.status()))
                trip.uow.finish()
                trip.uow.session.expunge_all()
            uow = trip.uow  # later than the trip before: the numbers' rate limits are over
    return {(before, after) for before, after in found if before != after}


def drawn_changes() -> set[tuple[str, str]]:
    """The changes in the diagrams of a message's states: the statuses before and after each."""
    text = (ROOT / "docs/architecture.md").read_text("utf-8")
    of_messages = text.partition("The states of a message")[2].partition("### ")[0]
    return set(re.findall(r"(?m)^ {4}(\w+) --> (\w+) :", of_messages))


def test_the_diagram_has_every_change_of_a_message(migrated_sqlite: str) -> None:
    company(migrated_sqlite)
    drawn = drawn_changes()
    with working(migrated_sqlite) as uow:
        made = changes(uow)
    assert sorted(made - drawn) == []
    assert sorted(drawn - made) == []
