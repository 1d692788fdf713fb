"""The worker's loop: everything that may leave leaves once, in order, at each number's pace."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from petmsg import clock
from petmsg.clock import now
from petmsg.db.liveness import worker
from petmsg.db.location import locate
from petmsg.enums.messages import MessageStatus
from petmsg.enums.numbers import NumberClass
from petmsg.providers.base import (
    Accepted,
    OutgoingText,
    Provider,
    Rejected,
    RejectionClass,
    RetryLater,
    SendOutcome,
    Unknown,
)
from petmsg.queries.org import all_orgs
from petmsg.services.numbers import number
from petmsg.services.orgs import freeze
from petmsg.services.orgs import org as orgs
from petmsg.services.outbox import queue as message
from petmsg.services.outbox.claim import ProviderChanged
from petmsg.services.outbox.claim_batch import Recorded
from petmsg.services.outbox.outgoing_media import NewMedia
from petmsg.services.outbox.preview import SendOptions
from petmsg.services.people import client
from petmsg.services.unit_of_work import Failure
from petmsg.workflows.worker.dispatcher import AT_ONCE, Dispatcher, DispatchEvent, Timings
from petmsg.workflows.worker.sender_pool import SenderPool
from tests.providers.sending import unused_port
from tests.support.fixtures import add_org, looking, run_cli, working
from tests.support.queueing import alerts
from tests.support.twilio_fake import ACCOUNT_SID, AUTH_TOKEN, TwilioFake
from tests.support.twilio_shapes import Request, throttled
from tests.workflows.worker.fake_providers import Remembering
from tests.workflows.worker.stores import TestStore

QUICK = Timings(poll=0.2)
SLOW_DOWN = RetryLater(None, "20429", "Slow down")


@pytest.fixture
def url(migrated_url: str) -> str:
    return migrated_url


def crowd(
    url: str,
    *,
    clients: int,
    numbers: int,
    per_second: float = 50.0,
    org: str = "happy-paws",
    first: int = 0,
) -> None:
    """An org with a pool of numbers at that pace and clients D-0, D-1, …"""
    add_org(url, org, front_desk=None)
    with working(url, org=org) as uow:
        for at in range(first, first + numbers):
            number.add(uow, f"+1415555{at:04}", number_class=NumberClass.POOL)
        for at in range(clients):
            client.add(uow, f"D-{at}", phones=[f"+1415{first + 1000000 + at}"], ref=f"D-{at}")
        uow.cursor.run(
            "UPDATE message_number SET segments_per_second = :p WHERE org_id = :o",
            p=per_second,
            o=uow.org.id,
        )


def queue(
    url: str, texts: Sequence[tuple[int, str]], *, org: str = "happy-paws", **options: Any
) -> list[int]:
    """Texts to clients, by their place in the crowd."""
    with working(url, now=now(), org=org) as uow:
        made = SendOptions(**options)
        return [message.queue(uow, f"D-{at}", body=b, options=made).message for at, b in texts]


def statuses(url: str) -> Counter[str]:
    with looking(url) as cursor:
        rows = cursor.tuples("SELECT status, count(*) FROM message GROUP BY status")
    return Counter(dict(rows))


@dataclass
class Crew:
    """A pump with what it needs, and what it saw."""

    dispatcher: Dispatcher
    store: TestStore
    seen: list[DispatchEvent]


@contextmanager
def pumping(
    url: str, *providers: Provider, pool: int = 8, timings: Timings = QUICK
) -> Iterator[Crew]:
    """A pump for all orgs of the database, one carrier each."""
    store = TestStore(url)
    with looking(url) as cursor:
        lines = list(zip(all_orgs(cursor), providers, strict=True))
    with worker(locate(url)) as alive:
        seen: list[DispatchEvent] = []
        dispatcher = Dispatcher(
            store,
            lines,
            worker=alive,
            pool=SenderPool(pool, now=store.clock),
            on_event=seen.append,
            timings=timings,
        )
        try:
            yield Crew(dispatcher, store, seen)
        finally:
            store.close()


def run_once(url: str, *providers: Provider, **options: Any) -> Crew:
    with pumping(url, *providers, **options) as crew:
        crew.dispatcher.run_once()
    return crew


@contextmanager
def running(crew: Crew) -> Iterator[None]:
    """Let it keep going in a thread of its own, and stop it at the end."""
    thread = threading.Thread(target=crew.dispatcher.run_forever)
    thread.start()
    try:
        yield
    finally:
        crew.dispatcher.stop()
        thread.join(30)
        assert not thread.is_alive()


def wait_until(condition: Callable[[], bool], *, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.02)


def test_what_took_too_long_to_claim_is_put_back_and_not_begun(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time to begin is counted from before the claim: a process may have been stopped between
    its commit and the hands, and whoever found the text since has looked it up and sent it."""
    crowd(url, clients=1, numbers=1)
    (text,) = queue(url, [(0, "Hi")])
    provider = Remembering()
    uptime, asleep = clock.uptime, []
    monkeypatch.setattr(clock, "uptime", lambda: uptime() + 40.0 * len(asleep))
    with pumping(url, provider) as crew:

        def stop_once() -> None:
            if not asleep:
                asleep.append(True)

        crew.store.before_write = stop_once
        crew.dispatcher.run_once()
    with looking(url) as cursor:
        tries = cursor.tuples(
            "SELECT status FROM message_attempt WHERE message_id = :id ORDER BY attempt", id=text
        )
    assert tries[0] == ("put_back",)
    # On a busy machine it is due again before the run ends, and is sent then.
    assert len(provider.bodies) == len(tries) - 1 <= 1


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


# --- draining ----------------------------------------------------------------------------------


def test_sixty_texts_leave_once_each_over_six_numbers_at_their_pace_in_order(url: str) -> None:
    crowd(url, clients=20, numbers=6)
    for each in "abc":
        queue(url, [(at, f"{at} {each}") for at in range(20)])
    provider = Remembering()
    crew = run_once(url, provider)
    assert statuses(url) == {"sent": 60}
    assert len(provider.bodies) == len(set(provider.bodies)) == 60
    assert Counter(text.from_e164 for _, text in provider.got).keys() == {
        f"+1415555{at:04}" for at in range(6)
    }
    assert provider.fastest_pace() <= 50 * 1.1
    for at in range(20):
        own = [body for body in provider.bodies if body.startswith(f"{at} ")]
        assert own == [f"{at} a", f"{at} b", f"{at} c"]
    recorded = [seen.result for seen in crew.seen]
    assert len(recorded) == 60
    assert all(isinstance(result, Recorded) for result in recorded)


def test_threads_without_a_number_of_their_own_use_all_of_the_pool_at_once(url: str) -> None:
    """All of them would get the same number now; each claim makes another the next."""
    crowd(url, clients=24, numbers=6, per_second=2)
    queue(url, [(at, "Hi") for at in range(24)])
    provider = Remembering()
    began = time.monotonic()
    run_once(url, provider)
    assert statuses(url) == {"sent": 24}
    assert provider.fastest_pace() <= 2 * 1.1
    assert time.monotonic() - began < 8  # at two a second from one number it would be 12


def test_a_worker_waits_out_the_pace_without_running_hot(url: str) -> None:
    crowd(url, clients=3, numbers=1, per_second=1)
    queue(url, [(at, "Hi") for at in range(3)])
    crew = run_once(url, Remembering())
    assert statuses(url) == {"sent": 3}
    did = crew.store.did
    assert did["snapshots"] < 20, did
    assert did["writes"] < 16, did
    assert did["ticks"] < 80, did


def test_a_worker_whose_hands_are_full_waits_for_them_without_running_hot(url: str) -> None:
    crowd(url, clients=6, numbers=6)
    queue(url, [(at, "Hi") for at in range(6)])

    def slowly(_: OutgoingText) -> None:
        time.sleep(0.5)

    crew = run_once(url, Remembering(slowly), pool=2)
    assert statuses(url) == {"sent": 6}
    assert crew.store.did["ticks"] < 60, crew.store.did


def test_an_idle_watch_looks_about_once_per_poll(url: str) -> None:
    crowd(url, clients=1, numbers=1)
    with pumping(url, Remembering(), timings=Timings(poll=0.5)) as crew:
        with running(crew):
            time.sleep(2)
        assert crew.store.did["snapshots"] <= 12, crew.store.did
        assert crew.store.did["writes"] == 0


def test_schedules_back_offs_quiet_hours_and_a_freeze_are_not_waited_for(url: str) -> None:
    crowd(url, clients=3, numbers=1)
    queue(url, [(0, "scheduled")], send_at=now() + timedelta(hours=1))
    (later,) = queue(url, [(1, "put back")])
    (frozen,) = queue(url, [(2, "frozen")])
    with working(url, now=now()) as uow:
        freeze.freeze(uow, reason="complaints")
        at = now() + timedelta(minutes=5)
        uow.cursor.run("UPDATE message SET due_at = :at WHERE id = :i", at=at, i=later)
    provider = Remembering()
    began = time.monotonic()
    crew = run_once(url, provider)
    assert time.monotonic() - began < 5
    assert (provider.got, statuses(url)) == ([], {"queued": 3})
    assert [seen.result.message for seen in crew.seen] == [frozen]  # type: ignore[union-attr]


def test_texts_that_become_next_while_others_leave_are_not_left_behind(url: str) -> None:
    """Also if they are more than there is room for."""
    crowd(url, clients=20, numbers=4)
    queue(url, [(0, "first")])

    def many_more(text: OutgoingText) -> None:
        if text.body == "first":
            queue(url, [(at, "late") for at in range(20)])

    crew = run_once(url, Remembering(many_more), timings=replace(QUICK, max_scheduled=5))
    assert statuses(url) == {"sent": 21}
    assert crew.store.did["snapshots"] < 100


def test_a_queue_longer_than_the_room_is_drained(url: str) -> None:
    crowd(url, clients=30, numbers=3)
    queue(url, [(at, "Hi") for at in range(30)])
    run_once(url, Remembering(), timings=replace(QUICK, max_scheduled=4))
    assert statuses(url) == {"sent": 30}


def test_no_transaction_claims_so_many_that_the_first_of_them_waits(url: str) -> None:
    crowd(url, clients=2 * AT_ONCE, numbers=2 * AT_ONCE)
    queue(url, [(at, "Hi") for at in range(2 * AT_ONCE)])
    wanted: list[int] = []
    with pumping(url, Remembering(), pool=2 * AT_ONCE) as crew:
        write_in = crew.store.write_in

        def counting(slug: str, service: Any, /, *args: Any, **kwargs: Any) -> Any:
            wanted.append(len(kwargs.get("wanted", ())))
            return write_in(slug, service, *args, **kwargs)

        crew.store.write_in = counting  # type: ignore[method-assign]
        crew.dispatcher.run_once()
    assert max(wanted) == AT_ONCE
    assert statuses(url) == {"sent": 2 * AT_ONCE}


def test_a_long_queue_of_one_number_does_not_keep_the_others_from_leaving(url: str) -> None:
    crowd(url, clients=41, numbers=2, per_second=0.01)
    with working(url) as uow:
        uow.cursor.run(
            "UPDATE message_number SET segments_per_second = 50 WHERE e164 = '+14155550001'"
        )
    queue(url, [(at, "slow") for at in range(41)])
    with working(url) as uow:  # forty threads on the slow number, the last on the other
        uow.cursor.run(
            "UPDATE thread SET pool_number_id = (SELECT id FROM message_number"
            " WHERE e164 = CASE WHEN thread.client_id ="
            " (SELECT max(client_id) FROM thread) THEN '+14155550001' ELSE '+14155550000' END)"
        )
    provider = Remembering()
    with pumping(url, provider, timings=replace(QUICK, max_scheduled=20)) as crew, running(crew):
        wait_until(lambda: any(text.from_e164 == "+14155550001" for _, text in provider.got))
    assert len(provider.got) == 2


def test_two_workers_share_the_queue_and_the_pace_and_send_nothing_twice(url: str) -> None:
    crowd(url, clients=20, numbers=2, per_second=10)
    for each in "ab":
        queue(url, [(at, f"{at} {each}") for at in range(20)])
    provider = Remembering()
    with pumping(url, provider, pool=4) as one, pumping(url, provider, pool=4) as two:
        threads = [threading.Thread(target=crew.dispatcher.run_once) for crew in (one, two)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert len(provider.bodies) == len(set(provider.bodies))
    assert statuses(url)["sent"] >= 38  # the last of a thread may wait for the other's answer
    run_once(url, provider)
    assert (statuses(url), len(provider.bodies)) == ({"sent": 40}, 40)
    for at in range(20):
        assert provider.bodies.index(f"{at} a") < provider.bodies.index(f"{at} b")
    assert provider.fastest_pace() <= 10 * 1.1


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

    def at_first(_: OutgoingText) -> SendOutcome | None:
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
    with pumping(url, Remembering(lambda _: no)) as crew:
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
    with pumping(url, provider) as crew, running(crew):
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

    def slowly(text: OutgoingText) -> None:
        bodies.append(text.body)
        time.sleep(0.05)

    run_once(url, Remembering(slowly), Remembering(slowly), pool=1)
    assert Counter(bodies) == {"many": 30, "few": 3}
    assert max(at for at, body in enumerate(bodies) if body == "few") < 15


def test_a_provider_that_is_changed_meanwhile_ends_the_run(url: str) -> None:
    crowd(url, clients=3, numbers=1, per_second=0.4)
    queue(url, [(at, "Hi") for at in range(3)])

    def switch(_: OutgoingText) -> None:
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


# --- stopping ----------------------------------------------------------------------------------


def test_stopping_records_what_is_out_and_begins_nothing_more(url: str) -> None:
    crowd(url, clients=10, numbers=10)
    queue(url, [(at, "Hi") for at in range(10)])
    inside, go_on = threading.Semaphore(0), threading.Event()

    def hold_on(_: OutgoingText) -> None:
        inside.release()
        go_on.wait(20)

    provider = Remembering(hold_on)
    with pumping(url, provider, pool=3) as crew:
        thread = threading.Thread(target=crew.dispatcher.run_once)
        thread.start()
        for _ in range(3):
            assert inside.acquire(timeout=20)
        crew.dispatcher.stop()
        go_on.set()
        thread.join(20)
        assert not thread.is_alive()
    assert statuses(url) == {"sent": 3, "queued": 7}
    assert len(provider.got) == 3


def test_a_claim_that_was_not_begun_when_it_was_stopped_is_queued_again(url: str) -> None:
    crowd(url, clients=2, numbers=1, per_second=1)
    queue(url, [(0, "Hi"), (1, "Ho")])
    provider = Remembering()
    with pumping(url, provider, timings=replace(QUICK, ahead=30)) as crew:
        thread = threading.Thread(target=crew.dispatcher.run_once)
        thread.start()
        wait_until(lambda: statuses(url)["sending"] == 1 and len(provider.got) == 1)
        crew.dispatcher.stop()
        thread.join(20)
    assert statuses(url) == {"sent": 1, "queued": 1}
    assert len(provider.got) == 1


def test_a_stop_ends_the_looking_up_of_unknown_outcomes(url: str) -> None:
    crowd(url, clients=5, numbers=5)
    queue(url, [(at, "Hi") for at in range(5)])
    run_once(url, Remembering(lambda _: Unknown(None, "reset")))
    assert statuses(url) == {"unknown": 5}
    provider = Remembering()
    asked: list[Any] = []
    with pumping(url, provider) as crew:

        def slowly(**question: Any) -> Sequence[Any]:
            asked.append(question)
            crew.dispatcher.stop()
            return []

        provider.find = slowly  # type: ignore[method-assign] # a carrier that takes its time
        crew.dispatcher.run_once()
    assert len(asked) == 1


def test_one_orgs_failure_at_the_end_keeps_no_other_answer_from_the_database(url: str) -> None:
    crowd(url, clients=1, numbers=1)
    crowd(url, clients=1, numbers=1, org="other-paws", first=100)
    for org in ("happy-paws", "other-paws"):
        queue(url, [(0, org)], org=org)
    both = threading.Barrier(2, timeout=20)

    def meet(_: OutgoingText) -> None:
        both.wait()

    with pumping(url, Remembering(meet), Remembering(meet)) as crew:
        write_in = crew.store.write_in
        claims = Counter[str]()

        def broken(slug: str, service: Any, /, *args: Any, **kwargs: Any) -> Any:
            claims[slug] += 1
            if slug == "happy-paws" and claims[slug] > 1:
                raise RuntimeError("the disk is gone")
            return write_in(slug, service, *args, **kwargs)

        crew.store.write_in = broken  # type: ignore[method-assign] # a database that fails
        with pytest.raises(RuntimeError):
            crew.dispatcher.run_once()
    assert statuses(url) == {"sending": 1, "sent": 1}


# --- the clock ---------------------------------------------------------------------------------


@pytest.mark.parametrize("off", [timedelta(hours=1), timedelta(days=30)])
def test_a_clock_that_was_ahead_for_one_run_holds_nothing_up_in_the_next(
    url: str, off: timedelta
) -> None:
    crowd(url, clients=2, numbers=1, per_second=1)
    queue(url, [(0, "Hi")])
    with pumping(url, Remembering()) as crew:
        crew.store.set_off = off
        crew.dispatcher.run_once()
    queue(url, [(1, "Ho")])
    began = time.monotonic()
    run_once(url, Remembering())
    assert statuses(url) == {"sent": 2}
    assert time.monotonic() - began < 10


def test_a_watch_goes_on_at_once_when_its_clock_is_set_back(url: str) -> None:
    crowd(url, clients=4, numbers=1, per_second=2)
    queue(url, [(0, "Hi"), (1, "Ho")])
    once = iter([RetryLater(1.0, "20429", "Slow down")])
    provider = Remembering(lambda _: next(once, None))
    with pumping(url, provider) as crew:
        crew.store.set_off = timedelta(hours=1)
        with running(crew):
            wait_until(lambda: len(provider.got) >= 1)
            crew.store.set_off = timedelta(0)
            queue(url, [(2, "after"), (3, "after")])
            wait_until(lambda: provider.bodies.count("after") == 2)


# --- the whole way, through the real adapter ---------------------------------------------------


def keys(url: str) -> dict[str, str]:
    return {
        "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
        "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
        "PETMSG_TWILIO_API_URL": url,
        "PETMSG_TWILIO_TIMEOUT_SECONDS": "5",
    }


def dispatch(url: str, *words: str, **environ: str) -> Any:
    return run_cli(url, "message", "dispatch", "-o", "json", *words, now=None, **environ)


def test_dispatch_drains_sixty_texts_through_twilios_sdk_once_each(url: str) -> None:
    crowd(url, clients=30, numbers=6)
    for each in "ab":
        queue(url, [(at, f"{at} {each}") for at in range(30)])
    with working(url) as uow:
        orgs.change(uow, provider="twilio")
    with TwilioFake(numbers=[f"+1415555{at:04}" for at in range(6)]) as fake:
        fake.faults.extend([throttled("1"), None, None])
        ran = dispatch(url, "--workers", "6", **keys(fake.url))
        left = statuses(url)["queued"]
        if left:  # those that were put back wait for their time
            time.sleep(4)
            dispatch(url, **keys(fake.url))
        texts = sorted(fake.messages.values(), key=lambda each: each.accepted)
    assert (ran.code, statuses(url)) == (75, {"sent": 60})
    assert Counter(text.body for text in texts) == {
        f"{at} {each}": 1 for at in range(30) for each in "ab"
    }
    for at in range(30):
        assert [text.body for text in texts if text.body.startswith(f"{at} ")] == [
            f"{at} a",
            f"{at} b",
        ]


def test_dispatch_with_twilio_out_of_reach_ends_with_75_and_leaves_all_queued(url: str) -> None:
    crowd(url, clients=5, numbers=5)
    queue(url, [(at, "Hi") for at in range(5)])
    with working(url) as uow:
        orgs.change(uow, provider="twilio")
    nobody = keys(f"http://127.0.0.1:{unused_port()}")
    at = datetime(2026, 12, 24, 12, tzinfo=now().tzinfo)
    with working(url) as uow:
        uow.cursor.run("UPDATE message SET send_at = :at, due_at = :at", at=at)
    ran = run_cli(url, "message", "dispatch", "-o", "json", now=at, **nobody)
    assert (ran.code, statuses(url)) == (75, {"queued": 5})


def test_dispatch_of_a_refused_account_exits_5_and_other_orgs_go_on(url: str) -> None:
    crowd(url, clients=2, numbers=2)
    crowd(url, clients=2, numbers=2, org="other-paws", first=100)
    for org in ("happy-paws", "other-paws"):
        queue(url, [(0, org), (1, org)], org=org)
    with working(url, org="happy-paws") as uow:
        orgs.change(uow, provider="twilio")
    with TwilioFake() as fake:
        fake.auth_token = "another"

        def ran() -> Any:
            return dispatch(url, **keys(fake.url) | {"TWILIO_AUTH_TOKEN": "0" * 32})

        first = ran()
        requests: list[Request] = list(fake.requests)
    assert (first.code, statuses(url)) == (5, {"queued": 2, "sent": 2})
    assert len(requests) <= 2
    assert MessageStatus.SENT in first.out
