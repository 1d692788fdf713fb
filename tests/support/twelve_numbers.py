"""A company of 12 numbers and 12 clients, whose provider gives the same code for everything.

company(url)                          # twelve pool numbers, C-0 to C-11
texts = all_reported(url, 30034)      # the provider takes a message to each, and reports the code
texts = all_answered(url, 30034)      # the provider answers the code to each
statuses(url), open_alerts(url), all_in_place(url)
"""

from collections import Counter
from datetime import datetime

from petmsg.enums.numbers import NumberClass
from petmsg.enums.orgs import ProviderName
from petmsg.providers.base import Accepted, Delivery, SendOutcome
from petmsg.providers.twilio_errors import look_up
from petmsg.services.numbers import number
from petmsg.services.outbox import queue as message
from petmsg.services.outbox import record_outcome
from petmsg.services.outbox.claim import claim
from petmsg.services.outbox.claimed import Claim
from petmsg.services.outbox.delivery_status import report
from petmsg.services.outbox.record_outcome import HandedOver
from petmsg.services.people import client
from petmsg.services.unit_of_work import UnitOfWork
from tests.support.fixtures import NOW, add_org, looking, working
from tests.support.queueing import (
    HOUR,
    SECOND,
    WORKER,
    claimed,
    numbers,
    record,
    refused,
)

LONG_CODES = [f"+141555502{at:02}" for at in range(12)]
TOLL_FREE = "+18445550199"
CLIENTS = [f"C-{at}" for at in range(12)]


def company(url: str, *, pool: list[str] = LONG_CODES) -> str:
    add_org(url)
    with working(url, now=NOW - 24 * HOUR) as uow:
        for e164 in pool:
            number.add(uow, e164, number_class=NumberClass.POOL)
        for at, ref in enumerate(CLIENTS):
            client.add(uow, ref, phones=[f"+1415555{at + 1000}"], ref=ref)
    return url


def send(url: str, text: int, *, at: datetime) -> str:
    """A try that the provider takes; its id."""
    taken = claimed(url, text, now=at)
    sid = f"SM{text}-{taken.attempt}"
    record(url, taken, Accepted(sid, "accepted"), now=at, started_at=at)
    return sid


def tell(
    url: str,
    sid: str,
    code: int | None,
    *,
    at: datetime,
    delivery: Delivery = Delivery.UNDELIVERED,
) -> None:
    """A report about it."""
    whose = None if code is None else look_up(code).in_report
    why = None if code is None else str(code)
    with working(url, now=at) as uow:
        report(uow, sid, delivery=delivery, code=why, rejection_class=whose)


def all_reported(url: str, code: int | None, *, at: datetime = NOW) -> list[int]:
    """A message to each client; all were taken before the first report came."""
    with working(url, now=at) as uow:
        texts = _queued(uow)
        for text in texts:
            _record(uow, _claimed(uow, text), Accepted(f"SM{text}-1", "accepted"))
    whose = None if code is None else look_up(code).in_report
    why = None if code is None else str(code)
    for text in texts:
        with working(url, now=at + 20 * SECOND) as uow:
            sid = f"SM{text}-1"
            report(uow, sid, delivery=Delivery.UNDELIVERED, code=why, rejection_class=whose)
    return texts


def statuses(url: str) -> Counter[tuple[str, str | None]]:
    with looking(url) as cursor:
        return Counter(cursor.tuples("SELECT status, error_code FROM message"))


def open_alerts(url: str) -> list[tuple[str, str, str, str]]:
    with looking(url) as cursor:
        return cursor.tuples(
            "SELECT kind, severity, entity, ref FROM alert WHERE done_at IS NULL ORDER BY id"
        )


def all_in_place(url: str) -> bool:
    return {row["status"] for row in numbers(url).values()} == {"active"}


def all_answered(url: str, code: int, *, at: datetime = NOW) -> list[int]:
    """A message to each client; each is answered before the next one is tried."""
    answer = refused(code, look_up(code).rejection_class)
    with working(url, now=at) as uow:
        texts = _queued(uow)
        for text in texts:
            taken = claim(uow, text, provider=ProviderName.SANDBOX, worker=WORKER)
            if isinstance(taken, Claim):
                _record(uow, taken, answer)
    return texts


def _queued(uow: UnitOfWork) -> list[int]:
    return [message.queue(uow, ref, body="Hi").message for ref in CLIENTS]


def _claimed(uow: UnitOfWork, text: int) -> Claim:
    taken = claim(uow, text, provider=ProviderName.SANDBOX, worker=WORKER)
    assert isinstance(taken, Claim), taken
    return taken


def _record(uow: UnitOfWork, taken: Claim, outcome: SendOutcome) -> None:
    record_outcome.record(uow, HandedOver(taken, outcome, uow.now))
