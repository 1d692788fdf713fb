"""States of the account, and codes that come back for many messages, in a company of 12 numbers.

Whatever the provider answers or reports: the numbers stay in place, nothing is sent round and
round, and one alert is raised.
"""

from datetime import datetime
from itertools import pairwise

import pytest

from petmsg.providers.base import Accepted, Delivery, RejectionClass
from petmsg.providers.twilio_errors import look_up
from petmsg.services.numbers.provider_holds import FIRST_PAUSE, LONGEST_PAUSE
from petmsg.services.orgs import freeze, org
from petmsg.services.outbox.claimed import Claim, ClaimResult, Waiting
from tests.support.fixtures import NOW, looking, migrated_and, working
from tests.support.postgres import Copies
from tests.support.queueing import (
    HOUR,
    MINUTE,
    SECOND,
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

ACCOUNT = [30002, 30024, 30032, 30033, 30034, 30035, 30037]


@pytest.fixture
def url(sqlite_refilled: Copies) -> str:
    return sqlite_refilled("provider holds", migrated_and(company))


# --- each code, reported after the provider took the messages ----------------------------------


@pytest.mark.parametrize("code", [*ACCOUNT, 21660])
def test_an_account_problem_in_a_delivery_receipt_keeps_everything_queued(
    url: str, code: int
) -> None:
    all_reported(url, code)
    assert all_in_place(url)
    assert statuses(url) == {("queued", str(code)): 12}
    assert open_alerts(url) == [("provider_account", "critical", "org", "happy-paws")]
    with looking(url) as cursor:
        ((words, command),) = cursor.tuples("SELECT message, command FROM alert")
    assert look_up(code).to_do in words
    assert command.startswith(f"petmsg errors explain {code}")


def test_an_account_problem_keeps_everything_queued_on_postgresql(migrated_url: str) -> None:
    company(migrated_url)
    texts = all_reported(migrated_url, 30034)
    assert statuses(migrated_url) == {("queued", "30034"): 12}
    assert isinstance(take(migrated_url, texts[0], now=NOW + MINUTE), Waiting)
    sid = send(migrated_url, texts[0], at=NOW + HOUR)
    tell(migrated_url, sid, None, at=NOW + HOUR + SECOND, delivery=Delivery.DELIVERED)
    claimed(migrated_url, texts[1], now=NOW + HOUR + MINUTE)
    assert open_alerts(migrated_url) == []


@pytest.mark.parametrize("code", [*ACCOUNT, 21660, 21609, 20003])
def test_an_account_problem_in_an_answer_keeps_everything_queued(url: str, code: int) -> None:
    all_answered(url, code)
    assert all_in_place(url)
    assert {status for status, _ in statuses(url)} == {"queued"}
    assert len(open_alerts(url)) == 1


def test_one_code_for_many_numbers_does_not_quarantine_them_all(url: str) -> None:
    """Credentials of another account: Twilio says of each number that it is not valid there."""
    at = NOW
    for ref in CLIENTS:
        taken = take(url, queue(url, ref, now=at), now=at)
        if isinstance(taken, Claim):
            record(url, taken, refused(21606, RejectionClass.SENDER), now=at, started_at=at)
        at += SECOND
    out = [row for row in numbers(url).values() if row["status"] == "quarantined"]
    assert len(out) == 2
    assert {status for status, _ in statuses(url)} == {"queued"}
    assert ("provider_account", "critical", "org", "happy-paws") in open_alerts(url)


# --- nothing is sent round and round, and it goes on by itself ---------------------------------


def tries(url: str, texts: list[int], *, at: datetime) -> list[ClaimResult]:
    return [take(url, text, now=at) for text in texts]


def claims(taken: list[ClaimResult]) -> list[Claim]:
    return [each for each in taken if isinstance(each, Claim)]


def test_one_message_is_tried_after_pauses_that_grow_to_an_hour(url: str) -> None:
    texts = all_reported(url, 30034)
    sent_at, at = [], NOW + 20 * SECOND
    while at < NOW + 10 * HOUR:
        at += FIRST_PAUSE
        for claim in claims(tries(url, texts[:2], at=at)):
            sent_at.append(at)
            sid = f"SM-{claim.message}-{claim.attempt}"
            record(url, claim, Accepted(sid, "accepted"), now=at, started_at=at)
            tell(url, sid, 30034, at=at + 30 * SECOND)
    pauses = [later - earlier for earlier, later in pairwise(sent_at)]
    assert pauses[0] <= 2 * FIRST_PAUSE
    assert pauses == sorted(pauses)
    assert LONGEST_PAUSE <= pauses[-1] <= LONGEST_PAUSE + FIRST_PAUSE
    assert len(sent_at) < 16
    assert len(open_alerts(url)) == 1


def test_nothing_else_is_sent_during_a_trial(url: str) -> None:
    texts = all_reported(url, 30034)
    at = NOW + 20 * SECOND + FIRST_PAUSE
    taken = tries(url, texts, at=at)
    assert len(claims(taken)) == 1
    waiting = next(each for each in taken if isinstance(each, Waiting))
    assert "code 30034" in waiting.why
    assert waiting.until is not None
    assert waiting.until > at


def test_a_delivered_trial_releases_the_numbers_and_ends_the_alert(url: str) -> None:
    texts = all_reported(url, 30034)
    at = NOW + 20 * SECOND + FIRST_PAUSE
    sid = send(url, texts[0], at=at)
    tell(url, sid, None, at=at + SECOND, delivery=Delivery.DELIVERED)
    assert open_alerts(url) == []
    assert len(claims(tries(url, texts[1:], at=at + 2 * SECOND))) == 11


def test_a_trial_not_refused_for_a_whole_pause_releases_the_numbers(url: str) -> None:
    """Not every carrier reports what was delivered."""
    texts = all_reported(url, 30034)
    at = NOW + 20 * SECOND + FIRST_PAUSE
    send(url, texts[0], at=at)
    assert claims(tries(url, texts[1:], at=at + MINUTE)) == []
    assert len(claims(tries(url, texts[1:], at=at + 2 * FIRST_PAUSE))) == 11
    assert open_alerts(url) == []


def test_a_receipt_for_an_earlier_message_releases_nothing(url: str) -> None:
    texts = [queue(url, ref) for ref in CLIENTS]
    sids = [send(url, text, at=NOW) for text in texts]
    tell(url, sids[0], 30034, at=NOW + SECOND)
    tell(url, sids[1], None, at=NOW + 2 * SECOND, delivery=Delivery.DELIVERED)
    assert len(open_alerts(url)) == 1
    assert isinstance(take(url, texts[0], now=NOW + MINUTE), Waiting)


@pytest.mark.parametrize(
    ("code", "refused_number", "spared"),
    [(30032, TOLL_FREE, LONG_CODES[0]), (30034, LONG_CODES[0], TOLL_FREE)],
)
def test_numbers_of_another_kind_still_send(
    migrated_sqlite: str, code: int, refused_number: str, spared: str
) -> None:
    url = company(migrated_sqlite, pool=[refused_number, spared])
    tell(url, send(url, queue(url, "C-1"), at=NOW), code, at=NOW + SECOND)
    assert claimed(url, queue(url, "C-2"), now=NOW + MINUTE).text.from_e164 == spared


def test_a_person_releases_the_numbers_at_once(url: str) -> None:
    texts = all_reported(url, 30034)
    with working(url, now=NOW + MINUTE) as uow:
        assert not freeze.thaw(uow, reason="registered").reused
    assert open_alerts(url) == []
    assert len(claims(tries(url, texts, at=NOW + MINUTE))) == 12


def test_another_provider_is_not_held_back(url: str) -> None:
    all_reported(url, 30034)
    with working(url, now=NOW + MINUTE) as uow:
        org.change(uow, provider="twilio")
    assert {row["refused_code"] for row in numbers(url).values()} == {None}


# --- a code that comes late --------------------------------------------------------------------


def test_21610_after_an_undelivered_without_a_code_opts_the_client_out(migrated_url: str) -> None:
    url = company(migrated_url, pool=LONG_CODES[:1])
    text = queue(url, "C-1")
    sid = send(url, text, at=NOW)
    tell(url, sid, None, at=NOW + SECOND)
    tell(url, sid, 21610, at=NOW + 2 * SECOND)
    assert (stored(url, text)["status"], stored(url, text)["error_code"]) == (
        "undelivered",
        "21610",
    )
    assert open_alerts(url) == [("client_opted_out", "info", "client", "C-1")]
    tell(url, sid, 30007, at=NOW + 3 * SECOND)  # the first code counts
    assert stored(url, text)["error_code"] == "21610"


@pytest.mark.parametrize(
    ("code", "status"), [(30034, "queued"), (30003, "queued"), (30007, "undelivered")]
)
def test_a_late_code_has_the_same_effect(url: str, code: int, status: str) -> None:
    text = queue(url, "C-1")
    sid = send(url, text, at=NOW)
    tell(url, sid, None, at=NOW + SECOND)
    tell(url, sid, code, at=NOW + 2 * SECOND)
    assert (stored(url, text)["status"], stored(url, text)["error_code"]) == (status, str(code))


def test_a_code_of_an_earlier_attempt_has_the_same_effect(url: str) -> None:
    text = queue(url, "C-1")
    first = send(url, text, at=NOW)
    tell(url, first, 30008, at=NOW + SECOND)
    send(url, text, at=stored(url, text)["due_at"])
    with working(url) as uow:
        uow.cursor.run("UPDATE message_attempt SET code = NULL WHERE attempt = 1")
    tell(url, first, 21610, at=NOW + HOUR)
    assert stored(url, text)["status"] == "sent"
    assert open_alerts(url) == [("client_opted_out", "info", "client", "C-1")]
