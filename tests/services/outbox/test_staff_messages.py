"""A person's message to a sitter: queued, held and sent as a client's, and kept apart from all
clients."""

import json
from datetime import timedelta
from typing import Any

import pytest

from petmsg.enums.inbound import RelayKind
from petmsg.enums.messages import MessageStatus
from petmsg.errors import PetmsgError
from petmsg.providers.base import RejectionClass
from petmsg.services.numbers import quarantine
from petmsg.services.outbox.claimed import Claim, Ended, Waiting
from petmsg.services.outbox.preview import SendOptions
from petmsg.services.outbox.queue import KeyReused, OptedOut, Queued, cancel, retry
from petmsg.services.outbox.staff_messages import (
    NoNumberForSitter,
    SitterLeft,
    queue_to_sitter,
)
from petmsg.services.outbox.system_messages import queue_system_message
from petmsg.services.people import offboard, optout, sitter
from tests.support.fixtures import NOW, looking, working
from tests.support.incoming import MAYAS_PHONE
from tests.support.queueing import (
    DESK,
    HOUR,
    MAYA,
    MINUTE,
    accepted,
    alerts,
    change,
    claimed,
    company,
    record,
    refused,
    stored,
    take,
    visit,
)


def write(url: str, who: str = "S-1", body: str = "Can you work?", **options: Any) -> Queued:
    now = options.pop("now", NOW)
    with working(url, now=now) as uow:
        return queue_to_sitter(uow, who, body=body, options=SendOptions(**options))


def relay_of(url: str, message: int) -> tuple[Any, ...]:
    with looking(url) as cursor:
        return cursor.tuples(
            "SELECT r.kind, s.ref, r.about_id, r.number_id FROM relay r"
            " JOIN sitter s ON s.id = r.sitter_id WHERE r.message_id = :id",
            id=message,
        )[0]


def test_it_is_kept_with_its_sitter_and_outside_all_threads(migrated_url: str) -> None:
    company(migrated_url)
    message = write(migrated_url).message
    row = stored(migrated_url, message)
    assert (row["thread_id"], row["client_id"], row["as_sitter_id"]) == (None, None, None)
    assert (row["to_e164"], row["status"], bool(row["urgent"])) == (MAYAS_PHONE, "queued", False)
    assert row["expires_at"] is None
    assert relay_of(migrated_url, message) == ("staff", "S-1", None, None)
    with looking(migrated_url) as cursor:
        payload = json.loads(
            cursor.value("SELECT payload FROM audit_event WHERE event = 'message.queued'")
        )
    assert (payload["client"], payload["kind"], payload["sitter"]) == (None, "staff", "S-1")
    assert MAYAS_PHONE not in json.dumps(payload)


def test_it_is_sent_from_the_sitters_own_number(migrated_url: str) -> None:
    company(migrated_url)
    taken = claimed(migrated_url, write(migrated_url).message)
    assert (taken.text.from_e164, taken.text.to_e164) == (MAYA, MAYAS_PHONE)
    assert taken.decision.reason == "Sitter Maya Lee's own number"
    assert record(migrated_url, taken, accepted()) is MessageStatus.SENT


def test_with_that_number_in_quarantine_it_is_sent_from_the_front_desks(migrated_url: str) -> None:
    company(migrated_url)
    message = write(migrated_url).message
    with working(migrated_url) as uow:
        quarantine.quarantine_all(uow, [MAYA], reason="filtered")
    taken = claimed(migrated_url, message)
    assert (taken.text.from_e164, taken.text.to_e164) == (DESK, MAYAS_PHONE)
    assert taken.decision.reason == "Sitter Maya Lee's number is not usable - using front desk"
    assert stored(migrated_url, message)["rule"] is None


def test_an_open_window_changes_nothing(migrated_url: str) -> None:
    company(migrated_url)
    visit(migrated_url)
    taken = claimed(migrated_url, write(migrated_url).message)
    assert (taken.text.from_e164, taken.text.to_e164) == (MAYA, MAYAS_PHONE)
    assert taken.decision.client is None


def test_it_goes_to_the_phone_that_the_sitter_has_when_it_is_sent(migrated_url: str) -> None:
    company(migrated_url)
    message = write(migrated_url).message
    with working(migrated_url) as uow:
        sitter.change(uow, "S-1", phone="+14155552077")
    assert claimed(migrated_url, message).text.to_e164 == "+14155552077"


def test_a_new_sitter_without_a_number_gets_it_from_the_front_desk(migrated_url: str) -> None:
    company(migrated_url)
    with working(migrated_url) as uow:
        sitter.add(uow, "Olga Roy", phone="+14155552002", ref="S-2")
    assert claimed(migrated_url, write(migrated_url, "S-2").message).text.from_e164 == DESK


def test_without_any_usable_number_it_is_refused_and_nothing_is_queued(migrated_url: str) -> None:
    company(migrated_url)
    with working(migrated_url) as uow:
        quarantine.quarantine_all(uow, [MAYA], reason="filtered")
    change(
        migrated_url,
        "UPDATE message_number SET class = 'pool' WHERE e164 = :e164",
        e164=DESK,
    )
    with pytest.raises(NoNumberForSitter) as problem:
        write(migrated_url)
    assert problem.value.code == "no_number"
    assert "S-1" in problem.value.message
    with looking(migrated_url) as cursor:
        assert cursor.value("SELECT count(*) FROM message") == 0
    # It may be sent once the quarantine is over.
    assert write(migrated_url, send_at=NOW + timedelta(days=91)).status is MessageStatus.QUEUED


def test_a_sitter_who_has_left_is_refused(migrated_url: str) -> None:
    company(migrated_url)
    waits = write(migrated_url).message
    with working(migrated_url) as uow:
        offboard.deactivate(uow, "S-1")
    with pytest.raises(SitterLeft, match="S-1 was deactivated") as problem:
        write(migrated_url)
    assert (problem.value.code, problem.value.exit_code) == ("sitter_offboarded", 4)
    ended = take(migrated_url, waits)
    assert isinstance(ended, Ended)
    assert ended.status is MessageStatus.FAILED
    assert stored(migrated_url, waits)["error_code"] == "sitter_not_active"
    assert ("relay_failed", "warning", "sitter", "S-1") in alerts(migrated_url)


def test_a_sitter_who_has_opted_out_is_refused_and_gets_nothing_that_waits(
    migrated_url: str,
) -> None:
    company(migrated_url)
    waits = write(migrated_url, urgent=True).message
    with working(migrated_url) as uow:
        optout.add(uow, "S-1", reason="asked")
    with pytest.raises(OptedOut, match="Sitter S-1 has opted out"):
        write(migrated_url)
    ended = take(migrated_url, waits)
    assert isinstance(ended, Ended)
    assert stored(migrated_url, waits)["error_code"] == "opted_out"
    assert ("relay_failed", "warning", "sitter", "S-1") in alerts(migrated_url)


def quiet(url: str) -> None:
    """Quiet hours from 09:00 to 11:00 in New York: NOW, which is 10:00, is in them."""
    change(url, "UPDATE org SET quiet_from_minute = 540, quiet_until_minute = 660")


def test_quiet_hours_hold_unless_it_is_urgent(migrated_url: str) -> None:
    company(migrated_url)
    quiet(migrated_url)
    waits = take(migrated_url, write(migrated_url).message)
    assert isinstance(waits, Waiting)
    assert waits.until == NOW + HOUR
    with working(migrated_url) as uow:
        sitter.add(uow, "Olga Roy", phone="+14155552002", ref="S-2")
    assert isinstance(take(migrated_url, write(migrated_url, "S-2", urgent=True).message), Claim)


def test_a_message_held_overnight_lets_urgent_ones_pass(migrated_url: str) -> None:
    """A client's message to the sitter does not wait until the quiet hours are over."""
    company(migrated_url)
    quiet(migrated_url)
    held = write(migrated_url).message
    with working(migrated_url, now=NOW + MINUTE) as uow:
        about = uow.cursor.value("SELECT max(id) FROM message")
        maya = uow.cursor.value("SELECT id FROM sitter WHERE ref = 'S-1'")
        notice = queue_system_message(
            uow,
            to_e164=MAYAS_PHONE,
            body="Not sent.",
            kind=RelayKind.NOTICE,
            about_id=about,
            sitter_id=maya,
        )
    assert isinstance(take(migrated_url, held, now=NOW + MINUTE), Waiting)
    assert isinstance(take(migrated_url, notice, now=NOW + MINUTE), Claim)


def test_one_written_earlier_is_sent_first(migrated_url: str) -> None:
    company(migrated_url)
    first, second = write(migrated_url).message, write(migrated_url, body="And Sunday?").message
    waits = take(migrated_url, second)
    assert isinstance(waits, Waiting)
    assert waits.why == f"message {first} to the same phone is sent first"


def test_it_may_be_scheduled_and_expire(migrated_url: str) -> None:
    company(migrated_url)
    later = write(migrated_url, send_at=NOW + HOUR, expires_at=NOW + 2 * HOUR).message
    waits = take(migrated_url, later)
    assert isinstance(waits, Waiting)
    assert waits.until == NOW + HOUR
    ended = take(migrated_url, later, now=NOW + 2 * HOUR)
    assert isinstance(ended, Ended)
    assert stored(migrated_url, later)["error_code"] == "expired"
    assert ("relay_failed", "warning", "sitter", "S-1") in alerts(migrated_url)


def test_a_key_counts_for_each_sitter(migrated_url: str) -> None:
    company(migrated_url)
    with working(migrated_url) as uow:
        sitter.add(uow, "Olga Roy", phone="+14155552002", ref="S-2")
    first = write(migrated_url, key="monday")
    again = write(migrated_url, key="monday")
    other = write(migrated_url, "S-2", key="monday")
    assert (again.message, again.reused) == (first.message, True)
    assert (other.message != first.message, other.reused) == (True, False)
    with pytest.raises(KeyReused, match=f"message {first.message}"):
        write(migrated_url, body="Other words", key="monday")


def test_contact_details_are_only_a_warning(migrated_url: str) -> None:
    company(migrated_url)
    said = write(migrated_url, body="Call me at (415) 555-1001")
    assert said.warnings == ("The body contains a phone number at character 13.",)
    assert write(migrated_url, body="Fine").warnings == ()


def test_a_refused_one_raises_an_alert_and_may_be_retried(migrated_url: str) -> None:
    company(migrated_url)
    message = write(migrated_url).message
    taken = claimed(migrated_url, message)
    with looking(migrated_url) as cursor:
        assert cursor.value("SELECT count(*) FROM alert") == 0
    assert (
        record(migrated_url, taken, refused(30003, RejectionClass.RECIPIENT))
        is MessageStatus.FAILED
    )
    assert ("relay_failed", "warning", "sitter", "S-1") in alerts(migrated_url)
    with working(migrated_url) as uow:
        assert retry(uow, message, reason="the phone is on").status is MessageStatus.QUEUED
        assert cancel(uow, message).status is MessageStatus.CANCELLED


def test_a_single_name_is_looked_up_like_everywhere(migrated_url: str) -> None:
    company(migrated_url)
    assert write(migrated_url, "Maya Lee").status is MessageStatus.QUEUED
    assert write(migrated_url, MAYAS_PHONE).status is MessageStatus.QUEUED
    with pytest.raises(PetmsgError) as problem:
        write(migrated_url, "S-404")
    assert problem.value.exit_code == 3
