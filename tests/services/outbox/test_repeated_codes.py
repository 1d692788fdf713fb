"""One code for every message of a company of 12 numbers, whatever it means.

One alert is raised, sending stops, the numbers stay in place, nothing is recorded about the
clients, and it goes on by itself.
"""

from datetime import timedelta

import pytest

from petmsg.enums.numbers import NumberClass
from petmsg.providers.base import Accepted, Delivery, RejectionClass
from petmsg.providers.twilio_errors import look_up
from petmsg.rules.repeated_codes import ALERT_AT, STOP_AT
from petmsg.services.numbers import number
from petmsg.services.numbers.provider_holds import FIRST_PAUSE
from petmsg.services.orgs import freeze
from petmsg.services.outbox.claimed import Claim, Waiting
from tests.support.fixtures import NOW, looking, migrated_and, working
from tests.support.postgres import Copies
from tests.support.queueing import (
    HOUR,
    MINUTE,
    SECOND,
    change,
    claimed,
    numbers,
    queue,
    record,
    refused,
    stored,
    take,
)
from tests.support.twelve_numbers import (
    CLIENTS,
    LONG_CODES,
    TOLL_FREE,
    all_answered,
    all_in_place,
    all_reported,
    company,
    open_alerts,
    send,
    statuses,
    tell,
)

UNKNOWN = 39999
FAILED_FIRST = STOP_AT - 1
"""So many messages fail before the account is known to be the cause."""


@pytest.fixture
def url(refilled: Copies) -> str:
    """Both databases."""
    return refilled("provider holds", migrated_and(company))


@pytest.fixture
def small(sqlite_refilled: Copies) -> str:
    """SQLite only."""
    return sqlite_refilled("provider holds", migrated_and(company))


def count(url: str, sql: str) -> int:
    with looking(url) as cursor:
        return int(cursor.value(sql))


def opened(url: str, code: int | None) -> list[tuple[str, str, str, str]]:
    return [("same_code", "critical", "code", "none" if code is None else str(code))]


# --- each code, from the account of the company of 12 numbers ------------------------------------


@pytest.mark.parametrize("code", [30024, 30032, 30033, 30034, 30035, 30037])
def test_a_registration_keeps_everything_queued(url: str, code: int) -> None:
    """As an answer to the first message, and as a receipt for the others."""
    pool = [TOLL_FREE] if code == 30032 else []
    with working(url, now=NOW - HOUR) as uow:
        for e164 in pool:
            number.add(uow, e164, number_class=NumberClass.POOL)
    all_answered(url, code)
    assert all_in_place(url)
    assert {status for status, _ in statuses(url)} == {"queued"}
    assert open_alerts(url) == [("provider_account", "critical", "org", "happy-paws")]
    with looking(url) as cursor:
        assert look_up(code).to_do in cursor.value("SELECT message FROM alert")


@pytest.mark.parametrize("code", [UNKNOWN, 21612, 30007, 21617, 30008, 14107])
def test_a_code_in_every_answer_stops_sending_with_one_alert(url: str, code: int) -> None:
    all_answered(url, code)
    assert all_in_place(url)
    found = statuses(url)
    untouched = found[("queued", None)]
    assert untouched == 12 - STOP_AT
    assert found[("queued", str(code))] >= 1  # the message with which it stopped
    alerts = [alert for alert in open_alerts(url) if alert[0] != "message_held"]
    assert alerts == opened(url, code)


@pytest.mark.parametrize("code", [UNKNOWN, 30007, 21612, None])
def test_a_code_in_every_receipt_stops_sending_with_one_alert(url: str, code: int | None) -> None:
    all_reported(url, code)
    assert all_in_place(url)
    text = None if code is None else str(code)
    failed = 12 // 2 - 1  # the others were sent, and not reported yet
    assert statuses(url) == {("undelivered", text): failed, ("queued", text): 12 - failed}
    assert open_alerts(url) == opened(url, code)
    later = queue(url, CLIENTS[0], now=NOW + MINUTE)
    assert isinstance(take(url, later, now=NOW + MINUTE), Waiting)


@pytest.mark.parametrize("reported", [True, False], ids=["receipt", "answer"])
@pytest.mark.parametrize("code", [21211, 21614, 30005, 30006])
def test_a_code_of_the_recipient_for_everybody_marks_nobody(
    url: str, code: int, reported: bool
) -> None:
    (all_reported if reported else all_answered)(url, code)
    assert count(url, "SELECT count(*) FROM client_phone WHERE not_textable_at IS NOT NULL") == 0
    assert all_in_place(url)
    assert open_alerts(url) == opened(url, code)


def test_a_code_of_opt_outs_for_everybody_opts_few_clients_out(url: str) -> None:
    all_answered(url, 21610)
    assert count(url, "SELECT count(*) FROM opt_out") == FAILED_FIRST
    assert opened(url, 21610)[0] in open_alerts(url)


def test_a_trial_account_stops_sending_with_one_alert(url: str) -> None:
    all_answered(url, 21608)
    assert statuses(url)[("queued", None)] == 12 - STOP_AT
    assert open_alerts(url) == [("provider_setting", "critical", "org", "happy-paws")]


def test_the_alert_about_a_trial_account_ends_when_messages_are_sent_again(small: str) -> None:
    texts = all_answered(small, 21608)
    at = NOW + FIRST_PAUSE
    sid = send(small, texts[-1], at=at)
    tell(small, sid, None, at=at + SECOND, delivery=Delivery.DELIVERED)
    assert (held(small), open_alerts(small)) == (set(), [])


# --- what is not the account's fault ------------------------------------------------------------


def answer(url: str, ref: str, code: int | None, *, at: int) -> int:
    """A message to the client that the provider accepts, or answers with the code."""
    now = NOW + at * MINUTE
    text = queue(url, ref, now=now)
    taken = take(url, text, now=now)
    if isinstance(taken, Claim):
        outcome = (
            Accepted(f"SM{text}", "accepted")
            if code is None
            else refused(code, look_up(code).rejection_class)
        )
        record(url, taken, outcome, now=now + SECOND, started_at=now)
    return text


def test_several_messages_raise_one_warning_and_sending_goes_on(small: str) -> None:
    for at in range(ALERT_AT):
        answer(small, CLIENTS[at], UNKNOWN, at=at)
    assert open_alerts(small) == [("same_code", "warning", "code", str(UNKNOWN))]
    assert statuses(small) == {("failed", str(UNKNOWN)): ALERT_AT}


def test_few_messages_raise_no_alert(small: str) -> None:
    for at in range(ALERT_AT - 1):
        answer(small, CLIENTS[at], UNKNOWN, at=at)
    assert open_alerts(small) == []


def test_the_same_code_on_other_days_is_no_alarm(small: str) -> None:
    for at in range(8):
        answer(small, CLIENTS[at], UNKNOWN, at=at * 60)
    assert open_alerts(small) == []


def test_landlines_between_messages_that_get_through_are_marked(small: str) -> None:
    """As in a company that imported old phones."""
    for at, ref in enumerate(CLIENTS):
        answer(small, ref, 21614 if at % 2 else None, at=at)
    marked = count(small, "SELECT count(*) FROM client_phone WHERE not_textable_at IS NOT NULL")
    assert marked == len(CLIENTS) // 2
    assert {row["refused_code"] for row in numbers(small).values()} == {None}


def test_one_phone_that_fails_again_and_again_does_not_stop_the_company(small: str) -> None:
    for at in range(12):
        answer(small, CLIENTS[0], 30007, at=at)
    assert {row["refused_code"] for row in numbers(small).values()} == {None}


def held(url: str) -> set[str]:
    return {e164 for e164, row in numbers(url).items() if row["refused_code"] is not None}


@pytest.mark.parametrize(
    ("pool", "bad", "spared"),
    [
        (LONG_CODES[:2], LONG_CODES[:1], LONG_CODES[1]),
        ([*LONG_CODES[:2], TOLL_FREE], LONG_CODES[:2], TOLL_FREE),
    ],
    ids=["one number", "one type of numbers"],
)
def test_only_numbers_that_deliver_nothing_are_held(
    migrated_sqlite: str, pool: list[str], bad: list[str], spared: str
) -> None:
    url = company(migrated_sqlite, pool=pool)
    for at, ref in enumerate(CLIENTS):
        now = NOW + at * MINUTE
        text = queue(url, ref, now=now)
        taken = take(url, text, now=now)
        if isinstance(taken, Claim):
            fails = taken.text.from_e164 in bad
            outcome = refused(UNKNOWN, RejectionClass.OTHER) if fails else Accepted(f"S{text}", "x")
            record(url, taken, outcome, now=now, started_at=now)
    assert held(url) >= set(bad)
    assert spared not in held(url)


def test_a_new_number_that_is_not_registered_yet_is_held_alone(url: str) -> None:
    """The other numbers of its type deliver messages."""
    good = send(url, queue(url, CLIENTS[0]), at=NOW)
    tell(url, good, None, at=NOW + SECOND, delivery=Delivery.DELIVERED)
    bad = claimed(url, queue(url, CLIENTS[1], now=NOW + MINUTE), now=NOW + MINUTE)
    record(url, bad, refused(30035, RejectionClass.REGISTRATION), now=NOW + MINUTE)
    assert held(url) == {bad.text.from_e164}


# --- it goes on by itself -----------------------------------------------------------------------


def test_a_trial_that_gets_through_releases_the_numbers_and_ends_the_alert(url: str) -> None:
    texts = all_answered(url, UNKNOWN)
    at = NOW + FIRST_PAUSE
    sid = send(url, texts[-1], at=at)
    assert isinstance(take(url, texts[-2], now=at), Waiting)
    tell(url, sid, None, at=at + SECOND, delivery=Delivery.DELIVERED)
    assert open_alerts(url) == []
    claimed(url, texts[-2], now=at + 2 * SECOND)


def test_receipts_of_later_messages_end_a_hold_for_landlines_in_a_row(url: str) -> None:
    """One `message sync` brings all receipts, those of the first messages first."""
    sids = []
    for at, ref in enumerate(CLIENTS[: STOP_AT + 1]):
        now = NOW + at * SECOND
        sids.append(send(url, queue(url, ref, now=now), at=now))
    for sid in sids[:STOP_AT]:
        tell(url, sid, 30006, at=NOW + MINUTE)
    assert held(url) != set()
    tell(url, sids[-1], None, at=NOW + MINUTE, delivery=Delivery.DELIVERED)
    assert (held(url), open_alerts(url)) == (set(), [])


def test_a_trial_that_fails_stays_queued_and_lets_others_try_first(url: str) -> None:
    texts = all_answered(url, UNKNOWN)
    at = NOW + FIRST_PAUSE
    trial = claimed(url, texts[-1], now=at)
    record(url, trial, refused(UNKNOWN, RejectionClass.OTHER), now=at, started_at=at)
    row = stored(url, texts[-1])
    assert (row["status"], row["error_code"]) == ("queued", str(UNKNOWN))
    assert row["due_at"] >= at + FIRST_PAUSE
    assert row["due_at"] > stored(url, texts[-2])["due_at"]
    assert open_alerts(url) == opened(url, UNKNOWN)


def test_a_trial_with_a_code_of_its_own_is_handled_as_usual(small: str) -> None:
    texts = all_answered(small, UNKNOWN)
    at = NOW + FIRST_PAUSE
    trial = claimed(small, texts[-1], now=at)
    record(small, trial, refused(21614, RejectionClass.RECIPIENT), now=at, started_at=at)
    assert stored(small, texts[-1])["status"] == "failed"
    assert isinstance(take(small, texts[-2], now=at), Waiting)


def test_a_trial_that_shows_another_cause_leaves_the_alert_about_that_one(small: str) -> None:
    texts = all_answered(small, UNKNOWN)
    at = NOW + FIRST_PAUSE
    trial = claimed(small, texts[-1], now=at)
    record(small, trial, refused(30034, RejectionClass.REGISTRATION), now=at, started_at=at)
    assert open_alerts(small) == [("provider_account", "critical", "org", "happy-paws")]


def test_a_person_releases_the_numbers_at_once(small: str) -> None:
    texts = all_answered(small, UNKNOWN)
    with working(small, now=NOW + MINUTE) as uow:
        freeze.thaw(uow, reason="it was a fault at the provider")
    assert open_alerts(small) == []
    claimed(small, texts[-1], now=NOW + MINUTE)


def test_what_was_reported_long_ago_is_not_kept_for_it(small: str) -> None:
    old = send(small, queue(small, CLIENTS[0], now=NOW - 5 * HOUR), at=NOW - 5 * HOUR)
    change(small, "UPDATE message_number SET free_at = NULL")
    all_answered(small, UNKNOWN, at=NOW)
    tell(small, old, UNKNOWN, at=NOW + timedelta(minutes=2))
    with looking(small) as cursor:
        status = cursor.value("SELECT status FROM message WHERE provider_message_id = :s", s=old)
    assert status == "undelivered"
