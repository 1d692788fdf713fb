"""The dispatcher's loop: each due message is sent once, in order, within the rate limits."""

import threading
import time
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from petmsg import clock
from petmsg.clock import now
from petmsg.providers.base import OutgoingMessage, RetryLater
from petmsg.services.orgs import freeze
from petmsg.services.outbox.claim_batch import Recorded
from petmsg.workflows.worker.dispatcher import AT_ONCE, Timings
from tests.support.fixtures import looking, working
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


@pytest.fixture
def url(migrated_url: str) -> str:
    return migrated_url


def test_what_took_too_long_to_claim_is_put_back_and_not_begun(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time to begin is counted from before the claim: a process may have been stopped between
    its commit and the sender pool, and another worker has since looked it up and sent it."""
    crowd(url, clients=1, numbers=1)
    (text,) = queue(url, [(0, "Hi")])
    provider = Remembering()
    uptime, asleep = clock.uptime, []
    monkeypatch.setattr(clock, "uptime", lambda: uptime() + 40.0 * len(asleep))
    with dispatcher_for(url, provider) as crew:

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
    assert provider.fastest_rate() <= 50 * 1.1
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
    assert provider.fastest_rate() <= 2 * 1.1
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

    def slowly(_: OutgoingMessage) -> None:
        time.sleep(0.5)

    crew = run_once(url, Remembering(slowly), pool=2)
    assert statuses(url) == {"sent": 6}
    assert crew.store.did["ticks"] < 60, crew.store.did


def test_an_idle_watch_looks_about_once_per_poll(url: str) -> None:
    crowd(url, clients=1, numbers=1)
    with dispatcher_for(url, Remembering(), timings=Timings(poll=0.5)) as crew:
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

    def many_more(text: OutgoingMessage) -> None:
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
    with dispatcher_for(url, Remembering(), pool=2 * AT_ONCE) as crew:
        write_in = crew.store.write_in

        def counting(slug: str, service: Any, /, *args: Any, **kwargs: Any) -> Any:
            batch = write_in(slug, service, *args, **kwargs)
            wanted.append(len(getattr(batch, "claim_results", ())))
            return batch

        crew.store.write_in = counting  # type: ignore[method-assign]
        crew.dispatcher.run_once()
    assert max(wanted) == AT_ONCE
    assert statuses(url) == {"sent": 2 * AT_ONCE}


def test_what_others_took_meanwhile_costs_no_other_message_its_turn(url: str) -> None:
    """What is scheduled is then discarded, and the rest is looked for in the transaction that
    claims it."""
    crowd(url, clients=60, numbers=6)
    texts = queue(url, [(at, "Hi") for at in range(60)])
    others = set(texts[3:50:4])

    def take() -> None:
        if crew.store.did["writes"] == 2:  # the first batch was claimed, more is scheduled
            with working(url, now=now()) as uow:
                for text in others:
                    uow.cursor.run(
                        "UPDATE message SET status = 'cancelled', due_at = NULL"
                        " WHERE id = :id AND status = 'queued'",
                        id=text,
                    )

    found: list[int] = []
    provider = Remembering()
    with dispatcher_for(url, provider, pool=4) as crew:
        crew.store.before_write = take
        look = crew.dispatcher._look

        def looking_for_more(*args: Any) -> None:
            look(*args)
            found.append(len(args))

        crew.dispatcher._look = looking_for_more  # type: ignore[method-assign]
        crew.dispatcher.run_once()
    done = statuses(url)
    assert found
    assert done["cancelled"] > 0
    assert done["sent"] == len(texts) - done["cancelled"]
    assert len({text.to_e164 for _, text in provider.got}) == len(provider.got) == done["sent"]


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
    with (
        dispatcher_for(url, provider, timings=replace(QUICK, max_scheduled=20)) as crew,
        running(crew),
    ):
        wait_until(lambda: any(text.from_e164 == "+14155550001" for _, text in provider.got))
    assert len(provider.got) == 2


def test_two_workers_share_the_queue_and_the_pace_and_send_nothing_twice(url: str) -> None:
    crowd(url, clients=20, numbers=2, per_second=10)
    for each in "ab":
        queue(url, [(at, f"{at} {each}") for at in range(20)])
    provider = Remembering()
    with dispatcher_for(url, provider, pool=4) as one, dispatcher_for(url, provider, pool=4) as two:
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
    assert provider.fastest_rate() <= 10 * 1.1


# --- the clock ---------------------------------------------------------------------------------


@pytest.mark.parametrize("off", [timedelta(hours=1), timedelta(days=30)])
def test_a_clock_that_was_ahead_for_one_run_holds_nothing_up_in_the_next(
    url: str, off: timedelta
) -> None:
    crowd(url, clients=2, numbers=1, per_second=1)
    queue(url, [(0, "Hi")])
    with dispatcher_for(url, Remembering()) as crew:
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
    with dispatcher_for(url, provider) as crew:
        crew.store.set_off = timedelta(hours=1)
        with running(crew):
            wait_until(lambda: len(provider.got) >= 1)
            crew.store.set_off = timedelta(0)
            queue(url, [(2, "after"), (3, "after")])
            wait_until(lambda: provider.bodies.count("after") == 2)
