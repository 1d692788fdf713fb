"""Putting a message in the queue: the options, what is refused, and what a preview says."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from petmsg.enums.messages import MessageStatus
from petmsg.enums.opt_outs import OptOutSource
from petmsg.enums.orgs import ProviderName
from petmsg.errors import EndNotAfterStart, MalformedText, NotFound, OutOfRange, PetmsgError
from petmsg.queries.lookup import find_client
from petmsg.queries.org import find_org
from petmsg.rules.contact_details import describe, find_contact_details
from petmsg.services.orgs import freeze, org
from petmsg.services.outbox.claimed import Claim
from petmsg.services.outbox.not_sent import hold_for_review
from petmsg.services.outbox.own_window import OutsideOwnWindow
from petmsg.services.outbox.preview import Preview, SendOptions, preview
from petmsg.services.outbox.queue import (
    KeyReused,
    MaskingLeak,
    OptedOut,
    Queued,
    cancel,
    queue,
    retry,
)
from petmsg.services.outbox.send import Sending, queue_and_claim
from petmsg.services.outbox.stored_message import locked_message
from petmsg.services.people import optout, optout_messages, undeliverable_phones
from petmsg.services.unit_of_work import UnitOfWork
from tests.support.fixtures import NOW, looking, migrated_and, working
from tests.support.postgres import Copies
from tests.support.queueing import (
    DESK,
    EARLIER,
    HOUR,
    MAYA,
    MINUTE,
    PHONES,
    POOL,
    SECOND,
    WORKER,
    alerts,
    change,
    claimed,
    company,
    events,
    stored,
    visit,
)

WITH_PHONE = "Call me: (415) 555-2001"


@pytest.fixture
def url(refilled: Copies) -> str:
    return refilled("queueing", migrated_and(company))


def put(
    url: str, ref: str = "C-1", body: str = "Hi", *, now: datetime = NOW, **options: Any
) -> Queued:
    with working(url, now=now) as uow:
        return queue(uow, ref, body=body, options=SendOptions(**options))


def look(
    url: str, ref: str = "C-1", body: str = "Hi", *, now: datetime = NOW, **options: Any
) -> Preview:
    with looking(url) as cursor:
        return preview(
            cursor, find_org(cursor, None), ref, body=body, options=SendOptions(**options), now=now
        )


def texts(url: str) -> int:
    with looking(url) as cursor:
        return int(cursor.value("SELECT count(*) FROM message"))


# --- options -----------------------------------------------------------------------------------


def test_a_text_without_options_may_be_sent_at_once_and_never_expires(url: str) -> None:
    row = stored(url, put(url).message)
    assert (row["send_at"], row["due_at"], row["expires_at"]) == (NOW, NOW, None)
    assert (row["urgent"], row["attempts"], row["provider"]) == (False, 0, None)


def test_options_are_stored_and_audited_without_the_words(url: str) -> None:
    text = put(url, send_at=NOW + HOUR, expires_at=NOW + 2 * HOUR, urgent=True, key="k").message
    row = stored(url, text)
    assert (row["send_at"], row["due_at"]) == (NOW + HOUR, NOW + HOUR)
    assert (row["expires_at"], bool(row["urgent"])) == (NOW + 2 * HOUR, True)
    with looking(url) as cursor:
        payload = cursor.value("SELECT payload FROM audit_event WHERE event = 'message.queued'")
    assert '"urgent":true' in payload.replace(" ", "")
    assert "2026-02-14T16:00:00Z" in payload
    assert PHONES["C-1"] not in payload


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"send_at": NOW - SECOND}, OutOfRange),
        ({"expires_at": NOW}, EndNotAfterStart),
        ({"send_at": NOW + HOUR, "expires_at": NOW + HOUR}, EndNotAfterStart),
        ({"send_at": NOW + HOUR, "expires_at": NOW + MINUTE}, EndNotAfterStart),
    ],
)
def test_times_that_cannot_be_meant_are_refused_by_send_and_by_preview(
    url: str, options: dict[str, Any], error: type[PetmsgError]
) -> None:
    with pytest.raises(error):
        put(url, **options)
    with pytest.raises(error):
        look(url, **options)
    assert texts(url) == 0


def test_now_is_no_time_in_the_past(url: str) -> None:
    put(url, send_at=NOW)


def test_a_key_returns_the_existing_text_whatever_happened_to_the_client_since(url: str) -> None:
    text = put(url, key="k").message
    with working(url) as uow:
        client = find_client(uow.cursor, uow.org.id, "C-1")
        optout.opt_out(uow, client, phones=None, source=OptOutSource.OPERATOR, reason="said so")
    again = put(url, key="k", send_at=NOW - HOUR)
    assert (again.message, again.reused, texts(url)) == (text, True, 1)


@pytest.mark.parametrize(("ref", "body"), [("C-2", "Hi"), ("C-1", "Ho")])
def test_a_key_for_another_text_is_refused(url: str, ref: str, body: str) -> None:
    put(url, key="k")
    with pytest.raises(KeyReused):
        put(url, ref, body, key="k")


@pytest.mark.parametrize("key", ["", "x" * 129, "a\nb"])
def test_a_key_that_cannot_be_one_is_refused(url: str, key: str) -> None:
    with pytest.raises(MalformedText):
        put(url, key=key)


# --- leaks and sitters -------------------------------------------------------------------------


def test_a_sitter_may_not_write_a_personal_phone_or_address(url: str) -> None:
    visit(url)
    for body in (WITH_PHONE, "maya@example.com", "four one five 555 2001 or 415.555.2001"):
        with pytest.raises(MaskingLeak) as told:
            put(url, body=body, as_sitter="S-1")
        assert "2001" not in told.value.message
    assert texts(url) == 0


def test_with_a_reason_contact_details_may_be_sent_and_the_reason_is_kept(url: str) -> None:
    visit(url)
    queued = put(url, body=WITH_PHONE, as_sitter="S-1", force_reason="she lost the key")
    assert len(queued.warnings) == 1
    with looking(url) as cursor:
        (row,) = cursor.rows(
            "SELECT reason, payload FROM audit_event WHERE event = 'message.queued'"
        )
    assert row["reason"] == "she lost the key"
    assert '"leak":true' in row["payload"].replace(" ", "")
    assert "2001" not in row["payload"]


def test_the_desk_is_warned_and_not_kept_from_it(url: str) -> None:
    queued = put(url, body=WITH_PHONE)
    assert queued.warnings == (f"The body contains {describe(find_contact_details(WITH_PHONE))}.",)
    assert put(url).warnings == ()


@pytest.mark.parametrize("ours", [DESK, MAYA, POOL])
def test_our_own_numbers_are_no_leak(url: str, ours: str) -> None:
    visit(url)
    assert put(url, body=f"Text {ours} any time", as_sitter="S-1").warnings == ()


def test_a_sitter_may_send_only_in_an_own_window_at_the_time_of_sending(url: str) -> None:
    visit(url, until=NOW + HOUR)
    put(url, as_sitter="S-1")
    put(url, as_sitter="S-1", send_at=NOW + 2 * HOUR - SECOND)
    with pytest.raises(OutsideOwnWindow):
        put(url, as_sitter="S-1", send_at=NOW + 2 * HOUR)
    with pytest.raises(OutsideOwnWindow):
        put(url, "C-2", as_sitter="S-1")
    with pytest.raises(NotFound):
        put(url, as_sitter="S-9")


# --- again -------------------------------------------------------------------------------------


def test_a_text_that_is_tried_again_by_hand_forgets_an_expiry_that_is_over(url: str) -> None:
    text = put(url, expires_at=NOW + MINUTE).message
    change(url, "UPDATE message SET status = 'failed', due_at = NULL")
    with working(url, now=NOW + HOUR) as uow:
        retry(uow, text, reason="she asked for it")
    assert stored(url, text)["expires_at"] is None
    claimed(url, text, now=NOW + HOUR)
    assert events(url, text) == ["message.queued", "message.retried"]


def test_a_text_is_not_tried_again_for_one_who_opted_out(url: str) -> None:
    text = put(url).message
    change(url, "UPDATE message SET status = 'failed', due_at = NULL")
    with working(url) as uow:
        client = find_client(uow.cursor, uow.org.id, "C-1")
        optout.opt_out(uow, client, phones=None, source=OptOutSource.OPERATOR, reason="said so")
    with working(url) as uow, pytest.raises(OptedOut):
        retry(uow, text, reason="why not")


@pytest.mark.parametrize("decide", [partial(retry, reason="go on"), cancel])
@pytest.mark.parametrize("status", ["held", "unknown"])
def test_the_alert_about_a_message_ends_when_a_person_decides(
    url: str, decide: Callable[[UnitOfWork, int], Queued], status: str
) -> None:
    text = put(url).message
    with working(url) as uow:
        hold_for_review(uow, locked_message(uow, text), why="a test", code="test")
    change(url, "UPDATE message SET status = :status WHERE id = :id", status=status, id=text)
    assert [row[0] for row in alerts(url)] == ["message_held"]
    with working(url) as uow:
        decide(uow, text)
    assert alerts(url) == []


# --- preview -----------------------------------------------------------------------------------


def test_a_preview_says_what_would_be_sent_and_changes_nothing(url: str) -> None:
    visit(url)
    seen = look(url, body="Hi \u2014 there")
    assert (seen.decision.number.e164 if seen.decision.number else None) == MAYA
    assert (seen.encoding, seen.segments, seen.forced_by) == ("UCS-2", 1, "\u2014")
    assert (seen.leaves_now, seen.holds, seen.refused, seen.leak) == (True, (), None, None)
    assert texts(url) == 0


def test_a_preview_shows_the_number_of_the_time_at_which_the_text_leaves(url: str) -> None:
    visit(url)
    seen = look(url, send_at=NOW + 3 * HOUR)
    assert (seen.decision.number.e164 if seen.decision.number else None) == POOL
    assert not seen.leaves_now
    assert [held.code.value for held in seen.holds] == ["scheduled"]


NIGHT = datetime(2026, 2, 15, 3, 30, tzinfo=UTC)
SEEDS = range(40)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_a_preview_says_is_what_sending_then_does(migrated_sqlite: str, seed: int) -> None:
    """For a company in a random state: it leaves now, waits, is refused, or is held."""
    chance = random.Random(seed)
    url = migrated_sqlite
    company(url, pool=(POOL,) if chance.random() < 0.7 else ())
    now = chance.choice([NOW, NIGHT])
    if chance.random() < 0.5:
        visit(url, until=NIGHT + HOUR if chance.random() < 0.5 else NOW + HOUR)
    with working(url, now=EARLIER) as uow:
        client = find_client(uow.cursor, uow.org.id, "C-1")
        if chance.random() < 0.15:
            optout.opt_out(uow, client, phones=None, source=OptOutSource.OPERATOR, reason="stop")
        if chance.random() < 0.15:
            undeliverable_phones.mark_undeliverable(
                uow, client_ref="C-1", to_e164=PHONES["C-1"], code="21614"
            )
        if chance.random() < 0.2:
            until = chance.choice([None, NOW + HOUR, NIGHT + HOUR])
            freeze.freeze(uow, reason="complaints", until=until)
        if chance.random() < 0.5:
            org.change(uow, quiet_hours="21:00-08:00")
        if chance.random() < 0.2:
            number = chance.choice([MAYA, POOL, DESK])
            id_ = uow.cursor.value("SELECT id FROM message_number WHERE e164 = :n", n=number)
            if id_ is not None:
                optout_messages.block_pair(
                    uow,
                    number_id=id_,
                    number=number,
                    to_e164=PHONES["C-1"],
                    client_ref="C-1",
                    code="30004",
                )
        if chance.random() < 0.15:
            uow.cursor.run(
                "UPDATE message_number SET status = 'retired', sitter_id = NULL"
                " WHERE class <> 'sitter'"
            )
    body = chance.choice(["Hi", WITH_PHONE])
    options = SendOptions(
        as_sitter="S-1" if chance.random() < 0.4 else None,
        send_at=chance.choice([None, None, now + HOUR]),
        expires_at=chance.choice([None, now + 3 * HOUR]),
        urgent=chance.random() < 0.5,
        force_reason="needed" if chance.random() < 0.3 else None,
    )
    with looking(url) as cursor:
        said = preview(cursor, find_org(cursor, None), "C-1", body=body, options=options, now=now)
    codes: list[int] = []
    sending: Sending | None = None
    try:
        with working(url, now=now) as uow:
            sending = queue_and_claim(
                uow,
                "C-1",
                body=body,
                options=options,
                send_at=options.send_at,
                expires_at=options.expires_at,
                queue_only=False,
                provider=ProviderName.SANDBOX,
                worker=WORKER,
            )
    except PetmsgError as problem:
        codes.append(problem.exit_code)
    assert (codes == [4]) == (said.refused is not None)
    if sending is None:
        assert texts(url) == 0
        return
    assert isinstance(sending.claim_result, Claim) == said.leaves_now
    if isinstance(sending.claim_result, Claim):
        assert said.decision.number is not None
        assert sending.from_e164 == said.decision.number.e164
        assert sending.segments == said.segments


def test_a_message_of_the_same_key_that_a_worker_claims_meanwhile_is_left_to_it(url: str) -> None:
    """The lookup by the key locks nothing: a dispatcher can be faster than the claim."""
    first = put(url, body="Hi", key="k")

    def queue_and_be_overtaken(uow: UnitOfWork, client: str, /, **asked: Any) -> Queued:
        queued = queue(uow, client, **asked)
        uow.cursor.run("UPDATE message SET status = 'sending' WHERE id = :id", id=first.message)
        return queued

    with working(url) as uow:
        sending = queue_and_claim(
            uow,
            "C-1",
            body="Hi",
            options=SendOptions(key="k"),
            send_at=None,
            expires_at=None,
            queue_only=False,
            provider=ProviderName.SANDBOX,
            worker=WORKER,
            queue_it=queue_and_be_overtaken,
        )
    assert (sending.message, sending.note) == (first.message, "already sending")
    assert (sending.status, sending.claim_result) == (MessageStatus.SENDING, None)


def test_a_preview_of_an_unknown_client_or_empty_body_is_refused_like_sending(url: str) -> None:
    for ref, body, error in (("C-9", "Hi", NotFound), ("C-1", " ", MalformedText)):
        with pytest.raises(error):
            put(url, ref, body)
        with pytest.raises(error):
            look(url, ref, body)


def test_a_text_is_one_segment_longer_once_it_needs_it(url: str) -> None:
    for length, segments in ((160, 1), (161, 2), (306, 2), (307, 3)):
        assert look(url, body="x" * length).segments == segments
    text = put(url, body="x" * 161).message
    assert stored(url, text)["segments"] == 2
    assert timedelta(seconds=2) == claimed(url, text).occupancy
