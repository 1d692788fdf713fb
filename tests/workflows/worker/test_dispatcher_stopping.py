"""What the dispatcher records, looks up and puts back when it is stopped."""

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from petmsg.providers.base import OutgoingMessage, Unknown
from tests.workflows.worker.crew import (
    QUICK,
    crowd,
    dispatcher_for,
    queue,
    run_once,
    statuses,
    wait_until,
)
from tests.workflows.worker.fake_providers import Remembering


@pytest.fixture
def url(migrated_url: str) -> str:
    return migrated_url


def test_stopping_records_what_is_out_and_begins_nothing_more(url: str) -> None:
    crowd(url, clients=10, numbers=10)
    queue(url, [(at, "Hi") for at in range(10)])
    inside, go_on = threading.Semaphore(0), threading.Event()

    def hold_on(_: OutgoingMessage) -> None:
        inside.release()
        go_on.wait(20)

    provider = Remembering(hold_on)
    with dispatcher_for(url, provider, pool=3) as crew:
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
    with dispatcher_for(url, provider, timings=replace(QUICK, ahead=30)) as crew:
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
    with dispatcher_for(url, provider) as crew:

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

    def meet(_: OutgoingMessage) -> None:
        both.wait()

    with dispatcher_for(url, Remembering(meet), Remembering(meet)) as crew:
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
