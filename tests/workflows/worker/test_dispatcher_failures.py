"""Rows that cannot be sent, and providers that cannot or will not send: what the loop does."""

import threading
import time
from collections import Counter
from dataclasses import replace

import pytest

from petmsg.clock import now
from petmsg.providers.base import (
    Accepted,
    OutgoingMessage,
    Rejected,
    RejectionClass,
    RetryLater,
    SendOutcome,
)
from petmsg.services.orgs import org as orgs
from petmsg.services.outbox import queue as message
from petmsg.services.outbox.claim import ProviderChanged
from petmsg.services.outbox.outgoing_media import NewMedia
from petmsg.services.unit_of_work import Failure
from tests.support.fixtures import working
from tests.support.queueing import alerts
from tests.workflows.worker.crew import (
    QUICK,
    crowd,
    dispatcher_for,
    queue,
    run_once,
    running,
    statuses,
    wait_until,
)
from tests.workflows.worker.fake_providers import Remembering

SLOW_DOWN = RetryLater(None, "20429", "Slow down")


@pytest.fixture
def url(migrated_url: str) -> str:
    return migrated_url


# --- a row that cannot be sent -------------------------------------------------------------------

_TRIED_BEFORE = """
INSERT INTO message_attempt
  (org_id, message_id, attempt, thread_id, number_id, rule, status, claimed_at)
SELECT org_id, id, 1, thread_id, (SELECT min(id) FROM message_number), 'pool', 'failed', created_at
FROM message WHERE id = :id
"""


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (_TRIED_BEFORE, "constraint"),
        ("UPDATE message SET body = NULL WHERE id = :id", "unusable_message"),
        ("UPDATE message SET to_e164 = NULL WHERE id = :id", "unusable_message"),
        ("UPDATE message SET send_at = NULL WHERE id = :id", "unusable_message"),
    ],
)
def test_a_row_that_cannot_be_sent_stops_only_itself_and_is_reported_once(
    url: str, wrong: str, code: str
) -> None:
    crowd(url, clients=3, numbers=3)
    first, *_ = queue(url, [(at, str(at)) for at in range(3)])
    with working(url) as uow:
        uow.cursor.run(wrong, id=first)
    provider = Remembering()
    seen = run_once(url, provider).seen
    assert sorted(provider.bodies) == ["1", "2"]
    assert statuses(url) == {"held": 1, "sent": 2}
    assert [each.result.error.code for each in seen if isinstance(each.result, Failure)] == [code]
    assert [row[:3] for row in alerts(url)] == [("message_held", "warning", "message")]
    assert run_once(url, provider).seen == []


def test_a_row_that_nothing_may_change_stays_and_the_others_are_sent(migrated_sqlite: str) -> None:
    crowd(migrated_sqlite, clients=3, numbers=3)
    first, *_ = queue(migrated_sqlite, [(at, str(at)) for at in range(3)])
    with working(migrated_sqlite) as uow:
        uow.cursor.run(
            f"CREATE TRIGGER never BEFORE UPDATE ON message WHEN NEW.id = {first}"
            " BEGIN SELECT RAISE(ABORT, 'no'); END"
        )
    provider = Remembering()
    run_once(migrated_sqlite, provider)
    assert sorted(provider.bodies) == ["1", "2"]
    assert statuses(migrated_sqlite) == {"queued": 1, "sent": 2}
    assert [row[:3] for row in alerts(migrated_sqlite)] == [("message_held", "warning", "message")]


# --- carriers that cannot or will not ----------------------------------------------------------


def test_a_carrier_that_is_down_is_given_up_after_a_bounded_time(url: str) -> None:
    crowd(url, clients=12, numbers=12)
    queue(url, [(at, "Hi") for at in range(12)])
    provider = Remembering(lambda _: SLOW_DOWN)
    began = time.monotonic()
    crew = run_once(url, provider, pool=4, timings=replace(QUICK, longest_pause=1.5))
    assert 0.9 < time.monotonic() - began < 10  # one pause of a second, not another of two
    assert statuses(url) == {"queued": 12}
    assert len(provider.got) == 8
    assert len(crew.seen) == 8


def test_a_burst_of_too_many_requests_costs_one_pause_and_not_the_run(url: str) -> None:
    crowd(url, clients=12, numbers=12)
    queue(url, [(at, "Hi") for at in range(12)])
    refused = iter([SLOW_DOWN] * 6)
    guard = threading.Lock()

    def at_first(_: OutgoingMessage) -> SendOutcome | None:
        with guard:
            return next(refused, None)

    run_once(url, Remembering(at_first), pool=6, timings=replace(QUICK, longest_pause=5))
    assert statuses(url)["sent"] >= 6
    assert statuses(url)["sent"] + statuses(url)["queued"] == 12


def test_the_pause_a_carrier_asks_for_is_kept(url: str) -> None:
    crowd(url, clients=2, numbers=2)
    queue(url, [(0, "Hi"), (1, "Ho")])
    first = iter([RetryLater(2.0, "20429", "Slow down")])
    provider = Remembering(lambda _: next(first, None))
    run_once(url, provider, pool=1)
    assert provider.got[1][0] - provider.got[0][0] >= 1.9


def test_a_number_that_is_throttled_alone_holds_up_no_other(url: str) -> None:
    crowd(url, clients=4, numbers=4)
    queue(url, [(at, "Hi") for at in range(4)])
    alone = RetryLater(60.0, "21611", "Queue full", number_only=True)
    provider = Remembering(lambda text: alone if text.from_e164.endswith("0") else None)
    began = time.monotonic()
    run_once(url, provider)
    assert time.monotonic() - began < 10
    assert statuses(url) == {"sent": 3, "queued": 1}


def test_a_refused_account_ends_its_org_and_no_other(url: str) -> None:
    crowd(url, clients=5, numbers=5)
    crowd(url, clients=5, numbers=5, org="other-paws", first=100)
    for org in ("happy-paws", "other-paws"):
        queue(url, [(at, org) for at in range(5)], org=org)
    no = Rejected("20003", RejectionClass.ACCOUNT, "Authenticate")
    refusing, other = Remembering(lambda _: no), Remembering()
    run_once(url, refusing, other, pool=2)
    assert statuses(url) == {"queued": 5, "sent": 5}
    assert len(refusing.got) <= 2
    assert other.bodies == ["other-paws"] * 5


def test_a_watch_whose_only_account_is_refused_ends_and_does_not_idle_on(url: str) -> None:
    crowd(url, clients=1, numbers=1)
    queue(url, [(0, "Hi")])
    no = Rejected("20003", RejectionClass.ACCOUNT, "Authenticate")
    with dispatcher_for(url, Remembering(lambda _: no)) as crew:
        thread = threading.Thread(target=crew.dispatcher.run_forever)
        thread.start()
        thread.join(20)
        assert not thread.is_alive()
    assert statuses(url) == {"queued": 1}


def test_a_watch_looks_soon_again_for_a_picture_that_is_being_fetched(url: str) -> None:
    crowd(url, clients=1, numbers=1)
    with working(url, now=now()) as uow:
        coming = [NewMedia(content_type="image/jpeg")]
        message.queue(uow, "D-0", body="Look!", media=coming)
    provider = Remembering()
    with dispatcher_for(url, provider) as crew, running(crew):
        wait_until(lambda: bool(crew.seen))
        assert provider.got == []
        with working(url) as uow:
            uow.cursor.run("UPDATE media SET status = 'stored', sha256 = 'ab'")
        wait_until(lambda: len(provider.got) == 1)


def test_an_org_that_could_use_every_hand_leaves_some_to_the_others(url: str) -> None:
    crowd(url, clients=30, numbers=30)
    crowd(url, clients=3, numbers=3, org="other-paws", first=100)
    queue(url, [(at, "many") for at in range(30)])
    queue(url, [(at, "few") for at in range(3)], org="other-paws")
    bodies: list[str] = []

    def slowly(text: OutgoingMessage) -> None:
        bodies.append(text.body)
        time.sleep(0.05)

    run_once(url, Remembering(slowly), Remembering(slowly), pool=1)
    assert Counter(bodies) == {"many": 30, "few": 3}
    assert max(at for at, body in enumerate(bodies) if body == "few") < 15


def test_a_provider_that_is_changed_meanwhile_ends_the_run(url: str) -> None:
    crowd(url, clients=3, numbers=1, per_second=0.4)
    queue(url, [(at, "Hi") for at in range(3)])

    def switch(_: OutgoingMessage) -> None:
        with working(url) as uow:
            orgs.change(uow, provider="twilio")

    provider = Remembering(switch)
    crew = run_once(url, provider)
    assert statuses(url) == {"sent": 1, "queued": 2}
    told = [seen.result for seen in crew.seen if isinstance(seen.result, Failure)]
    assert [type(each.error) for each in told] == [ProviderChanged]
    assert told[0].error.exit_code == 75


def test_an_answer_that_cannot_be_stored_leaves_the_outcome_unknown_and_not_sending(
    url: str,
) -> None:
    """Else it would be `sending` for as long as a watch runs, and hold up all of its thread."""
    crowd(url, clients=2, numbers=2)
    queue(url, [(0, "Hi"), (1, "Ho")])
    crew = run_once(
        url,
        Remembering(lambda text: Accepted("\ud800", "accepted") if text.body == "Hi" else None),
    )
    assert statuses(url) == {"unknown": 1, "sent": 1}
    assert any(isinstance(seen.result, Failure) for seen in crew.seen)
