"""A delivery receipt with an unknown ID reconciles the one message it can be about, or none."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from petmsg.enums.messages import AttemptStatus
from petmsg.enums.orgs import ProviderName
from petmsg.providers.base import (
    Delivery,
    DeliveryReport,
    Rejected,
    RejectionClass,
    RetryLater,
    Unknown,
)
from petmsg.services.outbox.delivery_status import Reported, report_each
from petmsg.services.outbox.unknown_outcomes import RECEIPTS_MAY_BE_OF, orgs_to_reconcile
from petmsg.services.unit_of_work import Failure
from petmsg.workflows.store_webhooks import WebhookStore
from tests.support.fixtures import NOW, looking, migrated_and, working
from tests.support.postgres import Copies
from tests.support.queueing import (
    MINUTE,
    PHONES,
    POOL,
    POOL_2,
    accepted,
    attempts,
    change,
    claimed,
    company,
    events,
    queue,
    record,
    stored,
)
from tests.workflows.worker.stores import TestStore

SID, OTHER_SID = "SM" + "e" * 32, "SM" + "f" * 32
SANDBOX = ProviderName.SANDBOX
LOST = Unknown(None, "reset")


@pytest.fixture
def url(refilled: Copies) -> str:
    return refilled("queueing", migrated_and(company))


def lost(url: str, ref: str = "C-1", *, at: datetime = NOW) -> int:
    """A message whose answer was lost; sent from POOL."""
    change(url, "UPDATE message_number SET free_at = NULL")
    text = queue(url, ref, now=at)
    record(url, claimed(url, text, now=at), LOST, now=at)
    return text


def receipt(
    sid: str = SID,
    delivery: Delivery = Delivery.DELIVERED,
    *,
    from_e164: str = POOL,
    to_e164: str = PHONES["C-1"],
    code: str | None = None,
    rejection_class: RejectionClass | None = None,
) -> DeliveryReport:
    return DeliveryReport(sid, delivery, code, rejection_class, from_e164, to_e164)


def receive(
    url: str,
    *receipts: DeliveryReport,
    provider: ProviderName = SANDBOX,
    now: datetime = NOW + MINUTE,
) -> list[Reported | Failure | None]:
    """What the webhook does with receipts whose IDs are unknown."""
    with looking(url) as cursor:
        orgs = orgs_to_reconcile(cursor, receipts, provider=provider, now=now)
    assert set(orgs.values()) <= {"happy-paws"}
    with working(url, now=now) as uow:
        results = report_each(uow, receipts, provider=provider)
    settled = {each.provider_message_id for each in receipts if each.provider_message_id in orgs}
    assert settled == {each.provider_id for each in results if isinstance(each, Reported)}
    return results


@pytest.mark.parametrize(
    ("delivery", "code", "status"),
    [
        (Delivery.IN_TRANSIT, None, "sent"),
        (Delivery.DELIVERED, None, "delivered"),
        (Delivery.UNDELIVERED, None, "undelivered"),
        (Delivery.FAILED, "30006", "failed"),
    ],
)
def test_the_message_that_a_receipt_must_be_about_is_settled(
    url: str, delivery: Delivery, code: str | None, status: str
) -> None:
    text = lost(url)
    rejected = None if code is None else RejectionClass.RECIPIENT
    (result,) = receive(url, receipt(delivery=delivery, code=code, rejection_class=rejected))
    assert isinstance(result, Reported)
    assert (result.message, result.changed) == (text, True)
    row = stored(url, text)
    assert (row["status"], row["provider_message_id"]) == (status, SID)
    assert row["sent_at"] == NOW + MINUTE
    assert attempts(url, text)[0][0] == status
    assert "message.sent" in events(url, text)
    with working(url, now=NOW + 2 * MINUTE) as uow:
        again = receipt(delivery=delivery, code=code, rejection_class=rejected)
        (result,) = report_each(uow, [again], provider=SANDBOX)
    assert isinstance(result, Reported)
    assert (result.changed, stored(url, text)) == (False, row)


def test_the_receipts_of_one_batch_are_all_of_the_settled_message(url: str) -> None:
    text = lost(url)
    with working(url, now=NOW + MINUTE) as uow:
        report_each(
            uow, [receipt(delivery=Delivery.IN_TRANSIT), receipt(), receipt()], provider=SANDBOX
        )
    assert stored(url, text)["status"] == "delivered"


def competing_unknown(url: str) -> None:
    """An older message between the two phones is cancelled; whether it was sent is unknown."""
    text = lost(url, at=NOW - 10 * MINUTE)
    change(url, "UPDATE message SET status = 'cancelled' WHERE id = :id", id=text)


def competing_held(url: str) -> None:
    """An older one waits for a person."""
    text = lost(url, at=NOW - 10 * MINUTE)
    change(url, "UPDATE message SET status = 'held' WHERE id = :id", id=text)


def competing_erased(url: str) -> None:
    """An older one was to a client who is erased: its phone is not known any more."""
    text = lost(url, "C-2", at=NOW - 10 * MINUTE)
    sql = "UPDATE message SET status = 'cancelled', to_e164 = NULL, body = NULL WHERE id = :id"
    change(url, sql, id=text)


def competing_other_phone(url: str) -> None:
    """An older one was tried again, to another phone."""
    text = lost(url, "C-2", at=NOW - 10 * MINUTE)
    change(url, "UPDATE message SET status = 'sent', attempts = 2 WHERE id = :id", id=text)


def competing_absent(url: str) -> None:
    """An older one was not listed by the provider, and was given up."""
    competing_unknown(url)
    change(url, "UPDATE message_attempt SET status = 'absent'")


@pytest.mark.parametrize(
    "competing",
    [
        competing_unknown,
        competing_held,
        competing_erased,
        competing_other_phone,
        competing_absent,
    ],
)
def test_a_receipt_that_can_be_about_another_message_settles_none(
    url: str, competing: Callable[[str], None]
) -> None:
    competing(url)
    change(url, "UPDATE thread SET pool_number_id = NULL")
    change(
        url, "UPDATE message_number SET last_used_at = :at WHERE e164 = :two", two=POOL_2, at=NOW
    )
    text = lost(url)
    assert stored(url, text)["from_e164"] == POOL
    assert receive(url, receipt()) == [None]
    assert stored(url, text)["status"] == "unknown"
    assert stored(url, text)["provider_message_id"] is None


def test_a_newer_message_can_be_the_one_as_well(url: str) -> None:
    older = lost(url, at=NOW - 10 * MINUTE)
    change(url, "UPDATE message SET status = 'cancelled'")
    newer = lost(url)
    change(url, "UPDATE message SET status = 'cancelled' WHERE id = :id", id=newer)
    change(url, "UPDATE message SET status = 'unknown' WHERE id = :id", id=older)
    change(
        url, "UPDATE message_attempt SET number_id = (SELECT min(number_id) FROM message_attempt)"
    )
    with looking(url) as cursor:
        (number,) = cursor.tuples("SELECT DISTINCT from_e164 FROM message WHERE id = :id", id=older)
    assert receive(url, receipt(from_e164=number[0])) == [None]
    assert stored(url, older)["status"] == "unknown"


def test_two_attempts_of_one_message_are_not_told_apart(url: str) -> None:
    text = lost(url)
    change(url, "UPDATE message_attempt SET status = 'absent'")
    change(url, "UPDATE message SET status = 'queued', due_at = NULL")
    change(url, "UPDATE message_number SET free_at = NULL")
    record(url, claimed(url, text, now=NOW + MINUTE), LOST, now=NOW + MINUTE)
    assert receive(url, receipt(), now=NOW + 2 * MINUTE) == [None]
    assert stored(url, text)["status"] == "unknown"


@pytest.mark.parametrize(
    "other",
    [
        receipt(from_e164=POOL_2),
        receipt(to_e164=PHONES["C-2"]),
        receipt(from_e164=PHONES["C-1"], to_e164=POOL),
        receipt(from_e164=""),
        receipt(to_e164=""),
        receipt(to_e164="whatsapp:" + PHONES["C-1"]),
    ],
)
def test_a_receipt_of_other_phones_settles_none(url: str, other: DeliveryReport) -> None:
    text = lost(url)
    assert receive(url, other) == [None]
    assert stored(url, text)["status"] == "unknown"


def test_a_receipt_of_another_provider_settles_none(url: str) -> None:
    text = lost(url)
    assert receive(url, receipt(), provider=ProviderName.TWILIO) == [None]
    assert stored(url, text)["status"] == "unknown"


@pytest.mark.parametrize(
    "outcome",
    [
        accepted(5),
        RetryLater(None, "20429", "slow"),
        Rejected("21617", RejectionClass.CONTENT, "too long"),
    ],
)
def test_a_message_whose_outcome_is_known_is_not_settled(url: str, outcome: object) -> None:
    text = queue(url)
    record(url, claimed(url, text), outcome)  # type: ignore[arg-type]
    before = stored(url, text)
    assert receive(url, receipt()) == [None]
    assert stored(url, text) == before


def test_a_message_that_is_being_sent_waits_for_its_own_answer(url: str) -> None:
    text = queue(url)
    claimed(url, text)
    assert receive(url, receipt()) == [None]
    assert stored(url, text)["status"] == "sending"


def test_an_id_that_another_message_has_settles_none(url: str) -> None:
    first = queue(url, "C-2")
    record(url, claimed(url, first), accepted(5))
    text = lost(url)
    known = accepted(5).provider_message_id
    with working(url, now=NOW + MINUTE) as uow:
        report_each(uow, [receipt(known)], provider=SANDBOX)
    assert stored(url, text)["status"] == "unknown"
    assert stored(url, first)["status"] == "delivered"


def test_attempts_from_before_any_receipt_can_come_do_not_compete(url: str) -> None:
    old = lost(url, at=NOW - RECEIPTS_MAY_BE_OF)
    change(url, "UPDATE message SET status = 'cancelled' WHERE id = :id", id=old)
    change(
        url, "UPDATE message_number SET last_used_at = :at WHERE e164 = :two", two=POOL_2, at=NOW
    )
    text = lost(url)
    assert receive(url, receipt())[0] is not None
    assert (stored(url, text)["status"], stored(url, old)["status"]) == ("delivered", "cancelled")
    assert attempts(url, old)[0][0] == AttemptStatus.UNKNOWN


def test_the_webhook_settles_it_and_answers_an_unknown_receipt_as_before(url: str) -> None:
    text = lost(url)
    change(url, "UPDATE message SET provider = 'twilio'")
    store = TestStore(url, now=NOW + timedelta(minutes=2))
    try:
        outcomes = WebhookStore(store)([receipt(OTHER_SID, to_e164="+14155559999"), receipt()])
    finally:
        store.close()
    assert [(each.status, each.word) for each in outcomes] == [(204, "unknown"), (204, "changed")]
    assert stored(url, text)["status"] == "delivered"
