"""What happens after each class of refusal: the documented reactions, one by one."""

from datetime import UTC, datetime, timedelta

import pytest

from petmsg.enums.messages import AttemptStatus
from petmsg.providers.base import Rejected, RejectionClass, RetryLater
from petmsg.providers.twilio_errors import ERROR_CODES, look_up
from petmsg.services.numbers import quarantine
from petmsg.services.orgs import freeze, org
from petmsg.services.outbox import queue as message
from petmsg.services.outbox.claimed import Claim
from petmsg.services.outbox.rejections import (
    SETTING_RETRY,
    UNEXPLAINED_TRIES,
    UNREACHABLE_TRIES,
    next_midnight,
)
from petmsg.services.people import client, optout
from tests.support.fixtures import NOW, looking, migrated_and, run_cli, working
from tests.support.postgres import Copies
from tests.support.queueing import (
    DESK,
    HOUR,
    POOL,
    POOL_2,
    SECOND,
    accepted,
    alerts,
    attempts,
    change,
    claimed,
    company,
    numbers,
    queue,
    record,
    refused,
    stored,
    take,
)


@pytest.fixture
def url(refilled: Copies) -> str:
    return refilled("queueing", migrated_and(company))


def refuse(url: str, text: int, code: int, *, at: datetime = NOW) -> Claim:
    """Claim it, and let Twilio's answer be this code."""
    taken = claimed(url, text, now=at)
    outcome = refused(code, look_up(code).rejection_class)
    record(url, taken, outcome, now=at + SECOND, started_at=at)
    return taken


def state(url: str, text: int) -> tuple[str, str | None]:
    row = stored(url, text)
    return row["status"], row["error_code"]


def kinds(url: str) -> list[str]:
    return [alert[0] for alert in alerts(url)]


# --- the recipient -----------------------------------------------------------------------------


def test_21610_opts_the_client_out_for_the_whole_org(url: str) -> None:
    text = queue(url)
    waiting = queue(url, send_at=NOW + HOUR)
    refuse(url, text, 21610)
    assert state(url, text) == ("failed", "21610")
    assert alerts(url) == [("client_opted_out", "info", "client", "C-1")]
    with pytest.raises(message.OptedOut):
        queue(url)
    taken = take(url, waiting, now=NOW + HOUR)
    assert (type(taken).__name__, state(url, waiting)) == ("Ended", ("failed", "opted_out"))
    assert len(attempts(url, text)) == 1  # no other number was tried


def test_21610_after_a_newer_start_blocks_that_pair_of_numbers_only(url: str) -> None:
    refuse(url, queue(url), 21610)
    with working(url, now=NOW + HOUR) as uow:
        optout.remove(uow, "C-1", reason="she wrote START")
    at = NOW + 2 * HOUR
    refuse(url, queue(url, now=at), 21610, at=at)
    assert "pair_blocked" in kinds(url)
    queue(url, now=at + HOUR)  # the org may message the client


@pytest.mark.parametrize("code", [21211, 21614, 21635, 30005, 30006])
def test_a_phone_that_takes_no_texts_is_marked_and_later_texts_are_refused_with_4(
    migrated_sqlite: str, code: int
) -> None:
    company(migrated_sqlite)
    text = queue(migrated_sqlite)
    refuse(migrated_sqlite, text, code)
    assert state(migrated_sqlite, text) == ("failed", str(code))
    assert kinds(migrated_sqlite) == ["phone_not_textable"]
    ran = run_cli(migrated_sqlite, "message", "send", "C-1", "--body", "Hi", "-o", "json")
    assert (ran.code, ran.error["code"]) == (4, "not_textable")
    assert str(code) in ran.error["message"]
    claimed(migrated_sqlite, queue(migrated_sqlite, "C-2"), now=NOW + SECOND)


def test_30004_blocks_the_pair_and_the_text_does_not_go_round_it(url: str) -> None:
    text = queue(url)
    refuse(url, text, 30004)
    assert state(url, text) == ("failed", "30004")
    assert kinds(url) == ["pair_blocked"]
    again = queue(url, now=NOW + HOUR)
    assert type(take(url, again, now=NOW + HOUR)).__name__ == "Ended"
    assert state(url, again) == ("held", "pair_blocked")


# --- tries -------------------------------------------------------------------------------------


def test_30003_is_tried_three_times_within_a_day(url: str) -> None:
    text, at = queue(url), NOW
    for wait in UNREACHABLE_TRIES:
        refuse(url, text, 30003, at=at)
        row = stored(url, text)
        assert (row["status"], row["due_at"]) == ("queued", at + SECOND + wait)
        at = row["due_at"]
    assert at - NOW < timedelta(days=1)
    refuse(url, text, 30003, at=at)
    assert state(url, text) == ("failed", "30003")
    assert [each[0] for each in attempts(url, text)] == [AttemptStatus.FAILED] * 3


def test_30008_is_tried_once_more_later(url: str) -> None:
    text = queue(url)
    refuse(url, text, 30008)
    due_at = stored(url, text)["due_at"]
    assert due_at == NOW + SECOND + UNEXPLAINED_TRIES[0]
    refuse(url, text, 30008, at=due_at)
    assert state(url, text) == ("failed", "30008")


def test_a_later_text_does_not_wait_for_hours_behind_one_nobody_answered(url: str) -> None:
    first, second = queue(url), queue(url, body="At your door")
    refuse(url, first, 30003)
    later = NOW + 2 * SECOND
    assert claimed(url, second, now=later).message == second


@pytest.mark.parametrize("code", [30003, 30008])
def test_tries_that_were_only_put_back_do_not_count_as_tries(url: str, code: int) -> None:
    text, at = queue(url), NOW
    for _ in range(3):
        taken = claimed(url, text, now=at)
        record(url, taken, RetryLater(None, "20429", "Slow down"), now=at, started_at=at)
        at += HOUR
    refuse(url, text, code, at=at)
    assert stored(url, text)["status"] == "queued"


@pytest.mark.parametrize(
    ("now", "midnight"),
    [
        ("2026-02-14T15:00", "2026-02-15T08:00"),
        ("2026-02-15T07:59", "2026-02-15T08:00"),
        ("2026-02-15T08:00", "2026-02-16T08:00"),
        ("2026-03-08T07:30", "2026-03-08T08:00"),
        ("2026-03-08T12:00", "2026-03-09T07:00"),  # the clocks went forward that night
        ("2026-11-01T12:00", "2026-11-02T08:00"),  # and back
    ],
)
def test_a_daily_cap_waits_for_midnight_in_los_angeles(now: str, midnight: str) -> None:
    at = datetime.fromisoformat(now).replace(tzinfo=UTC)
    expected = datetime.fromisoformat(midnight).replace(tzinfo=UTC)
    assert next_midnight(at, "America/Los_Angeles") == expected


@pytest.mark.parametrize("code", [30023, 30027])
def test_a_text_over_the_cap_is_queued_until_then(migrated_sqlite: str, code: int) -> None:
    company(migrated_sqlite)
    text = queue(migrated_sqlite)
    refuse(migrated_sqlite, text, code)
    row = stored(migrated_sqlite, text)
    assert (row["status"], row["due_at"]) == ("queued", datetime(2026, 2, 15, 8, 0, tzinfo=UTC))
    assert attempts(migrated_sqlite, text)[0][0] == AttemptStatus.PUT_BACK


NIGHT = datetime(2026, 2, 15, 3, 30, tzinfo=UTC)
"""22:30 in New York, 19:30 in Los Angeles."""


@pytest.mark.parametrize(
    ("timezone", "quiet_hours", "at", "allowed"),
    [
        (None, None, NIGHT, datetime(2026, 2, 15, 13, 0, tzinfo=UTC)),
        (None, "20:00-09:30", NIGHT, datetime(2026, 2, 15, 14, 30, tzinfo=UTC)),
        ("America/Los_Angeles", None, NIGHT + 2 * HOUR, datetime(2026, 2, 15, 16, 0, tzinfo=UTC)),
        ("America/Los_Angeles", None, NIGHT, NIGHT + SECOND + HOUR),  # day by our clock
    ],
)
def test_30610_waits_for_the_next_hour_that_the_law_allows(
    migrated_sqlite: str,
    timezone: str | None,
    quiet_hours: str | None,
    at: datetime,
    allowed: datetime,
) -> None:
    company(migrated_sqlite)
    text = queue(migrated_sqlite, now=at, urgent=True)
    with working(migrated_sqlite, now=at) as uow:
        if quiet_hours:
            org.change(uow, quiet_hours=quiet_hours)
        if timezone:
            client.change(uow, "C-1", timezone=timezone)
    refuse(migrated_sqlite, text, 30610, at=at)
    row = stored(migrated_sqlite, text)
    assert (row["status"], row["due_at"]) == ("queued", allowed)


# --- what is refused for good, and what is for a person ----------------------------------------


@pytest.mark.parametrize("code", [30007, 21617, 21602, 21612, 65001])
def test_a_text_that_is_not_carried_as_it_is_failed_and_keeps_its_raw_code(
    migrated_sqlite: str, code: int
) -> None:
    company(migrated_sqlite)
    text = queue(migrated_sqlite)
    refuse(migrated_sqlite, text, code)
    row = stored(migrated_sqlite, text)
    assert (row["status"], row["error_code"], row["due_at"]) == ("failed", str(code), None)
    assert row["error_message"] == "Twilio's words"
    assert attempts(migrated_sqlite, text) == [(AttemptStatus.FAILED, str(code), POOL)]
    assert numbers(migrated_sqlite)[POOL]["status"] == "active"
    assert alerts(migrated_sqlite) == []


def test_14107_is_held_for_a_person(url: str) -> None:
    text = queue(url)
    refuse(url, text, 14107)
    assert state(url, text) == ("held", "14107")
    assert alerts(url) == [("message_held", "warning", "message", str(text))]


@pytest.mark.parametrize("code", [21408, 21608])
def test_a_setting_of_the_account_is_named_in_an_alert(migrated_sqlite: str, code: int) -> None:
    company(migrated_sqlite)
    text = queue(migrated_sqlite)
    refuse(migrated_sqlite, text, code)
    assert state(migrated_sqlite, text) == ("failed", str(code))
    assert alerts(migrated_sqlite) == [("provider_setting", "warning", "org", "happy-paws")]
    with looking(migrated_sqlite) as cursor:
        said = cursor.value("SELECT message FROM alert")
    assert said.endswith(f"(code {code}). {look_up(code).meaning} {look_up(code).to_do}")


@pytest.mark.parametrize("code", [20003, 30002, 30033])
def test_a_refused_account_leaves_the_text_queued_and_due(migrated_sqlite: str, code: int) -> None:
    company(migrated_sqlite)
    text = queue(migrated_sqlite)
    refuse(migrated_sqlite, text, code)
    row = stored(migrated_sqlite, text)
    assert (row["status"], row["due_at"]) == ("queued", NOW + SECOND)
    assert attempts(migrated_sqlite, text)[0][0] == AttemptStatus.PUT_BACK
    assert alerts(migrated_sqlite) == [("provider_account", "critical", "org", "happy-paws")]
    with working(migrated_sqlite) as uow:
        freeze.thaw(uow)  # the command that the alert names
    assert alerts(migrated_sqlite) == []


ONE_OF_EACH = {
    (row.rejection_class, row.certainty, row.scope): int(code) for code, row in ERROR_CODES.items()
}.values()
"""One code of each reaction."""


def test_every_reaction_leaves_a_text_in_a_state_from_which_it_can_go_on(
    migrated_sqlite: str,
) -> None:
    """Whatever the code: queued with a time, held with an alert, or failed with its code."""
    company(migrated_sqlite)
    with working(migrated_sqlite) as uow:
        for at, _ in enumerate(ONE_OF_EACH):
            client.add(uow, f"D-{at}", phones=[f"+1415556{at:04}"], ref=f"D-{at}")
    for at, code in enumerate(ONE_OF_EACH):
        change(
            migrated_sqlite,
            "UPDATE message_number SET free_at = NULL, refused_at = NULL, refused_until = NULL,"
            " refused_code = NULL, quarantined_until = NULL, quarantine_reason = NULL,"
            " status = 'active'",
        )
        text = queue(migrated_sqlite, f"D-{at}")
        row = look_up(code)
        record(migrated_sqlite, claimed(migrated_sqlite, text), refused(code, row.rejection_class))
        found = stored(migrated_sqlite, text)
        assert found["status"] in ("queued", "held", "failed"), code
        assert (found["due_at"] is not None) == (found["status"] == "queued"), code
        assert found["error_code"] == str(code)


@pytest.mark.parametrize("code", [21609, 21620, 21705])
def test_a_setting_of_our_own_leaves_the_text_queued(migrated_sqlite: str, code: int) -> None:
    company(migrated_sqlite)
    text = queue(migrated_sqlite)
    refuse(migrated_sqlite, text, code)
    assert state(migrated_sqlite, text) == ("queued", str(code))
    assert attempts(migrated_sqlite, text)[0][0] == AttemptStatus.PUT_BACK
    assert [alert[1] for alert in alerts(migrated_sqlite)] == ["critical"]


def test_a_text_with_a_picture_waits_for_the_setting_and_others_pass_it(url: str) -> None:
    first, second = queue(url), queue(url, body="At your door")
    refuse(url, first, 21620)
    assert stored(url, first)["due_at"] == NOW + SECOND + SETTING_RETRY
    assert claimed(url, second, now=NOW + 2 * SECOND).message == second


# --- our number --------------------------------------------------------------------------------


def test_an_unusable_number_of_ours_leaves_routing_and_the_text_leaves_from_another(
    url: str,
) -> None:
    text = queue(url)
    refuse(url, text, 21606)
    row = numbers(url)[POOL]
    assert (row["status"], row["quarantine_reason"]) == ("quarantined", "provider code 21606")
    assert row["quarantined_until"] == NOW + SECOND + timedelta(days=90)
    assert alerts(url) == [("number_unusable", "critical", "number", POOL)]
    assert (stored(url, text)["status"], stored(url, text)["due_at"]) == ("queued", NOW + SECOND)
    taken = claimed(url, text, now=NOW + SECOND)
    assert taken.text.from_e164 == POOL_2
    record(url, taken, accepted())
    with looking(url) as cursor:
        ledger = cursor.tuples(
            "SELECT c.status, c.reason FROM number_custody c JOIN message_number n"
            " ON n.id = c.number_id WHERE n.e164 = :n ORDER BY from_at DESC LIMIT 1",
            n=POOL,
        )
    assert ledger == [("quarantined", "provider code 21606")]


def test_the_front_desk_leaves_routing_too(migrated_sqlite: str) -> None:
    company(migrated_sqlite, pool=())
    text = queue(migrated_sqlite)
    refuse(migrated_sqlite, text, 21606)
    assert numbers(migrated_sqlite)[DESK]["status"] == "quarantined"
    assert take(migrated_sqlite, text, now=NOW + SECOND).decision is not None  # type: ignore[union-attr]
    assert kinds(migrated_sqlite) == ["number_unusable", "no_number"]


def test_a_number_whose_quarantine_was_over_leaves_routing_again(url: str) -> None:
    """It was usable, though nobody had recorded the end of its quarantine yet."""
    with working(url, now=NOW - 2 * HOUR) as uow:
        quarantine.quarantine(uow, POOL, until=NOW - HOUR, days=1, reason="spam")
    text = queue(url)
    refuse(url, text, 21606)
    assert numbers(url)[POOL]["quarantined_until"] == NOW + SECOND + timedelta(days=90)
    assert claimed(url, text, now=NOW + SECOND).text.from_e164 == POOL_2


def test_one_text_does_not_take_a_second_number_out_but_is_held(url: str) -> None:
    text = queue(url)
    refuse(url, text, 21606)
    refuse(url, text, 21659, at=NOW + SECOND)
    assert state(url, text) == ("held", "21659")
    assert numbers(url)[POOL_2]["status"] == "active"
    assert kinds(url) == ["number_unusable", "message_held"]


def test_nor_do_later_texts_to_the_same_client_take_one_number_after_the_other(url: str) -> None:
    """21606 can also mean that this recipient cannot be reached from the account at all."""
    first, second = queue(url), queue(url)
    refuse(url, first, 21606)
    refuse(url, first, 21606, at=NOW + SECOND)
    refuse(url, second, 21606, at=NOW + HOUR)
    assert state(url, second) == ("held", "21606")
    assert numbers(url)[POOL_2]["status"] == "active"
    retried = NOW + 2 * HOUR
    with working(url, now=retried) as uow:
        message.retry(uow, first, reason="tried it by hand")
    refuse(url, first, 21606, at=retried)
    assert (state(url, first)[0], numbers(url)[POOL_2]["status"]) == ("held", "active")
    assert claimed(url, queue(url, "C-2"), now=retried + HOUR).text.from_e164 == POOL_2


def test_after_a_delivery_to_the_phone_an_unusable_number_is_the_numbers_fault_again(
    url: str,
) -> None:
    text = queue(url)
    refuse(url, text, 21606)
    record(url, claimed(url, text, now=NOW + SECOND), accepted(), now=NOW + 2 * SECOND)
    later = queue(url, now=NOW + HOUR)
    refuse(url, later, 21606, at=NOW + HOUR)
    assert (state(url, later)[0], numbers(url)[POOL_2]["status"]) == ("queued", "quarantined")


def test_a_try_that_failed_for_another_cause_does_not_protect_a_number(url: str) -> None:
    text = queue(url)
    refuse(url, text, 30008)
    change(url, "UPDATE message_number SET status = 'retired' WHERE e164 = :n", n=POOL)
    due_at = stored(url, text)["due_at"]
    assert refuse(url, text, 21606, at=due_at).text.from_e164 == POOL_2
    assert numbers(url)[POOL_2]["status"] == "quarantined"
    assert state(url, text)[0] == "queued"


def test_two_texts_that_find_the_same_number_unusable_both_leave_from_another(url: str) -> None:
    first, second = queue(url, "C-1"), queue(url, "C-2")
    change(url, "UPDATE message_number SET status = 'retired' WHERE e164 = :n", n=POOL_2)
    taken = [claimed(url, first), claimed(url, second, now=NOW + HOUR)]
    for each in taken:
        answer = refused(21606, RejectionClass.SENDER)
        record(url, each, answer, now=NOW + HOUR, started_at=NOW + HOUR)
    assert [state(url, text)[0] for text in (first, second)] == ["queued", "queued"]
    assert kinds(url) == ["number_unusable"]
    left = [
        claimed(url, text, now=NOW + 2 * HOUR + at * HOUR)
        for at, text in enumerate((first, second))
    ]
    assert [each.text.from_e164 for each in left] == [DESK, DESK]


def test_no_refusal_tells_a_personal_phone_to_the_audit_or_an_alert(migrated_sqlite: str) -> None:
    company(migrated_sqlite)
    for at, code in enumerate((21606, 14107, 30004, 21614, 21610)):
        ref, phone = f"D-{at}", f"+1415556000{at}"
        with working(migrated_sqlite) as uow:
            client.add(uow, ref, phones=[phone], ref=ref)
        refuse(migrated_sqlite, queue(migrated_sqlite, ref), code, at=NOW + at * HOUR)
    with looking(migrated_sqlite) as cursor:
        told = cursor.tuples("SELECT message, command, ref FROM alert")
        told += cursor.tuples("SELECT payload, ref, reason FROM audit_event")
    assert len(told) > 20
    assert "+1415556000" not in str(told)


def test_words_of_a_provider_are_kept_short(migrated_sqlite: str) -> None:
    company(migrated_sqlite)
    text = queue(migrated_sqlite)
    words = Rejected("1", RejectionClass.OTHER, "x" * 5000)
    record(migrated_sqlite, claimed(migrated_sqlite, text), words)
    assert len(stored(migrated_sqlite, text)["error_message"]) == 500
