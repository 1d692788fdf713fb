"""Recording what a provider said, however late it comes and whatever happened meanwhile."""

from datetime import timedelta
from typing import Any

import pytest

from petmsg.enums.messages import AttemptStatus, MessageStatus
from petmsg.errors import BUSY, CONFIGURATION, PROVIDER
from petmsg.providers.base import (
    Delivery,
    Rejected,
    RejectionClass,
    RetryLater,
    SendOutcome,
    Unknown,
)
from petmsg.queries.unknown_outcomes import ClaimedMessage, UnknownOutcome
from petmsg.rules.rate_limit import LONGEST_AHEAD
from petmsg.services.outbox import delivery_status
from petmsg.services.outbox import queue as message
from petmsg.services.outbox.not_sent import hold_for_review
from petmsg.services.outbox.record_outcome import FIRST_BACK_OFF, LONGEST_BACK_OFF, error_for
from petmsg.services.outbox.unknown_outcomes import mark_outcome_unknown, reconcile
from tests.support.fixtures import NOW, migrated_and, working
from tests.support.postgres import Copies
from tests.support.queueing import (
    ANOTHER,
    HOUR,
    MINUTE,
    POOL,
    SECOND,
    accepted,
    alerts,
    attempts,
    change,
    claimed,
    company,
    events,
    numbers,
    queue,
    record,
    refused,
    stored,
    take,
)

LATER = RetryLater(None, "20429", "Too Many Requests")
LOST = Unknown("20503", "Service unavailable")
NO = refused(99999, RejectionClass.OTHER)


@pytest.fixture
def url(refilled: Copies) -> str:
    return refilled("queueing", migrated_and(company))


def unknown(url: str, text: int) -> UnknownOutcome:
    row = stored(url, text)
    names = ("provider", "from_e164", "to_e164", "claimed_at")
    return UnknownOutcome(text, row["attempts"], *(row[name] for name in names))


def make_unknown(url: str, text: int) -> None:
    with working(url, now=NOW + MINUTE) as uow:
        assert (
            mark_outcome_unknown(uow, ClaimedMessage(text, stored(url, text)["worker"])) is not None
        )


def queue_again(url: str, text: int) -> None:
    """Two looks at the provider did not find it."""
    make_unknown(url, text)
    for minutes in (0, 10, 20):
        with working(url, now=NOW + minutes * MINUTE) as uow:
            reconcile(uow, unknown(url, text), [], asked=f"given {minutes * 60}")
    assert stored(url, text)["status"] == "queued"


def cancel(url: str, text: int) -> None:
    with working(url, now=NOW + HOUR) as uow:
        message.cancel(uow, text)


def retry(url: str, text: int) -> None:
    with working(url, now=NOW + HOUR) as uow:
        message.retry(uow, text, reason="not in Twilio's log")


# --- accepted ----------------------------------------------------------------------------------


def test_an_accepted_text_is_sent_under_the_providers_id(url: str) -> None:
    text = queue(url)
    assert record(url, claimed(url, text), accepted()) is MessageStatus.SENT
    row = stored(url, text)
    assert (row["provider_message_id"], row["sent_at"]) == ("SM" + "0" * 31 + "1", NOW + SECOND)
    assert (row["due_at"], row["error_code"]) == (None, None)
    assert attempts(url, text) == [(AttemptStatus.SENT, None, POOL)]
    assert events(url, text) == ["message.queued", "message.sent"]


@pytest.mark.parametrize("meanwhile", [make_unknown, queue_again, cancel, retry])
def test_an_answer_that_comes_late_still_binds_the_text(url: str, meanwhile: Any) -> None:
    text = queue(url)
    taken = claimed(url, text)
    meanwhile(url, text)
    assert record(url, taken, accepted(), now=NOW + 2 * HOUR) is MessageStatus.SENT
    assert stored(url, text)["provider_message_id"] == accepted().provider_message_id
    with pytest.raises(message.MessageNotWaiting):
        take(url, text, now=NOW + 3 * HOUR)


def test_a_late_answer_ends_the_alert_that_the_text_is_held(url: str) -> None:
    text = queue(url)
    taken = claimed(url, text)
    with working(url, now=NOW + HOUR) as uow:
        held = message.locked_message(uow, text)
        hold_for_review(uow, held, why="a test", code="test")
    assert record(url, taken, accepted(), now=NOW + 2 * HOUR) is MessageStatus.SENT
    assert alerts(url) == []


@pytest.mark.parametrize("second", [None, LATER, LOST, NO])
def test_a_late_answer_to_an_earlier_try_ends_the_later_tries(
    url: str, second: SendOutcome | None
) -> None:
    """The later attempt was put back, is unknown, was rejected or runs: it was delivered."""
    text = queue(url)
    first = claimed(url, text)
    retry(url, text)
    again = claimed(url, text, now=NOW + HOUR, worker=ANOTHER)
    if second is not None:
        record(url, again, second, now=NOW + HOUR)
    assert record(url, first, accepted(), now=NOW + 2 * HOUR) is MessageStatus.SENT
    if second is None:
        assert record(url, again, LATER, now=NOW + 2 * HOUR) is MessageStatus.SENT
    row = stored(url, text)
    assert (row["status"], row["due_at"], row["from_e164"]) == ("sent", None, POOL)
    assert attempts(url, text)[0][0] == AttemptStatus.SENT


def test_an_answer_that_was_found_at_the_provider_before_changes_nothing_more(url: str) -> None:
    text = queue(url)
    taken = claimed(url, text)
    record(url, taken, accepted())
    with working(url, now=NOW + MINUTE) as uow:
        delivery_status.report(uow, accepted().provider_message_id, delivery=Delivery.DELIVERED)
    assert record(url, taken, accepted(), now=NOW + HOUR) is MessageStatus.DELIVERED
    assert events(url, text).count("message.sent") == 1


@pytest.mark.parametrize("second", [accepted(2), LATER, LOST, NO])
def test_a_text_that_an_earlier_try_delivered_is_not_sent_again(
    url: str, second: SendOutcome
) -> None:
    text = queue(url)
    record(url, claimed(url, text), accepted(1))
    lost: dict[str, Any] = {"code": "30008", "rejection_class": RejectionClass.UNEXPLAINED}
    with working(url, now=NOW + MINUTE) as uow:
        delivery_status.report(
            uow, accepted(1).provider_message_id, delivery=Delivery.UNDELIVERED, **lost
        )
    again = claimed(url, text, now=NOW + HOUR)
    with working(url, now=NOW + HOUR) as uow:
        delivery_status.report(uow, accepted(1).provider_message_id, delivery=Delivery.DELIVERED)
    status = record(url, again, second, now=NOW + HOUR)
    assert (status, stored(url, text)["due_at"]) == (MessageStatus.DELIVERED, None)


# --- whose claim it is -------------------------------------------------------------------------


@pytest.mark.parametrize("outcome", [LATER, LOST, NO])
@pytest.mark.parametrize("meanwhile", [queue_again, cancel])
def test_any_other_answer_to_a_claim_that_is_over_changes_nothing(
    url: str, meanwhile: Any, outcome: SendOutcome
) -> None:
    text = queue(url)
    taken = claimed(url, text)
    meanwhile(url, text)
    before = stored(url, text)
    record(url, taken, outcome, now=NOW + 2 * HOUR)
    assert stored(url, text) == before


@pytest.mark.parametrize("outcome", [LATER, LOST, NO])
def test_any_other_answer_to_an_earlier_try_leaves_the_later_one_alone(
    url: str, outcome: SendOutcome
) -> None:
    text = queue(url)
    first = claimed(url, text)
    retry(url, text)
    claimed(url, text, now=NOW + HOUR, worker=ANOTHER)
    before = stored(url, text)
    assert record(url, first, outcome, now=NOW + 2 * HOUR) is MessageStatus.SENDING
    assert stored(url, text) == before


def test_no_try_is_left_open_when_an_earlier_one_had_reached_the_provider(url: str) -> None:
    text = queue(url)
    first = claimed(url, text)
    retry(url, text)
    second = claimed(url, text, now=NOW + HOUR, worker=ANOTHER)
    assert record(url, first, accepted(), now=NOW + 2 * HOUR) is MessageStatus.SENT
    assert record(url, second, LATER, now=NOW + 2 * HOUR) is MessageStatus.SENT
    assert [each[0] for each in attempts(url, text)] == ["sent", "put_back"]


def test_a_certain_rejection_ends_an_unknown_outcome(url: str) -> None:
    """The worker's lock was lost, but not its voice: what it knows for certain counts."""
    text = queue(url)
    taken = claimed(url, text)
    make_unknown(url, text)
    assert record(url, taken, LATER) is MessageStatus.QUEUED


# --- later -------------------------------------------------------------------------------------


def back_offs(url: str, outcome: RetryLater, *, jitter: float, times: int) -> list[timedelta]:
    text, at, found = queue(url), NOW, []
    for _ in range(times):
        record(url, claimed(url, text, now=at), outcome, now=at, started_at=at, jitter=jitter)
        due_at = stored(url, text)["due_at"]
        found.append(due_at - at)
        at = due_at + HOUR
    return found


def test_the_back_off_doubles_up_to_its_longest(migrated_sqlite: str) -> None:
    company(migrated_sqlite)
    waits = back_offs(migrated_sqlite, LATER, jitter=1.0, times=12)
    assert waits[:3] == [2 * FIRST_BACK_OFF, 4 * FIRST_BACK_OFF, 8 * FIRST_BACK_OFF]
    assert waits == sorted(waits)
    assert waits[-1] == LONGEST_BACK_OFF


@pytest.mark.parametrize("jitter", [0.0, 0.5, 1.0])
def test_chance_takes_at_most_half_of_a_back_off(migrated_sqlite: str, jitter: float) -> None:
    company(migrated_sqlite)
    (wait,) = back_offs(migrated_sqlite, LATER, jitter=jitter, times=1)
    assert wait == 2 * FIRST_BACK_OFF * (0.5 + jitter / 2)


@pytest.mark.parametrize("jitter", [0.0, 1.0])
def test_retry_after_is_honoured_by_the_text_and_by_its_number(url: str, jitter: float) -> None:
    (wait,) = back_offs(url, RetryLater(90.0, "20429", "Slow down"), jitter=jitter, times=1)
    assert timedelta(seconds=90) <= wait <= timedelta(seconds=90) + FIRST_BACK_OFF
    assert numbers(url)[POOL]["free_at"] == NOW + timedelta(seconds=90)


def test_a_pause_of_a_day_holds_the_text_back_but_not_the_number(url: str) -> None:
    (wait,) = back_offs(url, RetryLater(86_400.0, "20429", "Slow down"), jitter=0, times=1)
    assert wait == timedelta(days=1)
    assert numbers(url)[POOL]["free_at"] == NOW + LONGEST_AHEAD


def test_a_text_that_was_never_begun_goes_back_at_once_and_slows_nothing(url: str) -> None:
    text = queue(url)
    taken = claimed(url, text)
    record(url, taken, RetryLater(0.0, None, "stopped"), started_at=None, jitter=0)
    row = stored(url, text)
    assert (row["status"], row["due_at"]) == ("queued", NOW + SECOND)
    assert attempts(url, text) == [(AttemptStatus.PUT_BACK, None, POOL)]
    assert numbers(url)[POOL]["free_at"] == NOW + taken.occupancy


def test_a_text_that_began_late_keeps_its_number_busy_from_then_on(url: str) -> None:
    taken = claimed(url, queue(url))
    began = NOW + 5 * SECOND
    record(url, taken, accepted(), started_at=began, now=NOW + 6 * SECOND)
    assert numbers(url)[POOL]["free_at"] == began + taken.occupancy


def test_recording_never_frees_a_number_earlier(url: str) -> None:
    taken = claimed(url, queue(url))
    change(url, "UPDATE message_number SET free_at = :at", at=NOW + MINUTE)
    record(url, taken, RetryLater(3.0, "20429", "Slow down"))
    assert numbers(url)[POOL]["free_at"] == NOW + MINUTE


# --- unknown, and what the sender is told ------------------------------------------------------


def test_a_lost_answer_makes_the_outcome_unknown(url: str) -> None:
    text = queue(url)
    assert record(url, claimed(url, text), LOST) is MessageStatus.UNKNOWN
    row = stored(url, text)
    assert (row["in_doubt_at"], row["error_code"]) == (NOW + SECOND, "20503")
    assert attempts(url, text) == [(AttemptStatus.UNKNOWN, "20503", POOL)]
    assert events(url, text)[-1] == "message.outcome_unknown"


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (LATER, BUSY),
        (LOST, PROVIDER),
        (NO, PROVIDER),
        (Rejected("20003", RejectionClass.ACCOUNT, "Authenticate"), CONFIGURATION),
        (Rejected("30034", RejectionClass.REGISTRATION, "Unregistered"), CONFIGURATION),
    ],
)
def test_each_outcome_has_its_exit_code(outcome: SendOutcome, code: int) -> None:
    problem = error_for(outcome, 7, status=MessageStatus.FAILED)
    assert problem is not None
    assert problem.exit_code == code
    assert error_for(accepted(), 7, status=MessageStatus.SENT) is None


@pytest.mark.parametrize(
    ("status", "stays"), [(MessageStatus.QUEUED, True), (MessageStatus.FAILED, False)]
)
def test_the_error_says_whether_the_message_stays_queued(
    status: MessageStatus, stays: bool
) -> None:
    problem = error_for(NO, 7, status=status)
    assert problem is not None
    assert ("stays queued" in str(problem.hint)) is stays
