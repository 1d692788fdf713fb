"""Claiming a message: what ends it, what lets it wait, and which number it is sent from."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from petmsg.enums.messages import AttemptStatus, MessageStatus
from petmsg.enums.opt_outs import OptOutSource
from petmsg.enums.orgs import ProviderName
from petmsg.errors import Busy, NotFound
from petmsg.queries.lookup import find_client
from petmsg.services.numbers import quarantine
from petmsg.services.orgs import freeze, org
from petmsg.services.outbox.claim import RECHECK_AFTER
from petmsg.services.outbox.claimed import Claim, Ended, Waiting
from petmsg.services.outbox.stored_message import MessageNotWaiting
from petmsg.services.people import optout, optout_messages, undeliverable_phones
from tests.support.fixtures import NOW, looking, migrated_and, working
from tests.support.postgres import Copies
from tests.support.queueing import (
    ANOTHER,
    DESK,
    HOUR,
    MAYA,
    MINUTE,
    PHONES,
    POOL,
    POOL_2,
    SECOND,
    WORKER,
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
    stored,
    take,
    visit,
)

NIGHT = datetime(2026, 2, 15, 3, 30, tzinfo=UTC)
"""22:30 in New York."""


@pytest.fixture
def url(refilled: Copies) -> str:
    return refilled("queueing", migrated_and(company))


def opt_out(url: str) -> None:
    with working(url) as uow:
        client = find_client(uow.cursor, uow.org.id, "C-1")
        optout.opt_out(uow, client, phones=None, source=OptOutSource.OPERATOR, reason="she said")


def not_textable(url: str) -> None:
    with working(url) as uow:
        undeliverable_phones.mark_undeliverable(
            uow, client_ref="C-1", to_e164=PHONES["C-1"], code="21614"
        )


# --- what ends a message --------------------------------------------------------------------------


@pytest.mark.parametrize(("end", "code"), [(opt_out, "opted_out"), (not_textable, "not_textable")])
def test_a_text_that_may_never_leave_ends_as_failed_with_its_code(
    url: str, end: Any, code: str
) -> None:
    text = queue(url)
    end(url)
    taken = take(url, text)
    assert isinstance(taken, Ended)
    assert taken.status is MessageStatus.FAILED
    row = stored(url, text)
    assert (row["status"], row["error_code"], row["due_at"]) == ("failed", code, None)
    assert (row["attempts"], row["number_id"], attempts(url, text)) == (0, None, [])
    assert events(url, text) == ["message.queued", "message.failed"]
    assert "message_expired" not in [alert[0] for alert in alerts(url)]


def test_a_text_that_expired_ends_with_an_alert(url: str) -> None:
    text = queue(url, expires_at=NOW + HOUR)
    assert isinstance(take(url, text, now=NOW + HOUR), Ended)
    assert stored(url, text)["error_code"] == "expired"
    assert alerts(url) == [("message_expired", "warning", "message", str(text))]


def test_a_text_leaves_in_the_last_moment_before_it_expires(url: str) -> None:
    text = queue(url, expires_at=NOW + HOUR)
    claimed(url, text, now=NOW + HOUR - timedelta(microseconds=1))


def test_an_opt_out_beats_a_freeze_so_that_the_text_does_not_wait_in_vain(url: str) -> None:
    text = queue(url)
    opt_out(url)
    with working(url) as uow:
        freeze.freeze(uow, reason="complaints")
    assert isinstance(take(url, text), Ended)


# --- what lets it wait -------------------------------------------------------------------------


def test_a_freeze_lets_it_wait_until_the_thaw(url: str) -> None:
    text = queue(url)
    with working(url) as uow:
        freeze.freeze(uow, reason="complaints", until=NOW + HOUR)
    taken = take(url, text)
    assert isinstance(taken, Waiting)
    assert (taken.until, taken.for_rate_limit) == (NOW + HOUR, False)
    assert (stored(url, text)["status"], attempts(url, text)) == ("queued", [])
    claimed(url, text, now=NOW + HOUR)


def test_a_schedule_lets_it_wait_until_its_time(url: str) -> None:
    text = queue(url, send_at=NOW + HOUR)
    taken = take(url, text)
    assert isinstance(taken, Waiting)
    assert taken.until == NOW + HOUR
    claimed(url, text, now=NOW + HOUR)


def test_quiet_hours_let_it_wait_until_the_morning_and_an_urgent_one_passes(url: str) -> None:
    with working(url) as uow:
        org.change(uow, quiet_hours="21:00-08:00")
    usual, urgent = queue(url, now=NIGHT), queue(url, "C-2", now=NIGHT, urgent=True)
    taken = take(url, usual, now=NIGHT)
    assert isinstance(taken, Waiting)
    assert taken.until == datetime(2026, 2, 15, 13, 0, tzinfo=UTC)
    claimed(url, urgent, now=NIGHT)


def test_a_back_off_lets_it_wait(url: str) -> None:
    text = queue(url)
    change(url, "UPDATE message SET due_at = :at", at=NOW + HOUR)
    taken = take(url, text)
    assert isinstance(taken, Waiting)
    assert taken.until == NOW + HOUR
    claimed(url, text, now=NOW + HOUR)


# --- the line ----------------------------------------------------------------------------------


def test_first_in_first_out_by_the_time_a_text_was_meant_to_leave_then_by_id(url: str) -> None:
    later = queue(url, send_at=NOW + HOUR)
    first, second = queue(url), queue(url)
    at = NOW + HOUR
    for text in (later, second):
        taken = take(url, text, now=at)
        assert isinstance(taken, Waiting)
        assert taken.why == f"message {first} of the same thread is sent first"
    order = []
    for text in (first, second, later):
        order.append(text)
        record(url, claimed(url, text, now=at), accepted(text), now=at, started_at=at)
        at += SECOND
    assert order == [first, second, later]


def test_a_text_that_waits_for_a_back_off_still_comes_first(url: str) -> None:
    first, second = queue(url), queue(url)
    change(url, "UPDATE message SET due_at = :at WHERE id = :id", at=NOW + HOUR, id=first)
    assert isinstance(take(url, second), Waiting)


def test_a_text_that_is_scheduled_for_later_holds_nobody_up(url: str) -> None:
    queue(url, send_at=NOW + HOUR)
    claimed(url, queue(url))


def test_an_urgent_text_passes_those_that_are_not_but_no_earlier_urgent_one(url: str) -> None:
    usual, urgent, second = queue(url), queue(url, urgent=True), queue(url, urgent=True)
    assert isinstance(take(url, second), Waiting)
    assert isinstance(take(url, usual), Claim)
    taken = take(url, urgent)
    assert isinstance(taken, Waiting)
    assert taken.why == f"message {usual} to the same phone is sending"


def test_an_earlier_urgent_text_goes_before_a_usual_one(url: str) -> None:
    urgent, usual = queue(url, urgent=True), queue(url)
    taken = take(url, usual)
    assert isinstance(taken, Waiting)
    assert taken.why == f"message {urgent} of the same thread is sent first"


@pytest.mark.parametrize("status", ["sending", "unknown"])
def test_one_text_at_a_time_is_under_way_to_a_phone(url: str, status: str) -> None:
    first, second = queue(url), queue(url)
    claimed(url, first)
    change(url, "UPDATE message SET status = :s WHERE id = :id", s=status, id=first)
    taken = take(url, second)
    assert isinstance(taken, Waiting)
    assert taken.why == f"message {first} to the same phone is {status}"
    claimed(url, queue(url, "C-2"))


@pytest.mark.parametrize("status", ["sent", "failed", "held", "cancelled"])
def test_a_text_that_is_done_with_holds_nobody_up(url: str, status: str) -> None:
    first, second = queue(url), queue(url)
    claimed(url, first)
    change(url, "UPDATE message SET status = :s WHERE id = :id", s=status, id=first)
    claimed(url, second, now=NOW + SECOND)


# --- the number --------------------------------------------------------------------------------


def test_the_number_is_decided_at_the_claim_and_not_when_the_text_was_queued(url: str) -> None:
    visit(url)
    inside, over = queue(url), queue(url)
    assert claimed(url, inside).text.from_e164 == MAYA
    change(url, "UPDATE message SET status = 'sent' WHERE id = :id", id=inside)
    taken = claimed(url, over, now=NOW + 2 * HOUR)
    assert taken.text.from_e164 == POOL
    row = stored(url, over)
    decision = json.loads(row["decision"])
    assert (row["rule"], decision["number"]["e164"]) == ("pool", POOL)
    assert decision["trace"][0]["code"] == "NO_ACTIVE_WINDOW"


def test_without_a_pool_a_text_that_waited_over_the_end_leaves_from_the_desk(
    migrated_url: str,
) -> None:
    company(migrated_url, pool=())
    visit(migrated_url)
    text = queue(migrated_url)
    assert claimed(migrated_url, text, now=NOW + 2 * HOUR).text.from_e164 == DESK


def test_words_of_a_sitter_never_leave_from_another_number_but_wait_for_a_person(url: str) -> None:
    visit(url)
    text = queue(url, as_sitter="S-1")
    taken = take(url, text, now=NOW + 2 * HOUR)
    assert isinstance(taken, Ended)
    assert taken.status is MessageStatus.HELD
    assert stored(url, text)["error_code"] == "not_her_window"
    assert alerts(url) == [("message_held", "warning", "message", str(text))]
    assert events(url, text)[-1] == "message.held"


def test_a_pair_that_the_carrier_blocks_waits_for_a_person(url: str) -> None:
    text = queue(url)
    with working(url) as uow:
        pool = uow.cursor.value("SELECT id FROM message_number WHERE e164 = :n", n=POOL)
        optout_messages.block_pair(
            uow, number_id=pool, number=POOL, to_e164=PHONES["C-1"], client_ref="C-1", code="30004"
        )
    taken = take(url, text)
    assert isinstance(taken, Ended)
    assert (taken.status, stored(url, text)["error_code"]) == (MessageStatus.HELD, "pair_blocked")
    assert ("message_held", "warning", "message", str(text)) in alerts(url)
    assert attempts(url, text) == []
    claimed(url, queue(url, "C-2"))  # the number goes on for everybody else


def test_without_a_number_it_waits_with_an_alert_that_counts(url: str) -> None:
    with working(url) as uow:
        for e164 in (POOL, POOL_2, DESK):
            change_status = "UPDATE message_number SET status = 'retired' WHERE e164 = :n"
            uow.cursor.run(change_status, n=e164)
    text = queue(url)
    for at in (NOW, NOW + RECHECK_AFTER):
        taken = take(url, text, now=at)
        assert isinstance(taken, Waiting)
        assert (taken.until, taken.decision is not None) == (at + RECHECK_AFTER, True)
    assert alerts(url) == [("no_number", "critical", "client", "C-1")]
    with looking(url) as cursor:
        assert cursor.value("SELECT count FROM alert") == 2


def test_a_number_in_quarantine_is_passed_over_at_the_claim(url: str) -> None:
    text = queue(url)
    with working(url) as uow:
        quarantine.quarantine(uow, POOL, until=NOW + HOUR, days=1, reason="spam")
    assert claimed(url, text).text.from_e164 == POOL_2


# --- the rate limit ----------------------------------------------------------------------------


def test_a_claim_reserves_its_number_for_as_long_as_its_segments_take(url: str) -> None:
    taken = claimed(url, queue(url, body="x" * 400))  # 3 segments at 1 a second
    assert (taken.start_at, taken.occupancy) == (NOW, 3 * SECOND)
    assert numbers(url)[POOL]["free_at"] == NOW + 3 * SECOND


def test_a_numbers_own_pace_beats_that_of_its_kind(url: str) -> None:
    change(url, "UPDATE message_number SET segments_per_second = 50")
    assert claimed(url, queue(url)).occupancy == timedelta(seconds=0.02)


def busy(url: str, until: datetime) -> None:
    change(url, "UPDATE message_number SET free_at = :until", until=until)


def test_a_busy_number_lets_a_text_wait_for_its_pace_only(url: str) -> None:
    text = queue(url)
    busy(url, NOW + 5 * SECOND)
    taken = take(url, text)
    assert isinstance(taken, Waiting)
    assert (taken.for_rate_limit, taken.until) == (True, NOW + 5 * SECOND)
    assert stored(url, text)["status"] == "queued"


def test_a_text_may_be_claimed_ahead_of_its_start_and_keeps_it(url: str) -> None:
    text = queue(url)
    busy(url, NOW + SECOND)
    assert isinstance(take(url, text, ahead=SECOND - timedelta(microseconds=1)), Waiting)
    assert claimed(url, text, ahead=SECOND).start_at == NOW + SECOND
    assert numbers(url)[POOL]["free_at"] == NOW + 2 * SECOND


def test_workers_share_a_numbers_pace(url: str) -> None:
    claimed(url, queue(url, "C-1"))
    change(url, "UPDATE message_number SET status = 'retired' WHERE e164 = :n", n=POOL_2)
    taken = take(url, queue(url, "C-2"), worker=ANOTHER)
    assert isinstance(taken, Waiting)
    assert taken.until == NOW + SECOND


# --- what a claim leaves -----------------------------------------------------------------------


def test_a_claim_is_stored_with_its_number_worker_provider_and_attempt(url: str) -> None:
    text = queue(url)
    taken = claimed(url, text)
    row = stored(url, text)
    assert (row["status"], row["worker"], row["claimed_at"]) == ("sending", WORKER, NOW)
    assert (row["from_e164"], row["provider"], row["attempts"]) == (POOL, "sandbox", 1)
    assert json.loads(row["decision"]) == json.loads(taken.decision_json)
    assert attempts(url, text) == [(AttemptStatus.SENDING, None, POOL)]
    with looking(url) as cursor:
        (attempt,) = cursor.rows("SELECT * FROM message_attempt")
    assert (attempt["worker"], attempt["claimed_at"], attempt["attempt"]) == (WORKER, NOW, 1)


def test_a_claim_forgets_the_unknown_outcome_and_errors_of_the_attempt_before(url: str) -> None:
    text = queue(url)
    change(
        url,
        "UPDATE message SET error_code = '1', error_message = 'x', in_doubt_at = :n,"
        " absent_at = :n",
        n=NOW - MINUTE,
    )
    claimed(url, text)
    row = stored(url, text)
    names = ("error_code", "error_message", "in_doubt_at", "absent_at")
    assert [row[name] for name in names] == [None] * 4


def test_a_text_that_is_not_queued_is_not_claimed(url: str) -> None:
    text = queue(url)
    claimed(url, text)
    with pytest.raises(MessageNotWaiting):
        take(url, text, worker=ANOTHER)
    with pytest.raises(NotFound):
        take(url, text + 1)


def test_a_worker_without_the_credentials_of_todays_provider_claims_nothing(url: str) -> None:
    text = queue(url)
    with working(url) as uow:
        org.change(uow, provider="twilio")
    with pytest.raises(Busy, match="provider"):
        take(url, text, provider=ProviderName.SANDBOX)
    assert stored(url, text)["status"] == "queued"
